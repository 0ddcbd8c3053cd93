package logistic

import (
	"fmt"

	"github.com/clientele-go/clientele/internal/enum"
)

// Stop is why a fit ended. Safe for concurrent use.
type Stop uint8

// The reasons.
const (
	StopConverged  Stop = iota // the gap is within Tolerance
	StopIterations             // MaxIterations passes were made
	StopPrecision              // no step lowers the objective any more, by rounding
)

var stopNames = []string{"converged", "iterations", "precision"}

// String returns the name in lower case: "converged".
func (s Stop) String() string { return enum.Name(stopNames, s) }

// MarshalText writes the name.
func (s Stop) MarshalText() ([]byte, error) { return enum.Marshal("logistic", "stop", stopNames, s) }

// UnmarshalText reads the name.
func (s *Stop) UnmarshalText(text []byte) error {
	return enum.Unmarshal("logistic", "stop", stopNames, text, s)
}

// Report tells how a fit went. All but Weight and Positive are of the objective as fitted: with
// Balanced, of the balanced weights and the intercept before the shift. A plain value:
// safe for concurrent reads.
type Report struct {
	Rows       int     // that have a weight
	Weight     float64 // sum of Options.Weights over them
	Positive   float64 // that of the rows whose label is true
	Iterations int     // passes over all rows
	Stop       Stop    // why it ended
	Objective  float64 // at the end, see Options
	// Gap is by how much the objective may be above the least, relative to it: half the
	// squared Newton decrement, or with L1 what the quadratic model still promises, at the
	// coefficients of the model. It is a bound to first order.
	Gap          float64
	Deviance     float64 // -2 log-likelihood, weighted
	NullDeviance float64 // that of an intercept alone
	// AIC is Deviance + 2·(coefficients that were fitted); NaN with a penalty or Balanced,
	// where it has no meaning.
	AIC   float64
	Shift float64 // added to the intercept to undo Balanced; 0 without
	// Constant names the columns that are the same in all rows of the fit, or differ by so little
	// that their standard deviation is 0 in floating point; their coefficients are 0.
	Constant []string
}

// NotConvergedError is returned with a model that may be far from the best one: the default
// number of iterations was not enough. Safe for concurrent reads.
type NotConvergedError struct {
	Iterations int     // passes that were made
	Gap        float64 // see Report.Gap
}

// Error returns the sentence.
func (e *NotConvergedError) Error() string {
	return fmt.Sprintf("logistic: not converged after %d iterations", e.Iterations)
}

// SeparationError is returned where a fit without penalty has no answer: a combination of
// columns tells the labels of some rows apart without fail and has none of the others
// against it, so that the likelihood grows for ever with its coefficients. A penalty
// cures it. See Albert and Anderson (1984), doi:10.1093/biomet/71.1.1. Safe for concurrent
// reads.
type SeparationError struct {
	// Columns are those of the combination, in the order of the table.
	Columns []string
	// Rows is the number of rows that the named columns alone tell apart; Complete says that
	// these are all. Columns that were left out may tell apart more, together with these.
	Rows     int
	Complete bool
}

// Error returns the sentence.
func (e *SeparationError) Error() string {
	return fmt.Sprintf("logistic: columns %q separate the labels of %d rows: there is no fit without penalty", e.Columns, e.Rows)
}
