package cluster

import (
	"math"

	"github.com/clientele-go/clientele/internal/parallel"
)

// of is x after the power; NaN stays.
func (p Power) of(x, lambda float64) float64 {
	switch p {
	case Log1p:
		return math.Copysign(math.Log1p(math.Abs(x)), x)
	case YeoJohnson:
		return yeoJohnson(x, lambda)
	}
	return x
}

// inverse is the value whose power is y.
func (p Power) inverse(y, lambda float64) float64 {
	switch p {
	case Log1p:
		return math.Copysign(math.Expm1(math.Abs(y)), y)
	case YeoJohnson:
		return yeoJohnsonInverse(y, lambda)
	}
	return y
}

// yeoJohnson is the transformation of Yeo and Johnson (2000): for x >= 0 it is
// ((1+x)^λ-1)/λ, or ln(1+x) at λ = 0, and below 0 it mirrors that with 2-λ.
func yeoJohnson(x, lambda float64) float64 {
	switch {
	case lambda == 1:
		return x
	case x < 0:
		return -boxCox1p(-x, 2-lambda)
	}
	return boxCox1p(x, lambda)
}

func yeoJohnsonInverse(y, lambda float64) float64 {
	switch {
	case lambda == 1:
		return y
	case y < 0:
		return -boxCox1pInverse(-y, 2-lambda)
	}
	return boxCox1pInverse(y, lambda)
}

func boxCox1p(x, lambda float64) float64 {
	if lambda == 0 {
		return math.Log1p(x)
	}
	return math.Expm1(lambda*math.Log1p(x)) / lambda
}

func boxCox1pInverse(y, lambda float64) float64 {
	if lambda == 0 {
		return math.Expm1(y)
	}
	return math.Expm1(math.Log1p(y*lambda) / lambda)
}

// Limits of λ and how it is found.
const (
	lambdaReach  = 5       // 1-5 to 1+5: symmetric about 1, where nothing is transformed
	lambdaFlat   = 16      // the largest |λ·ln(1+|x|)| on the side where values crowd at a bound
	lambdaGain   = 1e-9    // in mean log-likelihood over λ = 1, below which λ is 1
	lambdaStep   = 1e-7    // to which λ is found
	lambdaSample = 1 << 14 // rows, evenly spaced, on which it is sought first if there are many
	lambdaNear   = 0.1     // how far from there it is then sought in all rows,
	lambdaRough  = 1e-5    // and to which it is found there
)

// yeoJohnsonLambda is the λ of the largest likelihood of normal values (Yeo and Johnson
// 2000, section 4), between -4 and 6, and no farther out than values stay apart.
func yeoJohnsonLambda(workers int, values, weights []float64) float64 {
	l := newLikelihood(workers, values, weights)
	low := max(1-lambdaReach, -lambdaFlat/max(l.most, 0))
	high := min(1+lambdaReach, 2+lambdaFlat/max(-l.least, 0))
	lambda, at := l.best(low, high)
	if !(at > l.at(1)+lambdaGain) {
		return 1
	}
	return lambda
}

// best is the λ between low and high of the largest likelihood, and that.
func (l *likelihood) best(low, high float64) (lambda, at float64) {
	if step := len(l.logs) / lambdaSample; step > 1 {
		first, _ := l.every(step).best(low, high)
		a, b := max(low, first-lambdaNear), min(high, first+lambdaNear)
		lambda, at = brentMaximum(l.at, a, b, lambdaRough)
		if (a == low || lambda > a+4*lambdaRough) && (b == high || lambda < b-4*lambdaRough) {
			return lambda, at
		}
	}
	return brentMaximum(l.at, low, high, lambdaStep)
}

// likelihood is the mean log-likelihood of λ, up to a constant.
type likelihood struct {
	workers     int
	logs        []float64 // sign(x)·ln(1+|x|) of each value
	weights     []float64
	mean        float64 // of logs
	least, most float64 // of logs
	powered     []float64
}

func newLikelihood(workers int, values, weights []float64) *likelihood {
	l := &likelihood{workers: workers, weights: weights, logs: make([]float64, len(values))}
	l.each(func(i int) { l.logs[i] = Log1p.of(values[i], 0) })
	l.measure()
	return l
}

