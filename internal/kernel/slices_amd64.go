//go:build !purego

package kernel

import "github.com/clientele-go/clientele/internal/simd"

//go:noescape
func betweenAVX2(below, dst *Words, slices *uint64, n int, lo, hi uint64)

//go:noescape
func betweenAVX512(below, dst *Words, slices *uint64, n int, lo, hi uint64)

//go:noescape
func sliceCountsAVX2(counts *[4]uint64, filter, slices *Words)

//go:noescape
func sliceCountsAVX512(counts *[4]uint64, filter, slices *Words)

func between(below, dst *Words, slices []uint64, lo, hi uint64, first int) {
	if simd.InUse == simd.Go {
		betweenGo(below, dst, slices, lo, hi, first)
		return
	}
	n := len(slices)/Size - first
	slices = slices[first*Size:]
	lo, hi = lo>>first, hi>>first
	if simd.InUse == simd.AVX512 {
		betweenAVX512(below, dst, &slices[0], n, lo, hi)
	} else {
		betweenAVX2(below, dst, &slices[0], n, lo, hi)
	}
}

func sliceCounts(counts []uint64, filter *Words, slices []uint64) {
	if simd.InUse == simd.Go {
		sliceCountsGo(counts, filter, slices)
		return
	}
	for ; len(counts) >= 4; counts, slices = counts[4:], slices[4*Size:] {
		four, first := (*[4]uint64)(counts), (*Words)(slices[:4*Size])
		if simd.InUse == simd.AVX512 {
			sliceCountsAVX512(four, filter, first)
		} else {
			sliceCountsAVX2(four, filter, first)
		}
	}
	for k := range counts {
		counts[k] += uint64(andCount(filter, (*Words)(slices[k*Size:])))
	}
}
