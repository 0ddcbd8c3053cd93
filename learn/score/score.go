// Package score answers how well two things agree: scores and what came true, two divisions
// of the same rows into groups, and two samples of one number or category.
//
//	b, err := score.NewBinary(probabilities, left, &score.BinaryOptions{Groups: customers})
//	...
//	auc := b.AUC()
//	fmt.Println(auc.Value, auc.Low, auc.High)
//	budget := b.At(0.05) // alert the 5 % with the highest scores
//	fmt.Println(budget.Precision.Value, budget.Lift.Value)
//
//	c := score.NewContingency(lastMonth, thisMonth)
//	fmt.Println(c.AdjustedRand(), c.AdjustedMutualInformation())
//
// The examples of [NewBinary], [Binary.At] and the package have it whole; docs/theory/score.md has the formulas and where they mislead.
//
//   - [Binary] judges a classifier of two classes: how well it ranks (AUC, average precision,
//     KS, gains, lift), what alerts for a share of the rows come to, how far its
//     probabilities can be believed (log loss, Brier score and its parts, calibration error,
//     reliability diagram), and what it is worth (profit). Every measure has an interval,
//     also where rows come in groups that are not independent, but for the parts of the
//     Brier score, the points of curves and the best share to contact.
//   - [Calibration] makes scores into probabilities that hold; [ShiftPrior] and
//     [CorrectSampling] move them to other rows.
//   - [Contingency] compares two divisions into groups.
//   - [PSI] compares two samples.
//
// It knows nothing of customers and nothing of the learner that made what it scores.
package score

import (
	"cmp"
	"iter"
	"math"
	"math/bits"
	"slices"
)

// Contingency counts rows by the groups in which two divisions, a and b, put them. Its
// measures of agreement do not depend on what the groups are called, nor on which
// division comes first. A row counts as one: there are no weights, because the measures
// that are corrected for chance are about rows that are shuffled.
//
// Safe for concurrent use.
type Contingency struct {
	rows  int
	sumA  []int // rows of each group of a
	sumB  []int
	cells []cell // ascending by a, then b; none is empty
}

type cell struct {
	a, b int32
	n    int
}

// NewContingency counts rows: a and b have the group of each, from 0 on. A row with a
// negative group in either is left out, as one whose group is not known. Groups without
// rows are allowed. It panics if a and b have different lengths.
// Cost: O(rows + groups), with more than a million pairs of groups O(rows log rows), and 8
// bytes of memory for each number of a group up to the highest of each division: number
// groups from 0 without large gaps.
func NewContingency(a, b []int32) *Contingency {
	if len(a) != len(b) {
		panic("score: NewContingency needs two groups for each row")
	}
	c := &Contingency{}
	groupsA, groupsB := groups(a), groups(b)
	c.sumA, c.sumB = make([]int, groupsA), make([]int, groupsB)
	each := func(f func(i, j int32)) {
		for row, i := range a {
			if j := b[row]; i >= 0 && j >= 0 {
				f(i, j)
			}
		}
	}
	const dense = 1 << 20
	if groupsA*groupsB <= max(dense, len(a)) {
		count := make([]int, groupsA*groupsB)
		each(func(i, j int32) { count[int(i)*groupsB+int(j)]++ })
		for at, n := range count {
			if n > 0 {
				c.add(cell{int32(at / groupsB), int32(at % groupsB), n})
			}
		}
		return c
	}
	pairs := make([]uint64, 0, len(a))
	each(func(i, j int32) { pairs = append(pairs, uint64(i)<<32|uint64(j)) })
	slices.Sort(pairs)
	for len(pairs) > 0 {
		n := 1
		for n < len(pairs) && pairs[n] == pairs[0] {
			n++
		}
		c.add(cell{int32(pairs[0] >> 32), int32(pairs[0] & math.MaxUint32), n})
		pairs = pairs[n:]
	}
	return c
}

// groups is one more than the highest label.
func groups(labels []int32) int {
	highest := int32(-1)
	for _, l := range labels {
		highest = max(highest, l)
	}
	return int(highest) + 1
}

func (c *Contingency) add(x cell) {
	c.cells = append(c.cells, x)
	c.sumA[x.a] += x.n
	c.sumB[x.b] += x.n
	c.rows += x.n
}

