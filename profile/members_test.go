package profile

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

func TestMembers(t *testing.T) {
	stream := customer.AtomID{0: 's'}
	f, p := newFakeFeed(), openLog(t, minimal())
	day := func(n int) time.Time { return sliceStart.AddDate(0, 0, n) }
	f.now = day(60)
	a, b, c := customer.FromInt64(1), customer.FromInt64(2), customer.FromInt64(3)
	for n, from := range []int{0, 30, 30} {
		f.slices[fakeAtom(n+1)] = customer.Slice{Atom: fakeAtom(n + 1), Stream: stream, Since: day(from)}
	}
	members := func(id customer.ID, want ...customer.Member) {
		t.Helper()
		_, err := p.Sync(t.Context(), day(60), f)
		require.NoError(t, err)
		got, err := p.Members(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := p.Members(t.Context(), a)
	require.ErrorIs(t, err, ErrUnknown)
	f.created(a, fakeAtoms(1, 9)...)
	members(a, customer.Member{Atom: fakeAtom(1), Since: day(0)}, customer.Member{Atom: fakeAtom(9)})
	f.created(b, fakeAtom(2))
	members(a, customer.Member{Atom: fakeAtom(1), Since: day(0), Until: day(30)}, customer.Member{Atom: fakeAtom(9)})
	members(b, customer.Member{Atom: fakeAtom(2), Since: day(30)})
	f.created(c, fakeAtom(3)) // which begins with that of b and has it all
	members(b, customer.Member{Atom: fakeAtom(2), Since: day(30), Until: day(30)})
	f.merged(a, b)
	both := []customer.Member{{Atom: fakeAtom(1), Since: day(0), Until: day(30)}, {Atom: fakeAtom(2), Since: day(30), Until: day(30)}, {Atom: fakeAtom(9)}}
	members(a, both...)
	members(b, both...)
	f.erased(b)
	members(a)
	members(b)
	members(c, customer.Member{Atom: fakeAtom(3), Since: day(30)})
	f.moved(c, customer.ID{}, fakeAtom(3))
	_, err = p.Sync(t.Context(), day(60), f)
	require.NoError(t, err)
	_, err = p.Members(t.Context(), c)
	require.ErrorIs(t, err, ErrUnknown, "nothing is left of it")
}

// What happened at any time is a member's if its evidence is the customer's.
func TestMembersOfSlices(t *testing.T) {
	for seed := range race.Fewer[uint64](4, 1) {
		w := newSliceWorld(t, 300+seed)
		p := openLog(t, minimal())
		for range 30 {
			for range w.r.IntN(6) {
				w.change(true)
			}
			w.sync(p)
			truth := w.feed.truth()
			for id, atoms := range truth {
				got, err := p.Members(t.Context(), id)
				if errors.Is(err, ErrUnknown) {
					require.Empty(t, atoms)
					continue
				}
				require.NoError(t, err)
				if w.feed.gone[id] {
					require.Empty(t, got)
					continue
				}
				require.Len(t, got, len(atoms))
				for _, m := range got {
					require.Contains(t, atoms, m.Atom)
					s, divided := w.slices[m.Atom]
					if !divided {
						require.Zero(t, m.Since)
						require.Zero(t, m.Until)
						continue
					}
					until := w.until(s, truth)
					for range 20 {
						at := w.moment()
						require.Equal(t, !at.Before(s.Since) && at.Before(until), m.Has(at), "%v at %v", m, at)
					}
				}
			}
		}
	}
}

// requireSameMembers: of customers who are, or ever were, profiles and the graph that they follow say
// the same members. Of one who was merged the feed says into whom, and the graph where what it had
// is now, which a split since can have made another. Those who are now become part of ever.
func requireSameMembers(t *testing.T, g *identity.Graph, p *Profiles, ever map[customer.ID]bool) {
	t.Helper()
	for c, err := range g.Customers(t.Context()) {
		require.NoError(t, err)
		ever[c.ID] = true
	}
	for id := range ever {
		got, err2 := p.Members(t.Context(), id)
		present, _, err := p.members(t.Context(), id, moment{known: never})
		if err == nil {
			id = present
		} else if c, err := g.Customer(t.Context(), id); err == nil && c.ID != id {
			continue
		}
		want, err := g.Members(t.Context(), id)
		require.Equal(t, errors.Is(err, identity.ErrUnknown), errors.Is(err2, ErrUnknown), "%v, %v", err, err2)
		if err == nil || err2 == nil {
			require.NoError(t, err)
			require.NoError(t, err2)
		}
		require.Equal(t, want, got)
	}
}

var errCut = errors.New("cut")

// A cutStore takes some more calls, then none. Safe for concurrent use.
type cutStore struct {
	store.Store
	left atomic.Int64
}

func newCutStore(s store.Store) *cutStore {
	c := &cutStore{Store: s}
	c.left.Store(1 << 40)
	return c
}

func (s *cutStore) cut() bool { return s.left.Add(-1) < 0 }

func (s *cutStore) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	if s.cut() {
		return nil, errCut
	}
	return s.Store.Get(ctx, keys...)
}

func (s *cutStore) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		if s.cut() {
			yield(store.Entry{}, errCut)
			return
		}
		for e, err := range s.Store.Scan(ctx, r) {
			if !yield(e, err) {
				return
			}
		}
	}
}

func (s *cutStore) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if s.cut() {
		return 0, errCut
	}
	return s.Store.Commit(ctx, b)
}

// failsEverywhere calls do with a store that fails at its first call, its second, and so on,
// until do succeeds, and requires that each failure is told.
func failsEverywhere(t *testing.T, s *cutStore, least int, do func() error) {
	t.Helper()
	for n := int64(0); ; n++ {
		s.left.Store(n)
		err := do()
		s.left.Store(1 << 40)
		if err == nil {
			require.GreaterOrEqual(t, n, int64(least))
			return
		}
		require.ErrorIs(t, err, errCut)
	}
}

func TestMembersErrors(t *testing.T) {
	s := newCutStore(new(store.Memory))
	p := openLog(t, s)
	f := newFakeFeed()
	f.slices[fakeAtom(1)] = customer.Slice{Atom: fakeAtom(1), Stream: customer.AtomID{0: 's'}, Since: sliceStart}
	f.created(customer.FromInt64(1), fakeAtom(1))
	_, err := p.Sync(t.Context(), sliceStart, f)
	require.NoError(t, err)
	failsEverywhere(t, s, 5, func() error {
		_, err := p.Members(t.Context(), customer.FromInt64(1))
		return err
	})
}
