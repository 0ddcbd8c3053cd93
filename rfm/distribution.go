package rfm

import (
	"iter"
	"math"
	"sort"

	"github.com/clientele-go/clientele/internal/radix"
)

// A distribution holds n values in order: as they are, or, where they are
// integers close together, as distinct values with the number of values up to each.
type distribution struct {
	n      int
	sorted []float64
	values []float64
	upto   []int
}

// newDistribution takes over values, which it may reorder.
func newDistribution(workers int, values []float64) *distribution {
	d := &distribution{n: len(values)}
	if len(values) == 0 {
		return d
	}
	lo, hi, integers := values[0], values[0], true
	for _, v := range values {
		lo, hi = min(lo, v), max(hi, v)
		integers = integers && v == math.Trunc(v)
	}
	if span := hi - lo; !integers || span > 1<<16 || span > float64(8*len(values)+1024) {
		sortFloats(workers, values, lo, hi, integers)
		d.sorted = values
		return d
	}
	counts := make([]int, int(hi-lo)+1)
	for _, v := range values {
		counts[int(v-lo)]++
	}
	upto := 0
	for i, c := range counts {
		if c > 0 {
			upto += c
			d.values = append(d.values, lo+float64(i))
			d.upto = append(d.upto, upto)
		}
	}
	return d
}

// sortFloats sorts numbers by integers that have their order: whole numbers
// as they are, others by their bits.
func sortFloats(workers int, values []float64, lo, hi float64, whole bool) {
	keys := make([]uint64, len(values))
	if whole && max(-lo, hi) <= 1<<53 {
		for i, v := range values {
			keys[i] = uint64(int64(v) - int64(lo))
		}
		for i, k := range radix.Sort(workers, keys, make([]uint64, len(keys)), 0) {
			values[i] = float64(int64(k) + int64(lo))
		}
		return
	}
	for i, v := range values {
		keys[i] = math.Float64bits(v+0) ^ 1<<63 // v+0: a negative zero is a zero
		if v < 0 {
			keys[i] = ^math.Float64bits(v)
		}
	}
	for i, k := range radix.Sort(workers, keys, make([]uint64, len(keys)), 0) {
		values[i] = math.Float64frombits(k ^ 1<<63)
		if k>>63 == 0 {
			values[i] = math.Float64frombits(^k)
		}
	}
}

// at is the value at a rank, from 0.
func (d *distribution) at(rank int) float64 {
	if d.sorted != nil {
		return d.sorted[rank]
	}
	return d.values[sort.SearchInts(d.upto, rank+1)]
}

// median is the middle value, or the mean of the middle two; NaN of none.
func (d *distribution) median() float64 {
	if d.n == 0 {
		return math.NaN()
	}
	a, b := d.at((d.n-1)/2), d.at(d.n/2)
	return a + (b-a)/2
}

// mean adds the values in order, so that it does not depend on the order of input.
func (d *distribution) mean() float64 {
	sum := 0.0
	for v, r := range d.ties() {
		sum += float64(v * float64(r.equal))
	}
	return min(max(sum/float64(d.n), d.at(0)), d.at(d.n-1)) // rounding must not leave the range
}

// A tie counts the values equal to one value, and those below it.
type tie struct{ below, equal int }

// first finds the smallest value for whose tie the condition, which no larger
// value may break, holds.
func (d *distribution) first(holds func(tie) bool) (value float64, ok bool) {
	if d.sorted == nil {
		i := sort.Search(len(d.values), func(i int) bool { return holds(d.tie(d.values[i])) })
		if i == len(d.values) {
			return 0, false
		}
		return d.values[i], true
	}
	i := sort.Search(len(d.sorted), func(i int) bool { return holds(d.tie(d.sorted[i])) })
	if i == len(d.sorted) {
		return 0, false
	}
	return d.sorted[i], true
}

// tie is the tie of a value that is there.
func (d *distribution) tie(v float64) tie {
	if d.sorted == nil {
		i := sort.SearchFloat64s(d.values, v)
		below := 0
		if i > 0 {
			below = d.upto[i-1]
		}
		return tie{below, d.upto[i] - below}
	}
	below := sort.SearchFloat64s(d.sorted, v)
	above := below + sort.Search(len(d.sorted)-below, func(i int) bool { return d.sorted[below+i] > v })
	return tie{below, above - below}
}

// ties yields the distinct values in ascending order.
func (d *distribution) ties() iter.Seq2[float64, tie] {
	return func(yield func(float64, tie) bool) {
		below := 0
		for i, v := range d.values {
			if !yield(v, tie{below, d.upto[i] - below}) {
				return
			}
			below = d.upto[i]
		}
		for i := 0; i < len(d.sorted); {
			j := i + 1
			for j < len(d.sorted) && d.sorted[j] == d.sorted[i] {
				j++
			}
			if !yield(d.sorted[i], tie{i, j - i}) {
				return
			}
			i = j
		}
	}
}
