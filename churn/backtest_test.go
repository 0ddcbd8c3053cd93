package churn

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/learn/logistic"
)

const reportDays = 250

// backtestPlan has few cut-offs, backtestFit and backtestFeatures are quick.
var (
	backtestPlan     = &Plan{Window: 60, Gap: 3, Horizon: 14, Step: 14}
	backtestFit      = &FitOptions{Logistic: &logistic.Options{L2: 10}}
	backtestFeatures = &Features[int]{Windows: []int{30}}
)

// backtestLists returns for each cut-off the customers of each list, with their probabilities.
func backtestLists(w *backtestWalk[int]) map[Day]map[string]map[int]float64 {
	all := map[Day]map[string]map[int]float64{}
	for i, r := range w.rows {
		if all[r.cutoff] == nil {
			all[r.cutoff] = map[string]map[int]float64{}
		}
		for _, l := range w.lists {
			if all[r.cutoff][l.name] == nil {
				all[r.cutoff][l.name] = map[int]float64{}
			}
			if l.alerted[i] {
				all[r.cutoff][l.name][w.log.customers[r.customer]] = r.probability
			}
		}
	}
	return all
}

// goneInGap is a label that comes true in the gap for those who buy in it, which nobody can
// know.
type goneInGap struct{ Label }

func (g goneInGap) Outcome(past *History, future *Future) Outcome {
	if future.Len() > 0 && future.At(0).Day < future.Since() {
		return OutcomeTooEarly
	}
	return g.Label.Outcome(past, future)
}

func TestBacktest(t *testing.T) {
	l := reportLog(t, reportEvents(150, reportDays), reportDays, 0)
	opts := &BacktestOptions[int]{Fit: backtestFit, Share: 0.1, Silence: 20, Economics: &Economics{Contact: 10, Offer: 50, Acceptance: 0.5, Margin: 1}}
	w, err := runBacktest(t.Context(), l, backtestPlan, reportLabel, backtestFeatures, opts)
	require.NoError(t, err)
	r := w.result
	t.Logf("\n%v", r)
	require.NotEmpty(t, r.Cutoffs)
	require.Len(t, w.all.Report.Cutoffs, r.Untested+len(r.Cutoffs))

	t.Run("labels are known", func(t *testing.T) {
		for _, c := range r.Cutoffs {
			require.Less(t, c.Known, c.Cutoff)
			rows := 0
			for _, id := range w.all.Table.IDs {
				if id.Cutoff+17 <= c.Cutoff {
					rows++
				}
			}
			require.LessOrEqual(t, c.Trained+c.Calibrated, rows)
			require.Positive(t, min(c.Trained, c.Calibrated))
		}
	})
	t.Run("by hand", func(t *testing.T) { backtestByHand(t, w) })
	t.Run("totals", func(t *testing.T) {
		for k, total := range r.Total.Lists {
			alerts, hits, early, earned := 0, 0, 0, 0.0
			for _, c := range r.Cutoffs {
				alerts, hits, early = alerts+c.Lists[k].Alerts, hits+c.Lists[k].Hits, early+c.Lists[k].TooEarly
				earned += c.Lists[k].Earned
			}
			require.Equal(t, []int{alerts, hits, early}, []int{total.Alerts, total.Hits, total.TooEarly})
			require.InDelta(t, earned, total.Earned, 1e-6)
		}
		model, nobody := r.Total.Lists[0], r.Total.Lists[3]
		require.Equal(t, []string{"model", "longest silence", "silent for 20 days", "nobody"},
			[]string{model.Name, r.Total.Lists[1].Name, r.Total.Lists[2].Name, nobody.Name})
		require.Zero(t, nobody.Alerts)
		require.InDelta(t, 1-float64(r.Total.Positive)/float64(r.Total.Rows), nobody.Accuracy.Value, 1e-12)
		require.Greater(t, model.Lift.Low, 1.0)
		require.Positive(t, model.Earned)
	})
	t.Run("too early", func(t *testing.T) {
		r, err := Backtest(t.Context(), l, backtestPlan, goneInGap{reportLabel}, backtestFeatures, opts)
		require.NoError(t, err)
		d, err := Snapshots(t.Context(), l, backtestPlan, goneInGap{reportLabel}, backtestFeatures)
		require.NoError(t, err)
		require.Positive(t, r.Total.TooEarly)
		for i, c := range d.Report.Cutoffs[r.Untested:] {
			require.Equal(t, c.Rows+c.TooEarly, r.Cutoffs[i].Rows, "looked at: nobody could know")
			require.Equal(t, c.TooEarly, r.Cutoffs[i].TooEarly)
		}
	})
	t.Run("too late", func(t *testing.T) {
		silence, _ := w.all.Table.Column(silenceColumn)
		for _, days := range silence.Num { // gone on the days from the cut-off to that before the gap ends
			require.Less(t, days, 27.0)
		}
		late := 0
		for _, c := range w.all.Report.Cutoffs {
			late += c.TooLate
			require.Zero(t, c.TooEarly, "silence is to be seen")
		}
		require.Positive(t, late)
	})
	t.Run("deadline", func(t *testing.T) {
		for i, row := range w.rows {
			if row.positive {
				at, _ := slices.BinarySearchFunc(w.all.Table.IDs, Subject[int]{w.log.customers[row.customer], row.cutoff}, w.all.Table.Compare)
				silence, _ := w.all.Table.Column(silenceColumn)
				// The last purchase was silence+1 days before the cut-off, the deadline is 30 days after it.
				require.InDelta(t, 29-silence.Num[at], w.lead(i), 0)
			}
		}
	})
	t.Run("workers", func(t *testing.T) {
		want, err := json.Marshal(r)
		require.NoError(t, err)
		for _, workers := range []int{1, 3} {
			other := *opts
			fit := *backtestFit
			fit.Workers = workers
			other.Fit = &fit
			again, err := Backtest(t.Context(), reportLog(t, reportEvents(150, reportDays), reportDays, workers), backtestPlan, reportLabel,
				&Features[int]{Windows: []int{30}, Workers: workers}, &other)
			require.NoError(t, err)
			got, err := json.Marshal(again)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
		}
	})
	t.Run("json", func(t *testing.T) {
		text, err := json.Marshal(r)
		require.NoError(t, err)
		var back BacktestResult
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, r.String(), back.String())
	})
}

