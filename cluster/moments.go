package cluster

import (
	"math"

	"github.com/clientele-go/clientele/internal/parallel"
)

// chunkRows is the number of rows whose floating-point sums are formed in one go; sums of
// chunks are added in the order of the chunks, so that no sum depends on the number of
// goroutines.
const chunkRows = 1 << 14

// moments are the mean and the spread of the values of a column that are there and whose
// rows have a weight.
type moments struct {
	weight float64 // sum of the weights
	mean   float64
	square float64 // weighted sum of the squared differences from the mean
	lo, hi float64 // the smallest and the largest value; lo > hi: there is none

	// Of all rows, those of weight 0 included:
	least, most float64
	gaps        int // missing values
}

// variance divides by the weight.
func (m moments) variance() float64 {
	if m.weight == 0 {
		return 0
	}
	return m.square / m.weight
}

// momentsOf goes through the values of a column, nil weights being 1 each. Differences
// are formed before they are squared and the parts are joined as by Chan, Golub and
// LeVeque (1979), so a large common offset costs no digits.
func momentsOf(workers int, values, weights []float64) moments {
	parts := make([]moments, (len(values)+chunkRows-1)/chunkRows)
	parallel.For(parallel.Workers(workers), len(parts), func(i int) {
		lo, hi := i*chunkRows, min((i+1)*chunkRows, len(values))
		if weights == nil {
			parts[i] = chunkMoments(values[lo:hi])
			if parts[i].gaps == 0 {
				return
			}
		}
		parts[i] = weightedMoments(values[lo:hi], slice(weights, lo, hi))
	})
	total := noMoments()
	for _, part := range parts {
		total = total.join(part)
	}
	return total
}

func noMoments() moments {
	return moments{lo: math.Inf(1), hi: math.Inf(-1), least: math.Inf(1), most: math.Inf(-1)}
}

func slice(values []float64, lo, hi int) []float64 {
	if values == nil {
		return nil
	}
	return values[lo:hi]
}

func (m moments) join(o moments) moments {
	j := moments{
		weight: m.weight + o.weight, mean: m.mean, square: m.square,
		lo: min(m.lo, o.lo), hi: max(m.hi, o.hi),
		least: min(m.least, o.least), most: max(m.most, o.most), gaps: m.gaps + o.gaps,
	}
	switch {
	case m.weight == 0:
		j.mean, j.square = o.mean, o.square
	case o.weight > 0:
		delta := o.mean - m.mean
		j.mean += float64(delta * (o.weight / j.weight))
		j.square += o.square + float64(float64(delta*delta)*(m.weight*(o.weight/j.weight)))
	}
	return j
}

// chunkMoments is weightedMoments of weights 1, with the same bits. A chunk with missing
// values gives gaps of 1 and nothing else that holds.
func chunkMoments(values []float64) moments {
	m := moments{weight: float64(len(values)), lo: values[0], hi: values[0]}
	origin := values[0]
	var sum [4]float64
	i := 0
	for ; i+4 <= len(values); i += 4 {
		a, b, c, d := values[i], values[i+1], values[i+2], values[i+3]
		sum[0] += a - origin
		sum[1] += b - origin
		sum[2] += c - origin
		sum[3] += d - origin
		if a < m.lo {
			m.lo = a
		}
		if a > m.hi {
			m.hi = a
		}
		if b < m.lo {
			m.lo = b
		}
		if b > m.hi {
			m.hi = b
		}
		if c < m.lo {
			m.lo = c
		}
		if c > m.hi {
			m.hi = c
		}
		if d < m.lo {
			m.lo = d
		}
		if d > m.hi {
			m.hi = d
		}
	}
	for ; i < len(values); i++ {
		sum[i%4] += values[i] - origin
		m.lo, m.hi = min(m.lo, values[i]), max(m.hi, values[i])
	}
	shift := (sum[0] + sum[2]) + (sum[1] + sum[3])
	if math.IsNaN(shift) {
		return moments{gaps: 1}
	}
	m.least, m.most = m.lo, m.hi
	m.mean = origin + shift/m.weight
	var square [4]float64
	i = 0
	for ; i+4 <= len(values); i += 4 {
		a, b, c, d := values[i]-m.mean, values[i+1]-m.mean, values[i+2]-m.mean, values[i+3]-m.mean
		square[0] += float64(a * a)
		square[1] += float64(b * b)
		square[2] += float64(c * c)
		square[3] += float64(d * d)
	}
	for ; i < len(values); i++ {
		d := values[i] - m.mean
		square[i%4] += float64(d * d)
	}
	m.square = (square[0] + square[2]) + (square[1] + square[3])
	return m
}

func weightedMoments(values, weights []float64) moments {
	m := noMoments()
	weight := func(i int) float64 {
		switch {
		case math.IsNaN(values[i]):
			return 0
		case weights == nil:
			return 1
		}
		return weights[i]
	}
	origin, found := 0.0, false
	var sum, square [4]float64
	for i, x := range values {
		if math.IsNaN(x) {
			m.gaps++
			continue
		}
		m.least, m.most = min(m.least, x), max(m.most, x)
		w := weight(i)
		if w == 0 {
			continue
		}
		if !found {
			origin, found = x, true
		}
		sum[i%4] += float64(w * (x - origin))
		m.weight += w
		m.lo, m.hi = min(m.lo, x), max(m.hi, x)
	}
	if !found {
		return m
	}
	m.mean = origin + ((sum[0]+sum[2])+(sum[1]+sum[3]))/m.weight
	for i, x := range values {
		if w := weight(i); w > 0 {
			d := x - m.mean
			square[i%4] += float64(w * float64(d*d))
		}
	}
	m.square = (square[0] + square[2]) + (square[1] + square[3])
	return m
}
