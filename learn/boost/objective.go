package boost

import (
	"fmt"
	"math"
)

// Objective is a loss of a raw score F against a target y, which a fit makes small: the sum
// over rows of weight·loss(y, F). Its methods are called from several goroutines at once, with
// slices of the same length, a part of the rows, which they must not keep. Implementations
// are to be safe for concurrent use.
type Objective interface {
	// Start returns the raw score before the first tree, best the one that alone makes the
	// loss least, or an error if a target is not one the loss is defined for. Weight is
	// nil if all are 1. Rows are in the order of their ids, without those of weight 0, so that
	// an index says nothing to the caller of the fit. It is called for the rows of
	// Later too, for its error.
	Start(target, weight []float64) (float64, error)
	// Gradients writes the first and second derivative of the loss by the raw score, without
	// weights, for each row. A second derivative must not be negative; those of losses that
	// have none worth the name (absolute error) are 1.
	Gradients(gradient, hessian, raw, target []float64)
	// Loss returns Σ weight·loss.
	Loss(raw, target, weight []float64) float64
}

// Logistic is the objective of Fit: log(1+exp(F)) - y·F, for targets from 0 to 1; F are
// log-odds. A constant value: safe for concurrent use.
type Logistic struct{}

// Start returns the log-odds of the mean target. Its errors are ErrTarget and ErrOneClass, bare.
func (Logistic) Start(target, weight []float64) (float64, error) {
	sum, total := 0.0, 0.0
	for row, y := range target {
		if !(y >= 0 && y <= 1) {
			return 0, ErrTarget
		}
		w := weightOf(weight, row)
		sum += float64(w * y)
		total += w
	}
	if sum == 0 || sum >= total {
		return 0, ErrOneClass
	}
	return math.Log(sum / (total - sum)), nil
}

// Gradients writes p-y and p(1-p) with p = 1/(1+exp(-F)).
func (Logistic) Gradients(gradient, hessian, raw, target []float64) {
	for i, f := range raw {
		p := sigmoid(f)
		gradient[i], hessian[i] = p-target[i], p*(1-p)
	}
}

// Loss returns the log loss, a sum.
func (Logistic) Loss(raw, target, weight []float64) float64 {
	return logistic(nil, nil, raw, target, weight)
}

// logistic returns Loss and writes Gradients, unless they are nil: both need the same exponentials.
func logistic(gradient, hessian, raw, target, weight []float64) float64 {
	// The sum of logarithms is that of products, few enough not to overflow.
	const few = 512
	sum := 0.0
	for lo := 0; lo < len(raw); lo += few {
		hi, product := min(lo+few, len(raw)), 1.0
		for i, f := range raw[lo:hi] {
			y, e := target[lo+i], math.Exp(-math.Abs(f))
			if gradient != nil {
				p := expit(f, e)
				gradient[lo+i], hessian[lo+i] = p-y, p*(1-p)
			}
			if loss := max(f, 0) - float64(y*f); weight == nil {
				product *= 1 + e
				sum += loss
			} else {
				sum += float64(weight[lo+i] * (loss + math.Log1p(e)))
			}
		}
		sum += math.Log(product)
	}
	return sum
}

// SquaredError is half the squared error, (y-F)²/2, for targets in [-1e50, 1e50]; F are means. A
// constant value: safe for concurrent use.
type SquaredError struct{}

// Start returns the mean target, or ErrTarget, bare, of one that is not in [-1e50, 1e50].
func (SquaredError) Start(target, weight []float64) (float64, error) {
	sum, total := 0.0, 0.0
	for row, y := range target {
		if !(math.Abs(y) <= largestTarget) {
			return 0, ErrTarget
		}
		w := weightOf(weight, row)
		sum += float64(w * y)
		total += w
	}
	return sum / total, nil
}

// Gradients writes F-y and 1.
func (SquaredError) Gradients(gradient, hessian, raw, target []float64) {
	for i, f := range raw {
		gradient[i], hessian[i] = f-target[i], 1
	}
}

// Loss returns half the sum of squares.
func (SquaredError) Loss(raw, target, weight []float64) float64 {
	sum := 0.0
	for i, f := range raw {
		d := f - target[i]
		sum += float64(weightOf(weight, i) * d * d / 2)
	}
	return sum
}

// largest bounds scores, derivatives and sums of weights, so that squares can be added up;
// largestTarget, which is far less, leaves room for what the scores do beyond targets.
const largest, largestTarget = 1e60, 1e50

// plain returns the value that a pointer to an objective of this package points to.
func plain(objective Objective) Objective {
	switch objective.(type) {
	case *Logistic:
		return Logistic{}
	case *SquaredError:
		return SquaredError{}
	}
	return objective
}

// checkTarget looks for a target that an objective of this package is not defined for, in rows
// as the caller counts them.
func checkTarget(objective Objective, target []float64, rows []int32) error {
	var low, high float64
	switch objective.(type) {
	case Logistic:
		low, high = 0, 1
	case SquaredError:
		low, high = -largestTarget, largestTarget
	default:
		return nil
	}
	for _, row := range rows {
		if y := target[row]; !(y >= low && y <= high) {
			return fmt.Errorf("%w: row %d is not in [%g, %g]", ErrTarget, row, low, high)
		}
	}
	return nil
}

func sigmoid(f float64) float64 { return expit(f, math.Exp(-math.Abs(f))) }

// expit is sigmoid of f, e being exp(-|f|), without a branch.
func expit(f, e float64) float64 {
	one, bits := math.Float64bits(1), math.Float64bits(f)
	negative := uint64(int64(bits) >> 63)
	return math.Float64frombits(one^negative&(one^math.Float64bits(e))) / (1 + e)
}
