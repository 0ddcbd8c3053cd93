package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/internal/simd"
)

var columns [65]struct{ values, slices []uint64 }

// column gives values of a width, with many at the edges, and their slices,
// built bit by bit and placed at an odd offset. They must not be changed.
func column(width int) (values, slices []uint64) {
	c := &columns[width]
	if c.values != nil {
		return c.values, c.slices
	}
	r := rand.New(rand.NewPCG(uint64(width), 7))
	values = make([]uint64, Bits)
	slices = make([]uint64, width*Size+width%8)[width%8:]
	edges := constants(width)
	for p := range values {
		v := r.Uint64()
		switch v % 4 {
		case 0:
			v = edges[r.IntN(len(edges))]
		case 1:
			v >>= r.IntN(64)
		}
		values[p] = v & maxOf(width)
	}
	for i := range Size {
		block := [64]uint64(values[64*i:])
		for k := range width {
			var word uint64
			for b, v := range block {
				word |= v >> k & 1 << b
			}
			slices[k*Size+i] = word
		}
	}
	c.values, c.slices = values, slices
	return values, slices
}

// constants are bounds at which a comparison goes wrong first.
func constants(width int) []uint64 {
	all := []uint64{0, 1, 2, 3, math.MaxUint64, math.MaxUint64 - 1, 0x123456789abcdef0, 0xaaaaaaaaaaaaaaaa}
	for _, k := range []int{width / 2, width - 1, width, width + 1} {
		if k >= 0 && k < 64 {
			all = append(all, 1<<k, 1<<k-1, 1<<k+1)
		}
	}
	r := rand.New(rand.NewPCG(uint64(width), 8))
	return append(all, r.Uint64()&maxOf(width), r.Uint64()&maxOf(width))
}

func TestBetween(t *testing.T) {
	for width := range 65 {
		if width%8 > 0 && race.Enabled {
			continue
		}
		values, slices := column(width)
		edges := constants(width)
		if width%9 != 2 {
			edges = []uint64{0, edges[len(edges)-1], maxOf(width) - 1, maxOf(width)}
		}
		checkBetween(t, values, slices, edges[2], edges[1])
		for i, lo := range edges {
			for _, hi := range edges[i:] {
				checkBetween(t, values, slices, lo, hi)
			}
		}
	}
}

// checkBetween compares all forms of Between and Split with a look at each value.
func checkBetween(t *testing.T, values, slices []uint64, lo, hi uint64) {
	want := where(func(p int) bool { return lo <= values[p] && values[p] <= hi })
	less := where(func(p int) bool { return values[p] < lo })
	for _, one := range simd.All() {
		simd.InUse = one
		var dst Words
		FillRange(&dst, 100, 3000)
		Between(&dst, slices, lo, hi)
		require.True(t, *want == dst, "%s: width %d, %d to %d", one, len(slices)/Size, lo, hi)
		var below Words
		FillRange(&below, 2000, 9000)
		FillRange(&dst, 100, 3000)
		Split(&below, &dst, slices, lo, hi)
		require.True(t, *want == dst && *less == below, "%s: split, width %d, %d to %d", one, len(slices)/Size, lo, hi)
	}
}

func TestSliceCounts(t *testing.T) {
	filters := samples()
	for _, width := range []int{0, 1, 2, 3, 4, 5, 7, 8, 13, 20, 33, 64} {
		values, slices := column(width)
		for name, filter := range filters {
			want := make([]uint64, width)
			for k := range want {
				want[k] = uint64(k)
			}
			for _, p := range positions(filter) {
				for k := range want {
					want[k] += values[p] >> k & 1
				}
			}
			simd.Each(t, func(t *testing.T) {
				got := make([]uint64, width)
				for k := range got {
					got[k] = uint64(k)
				}
				SliceCounts(got, filter, slices)
				require.Equal(t, want, got, name)
			})
		}
	}
	require.Panics(t, func() { SliceCounts(make([]uint64, 1), &Words{}, make([]uint64, 2*Size)) })
}

func TestValue(t *testing.T) {
	for width := range 65 {
		values, slices := column(width)
		for p := 0; p < Bits; p += 97 {
			if got := Value(slices, p); got != values[p] {
				t.Fatalf("width %d: %d at %d, want %d", width, got, p, values[p])
			}
		}
	}
}
