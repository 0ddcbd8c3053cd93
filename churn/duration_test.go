package churn

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/survival"
	"github.com/clientele-go/clientele/table"
)

var durationPlan = &Plan{Window: 300, Gap: NoGap, Horizon: 100, Step: 17, First: Date(2023, 11, 20), Last: Date(2024, 5, 28)}

func durationLabels() []Label {
	return []Label{
		Happens{},
		Happens{Kinds: []string{Contact, Refund}},
		Silence{Days: 40},
		OwnGap{Quantile: 0.8, MinGaps: 1, Fallback: 60},
		Among{Label: Silence{Days: 90}, Who: "customers who bought twice", Is: func(h *History) bool { return len(h.Days()) > 1 }},
		LowAlive{Model: halfLife{}},
		ContractEnd{Start: "App Login", End: "rare", Renewal: 20},
	}
}

// halfLife is a customer who is likely to be gone after twice the longest silence so far.
type halfLife struct{}

func (halfLife) Alive(x int, tx, t float64) float64 {
	return math.Exp(-(t - tx) / (1 + tx/float64(max(1, x))))
}

func fewFeatures() *Features[int] {
	return &Features[int]{Windows: []int{30}, Kinds: []string{Purchase}, Channels: []string{}, Categories: []string{}}
}

// The definition: the events up to a horizon are the labels of that horizon.
func TestDurationsAreTheLabelsOfEveryHorizon(t *testing.T) {
	all, loc := featureShop(t, 31, 70)
	l := featureLog(t, all, loc)
	for _, label := range durationLabels() {
		t.Run(label.Name(), func(t *testing.T) {
			s, err := Durations(t.Context(), l, durationPlan, label, fewFeatures())
			require.NoError(t, err)
			require.Nil(t, s.Rows.Labels)
			events, censored := 0, 0
			for _, h := range []int{1, 2, 7, 21, 30, 64, 100} {
				if c, ok := label.(ContractEnd); ok && h <= c.Renewal {
					continue
				}
				plan := *durationPlan
				plan.Horizon = h
				d, err := Snapshots(t.Context(), l, &plan, label, fewFeatures())
				require.NoError(t, err)
				yes := map[Subject[int]]bool{}
				for i, id := range d.Table.IDs {
					yes[id] = d.Labels[i]
				}
				whole := 0
				for i, id := range s.Rows.Table.IDs {
					if id.Cutoff+Day(h) > l.Until() {
						continue
					}
					whole++
					label, ok := yes[id]
					require.True(t, ok)
					require.Equal(t, label, s.Data.Event[i] && s.Data.Exit[i] <= float64(h), "%v within %d days", id, h)
				}
				require.Equal(t, whole, d.Rows())
			}
			for i, id := range s.Rows.Table.IDs {
				most := min(durationPlan.Horizon, int(l.Until()-id.Cutoff))
				require.Equal(t, math.Trunc(s.Data.Exit[i]), s.Data.Exit[i])
				require.GreaterOrEqual(t, s.Data.Exit[i], 1.0)
				require.LessOrEqual(t, s.Data.Exit[i], float64(most))
				if s.Data.Event[i] {
					events++
				} else {
					require.Equal(t, float64(most), s.Data.Exit[i])
					if most < durationPlan.Horizon {
						censored++
					}
				}
			}
			require.NotZero(t, events)
			require.NotZero(t, censored)
			positive := 0
			for _, c := range s.Rows.Report.Cutoffs {
				positive += c.Positive
			}
			require.Equal(t, events, positive)
			require.NoError(t, s.Data.Validate())
		})
	}
}

