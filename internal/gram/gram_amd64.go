//go:build !purego

package gram

import "github.com/clientele-go/clientele/internal/simd"

// side is the number of features of a tile.
const side = 4

func combine(dst *[Block]float64, block, coefficients []float64) {
	if simd.InUse == simd.Go || len(coefficients) == 0 {
		combineGo(dst, block, coefficients)
		return
	}
	combineAVX2(&dst[0], &block[0], &coefficients[0], len(coefficients))
}

func dots(dst, block []float64, r *[Block]float64) {
	whole := 0
	if simd.InUse != simd.Go {
		whole = len(dst) &^ (side - 1)
	}
	var sums [side]float64
	for j := 0; j < whole; j += side {
		dotsAVX2(&sums, &block[j*Block], &r[0])
		for k, sum := range sums {
			dst[j+k] += sum
		}
	}
	dotsGo(dst[whole:], block[whole*Block:], r)
}

func scale(dst, block []float64, w *[Block]float64, d int) {
	if simd.InUse == simd.Go || d == 0 {
		scaleGo(dst, block, w, d)
		return
	}
	scaleAVX2(&dst[0], &block[0], &w[0], d)
}

func shift(dst, x *[Block]float64, center, slope float64) {
	if simd.InUse == simd.Go {
		shiftGo(dst, x, center, slope)
		return
	}
	shiftAVX2(&dst[0], &x[0], center, slope)
}

// add goes over tiles. The last ones of a row or column begin so that they end with it; of
// what they have in common with those before them they add nothing.
func add(dst []float64, stride int, a, b []float64, d int) {
	if simd.InUse == simd.Go || d < side {
		addGo(dst, stride, a, b, d)
		return
	}
	var sums [side * side]float64
	for i := 0; i < d; i += side {
		top := min(i, d-side)
		for j := 0; j <= i; j += side {
			left := min(j, d-side)
			if simd.InUse == simd.AVX512 {
				tileAVX512(&sums, &a[top*Block], &b[left*Block])
			} else {
				tileAVX2(&sums, &a[top*Block], &b[left*Block])
			}
			for r := i; r < min(i+side, d); r++ {
				to := dst[r*stride:]
				for c := j; c < min(j+side, r+1); c++ {
					to[c] += sums[(r-top)*side+c-left]
				}
			}
		}
	}
}
