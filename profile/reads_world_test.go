package profile

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// readsSchema has a trait of each kind, and an event that has a field of each.
func readsSchema() *Schema {
	return &Schema{
		Location: "Asia/Shanghai",
		Sources:  []Source{{Name: "crm", Channel: "phone"}, {Name: "shop"}, {Name: "app"}},
		Traits: []Trait{
			{Name: "name", Kind: customer.KindText, Sensitivity: Personal, Policy: []Rule{SourcePriority, MostRecent}},
			{Name: "city", Kind: customer.KindText, Policy: []Rule{Majority}},
			{Name: "vip", Kind: customer.KindBool, Sensitivity: Internal},
			{Name: "limit", Kind: customer.KindDecimal, Policy: []Rule{Largest}},
			{Name: "score", Kind: customer.KindFloat64},
			{Name: "points", Kind: customer.KindInt64, Policy: []Rule{Total}},
			{Name: "since", Kind: customer.KindTime, Policy: []Rule{Smallest}},
			{Name: "tags", Kind: customer.KindLabels, Policy: []Rule{Union}},
		},
		Events: []Event{
			{Name: "order", Fields: []Field{
				{Name: "amount", Kind: customer.KindInt64, Required: true}, {Name: "category", Kind: customer.KindText},
			}},
			{Name: "visit"},
		},
		Computed: []Computed{
			{Name: "orders", Of: Count, Events: []string{"order"}},
			{Name: "spent_90d", Of: Sum, Events: []string{"order"}, Field: "amount", Window: Window{Days: 90}},
			{Name: "last_seen", Of: Last, Events: []string{"order", "visit"}, Field: "@time"},
			{Name: "categories", Of: Top, Events: []string{"order"}, Field: "category", Limit: 3},
			{Name: "channel", Of: Top, Events: []string{"order", "visit"}, Field: "@channel"},
			{Name: "median", Of: Quantile, Events: []string{"order"}, Field: "amount", Quantile: 0.5},
		},
	}
}

// A readsWorld is profiles with a random past, and that past beside it.
type readsWorld struct {
	t      *testing.T
	rand   *rand.Rand
	p      *Profiles
	feed   *fakeFeed
	atoms  int
	ids    []customer.ID // that ever were
	said   []readsSaid
	soiled []readsSoiled
}

// A readsSoiled is a value that was set aside.
type readsSoiled struct {
	atom customer.AtomID
	Rejection
}

type readsSaid struct {
	Evidence
	learned, retracted time.Time
}

func newReadsWorld(t *testing.T, s store.Store, seed uint64, schema *Schema, o *Options) *readsWorld {
	p, err := openTest(t, s, schema, o)
	require.NoError(t, err)
	w := &readsWorld{t: t, rand: rand.New(rand.NewPCG(seed, 1)), p: p, feed: newFakeFeed()}
	if own := rand.New(rand.NewPCG(seed, 2)); seed%2 == 1 {
		w.feed.late = func() time.Duration { return time.Duration(own.IntN(400)) * time.Hour }
	}
	return w
}

func readsID(n int) customer.ID { return customer.FromInt64(int64(n)) }

// found begins a customer with n new atoms.
func (w *readsWorld) found(n int) customer.ID {
	id := readsID(w.rand.IntN(1<<30)<<8 + len(w.ids))
	w.ids = append(w.ids, id)
	var atoms []customer.AtomID
	for range n {
		w.atoms++
		atoms = append(atoms, fakeAtom(w.atoms))
	}
	w.feed.created(id, atoms...)
	return id
}

// one is a live customer.
func (w *readsWorld) one() customer.ID {
	for {
		if id := w.ids[w.rand.IntN(len(w.ids))]; w.feed.present(id) == id {
			return id
		}
	}
}

// change changes who has which atoms.
func (w *readsWorld) change() {
	id := w.one()
	atoms := w.feed.members(id)
	switch w.rand.IntN(8) {
	case 0, 1:
		if other := w.one(); other != id {
			w.feed.merged(id, other)
		}
	case 2, 3:
		if len(atoms) > 1 {
			to := readsID(w.rand.IntN(1<<30)<<8 + len(w.ids))
			w.ids = append(w.ids, to)
			w.feed.split(id, to, atoms[:1+w.rand.IntN(len(atoms)-1)]...)
		}
	case 4:
		if other := w.one(); other != id && len(atoms) > 1 {
			w.feed.moved(id, other, atoms[w.rand.IntN(len(atoms))])
		}
	case 5:
		w.atoms++
		w.feed.attached(id, fakeAtom(w.atoms))
	default:
		w.found(1 + w.rand.IntN(3))
	}
}