// Who stands at a day knows what a log knows that ends there: Split is that log, whatever comes later, and
// no feature changes where the future does.
func TestDurationsDoNotSeeTheFuture(t *testing.T) {
	all, loc := featureShop(t, 32, 80)
	l := featureLog(t, all, loc)
	day := Date(2024, 2, 10)
	random := rand.New(rand.NewPCG(7, 7))
	var shorter []Event[int]
	for _, e := range all {
		if e.Time.Before(day.Start(loc)) {
			shorter = append(shorter, e)
		}
	}
	var other []Event[int] // with another future
	for _, e := range shorter {
		if random.IntN(2) == 0 {
			after := e
			after.Time = day.Start(loc).Add(time.Duration(random.IntN(100*24)) * time.Hour)
			after.Arrived = after.Time
			other = append(other, after)
		}
	}
	other = append(other, shorter...)
	for _, label := range durationLabels() {
		t.Run(label.Name(), func(t *testing.T) {
			s, err := Durations(t.Context(), l, durationPlan, label, nil)
			require.NoError(t, err)
			earlier, later, err := s.Split(day)
			require.NoError(t, err)
			require.Equal(t, s.Rows.Rows(), earlier.Rows.Rows()+later.Rows.Rows())
			require.Equal(t, len(s.Rows.Report.Cutoffs), len(earlier.Rows.Report.Cutoffs)+len(later.Rows.Report.Cutoffs))

			ends, err := NewLog(t.Context(), slices.Values(shorter), &LogOptions[int]{
				Location: loc, Compare: func(a, b int) int { return a - b }, Since: l.Since().Start(loc), Until: day.Start(loc),
			})
			require.NoError(t, err)
			plan := *durationPlan
			plan.Last = earlier.Rows.Report.Cutoffs[len(earlier.Rows.Report.Cutoffs)-1].Cutoff
			want, err := Durations(t.Context(), ends, &plan, label, nil)
			require.NoError(t, err)
			requireSameRows(t, want.Rows, earlier.Rows)
			require.Equal(t, want.Data, earlier.Data)
			require.Equal(t, want.Cluster, earlier.Cluster)
			for i, c := range want.Rows.Report.Cutoffs {
				require.Equal(t, c.Positive, earlier.Rows.Report.Cutoffs[i].Positive)
				require.Equal(t, c.Rows, earlier.Rows.Report.Cutoffs[i].Rows)
			}

			changed, err := Durations(t.Context(), featureLog(t, other, loc), durationPlan, label, nil)
			require.NoError(t, err)
			again, _, err := changed.Split(day)
			require.NoError(t, err)
			requireSameRows(t, want.Rows, again.Rows)
			require.Equal(t, want.Data, again.Data)
			require.NotEqual(t, s.Data, changed.Data)
		})
	}
}

func TestDurationsDoNotDependOnWorkersOrOrder(t *testing.T) {
	all, loc := featureShop(t, 33, 1100)
	want, err := Durations(t.Context(), featureLog(t, all, loc), durationPlan, OwnGap{MinGaps: 1}, &Features[int]{Workers: 1})
	require.NoError(t, err)
	model, err := FitTime(t.Context(), want, &TimeOptions{Workers: 1})
	require.NoError(t, err)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	l := featureLog(t, all, loc)
	for _, workers := range []int{2, 5} {
		var done, total int64
		got, err := Durations(t.Context(), l, durationPlan, OwnGap{MinGaps: 1}, &Features[int]{
			Workers: workers, Progress: func(d, n int64) { done, total = d, n },
		})
		require.NoError(t, err)
		requireSameRows(t, want.Rows, got.Rows)
		require.Equal(t, want.Rows.Report, got.Rows.Report)
		require.Equal(t, want.Data, got.Data)
		require.Equal(t, want.Cluster, got.Cluster)
		require.EqualValues(t, 2200, total)
		require.Equal(t, total, done)
		m, err := FitTime(t.Context(), got, &TimeOptions{Workers: workers})
		require.NoError(t, err)
		require.Equal(t, marshalTime(t, model), marshalTime(t, m))
	}
	for i, id := range want.Rows.Table.IDs {
		if i > 0 {
			same := id.Customer == want.Rows.Table.IDs[i-1].Customer
			require.Equal(t, same, want.Cluster[i] == want.Cluster[i-1])
		}
	}
}

