// Package cholesky factors symmetric positive matrices that may have columns which those
// before them determine, and solves with the factor. A matrix is the lower triangle of
// p by p numbers, row by row; what is above the diagonal is neither read nor written.
package cholesky

import "math"

// Factor replaces the matrix a by the factor L of a = L·Lᵀ. A column whose pivot is at most
// tolerance times its scale (nil: its diagonal) is determined by those before it: its pivot
// becomes +Inf, so that solutions are 0 there, and aliased, if not nil, is called with it.
// Cost: p³/6 multiplications.
func Factor(a []float64, p int, scale []float64, tolerance float64, aliased func(j int)) {
	for i := range p {
		row := a[i*p:][:i+1]
		least := tolerance * row[i]
		if scale != nil {
			least = tolerance * scale[i]
		}
		for j := range i {
			other := a[j*p:][:j+1]
			row[j] = (row[j] - Dot(row[:j], other[:j])) / other[j]
		}
		pivot := row[i] - Dot(row[:i], row[:i])
		if !(pivot > least) {
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

// Forward solves L·y = x in place.
func Forward(l []float64, p int, x []float64) {
	for i := range p {
		row := l[i*p:][:i+1]
		x[i] = (x[i] - Dot(row[:i], x[:i])) / row[i]
	}
}

// Backward solves Lᵀ·y = x in place.
func Backward(l []float64, p int, x []float64) {
	for i := p - 1; i >= 0; i-- {
		row := l[i*p:][:i+1]
		x[i] /= row[i]
		for j, v := range row[:i] {
			x[j] -= float64(v * x[i])
		}
	}
}

// Inverse returns the inverse of L·Lᵀ, both triangles; rows and columns of aliased ones are 0.
func Inverse(l []float64, p int) []float64 {
	inverse := make([]float64, p*p)
	x := make([]float64, p)
	for j := range p {
		clear(x)
		if !math.IsInf(l[j*(p+1)], 1) {
			x[j] = 1
		}
		Forward(l, p, x)
		Backward(l, p, x)
		for i := range j + 1 {
			inverse[i*p+j], inverse[j*p+i] = x[i], x[i]
		}
	}
	return inverse
}

// Part returns the matrix of the rows and columns of a with the given indexes, in their order.
func Part(a []float64, p int, index []int) []float64 {
	n := len(index)
	s := make([]float64, n*n)
	for i, v := range index {
		for j, u := range index[:i+1] {
			s[i*n+j] = a[max(u, v)*p+min(u, v)]
		}
	}
	return s
}

// Dot is the sum of a[i]·b[i], in four sums. b is at least as long as a.
func Dot(a, b []float64) float64 {
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
