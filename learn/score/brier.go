package score

import "math"

// BrierParts are what the Brier score over bins comes from. A plain value: safe for
// concurrent reads.
//
//	Brier = Reliability - Resolution + Uncertainty + WithinVariance - WithinCovariance
//
// exactly, up to rounding (Murphy 1973; Stephenson, Coelho and Jolliffe 2008). With bin k
// of share w of the rows, mean probability p, share o that came true, and share o of all:
type BrierParts struct {
	Reliability      float64 `json:"reliability"`       // Σ w_k(p_k-o_k)²: what calibration could take away
	Resolution       float64 `json:"resolution"`        // Σ w_k(o_k-o)²: what telling rows apart gains
	Uncertainty      float64 `json:"uncertainty"`       // o(1-o): the score of one probability for all
	WithinVariance   float64 `json:"within_variance"`   // mean of (p-p_k)² within bins
	WithinCovariance float64 `json:"within_covariance"` // twice the mean of (p-p_k)(y-o_k) within bins
}

// BrierParts takes the Brier score apart; nil bins are ten of equal width. NaN if a score is
// no probability. Cost: O(n).
func (b *Binary) BrierParts(bins Bins) BrierParts {
	if !b.areProbabilities() {
		nan := math.NaN()
		return BrierParts{nan, nan, nan, nan, nan}
	}
	var parts BrierParts
	rows, ranges := b.Rows(), b.ranges(orWidth(bins))
	base := b.Positives() / rows
	parts.Uncertainty = base * (1 - base)
	for k := range len(ranges) - 1 {
		lo, hi := ranges[k], ranges[k+1]
		t, f := b.trues[hi]-b.trues[lo], b.falses[hi]-b.falses[lo]
		mean, share := b.meanScore(lo, hi), t/(t+f)
		parts.Reliability += (t + f) * (mean - share) * (mean - share)
		parts.Resolution += (t + f) * (share - base) * (share - base)
		for i := lo; i < hi; i++ {
			t, f := b.trues[i+1]-b.trues[i], b.falses[i+1]-b.falses[i]
			d := b.score[i] - mean
			parts.WithinVariance += (t + f) * d * d
			parts.WithinCovariance += 2 * d * (t*(1-share) - f*share)
		}
	}
	parts.Reliability /= rows
	parts.Resolution /= rows
	parts.WithinVariance /= rows
	parts.WithinCovariance /= rows
	return parts
}
