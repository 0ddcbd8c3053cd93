package churn_test

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/table"
)

var hostileUntil = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// hostileEvents are those of some customers over 500 days, of whom a part stops.
func hostileEvents() []churn.Event[int64] {
	rng := rand.New(rand.NewPCG(1, 2))
	var events []churn.Event[int64]
	for customer := range int64(40) {
		day, mean := rng.Float64()*100, 4+rng.Float64()*20
		for stop := 150 + rng.Float64()*700; day < min(stop, 500); day += 1 + rng.ExpFloat64()*mean {
			at := hostileUntil.AddDate(0, 0, int(day)-500).Add(7 * time.Hour)
			events = append(events, churn.Event[int64]{Customer: customer + 1, Time: at, Kind: "purchase", Amount: 100 + rng.Int64N(900), Channel: "web"})
		}
	}
	return events
}

func hostileLogOptions() *churn.LogOptions[int64] {
	return &churn.LogOptions[int64]{Location: time.UTC, Until: hostileUntil, Compare: cmp.Compare[int64], Workers: 2}
}

func hostileColumns() *table.Events[int64] {
	c := &table.Events[int64]{KindNames: []string{"purchase"}, ChannelNames: []string{"web"}}
	for _, e := range hostileEvents()[:50] {
		c.Customers, c.Times, c.Amounts = append(c.Customers, e.Customer), append(c.Times, e.Time.Unix()), append(c.Amounts, e.Amount)
		c.Kinds, c.Channels = append(c.Kinds, 0), append(c.Channels, 0)
	}
	return c
}

// copied is a data set that shares nothing with another.
func copied(d *churn.Dataset[int64]) *churn.Dataset[int64] {
	rows := make([]int, d.Rows())
	for i := range rows {
		rows[i] = i
	}
	c := d.Take(rows)
	c.Columns = slices.Clone(c.Columns)
	for i := range c.Table.Columns {
		c.Table.Columns[i].Levels = slices.Clone(c.Table.Columns[i].Levels)
	}
	return c
}

