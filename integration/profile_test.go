package integration

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

// A shop is a store with a graph and profiles.
type shop struct {
	*place
	dir string
	s   store.Store
	g   *identity.Graph
	p   *profile.Profiles
	bad bool // p works on a store in which commits fail
}

func (x *shop) open(t testing.TB, policy *identity.Policy, schema *profile.Schema) {
	t.Helper()
	if x.s != nil && x.stays {
		require.NoError(t, x.s.Close())
	}
	var err error
	x.s, err = x.place.open(t.Context(), x.dir, 8)
	require.NoError(t, err)
	x.g, x.p, err = opened(t.Context(), x.s, policy, schema)
	require.NoError(t, err)
	if x.bad {
		_, what, err := partsOf(x.s)
		require.NoError(t, err)
		x.p, err = profilesAt(t.Context(), &shaky{Store: what, r: rand.New(rand.NewPCG(1, 1))}, nil)
		require.NoError(t, err)
	}
}

// again does something again where the store failed.
func (x *shop) again(do func() error) error {
	for {
		if err := do(); !x.bad || !errors.Is(err, store.ErrUnknownOutcome) {
			return err
		}
	}
}

// plot is what a shop comes to know.
type plot struct {
	answers []string
	late    findings // in the end
	purged  findings // when old events have been deleted
}

// live lets a history happen. Every moment that was answered for is asked about again in
// the end, as known then.
func (x *shop) live(t *testing.T, chapters []chapter) (told plot) {
	ctx := t.Context()
	x.open(t, lenient(), knowledge())
	say := func(what string, err error, answers ...any) {
		t.Helper()
		require.NoError(t, err, what)
		told.answers = append(told.answers, fmt.Sprint(what, answers))
	}
	sync := func(at time.Time) {
		t.Helper()
		var done profile.Synced
		err := x.again(func() (err error) {
			done, err = x.p.Sync(ctx, at, x.g)
			return err
		})
		say("sync", err, done)
	}
	followed, joined := &ledger{}, &ledger{}
	type past struct {
		at  time.Time
		was map[customer.ID]string
	}
	var history []past
	gone := map[customer.ID]bool{}
	var refused []profile.Evidence
	for n := range chapters {
		c := &chapters[n]
		sum, err := x.p.AddMany(ctx, c.at, slices.Values(c.early), nil)
		say("early", err, sum)
		for _, o := range c.observe {
			r, err := x.g.Observe(ctx, o)
			say("observe", err, r)
		}
		if n == bookChapters/2 {
			var version uint64
			err := x.again(func() (err error) {
				version, err = x.p.Apply(ctx, c.at, better())
				return err
			})
			say("apply", err, version)
		}
		if n%3 == 0 { // one by one, or all at once
			for _, e := range c.add {
				sum, err := x.p.Add(ctx, c.at, e)
				say("add", err, sum)
			}
		} else {
			sum, err = x.p.AddMany(ctx, c.at, slices.Values(c.add), nil)
			say("add", err, sum)
		}
		sum, err = x.p.AddMany(ctx, c.at, slices.Values(c.again), &profile.ManyOptions{Rejected: func(_ int, err error) {
			if !errors.Is(err, profile.ErrErased) {
				t.Error(err)
			}
		}})
		say("again", err, sum)
		require.Zero(t, sum.Added)
		for _, e := range c.retract {
			err := x.again(func() error { return x.p.Retract(ctx, c.at, e.Atom, e.ID) })
			if !errors.Is(err, profile.ErrErased) && !errors.Is(err, profile.ErrUnknown) { // it lacked what an event needs
				say("retract", err)
			}
		}
		for _, some := range c.link {
			say("link", x.g.Link(ctx, rulingOf("link", c.at, some), some...))
		}
		for _, some := range c.part {
			say("part", x.g.Separate(ctx, rulingOf("part", c.at, some), some[:1], some[1:]))
		}
		for _, id := range c.revoke {
			say("revoke", x.g.Revoke(ctx, c.at, id))
		}
		for _, id := range c.withdraw {
			say("withdraw", x.g.Retract(ctx, c.at, id))
		}
		for _, record := range c.erase {
			id, atom, err := x.g.Lookup(ctx, record)
			require.NoError(t, err)
			gone[id] = true
			say("erase", x.g.Erase(ctx, id, rulingOf("erase", c.at, []identity.Record{record})))
			refused = append(refused, profile.Evidence{Atom: atom, ID: "returned", Source: "crm", Time: c.at, Event: "visit"})
		}
		if len(c.erase) > 0 {
			require.NotEmpty(t, traces(t, x.s, []byte(planted)))
		}
		sync(c.at)
		for _, e := range refused {
			_, err := x.p.Add(ctx, c.at, e)
			require.ErrorIs(t, err, profile.ErrErased)
		}
		if n%2 == 0 {
			require.NoError(t, followed.follow(ctx, x.p))
		}
		switch {
		case n == bookChapters/2:
			require.NoError(t, joined.begin(ctx, x.p))
		case n == bookChapters/2+1:
			x.open(t, nil, nil)
		case n > bookChapters/2 && n%2 == 0:
			history = append(history, past{c.at, everybody(t, x.p, profile.Moment{At: c.at})})
		}
	}
	for _, h := range history {
		maps.DeleteFunc(h.was, func(id customer.ID, _ string) bool { return gone[id] })
		agree(t, fmt.Sprint("what was known at ", h.at), h.was, everybody(t, x.p, profile.Moment{At: h.at, Known: h.at}))
	}
	at := chapters[len(chapters)-1].at.Add(80 * time.Hour)
	sync(at)
	told.late = find(t, x.g, x.p, at, followed, joined)
	var n int
	err := x.again(func() (err error) {
		n, err = x.p.Purge(ctx, at)
		return err
	})
	say("purge", err, n)
	sync(at)
	told.purged = find(t, x.g, x.p, at, followed, joined)
	agree(t, "profile", told.late.profiles, told.purged.profiles)
	require.Len(t, gone, 3)
	require.Empty(t, traces(t, x.s, ofStrangers()...))
	return told
}

