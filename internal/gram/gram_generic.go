//go:build !amd64 || purego

package gram

func combine(dst *[Block]float64, block, coefficients []float64) {
	combineGo(dst, block, coefficients)
}

func dots(dst, block []float64, r *[Block]float64) { dotsGo(dst, block, r) }

func scale(dst, block []float64, w *[Block]float64, d int) { scaleGo(dst, block, w, d) }

func shift(dst, x *[Block]float64, center, slope float64) { shiftGo(dst, x, center, slope) }

func add(dst []float64, stride int, a, b []float64, d int) { addGo(dst, stride, a, b, d) }
