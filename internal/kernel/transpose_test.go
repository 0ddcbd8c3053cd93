package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/internal/simd"
)

func TestTranspose(t *testing.T) {
	for width := range 65 {
		if width%8 > 0 && race.Enabled {
			continue
		}
		values, want := column(width)
		simd.Each(t, func(t *testing.T) {
			got := slices.Repeat([]uint64{0x5555}, len(want)+width%5)[width%5:]
			Encode(got, values)
			require.True(t, slices.Equal(want, got), "width %d", width)
			for word := range Size {
				var dst [64]uint64
				dst[5] = 1 << 63
				Decode(&dst, got, word)
				require.True(t, slices.Equal(values[64*word:][:64], dst[:]), "width %d, word %d", width, word)
			}
		})
	}
}

func TestEncodeShort(t *testing.T) {
	values, _ := column(20)
	for _, n := range []int{0, 1, 63, 64, 65, 511, 512, 513, 3000, Bits - 1} {
		want := make([]uint64, 20*Size)
		for p, v := range values[:n] {
			for k := range 20 {
				want[k*Size+p/64] |= v >> k & 1 << (p % 64)
			}
		}
		simd.Each(t, func(t *testing.T) {
			got := slices.Repeat([]uint64{0x5555}, len(want))
			Encode(got, values[:n:n])
			require.True(t, slices.Equal(want, got), "%d values", n)
		})
	}
	require.Panics(t, func() { Encode(nil, make([]uint64, Bits+1)) })
}

// Blocks of small values among large ones, and bits beyond the width.
func TestEncodeUneven(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	values := make([]uint64, Bits)
	for p := range values {
		values[p] = r.Uint64() >> (p / 64 * 7 % 65)
	}
	for _, width := range []int{0, 1, 8, 13, 16, 40, 64} {
		simd.Each(t, func(t *testing.T) {
			got := make([]uint64, width*Size)
			Encode(got, values)
			for p, v := range values {
				if v &= maxOf(width); Value(got, p) != v {
					t.Fatalf("width %d: %d at %d, want %d", width, Value(got, p), p, v)
				}
			}
		})
	}
}
