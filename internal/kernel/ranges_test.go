package kernel

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRanges(t *testing.T) {
	ends := []int{0, 1, 63, 64, 128, 5000, Bits - 1, Bits}
	w := samples()["half"]
	var ranks Ranks
	require.Equal(t, Count(w), ranks.Rank(w))
	for _, lo := range ends {
		for _, hi := range ends {
			in := func(p int) bool { return lo <= p && p < hi }
			got := *w
			FillRange(&got, lo, hi)
			same(t, where(func(p int) bool { return has(w, p) || in(p) }), &got)
			got = *w
			ClearRange(&got, lo, hi)
			same(t, where(func(p int) bool { return has(w, p) && !in(p) }), &got)
			want := where(func(p int) bool { return has(w, p) && in(p) })
			require.Equal(t, len(positions(want)), CountRange(w, lo, hi), "%d to %d", lo, hi)
			if lo < hi {
				require.Equal(t, len(positions(want)), ranks.CountRange(w, lo, hi), "%d to %d", lo, hi)
			}
		}
	}
}

func TestRanksOfAll(t *testing.T) {
	var w Words
	FillRange(&w, 0, Bits)
	var ranks Ranks
	require.Equal(t, Bits, ranks.Rank(&w))
	require.Equal(t, Bits, ranks.CountRange(&w, 0, Bits))
	require.Equal(t, Bits-101, ranks.CountRange(&w, 100, Bits-1))
}

func TestRangesBeyondTheChunk(t *testing.T) {
	var w Words
	require.Panics(t, func() { FillRange(&w, -1, 5) })
	require.Panics(t, func() { FillRange(&w, 5, Bits+1) })
	require.Panics(t, func() { ClearRange(&w, 5, Bits+1) })
	require.Panics(t, func() { CountRange(&w, -100, Bits) })
	require.Equal(t, Words{}, w)
}
