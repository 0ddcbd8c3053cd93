package score

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// AUC is the area under the ROC curve: the probability that a row that came true has a
// higher score than one that did not, where equal scores count half (Mann and Whitney).
//
// The interval is that of DeLong, DeLong and Clarke-Pearson (1988), taken on the log-odds
// of the area so that it stays between 0 and 1; with groups its variance is that of
// Obuchowski (1997), from the structural components summed over each group. Where all rows
// that came true are above all that did not, or below, that variance is 0: the interval is
// then Wilson's, of the area as a share of the groups of the smaller class. Where a class
// has fewer than two groups the bounds are 0 and 1. NaN with one class. Cost: O(n).
func (b *Binary) AUC() Estimate {
	if b.oneClass() {
		return undefined
	}
	area := b.area()
	c := b.components(area)
	if c.groupsTrue < 2 || c.groupsFalse < 2 {
		return Estimate{area, 0, 1}
	}
	if variance := c.variance(); variance > 0 && area > 0 && area < 1 {
		return onLogit(area, logit(area), b.z*math.Sqrt(variance)/(area*(1-area)))
	}
	return wilson(area, float64(min(c.groupsTrue, c.groupsFalse)), b.z)
}

func (b *Binary) area() float64 {
	if place := b.divided(); place != 0 {
		return float64(max(place, 0)) // not by sums, which round
	}
	sum := 0.0
	for i := range b.score {
		sum += (b.trues[i+1] - b.trues[i]) * b.falsesBelow(i)
	}
	return min(sum/b.Positives()/b.negatives(), 1-0x1p-53)
}

// divided is 1 where all rows that came true are above all that did not, -1 where all are
// below, and 0 otherwise.
func (b *Binary) divided() int {
	switch {
	case lastBlock(b.trues) < firstBlock(b.falses):
		return 1
	case lastBlock(b.falses) < firstBlock(b.trues):
		return -1
	}
	return 0
}

// firstBlock is the end of the first block that adds to sums, lastBlock that of the last one.
func firstBlock(sums []float64) int {
	return slices.IndexFunc(sums, func(x float64) bool { return x > 0 })
}

func lastBlock(sums []float64) int { return slices.Index(sums, sums[len(sums)-1]) }

// falsesBelow is the weight of what did not come true below block i, half of that in it.
func (b *Binary) falsesBelow(i int) float64 {
	return b.negatives() - b.falses[i+1] + (b.falses[i+1]-b.falses[i])/2
}

func (b *Binary) truesAbove(i int) float64 {
	return b.trues[i] + (b.trues[i+1]-b.trues[i])/2
}

// component calls f with each row in order and its structural component: the share of the
// rows of the other class that it is on the right side of, less the area.
func (b *Binary) component(area float64, f func(i int, x float64)) {
	for block := range b.score {
		ofTrue := b.falsesBelow(block)/b.negatives() - area
		ofFalse := b.truesAbove(block)/b.Positives() - area
		for i := b.start[block]; i < b.start[block+1]; i++ {
			if b.label[i] {
				f(int(i), ofTrue)
			} else {
				f(int(i), ofFalse)
			}
		}
	}
}

// aucComponents are sums of structural components of one area, or of the difference of two.
type aucComponents struct {
	groups, groupsTrue, groupsFalse        int
	positives, negatives                   float64
	squaresTrue, squaresFalse, productBoth float64
}

// components sums over groups.
func (b *Binary) components(area float64) aucComponents {
	sums := b.newAUCSums()
	b.component(area, sums.add)
	return sums.total()
}

// aucSums are weighted sums of structural components in each group.
type aucSums struct {
	b   *Binary
	sum [][2]float64 // of those that came true, and those that did not
	has [][2]bool
}

func (b *Binary) newAUCSums() *aucSums {
	return &aucSums{b, make([][2]float64, b.groups), make([][2]bool, b.groups)}
}

func (s *aucSums) add(i int, x float64) {
	class := 1
	if s.b.label[i] {
		class = 0
	}
	g := s.b.groupOf(i)
	s.sum[g][class] += s.b.weightOf(i) * x
	s.has[g][class] = true
}

