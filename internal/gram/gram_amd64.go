//go:build !purego

package gram

import "golang.org/x/sys/cpu"

// best is the best form this processor has. Of AVX-512 it takes what Ice Lake and Zen 4
// were the first to have; those before them run slower for it.
var best = func() form {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return formGo
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VPOPCNTDQ && x.HasAVX512VBMI2:
		return formAVX512
	}
	return formAVX2
}()

// side is the number of features of a tile.
const side = 4

func combine(dst *[Block]float64, block, coefficients []float64) {
	if inUse == formGo || len(coefficients) == 0 {
		combineGo(dst, block, coefficients)
		return
	}
	combineAVX2(&dst[0], &block[0], &coefficients[0], len(coefficients))
}

func dots(dst, block []float64, r *[Block]float64) {
	whole := 0
	if inUse != formGo {
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
	if inUse == formGo || d == 0 {
		scaleGo(dst, block, w, d)
		return
	}
	scaleAVX2(&dst[0], &block[0], &w[0], d)
}

func shift(dst, x *[Block]float64, center, slope float64) {
	if inUse == formGo {
		shiftGo(dst, x, center, slope)
		return
	}
	shiftAVX2(&dst[0], &x[0], center, slope)
}

// add goes over tiles. The last ones of a row or column begin so that they end with it; of
// what they have in common with those before them they add nothing.
func add(dst []float64, stride int, a, b []float64, d int) {
	if inUse == formGo || d < side {
		addGo(dst, stride, a, b, d)
		return
	}
	var sums [side * side]float64
	for i := 0; i < d; i += side {
		top := min(i, d-side)
		for j := 0; j <= i; j += side {
			left := min(j, d-side)
			if inUse == formAVX512 {
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
