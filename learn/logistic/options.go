package logistic

import (
	"errors"
	"fmt"
	"math"
)

// MaxTerms is the largest number of coefficients, the intercept among them.
const MaxTerms = 4096

// maxKnots bounds Options.Knots.
const maxKnots = 100

// largest bounds numbers, so that squares of all rows can be added up.
const largest = 1e100

// Errors that a caller can act on.
var (
	// ErrOneClass is returned, bare, where all rows that have a weight have the same label.
	ErrOneClass = errors.New("logistic: labels are all the same")
	// ErrWeight is wrapped by the error of a weight that is negative or not finite, which
	// names the row, and of weights whose sum is not in [1e-100, 1e100].
	ErrWeight = errors.New("logistic: not a usable weight")
	// ErrLength is wrapped by the error of labels or weights of another length than rows.
	ErrLength = errors.New("logistic: lengths differ")
	// ErrNoRows is returned, bare, where no row has a weight above 0.
	ErrNoRows = errors.New("logistic: no row has any weight")
	// ErrColumn is wrapped by the error of a column of the model that a table does not
	// have, or has as another kind.
	ErrColumn = errors.New("logistic: no such column")
	// ErrTooLarge is wrapped by the [table.Fault] of numbers beyond ±1e100.
	ErrTooLarge = errors.New("logistic: number is too large")
	// ErrTooMany is wrapped by the error of more than MaxTerms coefficients, which names
	// the column that has most of them.
	ErrTooMany = errors.New("logistic: too many coefficients")
	// ErrTooFew is wrapped by the error of Unpenalized with no more rows than coefficients
	// that can be told apart: the rows are then fitted perfectly, or all but.
	ErrTooFew = errors.New("logistic: too few rows for a fit without penalty")
)

// Options say how a model is fitted. The zero value is an L2 penalty of 1 on standardised
// features. A plain value: safe for concurrent reads.
//
// The objective, minimised over coefficients b of the prepared columns and the intercept:
//
//	Σ w·(log(1+exp(z)) - y·z) + L2/2·Σb² + L1·Σ|b|,   z = intercept + Σ b·x
//
// so that L2 = 1/C of scikit-learn. The intercept is not penalised.
type Options struct {
	// L2 is the weight of the squared penalty. 0: 1, or 0 where L1 is given or Unpenalized is set.
	L2 float64
	// L1 is the weight of the absolute penalty, which makes coefficients 0. 0: none. Alone, it
	// does not say how the levels of a category share their effect; an L2 beside it does.
	L1 float64
	// Unpenalized asks for maximum likelihood: categories are coded against their first
	// level, columns that others determine are left out (Term.Aliased), and separation is
	// a [*SeparationError]. L1 and L2 must be 0.
	Unpenalized bool
	// Knots is the number of bends of each number column, at most 100: it becomes itself and
	// hinges max(0, x-knot), the knots being quantiles of those values of the rows of the fit
	// that are neither the smallest nor the largest; fewer where quantiles coincide. 0: none,
	// the column is a straight line.
	Knots int
	// Winsorize keeps the values of number columns between their quantiles at this share and at
	// 1 less this share of the rows of the fit, there and in every prediction: one order of a
	// million otherwise stands for all that customers spend. Below 0.5. A column of which that
	// would leave a single value is kept as it is. 0: none.
	Winsorize float64
	// Weights has one weight for each row, at least 0 and not all 0: a row of weight 2
	// counts as two equal rows. Nil: 1 each.
	Weights []float64
	// Balanced weighs the two classes to equal sums, for the fit alone: afterwards the intercept
	// is shifted back by the logarithm of the ratio of the class weights, so that
	// probabilities mean what they say. Report.Shift is that shift. There are no standard
	// errors then, see Term.StdErr.
	Balanced bool
	// MaxIterations bounds the passes over the rows. 0: 100, and a fit that needs more is a
	// [*NotConvergedError].
	MaxIterations int
	// Tolerance is the gap to the least objective, relative to it, at which the fit ends. 0: 1e-10.
	Tolerance float64
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// Validate reports every fault of the options at once, as a joined error; lengths are
// checked by Fit. Nil options are valid.
func (o *Options) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	fault := func(bad bool, text string) {
		if bad {
			faults = append(faults, errors.New("logistic: Options."+text))
		}
	}
	fault(!(o.L2 >= 0) || math.IsInf(o.L2, 0), "L2 is negative or not finite")
	fault(!(o.L1 >= 0) || math.IsInf(o.L1, 0), "L1 is negative or not finite")
	fault(o.Unpenalized && (o.L1 != 0 || o.L2 != 0), "Unpenalized is set with a penalty")
	fault(o.Knots < 0 || o.Knots > maxKnots, fmt.Sprintf("Knots is negative or above %d", maxKnots))
	fault(!(o.Winsorize >= 0 && o.Winsorize < 0.5), "Winsorize is not in [0, 0.5)")
	fault(o.MaxIterations < 0, "MaxIterations is negative")
	fault(!(o.Tolerance >= 0) || o.Tolerance >= 1, "Tolerance is not in [0, 1)")
	fault(o.Workers < 0, "Workers is negative")
	for row, w := range o.Weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			faults = append(faults, fmt.Errorf("%w: negative or not finite in row %d", ErrWeight, row))
			break
		}
	}
	return errors.Join(faults...)
}

// settled returns the options with defaults in place of zeros.
func (o *Options) settled() Options {
	var s Options
	if o != nil {
		s = *o
	}
	if s.L2 == 0 && s.L1 == 0 && !s.Unpenalized {
		s.L2 = 1
	}
	if s.MaxIterations == 0 {
		s.MaxIterations = 100
	}
	if s.Tolerance == 0 {
		s.Tolerance = 1e-10
	}
	return s
}
