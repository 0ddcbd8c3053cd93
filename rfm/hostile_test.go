package rfm_test

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/rfm"
	"github.com/clientele-go/clientele/table"
)

// hostileRows are purchases and refunds of three customers.
func hostileRows() []rfm.Transaction[string] {
	day := func(n int) time.Time { return time.Date(2024, 4, n, 12, 0, 0, 0, time.UTC) }
	return []rfm.Transaction[string]{
		{Customer: "b", Time: day(20), Amount: 500, Order: "1"},
		{Customer: "a", Time: day(3), Amount: 1200, Order: "2"},
		{Customer: "c", Time: day(28), Amount: 100},
		{Customer: "a", Time: day(9), Amount: 300, Order: "3", Kind: rfm.Refund},
		{Customer: "b", Time: day(25), Amount: 250, Order: "4"},
	}
}

func hostileColumns() rfm.Columns[string] {
	var c rfm.Columns[string]
	for _, t := range hostileRows() {
		c.Customers, c.Times = append(c.Customers, t.Customer), append(c.Times, t.Time.Unix())
		c.Amounts, c.Orders, c.Kinds = append(c.Amounts, t.Amount), append(c.Orders, t.Order), append(c.Kinds, t.Kind)
	}
	return c
}

func hostileOptions() *rfm.Options {
	return &rfm.Options{
		AsOf: time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC), Location: time.UTC, Workers: 2,
		F: rfm.Binning{Mode: rfm.Fixed, Thresholds: []float64{1, 2, 3, 4}}, R: rfm.Binning{Mode: rfm.QCut, Bins: 5},
		Table: rfm.Eleven(), Classes: &rfm.Classes{Cut: rfm.FixedValue, Values: [3]float64{3, 3, 3}},
	}
}

func hostileCustomers() []rfm.Customer[string] {
	values := func(r, f int, m float64) rfm.Values { return rfm.Values{Recency: r, Frequency: f, Monetary: m} }
	return []rfm.Customer[string]{
		{ID: "a", Values: values(3, 7, 900), Revenue: 900},
		{ID: "b", Values: values(30, 2, 150), Revenue: 150},
		{ID: "c", Values: values(90, 1, 20), Revenue: 20},
	}
}

func hostileAnalysis(t *testing.T) *rfm.Analysis[string] {
	a, err := rfm.AnalyzeCustomers(t.Context(), hostileCustomers(), nil, nil)
	require.NoError(t, err)
	return a
}

// restored is an analysis that was written as JSON and read back.
func restored(t *testing.T) *rfm.Analysis[string] {
	data, err := json.Marshal(hostileAnalysis(t))
	require.NoError(t, err)
	a := new(rfm.Analysis[string])
	require.NoError(t, json.Unmarshal(data, a))
	return a
}

// turned is a restored analysis whose ids came in an order that is not their natural one.
func turned(t *testing.T) *rfm.Analysis[string] {
	a := restored(t)
	slices.Reverse(a.Customers)
	return a
}

func accumulator(t *testing.T) *rfm.Accumulator[string] {
	a, err := rfm.NewAccumulator[string](nil, hostileOptions())
	require.NoError(t, err)
	require.NoError(t, a.AddColumns(t.Context(), hostileColumns()))
	return a
}

