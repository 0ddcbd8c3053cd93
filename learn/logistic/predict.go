package logistic

import (
	"context"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// Predict returns the probability of each row; columns and levels are found by name. The
// table may have other columns, which are ignored. A column that is not there, or of
// another kind, is an error that wraps [ErrColumn], a fault of the table a [*table.Fault].
// Missing values and levels that the fit has not seen are as for LogOdds. Cost:
// O(rows·columns·(knots+1)), and a pass to validate the table.
func Predict[K comparable](ctx context.Context, m *Model, t *table.Table[K], opts *PredictOptions) ([]float64, error) {
	workers, err := opts.workers()
	if err != nil {
		return nil, err
	}
	if err := t.Validate(); err != nil {
		return nil, err
	}
	rows, err := m.features().Bind(t.Columns)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrColumn, err)
	}
	probabilities := make([]float64, t.Rows())
	const chunk = 4096
	chunks := (len(probabilities) + chunk - 1) / chunk
	parallel.Ranges(workers, len(probabilities), chunks, func(_, lo, hi int) {
		if ctx.Err() != nil {
			return
		}
		row := make([]float64, len(rows))
		for i := lo; i < hi; i++ {
			rows.Read(row, i)
			probabilities[i] = m.PredictRow(row)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return probabilities, nil
}

// PredictOptions says how [Predict] works; nil is the zero value. A plain value: safe for
// concurrent reads.
type PredictOptions struct {
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// workers returns the number of goroutines.
func (o *PredictOptions) workers() (int, error) {
	if o == nil {
		return parallel.Workers(0), nil
	}
	if o.Workers < 0 {
		return 0, fmt.Errorf("%w: PredictOptions.Workers is negative", ErrOptions)
	}
	return parallel.Workers(o.Workers), nil
}

// LogOdds returns the log-odds of one row, which has a value for each of Columns: a number, or
// the Code of a level; NaN is missing, and a number beyond ±1e100 counts
// as that. A missing value of a column that had none in the fit,
// and any code that is not of a level, adds what the column adds on average over the rows
// of the fit. It panics if the row has another length. Cost: O(columns·(knots+1)), no
// allocation.
func (m *Model) LogOdds(row []float64) float64 {
	m.check(row)
	sum := m.terms[0].Coefficient
	for i, x := range row {
		sum += m.columns[i].at(x)
	}
	return sum
}

// PredictRow returns the probability of one row, which is as for LogOdds: 1/(1+exp(-log-odds)).
func (m *Model) PredictRow(row []float64) float64 {
	z := m.LogOdds(row)
	if z < 0 {
		e := math.Exp(z)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-z))
}

// Contributions appends to dst what each column adds to the log-odds of a row beside the mean of
// the rows of the fit, and returns the base: base + Σ contributions = LogOdds, up to
// rounding. The row is as for LogOdds. It allocates nothing if dst has room.
func (m *Model) Contributions(dst, row []float64) (contributions []float64, base float64) {
	m.check(row)
	for i, x := range row {
		c := &m.columns[i]
		dst = append(dst, c.at(x)-c.typical)
	}
	return dst, m.base
}

func (m *Model) check(row []float64) {
	if len(row) != len(m.columns) {
		panic(fmt.Sprintf("logistic: row of %d values for %d columns", len(row), len(m.columns)))
	}
}
