package score

import "math"

// LogLoss is the mean of -log(p) over what came true and of -log(1-p) over what did not, with
// scores read as probabilities. Nothing is clipped: if a probability of 0 came true or one
// of 1 did not, it is +Inf, and so are the bounds. The interval is the value ± z standard
// errors of a mean, with groups of the sum of a group, not below 0. NaN if a score is no
// probability. The bounds are 0 and +Inf if there are fewer than two groups. Cost: O(n).
func (b *Binary) LogLoss() Estimate {
	return b.meanLoss(func(p float64) float64 { return -math.Log(p) },
		func(p float64) float64 { return -math.Log1p(-p) }, math.Inf(1))
}

// Brier is the mean of (p-y)², with scores read as probabilities p and y = 1 for what came
// true, 0 for what did not. Its interval is as that of LogLoss, from 0 to 1. NaN if a score
// is no probability. Cost: O(n).
func (b *Binary) Brier() Estimate {
	return b.meanLoss(func(p float64) float64 { return (1 - p) * (1 - p) },
		func(p float64) float64 { return p * p }, 1)
}

// areProbabilities tells that all scores are from 0 to 1.
func (b *Binary) areProbabilities() bool {
	return b.score[0] <= 1 && b.score[len(b.score)-1] >= 0
}

func (b *Binary) meanLoss(ofTrue, ofFalse func(p float64) float64, highest float64) Estimate {
	if !b.areProbabilities() {
		return undefined
	}
	losses := make([][2]float64, len(b.score))
	sum := 0.0
	for i, p := range b.score {
		losses[i] = [2]float64{ofFalse(p), ofTrue(p)}
		if w := b.trues[i+1] - b.trues[i]; w > 0 {
			sum += w * losses[i][1]
		}
		if w := b.falses[i+1] - b.falses[i]; w > 0 {
			sum += w * losses[i][0]
		}
	}
	mean := sum / b.Rows()
	if math.IsInf(mean, 1) {
		return Estimate{mean, mean, mean}
	}
	if b.groups < 2 {
		return Estimate{mean, 0, highest}
	}
	block := 0
	squares := b.squares(func(i int) [3]float64 {
		if i == int(b.start[block+1]) {
			block++
		}
		if b.label[i] {
			return [3]float64{losses[block][1] - mean}
		}
		return [3]float64{losses[block][0] - mean}
	})
	n := float64(b.groups)
	se := math.Sqrt(squares[0]*n/(n-1)) / b.Rows()
	return wald(mean, b.z*se, 0, highest)
}
