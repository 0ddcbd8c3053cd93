package survival

import "math"

// determined is the share of a column's scale below which what those before it leave of
// it counts as nothing.
const determined = 1e-12

// cholesky replaces the lower triangle of the p by p matrix a, row by row, by the factor L of
// a = L·Lᵀ. A column whose pivot is at most tolerance times its scale is determined by those
// before it: its pivot becomes +Inf, so that solutions are 0 there, and aliased, if not nil,
// is called with it.
func cholesky(a []float64, p int, scale []float64, tolerance float64, aliased func(j int)) {
	for i := range p {
		row := a[i*p:][:i+1]
		for j := range i {
			other := a[j*p:][:j+1]
			row[j] = (row[j] - product(row[:j], other[:j])) / other[j]
		}
		pivot := row[i] - product(row[:i], row[:i])
		if !(pivot > tolerance*scale[i]) {
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
			x[j] -= v * x[i]
		}
	}
}

// invert returns the inverse of L·Lᵀ, both triangles; rows and columns of aliased ones are 0.
func invert(l []float64, p int) []float64 {
	inverse := make([]float64, p*p)
	x := make([]float64, p)
	for j := range p {
		clear(x)
		if !math.IsInf(l[j*(p+1)], 1) {
			x[j] = 1
		}
		forward(l, p, x)
		backward(l, p, x)
		for i := range j + 1 {
			inverse[i*p+j], inverse[j*p+i] = x[i], x[i]
		}
	}
	return inverse
}

// product is the sum of a[i]·b[i].
func product(a, b []float64) float64 {
	total := 0.0
	for i, x := range a {
		total += float64(x * b[i])
	}
	return total
}

// submatrix returns the lower triangle of the rows and columns with the given ascending indexes of a
// symmetric matrix of which a has the lower triangle.
func submatrix(a []float64, p int, index []int) []float64 {
	n := len(index)
	s := make([]float64, n*n)
	for i, v := range index {
		for j, u := range index[:i+1] {
			s[i*n+j] = a[v*p+u]
		}
	}
	return s
}