// backtestByHand makes the lists again, the slow way.
func backtestByHand(t *testing.T, w *backtestWalk[int]) {
	lists := backtestLists(w)
	alertedOn := map[int]Day{} // of each customer the latest alert
	hits, alerts, covered, positives, right := 0, 0, 0, 0, 0
	for _, c := range w.result.Cutoffs {
		type subject struct {
			customer    int
			profit      float64
			row         judgedRow
			stands, new bool
		}
		var subjects []subject
		for _, row := range w.rows {
			if row.cutoff != c.Cutoff {
				continue
			}
			s := subject{customer: w.log.customers[row.customer], row: row}
			s.profit = w.opts.Economics.Profit(row.probability, row.value)
			if day, ok := alertedOn[s.customer]; ok && c.Cutoff < day+17 {
				s.stands = true
				past, _ := w.log.view().past(int(row.customer), c.Cutoff, 0)
				for e := range past.All() {
					s.stands = s.stands && e.Day < day
				}
			}
			subjects = append(subjects, s)
		}
		slices.SortStableFunc(subjects, func(a, b subject) int {
			switch {
			case a.profit > b.profit:
				return -1
			case a.profit < b.profit:
				return 1
			}
			return 0
		})
		room := int(math.Round(0.1 * float64(len(subjects))))
		want := map[int]float64{}
		for i := range subjects {
			if s := &subjects[i]; !s.stands && s.profit > 0 && len(want) < room {
				s.new = true
				want[s.customer] = s.row.probability
				alertedOn[s.customer] = c.Cutoff
			}
		}
		require.Equal(t, want, lists[c.Cutoff][listModel], "cut-off %v", c.Cutoff)
		for _, s := range subjects {
			if s.new {
				alerts++
				if s.row.positive {
					hits++
				}
			}
			if s.row.positive {
				positives++
				if s.new || s.stands {
					covered++
				}
			}
			if (s.new || s.stands) == s.row.positive {
				right++
			}
		}
	}
	q := w.result.Total.Lists[0]
	require.InDelta(t, float64(hits)/float64(alerts), q.Precision.Value, 1e-12)
	require.InDelta(t, float64(covered)/float64(positives), q.Recall.Value, 1e-12)
	require.InDelta(t, float64(right)/float64(len(w.rows)), q.Accuracy.Value, 1e-12)
}

