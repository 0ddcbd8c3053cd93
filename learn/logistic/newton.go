package logistic

import (
	"context"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/cholesky"
)

// solution is where a minimisation ended: a point with its Hessian.
type solution struct {
	*point
	iterations int
	stop       Stop
	gap        float64 // relative
}

const (
	// stale is how far the log-odds of rows, on the root of the mean square weighted by
	// curvature, move until the Hessian is taken anew.
	stale = 0.1
	// rounding is a gap that, where it does not fall any more, is one of rounding.
	rounding = 1e-13
	// narrow is the number of coefficients up to which a Hessian costs little beside the rest of
	// a pass, so that it is always taken.
	narrow = 128
	// still is how little the log-odds of every row must move at the end of a fit without
	// penalty; where labels are separated they move by about 1 for ever.
	still = 1e-3
	// polish is how much smaller than wanted the gap is made: of coefficients, that is half
	// as many digits.
	polish = 1e-5
)

// minimise runs Newton's method from a point with its Hessian: the step leads to the
// minimum of the quadratic model of the objective, with the absolute penalty as it is
// (proximal Newton: Lee, Sun and Saunders 2014, doi:10.1137/130921428), halved until the
// objective falls. A Hessian that costs much serves for several steps, as long as they are
// short and the gap falls fast, and is taken once more at the end. Where log-odds are kept,
// labels that prove to be separated are an error.
func (o *objective) minimise(start *point, tolerance float64, most int) (*solution, error) {
	s := &solution{point: start, iterations: 1}
	m := o.newQuadratic(start)
	moved, polished, resting := 0.0, false, o.z == nil
	for {
		before := s.gap
		target, decrease := m.step(s.point)
		s.gap = decrease / math.Abs(s.total)
		slow := s.hessian == nil && !(s.gap <= 0.1*before)
		small, tiny := s.gap <= tolerance && resting, s.gap <= polish*tolerance && resting
		if small && s.hessian != nil && (polished || tiny) {
			s.b = target // one more step, too short to be worth a pass
			return s, nil
		}
		// Step once more where that settles many more digits of the coefficients.
		last := tiny || small && s.hessian != nil
		if s.iterations >= most {
			s.stop = StopIterations
			break
		}
		if s.hessian != nil && resting && s.gap <= rounding && s.gap > before/2 {
			s.stop = StopPrecision
			break
		}
		moved += math.Sqrt(2 * decrease / m.weight)
		next, err := o.search(s, target, last || slow || o.rows.p <= narrow || !(moved <= stale))
		if err != nil {
			return nil, err
		}
		if next == nil {
			s.stop = StopPrecision
			break
		}
		if err := o.separation(next); err != nil {
			return nil, err
		}
		s.point, polished = next, last
		resting = o.z == nil || max(next.greatest, -next.least) <= still
		if next.hessian != nil {
			m, moved = o.newQuadratic(next), 0
		}
	}
	if s.hessian == nil {
		var err error
		if s.point, err = o.at(s.b, true); err != nil {
			return nil, err
		}
		_, decrease := o.newQuadratic(s.point).step(s.point)
		s.gap = decrease / math.Abs(s.total)
	}
	return s, nil
}

// search returns the first point that lowers the objective enough among the target and those
// ever closer to s, each half as far away, with its Hessian if that is asked for. It is nil if
// there is none.
func (o *objective) search(s *solution, target []float64, hessian bool) (*point, error) {
	slope := 0.0
	for j, x := range target {
		slope += float64(s.gradient[j] * (x - s.b[j]))
		if j > 0 {
			slope += float64(o.l1 * (math.Abs(x) - math.Abs(s.b[j])))
		}
	}
	slack := 1e-12 * math.Abs(s.total)
	for t := 1.0; t > 1e-9; t /= 2 {
		b := target
		if t < 1 {
			b = slices.Clone(s.b)
			for j, x := range target {
				b[j] += float64(t * (x - b[j]))
			}
		}
		next, err := o.at(b, hessian)
		if err != nil {
			return nil, err
		}
		s.iterations++
		if next.total <= s.total+float64(1e-4*t*slope)+slack {
			return next, nil
		}
	}
	return nil, nil
}

// quadratic is a model of the objective about a point.
type quadratic struct {
	ctx    context.Context
	p      int
	weight float64   // curvature along the intercept: Σ w·q·(1-q)
	factor []float64 // Cholesky's factor of the Hessian; nil: with an absolute penalty
	full   []float64 // the Hessian, both triangles; nil: without
	l1     float64
}

// newQuadratic returns the model about a point that has a Hessian.
func (o *objective) newQuadratic(at *point) *quadratic {
	p := o.rows.p
	m := &quadratic{ctx: o.ctx, p: p, weight: at.hessian[0], l1: o.l1}
	a := slices.Clone(at.hessian)
	for j := 1; j < p; j++ {
		a[j*(p+1)] += o.l2
	}
	if o.l1 == 0 {
		cholesky.Factor(a, p, nil, 1e-14, nil)
		m.factor = a
		return m
	}
	for i := range p {
		for j := range i {
			a[j*p+i] = a[i*p+j]
		}
	}
	m.full = a
	return m
}

// step returns the minimum of the model about a point and by how much it is below.
func (m *quadratic) step(at *point) (target []float64, decrease float64) {
	if m.full != nil {
		return m.descend(at)
	}
	d := slices.Clone(at.gradient)
	cholesky.Forward(m.factor, m.p, d)
	decrease = cholesky.Dot(d, d) / 2
	cholesky.Backward(m.factor, m.p, d)
	for j, x := range d {
		d[j] = at.b[j] - x
	}
	return d, decrease
}
