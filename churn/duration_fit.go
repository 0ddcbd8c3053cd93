package churn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/learn/survival"
	"github.com/clientele-go/clientele/table"
)

// timeColumns are those of nil TimeOptions.Columns: silence, tenure and how often, on scales on which straight
// lines do well. Who has bought lacks none.
var timeColumns = []string{
	"purchase_days_since_log", "purchase_days_since_first_log", "purchase_days_log", "purchase_rate_log",
	"silence_surprise", "silence_surprise_log",
}

// TimeOptions say how a time model is fitted. A plain value: safe for concurrent reads.
type TimeOptions struct {
	// Columns are number columns of the rows, whose effects on the log-hazard are straight lines; the fewer events,
	// the fewer columns: some 20 events each. Nil: the logarithms of purchase_days_since,
	// purchase_days_since_first, purchase_days, purchase_rate and silence_surprise, and silence_surprise itself.
	Columns []string
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// TimeModel gives the probability that a label has come true by each day from the cut-off: a Cox model
// of features, from [FitTime] or from JSON. Safe for concurrent use.
type TimeModel struct {
	label  string
	plan   Plan
	schema schema
	inputs []timeInput
	cox    *survival.Cox
}

// timeInput is a column of features, and what stands for its missing values.
type timeInput struct {
	Name string  `json:"name"`
	Fill float64 `json:"fill"` // median of the fit
	Mark bool    `json:"mark"` // a column of its own says where it is missing
}

// markSuffix makes the name of a mark.
const markSuffix = " is missing"

// FitTime fits a Cox model with Efron's ties and standard errors that know which rows are of one customer.
// A missing value counts as the median, and a term of its own says what it means that there is none;
// without such a term where it would be infinite, as where the label came true of none or all of those
// rows, and where another column is missing in the same rows.
//
// Errors wrap [ErrNoRows], [ErrSchema] (a column that is not there, or no number), or are those of
// [survival.FitCox], of which survival.ErrNoEvents says that nothing came true, a
// [*survival.MonotoneError] names columns to leave out. Cost: that of survival.FitCox.
func FitTime[K comparable](ctx context.Context, s *Spans[K], opts *TimeOptions) (*TimeModel, error) {
	if opts == nil {
		opts = &TimeOptions{}
	}
	if opts.Workers < 0 {
		return nil, fmt.Errorf("%w: Workers is negative", ErrOptions)
	}
	if s == nil || s.Rows == nil || s.Data == nil || s.Rows.Rows() == 0 {
		return nil, fmt.Errorf("%w: spans", ErrNoRows)
	}
	m := &TimeModel{label: s.Rows.label, plan: s.Rows.plan, schema: s.Rows.schema}
	names := opts.Columns
	if names == nil {
		names = timeColumns
	}
	var missing [][]bool // of each mark
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("%w: Columns has %q twice", ErrOptions, name)
		}
		c, ok := s.Rows.Table.Column(name)
		if !ok || c.Kind != table.Number {
			return nil, fmt.Errorf("%w: number column %q is not there: see TimeOptions.Columns", ErrSchema, name)
		}
		in, where := newTimeInput(&c)
		if in.Mark = where != nil && !slices.ContainsFunc(missing, func(other []bool) bool { return slices.Equal(where, other) }); in.Mark {
			missing = append(missing, where)
		}
		m.inputs = append(m.inputs, in)
	}
	for {
		t, err := timeTable(m, s.Rows)
		if err != nil {
			return nil, err
		}
		m.cox, err = survival.FitCox(ctx, t, s.Data, &survival.Options{Cluster: s.Cluster, Workers: opts.Workers})
		if monotone, ok := errors.AsType[*survival.MonotoneError](err); ok && m.unmark(monotone.Columns) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("churn: %w", err)
		}
		return m, nil
	}
}

// unmark leaves out the marks among columns, and reports whether there are any.
func (m *TimeModel) unmark(columns []string) bool {
	some := false
	for i := range m.inputs {
		if in := &m.inputs[i]; in.Mark && slices.Contains(columns, in.Name+markSuffix) {
			in.Mark, some = false, true
		}
	}
	return some
}

// newTimeInput learns what stands for missing values, the lower median of the others, or 0 if there are none, and
// where they are missing; nil: nowhere.
func newTimeInput(c *table.Column) (in timeInput, missing []bool) {
	in.Name = c.Name
	known := slices.DeleteFunc(slices.Clone(c.Num), math.IsNaN)
	if len(known) > 0 {
		slices.Sort(known)
		in.Fill = known[(len(known)-1)/2]
	}
	if len(known) == len(c.Num) {
		return in, nil
	}
	missing = make([]bool, len(c.Num))
	for i, x := range c.Num {
		missing[i] = math.IsNaN(x)
	}
	return in, missing
}

// timeTable makes the table that the Cox model takes.
func timeTable[K comparable](m *TimeModel, d *Dataset[K]) (*table.Table[Subject[K]], error) {
	if _, err := d.table(); err != nil {
		return nil, err
	}
	t := &table.Table[Subject[K]]{IDs: d.Table.IDs, Compare: d.Table.Compare}
	for _, in := range m.inputs {
		c, ok := d.Table.Column(in.Name)
		if !ok || c.Kind != table.Number {
			return nil, fmt.Errorf("%w: number column %q is not there", ErrSchema, in.Name)
		}
		values := slices.Clone(c.Num)
		marks := make([]float64, len(values))
		for i, x := range values {
			if math.IsNaN(x) {
				values[i], marks[i] = in.Fill, 1
			}
		}
		t.Columns = append(t.Columns, table.NumberColumn(in.Name, values...))
		if in.Mark {
			t.Columns = append(t.Columns, table.NumberColumn(in.Name+markSuffix, marks...))
		}
	}
	return t, nil
}

// Label returns the name of the label that the model is about.
func (m *TimeModel) Label() string { return m.label }

// Plan returns the plan of the rows of the fit; days beyond its Horizon are not forecast.
func (m *TimeModel) Plan() Plan { return m.plan }

// Cox returns the model inside: coefficients, standard errors, how the fit went.
func (m *TimeModel) Cox() *survival.Cox { return m.cox }

// Forecasts returns for each row of a data set when the label comes true, in days from the cut-off:
// Within(0, 30) is the probability that it does in the next 30 days, Median(0) the day by which it does
// with probability 1/2 (NaN: not within the horizon), Remaining(0, 90) how many of the next 90 days pass
// before on average, and Survival(n) the probability that n days pass without it.
//
// The rows are those of [TimeSnapshotAt], or of spans. Errors wrap [ErrSchema], or are those of
// [survival.LogRisks]. Cost: O(rows·columns); a forecast holds a reference to the model.
func Forecasts[K comparable](ctx context.Context, m *TimeModel, d *Dataset[K]) ([]survival.Forecast, error) {
	t, err := timeTable(m, d)
	if err != nil {
		return nil, err
	}
	forecasts, err := survival.Forecasts(ctx, m.cox, t, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("churn: %w", err)
	}
	return forecasts, nil
}

// TimeSnapshotAt looks at every customer at one cut-off, of which the future need not be known: the rows to forecast today.
// It is [SnapshotAt] for a time model, with the same arguments and errors.
func TimeSnapshotAt[K comparable](ctx context.Context, l *Log[K], cutoff Day, label Label, m *TimeModel, own []Own[K]) (*Dataset[K], error) {
	if m == nil {
		return nil, fmt.Errorf("%w: model is required", ErrOptions)
	}
	return SnapshotAt(ctx, l, cutoff, label, &Model{label: m.label, plan: m.plan, schema: m.schema}, own)
}