// Whatever happens from a cut-off on, its list and all before it stay the same.
func TestBacktestKnowsNoFuture(t *testing.T) {
	if race.Enabled {
		t.Skip("other tests run all goroutines")
	}
	for _, label := range []Label{reportLabel, Absent{}} {
		t.Run(label.Name(), func(t *testing.T) { backtestKnowsNoFuture(t, label) })
	}
}

func backtestKnowsNoFuture(t *testing.T, label Label) {
	events := reportEvents(150, reportDays)
	before, err := runBacktest(t.Context(), reportLog(t, events, reportDays, 0), backtestPlan, label, backtestFeatures, &BacktestOptions[int]{Fit: backtestFit, Share: 0.1})
	require.NoError(t, err)
	cutoff := before.result.Cutoffs[len(before.result.Cutoffs)/2].Cutoff
	start := cutoff.Start(time.UTC)

	var changed []Event[int]
	for _, e := range events {
		known := e.Arrived
		if known.IsZero() {
			known = e.Time
		}
		switch {
		case known.Before(start):
			changed = append(changed, e)
		case e.Customer%3 == 0: // gone
		default:
			e.Amount *= 7
			e.Kind = Refund
			changed = append(changed, e)
		}
	}
	for c := range 150 {
		if c%3 == 1 { // a purchase on each of the next days
			for day := range 10 {
				changed = append(changed, Event[int]{Customer: c, Time: start.AddDate(0, 0, day), Kind: Purchase, Amount: 9999})
			}
		}
	}
	after, err := runBacktest(t.Context(), reportLog(t, changed, reportDays, 0), backtestPlan, label, backtestFeatures, &BacktestOptions[int]{Fit: backtestFit, Share: 0.1})
	require.NoError(t, err)
	want, got := backtestLists(before), backtestLists(after)
	same := 0
	for _, c := range before.result.Cutoffs {
		if c.Cutoff <= cutoff {
			require.Equal(t, want[c.Cutoff], got[c.Cutoff], "cut-off %v", c.Cutoff)
			same++
		}
	}
	require.Greater(t, same, 1)
	require.NotEqual(t, before.result.Total, after.result.Total, "or nothing was changed")
}

