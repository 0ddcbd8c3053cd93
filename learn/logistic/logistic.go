// Package logistic answers how likely something is, by a sum of what each feature adds to
// its log-odds.
//
//	model, err := logistic.Fit(ctx, t, left, nil) // a table of features, and who has left
//	...
//	row := []float64{120, model.Code(1, "web")}
//	fmt.Println(model.PredictRow(row))
//	effects, base := model.Contributions(nil, row) // base + Σ effects = model.LogOdds(row)
//
// The package example has it whole; docs/theory/logistic.md has the formulas and where they mislead.
//
// [Fit] learns from rows of a [table.Table] and whether it came true for each. The table
// goes in as it is: numbers are standardised (and with Options.Winsorize
// freed of extremes), categories become indicators of their levels, missing values are marked, and with Options.Knots the effect of a number may bend. All
// that is part of the [Model], which takes rows in the same form and answers with a
// probability, [Model.PredictRow], and with what each column contributed to it,
// [Model.Contributions]. [Model.Terms] has the coefficients on both scales, with standard
// errors.
//
// # Missing values and unknown levels
//
// A missing number counts as the mean; where the fit saw missing values, a term of its own
// says what it means that the value is not there. Missing values of a category are a level
// of their own where the fit saw any. A level that the fit did not see, and a missing value
// where it saw none, add what the column adds on average: nothing beside the mean.
//
// # The same model every time
//
// A model depends on the rows, labels and options alone, not on goroutines, and not on
// the order of the rows where they have ids that compare.
//
// # When it misleads
//
//  1. The effects of columns add up in the log-odds; what two of them do only together is
//     not seen unless there is a column of it.
//  2. A straight line is not the shape of most effects; see Options.Knots.
//  3. Coefficients of columns that say nearly the same (Term.VIF above 10) are hardly
//     determined one by one, though their sum is. A penalty shares the effect out among them.
//  4. Coefficients tell what goes together with the label, not what would change it.
package logistic

import (
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/table"
)

// Model is a fitted regression. Safe for concurrent use.
type Model struct {
	columns []column
	terms   []Term // the intercept first, then those of each column in order
	base    float64
	report  Report
}

// column is a column of the table that was fitted on, and what it adds to the log-odds.
type column struct {
	feature.Column

	span   span      // number: what values are kept within
	bends  []bend    // number: the straight line (knot -Inf) and the hinges
	effect []float64 // category: of each level
	// missing is what a missing value adds. Where the fit saw none, and for a level that it
	// did not see, it is typical, what the column adds on average over the rows of the fit.
	missing, typical float64
}

// bend is a straight line or a hinge: it adds slope·(max(x, knot) - center).
type bend struct{ knot, center, slope float64 }

// at returns what the column adds to the log-odds at a value, of a category its code.
func (c *column) at(x float64) float64 {
	if c.Kind == table.Category {
		if x >= 0 && x < float64(len(c.effect)) && x == math.Trunc(x) {
			return c.effect[int(x)]
		}
	} else if !math.IsNaN(x) {
		x = min(max(c.span.keep(x), -largest), largest) // no sum of infinities
		sum := 0.0
		for i := range c.bends {
			b := &c.bends[i]
			sum += float64(b.slope * (max(x, b.knot) - b.center))
		}
		return sum
	}
	if math.IsNaN(x) {
		return c.missing
	}
	return c.typical
}

// Columns returns the names of the columns of the fit, in their order.
func (m *Model) Columns() []string {
	return m.features().Names()
}

// Code returns what stands for a level in a row: its index among the levels of column i
// that the fit saw, or -1, for which the column adds what it does on average, where it did
// not see it. It panics if i is out of range; for a number column it returns -1.
func (m *Model) Code(i int, level string) float64 {
	return float64(m.columns[i].Code(level))
}

// features returns what is known of the columns.
func (m *Model) features() feature.Columns {
	columns := make(feature.Columns, len(m.columns))
	for i := range m.columns {
		columns[i] = m.columns[i].Column
	}
	return columns
}

// Report tells how the fit went.
func (m *Model) Report() Report {
	r := m.report
	r.Constant = slices.Clone(r.Constant)
	return r
}

// Terms returns the intercept and then the prepared columns of each column, in their order.
// The slice belongs to the caller.
func (m *Model) Terms() []Term {
	return slices.Clone(m.terms)
}
