package churn

import (
	"context"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/table"
)

// learner is a fitted classifier and how its scores become probabilities.
type learner struct {
	logistic    *logistic.Model // or
	tree        *tree.Tree      // or
	boost       *boost.Model
	calibration *score.Calibration // nil: none
}

// leastShare is the share that stands for a smaller one of a leaf, and one minus it for a
// greater one, before it becomes log-odds: a leaf without positives does not say never.
const leastShare = 0.001

func (l *learner) logOdds(row []float64) float64 {
	switch {
	case l.logistic != nil:
		return l.logistic.LogOdds(row)
	case l.boost != nil:
		return l.boost.LogOdds(row)
	}
	p := min(max(l.tree.Probability(row, 1), leastShare), 1-leastShare)
	return math.Log(p / (1 - p))
}

func (l *learner) probability(row []float64) float64 {
	switch {
	case l.calibration != nil:
		return l.calibration.Probability(l.logOdds(row))
	case l.logistic != nil:
		return l.logistic.PredictRow(row)
	case l.boost != nil:
		return 1 / (1 + math.Exp(-l.boost.LogOdds(row)))
	}
	return l.tree.Probability(row, 1)
}

// Predict returns the calibrated probability of each row of a data set. Columns and levels
// are found by name; others are ignored. A column of the model that is not there, or of another
// kind, is an error that wraps [ErrSchema], a data set that is nil [ErrNoRows], a fault of the table a [*table.Fault]. Of a level that the fit
// has not seen, Logistic adds what the column adds on average; Tree and Boosted go the way of
// missing values. It runs on GOMAXPROCS goroutines; no result depends on them.
func Predict[K comparable](ctx context.Context, m *Model, d *Dataset[K]) ([]float64, error) {
	return predictTable(ctx, m, d, m.main.probability)
}

// predictReference returns what Predict does, of the straight-line logistic baseline.
func predictReference[K comparable](ctx context.Context, m *Model, d *Dataset[K]) ([]float64, error) {
	return predictTable(ctx, m, d, m.reference.probability)
}

func predictTable[K comparable](ctx context.Context, m *Model, d *Dataset[K], f func(row []float64) float64) ([]float64, error) {
	if _, err := d.table(); err != nil {
		return nil, err
	}
	if err := d.Table.Validate(); err != nil {
		return nil, fmt.Errorf("churn: %w", err)
	}
	return eachRow(ctx, m, d.Table, 0, f)
}

// PredictRow returns the calibrated probability of one row, which has a value for each of
// Columns: a number, or what Code returns for a level; NaN is missing. It panics if the row
// has another length. No allocation.
func (m *Model) PredictRow(row []float64) float64 {
	m.mustFit(row)
	return m.main.probability(row)
}

func (m *Model) mustFit(row []float64) {
	if len(row) != len(m.columns) {
		panic(fmt.Sprintf("churn: row of %d values for %d columns", len(row), len(m.columns)))
	}
}

// Row writes row i of a data set into dst, as PredictRow takes it, and returns it; a dst that
// is too short is replaced. It is an error that wraps [ErrSchema] if the data set does not
// have the columns of the model, or [ErrNoRows] if it is nil. It panics if i is out of range. Cost: O(columns + levels),
// and a map of the columns.
func Row[K comparable](m *Model, d *Dataset[K], i int, dst []float64) ([]float64, error) {
	t, err := d.table()
	if err != nil {
		return nil, err
	}
	rows, err := m.bind(t.Columns)
	if err != nil {
		return nil, err
	}
	if cap(dst) < len(m.columns) {
		dst = make([]float64, len(m.columns))
	}
	dst = dst[:len(m.columns)]
	rows.Read(dst, i)
	return dst, nil
}

// bind finds the columns of the model by name.
func (m *Model) bind(columns []table.Column) (feature.Rows, error) {
	known := make(feature.Columns, len(m.columns))
	for i := range m.columns {
		c := &m.columns[i]
		known[i] = feature.New(c.Name, c.kind(), c.Levels)
	}
	rows, err := known.Bind(columns)
	if err != nil {
		return nil, fmt.Errorf("%w: %w is not there", ErrSchema, err)
	}
	return rows, nil
}