// everybody is all profiles, by customer.
func everybody(t testing.TB, p *profile.Profiles, m profile.Moment) map[customer.ID]string {
	t.Helper()
	all := map[customer.ID]string{}
	for one, err := range p.All(t.Context(), m) {
		require.NoError(t, err)
		one.Known = time.Time{}
		all[one.Customer] = text(t, one)
	}
	return all
}

// atOnce tells a shop in memory all that remains of a history, without any order.
func atOnce(t *testing.T, chapters []chapter) (told plot) {
	ctx := t.Context()
	x := &shop{place: places[0], dir: t.TempDir()}
	x.open(t, lenient(), knowledge())
	at := chapters[len(chapters)-1].at.Add(80 * time.Hour)
	_, err := x.p.Apply(ctx, at, better())
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(bookSeed, 4))
	not := map[string]bool{}
	for _, c := range chapters {
		for _, id := range slices.Concat(c.withdraw, c.revoke) {
			not[id] = true
		}
	}
	for _, n := range r.Perm(len(chapters)) {
		c := &chapters[n]
		add := slices.Concat(c.early, c.add)
		add = slices.DeleteFunc(add, func(e profile.Evidence) bool { return strings.HasPrefix(e.ID, planted) })
		r.Shuffle(len(add), func(i, j int) { add[i], add[j] = add[j], add[i] })
		_, err := x.p.AddMany(ctx, c.at, slices.Values(add), nil)
		require.NoError(t, err)
	}
	var observe []identity.Observation
	for _, n := range r.Perm(len(chapters)) {
		c := &chapters[n]
		for _, e := range c.retract {
			if err := x.p.Retract(ctx, c.at, e.Atom, e.ID); err != nil {
				require.ErrorIs(t, err, profile.ErrUnknown)
			}
		}
		for _, o := range c.observe {
			if !not[o.ID] && !strings.HasPrefix(o.ID, "stranger") {
				observe = append(observe, o)
			}
		}
	}
	r.Shuffle(len(observe), func(i, j int) { observe[i], observe[j] = observe[j], observe[i] })
	_, err = x.g.ObserveMany(ctx, slices.Values(observe), nil)
	require.NoError(t, err)
	for _, n := range r.Perm(len(chapters)) {
		c := &chapters[n]
		for _, some := range c.link {
			if ruling := rulingOf("link", c.at, some); !not[ruling.ID] {
				require.NoError(t, x.g.Link(ctx, ruling, some...))
			}
		}
		for _, some := range c.part {
			require.NoError(t, x.g.Separate(ctx, rulingOf("part", c.at, some), some[:1], some[1:]))
		}
	}
	_, err = x.p.Sync(ctx, at, x.g)
	require.NoError(t, err)
	told.late = find(t, x.g, x.p, at, &ledger{})
	n, err := x.p.Purge(ctx, at)
	require.NoError(t, err)
	require.Positive(t, n)
	told.purged = find(t, x.g, x.p, at, &ledger{})
	return told
}

// One history, in which customers merge, split, lose evidence and are erased while their
// profiles are asked for, comes to the same answers, byte for byte, on every store; but
// for the ids of customers they are those of a shop that is told everything at once. What
// was believed at a time is what is answered as known then.
func TestProfile(t *testing.T) {
	t.Cleanup(memories.Clear)
	chapters := book(t)
	want := atOnce(t, chapters)
	memory := (&shop{place: places[0], dir: t.TempDir()}).live(t, chapters)
	onPlaces(t, nil, func(t *testing.T, p *place) {
		x := &shop{place: p, dir: t.TempDir()}
		begun := time.Now()
		have := x.live(t, chapters)
		t.Logf("%d customers in %v", len(have.late.profiles), time.Since(begun).Round(time.Millisecond))
		want.late.agree(t, have.late)
		want.purged.agree(t, have.purged)
		require.Equal(t, memory.answers, have.answers)
		require.Equal(t, memory.late.exact, have.late.exact)
		require.Equal(t, memory.purged.exact, have.purged.exact)
		require.NoError(t, x.s.Close())
	})
}
