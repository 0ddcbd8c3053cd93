package tree

import (
	"math"
	"slices"
)

// split is a question about a column and what it is worth.
type split struct {
	column  int // -1: none
	purity  float64
	upTo    float64
	levels  []bool
	missing bool
}

// tally is the weight of each class among some rows, their sum and the sum of their
// squares. The purity of a tally is squares/sum; that of a question, the sum of those of
// its sides, is what Gini's impurity falls with: impurity·weight = weight - purity.
type tally struct {
	weights      []float64
	sum, squares float64
}

func newTally(weights []float64) tally {
	t := tally{weights: weights}
	for _, w := range weights {
		t.sum += w
		t.squares += float64(w * w)
	}
	return t
}

func (t *tally) purity() float64 { return t.squares / t.sum }

// add adds a weight, which may be negative, to a class.
func (t *tally) add(class int32, w float64) {
	before := t.weights[class]
	t.squares += float64(w * float64(float64(2*before)+w))
	t.weights[class] = before + w
	t.sum += w
}

// without is the tally of all rows but those of part.
func (t *tally) without(part []float64) tally {
	rest := make([]float64, len(t.weights))
	for c, w := range t.weights {
		rest[c] = w - part[c]
	}
	return newTally(rest)
}

// consider compares a question with the best so far, if both sides weigh enough.
func (s *split) consider(g *grower, left, right *tally) bool {
	if !(left.sum > 0 && right.sum > 0) || left.sum < g.o.MinLeaf || right.sum < g.o.MinLeaf {
		return false
	}
	purity := left.purity() + right.purity()
	if s.column >= 0 && !(purity > s.purity) {
		return false
	}
	s.purity = purity
	return true
}

// bestThreshold returns the best question about number column i. It is tried with the
// missing values on the left and on the right, then known against missing.
func (g *grower) bestThreshold(i, lo, hi int, all tally) split {
	known := g.numbers[i][lo:hi]
	missing := make([]float64, g.k)
	for len(known) > 0 && math.IsNaN(known[len(known)-1].value) {
		last := known[len(known)-1]
		missing[last.class] += g.weightOf(last.row)
		known = known[:len(known)-1]
	}
	best := split{column: -1}
	try := func(start []float64, left bool) {
		l, r := newTally(slices.Clone(start)), all.without(start)
		for at := 0; at+1 < len(known); at++ {
			e := &known[at]
			w := g.weightOf(e.row)
			l.add(e.class, w)
			r.add(e.class, -w)
			if next := known[at+1].value; next != e.value && best.consider(g, &l, &r) {
				best = split{column: i, purity: best.purity, upTo: halfway(e.value, next), missing: left || len(known) == hi-lo && l.sum >= r.sum}
			}
		}
	}
	none := len(known) == hi-lo
	if !none {
		try(missing, true)
	}
	try(make([]float64, g.k), false)
	l, r := all.without(missing), newTally(missing)
	if !none && best.consider(g, &l, &r) {
		best = split{column: i, purity: best.purity, upTo: math.Inf(1)}
	}
	return best
}

// halfway returns a threshold t with low <= t < high, halfway where there is a number
// between.
func halfway(low, high float64) float64 {
	middle := low/2 + high/2
	if middle < low || middle >= high {
		return low
	}
	return middle
}