func TestHostile(t *testing.T) {
	const outOfRange = "out of range"
	ctx := t.Context()
	options := map[string]any{
		"options.AsOf zero": "Options.AsOf is required", "options.Location nil": "Options.Location is required",
		"options nil": "Options.Location is required", "options.Window minus": "Options.Window", "options.Window min": "Options.Window",
		"options.Frequency max": "Options.Frequency", "options.Monetary max": "Options.Monetary", "options.Refunds max": "Options.Refunds",
		"options.R.Bins max": "bins", "options.R.Bins min": "bins", "options.R.Mode max": "mode",
		"options.F.Thresholds twice": "ascend", "options.F.Thresholds turned": "ascend", "options.F.Thresholds NaN": "a threshold is not finite",
		"options.Weights[2] NaN": "Weights", "options.Weights[2] +Inf": "Weights", "options.Weights[2] minus": "Weights",
		"options.Classes.Cut max": "Cut", "options.Classes.Values[2] NaN": "Values",
		"options.Table.Segments twice": "table",
	}
	read := map[string]any{
		"rows nil": rfm.ErrNoCustomers, "rows empty": rfm.ErrNoCustomers, "rows huge": hostiletest.OK, "rows twice": hostiletest.OK,
		"rows[4].Customer empty": hostiletest.OK, "rows[4].Amount max": rfm.ErrOverflow, "rows[4].Amount min": hostiletest.OK,
		"rows[4].Time": hostiletest.OK, "rows[4].Kind": hostiletest.OK, "rows[4].Order": hostiletest.OK,
	}
	ready := map[string]any{
		"customers nil": rfm.ErrNoCustomers, "customers empty": rfm.ErrNoCustomers, "customers long": "row 3: id",
		"customers twice": "row 2: id", "customers turned": hostiletest.OK, "customers[2].ID empty": "row 2: id",
		"customers[2].Values.Recency min": "row 2: recency", "customers[2].Values.Frequency minus": "row 2: frequency",
		"customers[2].Values.Monetary NaN": "row 2: monetary", "customers[2].Values.Monetary +Inf": "row 2: monetary",
		"customers[2].Revenue max": rfm.ErrOverflow, "customers[2].Revenue min": rfm.ErrOverflow,
	}
	model := hostileAnalysis(t).Model
	grouping := hostileAnalysis(t).BySegment()
	migration, err := grouping.Migration(hostileAnalysis(t).ByClass())
	require.NoError(t, err)
	modelJSON, err := json.Marshal(model)
	require.NoError(t, err)
	partial, err := accumulator(t).MarshalJSON()
	require.NoError(t, err)

	hostiletest.Run(t, hostiletest.Table{
		"Analyze": {
			Call: func(ctx context.Context, rows []rfm.Transaction[string], o *rfm.Options) (*rfm.Analysis[string], error) {
				return rfm.Analyze(ctx, slices.Values(rows), o)
			},
			Names:  "ctx rows options",
			Args:   func() []any { return []any{ctx, hostileRows(), hostileOptions()} },
			Expect: hostiletest.With(options, read),
		},
		"AnalyzePeriods": {
			Call: func(ctx context.Context, rows []rfm.Transaction[string], before, after *rfm.Options) (earlier, later *rfm.Analysis[string], err error) {
				return rfm.AnalyzePeriods(ctx, slices.Values(rows), before, after)
			},
			Names: "ctx rows options after",
			Args: func() []any {
				before := hostileOptions()
				before.AsOf = before.AsOf.AddDate(0, 0, -4)
				return []any{ctx, hostileRows(), before, hostileOptions()}
			},
			Every: 5,
			Expect: hostiletest.With(options, read, map[string]any{
				"after nil": "Options.Location is required", "after.AsOf zero": "Options.AsOf is required", "after.Window min": "Options.Window",
				"after.R.Bins max": "bins", "after.AsOf first": rfm.ErrNoCustomers,
			}),
		},
		"AnalyzeColumns": {
			Call: rfm.AnalyzeColumns[string], Names: "ctx columns options",
			Args: func() []any { return []any{ctx, hostileColumns(), hostileOptions()} },
			Expect: hostiletest.With(options, map[string]any{
				"columns.Customers nil": "column", "columns.Times short": "column Times has 4 rows, Customers has 5",
				"columns.Amounts long": "column Amounts has 6 rows", "columns.Orders huge": "column Orders has 8192 rows",
				"columns.Kinds one": "column Kinds has 1 rows", "columns.Times turned": hostiletest.OK,
				"columns.Times[4]": hostiletest.OK, "columns.Amounts[4] max": rfm.ErrOverflow,
			}),
		},
		"AnalyzeCustomers": {
			Call: rfm.AnalyzeCustomers[string], Names: "ctx customers compare options",
			Args:   func() []any { return []any{ctx, hostileCustomers(), strings.Compare, hostileOptions()} },
			Expect: hostiletest.With(ready, map[string]any{"compare nil": hostiletest.OK, "options nil": hostiletest.OK}),
		},
		"Fit": {
			Call: rfm.Fit[string], Names: "ctx customers options",
			Args: func() []any { return []any{ctx, hostileCustomers(), hostileOptions()} },
			Expect: map[string]any{
				"customers nil": rfm.ErrNoCustomers, "customers empty": rfm.ErrNoCustomers, "options nil": hostiletest.OK,
				"customers[2].Values.Monetary NaN": "row 2: monetary", "customers huge": hostiletest.OK,
			},
		},
		"Apply": {
			Call: rfm.Apply[string], Names: "model customers compare",
			Args:   func() []any { return []any{model, hostileCustomers(), strings.Compare} },
			Expect: ready,
		},
		"CustomersOf": {
			Call: rfm.CustomersOf[string], Names: "table",
			Args: func() []any { return []any{hostileAnalysis(t).Table()} },
			Expect: map[string]any{
				"table nil": "table: the table is nil", "table.IDs nil": "rfm: ", "table.Columns nil": table.ErrNoColumn,
			},
		},
		"NewAccumulator": {
			Call: func(compare func(a, b string) int, o *rfm.Options) error {
				_, err := rfm.NewAccumulator(compare, o)
				return err
			},
			Names: "compare options",
			Args:  func() []any { return []any{strings.Compare, hostileOptions()} },
			Expect: hostiletest.With(options, map[string]any{
				"compare nil": hostiletest.OK, "options.AsOf zero": hostiletest.OK,
			}),
			Cases: []hostiletest.Case{{Name: "no order", Args: func() []any { return []any{nil, hostileOptions()} }, Want: hostiletest.OK}},
		},
		"Accumulator.Add": {
			Call: func(rows []rfm.Transaction[string], o *rfm.Options) ([]rfm.Customer[string], rfm.Report, error) {
				a, err := rfm.NewAccumulator[string](nil, o)
				if err != nil {
					return nil, rfm.Report{}, err
				}
				for _, row := range rows {
					if err := (*rfm.Accumulator[string]).Add(a, row); err != nil {
						return nil, a.Report(), err
					}
				}
				return a.Customers(o.AsOf)
			},
			Names: "rows options",
			Args:  func() []any { return []any{hostileRows(), hostileOptions()} },
			Expect: hostiletest.With(options, read, map[string]any{
				"options.AsOf zero": "an as-of date is required", "rows nil": hostiletest.OK, "rows empty": hostiletest.OK,
			}),
		},
		"Accumulator.AddColumns": {
			Call: (*rfm.Accumulator[string]).AddColumns, Names: "accumulator ctx columns",
			Args:   func() []any { return []any{accumulator(t), ctx, hostileColumns()} },
			Writes: "accumulator",
			Expect: map[string]any{"columns.Times short": "column Times", "columns.Amounts[4] max": rfm.ErrOverflow},
		},
		"Accumulator.Merge": {
			Call: func(one, two *rfm.Options, rows []rfm.Transaction[string]) ([]rfm.Customer[string], rfm.Report, error) {
				a, err := rfm.NewAccumulator[string](nil, one)
				if err != nil {
					return nil, rfm.Report{}, err
				}
				b, err := rfm.NewAccumulator[string](nil, two)
				if err != nil {
					return nil, rfm.Report{}, err
				}
				for _, row := range rows {
					if err := b.Add(row); err != nil {
						return nil, rfm.Report{}, err
					}
				}
				if err := (*rfm.Accumulator[string]).Merge(a, b); err != nil {
					return nil, rfm.Report{}, err
				}
				return a.Customers(one.AsOf)
			},
			Names: "one two rows",
			Args:  func() []any { return []any{hostileOptions(), hostileOptions(), hostileRows()} },
			Expect: map[string]any{
				"one.Frequency one": rfm.ErrMismatch, "two.Refunds one": rfm.ErrMismatch, "two.Window one": rfm.ErrMismatch,
				"one.AsOf first": rfm.ErrMismatch, "one.AsOf last": rfm.ErrMismatch, "rows huge": hostiletest.OK,
			},
		},
		"Accumulator.Customers": {
			Call: (*rfm.Accumulator[string]).Customers, Names: "accumulator asOf",
			Args:   func() []any { return []any{accumulator(t), time.Date(2024, 5, 1, 9, 0, 0, 0, time.UTC)} },
			Writes: "accumulator",
		},
		"Accumulator.Analyze": {
			Call: (*rfm.Accumulator[string]).Analyze, Names: "accumulator ctx asOf",
			Args:   func() []any { return []any{accumulator(t), ctx, time.Date(2024, 5, 1, 9, 0, 0, 0, time.UTC)} },
			Writes: "accumulator",
		},
		"Accumulator.UnmarshalJSON": {
			Call: func(data []byte) ([]rfm.Customer[string], rfm.Report, error) {
				a, err := rfm.NewAccumulator[string](nil, hostileOptions())
				if err != nil {
					return nil, rfm.Report{}, err
				}
				if err := (*rfm.Accumulator[string]).UnmarshalJSON(a, data); err != nil {
					return nil, rfm.Report{}, err
				}
				return a.Customers(time.Time{})
			},
			Names:  "data",
			Args:   func() []any { return []any{partial} },
			Expect: map[string]any{"data nil": "rfm: ", "data empty": "rfm: ", "data deep": "rfm: ", "data torn": "rfm: "},
		},
		"Analysis.By": {
			Call: (*rfm.Analysis[string]).By, Names: "analysis groups of",
			Args: func() []any {
				return []any{
					hostileAnalysis(t),
					[]rfm.Group{{ID: "few"}, {ID: "many"}},
					func(c *rfm.Customer[string]) int { return min(1, c.Frequency/3) },
				}
			},
			Hold: map[string]string{"analysis": "it is made by Analyze and its kin"},
			Expect: map[string]any{
				"groups nil": "0 groups, want 1 to 255", "groups huge": "8192 groups, want 1 to 255", "groups twice": "group 1 has no id, or that of another",
				"groups[1].ID empty": "group 1 has no id", "groups one": "a customer's group is out of range", "of nil": "rfm: ",
			},
		},
		"Analysis.ByTier": {
			Call: (*rfm.Analysis[string]).ByTier, Names: "analysis shares",
			Args: func() []any { return []any{hostileAnalysis(t), []float64{0.5, 0.8}} },
			Hold: map[string]string{"analysis": "it is made by Analyze and its kin"},
			Expect: map[string]any{
				"shares nil": hostiletest.OK, "shares[1] NaN": "must ascend", "shares[1] zero": "must ascend", "shares[1] one": "must ascend",
				"shares twice": "must ascend", "shares huge": "must ascend", "shares turned": "must ascend", "shares[1] tiny": "must ascend",
			},
		},
		"Analysis.Find": {
			Call: (*rfm.Analysis[string]).Find, Names: "analysis id",
			Args:  func() []any { return []any{hostileAnalysis(t), "b"} },
			Hold:  map[string]string{"analysis": "it is made by Analyze and its kin"},
			Cases: []hostiletest.Case{{Name: "restored", Args: func() []any { return []any{restored(t), "c"} }, Want: nil}},
		},
		"Grouping.Backtest": {
			Call: (*rfm.Grouping[string]).Backtest, Names: "grouping next",
			Args: func() []any { return []any{grouping, hostileCustomers()} },
			Hold: map[string]string{"grouping": "it is made by an Analysis"},
			Expect: map[string]any{
				"next nil": hostiletest.OK, "next turned": "not sorted by id", "next twice": "not sorted by id", "next huge": "not sorted by id",
				"next[2].Values.Frequency minus": "row 2: frequency", "next[2].Values.Monetary NaN": "row 2: monetary",
				"next[2].Revenue max": rfm.ErrOverflow, "next[2].Values.Frequency max": "row 2: frequency",
			},
			Cases: []hostiletest.Case{
				{Name: "restored", Args: func() []any { return []any{restored(t).BySegment(), hostileCustomers()} }, Want: hostiletest.OK},
				{Name: "restored in another order", Args: func() []any { return []any{turned(t).BySegment(), hostileCustomers()} }, Want: "natural order"},
			},
		},
		"Grouping.Migration": {
			Call: (*rfm.Grouping[string]).Migration, Names: "grouping later",
			Args: func() []any { return []any{grouping, grouping} },
			Hold: map[string]string{"grouping": "it is made by an Analysis", "later": "it is made by an Analysis"},
			Cases: []hostiletest.Case{
				{Name: "restored", Args: func() []any { return []any{restored(t).BySegment(), grouping} }, Want: hostiletest.OK},
				{Name: "restored in another order", Args: func() []any { return []any{turned(t).BySegment(), grouping} }, Want: "order ids differently"},
			},
		},
		"Grouping.Of": {
			Call: (*rfm.Grouping[string]).Of, Names: "grouping row",
			Args: func() []any { return []any{grouping, 1} },
			Hold: map[string]string{"grouping": "it is made by an Analysis"},
			Expect: map[string]any{
				"row min": hostiletest.Panic(outOfRange), "row minus": hostiletest.Panic(outOfRange), "row max": hostiletest.Panic(outOfRange),
			},
		},
		"Migration.Count": {
			Call: (*rfm.Migration[string]).Count, Names: "migration from to",
			Args: func() []any { return []any{migration, 1, 1} },
			Hold: map[string]string{"migration": "it is made by a Grouping"},
			Expect: map[string]any{
				"from min": hostiletest.Panic(outOfRange), "from minus": hostiletest.Panic(outOfRange), "from max": hostiletest.Panic(outOfRange),
				"to min": hostiletest.Panic(outOfRange), "to minus": hostiletest.Panic(outOfRange), "to max": hostiletest.Panic(outOfRange),
			},
		},
		"Migration.Customers": {
			Call: (*rfm.Migration[string]).Customers, Names: "migration from to",
			Args: func() []any { return []any{migration, 1, 1} },
			Hold: map[string]string{"migration": "it is made by a Grouping"},
			Expect: map[string]any{
				"from min": hostiletest.Panic(outOfRange), "from minus": hostiletest.Panic(outOfRange), "from max": hostiletest.Panic(outOfRange),
				"to min": hostiletest.Panic(outOfRange), "to minus": hostiletest.Panic(outOfRange), "to max": hostiletest.Panic(outOfRange),
			},
		},
		"Model.Score": {
			Call: (*rfm.Model).Score, Names: "model values",
			Args: func() []any { return []any{model, hostileCustomers()[0].Values} },
		},
		"Model.Class": {
			Call: (*rfm.Model).Class, Names: "model values scores",
			Args: func() []any { return []any{model, hostileCustomers()[0].Values, rfm.Scores{R: 3, F: 3, M: 3}} },
		},
		"Model.Segment": {
			Call: (*rfm.Model).Segment, Names: "model scores",
			Args: func() []any { return []any{model, rfm.Scores{R: 3, F: 3, M: 3}} },
		},
		"Model.Combined": {
			Call: (*rfm.Model).Combined, Names: "model scores",
			Args: func() []any { return []any{model, rfm.Scores{R: 3, F: 3, M: 3}} },
		},
		"Model.UnmarshalJSON": {
			Call: func(data []byte) (*rfm.Model, error) {
				m := new(rfm.Model)
				return m, m.UnmarshalJSON(data)
			},
			Names: "data", Every: 3,
			Args: func() []any { return []any{slices.Clone(modelJSON)} },
			Then: func(results []any) {
				m := results[0].(*rfm.Model)
				for _, c := range hostileCustomers() {
					s := m.Score(c.Values)
					if _, err := json.Marshal([]any{m.Segment(s), m.Class(c.Values, s), m.Combined(s), m}); err != nil {
						panic(err)
					}
				}
				if _, err := rfm.Apply(m, hostileCustomers(), cmp.Compare[string]); err != nil {
					panic(err)
				}
			},
		},
		"Options.Validate": {
			Call: (*rfm.Options).Validate, Names: "options",
			Args: func() []any { return []any{hostileOptions()} },
			Expect: hostiletest.With(options, map[string]any{
				"options nil": hostiletest.OK, "options.AsOf zero": hostiletest.OK, "options.Location nil": hostiletest.OK,
			}),
		},
		"SegmentTable.Validate": {
			Call: (*rfm.SegmentTable).Validate, Names: "table",
			Args: func() []any { return []any{rfm.Eleven()} },
		},
		"Thresholds.Score": {
			Call: (*rfm.Thresholds).Score, Names: "thresholds value",
			Args: func() []any { return []any{&rfm.Thresholds{Bins: 3, Cuts: []float64{1, 2}}, 1.5} },
			Hold: map[string]string{"thresholds": "they are copied from a model"},
		},
		"Cut.UnmarshalText":             hostiletest.Name((*rfm.Cut).UnmarshalText, "median"),
		"FrequencyUnit.UnmarshalText":   hostiletest.Name((*rfm.FrequencyUnit).UnmarshalText, "days"),
		"Kind.UnmarshalText":            hostiletest.Name((*rfm.Kind).UnmarshalText, "refund"),
		"Mode.UnmarshalText":            hostiletest.Name((*rfm.Mode).UnmarshalText, "ntile"),
		"MonetaryMeasure.UnmarshalText": hostiletest.Name((*rfm.MonetaryMeasure).UnmarshalText, "total"),
		"RefundPolicy.UnmarshalText":    hostiletest.Name((*rfm.RefundPolicy).UnmarshalText, "net"),
	})
}
