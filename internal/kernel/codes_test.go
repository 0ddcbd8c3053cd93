package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/simd"
)

// lengths of columns: around the blocks a form works in.
var lengths = []int{0, 1, 31, 63, 64, 65, 128, 1000, Bits - 65, Bits - 1, Bits}

func TestCodes8(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	buffer := make([]uint8, Bits+64)
	for i := range buffer {
		buffer[i] = uint8(r.IntN(256) >> r.IntN(8))
	}
	var table [256]uint8
	for c := range table {
		table[c] = uint8(r.IntN(2))
	}
	filters := samples()
	for i, n := range lengths {
		codes := buffer[i:][:n:n]
		want := where(func(p int) bool { return p < n && table[codes[p]] == 1 })
		simd.Each(t, func(t *testing.T) {
			got := *filters["half"]
			MatchCodes8(&got, codes, &table)
			same(t, want, &got)
		})
		for name, filter := range filters {
			want := make([]uint32, 256)
			for p, c := range codes {
				if has(filter, p) {
					want[c]++
				}
			}
			want[9] += 9
			simd.Each(t, func(t *testing.T) {
				got := make([]uint32, 256)
				got[9] = 9
				CountCodes8(got, filter, codes)
				require.True(t, slices.Equal(want, got), "%s, %d codes", name, n)
			})
		}
	}
}

func TestCodes16(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	buffer := make([]uint16, Bits+64)
	for i := range buffer {
		buffer[i] = uint16(r.IntN(Bits) >> r.IntN(16))
	}
	table := make([]uint8, 1000)
	for c := range table {
		table[c] = uint8(r.IntN(2))
	}
	filters := samples()
	for i, n := range lengths {
		codes := buffer[i:][:n:n]
		want := where(func(p int) bool { return p < n && int(codes[p]) < len(table) && table[codes[p]] == 1 })
		simd.Each(t, func(t *testing.T) {
			got := *filters["half"]
			MatchCodes16(&got, codes, table)
			same(t, want, &got)
			MatchCodes16(&got, codes, nil)
			same(t, &Words{}, &got)
		})
		for name, filter := range filters {
			for _, size := range []int{300, Bits} {
				small := make([]uint16, n)
				for p, c := range codes {
					small[p] = c % uint16(size-1)
				}
				want := make([]uint32, size)
				for p, c := range small {
					if has(filter, p) {
						want[c]++
					}
				}
				want[9] += 9
				simd.Each(t, func(t *testing.T) {
					got := make([]uint32, size)
					got[9] = 9
					CountCodes16(got, filter, small)
					require.True(t, slices.Equal(want, got), "%s, %d codes", name, n)
				})
			}
		}
	}
}

func TestCodesOutOfBounds(t *testing.T) {
	simd.Each(t, func(t *testing.T) {
		var w Words
		require.Panics(t, func() { MatchCodes8(&w, make([]uint8, Bits+1), &[256]uint8{}) })
		require.Panics(t, func() { MatchCodes16(&w, make([]uint16, Bits+1), nil) })
		FillRange(&w, 3, 7)
		codes := []uint8{9, 9, 9, 1, 2, 3, 4, 9}
		counts := make([]uint32, 5)
		CountCodes8(counts, &w, codes)
		require.Equal(t, []uint32{0, 1, 1, 1, 1}, counts, "codes outside the filter are not looked at")
		require.Panics(t, func() { CountCodes8(counts[:4], &w, codes) })
		require.Panics(t, func() { CountCodes16(make([]uint32, 500), &w, []uint16{0, 0, 0, 500}) })
		require.Panics(t, func() { CountCodes8(counts, &w, make([]uint8, Bits+1)) })
	})
}
