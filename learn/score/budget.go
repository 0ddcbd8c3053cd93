package score

import (
	"math"
	"sort"
)

// Budget is what alerting the rows with the highest scores comes to. A plain value: safe for
// concurrent reads.
type Budget struct {
	Rows      float64  `json:"rows"`      // weight of the rows that are alerted
	Precision Estimate `json:"precision"` // share of alerts that came true; NaN if none is alerted
	Recall    Estimate `json:"recall"`    // share of what came true that was alerted; NaN if nothing came true
	Accuracy  Estimate `json:"accuracy"`  // share of rows that were told right: alerted and true, or not and not
	Nobody    float64  `json:"nobody"`    // accuracy of alerting nobody
	Lift      Estimate `json:"lift"`      // Precision over the share of all rows that came true; NaN where either is
}

// At returns what alerting the given share of rows, those with the highest scores, comes
// to. Where the border falls into rows of equal scores these count in proportion: the
// result is the mean over all ways to choose among them. A share below 0 or above 1 is 0 or
// 1; with NaN Rows is 0 and all but
// Nobody is NaN. For the first k of n rows the share is k/n.
//
// Intervals are Wilson's for a share p that was seen in p(1-p)/v draws. The variance v is the
// sum over groups of the squares of what their rows add to p, linearised, and takes into
// account that the score at the border is itself an estimate; the share that comes true
// there is that of about 2·√n rows around it. Where p is 0 or 1 the number of draws is
// (Σw)²/Σw², with the weights of each group summed. The interval of Lift is that of Recall
// divided by the share alerted. Cost: O(n).
func (b *Binary) At(share float64) Budget {
	if math.IsNaN(share) {
		return Budget{0, undefined, undefined, undefined, b.nobody(), undefined}
	}
	share = min(max(share, 0), 1)
	target := share * b.Rows()
	// The border is in the first block that ends at or beyond the target.
	block := sort.Search(len(b.score)-1, func(i int) bool { return b.trues[i+1]+b.falses[i+1] >= target })
	before := b.trues[block] + b.falses[block]
	inside := b.trues[block+1] + b.falses[block+1] - before
	part := min(max((target-before)/inside, 0), 1)
	return b.budget(&alerts{
		share: share, rows: target, block: block, part: part,
		trues:  b.trues[block] + part*(b.trues[block+1]-b.trues[block]),
		border: b.around(target),
	})
}

// AtThreshold returns what alerting every row with at least the given score comes to. In
// intervals the number of alerts is as random as what comes true; that of Lift is taken on
// its logarithm. With NaN no row is alerted. Cost: O(n).
func (b *Binary) AtThreshold(score float64) Budget {
	block := sort.Search(len(b.score), func(i int) bool { return !(b.score[i] >= score) })
	rows := b.trues[block] + b.falses[block]
	return b.budget(&alerts{
		share: rows / b.Rows(), rows: rows, block: block, trues: b.trues[block], fixed: true,
	})
}

// Gains returns At for the shares 1/n, 2/n and so on to 1: Recall is the curve of cumulative
// gains, Lift the cumulative lift. Nil if n < 1. Cost: O(n·rows).
func (b *Binary) Gains(n int) []Budget {
	var gains []Budget
	for i := 1; i <= n; i++ {
		gains = append(gains, b.At(float64(i)/float64(n)))
	}
	return gains
}

func (b *Binary) nobody() float64 { return b.negatives() / b.Rows() }

// around is the share that came true among the rows near a border: a part of all that is
// twice one in the square root of the groups, with all rows of equal scores.
func (b *Binary) around(target float64) float64 {
	end := func(i int) float64 { return b.trues[i+1] + b.falses[i+1] }
	reach := b.Rows() / math.Sqrt(float64(b.groups))
	last := len(b.score) - 1
	lo := sort.Search(last, func(i int) bool { return end(i) > target-reach })
	hi := sort.Search(last, func(i int) bool { return end(i) >= target+reach }) + 1
	t, f := b.trues[hi]-b.trues[lo], b.falses[hi]-b.falses[lo]
	return t / (t + f)
}

// alerts says which rows are alerted: the blocks before one and a part of that.
type alerts struct {
	share  float64 // of all rows
	rows   float64 // weight
	trues  float64 // weight of those that came true
	block  int
	part   float64
	border float64 // share of what comes true at the border, where the share is what is given
	fixed  bool    // the threshold is what is given
}

// alerted is the part of row i that is alerted.
func (b *Binary) alerted(a *alerts, i int) float64 {
	switch {
	case i < int(b.start[a.block]):
		return 1
	case a.part > 0 && i < int(b.start[a.block+1]):
		return a.part
	}
	return 0
}