// readBack reads a value, which is written.
func readBack[T any](read func(*T, []byte) error, value T) hostiletest.Target {
	written, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return hostiletest.Target{
		Call: func(data []byte) (T, error) {
			var v T
			err := read(&v, data)
			return v, err
		},
		Names: "data", Args: func() []any { return []any{slices.Clone(written)} }, NaN: "what is null is",
		Expect: map[string]any{"data nil": "churn: ", "data empty": "churn: ", "data array": "churn: ", "data torn": "churn: ", "data deep": "churn: ", "data trailing": "churn: "},
		Then: func(results []any) {
			if _, err := json.Marshal(results[0]); err != nil {
				panic(err)
			}
		},
	}
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	log, err := churn.NewLog(ctx, slices.Values(hostileEvents()), hostileLogOptions())
	require.NoError(t, err)
	label := churn.Label(churn.Absent{})
	plan := func() *churn.Plan { return &churn.Plan{Window: 60, Gap: 3, Horizon: 30, Step: 45} }
	spanPlan := func() *churn.Plan { return &churn.Plan{Window: 60, Gap: churn.NoGap, Horizon: 30, Step: 45} }
	happens := churn.Label(churn.Happens{})
	features := func() *churn.Features[int64] {
		return &churn.Features[int64]{Kinds: []string{"purchase"}, Channels: []string{"web"}}
	}
	whole, err := churn.Snapshots(ctx, log, plan(), label, features())
	require.NoError(t, err)
	split, err := whole.Split(nil)
	require.NoError(t, err)
	fitting := func() *churn.FitOptions {
		return &churn.FitOptions{Logistic: &logistic.Options{L2: 100, MaxIterations: 5}, Workers: 2}
	}
	model, err := churn.Fit(ctx, split.Train, split.Calibrate, fitting())
	require.NoError(t, err)
	written, err := json.Marshal(model)
	require.NoError(t, err)
	spans, err := churn.Durations(ctx, log, spanPlan(), happens, features())
	require.NoError(t, err)
	timed, err := churn.FitTime(ctx, spans, &churn.TimeOptions{Columns: []string{whole.Table.Columns[0].Name}})
	require.NoError(t, err)
	writtenTime, err := json.Marshal(timed)
	require.NoError(t, err)
	report, err := churn.Evaluate(ctx, model, split.Test, nil)
	require.NoError(t, err)
	contender, err := json.Marshal(report.Contenders[0])
	require.NoError(t, err)
	now, err := churn.SnapshotAt(ctx, log, log.Until(), label, model, nil)
	require.NoError(t, err)
	row, err := churn.Row(model, now, 0, nil)
	require.NoError(t, err)
	day := churn.DayOf(hostileUntil, time.UTC) - 100
	economics := func() churn.Economics {
		return churn.Economics{Contact: 10, Offer: 500, Margin: 0.3, Acceptance: 0.3, Decline: 0.1}
	}

	ahead, err := churn.LookAhead(ctx, log, plan(), label, features(), &churn.OutlookOptions[int64]{
		Fit: fitting(), Alerts: &churn.AlertOptions[int64]{Capacity: 5},
	})
	require.NoError(t, err)
	require.NotEmpty(t, ahead.List.Alerts)
	reasons, err := ahead.Reasons(0, nil)
	require.NoError(t, err)
	require.NotEmpty(t, reasons)
	suspects, err := churn.Probe(ctx, split.Train.Table, split.Train.Labels, nil)
	require.NoError(t, err)

	const made = "it is made by Snapshots and its kin"
	data := func(names ...string) map[string]string {
		hold := map[string]string{}
		for _, name := range names {
			hold[name+".Report"], hold[name+".Columns"] = made, made
		}
		return hold
	}
	with := func(hold map[string]string, place, reason string) map[string]string {
		hold[place] = reason
		return hold
	}
	badPlan := map[string]any{
		"plan nil": churn.ErrOptions, "plan.Window min": "Window", "plan.Window zero": hostiletest.OK, "plan.Horizon zero": "Horizon",
		"plan.Horizon min": "Horizon", "plan.Step min": "Step", "plan.Window max": churn.ErrOptions, "plan.Gap max": churn.ErrOptions,
		"plan.Horizon max": churn.ErrOptions, "plan.Step max": nil,
	}
	rows := func(name string) map[string]any {
		return hostiletest.Lengths(hostiletest.Panic("churn: row of"), name)
	}
	use := func(results []any) {
		m := results[0].(*churn.Model)
		for _, v := range []float64{math.NaN(), math.Inf(-1), 0, 1, 1e300} {
			x := make([]float64, len(m.Columns()))
			for i := range x {
				x[i] = v
			}
			if p := m.PredictRow(x); !(p >= 0 && p <= 1) {
				panic(p)
			}
			m.Explain(x)
			m.Reasons(x, nil)
		}
		if _, err := json.Marshal(m); err != nil {
			panic(err)
		}
	}

	hostiletest.Run(t, hostiletest.Table{
		"NewLog": {
			Call: func(ctx context.Context, events []churn.Event[int64], o *churn.LogOptions[int64]) (churn.LogReport, error) {
				l, err := churn.NewLog(ctx, slices.Values(events), o)
				if err != nil {
					return churn.LogReport{}, err
				}
				return l.Report(), nil
			},
			Every: 4, Names: "ctx events options",
			Args: func() []any { return []any{ctx, hostileEvents()[:50], hostileLogOptions()} },
			Expect: map[string]any{
				"events nil": hostiletest.OK, "events turned": hostiletest.OK, "events huge": hostiletest.OK, "events[49].Customer": hostiletest.OK,
				"events[49].Time": hostiletest.OK, "events[49].Arrived": hostiletest.OK, "events[49].Amount": hostiletest.OK, "events[49].Kind": hostiletest.OK,
				"options nil": churn.ErrOptions, "options.Location nil": "Location", "options.Until zero": "Until", "options.Compare nil": nil,
				"options.Until beyond": churn.ErrOptions, "options.Until before": churn.ErrOptions, "options.Workers min": hostiletest.OK,
				"events[49].Time before": "set LogOptions.Since", "events[49].Amount max": churn.ErrEvents,
			},
		},
		"NewLogColumns": {
			Call: func(ctx context.Context, c *table.Events[int64], o *churn.LogOptions[int64]) (churn.LogReport, error) {
				l, err := churn.NewLogColumns(ctx, c, o)
				if err != nil {
					return churn.LogReport{}, err
				}
				return l.Report(), nil
			},
			Every: 4, Names: "ctx columns options",
			Args: func() []any { return []any{ctx, hostileColumns(), hostileLogOptions()} },
			Expect: map[string]any{
				"columns nil": "churn: ", "columns.Customers short": "churn: ", "columns.Times nil": "churn: ", "columns.Times[49]": hostiletest.OK,
				"columns.Kinds[49] max": "churn: ", "columns.Kinds[49] min": "churn: ", "columns.KindNames nil": "churn: ", "columns.Channels short": "churn: ",
				"columns.Amounts long": "churn: ", "columns.Amounts[49] max": churn.ErrEvents, "options.Location nil": "Location",
			},
		},
		"Snapshots": {
			Call: churn.Snapshots[int64], Names: "ctx log plan label features",
			Args:   func() []any { return []any{ctx, log, plan(), label, features()} },
			Hold:   map[string]string{"plan.Step one": "a row for each day is asked for"},
			Expect: hostiletest.With(badPlan, map[string]any{"features nil": hostiletest.OK}), NaN: "a missing value is one",
		},
		"SnapshotAt": {
			Call: churn.SnapshotAt[int64], Names: "ctx log day label model own", Args: func() []any { return []any{ctx, log, day, label, model, nil} },
			NaN: "a missing value is one", Expect: map[string]any{"day min": churn.ErrCutoff, "day max": churn.ErrCutoff},
		},
		"Matured": {
			Call: churn.Matured[int64], Names: "ctx log days label model own", Args: func() []any { return []any{ctx, log, []churn.Day{day + 66}, label, model, nil} },
			NaN: "a missing value is one", Expect: map[string]any{"days nil": hostiletest.OK, "days[0] min": churn.ErrCutoff, "days[0] max": churn.ErrCutoff},
		},
		"TimeSnapshotAt": {
			Call: churn.TimeSnapshotAt[int64], Names: "ctx log day label model own", Args: func() []any { return []any{ctx, log, day, happens, timed, nil} },
			NaN: "a missing value is one", Expect: map[string]any{"day min": churn.ErrCutoff, "day max": churn.ErrCutoff},
		},
		"Durations": {
			Call: churn.Durations[int64], Names: "ctx log plan label features", Args: func() []any { return []any{ctx, log, spanPlan(), happens, features()} },
			Hold:   map[string]string{"plan.Step one": "a row for each day is asked for"},
			Expect: badPlan, NaN: "a missing value is one",
		},
		"Fit": {
			Call: churn.Fit[int64], Names: "ctx train calibrate options",
			Args: func() []any { return []any{ctx, copied(split.Train), copied(split.Calibrate), fitting()} },
			Hold: data("train", "calibrate"),
			Expect: map[string]any{
				"train nil": "churn: ", "train.Table nil": "churn: ", "train.Labels nil": "churn: ", "train.Labels short": "churn: ", "train.Labels alike": churn.ErrOneClass,
				"train.Table.IDs twice": table.ErrDuplicateID, "calibrate nil": hostiletest.OK, "calibrate.Labels short": "churn: ", "calibrate.Table nil": "churn: ",
				"options nil": hostiletest.OK, "options.Method max": "Method", "options.Calibration max": "Calibration", "options.Workers min": "Workers",
				"options.Logistic.L2 NaN": "L2",
			},
			NaN: "what the report does not define is", Every: 40,
		},
		"Predict": {
			Call: churn.Predict[int64], Names: "ctx model data", Args: func() []any { return []any{ctx, model, copied(now)} }, Hold: data("data"),
			Expect: map[string]any{"data nil": "churn: ", "data.Table nil": "churn: ", "data.Table.Columns nil": churn.ErrSchema, "data.Table.IDs twice": table.ErrDuplicateID},
		},
		"Forecasts": {
			Call: func(ctx context.Context, m *churn.TimeModel, d *churn.Dataset[int64]) (int, error) {
				f, err := churn.Forecasts(ctx, m, d)
				return len(f), err
			},
			Names: "ctx model data", Args: func() []any { return []any{ctx, timed, copied(now)} }, Hold: data("data"),
			Expect: map[string]any{"data nil": "churn: ", "data.Table nil": "churn: ", "data.Table.Columns nil": churn.ErrSchema},
		},
		"FitTime": {
			Call: churn.FitTime[int64], Names: "ctx spans options",
			Args: func() []any {
				s := *spans
				d := *s.Data
				d.Entry, d.Exit, d.Event = slices.Clone(d.Entry), slices.Clone(d.Exit), slices.Clone(d.Event)
				d.Weights, d.Strata = slices.Clone(d.Weights), slices.Clone(d.Strata)
				s.Rows, s.Data, s.Cluster = copied(s.Rows), &d, slices.Clone(s.Cluster)
				return []any{ctx, &s, &churn.TimeOptions{Columns: []string{whole.Table.Columns[0].Name}, Workers: 2}}
			},
			Hold: data("spans.Rows"),
			Expect: map[string]any{
				"spans nil": "churn: ", "spans.Rows nil": "churn: ", "spans.Data nil": "churn: ", "spans.Rows.Table nil": "churn: ", "spans.Data.Exit short": ": ",
				"spans.Cluster short": ": ", "options.Columns[0] bytes": "churn: ", "options.Workers min": "Workers",
			},
		},
		"Evaluate": {
			Call: churn.Evaluate[int64], Every: 4, Names: "ctx model test options",
			Args: func() []any {
				return []any{ctx, model, copied(split.Test), &churn.EvaluateOptions{Share: 0.2, Confidence: 0.9, Workers: 2}}
			},
			Hold: data("test"),
			Expect: map[string]any{
				"test nil": "churn: ", "test.Table nil": "churn: ", "test.Labels short": "churn: ", "test.Labels nil": "churn: ", "options nil": hostiletest.OK,
				"options.Share NaN": "Share", "options.Share max": "Share", "options.Confidence NaN": "Confidence", "options.Silence min": "Silence", "options.Workers min": "Workers",
			},
			NaN: "what is not defined is",
		},
		"Alerts": {
			Call: churn.Alerts[int64], Names: "ctx model data probabilities options",
			Args: func() []any {
				return []any{ctx, model, copied(now), nil, &churn.AlertOptions[int64]{
					Economics: economics(), Capacity: 5, Budget: 10_000, Days: 30, Values: slices.Repeat([]int64{5000}, now.Rows()),
					Previous: []churn.Alert[int64]{{Customer: 3, Cutoff: day, Expires: day + 30, Probability: 0.5}},
				}}
			},
			Hold: data("data"),
			Expect: map[string]any{
				"data nil": "churn: ", "options.Economics.Margin NaN": "Margin", "options.Economics.Offer min": "Offer", "options.Economics.Acceptance NaN": "Acceptance",
				"options.Capacity min": "Capacity", "options.Budget min": "Budget", "options.Values short": "churn: ", "options.Days min": "Days",
			},
			NaN: "what is not defined is",
			Cases: []hostiletest.Case{{Name: "probabilities", Args: func() []any {
				return []any{ctx, model, copied(now), []float64{math.NaN()}, nil}
			}, Want: "churn: "}},
		},
		"Backtest": {
			Call: churn.Backtest[int64], Names: "ctx log plan label features options",
			Args: func() []any {
				e := economics()
				return []any{ctx, log, &churn.Plan{Window: 60, Gap: 3, Horizon: 30, Step: 90}, label, features(), &churn.BacktestOptions[int64]{Share: 0.2, Fit: fitting(), Economics: &e}}
			},
			Hold: map[string]string{
				"plan": "see Snapshots", "features": "see Snapshots", "options.Fit": "see Fit", "label": "see Snapshots",
			},
			Expect: map[string]any{
				"options nil": nil, "options.Share NaN": "Share", "options.Silence min": "Silence", "options.Delay min": "Delay", "options.Refit min": "Refit",
				"options.Economics.Margin NaN": "Margin", "options.Days min": "Days",
			},
			NaN: "what is not defined is", Every: 60,
		},
		"BacktestLeads": {
			Call: churn.BacktestLeads[int64], Names: "ctx log plan label features leads options",
			Args: func() []any {
				return []any{ctx, log, &churn.Plan{Window: 60, Gap: 3, Horizon: 30, Step: 120}, label, features(), []int{3, 7}, &churn.BacktestOptions[int64]{Share: 0.2, Fit: fitting()}}
			},
			Hold: map[string]string{
				"plan": "see Snapshots", "features": "see Snapshots", "options": "see Backtest", "label": "see Snapshots", "leads huge": "work that is asked for",
			},
			Expect: map[string]any{"leads nil": hostiletest.OK, "leads[1] min": "churn: ", "leads[1] max": "churn: "}, NaN: "what is not defined is", Every: 60,
		},
		"Changes": {
			Call: churn.Changes[int64], Names: "model log subject own least",
			Args:   func() []any { return []any{model, log, now.Table.IDs[0], nil, 0.1} },
			Expect: map[string]any{"subject.Customer": "churn: ", "subject.Cutoff min": "churn: ", "subject.Cutoff max": "churn: ", "least NaN": "churn: "},
		},
		"Probe": {
			Call: churn.Probe[churn.Subject[int64]], Names: "ctx table labels options",
			Args: func() []any {
				return []any{ctx, copied(split.Train).Table, slices.Clone(split.Train.Labels), &churn.ProbeOptions{Bound: 0.9, Workers: 2}}
			},
			Expect: map[string]any{
				"table nil": "churn: ", "labels short": "churn: ", "labels nil": "churn: ", "options.Bound NaN": "Bound", "options.Workers min": hostiletest.OK,
				"table.IDs twice": table.ErrDuplicateID,
			},
			NaN: "what is not defined is", Every: 12,
		},
		"Row": {
			Call: churn.Row[int64], Names: "model data i dst", Args: func() []any { return []any{model, copied(now), 1, []float64{}} },
			Hold: with(data("data"), "data.Table.Columns", "Predict validates the table"), Writes: "dst", NaN: "a missing value is one",
			Expect: hostiletest.With(hostiletest.Indexes(hostiletest.Panic(""), "i"), map[string]any{"data nil": "churn: ", "data.Table nil": "churn: "}),
		},
		"Sensitivity": {
			Call: churn.Sensitivity[int64], Every: 4, Names: "ctx log plan labels options",
			Args: func() []any {
				return []any{ctx, log, plan(), []churn.Label{label}, &churn.SensitivityOptions{Return: 60, Workers: 2}}
			},
			Hold:   map[string]string{"plan.Step one": "a row for each day is asked for"},
			Expect: hostiletest.With(badPlan, map[string]any{"labels nil": "churn: ", "options.Return min": "Return", "options.Workers min": hostiletest.OK, "labels[0] nil": "churn: "}),
			NaN:    "what is not defined is",
		},
		"Watch": {
			Call: churn.Watch[int64], Every: 4, Names: "ctx model now past options",
			Args: func() []any {
				return []any{ctx, model, copied(now), copied(split.Test), &churn.WatchOptions{Level: 0.01, Workers: 2}}
			},
			Hold: data("past", "now"),
			Expect: map[string]any{
				"past nil": hostiletest.OK, "now nil": "churn: ", "now.Table nil": "churn: ", "options.Level NaN": "Level", "options.Least NaN": "Least", "options.Importance NaN": "Importance",
				"options.Workers min": "Workers",
			},
			NaN: "what is not defined is",
		},
		"Model.Code":       {Call: (*churn.Model).Code, Names: "model column level", Args: func() []any { return []any{model, 0, "x"} }, Expect: hostiletest.Indexes(hostiletest.Panic(""), "column")},
		"Model.PredictRow": {Call: (*churn.Model).PredictRow, Names: "model row", Args: func() []any { return []any{model, slices.Clone(row)} }, Expect: rows("row")},
		"Model.Explain":    {Call: (*churn.Model).Explain, Names: "model row", Args: func() []any { return []any{model, slices.Clone(row)} }, Expect: rows("row"), NaN: "a missing value is one"},
		"Model.Reasons": {
			Call: (*churn.Model).Reasons, Names: "model row options", Args: func() []any { return []any{model, slices.Clone(row), &churn.ReasonOptions{Raising: 2, Lowering: 1}} },
			Expect: rows("row"), NaN: "a missing value is one",
		},
		"Model.UnmarshalJSON": {
			Call: func(data []byte) (*churn.Model, error) {
				m := new(churn.Model)
				return m, m.UnmarshalJSON(data)
			},
			Names: "data", Args: func() []any { return []any{slices.Clone(written)} }, Then: use, Every: 150,
		},
		"TimeModel.UnmarshalJSON": {
			Call: func(data []byte) (*churn.TimeModel, error) {
				m := new(churn.TimeModel)
				return m, m.UnmarshalJSON(data)
			},
			Names: "data", Args: func() []any { return []any{slices.Clone(writtenTime)} }, Every: 5,
			Then: func(results []any) {
				if _, err := churn.Forecasts(ctx, results[0].(*churn.TimeModel), now); err != nil {
					return
				}
				if _, err := json.Marshal(results[0]); err != nil {
					panic(err)
				}
			},
		},
		"Contender.UnmarshalJSON": {
			Call: func(data []byte) (churn.Contender, error) {
				var c churn.Contender
				err := c.UnmarshalJSON(data)
				return c, err
			},
			Names: "data", Args: func() []any { return []any{slices.Clone(contender)} }, Every: 7, NaN: "what is not defined is",
		},
		"Dataset.CustomerFolds": {
			Call: (*churn.Dataset[int64]).CustomerFolds, Names: "data n seed", Args: func() []any { return []any{whole, 3, uint64(1)} },
			Hold: map[string]string{"data": made}, Expect: map[string]any{"n": hostiletest.Panic("churn: "), "n one": nil, "n max": nil},
		},
		"Dataset.Folds": {
			Call: func(d *churn.Dataset[int64], n int) (int, error) {
				folds := 0
				for _, err := range d.Folds(n) {
					if err != nil {
						return 0, err
					}
					folds++
				}
				return folds, nil
			},
			Names: "data n", Args: func() []any { return []any{whole, 2} }, Hold: map[string]string{"data": made},
			Expect: map[string]any{"n min": hostiletest.Panic("at least one fold"), "n minus": hostiletest.Panic("at least one fold"), "n zero": hostiletest.Panic("at least one fold")},
		},
		"Dataset.Split": {
			Call: (*churn.Dataset[int64]).Split, Names: "data options", Args: func() []any { return []any{whole, &churn.SplitOptions{}} },
			Hold: map[string]string{"data": made}, NaN: "a missing value is one",
			Expect: map[string]any{"options nil": hostiletest.OK, "options.Customers NaN": "Customers", "options.Delay min": "Delay"},
		},
		"Dataset.SplitAsOf": {
			Call: (*churn.Dataset[int64]).SplitAsOf, Names: "data day", Args: func() []any { return []any{whole, split.Test.Table.IDs[0].Cutoff} },
			Hold: map[string]string{"data": made}, NaN: "a missing value is one", Expect: map[string]any{"day": "churn: "},
		},
		"Dataset.Take": {
			Call: (*churn.Dataset[int64]).Take, Names: "data rows", Args: func() []any { return []any{whole, []int{1, 4}} },
			Hold: map[string]string{"data": made}, NaN: "a missing value is one",
			Expect: hostiletest.With(hostiletest.Indexes(hostiletest.Panic(""), "rows[1]"), map[string]any{
				"rows long": hostiletest.Panic("do not ascend"), "rows twice": hostiletest.Panic("do not ascend"), "rows turned": hostiletest.Panic("do not ascend"),
				"rows alike": hostiletest.Panic("do not ascend"), "rows huge": hostiletest.Panic("do not ascend"), "rows[1] zero": hostiletest.Panic("do not ascend"),
				"rows[1] one": hostiletest.Panic("do not ascend"),
			}),
		},
		"Spans.Split": {
			Call: (*churn.Spans[int64]).Split, Names: "spans day", Args: func() []any { return []any{spans, day} },
			Hold: map[string]string{"spans": "it is made by Durations"}, NaN: "a missing value is one",
		},
		"Date":                {Call: churn.Date, Names: "year month day", Args: func() []any { return []any{2024, time.May, 1} }},
		"DayOf":               {Call: churn.DayOf, Names: "t location", Args: func() []any { return []any{hostileUntil, time.UTC} }, Hold: map[string]string{"location": "it is required"}},
		"Day.Start":           {Call: churn.Day.Start, Names: "day location", Args: func() []any { return []any{day, time.UTC} }, Hold: map[string]string{"location": "it is required"}},
		"Economics.BreakEven": {Call: churn.Economics.BreakEven, Names: "economics a b", Args: func() []any { return []any{economics(), 0.5, 100.0} }, NaN: "of what Validate refuses it may be"},
		"Economics.Cost":      {Call: churn.Economics.Cost, Names: "economics p", Args: func() []any { return []any{economics(), 0.5} }, NaN: "of what Validate refuses it may be"},
		"Economics.Profit":    {Call: churn.Economics.Profit, Names: "economics p value", Args: func() []any { return []any{economics(), 0.5, 100.0} }, NaN: "of what Validate refuses it may be"},
		"Economics.Validate": {
			Call: churn.Economics.Validate, Names: "economics", Args: func() []any { return []any{economics()} },
			Expect: map[string]any{"economics.Margin NaN": "Margin", "economics.Acceptance +Inf": "Acceptance", "economics.Contact min": "Contact"},
		},
		"Plan.Validate":            {Call: (*churn.Plan).Validate, Names: "plan", Args: func() []any { return []any{plan()} }, Expect: badPlan},
		"LogOptions.Validate":      {Call: (*churn.LogOptions[int64]).Validate, Names: "options", Args: func() []any { return []any{hostileLogOptions()} }, Expect: map[string]any{"options.Location nil": "Location", "options.Until zero": "Until"}},
		"FitOptions.Validate":      {Call: (*churn.FitOptions).Validate, Names: "options", Args: func() []any { return []any{fitting()} }, Expect: map[string]any{"options.Method max": "Method"}},
		"SplitOptions.Validate":    {Call: (*churn.SplitOptions).Validate, Names: "options", Args: func() []any { return []any{&churn.SplitOptions{Customers: 0.2}} }, Expect: map[string]any{"options.Customers NaN": "Customers"}},
		"EvaluateOptions.Validate": {Call: (*churn.EvaluateOptions).Validate, Names: "options", Args: func() []any { return []any{&churn.EvaluateOptions{Share: 0.2}} }, Expect: map[string]any{"options.Share NaN": "Share"}},
		"AlertOptions.Validate":    {Call: (*churn.AlertOptions[int64]).Validate, Names: "options", Args: func() []any { return []any{&churn.AlertOptions[int64]{Economics: economics()}} }, Expect: map[string]any{"options.Budget min": "Budget"}},
		"BacktestOptions.Validate": {Call: (*churn.BacktestOptions[int64]).Validate, Names: "options", Args: func() []any { return []any{&churn.BacktestOptions[int64]{Share: 0.2}} }, Expect: map[string]any{"options.Share NaN": "Share"}},
		"ProbeOptions.Validate":    {Call: (*churn.ProbeOptions).Validate, Names: "options", Args: func() []any { return []any{&churn.ProbeOptions{Bound: 0.9}} }, Expect: map[string]any{"options.Bound NaN": "Bound"}},
		"WatchOptions.Validate":    {Call: (*churn.WatchOptions).Validate, Names: "options", Args: func() []any { return []any{&churn.WatchOptions{Level: 0.1}} }, Expect: map[string]any{"options.Level NaN": "Level"}},
		"Features.Validate":        {Call: (*churn.Features[int64]).Validate, Names: "features", Args: func() []any { return []any{features()} }},
		"Day.UnmarshalText": {
			Call: (*churn.Day).UnmarshalText, Names: "day text", Args: func() []any { return []any{new(churn.Day), []byte("2024-02-29")} },
			Writes: "day", Hold: map[string]string{"day": "it is written"}, Expect: map[string]any{"text nil": "churn: ", "text torn": "churn: ", "text bytes": "churn: "},
		},
		"LookAhead": {
			Call: func(ctx context.Context, plan *churn.Plan, l churn.Label, f *churn.Features[int64], o *churn.OutlookOptions[int64]) (*churn.AlertList[int64], error) {
				out, err := churn.LookAhead(ctx, log, plan, l, f, o)
				if err != nil {
					return nil, err
				}
				return out.List, nil
			},
			Names: "ctx plan label features options",
			Args: func() []any {
				return []any{ctx, plan(), label, features(), &churn.OutlookOptions[int64]{
					Fit: fitting(), Evaluate: &churn.EvaluateOptions{Share: 0.2, Workers: 2}, Alerts: &churn.AlertOptions[int64]{Economics: economics(), Capacity: 5},
				}}
			},
			Hold: map[string]string{"plan.Step one": "a row for each day is asked for", "plan.Step min": "see Snapshots", "features": "see Snapshots", "options.Fit": "see Fit", "label": "see Snapshots"},
			Expect: map[string]any{
				"plan nil": churn.ErrOptions, "plan.Horizon zero": "Horizon", "plan.Window max": churn.ErrOptions, "options.Evaluate.Share NaN": "Share", "options.Alerts.Capacity min": "Capacity",
			},
			NaN: "what is not defined is", Every: 120,
		},
		"Outlook.Reasons": {
			Call: (*churn.Outlook[int64]).Reasons, Names: "outlook i options",
			Args: func() []any { return []any{ahead, 0, &churn.ReasonOptions{Raising: 2, Lowering: 1}} },
			Hold: map[string]string{"outlook": "it is made by LookAhead"}, NaN: "a missing value is one",
			Expect: hostiletest.With(hostiletest.Indexes(hostiletest.Panic("out of range"), "i"), map[string]any{"options nil": hostiletest.OK}),
		},
		"Reason.UnmarshalJSON":       readBack((*churn.Reason).UnmarshalJSON, reasons[0]),
		"Contribution.UnmarshalJSON": readBack((*churn.Contribution).UnmarshalJSON, churn.Contribution{Column: 1, Value: math.NaN(), Effect: 0.5}),
		"Suspect.UnmarshalJSON":      readBack((*churn.Suspect).UnmarshalJSON, suspects[0]),
		"Flag.UnmarshalText":         hostiletest.Name((*churn.Flag).UnmarshalText, churn.FlagOrder.String()),
		"DriftLevel.UnmarshalText":   hostiletest.Name((*churn.DriftLevel).UnmarshalText, "shifted"),
		"Method.UnmarshalText":       hostiletest.Name((*churn.Method).UnmarshalText, "boosted"),
		"Outcome.UnmarshalText":      hostiletest.Name((*churn.Outcome).UnmarshalText, "too early"),
	})
}