func (l *likelihood) measure() {
	m := momentsOf(l.workers, l.logs, l.weights)
	l.mean, l.least, l.most = m.mean, m.lo, m.hi
	l.powered = make([]float64, len(l.logs))
}

// every is the likelihood of every step-th row.
func (l *likelihood) every(step int) *likelihood {
	s := &likelihood{workers: l.workers}
	for i := 0; i < len(l.logs); i += step {
		s.logs = append(s.logs, l.logs[i])
		if l.weights != nil {
			s.weights = append(s.weights, l.weights[i])
		}
	}
	s.measure()
	return s
}

func (l *likelihood) each(f func(i int)) {
	parallel.Ranges(parallel.Workers(l.workers), len(l.logs), parallel.Workers(l.workers), func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			f(i)
		}
	})
}

// at is -ln(variance of the transformed values)/2 + (λ-1)·mean of logs, where the second
// term is that of the Jacobian. Of values of one sign, which are not 0, (1+x)^λ is
// divided by that of the mean of logs, so that neither a power overflows nor 1 takes the
// digits of a small one.
func (l *likelihood) at(lambda float64) float64 {
	scale := 0.0 // twice the logarithm of what the transformed values were divided by
	switch {
	case l.least > 0:
		l.each(func(i int) { l.powered[i] = expm1Over(l.logs[i]-l.mean, lambda) })
		scale = 2 * lambda * l.mean
	case l.most < 0:
		l.each(func(i int) { l.powered[i] = expm1Over(l.mean-l.logs[i], 2-lambda) })
		scale = -2 * (2 - lambda) * l.mean
	default:
		l.each(func(i int) {
			if x := l.logs[i]; x < 0 {
				l.powered[i] = -expm1Over(-x, 2-lambda)
			} else {
				l.powered[i] = expm1Over(x, lambda)
			}
		})
	}
	v := momentsOf(l.workers, l.powered, l.weights).variance()
	if at := -(math.Log(v)+scale)/2 + (lambda-1)*l.mean; !math.IsNaN(at) && !math.IsInf(at, 1) {
		return at
	}
	return math.Inf(-1)
}

// expm1Over is (e^(λx)-1)/λ, and x at λ = 0.
func expm1Over(x, lambda float64) float64 {
	if lambda == 0 {
		return x
	}
	return math.Expm1(lambda*x) / lambda
}

// brentMaximum is the place of a maximum of f between a and b and its value, found by
// golden sections and parabolas (Brent 1973, chapter 5).
func brentMaximum(f func(float64) float64, a, b, tolerance float64) (x, fx float64) {
	const golden = 0.3819660112501051 // (3-√5)/2
	x = a + golden*(b-a)
	w, v := x, x
	fx = f(x)
	fw, fv := fx, fx
	step, last := 0.0, 0.0
	for range 100 {
		middle := (a + b) / 2
		if math.Abs(x-middle) <= 2*tolerance-(b-a)/2 {
			break
		}
		parabola := false
		if math.Abs(last) > tolerance {
			r, q := (x-w)*(fv-fx), (x-v)*(fw-fx)
			p := (x-v)*q - (x-w)*r
			if q = 2 * (q - r); q > 0 {
				p = -p
			}
			q = math.Abs(q)
			before := last
			last = step
			if math.Abs(p) < math.Abs(q*before/2) && p > q*(a-x) && p < q*(b-x) {
				parabola = true
				step = p / q
				if u := x + step; u-a < 2*tolerance || b-u < 2*tolerance {
					step = math.Copysign(tolerance, middle-x)
				}
			}
		}
		if !parabola {
			if last = b - x; x >= middle {
				last = a - x
			}
			step = golden * last
		}
		u := x + step
		if math.Abs(step) < tolerance {
			u = x + math.Copysign(tolerance, step)
		}
		fu := f(u)
		if fu >= fx {
			if u >= x {
				a = x
			} else {
				b = x
			}
			v, w, x = w, x, u
			fv, fw, fx = fw, fx, fu
			continue
		}
		if u < x {
			a = u
		} else {
			b = u
		}
		switch {
		case fu >= fw || w == x:
			v, w, fv, fw = w, u, fw, fu
		case fu >= fv || v == x || v == w:
			v, fv = u, fu
		}
	}
	return x, fx
}
