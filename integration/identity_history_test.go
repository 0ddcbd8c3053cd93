package integration

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/store"
)

// One history, in which everything happens that a graph can do and the store is closed
// and opened again, has the same answers, the same customers under the same ids, and the
// same feed on every store, byte for byte. Where few operations fit into a commit,
// ObserveMany adds what belongs together in more portions, so that customers may begin
// under other ids and become one: then all is the same up to renaming from there on.
func TestIdentityHistory(t *testing.T) {
	t.Cleanup(memories.Clear)
	want := tell(t, places[0])
	onPlaces(t, nil, func(t *testing.T, p *place) {
		have := tell(t, p)
		require.Len(t, have.answers, len(want.answers))
		for i, line := range want.answers {
			if p.least && i > want.many {
				break
			}
			require.Equal(t, line, have.answers[i], "answer %d", i)
		}
		require.Equal(t, unnamed(t, want.export), unnamed(t, have.export))
		require.Equal(t, unnamed(t, want.atOnce), unnamed(t, have.atOnce))
		if !p.least {
			require.Equal(t, text(t, want.export), text(t, have.export))
			require.Equal(t, text(t, want.atOnce), text(t, have.atOnce))
			require.Equal(t, want.feed, have.feed)
		}
	})
}

// A story is what a history says and leads to.
type story struct {
	answers []string
	many    int // the answer of ObserveMany
	export  []identity.Customer
	feed    []string
	atOnce  []identity.Customer // of another store, that is told everything at once
}

// A scene is a store with a graph that are opened again and again.
type scene struct {
	*place
	dir string
	s   store.Store
	g   *identity.Graph
}

func (x *scene) open(t testing.TB, policy *identity.Policy) {
	t.Helper()
	if x.s != nil && x.stays {
		require.NoError(t, x.s.Close())
	}
	var err error
	x.s, err = x.place.open(t.Context(), x.dir, 8)
	require.NoError(t, err)
	x.g, err = graphAt(t.Context(), x.s, policy)
	require.NoError(t, err)
}

// export is the mapping, to which the feed leads too.
func (x *scene) export(t testing.TB) []identity.Customer {
	t.Helper()
	all, err := mapping(t.Context(), x.g)
	require.NoError(t, err)
	checkFeed(t, x.g, all, &follower{})
	return all
}

// kindOf is the sentinel that an error of a call wraps.
func kindOf(err error) string {
	if err == nil {
		return "done"
	}
	for _, sentinel := range []error{identity.ErrUnknown, identity.ErrReused, identity.ErrRetracted, identity.ErrInput, identity.ErrErased, identity.ErrPolicy} {
		if errors.Is(err, sentinel) {
			return sentinel.Error()
		}
	}
	return "failed: " + err.Error()
}

// tell lets the history happen.
func tell(t *testing.T, p *place) (told story) {
	ctx := t.Context()
	all, err := crowd(7, 60)
	require.NoError(t, err)
	day := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	x := &scene{place: p, dir: t.TempDir()}
	x.open(t, lenient())
	say := func(what string, err error, answers ...any) {
		t.Helper()
		parts := []string{what + ": " + kindOf(err)}
		for _, a := range answers {
			parts = append(parts, fmt.Sprintf("%+v", a))
		}
		line := strings.Join(parts, " ")
		require.NotContains(t, line, "failed")
		told.answers = append(told.answers, line)
	}
	half := len(all) / 2
	for i := range half {
		r, err := x.g.Observe(ctx, all[i])
		say("observe", err, r)
	}
	for i := 5; i < half; i += 11 {
		say("retract", x.g.Retract(ctx, day, all[i].ID))
	}
	x.open(t, nil)
	r, err := x.g.Observe(ctx, all[5])
	say("observe what is retracted", err, r)
	reused := all[0]
	reused.Time = reused.Time.Add(time.Second)
	r, err = x.g.Observe(ctx, reused)
	say("observe something else", err, r)

	ruling := func(kind string, i int) identity.Ruling {
		return identity.Ruling{ID: fmt.Sprint(kind, i), Actor: "steward", Reason: "asked", Time: day.Add(time.Duration(i) * time.Minute)}
	}
	named := recordsOf(all[:half])
	for i := range 4 {
		some := named[i*9:]
		say("link", x.g.Link(ctx, ruling("link", i), some[:3]...))
		say("separate", x.g.Separate(ctx, ruling("separate", i), some[2:4], some[4:5]))
		say("split", x.g.Split(ctx, ruling("split", i), some[5]))
		if k := slices.IndexFunc(all, func(o identity.Observation) bool { return o.Record == "" && i > 0 }); k >= 0 {
			say("rebind", x.g.Rebind(ctx, ruling("rebind", i), "", all[k+i].Identifiers[0], all[k+i].Time))
		}
	}
	for _, id := range []string{"link1", "separate2", "split0", "rebind1", "nothing"} {
		say("revoke", x.g.Revoke(ctx, day, id))
	}
	diff, err := x.g.Preview(ctx, strict(), nil)
	say("preview", err, diff)
	diff, err = x.g.Apply(ctx, strict(), nil)
	say("apply", err, diff)
	x.open(t, nil)
	var rejected []string
	sum, err := x.g.ObserveMany(ctx, slices.Values(slices.Concat(all[half-40:], all[:20])), &identity.ManyOptions{
		Workers: 1, Rejected: func(row int, err error) { rejected = append(rejected, fmt.Sprint(row, kindOf(err))) },
	})
	slices.Sort(rejected)
	told.many = len(told.answers)
	say("observe many", err, sum.Observed, sum.Known, sum.Rejected, sum.Created-sum.Merged, rejected)
	for i, rec := range named[50:54] {
		id, atom, err := x.g.Lookup(ctx, rec)
		say("look up", err, id, atom)
		say("erase", x.g.Erase(ctx, id, ruling("erase", i)))
		_, _, err = x.g.Lookup(ctx, rec)
		say("look up", err)
	}
	for _, o := range all[half-100 : half+100] {
		r, err := x.g.Observe(ctx, o)
		say("observe again", err, r)
	}
	x.open(t, nil)
	diff, err = x.g.Apply(ctx, lenient(), nil)
	say("apply", err, diff)
	told.export = x.export(t)
	for c, err := range x.g.Changes(ctx, [64]uint64{}) {
		require.NoError(t, err)
		told.feed = append(told.feed, text(t, c))
	}

	y := &scene{place: p, dir: t.TempDir()}
	y.open(t, strict())
	_, err = y.g.ObserveMany(ctx, slices.Values(all), &identity.ManyOptions{Workers: 4})
	require.NoError(t, err)
	told.atOnce = y.export(t)
	require.NoError(t, errors.Join(x.s.Close(), y.s.Close()))
	require.Greater(t, len(told.export), 30)
	return told
}

// recordsOf are those that observations name.
func recordsOf(all []identity.Observation) (list []identity.Record) {
	for _, o := range all {
		if o.Record != "" {
			list = append(list, identity.Record{Source: o.Source, Record: o.Record})
		}
	}
	return list
}
