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
// each block. The slope is 0 where x does not vary.
func (b *Binary) line(hit, miss float64, x []float64) line {
	d, varies := b.standardise(hit, miss, x)
	if !varies {
		return line{constant: true}
	}
	start := logit((b.Positives()*hit + b.negatives()*miss) / b.Rows())
	a, k, converged := d.fit(start)
	return line{slope: k / d.sd / d.largest, intercept: a - k*(d.mean/d.sd), converged: converged}
}

// standardised is what a line is fitted to: of each block a number with mean 0 and standard
// deviation 1, and, for the sake of tolerances, weights that sum to 1.
type standardised struct {
	largest, mean, sd float64   // the number is (x/largest - mean)/sd
	u                 []float64 // the number
	weight, target    []float64 // the target times the weight
	slopes, curves    []float64 // of the loss in the log-odds of each block; see step
}

// standardise returns false where x does not vary.
func (b *Binary) standardise(hit, miss float64, x []float64) (*standardised, bool) {
	rows := b.Rows()
	d := &standardised{}
	for _, v := range x {
		d.largest = max(d.largest, math.Abs(v))
	}
	if d.largest == 0 {
		return nil, false
	}
	// Moments of x/largest do not overflow.
	square := 0.0
	weight := func(i int) (t, f float64) { return b.trues[i+1] - b.trues[i], b.falses[i+1] - b.falses[i] }
	for i, v := range x {
		t, f := weight(i)
		d.mean += (t + f) * (v / d.largest)
	}
	d.mean /= rows
	for i, v := range x {
		t, f := weight(i)
		square += (t + f) * (v/d.largest - d.mean) * (v/d.largest - d.mean)
	}
	d.sd = math.Sqrt(square / rows)
	if d.sd < 1e-14 {
		return nil, false
	}
	d.u, d.weight, d.target = make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
	d.slopes, d.curves = make([]float64, len(x)), make([]float64, len(x))
	for i, v := range x {
		t, f := weight(i)
		d.u[i], d.weight[i], d.target[i] = (v/d.largest-d.mean)/d.sd, (t+f)/rows, (t*hit+f*miss)/rows
	}
	return d, true
}

// loss is the mean loss of the log-odds a + k·u.
func (d *standardised) loss(a, k float64) float64 {
	sum := 0.0
	for i, v := range d.u {
		z := a + k*v
		sum += d.weight[i]*softplus(z) - d.target[i]*z
	}
	return sum
}

// fit lowers the loss by Newton's method with backtracking.
func (d *standardised) fit(start float64) (a, k float64, converged bool) {
	a = start
	now, before := d.loss(a, k), math.Inf(1)
	reach := 4.0 // a step that changes log-odds by more leaves where the curvature holds
	for range 200 {
		da, dk, decrement, ok := d.step(a, k)
		if !ok {
			break
		}
		const near = 1e-10 // Newton's steps double the right digits from here on
		if decrement < 1e-26 || before < near && decrement >= before/2 {
			return a, k, true
		}
		before = decrement
		if decrement < near {
			a, k = a+da, k+dk
			continue
		}
		furthest := 0.0 // change of log-odds
		for _, v := range d.u {
			furthest = max(furthest, math.Abs(da+dk*v))
		}
		first := min(1, reach/furthest)
		step, next := first, d.loss(a+first*da, k+first*dk)
		for next > now-1e-4*step*decrement && step > 1e-10*first {
			step /= 2
			next = d.loss(a+step*da, k+step*dk)
		}
		if reach = step * furthest; step == first {
			reach *= 2
		}
		reach = max(reach, 1)
		a, k, now = a+step*da, k+step*dk, next
	}
	return a, k, false
}

// step is Newton's from a and k, and about twice what it lowers the loss by. It returns false
// where there is no curvature.
func (d *standardised) step(a, k float64) (da, dk, decrement float64, ok bool) {
	ga, haa, hak := 0.0, 0.0, 0.0
	for i, v := range d.u {
		z := a + k*v
		p := sigmoid(z)
		d.slopes[i], d.curves[i] = d.weight[i]*p-d.target[i], d.weight[i]*p*sigmoid(-z)
		ga += d.slopes[i]
		haa += d.curves[i]
		hak += d.curves[i] * v
	}
	// About the mean by curvature, where the two directions are apart: where nearly all
	// curvature is at one score, a determinant would be lost in rounding.
	center, gk, hkk := hak/haa, 0.0, 0.0
	for i, v := range d.u {
		gk += d.slopes[i] * (v - center)
		hkk += d.curves[i] * (v - center) * (v - center)
	}
	if !(haa > 0 && hkk > 0) {
		return 0, 0, 0, false
	}
	dk = -gk / hkk
	return -ga/haa - center*dk, dk, ga*ga/haa + gk*gk/hkk, true
}

// softplus is log(1+exp(x)).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