func TestBacktestOptions(t *testing.T) {
	if race.Enabled {
		t.Skip("other tests run all goroutines")
	}
	l := reportLog(t, reportEvents(150, reportDays), reportDays, 0)
	run := func(t *testing.T, label Label, opts *BacktestOptions[int]) *BacktestResult {
		t.Helper()
		r, err := Backtest(t.Context(), l, backtestPlan, label, backtestFeatures, opts)
		require.NoError(t, err)
		return r
	}
	t.Run("refit", func(t *testing.T) {
		r := run(t, reportLabel, &BacktestOptions[int]{Fit: backtestFit, Refit: 3})
		for i, c := range r.Cutoffs {
			require.Equal(t, r.Cutoffs[i/3*3].Trained, c.Trained)
			require.Equal(t, r.Cutoffs[i/3*3].Known, c.Known)
		}
		require.Greater(t, r.Cutoffs[3].Trained, r.Cutoffs[2].Trained)
	})
	t.Run("first and delay", func(t *testing.T) {
		all := run(t, reportLabel, &BacktestOptions[int]{Fit: backtestFit})
		var calls []int64
		first := all.Cutoffs[2].Cutoff
		r := run(t, reportLabel, &BacktestOptions[int]{Fit: backtestFit, First: first, Delay: 12, Progress: func(done, total int64) { calls = append(calls, done, total) }})
		require.Equal(t, first, r.Cutoffs[0].Cutoff)
		total := int64(r.Untested + len(r.Cutoffs))
		require.Equal(t, []int64{total, total}, calls[len(calls)-2:])
		for i, c := range r.Cutoffs {
			require.Less(t, c.Known+12, c.Cutoff)
			require.Less(t, c.Trained+c.Calibrated, all.Cutoffs[i+2].Trained+all.Cutoffs[i+2].Calibrated)
		}
	})
	t.Run("excluded", func(t *testing.T) {
		r := run(t, reportLabel, &BacktestOptions[int]{Fit: backtestFit, Refit: 10, Exclude: func(int) bool { return true }})
		require.Zero(t, r.Total.Lists[0].Alerts)
		require.True(t, math.IsNaN(r.Total.Lists[0].Precision.Value))
		require.Contains(t, r.String(), "-")
	})
	t.Run("absence, of which nothing is too early", func(t *testing.T) {
		r := run(t, Absent{}, &BacktestOptions[int]{Fit: backtestFit, Refit: 10})
		require.Zero(t, r.Total.TooEarly)
		require.InDelta(t, 16, r.Total.Lists[0].Lead, 0, "a purchase on the last day of the horizon would have undone it")
	})
	t.Run("leads", func(t *testing.T) {
		leads, err := BacktestLeads(t.Context(), l, backtestPlan, reportLabel, backtestFeatures, []int{7, 3, 7}, &BacktestOptions[int]{Fit: backtestFit, Refit: 10})
		require.NoError(t, err)
		t.Logf("\n%v", leads)
		require.Len(t, leads, 2)
		require.Equal(t, []int{3, 7}, []int{leads[0].Gap, leads[1].Gap})
		require.Equal(t, backtestCutoffs(leads[0]), backtestCutoffs(leads[1]))
		require.GreaterOrEqual(t, leads[1].Total.Lists[0].Lead, 7.0)

		given := *backtestPlan
		given.Step = 7
		for _, last := range []Day{l.Until() - 17, l.Until() - 21, l.Until() - 22, l.Until()} {
			given.Last = last
			leads, err := BacktestLeads(t.Context(), l, &given, reportLabel, backtestFeatures, []int{3, 7}, &BacktestOptions[int]{Fit: backtestFit, Refit: 100})
			require.NoError(t, err)
			cutoffs := backtestCutoffs(leads[1])
			require.Equal(t, cutoffs, backtestCutoffs(leads[0]))
			at := cutoffs[len(cutoffs)-1]
			require.LessOrEqual(t, at, l.Until()-21)
			require.Greater(t, at, l.Until()-28, "taken back by no more steps than it takes")
			require.Zero(t, (last-at)%7, "by whole steps")
		}
	})
	t.Run("own values", func(t *testing.T) {
		// Worth nothing but every third customer: the list is of those alone.
		opts := &BacktestOptions[int]{Fit: backtestFit, Refit: 10, Share: 0.2, Economics: &Economics{Contact: 10, Offer: 20, Acceptance: 0.5}}
		asked := map[Day]bool{}
		opts.Values = func(customer int, cutoff Day) int64 {
			asked[cutoff] = true
			if customer%3 == 0 {
				return 5000
			}
			return 0
		}
		w, err := runBacktest(t.Context(), l, backtestPlan, reportLabel, backtestFeatures, opts)
		require.NoError(t, err)
		require.Len(t, asked, len(w.result.Cutoffs))
		require.Positive(t, w.result.Total.Lists[0].Alerts)
		for _, lists := range backtestLists(w) {
			for customer := range lists[listModel] {
				require.Zero(t, customer%3)
			}
		}
	})
	t.Run("as many by silence", func(t *testing.T) {
		// Few earn enough to be called, and in some weeks nobody.
		for _, offer := range []int64{4000, 20000} {
			r := run(t, reportLabel, &BacktestOptions[int]{Fit: backtestFit, Share: 0.1, Economics: &Economics{Contact: 300, Offer: offer, Margin: 1}})
			fewer := 0
			for _, c := range r.Cutoffs {
				require.Equal(t, c.Lists[0].Alerts, c.Lists[1].Alerts)
				if c.Lists[0].Alerts < int(math.Round(0.1*float64(c.Rows))) {
					fewer++
				}
			}
			require.Positive(t, fewer, "or the economics leave nobody out")
			require.Equal(t, offer == 20000, r.Total.Lists[0].Alerts == 0)
		}
	})
}

