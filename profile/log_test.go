package profile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

func logSchema() *Schema {
	return &Schema{
		Location: "UTC",
		Sources:  []Source{{Name: "crm"}, {Name: "shop"}},
		Traits: []Trait{
			{Name: "city", Kind: customer.KindText, Policy: []Rule{Oldest}},
			{Name: "age", Kind: customer.KindInt64, Check: Check{Least: customer.Int64Value(0)}},
		},
		Events: []Event{{Name: "order", Fields: []Field{
			{Name: "amount", Kind: customer.KindInt64, Required: true},
			{Name: "brand", Kind: customer.KindText, Check: Check{In: []string{"A", "B"}}},
		}}},
		Computed: []Computed{
			{Name: "orders", Of: Count, Events: []string{"order"}},
			{Name: "spent", Of: Sum, Events: []string{"order"}, Field: "amount"},
			{Name: "brands", Of: Top, Events: []string{"order"}, Field: "brand", Limit: 2},
		},
	}
}

func openLog(t testing.TB, s store.Store) *Profiles {
	t.Helper()
	p, err := openTest(t, s, logSchema(), &Options{Backoff: &store.Backoff{Attempts: 10_000, First: 1, Most: 1000}})
	require.NoError(t, err)
	return p
}

func minimal() store.Store { return store.Limited(new(store.Memory), store.MinLimits) }

var logStart = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func logAtom(n int) customer.AtomID {
	return customer.AtomID{0: byte(n % 251), 1: 1, 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

func anOrder(atom, n int) Evidence {
	return Evidence{
		Atom: logAtom(atom), ID: fmt.Sprint("o", n), Source: "shop", Event: "order", Time: logStart.Add(time.Duration(n*7919%10_000) * time.Minute),
		Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(int64(n))}, {Name: "brand", Value: customer.TextValue("A")}},
	}
}

// A ledger is a log the simple way: a map of what was added, by atom and id.
type ledger map[customer.AtomID]map[string]*posted

type posted struct {
	ev        Evidence
	learned   int64
	retracted int64
	lacking   bool
	aside     int
	times     int // that something was added under the id
}

// add does what Profiles.Add should, of one piece of evidence.
func (l ledger) add(ev Evidence, learned time.Time) error {
	p := &posted{ev: ev, learned: learned.UnixMicro(), lacking: ev.Event != "", times: 1}
	for _, f := range ev.Values {
		n, isInt := f.Value.Int64()
		text, isText := f.Value.Text()
		switch {
		case ev.Event != "" && f.Name == "amount" && isInt:
			p.lacking = false
		case ev.Event != "" && f.Name == "brand" && isText && (text == "A" || text == "B"), ev.Event == "" && f.Name == "city" && isText,
			ev.Event == "" && f.Name == "age" && isInt && n >= 0, f.Value.IsUnset():
		default:
			p.aside++
		}
	}
	if p.lacking {
		p.aside++
	}
	if old, ok := l[ev.Atom][ev.ID]; ok {
		switch same := old.ev.Time.Equal(ev.Time) && old.ev.Event == ev.Event && old.ev.Source == ev.Source && slices.Equal(sortedFields(old.ev), sortedFields(ev)); {
		case old.retracted != 0:
			return ErrRetracted
		case old.lacking && (!same || !p.lacking): // its id is free
			p.aside, p.times = p.aside+old.aside, old.times+1
		case p.lacking && !same: // set aside, whatever has the id
			p.aside, p.times = p.aside+old.aside, old.times+1
			p.ev, p.learned, p.lacking = old.ev, old.learned, old.lacking
		case !same:
			return ErrReused
		default:
			return nil
		}
	}
	if l[ev.Atom] == nil {
		l[ev.Atom] = map[string]*posted{}
	}
	l[ev.Atom][ev.ID] = p
	return nil
}

func sortedFields(ev Evidence) []customer.Field {
	return slices.SortedFunc(slices.Values(ev.Values), func(a, b customer.Field) int { return cmp.Compare(a.Name, b.Name) })
}

func (l ledger) retract(atom customer.AtomID, id string, at time.Time) error {
	p := l[atom][id]
	if p == nil {
		return ErrUnknown
	}
	if p.retracted == 0 {
		p.retracted = at.UnixMicro()
	}
	return nil
}

// entries are what should be kept of an atom.
func (l ledger) entries(b *bound, atom customer.AtomID) (all []entry) {
	for _, p := range l[atom] {
		if p.lacking {
			continue
		}
		g := given{Evidence: &p.ev, fields: sortedFields(p.ev)}
		if err := g.bind(b, p.learned, nil); err != nil {
			panic(err)
		}
		g.e.retracted = p.retracted
		all = append(all, g.e)
	}
	slices.SortFunc(all, func(a, b entry) int { return compareEntries(&a, &b) })
	return all
}

