package profile

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// A busy store has something added to atoms while a large commit is made, or slices are
// scanned.
type busy struct {
	store.Store
	add   func()
	most  int // writes of a commit that is quick enough
	large int // commits that were not
	small int
	scans int // of slices
}

func (s *busy) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if len(b.Writes) > s.most {
		s.large++
		s.add()
	} else {
		s.small++
	}
	return s.Store.Commit(ctx, b)
}

func (s *busy) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	if r.From[3] == 's' {
		s.scans++
		s.add()
	}
	return s.Store.Scan(ctx, r)
}

// touch changes the head of an atom as an addition does.
func touch(t *testing.T, s store.Store, a customer.AtomID) {
	_, err := store.Update(t.Context(), s, nil, func(ctx context.Context) (*store.Batch, error) {
		e, err := s.Get(ctx, headKey(a))
		if err != nil {
			return nil, err
		}
		b := new(store.Batch)
		b.If(headKey(a), e[0].Version)
		b.Put(headKey(a), e[0].Value)
		return b, nil
	})
	require.NoError(t, err)
}

// One atom to which others add all the time does not keep the rest of the feed from being
// followed, and not for long from being followed in large commits.
func TestFollowBusyAtom(t *testing.T) {
	f, s := newFakeFeed(), &busy{Store: smallest(), most: 40}
	hot := fakeAtom(5000)
	plant(t, s.Store, hot, 0)
	f.created(customer.FromInt64(0), hot)
	for n := range 1500 {
		f.created(customer.FromInt64(int64(n+1)), fakeAtom(n+1))
	}
	s.add = func() { touch(t, s.Store, hot) }
	p := &Profiles{s: s, o: Options{Backoff: &store.Backoff{First: 1, Most: 1000}}}
	n, err := p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	require.Equal(t, 1501, n)
	require.LessOrEqual(t, s.large+s.small, 30)
	heads, err := p.heads(t.Context(), []customer.AtomID{hot})
	require.NoError(t, err)
	require.Len(t, heads[0].claims, 1)
}

// Between reading the heads of streams and the commit no slices are read, of each
// stream once, and of new ones not at all.
func TestFollowBusyStream(t *testing.T) {
	f, s := newFakeFeed(), &busy{Store: smallest(), most: 1000, add: func() {}}
	stream := func(n int) customer.AtomID { return customer.AtomID{0: 's', 15: byte(n)} }
	lie := func(n, of, hour int) customer.AtomID {
		a := fakeAtom(n)
		f.slices[a] = customer.Slice{Atom: a, Stream: stream(of), Since: sliceStart.Add(time.Duration(hour) * time.Hour)}
		return a
	}
	for n := range 100 {
		f.created(customer.FromInt64(int64(n)), lie(n, n%20, 2*n))
	}
	p := &Profiles{s: s, o: Options{Backoff: &store.Backoff{Attempts: 1}}}
	_, err := p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	require.Zero(t, s.scans)
	for of := range 20 {
		plant(t, s, stream(of), 0)
	}
	for n := range 100 {
		b := new(store.Batch)
		b.Delete(waitKey(customer.FromInt64(int64(n))))
		_, err := s.Store.Commit(t.Context(), b)
		require.NoError(t, err)
	}
	s.add = func() {
		for of := range 20 {
			touch(t, s.Store, stream(of))
		}
	}
	late := customer.FromInt64(1000)
	// In two streams: after the first slice and the last, and before the first.
	f.created(late, lie(200, 0, 1), lie(201, 0, 1000), lie(202, 3, -5), lie(203, 3, 2*43+1))
	_, err = p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	require.Equal(t, 2, s.scans)
	want := []customer.ID{customer.FromInt64(0), customer.FromInt64(43), customer.FromInt64(80), late}
	var waiting []customer.ID
	for e, err := range s.Store.Scan(t.Context(), store.Under(key('w'))) {
		require.NoError(t, err)
		waiting = append(waiting, customer.ID(e.Key[len(key('w')):]))
	}
	require.ElementsMatch(t, want, waiting)
}

// A slice that goes from one to another in a commit leaves its stream as it is.
func TestFollowSliceMoves(t *testing.T) {
	f, s := newFakeFeed(), smallest()
	p := follower(s)
	a, b, stream := customer.FromInt64(1), customer.FromInt64(2), customer.AtomID{0: 's'}
	f.slices[fakeAtom(1)] = customer.Slice{Atom: fakeAtom(1), Stream: stream, Since: sliceStart}
	f.created(a, fakeAtom(1))
	f.created(b, fakeAtom(2))
	_, err := p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	before, err := s.Get(t.Context(), headKey(stream))
	require.NoError(t, err)
	f.moved(a, b, fakeAtom(1))
	_, err = p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	after, err := s.Get(t.Context(), headKey(stream))
	require.NoError(t, err)
	require.NotZero(t, before[0].Version)
	require.Equal(t, before[0].Version, after[0].Version)
}
