package logistic

import "math"

// cholesky replaces the lower triangle of the p by p matrix a, row by row, by the factor L of
// a = L·Lᵀ. A column whose pivot is at most tolerance times its diagonal is determined by
// those before it: its pivot becomes +Inf, so that solutions are 0 there, and aliased, if
// not nil, is called with it.
func cholesky(a []float64, p int, tolerance float64, aliased func(j int)) {
	for i := range p {
		row := a[i*p:][:i+1]
		diagonal := row[i]
		for j := range i {
			other := a[j*p:][:j+1]
			row[j] = (row[j] - product(row[:j], other[:j])) / other[j]
		}
		pivot := diagonal - product(row[:i], row[:i])
		if !(pivot > tolerance*diagonal) {
			clear(row[:i])
			row[i] = math.Inf(1)
			if aliased != nil {
				aliased(i)
			}
			continue
		}
		row[i] = math.Sqrt(pivot)
	}
}

// forward solves L·y = x in place.
func forward(l []float64, p int, x []float64) {
	for i := range p {
		row := l[i*p:][:i+1]
		x[i] = (x[i] - product(row[:i], x[:i])) / row[i]
	}
}

// backward solves Lᵀ·y = x in place.
func backward(l []float64, p int, x []float64) {
	for i := p - 1; i >= 0; i-- {
		row := l[i*p:][:i+1]
		x[i] /= row[i]
		for j, v := range row[:i] {
			x[j] -= float64(v * x[i])
		}
	}
}

// product is the sum of a[i]·b[i], in four sums.
func product(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float64(a[i] * b[i])
		s1 += float64(a[i+1] * b[i+1])
		s2 += float64(a[i+2] * b[i+2])
		s3 += float64(a[i+3] * b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i] * b[i])
	}
	return (s0 + s2) + (s1 + s3)
}
