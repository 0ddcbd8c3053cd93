package tree

import "math"

// split is a question about a column and what it is worth.
type split struct {
	column  int // -1: none
	purity  float64
	upTo    float64
	levels  []bool
	missing bool
}

// set is levels as a node has them.
func (s *split) set() levelSet {
	var left []int32
	for level, in := range s.levels {
		if in {
			left = append(left, int32(level))
		}
	}
	return newLevelSet(left, len(s.levels))
}

// consider compares a question with the best so far, if both sides weigh enough.
func (s *split) consider(g *grower, left, right *tally) bool {
	if !(left.sum > 0 && right.sum > 0) || left.plain < g.o.MinLeaf || right.plain < g.o.MinLeaf {
		return false
	}
	purity := g.purity(left) + g.purity(right)
	if s.column >= 0 && !(purity > s.purity) {
		return false
	}
	s.purity = purity
	return true
}

// bestThreshold returns the best question about number column i. It is tried with the
// missing values on the left and on the right, then known against missing.
func (g *grower) bestThreshold(i, lo, hi int, all *tally, s *scratch) split {
	known := g.numbers[i][lo:hi]
	clear(s.missing)
	for len(known) > 0 && math.IsNaN(known[len(known)-1].value) {
		last := known[len(known)-1]
		s.missing[last.class] += g.weightOf(last.row)
		known = known[:len(known)-1]
	}
	best := split{column: -1}
	scan := g.scan
	if g.k == 2 {
		scan = g.scanTwo
	}
	none := len(known) == hi-lo
	s.heavier = none
	if !none {
		scan(&best, i, known, s.missing, all, true, s)
	}
	clear(s.zero)
	scan(&best, i, known, s.zero, all, false, s)
	if none {
		return best
	}
	l, r := g.without(all, s.missing, s.left), g.measure.tally(s.missing)
	if best.consider(g, &l, &r) {
		best = split{column: i, purity: best.purity, upTo: math.Inf(1)}
	}
	return best
}

// scan tries every threshold between known values, which ascend. The rows on the left
// have the weights start beside theirs; where these are all 0 because no value is missing
// at all, missing values are sent to the heavier side.
func (g *grower) scan(best *split, i int, known []entry, start []float64, all *tally, missing bool, s *scratch) {
	copy(s.left, start)
	l, r := g.measure.tally(s.left), g.without(all, start, s.right)
	counts := g.factor == nil && g.weight == nil
	for at := 0; at+1 < len(known); at++ {
		e := &known[at]
		if counts {
			l.count(e.class, 1)
			r.count(e.class, -1)
		} else {
			s.left[e.class] += g.weightOf(e.row)
		}
		next := known[at+1].value
		if next == e.value {
			continue
		}
		if !counts {
			l, r = g.measure.tally(s.left), g.without(all, s.left, s.right)
		}
		if best.consider(g, &l, &r) {
			*best = split{column: i, purity: best.purity, upTo: halfway(e.value, next), missing: missing || s.heavier && l.plain >= r.plain}
		}
	}
}

// scanTwo is scan for two classes.
func (g *grower) scanTwo(best *split, i int, known []entry, start []float64, all *tally, missing bool, s *scratch) {
	a0, a1 := all.weights[0], all.weights[1]
	l0, l1 := start[0], start[1]
	f0, f1 := g.factorOf(0), g.factorOf(1)
	least := g.o.MinLeaf
	found := best.column >= 0
	for at := 0; at+1 < len(known); at++ {
		e := &known[at]
		w := g.weightOf(e.row)
		of1 := float64(w * float64(e.class))
		l1 += of1
		l0 += w - of1
		next := known[at+1].value
		if next == e.value {
			continue
		}
		r0, r1 := a0-l0, a1-l1
		left, right := l0+l1, r0+r1
		lf0, lf1, rf0, rf1 := float64(l0*f0), float64(l1*f1), float64(r0*f0), float64(r1*f1)
		if !(lf0+lf1 > 0 && rf0+rf1 > 0) || left < least || right < least {
			continue
		}
		purity := g.purity2(lf0, lf1) + g.purity2(rf0, rf1)
		if found && !(purity > best.purity) {
			continue
		}
		found = true
		*best = split{column: i, purity: purity, upTo: halfway(e.value, next), missing: missing || s.heavier && left >= right}
	}
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
