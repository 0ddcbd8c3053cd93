package profile

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// Whoever was merged into an erased customer is erased with it, through further mergers, at
// once and for every time, and so is what was retracted before the merger. Who has begun
// again is not.
func TestEraseMerged(t *testing.T) {
	for _, made := range []bool{false, true} {
		f, s := newFakeFeed(), smallest()
		p := follower(s)
		a, b, c, d := customer.FromInt64(1), customer.FromInt64(2), customer.FromInt64(3), customer.FromInt64(4)
		f.created(a, fakeAtoms(1, 2)...)
		f.created(b, fakeAtoms(3)...)
		f.created(c, fakeAtoms(4)...)
		then := f.created(d, fakeAtoms(5, 6)...)
		_, err := p.follow(t.Context(), f.clock(), f)
		require.NoError(t, err)
		for n := range 6 {
			plant(t, s, fakeAtom(n+1), 3)
		}
		f.moved(a, customer.ID{}, fakeAtoms(2)...)
		f.moved(d, customer.ID{}, fakeAtoms(6)...)
		f.merged(a, b)
		f.merged(d, b)
		f.split(b, d, fakeAtoms(5)...)
		f.merged(b, c) // and with it what a was
		_, err = p.follow(t.Context(), f.clock(), f)
		require.NoError(t, err)
		require.True(t, secrets(t, s)[fakeAtom(2)])
		f.erased(c)
		for crashes := 0; ; crashes++ {
			_, err := follower(crashAfter(s, 1, made)).follow(t.Context(), f.clock(), f)
			for _, id := range []customer.ID{a, b, c} {
				for _, known := range []int64{then.UnixMicro(), never} {
					_, _, err := p.members(t.Context(), id, moment{known: known})
					require.ErrorIs(t, err, ErrErased, "at once")
				}
			}
			if err == nil {
				require.Greater(t, crashes, 4)
				break
			}
			require.ErrorIs(t, err, errCrash)
		}
		require.Equal(t, map[customer.AtomID]bool{fakeAtom(5): true, fakeAtom(6): true}, secrets(t, s))
		_, atoms, err := p.members(t.Context(), d, moment{known: never})
		require.NoError(t, err)
		require.Equal(t, fakeAtoms(5), atoms)
		for _, id := range []customer.ID{a, b, c} {
			for _, family := range []byte("lmr") {
				for range s.Scan(t.Context(), store.Under(key(family, id[:]))) {
					require.Fail(t, "something of an erased customer")
				}
			}
		}
		requireErasedMarks(t, s)
	}
}

// requireErasedMarks: no erasure is under way.
func requireErasedMarks(t *testing.T, s store.Store) {
	t.Helper()
	for range s.Scan(t.Context(), store.Under(key('x'))) {
		require.Fail(t, "an erasure is not finished")
	}
}

// More customers were merged than one commit takes.
func TestEraseManyMerged(t *testing.T) {
	f, s := newFakeFeed(), smallest()
	p := follower(s)
	survivor := customer.FromInt64(1000)
	f.created(survivor, fakeAtom(5000))
	for n := range 450 {
		f.created(customer.FromInt64(int64(n)), fakeAtoms(n, n+1000)...)
	}
	_, err := p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	for n := range 450 {
		if id := customer.FromInt64(int64(n)); n%5 == 0 {
			plant(t, s, fakeAtom(n), 0)
			f.moved(id, customer.ID{}, fakeAtom(n))
		}
		f.merged(customer.FromInt64(int64(n)), survivor)
	}
	f.erased(survivor)
	_, err = p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	require.Empty(t, secrets(t, s))
	requireErasedMarks(t, s)
}

// What was a customer before a merger can be one again though the other was erased, if it
// had parted from it before.
func TestEraseMergedBeginsAgain(t *testing.T) {
	f, p := newFakeFeed(), follower(smallest())
	a, b, c := customer.FromInt64(1), customer.FromInt64(2), customer.FromInt64(3)
	then := f.created(a, fakeAtoms(1, 2)...)
	f.created(b, fakeAtoms(3)...)
	f.created(c, fakeAtoms(4)...)
	f.merged(a, b)
	f.moved(b, c, fakeAtoms(1)...)
	between := f.erased(b)
	_, err := p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	_, _, err = p.members(t.Context(), a, moment{known: never})
	require.ErrorIs(t, err, ErrErased)
	f.split(c, a, fakeAtoms(1)...)
	_, err = p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	_, atoms, err := p.members(t.Context(), a, moment{known: never})
	require.NoError(t, err)
	require.Equal(t, fakeAtoms(1), atoms)
	_, _, err = p.members(t.Context(), a, moment{known: between.UnixMicro()})
	require.ErrorIs(t, err, ErrErased)
	_, _, err = p.members(t.Context(), a, moment{known: then.UnixMicro()})
	require.ErrorIs(t, err, ErrUnknown, "its history is forgotten")
}