// requireLog checks all that can be read of the atoms against the ledger, and what they hold in the store.
func (l ledger) requireLog(t testing.TB, p *Profiles) {
	t.Helper()
	ctx := t.Context()
	f, err := p.current(ctx)
	require.NoError(t, err)
	ids := slices.SortedFunc(maps.Keys(l), compareAtoms)
	everything, err := p.load(ctx, f, ids, moment{at: never, known: never - 1})
	require.NoError(t, err)
	cached, err := p.load(ctx, f, ids, moment{at: never, known: never})
	require.NoError(t, err)
	heads, err := p.heads(ctx, ids)
	require.NoError(t, err)
	room := f.reader()
	for i, id := range ids {
		want := l.entries(f.bound, id)
		require.Equal(t, id, everything[i].id)
		require.Nil(t, everything[i].paged)
		got := slices.Clone(everything[i].entries)
		slices.SortFunc(got, func(a, b entry) int { return compareEntries(&a, &b) })
		require.Len(t, got, len(want))
		for k := range want {
			require.True(t, want[k].same(&got[k]) && want[k].learned == got[k].learned && want[k].retracted == got[k].retracted)
		}
		h := heads[i]
		require.False(t, h.full())
		require.Equal(t, h.pages > 0, cached[i].paged != nil)
		// What the partial and the newest entries come to is what all entries do.
		whole, parts := f.newPartial(), cached[i].paged
		if parts == nil {
			parts = f.newPartial()
		}
		for k := range want {
			if want[k].retracted == 0 {
				whole.add(f.bound, &want[k], room)
			}
		}
		for k := range cached[i].entries {
			if cached[i].entries[k].retracted == 0 {
				parts.add(f.bound, &cached[i].entries[k], room)
			}
		}
		require.Equal(t, partialBytesOf(whole), partialBytesOf(parts))
		l.requireAside(t, p, id)
		l.requireMarks(t, p, id, h)
	}
}

func partialBytesOf(p *partial) string {
	w := wire.New("p", 1)
	p.encode(w)
	return string(w.Data())
}

func (l ledger) requireAside(t testing.TB, p *Profiles, id customer.AtomID) {
	t.Helper()
	heads, err := p.heads(t.Context(), []customer.AtomID{id})
	require.NoError(t, err)
	a, err := readAside(heads[0].aside)
	require.NoError(t, err)
	want, got, again := 0, 0, false
	for _, p := range l[id] {
		want += p.aside
		again = again || p.times > 1
	}
	for _, c := range a.counts {
		got += int(c.n)
	}
	if again { // and what was added again as its call had failed is counted again
		require.GreaterOrEqual(t, got, want)
	} else {
		require.Equal(t, want, got)
	}
	newest, err := p.SetAside(t.Context(), id)
	require.NoError(t, err)
	require.LessOrEqual(t, len(newest), min(got, mostAside))
	for _, r := range newest {
		require.Zero(t, l[id][r.Evidence].retracted)
	}
}

// requireMarks: every id is marked once, in the head or with its page, and pages are what
// the head says.
func (l ledger) requireMarks(t testing.TB, p *Profiles, id customer.AtomID, h *head) {
	t.Helper()
	marks := map[idHash]contentSum{}
	for at := 0; at < len(h.marks); at += markSize {
		marks[idHash(h.marks[at:])] = h.sum(at)
	}
	count := func(family byte) (n int) {
		for e, err := range p.s.Scan(t.Context(), store.Under(key(family, id[:]))) {
			require.NoError(t, err)
			n++
			if family == 'i' {
				_, sum, _, err := readPlace(e)
				require.NoError(t, err)
				hash := idHash(e.Key[len(e.Key)-len(idHash{}):])
				if _, twice := marks[hash]; twice {
					require.True(t, sum.void(), "replaced by the one in the head")
					continue
				}
				marks[hash] = sum
			}
		}
		return n
	}
	count('i')
	require.Equal(t, h.pages, count('e'))
	require.Equal(t, h.parts, count('p'))
	require.Len(t, marks, len(l[id]))
	for name, p := range l[id] {
		sum, ok := marks[hashID(name)]
		require.True(t, ok)
		require.Equal(t, p.retracted != 0, sum == contentSum{})
	}
}

// randomEvidence is about few atoms under few ids, so that ids come again, with the same
// content mostly. Every fourth has something to set aside.
func randomEvidence(rng *rand.Rand, ids int) Evidence {
	ev := anOrder(rng.IntN(3), rng.IntN(ids))
	if rng.IntN(50) == 0 {
		ev.Time = ev.Time.Add(time.Second)
	}
	kind := int(hashID(ev.ID)[0])
	if kind%2 == 0 {
		ev.Event, ev.Source = "", "crm"
		ev.Values = []customer.Field{{Name: "city", Value: customer.TextValue(fmt.Sprint("city ", kind))}, {Name: "age", Value: customer.Int64Value(int64(kind % 5))}}
		if kind%3 == 0 {
			ev.Values[1].Value = customer.Value{}
		}
	}
	switch kind % 16 {
	case 1:
		ev.Values = ev.Values[1:] // lacks amount
	case 2, 3:
		ev.Values[1].Value = customer.TextValue("C")
	case 4:
		ev.Values = append(ev.Values, customer.Field{Name: "unheard of", Value: customer.BoolValue(true)})
	case 5:
		ev.Time = ev.Time.AddDate(1, 0, 0) // in the future
	case 6:
		ev.Values[0].Value = customer.TextValue(string(make([]byte, 1500)))
	}
	rng.Shuffle(len(ev.Values), func(i, j int) { ev.Values[i], ev.Values[j] = ev.Values[j], ev.Values[i] })
	return ev
}

