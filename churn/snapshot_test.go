package churn

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var snapshotPlan = &Plan{Window: 300, Gap: 3, Horizon: 20, Step: 17, First: Date(2023, 11, 20)}

// snapshotLabel is a label that has subjects and others, and all three outcomes.
var snapshotLabel = OwnGap{Quantile: 0.8, MinGaps: 1}

// requireSameRows compares bit by bit, missing included.
func requireSameRows[K comparable](t *testing.T, want, got *Dataset[K]) {
	t.Helper()
	require.Equal(t, want.Table.IDs, got.Table.IDs)
	require.Equal(t, want.Columns, got.Columns)
	require.Equal(t, want.Labels, got.Labels)
	require.Len(t, got.Table.Columns, len(want.Table.Columns))
	for i, c := range want.Table.Columns {
		g := got.Table.Columns[i]
		require.Equal(t, c.Code, g.Code, c.Name)
		require.Equal(t, c.Levels, g.Levels, c.Name)
		require.True(t, slices.EqualFunc(c.Num, g.Num, func(a, b float64) bool {
			return math.Float64bits(a) == math.Float64bits(b)
		}), c.Name)
	}
}

func TestSnapshotsCountEverybody(t *testing.T) {
	label := goneInGap{snapshotLabel}
	all, loc := featureShop(t, 3, 40)
	l := featureLog(t, all, loc)
	d, err := Snapshots(t.Context(), l, snapshotPlan, label, nil)
	require.NoError(t, err)
	require.Equal(t, label.Name(), d.Report.Label)
	require.True(t, slices.IsSortedFunc(d.Table.IDs, d.Table.Compare))
	cutoffs, incomplete, err := snapshotPlan.cutoffs(l.Since(), l.Until())
	require.NoError(t, err)
	require.Equal(t, incomplete, d.Report.Incomplete)
	require.Len(t, d.Report.Cutoffs, len(cutoffs))

	var want []Subject[int]
	var labels []bool
	counts := make([]CutoffReport, len(cutoffs))
	for customer := range 40 {
		for i, cutoff := range cutoffs {
			c := &counts[i]
			c.Cutoff = cutoff
			for _, e := range all {
				age := int(cutoff - DayOf(e.Time, loc))
				if e.Customer == customer && age >= 1 && age <= snapshotPlan.Window && !e.Arrived.Before(cutoff.Start(loc)) {
					c.Unknown++
				}
			}
			if len(slowKnown(all, customer, cutoff, snapshotPlan.Window, loc)) == 0 {
				continue
			}
			past, future, _ := l.view().at(customer, cutoff, snapshotPlan)
			if !label.Subject(past) {
				c.NotSubject++
				continue
			}
			nothing := &Future{start: future.Since(), end: future.Until(), loc: loc}
			if label.Outcome(past, nothing) == OutcomeTooEarly {
				c.TooLate++
				continue
			}
			outcome := label.Outcome(past, future)
			if outcome == OutcomeTooEarly {
				c.TooEarly++
				continue
			}
			c.Rows++
			if outcome == OutcomeYes {
				c.Positive++
			}
			want = append(want, Subject[int]{customer, cutoff})
			labels = append(labels, outcome == OutcomeYes)
		}
	}
	require.Equal(t, want, d.Table.IDs)
	require.Equal(t, labels, d.Labels)
	require.Equal(t, counts, d.Report.Cutoffs)
	sum := CutoffReport{}
	for _, c := range counts {
		sum.Positive += c.Positive
		sum.NotSubject += c.NotSubject
		sum.TooEarly += c.TooEarly
		sum.TooLate += c.TooLate
		sum.Unknown += c.Unknown
	}
	require.NotZero(t, sum.Positive*sum.NotSubject*sum.TooEarly*sum.TooLate*sum.Unknown, "the log has all cases")
}