func backtestCutoffs(r *BacktestResult) (days []Day) {
	for _, c := range r.Cutoffs {
		days = append(days, c.Cutoff)
	}
	return days
}

// The day on whose evening a label has come true for good. The plan looks from day 40 on at the
// days 43 to 52.
func TestBacktestLeadDays(t *testing.T) {
	day := func(n int, kind string) Event[int] {
		return Event[int]{Customer: 1, Time: time.Date(2024, 1, 1+n, 12, 0, 0, 0, time.UTC), Kind: kind, Amount: 100}
	}
	other := Event[int]{Customer: 2, Time: time.Date(2024, 1, 2, 12, 0, 0, 0, time.UTC), Kind: "visit"}
	plan := &Plan{Gap: 3, Horizon: 10}
	for _, test := range []struct {
		name   string
		label  Label
		events []Event[int]
		day    int
	}{
		{"absent", Absent{}, []Event[int]{day(30, Purchase)}, 52},
		{"absent, with a purchase in the gap", Absent{}, []Event[int]{day(30, Purchase), day(41, Purchase)}, 52},
		{"silent", Silence{Days: 15}, []Event[int]{day(30, Purchase)}, 45},
		{"silent, and back", Silence{Days: 15}, []Event[int]{day(30, Purchase), day(46, Purchase)}, 45},
		{"silent on the first day", Silence{Days: 13}, []Event[int]{day(30, Purchase)}, 43},
		{"silent on the last day", Silence{Days: 22}, []Event[int]{day(30, Purchase)}, 52},
		{"silent after a purchase in the horizon", Silence{Days: 8}, []Event[int]{day(36, Purchase), day(43, Purchase)}, 51},
		{"happens", Happens{}, []Event[int]{day(30, Purchase), day(47, Purchase), day(49, Purchase)}, 47},
		{"happens on the first day", Happens{}, []Event[int]{day(30, Purchase), day(43, Purchase)}, 43},
		{"contract", ContractEnd{Start: "begin", End: "end", Renewal: 4}, []Event[int]{day(10, "begin"), day(44, "end")}, 48},
		{"contract that begins again too late", ContractEnd{Start: "begin", End: "end", Renewal: 4}, []Event[int]{day(10, "begin"), day(44, "end"), day(49, "begin")}, 48},
		{"contract without renewal", ContractEnd{Start: "begin", End: "end"}, []Event[int]{day(10, "begin"), day(44, "end")}, 44},
		{"spends little", spendsLittle{}, []Event[int]{day(30, Purchase), day(44, Purchase)}, 52},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := reportLog(t, append(test.events, other), 60, 0)
			cutoff := l.Since() + 40
			w := &backtestWalk[int]{log: l, plan: plan, label: test.label, rows: []judgedRow{{cutoff: cutoff, positive: true, lead: -1}}}
			past, future, _ := l.view().at(0, cutoff, plan)
			require.Equal(t, OutcomeYes, test.label.Outcome(past, future))
			require.InDelta(t, test.day-40, w.lead(0), 0)
			_, future, _ = l.view().at(0, cutoff, plan)
			require.LessOrEqual(t, future.Len(), len(test.events), "the log is as it was")
		})
	}
}

// spendsLittle comes true for those who spend less than 10.00 in the horizon.
type spendsLittle struct{ Absent }

func (spendsLittle) Outcome(_ *History, future *Future) Outcome {
	sum := int64(0)
	for e := range future.All() {
		sum += e.Amount
	}
	if sum < 1000 {
		return OutcomeYes
	}
	return OutcomeNo
}

