package score

import (
	"fmt"
	"math"
)

// platt fits intercept and slope.
func (b *Binary) platt() (*Calibration, error) {
	hit, miss := b.targets()
	line := b.line(hit, miss, b.score)
	c := &Calibration{method: Platt, intercept: line.intercept, slope: line.slope}
	if !line.constant && !line.converged {
		return nil, fmt.Errorf("%w: the regression on them does not converge", ErrScore)
	}
	if !(line.slope > 0) {
		target := (b.Positives()*hit + b.negatives()*miss) / b.Rows()
		c.intercept, c.slope = logit(target), 0
	}
	if math.IsInf(c.slope, 1) || math.IsInf(c.intercept, 0) || math.IsNaN(c.intercept) {
		return nil, fmt.Errorf("%w: all are too near to each other or too far from 0", ErrScore)
	}
	return c, nil
}

// targets are what stands for coming true and not, so that neither is certain (Platt 1999).
func (b *Binary) targets() (hit, miss float64) {
	return min((b.Positives()+1)/(b.Positives()+2), 1-0x1p-53), 1 / (b.negatives() + 2)
}

// line is a logistic regression on one number.
type line struct {
	intercept, slope float64
	converged        bool
	constant         bool // x does not vary
}

// line fits what comes true, which counts as hit, or else miss, to x, which has a value for
// each block. The slope is 0 where x does not vary. Newton's method with backtracking.
func (b *Binary) line(hit, miss float64, x []float64) line {
	rows := b.Rows()
	largest := 0.0
	for _, v := range x {
		largest = max(largest, math.Abs(v))
	}
	if largest == 0 {
		return line{constant: true}
	}
	// Moments of x/largest do not overflow.
	mean, square := 0.0, 0.0
	weight := func(i int) (t, f float64) { return b.trues[i+1] - b.trues[i], b.falses[i+1] - b.falses[i] }
	for i, v := range x {
		t, f := weight(i)
		mean += (t + f) * (v / largest)
	}
	mean /= rows
	for i, v := range x {
		t, f := weight(i)
		square += (t + f) * (v/largest - mean) * (v/largest - mean)
	}
	sd := math.Sqrt(square / rows)
	if sd < 1e-14 {
		return line{constant: true}
	}
	// In weights that sum to 1, for the sake of tolerances.
	u, rest := make([]float64, len(x)), make([]float64, len(x)) // standardised; weight
	y := make([]float64, len(x))                                // target times weight
	for i, v := range x {
		t, f := weight(i)
		u[i], rest[i], y[i] = (v/largest-mean)/sd, (t+f)/rows, (t*hit+f*miss)/rows
	}
	objective := func(a, k float64) float64 {
		sum := 0.0
		for i, v := range u {
			z := a + k*v
			sum += rest[i]*softplus(z) - y[i]*z
		}
		return sum
	}
	a, k := logit((b.Positives()*hit+b.negatives()*miss)/rows), 0.0
	now, before := objective(a, k), math.Inf(1)
	slopes, curves := make([]float64, len(x)), make([]float64, len(x))
	var result line
	reach := 4.0 // a step that changes log-odds by more leaves where the curvature holds
	for range 200 {
		ga, haa, hak := 0.0, 0.0, 0.0
		for i, v := range u {
			z := a + k*v
			p := sigmoid(z)
			slopes[i], curves[i] = rest[i]*p-y[i], rest[i]*p*sigmoid(-z)
			ga += slopes[i]
			haa += curves[i]
			hak += curves[i] * v
		}
		// About the mean by curvature, where the two directions are apart: where nearly all
		// curvature is at one score, a determinant would be lost in rounding.
		center, gk, hkk := hak/haa, 0.0, 0.0
		for i, v := range u {
			gk += slopes[i] * (v - center)
			hkk += curves[i] * (v - center) * (v - center)
		}
		if !(haa > 0 && hkk > 0) {
			break
		}
		dk := -gk / hkk
		da := -ga/haa - center*dk
		decrement := ga*ga/haa + gk*gk/hkk
		const near = 1e-10 // Newton's steps double the right digits from here on
		if decrement < 1e-26 || before < near && decrement >= before/2 {
			result.converged = true
			break
		}
		before = decrement
		if decrement < near {
			a, k = a+da, k+dk
			continue
		}
		furthest := 0.0 // change of log-odds
		for _, v := range u {
			furthest = max(furthest, math.Abs(da+dk*v))
		}
		first := min(1, reach/furthest)
		step, next := first, objective(a+first*da, k+first*dk)
		for next > now-1e-4*step*decrement && step > 1e-10*first {
			step /= 2
			next = objective(a+step*da, k+step*dk)
		}
		if reach = step * furthest; step == first {
			reach *= 2
		}
		reach = max(reach, 1)
		a, k, now = a+step*da, k+step*dk, next
	}
	result.slope = k / sd / largest
	result.intercept = a - k*(mean/sd)
	return result
}

// softplus is log(1+exp(x)).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
