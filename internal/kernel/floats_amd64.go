//go:build !purego

package kernel

import "github.com/clientele-go/clientele/internal/simd"

//go:noescape
func betweenFloatsAVX2(dst *uint64, values *float64, n int, lo, hi float64)

func betweenFloats(dst []uint64, values []float64, lo, hi float64) {
	if n := len(values) / 64; n > 0 && simd.InUse != simd.Go {
		betweenFloatsAVX2(&dst[0], &values[0], n, lo, hi)
		dst, values = dst[n:], values[n*64:]
	}
	betweenFloatsGo(dst, values, lo, hi)
}
