package bitset

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/kernel"
)

// A bitmap that is edited again and again answers all that one made anew answers.
func TestFlipped(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	scratch := new(kernel.Words)
	drawn := func(share float64) (w kernel.Words) {
		for p := range kernel.Bits {
			if r.Float64() < share {
				w[p>>6] |= 1 << (p & 63)
			}
		}
		return w
	}
	some := func(most int) []uint16 {
		list := make([]uint16, r.IntN(most+1))
		for i := range list {
			list[i] = uint16(r.IntN(kernel.Bits))
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	kinds := map[kind]int{}
	for _, share := range []float64{0.02, 0.3, 0.999} {
		const dense = 1100
		w := drawn(share)
		s := Of(&w, dense)
		others := []Set{Full(40_000), OfSorted(some(300), dense)}
		for _, other := range []float64{0.02, 0.5} {
			o := drawn(other)
			others = append(others, Of(&o, dense), Of(&o, dense).Edit(some(20), some(20), dense, scratch))
		}
		for range 100 {
			add, remove := some(r.IntN(6)), some(r.IntN(6))
			if r.IntN(30) == 0 {
				add = some(2 * maxFlips)
			}
			if share < 0.1 && r.IntN(2) == 0 { // it comes and goes between array and bitmap
				remove = slices.Compact(slices.Sorted(slices.Values(append(remove, s.Positions(nil)[:min(40, s.Len())]...))))
			}
			before := slices.Clone(s.Positions(nil))
			old := s
			s = s.Edit(add, remove, dense, scratch)
			require.True(t, slices.Equal(before, old.Positions(nil)), "an edit changed what was edited")
			kernel.Erase(&w, remove)
			kernel.Scatter(&w, add)
			require.True(t, *scratch == kernel.Words{})
			kinds[s.kind]++
			requireSame(t, r, Of(&w, dense), s, others)
		}
	}
	require.Greater(t, kinds[flippedKind], 100)
	require.Greater(t, kinds[bitmapKind], 5)
	require.Greater(t, kinds[arrayKind], 5)
}

// requireSame asks all of two sets.
func requireSame(t *testing.T, r *rand.Rand, want, s Set, others []Set) {
	t.Helper()
	scratch := new(kernel.Words)
	require.Equal(t, want.Len(), s.Len())
	require.True(t, s.Equal(want) && want.Equal(s))
	require.True(t, slices.Equal(want.Positions(nil), s.Positions(nil)))
	require.True(t, slices.Equal(want.Positions(nil), slices.Collect(s.All())))
	require.Equal(t, AppendSet(nil, want), AppendSet(nil, s))
	require.Equal(t, appendRoaring(nil, []Set{want}), appendRoaring(nil, []Set{s}))
	if want.IsEmpty() {
		return
	}
	for range 200 {
		p := uint16(r.IntN(kernel.Bits))
		if r.IntN(2) == 0 {
			p = want.Select(r.IntN(want.Len()))
		}
		require.Equal(t, want.Contains(p), s.Contains(p))
	}
	i := r.IntN(want.Len())
	require.Equal(t, want.Select(i), s.Select(i))
	for _, o := range others {
		var base kernel.Words
		o.Load(&base)
		for _, apply := range []func(Set, *kernel.Words) bool{
			Set.And, Set.AndNot,
			func(s Set, w *kernel.Words) bool { s.Or(w); return true },
			func(s Set, w *kernel.Words) bool { s.Load(w); return true },
		} {
			a, b := base, base
			require.Equal(t, apply(want, &a), apply(s, &b))
			require.True(t, a == b)
		}
		require.Equal(t, want.AndCount(&base), s.AndCount(&base))
		require.Equal(t, want.AndNotCount(&base), s.AndNotCount(&base))
		for _, combine := range []func(a, b Set, dense int, scratch *kernel.Words) Set{And, Or, AndNot} {
			require.True(t, combine(want, o, 1100, scratch).Equal(combine(s, o, 1100, scratch)))
			require.True(t, combine(o, want, 1100, scratch).Equal(combine(o, s, 1100, scratch)))
		}
		require.Equal(t, AndCount(want, o, scratch), AndCount(s, o, scratch))
		require.Equal(t, AndCount(o, want, scratch), AndCount(o, s, scratch))
		require.True(t, *scratch == kernel.Words{})
	}
	// Nothing is left, and all.
	var all, none kernel.Words
	want.Load(&all)
	require.Equal(t, false, s.AndNot(&all))
	require.True(t, all == none)
	want.Load(&all)
	require.True(t, s.And(&all))
	require.Equal(t, false, s.And(&none))
}