func TestSnapshotsDoNotDependOnWorkersOrOrder(t *testing.T) {
	all, loc := featureShop(t, 4, 2100)
	own := []Own[int]{{Name: "mine", Feature: FeatureFunc[int](func(customer int, h *History) float64 {
		return float64(customer) + float64(h.Len())/float64(1+h.Count(Purchase, 90))
	})}}
	want, err := Snapshots(t.Context(), featureLog(t, all, loc), snapshotPlan, snapshotLabel, &Features[int]{Own: own, Workers: 1})
	require.NoError(t, err)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	l := featureLog(t, all, loc)
	for _, workers := range []int{2, 7} {
		var done, total int64
		got, err := Snapshots(t.Context(), l, snapshotPlan, snapshotLabel, &Features[int]{
			Own: own, Workers: workers,
			Progress: func(d, n int64) {
				require.Greater(t, d, done)
				done, total = d, n
			},
		})
		require.NoError(t, err)
		requireSameRows(t, want, got)
		require.Equal(t, want.Report, got.Report)
		require.EqualValues(t, 4200, total)
		require.Equal(t, total, done)
	}
}

func TestSnapshotsDoNotSeeTheFuture(t *testing.T) {
	all, loc := featureShop(t, 5, 100)
	d, err := Snapshots(t.Context(), featureLog(t, all, loc), snapshotPlan, Among{Label: Happens{}, Who: "all", Is: func(*History) bool { return true }}, nil)
	require.NoError(t, err)
	m := &Model{label: d.label, plan: d.plan, schema: d.schema}
	label := Among{Label: Happens{}, Who: "all", Is: func(*History) bool { return true }}
	for _, c := range d.Report.Cutoffs {
		midnight := c.Cutoff.Start(loc)
		var rows []int
		for i, id := range d.Table.IDs {
			if id.Cutoff == c.Cutoff {
				rows = append(rows, i)
			}
		}
		want := d.Take(rows)
		want.Labels = nil
		known := slices.DeleteFunc(slices.Clone(all), func(e Event[int]) bool {
			return !e.Time.Before(midnight) || !e.Arrived.Before(midnight)
		})
		for name, events := range map[string][]Event[int]{"whole log": all, "future deleted": known} {
			got, err := SnapshotAt(t.Context(), featureLog(t, events, loc), c.Cutoff, label, m, nil)
			require.NoError(t, err, name)
			requireSameRows(t, want, got)
		}
	}
}

func TestSnapshotSchemaIsThatOfTheFirstCutoff(t *testing.T) {
	loc := time.UTC
	at := func(month time.Month, day int, kind, channel string) Event[int] {
		return Event[int]{Customer: 1, Time: time.Date(2023, month, day, 12, 0, 0, 0, loc), Kind: kind, Channel: channel}
	}
	late := at(2, 4, "slow", "")
	late.Arrived = time.Date(2023, 7, 1, 0, 0, 0, 0, loc)
	all := []Event[int]{
		at(2, 1, Purchase, "web"), at(2, 2, Purchase, "shop"), at(2, 3, Contact, "phone"), late,
		at(5, 1, Purchase, "app"), at(5, 2, Refund, "app"), at(9, 2, Purchase, "web"),
	}
	d, err := Snapshots(t.Context(), featureLog(t, all, loc), &Plan{Gap: NoGap, Horizon: 100, First: Date(2023, 3, 1), Last: Date(2023, 10, 1), Step: 30}, Happens{}, nil)
	require.NoError(t, err)
	require.Greater(t, len(d.Report.Cutoffs), 5)
	require.Equal(t, []string{Contact, Purchase}, d.schema.Kinds)
	require.Equal(t, []string{"shop", "web"}, d.schema.Channels)
	require.Empty(t, d.schema.Categories)
	last, ok := d.Table.Column("channel_last")
	require.True(t, ok)
	require.Equal(t, []string{"shop", "web", "other"}, last.Levels)
	require.Equal(t, "other", last.Level(4))
	require.NoError(t, d.schema.validate())
}

