package survival

import (
	"context"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/cholesky"
)

// maximum is where Newton's method ended.
type maximum struct {
	b          []float64
	moments    *moments
	factor     []float64 // Cholesky's factor of the information
	iterations int
	gap        float64
	stop       Stop
	lost       bool // the information has no inverse
}

// still is how little the log-risks of rows may move in a step at the end of a fit. If a
// coefficient is infinite they move by about 1 for ever, although the likelihood stands still.
const still = 1e-3

// rounded is the same relative to the largest difference of log-risks, which an outlier makes large.
const rounded = 1e-9

// polish is how much smaller than wanted the gap has to be to go without one more step, which
// doubles the digits of the coefficients.
const polish = 1e-9

// slack is the relative rounding of a log-likelihood.
const slack = 1e-12

// maximise runs Newton's method from where the likelihood is, which is left at the maximum. A step
// is halved until the likelihood does not fall.
func (l *likelihood) maximise(ctx context.Context, tolerance float64, most int) (*maximum, error) {
	p := l.rows.p
	m := &maximum{b: l.b}
	polished := false
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m.moments = l.moments(nil)
		m.factor = slices.Clone(m.moments.information)
		lost := false // where log-risks lie so far apart that sums overflow
		cholesky.Factor(m.factor, p, m.moments.scale, 1e-15, func(int) { lost = true })
		step := slices.Clone(m.moments.gradient)
		cholesky.Forward(m.factor, p, step)
		m.gap = cholesky.Dot(step, step) / 2
		cholesky.Backward(m.factor, p, step)
		monotone, moved := l.monotone(step)
		quiet := moved <= max(still, rounded*l.spread)
		switch {
		case monotone:
			return nil, l.name(step)
		case !lost && m.gap <= tolerance && quiet && (polished || m.gap <= polish*tolerance):
			return m, nil
		case lost:
			m.stop, m.lost, m.gap = StopPrecision, true, math.NaN()
			return m, nil
		case m.iterations >= most:
			m.stop = StopIterations
			return m, nil
		}
		polished = m.gap <= tolerance && quiet
		if !l.search(m, step) {
			if m.gap > math.Sqrt(tolerance) {
				m.stop = StopPrecision
			}
			return m, nil
		}
	}
}

// search moves along a step, or half of it and so on, to where the likelihood is not lower. It
// reports whether there is such a place.
func (l *likelihood) search(m *maximum, step []float64) bool {
	before := l.value
	for t := 1.0; t > 1e-9; t /= 2 {
		b := slices.Clone(m.b)
		for j, x := range step {
			b[j] += float64(t * x)
		}
		l.move(b)
		m.iterations++
		if l.value >= before-slack*math.Abs(before) {
			m.b = b
			return true
		}
	}
	l.move(m.b)
	return false
}