// evidence is said of an atom.
func (w *readsWorld) evidence(atom customer.AtomID) Evidence {
	r := w.rand
	day := 24 * time.Hour
	e := Evidence{
		Atom: atom, ID: fmt.Sprint("e", len(w.said)), Source: []string{"crm", "shop", "app"}[r.IntN(3)],
		Time:     w.feed.now.Add(-time.Duration(r.Int64N(int64(200 * day)))).Truncate(time.Hour),
		Verified: r.IntN(8) == 0,
	}
	add := func(name string, v customer.Value) {
		e.Values = append(e.Values, customer.Field{Name: name, Value: v})
	}
	words := []string{"", "广州", "=2+3", "a|b", `back\slash`, "'quoted", "line\nbreak, \"x\"", "＋plain"}
	switch r.IntN(4) {
	case 0:
		add("name", customer.TextValue(words[r.IntN(len(words))]))
		add("city", customer.TextValue(words[r.IntN(len(words))]))
		add("vip", customer.BoolValue(r.IntN(2) == 0))
		add("tags", customer.LabelsValue(words[1+r.IntN(len(words)-1)], words[1+r.IntN(len(words)-1)]))
	case 1:
		if r.IntN(3) == 0 {
			add("vip", customer.Value{})
		}
		add("limit", customer.DecimalValue(r.Int64()-r.Int64(), r.IntN(19)))
		add("score", customer.Float64Value(r.NormFloat64()))
		add("points", customer.Int64Value(r.Int64N(1000)))
		add("since", customer.TimeValue(e.Time.Add(time.Duration(r.Int64N(int64(day))))))
	case 2:
		e.Event = "order"
		add("amount", customer.Int64Value(r.Int64N(100_000)))
		if r.IntN(3) > 0 {
			add("category", customer.TextValue(words[1+r.IntN(len(words)-1)]))
		}
	default:
		e.Event = "visit"
	}
	return e
}

// say adds n pieces of evidence of random atoms, or of the one given.
func (w *readsWorld) say(n int, of ...customer.AtomID) {
	w.feed.now = w.feed.now.Add(time.Minute)
	var all []Evidence
	for range n {
		atom := fakeAtom(1 + w.rand.IntN(w.atoms))
		if len(of) > 0 {
			atom = of[w.rand.IntN(len(of))]
		}
		e := w.evidence(atom)
		all = append(all, e)
		w.said = append(w.said, readsSaid{Evidence: e, learned: w.feed.now})
	}
	_, err := w.p.Add(w.t.Context(), w.feed.now, all...)
	require.NoError(w.t, err)
}

func (w *readsWorld) sync(p *Profiles, feed customer.Feed) {
	learned := w.feed.clock()
	if p == w.p {
		learned = w.feed.learn()
	}
	_, err := p.follow(w.t.Context(), learned, feed)
	require.NoError(w.t, err)
}

// build makes a past of some steps.
func (w *readsWorld) build(steps int) {
	for range 4 {
		w.found(1 + w.rand.IntN(3))
	}
	for range steps {
		if w.rand.IntN(3) == 0 {
			w.change()
		}
		if w.rand.IntN(2) == 0 {
			w.sync(w.p, w.feed)
		}
		w.say(1 + w.rand.IntN(12))
		w.retract(w.rand.IntN(3))
	}
	w.sync(w.p, w.feed)
}

// until is the feed as far as it was known at a time.
func (w *readsWorld) until(at time.Time) *fakeFeed {
	cut := newFakeFeed()
	head := w.feed.at(at).head
	for shard, entries := range w.feed.shards {
		cut.shards[shard] = entries[:head[shard]]
	}
	return cut
}

// atomsAt is who had which atoms as known at a time; zero is the present.
func (w *readsWorld) atomsAt(known time.Time) map[customer.ID][]customer.AtomID {
	if known.IsZero() {
		known = w.feed.now
	}
	live := w.feed.at(known).live
	for id, atoms := range live {
		if len(atoms) == 0 {
			delete(live, id)
		}
	}
	return live
}

func (w *readsWorld) liveIDs(known time.Time) []customer.ID {
	var ids []customer.ID
	for id := range w.atomsAt(known) {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b customer.ID) int { return slices.Compare(a[:], b[:]) })
	return ids
}

// moment is a random one of the past or future.
func (w *readsWorld) moment() Moment {
	m := Moment{At: w.feed.now.Add(-time.Duration(w.rand.Int64N(int64(220*24*time.Hour))) + 10*24*time.Hour).Truncate(time.Second)}
	if w.rand.IntN(2) == 0 {
		m.Known = newFakeFeed().now.Add(time.Duration(w.rand.Int64N(int64(w.feed.now.Sub(newFakeFeed().now))))).Truncate(time.Microsecond)
	}
	return m
}

func collectProfiles(t *testing.T, ctx context.Context, p *Profiles, m Moment) []*Profile {
	var all []*Profile
	for one, err := range p.All(ctx, m) {
		require.NoError(t, err)
		all = append(all, one)
	}
	return all
}

var nobody = uuid.Nil
