package profile

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

func TestSliceForm(t *testing.T) {
	for _, s := range []*slice{
		{},
		{claimed: true, had: []shift{{-5, 1}}},
		{left: 7, round: 9, had: []shift{{1, 1}, {3, -1}, {7, 2}}},
		{fate: sliceErased, at: 100, until: never, had: []shift{{1, 1}, {100, -1}}},
	} {
		got, err := readSlice(store.Entry{Value: s.data(), Version: 1})
		require.NoError(t, err)
		require.Equal(t, s, got)
	}
	n := sliceName{customer.AtomID{1}, -3, customer.AtomID{2}}
	got, err := readSliceKey(sliceKey(n))
	require.NoError(t, err)
	require.Equal(t, n, got)
	_, err = readSliceKey(key('s', []byte("short")))
	require.ErrorIs(t, err, store.ErrCorrupt)
}

func FuzzSlice(f *testing.F) {
	f.Add((&slice{claimed: true, had: []shift{{3, 1}, {9, -1}}}).data())
	f.Add((&slice{fate: sliceErasing, at: 4, until: 5}).data())
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := readSlice(store.Entry{Value: data, Version: 1}); err == nil {
			require.Equal(t, data, s.data())
		} else {
			require.ErrorIs(t, err, store.ErrCorrupt)
		}
	})
}

// However the turns of customers are ordered, a slice was somebody's when it was one's.
func TestSliceShift(t *testing.T) {
	s := new(slice)
	for _, d := range []shift{{30, 1}, {10, 1}, {20, -1}, {30, -1}, {20, 1}, {40, -1}} { // 10 to 20, 20 to 30, 30 to 40
		s.shift(d.at, d.more)
	}
	require.Equal(t, []shift{{10, 1}, {40, -1}}, s.had)
	for known, want := range map[int64]bool{9: false, 10: true, 39: true, 40: false} {
		require.Equal(t, want, s.bounds(known))
	}
	for n := range int64(3 * mostTurns) {
		s.shift(100+n, 1-n%2*2)
	}
	require.Len(t, s.had, mostTurns)
	require.False(t, s.bounds(never-2))
	require.True(t, s.bounds(100+3*mostTurns-2))
}

// A tablet is used by two, then a late login shows that a third had it in between.
func TestSliceOfDevice(t *testing.T) {
	stream := customer.AtomID{0: 's'}
	f, p := newFakeFeed(), openLog(t, minimal())
	day := func(n int) time.Time { return sliceStart.AddDate(0, 0, n) }
	now := day(60)
	f.now = now
	a, b, c := customer.FromInt64(1), customer.FromInt64(2), customer.FromInt64(3)
	for n, from := range []int{0, 30, 20} {
		f.slices[fakeAtom(n+1)] = customer.Slice{Atom: fakeAtom(n + 1), Stream: stream, Since: day(from)}
	}
	f.created(a, fakeAtom(1))
	f.created(b, fakeAtom(2))
	var all []Evidence
	for n := range 300 { // in pages
		all = append(all, Evidence{
			Atom: stream, ID: fmt.Sprint(n), Source: "shop", Event: "order", Time: day(0).Add(time.Duration(n*7%300) * 4 * time.Hour),
			Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(1)}, {Name: "brand", Value: customer.TextValue("C")}},
		})
	}
	_, err := p.Add(t.Context(), now, all...)
	require.NoError(t, err)
	orders := func(id customer.ID, known time.Time) int64 {
		one, err := p.Profile(t.Context(), id, Moment{At: day(100), Known: known})
		require.NoError(t, err)
		n, _ := one.Value("orders").Int64()
		return n
	}
	sync := func(want int) {
		done, err := p.Sync(t.Context(), f.now, f)
		require.NoError(t, err)
		require.Equal(t, want, done.Refolded)
	}
	sync(2)
	require.EqualValues(t, 180, orders(a, time.Time{}))
	require.EqualValues(t, 120, orders(b, time.Time{}))
	before := f.now
	f.created(c, fakeAtom(3))
	sync(2) // not b
	require.EqualValues(t, 120, orders(a, time.Time{}))
	require.EqualValues(t, 60, orders(c, time.Time{}))
	require.EqualValues(t, 120, orders(b, time.Time{}))
	require.EqualValues(t, 180, orders(a, before), "as it was known")
	for n, want := range []time.Time{day(0), day(30), day(20)} {
		aside, err := p.SetAside(t.Context(), fakeAtom(n+1))
		require.NoError(t, err)
		for _, v := range aside {
			require.False(t, v.Time.Before(want))
		}
	}
	q, err := p.Quality(t.Context(), now)
	require.NoError(t, err)
	require.Equal(t, []Rejection{{Source: "shop", Name: "brand", Reason: q.Rejected[0].Reason, Values: 300}}, q.Rejected)
	require.EqualValues(t, 300, q.Sources[1].Evidence)

	require.NoError(t, p.Retract(t.Context(), now, stream, "0"))
	sync(1)
	require.EqualValues(t, 119, orders(a, time.Time{}))
	f.erased(c)
	sync(1 + 1) // and a, who has what comes there now
	require.EqualValues(t, 119, orders(a, time.Time{}))
	_, err = p.Add(t.Context(), now, Evidence{Atom: stream, ID: "late", Source: "shop", Event: "order", Time: day(25), Values: all[0].Values})
	require.ErrorIs(t, err, ErrErased)
	left := 0
	for range p.Timeline(t.Context(), a, Moment{At: now, Known: before}, nil) {
		left++
	}
	require.Equal(t, 119, left, "what was erased was never known")
	f.moved(b, customer.ID{}, fakeAtom(2))
	sync(2)
	require.EqualValues(t, 239, orders(a, time.Time{}))
}

