package score

import (
	"math"
	"slices"
)

// WidthBins returns the edges of n bins of equal width between 0 and 1, for probabilities: bin
// i has those above i/n and not above (i+1)/n, the first also 0. Without edges, that is one
// bin, if n < 2.
func WidthBins(n int) Bins {
	bins := Bins{}
	for i := 1; i < n; i++ {
		bins = append(bins, float64(i)/float64(n))
	}
	return bins
}

// ReliabilityBin is one point of a reliability diagram. A plain value: safe for concurrent reads.
type ReliabilityBin struct {
	Low  float64  `json:"low"`  // probabilities above it
	High float64  `json:"high"` // and not above it are in the bin; 0 is in the first
	Rows float64  `json:"rows"` // their weight, above 0
	Mean float64  `json:"mean"` // of the probabilities
	True Estimate `json:"true"` // share that came true, with Wilson's interval, groups as in At
}

// Reliability returns the bins that have rows, ascending. For bins of equal width see
// [WidthBins], which nil has ten of; those of [QuantileBins] over the scores have equal
// counts as nearly as ties allow. Nil if a score is no probability. Cost: O(n + bins).
func (b *Binary) Reliability(bins Bins) []ReliabilityBin {
	if !b.areProbabilities() {
		return nil
	}
	bins = orWidth(bins)
	ranges := b.ranges(bins)
	var table []ReliabilityBin
	draws := b.binDraws(ranges)
	for k := range len(ranges) - 1 {
		lo, hi := ranges[k], ranges[k+1]
		t, f := b.trues[hi]-b.trues[lo], b.falses[hi]-b.falses[lo]
		bin := ReliabilityBin{Low: 0, High: 1, Rows: t + f, Mean: b.meanScore(lo, hi)}
		edge := bins.Of(b.score[lo])
		if edge > 0 {
			bin.Low = bins[edge-1]
		}
		if edge < len(bins) {
			bin.High = bins[edge]
		}
		bin.True = b.share(t/(t+f), draws[k][0], draws[k][1])
		table = append(table, bin)
	}
	slices.Reverse(table)
	return table
}

func orWidth(bins Bins) Bins {
	if bins == nil {
		return WidthBins(10)
	}
	return bins
}

// ranges divides the blocks, which descend, by bins: range k of those that have rows is from
// the k-th number to the next.
func (b *Binary) ranges(bins Bins) []int {
	starts := []int{0}
	for i := 1; i < len(b.score); i++ {
		if bins.Of(b.score[i]) != bins.Of(b.score[i-1]) {
			starts = append(starts, i)
		}
	}
	return append(starts, len(b.score))
}

// meanScore is the mean score in blocks from lo to hi.
func (b *Binary) meanScore(lo, hi int) float64 {
	sum := 0.0
	for i := lo; i < hi; i++ {
		sum += b.score[i] * (b.trues[i+1] - b.trues[i] + b.falses[i+1] - b.falses[i])
	}
	return sum / (b.trues[hi] - b.trues[lo] + b.falses[hi] - b.falses[lo])
}

// binDraws returns for each bin the variance of the share that came true, and the number of
// draws of its rows. A group counts in each bin apart.
func (b *Binary) binDraws(ranges []int) (draws [][2]float64) {
	residual, weight := make([]float64, b.groups), make([]float64, b.groups)
	var members []int
	for k := range len(ranges) - 1 {
		lo, hi := ranges[k], ranges[k+1]
		t, f := b.trues[hi]-b.trues[lo], b.falses[hi]-b.falses[lo]
		members = members[:0]
		for i := int(b.start[lo]); i < int(b.start[hi]); i++ {
			g, w := b.groupOf(i), b.weightOf(i)
			if weight[g] == 0 {
				members = append(members, g)
			}
			weight[g] += w
			residual[g] += w * (b.truth(i) - t/(t+f))
		}
		variance, squares := 0.0, 0.0
		for _, g := range members {
			variance += residual[g] * residual[g]
			squares += weight[g] * weight[g]
			residual[g], weight[g] = 0, 0
		}
		total := (t + f) * (t + f)
		draws = append(draws, [2]float64{variance / total, total / squares})
	}
	return draws
}

// ECE is the expected calibration error Σ (rows in bin)/rows·|share that came true - mean
// probability| over bins, nil being ten of equal width; see [Binary.Reliability]. It depends
// on the bins and is above 0 by chance alone even for perfect probabilities.
//
// The interval is the value ± z standard errors of the bootstrap, see
// [Binary.AveragePrecision], between 0 and 1, where the lower bound is less by the bias that
// the replicates show. NaN if a score is no probability. Cost: O(n·Replicates).
func (b *Binary) ECE(bins Bins) Estimate {
	if !b.areProbabilities() {
		return undefined
	}
	ranges := b.ranges(orWidth(bins))
	measure := func(trues, falses []float64) float64 {
		sum := 0.0
		for k := range len(ranges) - 1 {
			lo, hi := ranges[k], ranges[k+1]
			gap := trues[hi] - trues[lo]
			for i := lo; i < hi; i++ {
				gap -= b.score[i] * (trues[i+1] - trues[i] + falses[i+1] - falses[i])
			}
			sum += math.Abs(gap)
		}
		last := len(trues) - 1
		return sum / (trues[last] + falses[last])
	}
	value := measure(b.trues, b.falses)
	replicates := b.bootstrap(func(trues, falses []float64) [2]float64 {
		return [2]float64{measure(trues, falses)}
	})
	mean, sd, count := moments(replicates, 0, func(x float64) float64 { return x })
	if count < 2 {
		return Estimate{value, 0, 1}
	}
	return Estimate{value, max(min(2*value-mean-b.z*sd, value), 0), min(value+b.z*sd, 1)}
}
