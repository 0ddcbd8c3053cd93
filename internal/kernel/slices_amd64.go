//go:build !purego

package kernel

import "github.com/clientele-go/clientele/internal/simd"

//go:noescape
func boundAVX2(atLeast, above, slice *Words, lo, hi bool)

//go:noescape
func boundAVX512(atLeast, above, slice *Words, lo, hi bool)

//go:noescape
func sliceCountAVX2(filter, slice *Words) int

//go:noescape
func sliceCountAVX512(filter, slice *Words) int

func bound(atLeast, above, slice *Words, lo, hi bool) {
	switch simd.InUse {
	case simd.AVX512:
		boundAVX512(atLeast, above, slice, lo, hi)
	case simd.AVX2:
		boundAVX2(atLeast, above, slice, lo, hi)
	default:
		boundGo(atLeast, above, slice, lo, hi)
	}
}

func sliceCount(filter, slice *Words) int {
	switch simd.InUse {
	case simd.AVX512:
		return sliceCountAVX512(filter, slice)
	case simd.AVX2:
		return sliceCountAVX2(filter, slice)
	}
	return andCountGo(filter, slice)
}
