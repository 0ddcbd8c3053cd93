package score

import "math"

// CalibrationLine fits a logistic regression of what came true on the log-odds of the scores,
// which are read as probabilities (Cox 1958). Perfect probabilities have intercept 0 and
// slope 1; a slope below 1 says that they are too far from the mean, as those of a model
// that learnt its rows by heart. Intervals are the value ± z standard errors that hold also
// where the regression does not, with groups of the sums of a group.
//
// All are NaN with one class, if a score is not strictly between 0 and 1, if all are equal,
// or if some score divides the classes. Cost: O(n) for each of about 10 steps.
func (b *Binary) CalibrationLine() (intercept, slope Estimate) {
	last := len(b.score) - 1
	if b.oneClass() || !(b.score[0] < 1 && b.score[last] > 0) || last == 0 || b.separated() {
		return undefined, undefined
	}
	x := make([]float64, len(b.score))
	for i, p := range b.score {
		x[i] = logit(p)
	}
	l := b.line(1, 0, x)
	if !l.converged {
		return undefined, undefined
	}
	var h0, h1, h2 float64
	p := make([]float64, len(x))
	for i, v := range x {
		p[i] = sigmoid(l.intercept + l.slope*v)
		h := p[i] * (1 - p[i]) * (b.trues[i+1] - b.trues[i] + b.falses[i+1] - b.falses[i])
		h0 += h
		h1 += h * v
		h2 += h * v * v
	}
	det, block := h0*h2-h1*h1, 0
	squares := b.squares(func(i int) [3]float64 {
		if i == int(b.start[block+1]) {
			block++
		}
		residual := b.truth(i) - p[block]
		return [3]float64{residual * (h2 - h1*x[block]) / det, residual * (h0*x[block] - h1) / det}
	})
	n := float64(b.groups)
	estimate := func(value, square float64) Estimate {
		half, all := b.z*math.Sqrt(square*n/(n-1)), math.Inf(1)
		if math.IsNaN(half) {
			half = all
		}
		return wald(value, half, -all, all)
	}
	return estimate(l.intercept, squares[0]), estimate(l.slope, squares[1])
}

// separated tells that no row that came true is strictly on the wrong side of one that did
// not, or that all are.
func (b *Binary) separated() bool {
	return lastBlock(b.trues) <= firstBlock(b.falses) || lastBlock(b.falses) <= firstBlock(b.trues)
}