func TestSnapshotOwn(t *testing.T) {
	all, loc := featureShop(t, 6, 40)
	l := featureLog(t, all, loc)
	feature := func(f func(int, *History) float64) Feature[int] { return FeatureFunc[int](f) }
	own := []Own[int]{
		{Name: "b", Feature: feature(func(customer int, h *History) float64 { return float64(customer) }), Group: "x", Text: Text{EN: "bee"}},
		{Name: "a", Feature: feature(func(_ int, h *History) float64 {
			return math.Log(float64(h.Count(Contact, 60))-0.5) / float64(h.Cutoff())
		})},
	}
	d, err := Snapshots(t.Context(), l, snapshotPlan, snapshotLabel, &Features[int]{Own: own})
	require.NoError(t, err)
	n := len(d.Columns)
	require.Equal(t, []Info{
		{Name: "b", Group: "x", Measure: "own", Text: Text{"bee", "b"}},
		{Name: "a", Group: "a", Measure: "own", Text: Text{"a", "a"}},
	}, d.Columns[n-2:])
	for i, id := range d.Table.IDs {
		require.Equal(t, float64(id.Customer), d.Table.Columns[n-2].Num[i])
	}
	m := &Model{label: d.label, plan: d.plan, schema: d.schema}
	cutoff := d.Report.Cutoffs[2].Cutoff
	slices.Reverse(own)
	got, err := SnapshotAt(t.Context(), l, cutoff, snapshotLabel, m, own)
	require.NoError(t, err)
	require.Equal(t, d.Columns, got.Columns)
	for i, id := range got.Table.IDs {
		at := slices.Index(d.Table.IDs, id)
		if at < 0 {
			continue // came true in the gap
		}
		require.Equal(t, math.Float64bits(d.Table.Columns[n-1].Num[at]), math.Float64bits(got.Table.Columns[n-1].Num[i]))
	}

	_, err = SnapshotAt(t.Context(), l, cutoff, snapshotLabel, m, own[:1])
	require.ErrorIs(t, err, ErrSchema)
	require.EqualError(t, err, `churn: data set does not fit the model: own feature "b" is missing`)
	_, err = SnapshotAt(t.Context(), l, cutoff, snapshotLabel, m, append(own, Own[int]{Name: "c", Feature: own[0].Feature}))
	require.ErrorIs(t, err, ErrSchema)

	for name, test := range map[string]struct {
		own  []Own[int]
		text string
	}{
		"infinite": {
			[]Own[int]{own[0], {Name: "inf", Feature: feature(func(int, *History) float64 { return math.Inf(-1) })}},
			`churn: invalid options: features: own feature "inf" is infinite`,
		},
		"name of a built-in": {
			[]Own[int]{{Name: silenceColumn, Feature: own[0].Feature}},
			`churn: invalid options: two features make a column "purchase_days_since"`,
		},
	} {
		_, err := Snapshots(t.Context(), l, snapshotPlan, snapshotLabel, &Features[int]{Own: test.own})
		require.ErrorIs(t, err, ErrOptions, name)
		require.EqualError(t, err, test.text, name)
	}
}