// A page in which nothing of a slice can be is not looked into.
func TestSliceReadsItsPagesOnly(t *testing.T) {
	stream := customer.AtomID{0: 's'}
	f, s := newFakeFeed(), minimal()
	p := openLog(t, s)
	day := func(n int) time.Time { return sliceStart.AddDate(0, 0, n) }
	f.now = day(90)
	ids := []customer.ID{customer.FromInt64(1), customer.FromInt64(2), customer.FromInt64(3)}
	for n, from := range []int{0, 30, 60} {
		f.slices[fakeAtom(n)] = customer.Slice{Atom: fakeAtom(n), Stream: stream, Since: day(from)}
		f.created(ids[n], fakeAtom(n))
	}
	for n := range 900 { // in their order
		_, err := p.Add(t.Context(), f.now, Evidence{Atom: stream, ID: fmt.Sprint(n), Source: "shop", Event: "order", Time: day(0).Add(time.Duration(n) * 144 * time.Minute), Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(1)}}})
		require.NoError(t, err)
	}
	_, err := p.Sync(t.Context(), day(90), f)
	require.NoError(t, err)
	b, spoiled := new(store.Batch), 0
	for e, err := range s.Scan(t.Context(), store.Under(key('e', stream[:]))) {
		require.NoError(t, err)
		first, last, err := spanOf(e.Value)
		require.NoError(t, err)
		if last < day(30).UnixMicro() || day(60).UnixMicro() <= first {
			spoiled++
			b.Put(e.Key, e.Value[:len(e.Value)-1])
		}
	}
	require.Greater(t, spoiled, 5)
	_, err = s.Commit(t.Context(), b)
	require.NoError(t, err)
	one, err := p.Profile(t.Context(), ids[1], Moment{At: day(90)})
	require.NoError(t, err)
	n, _ := one.Value("orders").Int64()
	require.EqualValues(t, 300, n)
	_, err = p.Profile(t.Context(), ids[0], Moment{At: day(90)})
	require.ErrorIs(t, err, store.ErrCorrupt)
}

