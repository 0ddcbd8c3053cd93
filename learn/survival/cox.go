package survival

import (
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/table"
)

// Cox is a fitted model of proportional hazards (Cox 1972): the hazard of a row at time t is
// h(t)·exp(Σ coefficient·x), where h belongs to the stratum of the row. Safe for concurrent use.
//
// It assumes
//  1. that a unit of x multiplies the hazard by the same factor at all times:
//     [ProportionalHazards] looks for the contrary;
//  2. that censoring has nothing to do with how long a row would have lasted, given x;
//  3. that the log-hazard is linear in each number.
type Cox struct {
	ties       Ties
	columns    []column
	terms      []Term
	covariance []float64 // of the coefficients of terms
	baselines  []Baseline
	report     Report
}

// column is a column of the table that was fitted on.
type column struct {
	feature.Column
	term int // index of the first of its terms
}

// terms is the number of terms of the column.
func (c *column) terms() int {
	if c.Kind == table.Number {
		return 1
	}
	return max(0, len(c.Levels)-1)
}

// Term is a coefficient: of a number column, or of a level of a category beside the first
// level that the fit saw. A plain value: safe for concurrent reads.
type Term struct {
	Column string  // name of the column of the table
	Level  string  // of a category column
	Mean   float64 // weighted mean of a number; 0 of a level
	Scale  float64 // its population standard deviation; 1 of a level
	// Coefficient is what one unit of the column, as it came, adds to the log-hazard.
	Coefficient float64
	// StdErr is the standard error of Coefficient, robust if Options.Cluster was given;
	// ModelStdErr is that from the model alone: from the inverse of the observed information. Both, Z and P are
	// NaN if the fit failed so that there is no inverse ([StopPrecision]).
	StdErr, ModelStdErr float64
	Z                   float64 // Coefficient / StdErr
	P                   float64 // two-sided probability of a larger |Z| if the coefficient were 0
	// Aliased tells that the terms before it determine the term among the rows at risk
	// together, or that it is constant there, so that it was left out: the coefficient is 0,
	// StdErr, ModelStdErr, Z and P are NaN.
	Aliased bool
}

// HazardRatio returns by what one unit of the column multiplies the hazard, exp(Coefficient),
// with Wald's interval of the given level, such as 0.95. Of an aliased term, and for a level
// outside (0, 1), the interval is NaN.
func (t Term) HazardRatio(level float64) (ratio, low, high float64) {
	half := math.NaN()
	if level > 0 && level < 1 {
		half = normalQuantile(level) * t.StdErr
	}
	return math.Exp(t.Coefficient), math.Exp(t.Coefficient - half), math.Exp(t.Coefficient + half)
}

// Report tells how a fit went. A plain value: safe for concurrent reads.
type Report struct {
	Rows   int     // that have a weight
	Weight float64 // sum of their weights
	Events int     // rows that have a weight and ended
	// Iterations is the number of steps of Newton's method, and Gap by how much the
	// log-likelihood may be below its largest value, half the squared Newton decrement; NaN if the information lost its inverse.
	Iterations int
	Gap        float64
	Stop       Stop // why the fit ended
	// LogLikelihood is the partial one at the end, NullLogLikelihood that of coefficients 0.
	LogLikelihood, NullLogLikelihood float64
	// Tests that all coefficients are 0: by the ratio of likelihoods, by the coefficients and
	// their covariance, which is robust if Options.Cluster was given, and by the slope of the
	// likelihood at 0. The first and last take rows for independent. Wald is NaN where there are
	// no more clusters than coefficients.
	LikelihoodRatio, Wald, Score ChiSquare
	// Clusters is the number of different Options.Cluster; 0: none were given.
	Clusters int
}

// Report tells how the fit went.
func (m *Cox) Report() Report { return m.report }

// Ties returns what was done about events at the same time.
func (m *Cox) Ties() Ties { return m.ties }

// Terms returns the terms of each column in their order. The slice belongs to the caller.
func (m *Cox) Terms() []Term { return slices.Clone(m.terms) }

// Covariance returns the covariance of the coefficients of terms i and j, robust if
// Options.Cluster was given; 0 where one of them is aliased. It panics if they are out of range.
func (m *Cox) Covariance(i, j int) float64 {
	p := len(m.terms)
	if i < 0 || i >= p || j < 0 || j >= p {
		panic(fmt.Sprintf("survival: covariance of terms %d and %d of %d", i, j, p))
	}
	return m.covariance[i*p+j]
}

// Columns returns the names of the columns of the fit, in their order.
func (m *Cox) Columns() []string {
	return m.features().Names()
}

// Code returns what stands for a level in a row: its index among the levels of column i
// that the fit saw, or -1. It panics if i is out of range; for a number column it returns -1.
func (m *Cox) Code(i int, level string) float64 {
	return float64(m.columns[i].Code(level))
}

// features returns what is known of the columns.
func (m *Cox) features() feature.Columns {
	columns := make(feature.Columns, len(m.columns))
	for i := range m.columns {
		columns[i] = m.columns[i].Column
	}
	return columns
}

// NotConvergedError is returned with a model that may be far from the best one: the default
// number of iterations was not enough, or log-risks came to lie hundreds apart. Safe for concurrent reads.
type NotConvergedError struct {
	Iterations int     // steps that were made
	Gap        float64 // see Report.Gap
}

// Error returns the sentence.
func (e *NotConvergedError) Error() string {
	return fmt.Sprintf("survival: not converged after %d iterations", e.Iterations)
}

// MonotoneError is returned where the likelihood has no largest value: along a combination of
// columns every event comes to the row that is highest among those at risk, and somewhere to
// a higher one, so that the likelihood grows for ever with its coefficients. A level
// none of whose rows ended is the plainest case. Leave the columns out or merge levels. See Bryson
// and Johnson (1981), doi:10.1080/00401706.1981.10487679. Safe for concurrent reads.
type MonotoneError struct {
	// Columns are those of the combination, in the order of the table; of one such column alone, Level
	// is the level whose coefficient is infinite, if it is a category.
	Columns []string
	Level   string
}

// Error returns the sentence.
func (e *MonotoneError) Error() string {
	return fmt.Sprintf("survival: columns %q have infinite coefficients: they put the events in order without fail", e.Columns)
}