// logHistory adds and retracts at random, against the ledger.
func logHistory(t *testing.T, seed uint64, p *Profiles, steps int, retry func(err error) bool) {
	rng := rand.New(rand.NewPCG(seed, 9))
	l := ledger{}
	ids := 20 + rng.IntN(400)
	insist := func(do func() error) error {
		for {
			if err := do(); retry == nil || !retry(err) {
				return err
			}
		}
	}
	for step := range steps {
		learned := logStart.AddDate(0, 1, step)
		switch rng.IntN(5) {
		case 0: // all or nothing
			var evs []Evidence
			for range 1 + rng.IntN(5) {
				evs = append(evs, randomEvidence(rng, ids))
			}
			after := l.clone()
			var want error
			for _, ev := range slices.SortedStableFunc(slices.Values(evs), func(a, b Evidence) int { return compareAtoms(a.Atom, b.Atom) }) {
				if want = after.add(ev, learned); want != nil {
					break
				}
			}
			before := l.size()
			var sum Summary
			err := insist(func() (err error) {
				sum, err = p.Add(t.Context(), learned, evs...)
				return err
			})
			if want != nil {
				require.ErrorIs(t, err, want)
				break
			}
			require.NoError(t, err)
			require.Equal(t, len(evs), sum.Added+sum.Known+sum.Rejected)
			l = after
			if retry == nil {
				require.Equal(t, l.size()-before, sum.Added+sum.Rejected)
			}
		case 1: // much at once, what is refused left out
			var evs []Evidence
			for range rng.IntN(300) {
				evs = append(evs, randomEvidence(rng, ids))
			}
			refused := map[int]error{}
			for i, ev := range evs {
				if err := l.add(ev, learned); err != nil {
					refused[i] = err
				}
			}
			var got map[int]error
			err := insist(func() error {
				got = map[int]error{}
				_, err := p.AddMany(t.Context(), learned, slices.Values(evs), &ManyOptions{Rejected: func(row int, err error) { got[row] = err }, Workers: 1 + rng.IntN(3)})
				return err
			})
			require.NoError(t, err)
			require.Len(t, got, len(refused))
			for row, err := range refused {
				require.ErrorIs(t, got[row], err)
			}
		case 2:
			atom, id := logAtom(rng.IntN(3)), fmt.Sprint("o", rng.IntN(ids))
			want := l.retract(atom, id, learned)
			err := insist(func() error { return p.Retract(t.Context(), learned, atom, id) })
			if want == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, want)
			}
		default:
			ev := randomEvidence(rng, ids)
			want := l.add(ev, learned)
			err := insist(func() error { _, err := p.Add(t.Context(), learned, ev); return err })
			if want == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, want)
			}
		}
	}
	if w, ok := p.s.(*badWeather); ok {
		w.calm = true
	}
	l.requireLog(t, p)
}

func (l ledger) clone() ledger {
	c := ledger{}
	for atom, all := range l {
		c[atom] = maps.Clone(all)
	}
	return c
}

func (l ledger) size() (n int) {
	for _, all := range l {
		for _, p := range all {
			n += p.times
		}
	}
	return n
}

func TestHistoriesOfEvidence(t *testing.T) {
	for seed := range race.Fewer[uint64](20, 6) {
		var s store.Store = new(store.Memory)
		if seed%2 == 0 {
			s = minimal()
		}
		logHistory(t, seed, openLog(t, s), 60, nil)
	}
}

// A badWeather is a store whose calls come to nothing, or whose answers are lost, at
// random. Safe for concurrent use.
type badWeather struct {
	store.Store
	mu   sync.Mutex
	rng  *rand.Rand
	calm bool
}

func (s *badWeather) draws() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calm || s.rng.IntN(4) > 0 {
		return 0
	}
	return 1 + s.rng.IntN(5)
}

func (s *badWeather) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	if s.draws() == 1 {
		return nil, store.ErrUnavailable
	}
	return s.Store.Get(ctx, keys...)
}

func (s *badWeather) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	switch s.draws() {
	case 1:
		return 0, store.ErrUnavailable
	case 2:
		return 0, fmt.Errorf("%w: gave way", store.ErrConflict)
	case 3:
		return 0, store.ErrUnknownOutcome
	case 4, 5:
		if _, err := s.Store.Commit(ctx, b); errors.Is(err, store.ErrConflict) {
			return 0, err
		}
		return 0, store.ErrUnknownOutcome
	}
	return s.Store.Commit(ctx, b)
}

func TestHistoriesOfEvidenceInBadWeather(t *testing.T) {
	for seed := range uint64(10) {
		s := &badWeather{Store: minimal(), rng: rand.New(rand.NewPCG(seed, 4)), calm: true}
		p := openLog(t, s)
		s.calm = false
		logHistory(t, seed, p, 40, func(err error) bool {
			return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknownOutcome)
		})
	}
}