func TestDurationsCutoffs(t *testing.T) {
	since, until := Date(2023, 1, 1), Date(2024, 1, 1)
	for _, c := range []struct {
		name        string
		plan        Plan
		first, last Day
		number      int
	}{
		{"to the last before the end", Plan{Window: 100, Horizon: 90, Step: 30}, Date(2023, 5, 6), Date(2023, 12, 2), 8},
		{"steps of the horizon", Plan{Window: 100, Horizon: 90}, Date(2023, 7, 5), Date(2023, 10, 3), 2},
		{"steps longer than the horizon", Plan{Window: 100, Horizon: 10, Step: 100}, Date(2023, 6, 5), Date(2023, 12, 22), 3},
		{"all since the begin", Plan{Horizon: 90, Step: 30}, Date(2023, 4, 6), Date(2023, 12, 2), 9},
		{"as named", Plan{Horizon: 90, Step: 1, First: Date(2023, 12, 20), Last: Date(2023, 12, 31)}, Date(2023, 12, 20), Date(2023, 12, 31), 12},
		{"a day to look at", Plan{Horizon: 90, Step: 1, First: Date(2023, 12, 20), Last: until}, Date(2023, 12, 20), Date(2023, 12, 31), 12},
	} {
		c.plan.Gap = NoGap
		days, err := c.plan.spanCutoffs(since, until)
		require.NoError(t, err, c.name)
		require.Equal(t, c.first, days[0], c.name)
		require.Equal(t, c.last, days[len(days)-1], c.name)
		require.Len(t, days, c.number, c.name)
		if whole, _, err := c.plan.cutoffs(since, until); err == nil && c.plan.Last == 0 {
			require.Subset(t, days, whole, c.name)
		}
	}
	for name, plan := range map[string]Plan{
		"window":  {Window: 365, Horizon: 1},
		"horizon": {Horizon: 365},
		"first":   {Window: 10, Horizon: 100, First: Date(2023, 12, 31), Step: 100},
		"last":    {Horizon: 10, First: until, Last: until},
	} {
		plan.Gap = NoGap
		_, err := plan.spanCutoffs(since, until)
		require.ErrorIs(t, err, ErrNoRows, name)
	}
	_, err := (&Plan{Gap: NoGap, Horizon: 10, Last: until + 1}).spanCutoffs(since, until)
	require.ErrorIs(t, err, ErrCutoff)
}

func TestDurationsFaults(t *testing.T) {
	all, loc := featureShop(t, 34, 20)
	l := featureLog(t, all, loc)
	for name, c := range map[string]struct {
		plan  *Plan
		label Label
		is    error
	}{
		"no plan":               {nil, Happens{}, ErrOptions},
		"no label":              {durationPlan, nil, ErrOptions},
		"gap":                   {&Plan{Gap: 3, Horizon: 10}, Happens{}, ErrOptions},
		"absence":               {durationPlan, Absent{}, ErrOptions},
		"absence among":         {durationPlan, Among{Label: Absent{}, Who: "all", Is: func(*History) bool { return true }}, ErrOptions},
		"horizon of a contract": {&Plan{Gap: NoGap, Horizon: 20}, ContractEnd{Start: "a", End: "b", Renewal: 20}, ErrOptions},
		"nobody":                {durationPlan, ContractEnd{Start: "a", End: "b"}, ErrNoRows},
		"too long":              {&Plan{Gap: NoGap, Horizon: 1000}, Happens{}, ErrNoRows},
		"cut-off":               {&Plan{Gap: NoGap, Horizon: 10, Last: l.Until() + 1}, Happens{}, ErrCutoff},
		"odd":                   {durationPlan, oddDuration{}, ErrOptions},
	} {
		_, err := Durations(t.Context(), l, c.plan, c.label, nil)
		require.ErrorIs(t, err, c.is, name)
	}
	_, err := Durations(t.Context(), featureLog(t, nil, loc), durationPlan, Happens{}, nil)
	require.ErrorIs(t, err, ErrNoRows)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Durations(ctx, l, durationPlan, Happens{}, nil)
	require.ErrorIs(t, err, context.Canceled)

	s, err := Durations(t.Context(), l, durationPlan, Happens{}, nil)
	require.NoError(t, err)
	for _, day := range []Day{durationPlan.First - 1, l.Until()} {
		_, _, err = s.Split(day)
		require.ErrorIs(t, err, ErrNoRows)
	}
	_, err = Fit(t.Context(), s.Rows, nil, nil)
	require.ErrorIs(t, err, ErrOneClass, "censored rows have no labels")
}

