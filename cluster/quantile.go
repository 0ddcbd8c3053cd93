package cluster

import (
	"math"
	"slices"
	"sort"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/internal/radix"
)

// ranked are the values of a column that are there and whose rows have a weight,
// ascending.
type ranked struct {
	values []float64
	upTo   []float64 // the weight up to and including each value; nil: 1 each
}

// rank sorts values, nil weights being 1 each. Weights are divided by the smallest if
// that is below 1, or by 2⁻⁵³ of their sum if that is more: a lighter row does not move
// the sum.
func rank(workers int, values, weights []float64) ranked {
	if weights == nil {
		return ranked{values: ascending(workers, values)}
	}
	unit, sum := 1.0, 0.0
	for i, w := range weights {
		if w > 0 && !math.IsNaN(values[i]) {
			unit = min(unit, w)
			sum += w
		}
	}
	unit = max(unit, min(1, sum*0x1p-53))
	var r ranked
	sum = 0
	for _, i := range radix.Order(values) {
		if x := values[i]; weights[i] > 0 && !math.IsNaN(x) {
			sum += weights[i] / unit
			r.values, r.upTo = append(r.values, x), append(r.upTo, sum)
		}
	}
	return r
}

// ascending are the values that are there, sorted.
func ascending(workers int, values []float64) []float64 {
	const sign = 1 << 63
	keys := make([]uint64, 0, len(values))
	for _, x := range values {
		bits := math.Float64bits(x)
		switch {
		case math.IsNaN(x):
			continue
		case bits&sign != 0:
			bits = ^bits
		default:
			bits |= sign
		}
		keys = append(keys, bits)
	}
	keys = radix.Sort(parallel.Workers(workers), keys, make([]uint64, len(keys)), 0)
	sorted := make([]float64, len(keys))
	for i, bits := range keys {
		if bits&sign != 0 {
			bits &^= sign
		} else {
			bits = ^bits
		}
		sorted[i] = math.Float64frombits(bits)
	}
	return sorted
}

// quantile is the one that interpolates between order statistics at p·(W-1), where W is
// the weight and a row of weight w counts as w equal rows: type 7 of Hyndman and Fan
// (1996), by weight as in wtd.quantile of Hmisc.
func (r ranked) quantile(p float64) float64 {
	n := len(r.values)
	if r.upTo == nil {
		at := p * float64(n-1)
		i := min(int(at), n-1)
		return between(r.values[i], r.values[min(i+1, n-1)], at-float64(i))
	}
	at := p * (r.upTo[n-1] - 1)
	whole := math.Floor(at)
	return between(r.at(whole), r.at(whole+1), at-whole)
}

// at is the value at position i, from 0, of the rows counted by weight.
func (r ranked) at(i float64) float64 {
	j := sort.Search(len(r.upTo), func(j int) bool { return r.upTo[j] > i })
	return r.values[min(j, len(r.values)-1)]
}

func between(a, b, share float64) float64 {
	return a + float64(share*(b-a))
}

// median is the quantile of 0.5.
func (r ranked) median() float64 { return r.quantile(0.5) }

// through is r after a function that never falls.
func (r ranked) through(f func(float64) float64) ranked {
	values := slices.Clone(r.values)
	for i, x := range values {
		values[i] = f(x)
	}
	return ranked{values, r.upTo}
}