// The row of a customer that was not folded since it was merged goes at once, and is handed
// on as gone.
func TestEraseMergedRow(t *testing.T) {
	f, s := newFakeFeed(), smallest()
	p, k := openSync(t, s), newKeeper(t)
	a, b := customer.FromInt64(1), customer.FromInt64(2)
	now := f.created(a, fakeAtom(1)).AddDate(0, 1, 0)
	f.created(b, fakeAtom(2))
	_, err := p.Sync(t.Context(), now, f)
	require.NoError(t, err)
	k.follow(p, 0)
	require.Len(t, k.rows, 2)
	f.merged(a, b)
	_, err = p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	f.erased(b)
	_, err = p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	for range s.Scan(t.Context(), store.Under(key('r'))) {
		require.Fail(t, "a row")
	}
	_, err = p.Sync(t.Context(), now, f)
	require.NoError(t, err)
	k.follow(p, 0)
	require.Empty(t, k.rows)
}

// A tired store does not take every other commit at first.
type tired struct {
	store.Store
	commits int
}

func (s *tired) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if s.commits++; s.commits%2 == 1 {
		return 0, store.ErrUnavailable
	}
	return s.Store.Commit(ctx, b)
}

func TestEraseTriesAgain(t *testing.T) {
	f, s := newFakeFeed(), &tired{Store: smallest()}
	p := follower(s)
	a, b := customer.FromInt64(1), customer.FromInt64(2)
	f.created(a, fakeAtoms(1, 2)...)
	f.created(b, fakeAtoms(3)...)
	_, err := p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	for n := range 3 {
		plant(t, s, fakeAtom(n+1), 450)
	}
	f.moved(a, customer.ID{}, fakeAtoms(2)...)
	f.merged(a, b)
	f.erased(b)
	_, err = p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	require.Empty(t, secrets(t, s))
}

// What a slice had of its stream when it was given up is erased with who had it, unless
// another has it now; what has happened since is not.
func TestEraseRetractedSlice(t *testing.T) {
	for _, before := range []bool{false, true} {
		stream := customer.AtomID{0: 's'}
		f, s := newFakeFeed(), minimal()
		p := openLog(t, s)
		day := func(n int) time.Time { return sliceStart.AddDate(0, 0, n) }
		a, b, c := customer.FromInt64(1), customer.FromInt64(2), customer.FromInt64(3)
		for n, from := range []int{0, 10, 48} {
			f.slices[fakeAtom(n)] = customer.Slice{Atom: fakeAtom(n), Stream: stream, Since: day(from)}
		}
		if before {
			f.created(c, fakeAtom(0))
		}
		f.now = day(40)
		f.created(a, fakeAtom(1), fakeAtom(100))
		f.created(b, fakeAtom(2))
		say := func(id string, at, learned time.Time) error {
			_, err := p.Add(t.Context(), learned, Evidence{Atom: stream, ID: id, Source: "shop", Event: "order", Time: at, Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(1)}}})
			return err
		}
		for n := range 400 { // ten a day, in pages
			require.NoError(t, say(fmt.Sprint("secret-", n), day(0).Add(time.Duration(n)*144*time.Minute), f.now))
		}
		sync := func() {
			_, err := p.Sync(t.Context(), day(60), f)
			require.NoError(t, err)
		}
		sync()
		f.moved(a, customer.ID{}, fakeAtom(1))
		sync()
		f.now = day(50)
		require.NoError(t, say("since", day(45), f.now))
		f.merged(a, b)
		sync()
		f.erased(b)
		sync()
		var d decoder
		heads, err := p.heads(t.Context(), []customer.AtomID{stream})
		require.NoError(t, err)
		require.NoError(t, d.page(heads[0].tail))
		for e, err := range s.Scan(t.Context(), store.Under(key('e', stream[:]))) {
			require.NoError(t, err)
			require.NoError(t, d.page(e.Value))
		}
		err = say("late", day(15), day(55))
		if before { // another has it
			require.NoError(t, err)
			require.Len(t, d.entries, 400+1)
		} else {
			require.ErrorIs(t, err, ErrErased)
			require.Len(t, d.entries, 100+1, "what was never theirs")
		}
	}
}