// oddDuration has an outcome that is none.
type oddDuration struct{ Happens }

func (oddDuration) Outcome(*History, *Future) Outcome { return 7 }

func TestFitTimeFaults(t *testing.T) {
	all, loc := featureShop(t, 35, 60)
	l := featureLog(t, all, loc)
	s, err := Durations(t.Context(), l, durationPlan, Happens{}, nil)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		opts *TimeOptions
		is   error
	}{
		"workers":     {&TimeOptions{Workers: -1}, ErrOptions},
		"twice":       {&TimeOptions{Columns: []string{"purchase_days", "purchase_days"}}, ErrOptions},
		"no column":   {&TimeOptions{Columns: []string{"purchase_daze"}}, ErrSchema},
		"no number":   {&TimeOptions{Columns: []string{"cutoff_month"}}, ErrSchema},
		"no such day": {&TimeOptions{Columns: []string{""}}, ErrSchema},
	} {
		_, err := FitTime(t.Context(), s, c.opts)
		require.ErrorIs(t, err, c.is, name)
	}
	_, err = FitTime[int](t.Context(), nil, nil)
	require.ErrorIs(t, err, ErrNoRows)
	_, err = FitTime(t.Context(), &Spans[int]{}, nil)
	require.ErrorIs(t, err, ErrNoRows)
	none := *s
	none.Data = &survival.Data{Exit: s.Data.Exit, Event: make([]bool, len(s.Data.Exit))}
	_, err = FitTime(t.Context(), &none, nil)
	require.ErrorIs(t, err, survival.ErrNoEvents)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = FitTime(ctx, s, nil)
	require.ErrorIs(t, err, context.Canceled)

	m, err := FitTime(t.Context(), s, nil)
	require.NoError(t, err)
	_, err = Forecasts(ctx, m, s.Rows)
	require.ErrorIs(t, err, context.Canceled)
	bare := *s.Rows
	bare.Table = &table.Table[Subject[int]]{IDs: s.Rows.Table.IDs}
	_, err = Forecasts(t.Context(), m, &bare)
	require.ErrorIs(t, err, ErrSchema)
	_, err = TimeSnapshotAt(t.Context(), l, l.Until(), Silence{Days: 9}, m, nil)
	require.ErrorIs(t, err, ErrSchema)
	_, err = TimeSnapshotAt[int](t.Context(), l, l.Until(), Happens{}, nil, nil)
	require.ErrorIs(t, err, ErrOptions)
	_, err = TimeSnapshotAt(t.Context(), l, l.Until()+1, Happens{}, m, nil)
	require.ErrorIs(t, err, ErrCutoff)
}

