package survival

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// LogRisk returns the log of by what the hazard of a row differs from that of the baseline:
// Σ coefficient·(x-Mean). The row has a value for each of Columns: a number, or the Code of a
// level. It is NaN if a value is NaN, or a code is of no level. It panics if the row has
// another length. Cost: O(columns), no allocation.
func (m *Cox) LogRisk(row []float64) float64 {
	if len(row) != len(m.columns) {
		panic(fmt.Sprintf("survival: row of %d values for %d columns", len(row), len(m.columns)))
	}
	total := 0.0
	for i, x := range row {
		c := &m.columns[i]
		switch {
		case c.Kind == table.Number:
			t := &m.terms[c.term]
			total += float64(t.Coefficient * (x - t.Mean))
		case !(x >= 0 && x < float64(len(c.Levels))):
			return math.NaN()
		case x >= 1:
			total += m.terms[c.term+int(x)-1].Coefficient
		}
	}
	return total
}

// LogRisks returns the LogRisk of each row; columns and levels are found by name. The
// table may have other columns, which are ignored. A column that is not there, or of
// another kind, or has rows of a level that the fit has not seen, is an error that wraps
// [ErrColumn]. A missing value ([ErrMissing]), a number beyond ±1e100 ([ErrTooLarge]) and a fault of the
// table are a [*table.Fault]. Cost: O(rows·columns).
func LogRisks[K comparable](ctx context.Context, m *Cox, t *table.Table[K], opts *PredictOptions) ([]float64, error) {
	workers, err := opts.workers()
	if err != nil {
		return nil, err
	}
	if err := t.Validate(); err != nil {
		return nil, err
	}
	rows, err := m.bind(t.Columns, nil)
	if err != nil {
		return nil, err
	}
	risks := make([]float64, t.Rows())
	const chunk = 4096
	parallel.Ranges(workers, len(risks), (len(risks)+chunk-1)/chunk, func(_, lo, hi int) {
		if ctx.Err() != nil {
			return
		}
		row := make([]float64, len(rows))
		for i := lo; i < hi; i++ {
			rows.Read(row, i)
			risks[i] = m.LogRisk(row)
		}
	})
	return risks, ctx.Err()
}

// PredictOptions says how [LogRisks], [Forecasts], [Survivals] and [ProportionalHazards] work; nil is the zero value. A plain value: safe for
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

// bind finds the columns of the model in those of a valid table, whose rows that have a weight have values for the
// model; nil: all.
func (m *Cox) bind(columns []table.Column, weights []float64) (feature.Rows, error) {
	rows, err := m.features().Bind(columns)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrColumn, err)
	}
	for i := range rows {
		c := &rows[i]
		if err := missing(&c.Column, i, weights); err != nil {
			return nil, err
		}
		for row := range c.Code {
			if (weights == nil || weights[row] > 0) && c.At(row) < 0 {
				return nil, fmt.Errorf("%w: level of row %d of column %q", ErrColumn, row, c.Name)
			}
		}
	}
	return rows, nil
}

// missing returns the fault of missing values, or of numbers that are too large, among the rows that have
// a weight, or nil.
func missing(c *table.Column, index int, weights []float64) error {
	fault := func(err error, bad func(row int) bool) error {
		f := &table.Fault{Column: c.Name, Index: index, Err: err}
		for row := range c.Len() {
			if bad(row) && (weights == nil || weights[row] > 0) {
				if f.Count == 0 {
					f.Row = row
				}
				f.Count++
			}
		}
		if f.Count == 0 {
			return nil
		}
		return f
	}
	unusable := func(x float64) bool { return !(math.Abs(x) <= largest) }
	if c.Kind == table.Number && !slices.ContainsFunc(c.Num, unusable) {
		return nil
	}
	if err := fault(ErrMissing, c.Missing); err != nil {
		return err
	}
	return fault(ErrTooLarge, func(row int) bool { return c.Kind == table.Number && unusable(c.Num[row]) })
}

// Forecasts returns the forecast of each row, whose columns and levels are found by name. strata names
// the stratum of each row; nil: all are of stratum "". Faults are those of [LogRisks], [ErrLength] and
// [ErrStratum]. Cost: O(rows·columns); a forecast holds no more than a reference to the model.
func Forecasts[K comparable](ctx context.Context, m *Cox, t *table.Table[K], strata []string, opts *PredictOptions) ([]Forecast, error) {
	if strata != nil && len(strata) != t.Rows() {
		return nil, fmt.Errorf("%w: %d rows, %d strata", ErrLength, t.Rows(), len(strata))
	}
	risks, err := LogRisks(ctx, m, t, opts)
	if err != nil {
		return nil, err
	}
	forecasts := make([]Forecast, len(risks))
	for i, risk := range risks {
		stratum := ""
		if strata != nil {
			stratum = strata[i]
		}
		if forecasts[i], err = m.forecast(risk, stratum); err != nil {
			return nil, err
		}
	}
	return forecasts, nil
}

// Survivals returns the probability that rows last beyond each of the times, row by row: row i at
// time j is at i·len(times)+j. Nothing is computed at other times, so that many rows fit into memory. Strata and
// faults are those of [Forecasts]. Cost: O(rows·(columns + times·log steps)).
func Survivals[K comparable](ctx context.Context, m *Cox, t *table.Table[K], strata []string, times []float64, opts *PredictOptions) ([]float64, error) {
	workers, err := opts.workers()
	if err != nil {
		return nil, err
	}
	forecasts, err := Forecasts(ctx, m, t, strata, opts)
	if err != nil {
		return nil, err
	}
	all := make([]float64, len(forecasts)*len(times))
	const chunk = 4096
	parallel.Ranges(workers, len(forecasts), (len(forecasts)+chunk-1)/chunk, func(_, lo, hi int) {
		if ctx.Err() != nil {
			return
		}
		for i := lo; i < hi; i++ {
			for j, t := range times {
				all[i*len(times)+j] = forecasts[i].Survival(t)
			}
		}
	})
	return all, ctx.Err()
}
