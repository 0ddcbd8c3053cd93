package cluster

// sampling is some rows of a table with their weights.
type sampling struct {
	rows    []int     // in canonical order, none of weight 0; nil: the first n
	n       int       // number of rows
	weights []float64 // of the rows of the table; nil: 1 each
}

// newSampling returns all rows that have a weight and a sample of them.
func newSampling(n int, weights []float64, order []int) (all, sample *sampling) {
	all = &sampling{n: n, weights: weights}
	if weights != nil {
		all.rows = make([]int, 0, n)
		for i := range n {
			row := i
			if order != nil {
				row = order[i]
			}
			if weights[row] > 0 {
				all.rows = append(all.rows, row)
			}
		}
		all.n, order = len(all.rows), all.rows
	}
	if all.n <= baselineSample {
		return all, all
	}
	sample = &sampling{rows: make([]int, baselineSample), n: baselineSample, weights: weights}
	for i := range sample.rows {
		lo, hi := int64(i)*int64(all.n)/baselineSample, int64(i+1)*int64(all.n)/baselineSample
		row := int(lo + int64(scatter(uint64(i))%uint64(hi-lo)))
		if order != nil {
			row = order[row]
		}
		sample.rows[i] = row
	}
	return all, sample
}

// scatter maps numbers to numbers without a pattern (the output of SplitMix64).
func scatter(x uint64) uint64 {
	x = (x + 1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// each calls f for every row with its weight.
func (s *sampling) each(f func(row int, weight float64)) {
	for i := range s.n {
		row, weight := i, 1.0
		if s.rows != nil {
			row = s.rows[i]
		}
		if s.weights != nil {
			weight = s.weights[row]
		}
		f(row, weight)
	}
}

// size is the number of rows that would be worth as much with equal weights:
// (Σw)²/Σw² (Kish 1965).
func (s *sampling) size() float64 {
	if s.weights == nil {
		return float64(s.n)
	}
	top, sum, squares := 0.0, 0.0, 0.0
	s.each(func(_ int, w float64) { top = max(top, w) })
	s.each(func(_ int, w float64) {
		w /= top // so that no square underflows
		sum, squares = sum+w, squares+w*w
	})
	return sum * sum / squares
}

// shares returns the shares of the weight in n classes, of which class has that of a row.
func (s *sampling) shares(n int, class func(row int) int) []float64 {
	sum, total := make([]float64, n), 0.0
	s.each(func(row int, w float64) {
		sum[class(row)] += w
		total += w
	})
	for i := range sum {
		sum[i] /= total
	}
	return sum
}

// values returns those of the rows and their weights, nil if they are 1.
func (s *sampling) values(of []float64) (values, weights []float64) {
	values = make([]float64, 0, s.n)
	s.each(func(row int, w float64) {
		values = append(values, of[row])
		if s.weights != nil {
			weights = append(weights, w)
		}
	})
	return values, weights
}

// groups returns the share of each group and the share of it that is farther than far.
func (s *sampling) groups(labels []int32, distances []float64, far float64, k int) (shares, beyond []float64) {
	count := s.shares(2*k, func(row int) int {
		if distances[row] > far {
			return k + int(labels[row])
		}
		return int(labels[row])
	})
	shares, beyond = make([]float64, k), make([]float64, k)
	for g := range k {
		shares[g] = count[g] + count[k+g]
		if shares[g] > 0 {
			beyond[g] = count[k+g] / shares[g]
		}
	}
	return shares, beyond
}
