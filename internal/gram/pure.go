package gram

import "math"

func combineGo(dst *[Block]float64, block, coefficients []float64) {
	clear(dst[:])
	for len(coefficients) >= 4 {
		b0, b1, b2, b3 := coefficients[0], coefficients[1], coefficients[2], coefficients[3]
		x0, x1, x2, x3 := feature(block, 0), feature(block, 1), feature(block, 2), feature(block, 3)
		for i := range dst {
			dst[i] = math.FMA(b3, x3[i], math.FMA(b2, x2[i], math.FMA(b1, x1[i], math.FMA(b0, x0[i], dst[i]))))
		}
		coefficients, block = coefficients[4:], block[4*Block:]
	}
	for j, b := range coefficients {
		x := feature(block, j)
		for i := range dst {
			dst[i] = math.FMA(b, x[i], dst[i])
		}
	}
}

func dotsGo(dst, block []float64, r *[Block]float64) {
	for j := range dst {
		dst[j] += dot(feature(block, j), r)
	}
}

func scaleGo(dst, block []float64, w *[Block]float64, d int) {
	for j := range d {
		to, x := feature(dst, j), feature(block, j)
		for i := range to {
			to[i] = w[i] * x[i]
		}
	}
}

func shiftGo(dst, x *[Block]float64, center, slope float64) {
	for i := range dst {
		dst[i] = (x[i] - center) * slope
	}
}

func addGo(dst []float64, stride int, a, b []float64, d int) {
	for i := range d {
		x := feature(a, i)
		for j := range i + 1 {
			dst[i*stride+j] += dot(x, feature(b, j))
		}
	}
}

func feature(block []float64, j int) *[Block]float64 {
	return (*[Block]float64)(block[j*Block:])
}

// dot is the sum of products as the package comment has it.
func dot(a, b *[Block]float64) float64 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for i := 0; i < Block; i += lanes {
		s0 = math.FMA(a[i], b[i], s0)
		s1 = math.FMA(a[i+1], b[i+1], s1)
		s2 = math.FMA(a[i+2], b[i+2], s2)
		s3 = math.FMA(a[i+3], b[i+3], s3)
		s4 = math.FMA(a[i+4], b[i+4], s4)
		s5 = math.FMA(a[i+5], b[i+5], s5)
		s6 = math.FMA(a[i+6], b[i+6], s6)
		s7 = math.FMA(a[i+7], b[i+7], s7)
	}
	return ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7))
}
