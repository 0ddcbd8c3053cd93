package churn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/table"
)

// Method is a learner. Safe for concurrent use.
type Method uint8

// The methods.
const (
	// Logistic is additive logistic regression with bent lines, see package logistic: the
	// log-odds are a sum of what each column adds.
	Logistic Method = iota
	// Tree is a classification tree, pruned by cross-validation over customers, see package
	// tree: few questions that a person can read.
	Tree
	// Boosted is gradient boosting, see package boost: a sum of many small trees, which finds
	// bends and what columns say together. The number of trees is the one that predicts a later
	// part of the rows best.
	Boosted
)

var methodNames = []string{"logistic", "tree", "boosted"}

// String returns "logistic", "tree" or "boosted".
func (m Method) String() string { return enum.Name(methodNames, m) }

// MarshalText returns the text of String.
func (m Method) MarshalText() ([]byte, error) {
	return enum.Marshal("churn", "method", methodNames, m)
}

// UnmarshalText reads what MarshalText wrote.
func (m *Method) UnmarshalText(text []byte) error {
	return enum.Unmarshal("churn", "method", methodNames, text, m)
}

// Model gives the probability that a label comes true: from [Fit], or from JSON. Safe for
// concurrent use.
type Model struct {
	label     string
	plan      Plan
	schema    schema
	method    Method
	columns   []modelColumn // as in the table of the fit
	training  training
	main      learner
	reference learner // straight-line logistic on the same rows, calibrated in the same way
	baseline  baseline
}

// modelColumn is what a model knows of a column: rows have the index of a level as its code.
type modelColumn struct {
	Name   string   `json:"name"`
	Levels []string `json:"levels"` // nil: a number
}

func (c *modelColumn) kind() table.Kind {
	if c.Levels == nil {
		return table.Number
	}
	return table.Category
}

// code returns the index of a level, or -1.
func (c *modelColumn) code(level string) float64 { return float64(slices.Index(c.Levels, level)) }

// training is what a model was fitted on.
type training struct {
	First    Day `json:"first"` // cut-off
	Last     Day `json:"last"`  // cut-off
	Rows     int `json:"rows"`
	Positive int `json:"positive"`
	// Calibration says the same of the later slice, all 0 without one.
	CalibrationFirst    Day `json:"calibration_first,omitempty"`
	CalibrationLast     Day `json:"calibration_last,omitempty"`
	CalibrationRows     int `json:"calibration_rows,omitempty"`
	CalibrationPositive int `json:"calibration_positive,omitempty"`
	// Rounds says by which of the training rows the number of trees was chosen, all 0 where
	// it was not: those of the last cut-offs, or, where RoundsFirst is First, of some customers.
	RoundsFirst Day `json:"rounds_first,omitempty"`
	RoundsLast  Day `json:"rounds_last,omitempty"`
	RoundsRows  int `json:"rounds_rows,omitempty"`
}

// rate is the share of positives among the training rows.
func (t *training) rate() float64 { return float64(t.Positive) / float64(t.Rows) }

// Label returns the name of the label that the model is about.
func (m *Model) Label() string { return m.label }

// Plan returns the plan of the rows of the fit.
func (m *Model) Plan() Plan { return m.plan }

// Method returns the learner.
func (m *Model) Method() Method { return m.method }

// Columns describes the columns that a row has, in their order. The slice is not to be
// written to.
func (m *Model) Columns() []Info { return m.schema.Columns }

// Code returns what stands for a level in a row: its index among the levels of column i that
// the rows of the fit had, or -1 where they did not have it, and for a number column. It panics
// if i is out of range.
func (m *Model) Code(i int, level string) float64 { return m.columns[i].code(level) }

// String returns a few lines for people: what was learned on how many rows, the columns
// that count most, and how probabilities were calibrated.
func (m *Model) String() string {
	var b strings.Builder
	t := &m.training
	fmt.Fprintf(&b, "%s: %s of %d columns\n", m.label, m.method, len(m.columns))
	fmt.Fprintf(&b, "fitted on %d rows, %.1f%% true, cut-offs %s to %s\n", t.Rows, 100*t.rate(), t.First, t.Last)
	if m.main.calibration != nil {
		fmt.Fprintf(&b, "calibrated on %d rows, %.1f%% true, cut-offs %s to %s\n", t.CalibrationRows,
			100*float64(t.CalibrationPositive)/float64(t.CalibrationRows), t.CalibrationFirst, t.CalibrationLast)
	} else {
		b.WriteString("not calibrated\n")
	}
	switch {
	case m.method == Tree:
		fmt.Fprintf(&b, "tree of %d leaves, depth %d\n", len(m.main.tree.Leaves()), m.main.tree.Depth())
	case m.method == Boosted && t.RoundsRows == 0:
		fmt.Fprintf(&b, "%d trees\n", m.main.boost.Trees())
	case m.method == Boosted:
		of := ""
		if t.RoundsFirst == t.First {
			of = "of customers held out, "
		}
		fmt.Fprintf(&b, "%d trees: best on %d of the rows, %scut-offs %s to %s\n",
			m.main.boost.Trees(), t.RoundsRows, of, t.RoundsFirst, t.RoundsLast)
	}
	b.WriteString("largest mean effects:\n")
	for i, column := range m.columnsByEffect() {
		effect := m.baseline.Columns[column].Effect
		if i == 8 || effect == 0 {
			break
		}
		fmt.Fprintf(&b, "  %-32s %.3f\n", m.columns[column].Name, effect)
	}
	return b.String()
}