// Rows is the number of rows that were counted.
func (c *Contingency) Rows() int { return c.rows }

// Sums returns the number of rows in each group of a and of b, up to the last group that
// was given. The slices are not to be written to.
func (c *Contingency) Sums() (a, b []int) { return c.sumA, c.sumB }

// All yields the pairs of groups that have rows in common with the number of those,
// ascending by the group of a, then of b.
func (c *Contingency) All() iter.Seq2[[2]int, int] {
	return func(yield func([2]int, int) bool) {
		for _, x := range c.cells {
			if !yield([2]int{int(x.a), int(x.b)}, x.n) {
				return
			}
		}
	}
}

// Count is the number of rows that are in group i of a and in group j of b.
// Cost: O(log pairs).
func (c *Contingency) Count(i, j int) int {
	at, found := slices.BinarySearchFunc(c.cells, [2]int{i, j}, func(x cell, t [2]int) int {
		return cmp.Or(cmp.Compare(int(x.a), t[0]), cmp.Compare(int(x.b), t[1]))
	})
	if !found {
		return 0
	}
	return c.cells[at].n
}

// Jaccard is the share that the rows in both of group i of a and group j of b have of
// those in either, from 0 to 1. Two groups without rows have 0. It panics if there are no
// such groups.
func (c *Contingency) Jaccard(i, j int) float64 {
	both := c.Count(i, j)
	if both == 0 {
		_, _ = c.sumA[i], c.sumB[j]
		return 0
	}
	return float64(both) / float64(c.sumA[i]+c.sumB[j]-both)
}

// pairs returns the numbers of pairs of rows that are together in both divisions, only in
// a, only in b, and in neither.
func (c *Contingency) pairs() (both, onlyA, onlyB, neither uint64) {
	choose2 := func(n int) uint64 { return uint64(n) * uint64(n-1) / 2 }
	for _, x := range c.cells {
		both += choose2(x.n)
	}
	for _, n := range c.sumA {
		onlyA += choose2(n)
	}
	for _, n := range c.sumB {
		onlyB += choose2(n)
	}
	neither = choose2(c.rows) + both - onlyA - onlyB
	return both, onlyA - both, onlyB - both, neither
}

// AdjustedRand is the Rand index corrected for chance (Hubert and Arabie 1985, equation
// 5): with the numbers of pairs of rows that are together in both divisions (s), in a and
// in b, among t pairs,
//
//	(s - a·b/t) / ((a+b)/2 - a·b/t)
//
// It is 1 if and only if the two are the same division, also where they have no rows or
// one group each, and 0 on average for divisions at random with these sizes. It can be
// negative. It is computed from whole numbers and rounded at the end, for up to 2³²
// rows. Cost: O(pairs of groups with rows).
func (c *Contingency) AdjustedRand() float64 {
	both, onlyA, onlyB, neither := c.pairs()
	if onlyA == 0 && onlyB == 0 {
		return 1
	}
	// The same fraction as above: 2(both·neither - onlyA·onlyB) over a sum of products.
	high, low := bits.Mul64(both, neither)
	high2, low2 := bits.Mul64(onlyA, onlyB)
	sign := 2.0
	if high < high2 || high == high2 && low < low2 {
		high, low, high2, low2, sign = high2, low2, high, low, -2
	}
	low, borrow := bits.Sub64(low, low2, 0)
	high, _ = bits.Sub64(high, high2, borrow)
	difference := math.Ldexp(float64(high), 64) + float64(low)
	together := (float64(both) + float64(onlyA)) * (float64(onlyA) + float64(neither))
	apart := (float64(both) + float64(onlyB)) * (float64(onlyB) + float64(neither))
	return sign * difference / (together + apart)
}

// FowlkesMallows is the geometric mean of the share of pairs of rows together in a that
// are together in b and the share of those in b that are in a (Fowlkes and Mallows 1983).
// It is 0 where no pair is together in both. Cost: as AdjustedRand.
func (c *Contingency) FowlkesMallows() float64 {
	both, onlyA, onlyB, _ := c.pairs()
	if both == 0 {
		return 0
	}
	s := float64(both)
	return math.Sqrt(s/(s+float64(onlyA))) * math.Sqrt(s/(s+float64(onlyB)))
}