func TestBacktestSubjectsAgain(t *testing.T) {
	l := reportLog(t, reportEvents(150, reportDays), reportDays, 0)
	w, err := runBacktest(t.Context(), l, backtestPlan, goneInGap{reportLabel}, backtestFeatures, &BacktestOptions[int]{Fit: backtestFit, Refit: 100})
	require.NoError(t, err)
	report := w.all.Report.Cutoffs[len(w.all.Report.Cutoffs)-1]
	require.Positive(t, report.TooEarly)
	_, _, err = w.subjects(t.Context(), report)
	require.NoError(t, err)
	report.TooEarly++
	_, _, err = w.subjects(t.Context(), report)
	require.ErrorContains(t, err, "other subjects")
}

func TestBacktestOfNothingIsText(t *testing.T) {
	require.NotEmpty(t, (&BacktestResult{}).String())
	require.NotEmpty(t, (&BacktestResult{Cutoffs: make([]BacktestSlice, 1)}).String())
	require.NotEmpty(t, Leads{nil, {}}.String())
	require.NotEmpty(t, (&Report{}).String())
}

func TestBacktestErrors(t *testing.T) {
	l := reportLog(t, reportEvents(50, 110), 110, 0)
	for _, test := range []struct {
		name string
		plan *Plan
		opts *BacktestOptions[int]
		is   error
	}{
		{"options", backtestPlan, &BacktestOptions[int]{Fit: backtestFit, Refit: -1, Delay: -1, Share: 2, Silence: -1, Days: -1, Economics: &Economics{Offer: -1}}, ErrOptions},
		{"too long", backtestPlan, &BacktestOptions[int]{Delay: 1_000_001}, ErrOptions},
		{"far too long", backtestPlan, &BacktestOptions[int]{Days: math.MaxInt}, ErrOptions},
		{"no margin", backtestPlan, &BacktestOptions[int]{Economics: &Economics{Contact: 1}}, ErrOptions},
		{"values without economics", backtestPlan, &BacktestOptions[int]{Values: func(int, Day) int64 { return 1 }}, ErrOptions},
		{"plan", nil, nil, ErrOptions},
		{"too short a time", backtestPlan, nil, ErrNoRows},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Backtest(t.Context(), l, test.plan, reportLabel, nil, test.opts)
			require.ErrorIs(t, err, test.is)
			_, err = BacktestLeads(t.Context(), l, test.plan, reportLabel, nil, nil, test.opts)
			require.ErrorIs(t, err, test.is)
		})
	}
	long := reportLog(t, reportEvents(150, reportDays), reportDays, 0)
	_, err := Backtest(t.Context(), long, backtestPlan, reportLabel, backtestFeatures, &BacktestOptions[int]{Fit: backtestFit, First: long.Until()})
	require.ErrorIs(t, err, ErrNoRows)
	require.ErrorContains(t, err, "BacktestOptions.First is")
	_, err = Backtest(t.Context(), long, backtestPlan, reportLabel, backtestFeatures, &BacktestOptions[int]{Fit: backtestFit, Delay: 1_000_000})
	require.ErrorIs(t, err, ErrNoRows)
	require.ErrorContains(t, err, "1000000 days before")
	_, err = BacktestLeads(t.Context(), long, backtestPlan, reportLabel, backtestFeatures, nil, &BacktestOptions[int]{Fit: backtestFit, Delay: 500})
	require.ErrorIs(t, err, ErrNoRows)
	require.ErrorContains(t, err, "churn: lead of 7 days")
	late := *backtestPlan
	late.Last = long.Until() + 1
	_, err = BacktestLeads(t.Context(), long, &late, reportLabel, backtestFeatures, nil, nil)
	require.ErrorIs(t, err, ErrCutoff)
	late.First, late.Last = long.Until()-18, long.Until()-18
	_, err = BacktestLeads(t.Context(), long, &late, reportLabel, backtestFeatures, nil, nil)
	require.ErrorIs(t, err, ErrNoRows)
	_, err = BacktestLeads(t.Context(), l, backtestPlan, reportLabel, backtestFeatures, []int{0}, nil)
	require.ErrorIs(t, err, ErrOptions)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Backtest(ctx, l, backtestPlan, reportLabel, backtestFeatures, nil)
	require.ErrorIs(t, err, context.Canceled)
}