func TestSnapshotErrors(t *testing.T) {
	all, loc := featureShop(t, 7, 10)
	l := featureLog(t, all, loc)
	_, err := Snapshots(t.Context(), l, &Plan{Window: -1}, Silence{}, &Features[int]{
		Windows: []int{30, 30}, Kinds: []string{""}, Channels: []string{"a", "a"}, Own: []Own[int]{{}, {Name: "x"}, {Name: "x"}},
	})
	require.ErrorIs(t, err, ErrOptions)
	for _, text := range []string{
		"Plan.Window", "Plan.Gap", "Plan.Horizon", "Silence.Days", "Windows are not ascending", "Kinds[0] is empty", "Channels[1] is there before",
		"Own[0] has no Name", "Own[0] has no Feature", "Own[1] has no Feature", "Own[2] has the Name of another",
	} {
		require.ErrorContains(t, err, text)
	}
	for text, windows := range map[string][]int{
		"Windows [0] is not positive":                 {0},
		"Windows [1] is above the window of the plan": {300, 301},
		"Windows are more than 16":                    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17},
	} {
		_, err = Snapshots(t.Context(), l, snapshotPlan, snapshotLabel, &Features[int]{Windows: windows})
		require.ErrorIs(t, err, ErrOptions)
		require.ErrorContains(t, err, text)
	}
	_, err = Snapshots(t.Context(), l, nil, nil, &Features[int]{Windows: []int{-1}})
	for _, text := range []string{"Plan.Gap", "label is required", "Windows"} {
		require.ErrorContains(t, err, text)
	}
	require.Error(t, (&Features[int]{Windows: []int{-1}}).Validate())
	require.NoError(t, (*Features[int])(nil).Validate())

	empty := featureLog(t, nil, loc)
	nobody := Among{Label: Happens{}, Who: "nobody", Is: func(*History) bool { return false }}
	short := *snapshotPlan
	short.First, short.Last = Date(2024, 5, 30), Date(2024, 6, 1)
	early := *snapshotPlan
	early.First, early.Last = Date(2023, 1, 1), Date(2023, 1, 1)
	for text, run := range map[string]func() (*Dataset[int], error){
		"the log has no events": func() (*Dataset[int], error) {
			return Snapshots(t.Context(), empty, snapshotPlan, snapshotLabel, nil)
		},
		"none has a whole horizon": func() (*Dataset[int], error) {
			return Snapshots(t.Context(), l, &short, snapshotLabel, nil)
		},
		"no customer has an event in the window": func() (*Dataset[int], error) {
			return Snapshots(t.Context(), l, &early, snapshotLabel, nil)
		},
		"no subject of the label": func() (*Dataset[int], error) {
			return Snapshots(t.Context(), l, snapshotPlan, nobody, nil)
		},
	} {
		d, err := run()
		require.Nil(t, d)
		require.ErrorIs(t, err, ErrNoRows)
		require.ErrorContains(t, err, text)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Snapshots(cancelled, l, snapshotPlan, snapshotLabel, nil)
	require.ErrorIs(t, err, context.Canceled)

	d, err := Snapshots(t.Context(), l, snapshotPlan, snapshotLabel, nil)
	require.NoError(t, err)
	m := &Model{label: d.label, plan: d.plan, schema: d.schema}
	for _, cutoff := range []Day{l.Since() - 1, l.Until() + 1} {
		_, err = SnapshotAt(t.Context(), l, cutoff, snapshotLabel, m, nil)
		require.ErrorIs(t, err, ErrCutoff)
		require.ErrorContains(t, err, fmt.Sprintf("it is %v, and can be from %v to %v", cutoff, l.Since(), l.Until()))
	}
	_, err = SnapshotAt(t.Context(), l, l.Since(), snapshotLabel, m, nil)
	require.ErrorIs(t, err, ErrNoRows, "nothing is known there")
	_, err = Snapshots(t.Context(), l, &Plan{Gap: 30, Horizon: 30}, Silence{Days: 7}, nil)
	require.ErrorIs(t, err, ErrNoRows)
	require.Regexp(t, `[1-9]\d* times bound to come true in the gap, and 0 times`, err.Error())
	everybody := Among{Label: Happens{}, Who: "all", Is: func(*History) bool { return true }}
	_, err = SnapshotAt(t.Context(), l, l.Until(), everybody, &Model{label: everybody.Name(), plan: d.plan, schema: d.schema}, nil)
	require.NoError(t, err, "today")
	_, err = SnapshotAt(t.Context(), l, l.Until(), Happens{}, m, nil)
	require.ErrorIs(t, err, ErrSchema)
	_, err = SnapshotAt(t.Context(), l, l.Until(), nil, m, nil)
	require.ErrorIs(t, err, ErrOptions)
	_, err = SnapshotAt(t.Context(), empty, l.Until(), snapshotLabel, m, nil)
	require.ErrorIs(t, err, ErrNoRows)
}

func TestTake(t *testing.T) {
	all, loc := featureShop(t, 8, 60)
	d, err := Snapshots(t.Context(), featureLog(t, all, loc), snapshotPlan, snapshotLabel, nil)
	require.NoError(t, err)
	second := d.Report.Cutoffs[1].Cutoff
	var rows []int
	for i, id := range d.Table.IDs {
		if id.Cutoff != second {
			rows = append(rows, i)
		}
	}
	taken := d.Take(rows)
	require.Equal(t, len(rows), taken.Rows())
	require.NoError(t, taken.Table.Validate())
	for i, row := range rows {
		require.Equal(t, d.Table.IDs[row], taken.Table.IDs[i])
		require.Equal(t, d.Labels[row], taken.Labels[i])
	}
	var want []CutoffReport
	for i, c := range d.Report.Cutoffs {
		if i != 1 && c.Rows > 0 {
			want = append(want, CutoffReport{Cutoff: c.Cutoff, Rows: c.Rows, Positive: c.Positive})
		}
	}
	require.Equal(t, want, taken.Report.Cutoffs)
	require.Equal(t, d.schema, taken.schema)
	require.Zero(t, d.Take(nil).Rows())
	require.Panics(t, func() { d.Take([]int{1, 1}) })
	require.Panics(t, func() { d.Take([]int{d.Rows()}) })
}