// An erased slice ends that before it until its entries are gone; where it ended itself is
// taken when all of the change is known, and kept.
func TestSliceErased(t *testing.T) {
	stream := customer.AtomID{0: 's'}
	f, s := newFakeFeed(), minimal()
	p := openLog(t, s)
	day := func(n int) time.Time { return sliceStart.AddDate(0, 0, n) }
	f.now = day(60)
	a, b, c := customer.FromInt64(1), customer.FromInt64(2), customer.FromInt64(3)
	for n, from := range []int{0, 20, 30} {
		f.slices[fakeAtom(n)] = customer.Slice{Atom: fakeAtom(n), Stream: stream, Since: day(from)}
	}
	f.created(a, fakeAtom(0))
	f.created(c, fakeAtom(1))
	f.created(b, fakeAtom(2))
	say := func(id string, at time.Time) error {
		_, err := p.Add(t.Context(), f.now, Evidence{Atom: stream, ID: id, Source: "shop", Event: "order", Time: at, Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(1)}}})
		return err
	}
	for n := range 400 {
		require.NoError(t, say(fmt.Sprint(n), day(0).Add(time.Duration(n)*144*time.Minute)))
	}
	_, err := p.Sync(t.Context(), f.now, f)
	require.NoError(t, err)
	orders := func() int64 {
		one, err := p.Profile(t.Context(), a, Moment{At: day(100)})
		require.NoError(t, err)
		n, _ := one.Value("orders").Int64()
		return n
	}
	name := sliceName{stream, day(20).UnixMicro(), fakeAtom(1)}
	fate := func() *slice {
		e, err := s.Get(t.Context(), sliceKey(name))
		require.NoError(t, err)
		sl, err := readSlice(e[0])
		require.NoError(t, err)
		return sl
	}
	require.EqualValues(t, 200, orders())
	f.erased(c)
	f.still = true
	f.moved(b, customer.ID{}, fakeAtom(2)) // at the same time
	f.still = false
	unsettled, erasing := 0, 0
	for commits, operations := 0, 16; ; commits++ {
		require.Less(t, commits, 50)
		_, err := follower(crashAfter(narrow{s, operations}, 1, true)).follow(t.Context(), f.clock(), f)
		if err == nil {
			break
		}
		require.ErrorIs(t, err, errCrash)
		at, e := p.position(t.Context())
		require.NoError(t, e)
		if at.settled() {
			operations = 1000
		}
		switch sl := fate(); {
		case !at.settled():
			unsettled++
			require.NotEqual(t, sliceErased, sl.fate)
		case sl.fate == sliceErasing:
			erasing++
			require.EqualValues(t, 200, orders(), "not what is being erased")
			require.ErrorIs(t, say("while", day(25)), ErrErased)
		}
	}
	require.Positive(t, unsettled)
	require.Positive(t, erasing)
	sl := fate()
	require.Equal(t, sliceErased, sl.fate)
	require.Equal(t, day(30).UnixMicro(), sl.until)
	require.EqualValues(t, 300, orders(), "what was the other's is nobody else's")
	require.ErrorIs(t, say("in it", day(25)), ErrErased)
	require.NoError(t, say("after it", day(35)))
	// It stays there, whatever becomes of those after it.
	f.slices[fakeAtom(3)] = customer.Slice{Atom: fakeAtom(3), Stream: stream, Since: day(22)}
	f.created(customer.FromInt64(4), fakeAtom(3))
	_, err = p.Sync(t.Context(), f.now, f)
	require.NoError(t, err)
	require.Equal(t, day(30).UnixMicro(), fate().until)
}

// Nothing that the source of erased evidence wrote is left, not even of what the schema has
// no name for.
func TestSliceErasedNames(t *testing.T) {
	s, f := new(store.Memory), newFakeFeed()
	p, id, stream := openLog(t, s), customer.FromInt64(1), customer.AtomID{0: 's'}
	f.slices[fakeAtom(1)] = customer.Slice{Atom: fakeAtom(1), Stream: stream, Since: sliceStart}
	f.now = sliceStart.AddDate(0, 0, 9)
	f.created(id, fakeAtom(1))
	_, err := p.Sync(t.Context(), f.now, f)
	require.NoError(t, err)
	_, err = p.Add(t.Context(), f.now, Evidence{
		Atom: stream, ID: "e", Source: "shop", Event: "order", Time: f.now,
		Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(1)}, {Name: "ada@example.org", Value: customer.TextValue("classified")}},
	})
	require.NoError(t, err)
	require.Positive(t, count(t, s, "classified"))
	f.erased(id)
	_, err = p.Sync(t.Context(), f.now, f)
	require.NoError(t, err)
	require.Zero(t, count(t, s, "classified"))
	require.Zero(t, count(t, s, "ada@example.org"))
}