func (s *aucSums) total() aucComponents {
	c := aucComponents{positives: s.b.Positives(), negatives: s.b.negatives()}
	for g, x := range s.sum {
		ofTrue, ofFalse := s.has[g][0], s.has[g][1]
		if ofTrue {
			c.groupsTrue++
		}
		if ofFalse {
			c.groupsFalse++
		}
		if ofTrue || ofFalse {
			c.groups++
		}
		c.squaresTrue += x[0] * x[0]
		c.squaresFalse += x[1] * x[1]
		c.productBoth += x[0] * x[1]
	}
	return c
}

func (c aucComponents) variance() float64 {
	factor := func(n int) float64 { return float64(n) / float64(n-1) }
	p, n := c.positives, c.negatives
	return factor(c.groupsTrue)*c.squaresTrue/(p*p) + factor(c.groupsFalse)*c.squaresFalse/(n*n) +
		2*factor(c.groups)*c.productBoth/(p*n)
}

// AUCDifference is the area of a less that of b, which are two scores of the same rows, with
// labels, weights and groups as in a, and the probability of a difference at least as
// large, on either side, where the two areas are in truth equal. The variance is that of
// DeLong, DeLong and Clarke-Pearson (1988) for paired areas, with groups as in
// [Binary.AUC]; interval and probability are those of the normal distribution. Where the
// variance is 0 the interval is the value and the probability 1 or 0. NaN with one class,
// and the bounds are -1 and 1 and the probability is 1 where a class has fewer than two
// groups. An error wraps ErrPaired where the rows are not the same. Confidence is that of
// a. Cost: O(n log n).
func AUCDifference(a, b *Binary) (difference Estimate, p float64, err error) {
	position, err := pair(a, b)
	if err != nil {
		return undefined, math.NaN(), err
	}
	if a.oneClass() {
		return undefined, math.NaN(), nil
	}
	areaA, areaB := a.area(), b.area()
	ofB := make([]float64, len(b.row))
	b.component(areaB, func(i int, x float64) { ofB[i] = x })
	d := make([]float64, len(a.row))
	a.component(areaA, func(i int, x float64) { d[i] = x - ofB[position[i]] })
	sums := a.newAUCSums()
	a.runs(func(lo, hi int) {
		slices.Sort(d[lo:hi])
		for i := lo; i < hi; i++ {
			sums.add(i, d[i])
		}
	})
	c, value := sums.total(), areaA-areaB
	if c.groupsTrue < 2 || c.groupsFalse < 2 {
		return Estimate{value, -1, 1}, 1, nil
	}
	se := math.Sqrt(max(c.variance(), 0))
	switch {
	case se > 0:
		p = math.Erfc(math.Abs(value) / se / math.Sqrt2)
	case value == 0:
		p = 1
	}
	return wald(value, a.z*se, -1, 1), p, nil
}

// pair returns for each row of a its place in b.
func pair(a, b *Binary) (position []int32, err error) {
	if a.given != b.given || len(a.row) != len(b.row) || (a.group == nil) != (b.group == nil) {
		return nil, fmt.Errorf("%w: different numbers of rows or groups", ErrPaired)
	}
	placeOf := make([]int32, b.given)
	for i := range placeOf {
		placeOf[i] = -1
	}
	for i, row := range b.row {
		placeOf[row] = int32(i)
	}
	position = make([]int32, len(a.row))
	for i, row := range a.row {
		at := placeOf[row]
		if at < 0 || a.label[i] != b.label[at] || a.weightOf(i) != b.weightOf(int(at)) ||
			a.group != nil && a.group[i] != b.group[at] {
			return nil, fmt.Errorf("%w: row %d differs", ErrPaired, row)
		}
		position[i] = at
	}
	return position, nil
}

// runs calls f with each run of rows that agree in score, label, weight and group: only
// their order is that in which they came.
func (b *Binary) runs(f func(lo, hi int)) {
	for block := range b.score {
		lo, end := int(b.start[block]), int(b.start[block+1])
		for lo < end {
			hi := lo + 1
			for hi < end && b.label[hi] == b.label[lo] && cmp.Compare(b.weightOf(hi), b.weightOf(lo)) == 0 &&
				(b.group == nil || b.group[hi] == b.group[lo]) {
				hi++
			}
			f(lo, hi)
			lo = hi
		}
	}
}