// Missing values are the median and a term, unless that term is infinite or there already.
func TestFitTimeMissing(t *testing.T) {
	all, loc := featureShop(t, 36, 200)
	l := featureLog(t, all, loc)
	own := []Own[int]{{Name: "age", Feature: FeatureFunc[int](func(customer int, _ *History) float64 {
		if customer%3 == 0 {
			return math.NaN()
		}
		return float64(customer % 50)
	})}}
	s, err := Durations(t.Context(), l, durationPlan, Happens{}, &Features[int]{Own: own})
	require.NoError(t, err)
	columns := []string{"purchase_gap_median", "purchase_gap_mean", "age", "contact_count_90d"}
	m, err := FitTime(t.Context(), s, &TimeOptions{Columns: columns})
	require.NoError(t, err)
	var terms []string
	for _, term := range m.Cox().Terms() {
		terms = append(terms, term.Column)
		require.False(t, term.Aliased)
	}
	require.Equal(t, []string{
		"purchase_gap_median", "purchase_gap_median is missing", "purchase_gap_mean", "age", "age is missing", "contact_count_90d",
	}, terms)

	// By hand.
	by := &table.Table[Subject[int]]{IDs: s.Rows.Table.IDs, Compare: s.Rows.Table.Compare}
	for i, name := range columns {
		c, _ := s.Rows.Table.Column(name)
		known := slices.DeleteFunc(slices.Sorted(slices.Values(c.Num)), math.IsNaN)
		values, marks := slices.Clone(c.Num), make([]float64, len(c.Num))
		for row, x := range values {
			if math.IsNaN(x) {
				values[row], marks[row] = known[(len(known)-1)/2], 1
			}
		}
		by.Columns = append(by.Columns, table.NumberColumn(name, values...))
		if i%2 == 0 {
			by.Columns = append(by.Columns, table.NumberColumn(name+" is missing", marks...))
		}
	}
	want, err := survival.FitCox(t.Context(), by, s.Data, &survival.Options{Cluster: s.Cluster})
	require.NoError(t, err)
	require.Equal(t, want.Terms(), m.Cox().Terms())
	forecasts, err := Forecasts(t.Context(), m, s.Rows)
	require.NoError(t, err)
	curves, err := survival.Survivals(t.Context(), want, by, nil, []float64{30}, nil)
	require.NoError(t, err)
	for i, f := range forecasts {
		require.InDelta(t, 1-curves[i], f.Within(0, 30), 1e-12)
	}

	// None of those without an age buys.
	for i, id := range s.Rows.Table.IDs {
		if id.Customer%3 == 0 {
			s.Data.Event[i] = false
		}
	}
	m, err = FitTime(t.Context(), s, &TimeOptions{Columns: columns})
	require.NoError(t, err)
	require.Equal(t, []string{"purchase_gap_median", "purchase_gap_median is missing", "purchase_gap_mean", "age", "contact_count_90d"}, m.Cox().Columns())
}

func TestTimeSnapshotAt(t *testing.T) {
	all, loc := featureShop(t, 37, 100)
	l := featureLog(t, all, loc)
	own := []Own[int]{{Name: "number", Feature: FeatureFunc[int](func(customer int, _ *History) float64 { return float64(customer % 11) })}}
	s, err := Durations(t.Context(), l, durationPlan, Happens{}, &Features[int]{Own: own})
	require.NoError(t, err)
	m, err := FitTime(t.Context(), s, &TimeOptions{Columns: []string{"purchase_days_since_log", "number"}})
	require.NoError(t, err)
	require.Equal(t, "purchase", m.Label())
	require.Equal(t, *durationPlan, m.Plan())
	cutoff := s.Rows.Report.Cutoffs[3].Cutoff
	var rows []int
	for i, id := range s.Rows.Table.IDs {
		if id.Cutoff == cutoff {
			rows = append(rows, i)
		}
	}
	got, err := TimeSnapshotAt(t.Context(), l, cutoff, Happens{}, m, own)
	require.NoError(t, err)
	requireSameRows(t, s.Rows.Take(rows), got)
	today, err := TimeSnapshotAt(t.Context(), l, l.Until(), Happens{}, m, own)
	require.NoError(t, err)
	forecasts, err := Forecasts(t.Context(), m, today)
	require.NoError(t, err)
	for _, f := range forecasts {
		require.LessOrEqual(t, f.End(), float64(durationPlan.Horizon))
		require.Equal(t, 1.0, f.Survival(0))
		p, rest := f.Within(0, 30), f.Remaining(0, 90)
		require.True(t, p > 0 && p < 1 && rest > 0 && rest < 90)
	}
	_, err = TimeSnapshotAt(t.Context(), l, l.Until(), Happens{}, m, nil)
	require.ErrorIs(t, err, ErrSchema)
}
