package churn

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/civil"
)

// labelEvent is something that happens on a day; labels see no more of an event.
type labelEvent struct {
	day  Day
	kind string
}

// bought are purchases on days.
func bought(days ...Day) []labelEvent {
	all := make([]labelEvent, len(days))
	for i, d := range days {
		all[i] = labelEvent{d, Purchase}
	}
	return all
}

// labelView divides events, ascending by day, at a cut-off: those of the days below it are the past, and those
// from it on to the end of the horizon the future.
func labelView(all []labelEvent, cutoff Day, gap, horizon int) (*History, *Future) {
	var kinds []string
	for _, e := range all {
		kinds = append(kinds, e.kind)
	}
	slices.Sort(kinds)
	kinds = slices.Compact(kinds)
	e := events{kinds: kinds}
	for _, x := range all {
		k, _ := slices.BinarySearch(kinds, x.kind)
		e.unix = append(e.unix, int64(x.day)*86400)
		e.day = append(e.day, civil.Day(x.day))
		e.kind = append(e.kind, uint8(k))
		e.amount = append(e.amount, 1)
		e.channel = append(e.channel, -1)
		e.category = append(e.category, -1)
	}
	start := cutoff + Day(gap)
	end := start + Day(horizon)
	from := func(day Day) int {
		return len(all) - len(slices.DeleteFunc(slices.Clone(all), func(x labelEvent) bool { return x.day < day }))
	}
	past := &History{events: e.slice(0, from(cutoff)), cutoff: cutoff, loc: time.UTC}
	return past, &Future{events: e.slice(from(cutoff), from(end)), start: start, end: end, loc: time.UTC}
}

// askLabel is what a label says of a customer: "none" of who is no subject.
func askLabel(l Label, past *History, future *Future) string {
	if !l.Subject(past) {
		return "none"
	}
	return []string{"no", "yes", "early"}[l.Outcome(past, future)]
}

// randomLife is a life of events around a cut-off at day 100.
func randomLife(r *rand.Rand, kinds ...string) []labelEvent {
	var all []labelEvent
	for day, mean := Day(r.IntN(100)), 1+r.IntN(30); day < 180; day += Day(r.IntN(2 * mean)) {
		all = append(all, labelEvent{day, kinds[r.IntN(len(kinds))]})
		if r.IntN(20) == 0 {
			break
		}
	}
	return all
}

// newLabelLog is a log from day 1 to day 199.
func newLabelLog(t *testing.T, all []Event[int]) *Log[int] {
	t.Helper()
	l, err := NewLog(t.Context(), slices.Values(all), &LogOptions[int]{
		Location: time.UTC, Since: Day(1).Start(time.UTC), Until: Day(200).Start(time.UTC), Compare: func(a, b int) int { return a - b },
	})
	require.NoError(t, err)
	return l
}

// lateEvents is a life of customer 1 around day 100, with events at the same seconds and some that
// arrive late.
func lateEvents(r *rand.Rand, kinds ...string) []Event[int] {
	var all []Event[int]
	for _, e := range randomLife(r, kinds...) {
		for range 1 + r.IntN(3) {
			event := Event[int]{Customer: 1, Time: max(e.day, 1).Start(time.UTC).Add(time.Duration(r.IntN(2)) * time.Hour), Kind: kinds[r.IntN(len(kinds))]}
			event.Arrived = event.Time
			if r.IntN(3) == 0 {
				event.Arrived = event.Time.AddDate(0, 0, r.IntN(60))
			}
			all = append(all, event)
		}
	}
	return all
}

// slowGone walks day by day until one on which gone says so of the events up to it.
func slowGone(past *History, future *Future, gone func(day Day) bool) string {
	if gone(past.cutoff - 1) {
		return "none"
	}
	for day := past.cutoff; day < future.end; day++ {
		if gone(day) {
			if day < future.start {
				return "early"
			}
			return "yes"
		}
	}
	return "no"
}

// daysOf are the days with an event of a kind.
func daysOf(all []labelEvent, kinds ...string) []Day {
	var days []Day
	for _, e := range all {
		if slices.Contains(kinds, e.kind) {
			days = append(days, e.day)
		}
	}
	return slices.Compact(days)
}

func TestCheckLabel(t *testing.T) {
	plan := &Plan{Gap: NoGap, Horizon: 30}
	alive := aliveFunc(func(int, float64, float64) float64 { return 1 })
	for _, l := range []Label{
		Happens{},
		Happens{Kinds: []string{Refund, "visit"}},
		Absent{},
		Silence{Days: 1},
		OwnGap{},
		OwnGap{Quantile: 1, Factor: 3},
		ContractEnd{Start: "a", End: "b", Renewal: 29},
		LowAlive{Model: alive},
		ownLabel{},
		Among{Label: Silence{Days: 3}, Who: "all", Is: Happens{}.Subject},
	} {
		require.NoError(t, checkLabel(l, plan), l.Name())
	}
	require.ErrorIs(t, checkLabel(nil, plan), ErrOptions)
	for _, c := range []struct {
		label Label
		text  []string
	}{
		{Happens{Kinds: []string{""}}, []string{"Happens.Kinds"}},
		{Absent{Kinds: []string{"x", ""}}, []string{"Absent.Kinds"}},
		{Silence{Kinds: []string{""}}, []string{"Silence.Kinds", "Silence.Days"}},
		{Silence{Days: longestDays + 1}, []string{"Silence.Days"}},
		{
			OwnGap{Quantile: 1.1, Factor: -1, MinGaps: -1, Fallback: -1},
			[]string{"OwnGap.Quantile", "OwnGap.Factor", "OwnGap.MinGaps", "OwnGap.Fallback"},
		},
		{ContractEnd{Renewal: -1}, []string{"ContractEnd.Start", "ContractEnd.End", "ContractEnd.Renewal"}},
		{ContractEnd{Start: "a", End: "a"}, []string{"differ"}},
		{ContractEnd{Start: "a", End: "b", Renewal: 30}, []string{"longer than ContractEnd.Renewal"}},
		{LowAlive{Unit: -1, Below: 2}, []string{"LowAlive.Model", "LowAlive.Unit", "LowAlive.Below"}},
		{Among{}, []string{"Among.Label", "Among.Who", "Among.Is"}},
		{Among{Label: Silence{}, Who: "all", Is: Happens{}.Subject}, []string{"Silence.Days"}},
		{
			Among{Label: ContractEnd{Start: "a", End: "b", Renewal: 30}, Who: "all", Is: Happens{}.Subject},
			[]string{"longer than ContractEnd.Renewal"},
		},
	} {
		err := checkLabel(c.label, plan)
		require.ErrorIs(t, err, ErrOptions)
		for _, text := range c.text {
			require.ErrorContains(t, err, text)
		}
	}
}

func TestLabelNames(t *testing.T) {
	alive := aliveFunc(func(int, float64, float64) float64 { return 1 })
	for name, l := range map[string]Label{
		"purchase":                    Happens{},
		"purchase or refund":          Happens{Kinds: []string{Purchase, Refund}},
		"contact or purchase":         Happens{Kinds: []string{Purchase, Contact, Purchase}},
		"no purchase":                 Absent{},
		"no contact":                  Absent{Kinds: []string{Contact}},
		"no purchase for 1 day":       Silence{Days: 1},
		"no visit for 30 days":        Silence{Days: 30, Kinds: []string{"visit"}},
		"P(alive) by visit below 0.1": LowAlive{Model: alive, Kinds: []string{"visit"}, Below: 0.1},
		"P(alive) by purchase below 0.5 (unit of 1 days)":                                        LowAlive{Model: alive, Unit: 1},
		"no purchase for longer than 95% of own gaps":                                            OwnGap{},
		"no purchase for longer than 99.7% of own gaps (of 5 gaps or more)":                      OwnGap{Quantile: 0.997, MinGaps: 5},
		"no purchase for longer than 1.5 times 80% of own gaps (60 days with fewer than 3 gaps)": OwnGap{Quantile: 0.8, Factor: 1.5, Fallback: 60},
		"expiry without renewal within 30 days":                                                  ContractEnd{Start: "renewal", End: "expiry", Renewal: 30},
		"no purchase for 30 days, among regulars":                                                Among{Label: Silence{Days: 30}, Who: "regulars"},
	} {
		require.Equal(t, name, l.Name())
	}
}

// ownLabel is one of a team's own, without any of the optional methods.
type ownLabel struct{}

func (ownLabel) Name() string                      { return "own" }
func (ownLabel) Subject(*History) bool             { return true }
func (ownLabel) Outcome(*History, *Future) Outcome { return OutcomeYes }

func TestOutcomeNames(t *testing.T) {
	require.Equal(t, "no, yes, too early, unknown(3)", fmt.Sprintf("%v, %v, %v, %v", OutcomeNo, OutcomeYes, OutcomeTooEarly, Outcome(3)))
}

// oddLabel says what is no outcome, of a horizon with events or of one without.
type oddLabel struct {
	ownLabel
	nothing bool
}

func (l oddLabel) Outcome(_ *History, f *Future) Outcome {
	if (f.Len() == 0) == l.nothing {
		return 7
	}
	return OutcomeYes
}

func TestOddOutcome(t *testing.T) {
	log := livesLog(t, 140, bought(99, 110))
	plan := &Plan{Gap: 3, Horizon: 10, First: 100, Last: 100}
	for _, l := range []Label{oddLabel{}, oddLabel{nothing: true}} {
		_, err := Snapshots(t.Context(), log, plan, l, nil)
		require.ErrorIs(t, err, ErrOptions)
		require.ErrorContains(t, err, `label "own"`)
		_, err = Sensitivity(t.Context(), log, plan, []Label{Absent{}, l}, nil)
		require.ErrorIs(t, err, ErrOptions)
		require.ErrorContains(t, err, `label "own"`)
	}
}

// A window that hides who is not gone yet is a fault.
func TestLabelsNeedTheirWindow(t *testing.T) {
	for _, l := range []Label{Silence{Days: 60}, OwnGap{Fallback: 60}, Among{Label: Silence{Days: 60}, Who: "all", Is: Happens{}.Subject}} {
		require.ErrorContains(t, checkLabel(l, &Plan{Window: 59, Gap: NoGap, Horizon: 30}), "Plan.Window")
		require.NoError(t, checkLabel(l, &Plan{Window: 60, Gap: NoGap, Horizon: 30}))
		require.NoError(t, checkLabel(l, &Plan{Gap: NoGap, Horizon: 30}))
	}
}

func TestKindSet(t *testing.T) {
	e := &events{}
	for i := range 256 {
		e.kinds = append(e.kinds, string([]byte{'k', byte(i)}))
	}
	for i := range 256 {
		set := kindsOf(e, []string{e.kinds[i], "unknown"})
		for j := range 256 {
			require.Equal(t, i == j, set.has(uint8(j)))
		}
	}
}

// A purchase, or an end, before the cut-off that arrives after it: nobody knows it at the cut-off, and
// the outcome does.
func TestLabelsKnowWhatArrivedLate(t *testing.T) {
	alive := aliveFunc(func(_ int, tx, at float64) float64 {
		if at-tx > 30 {
			return 0
		}
		return 1
	})
	at := func(day Day, late int, kind string) Event[int] {
		e := Event[int]{Customer: 1, Time: day.Start(time.UTC), Kind: kind}
		e.Arrived = e.Time.AddDate(0, 0, late)
		return e
	}
	for _, c := range []struct {
		name  string
		label Label
		all   []Event[int]
		known string // without the late one
		want  string
	}{
		{"silence", Silence{Days: 30}, []Event[int]{at(80, 0, Purchase), at(99, 5, Purchase)}, "yes", "no"},
		{"own gap", OwnGap{Fallback: 30}, []Event[int]{at(80, 0, Purchase), at(99, 5, Purchase)}, "yes", "no"},
		{"alive", LowAlive{Model: alive, Unit: 1}, []Event[int]{at(80, 0, Purchase), at(99, 5, Purchase)}, "yes", "no"},
		{"no subject", Silence{Days: 30}, []Event[int]{at(60, 0, Purchase), at(99, 5, Purchase)}, "none", "none"},
		{"ended", ContractEnd{Start: "a", End: "b", Renewal: 5}, []Event[int]{at(80, 0, "a"), at(99, 5, "b")}, "no", "early"},
		{"ended, renewed", ContractEnd{Start: "a", End: "b", Renewal: 5}, []Event[int]{at(80, 0, "a"), at(99, 5, "b"), at(104, 0, "a")}, "no", "no"},
	} {
		for _, late := range []bool{true, false} {
			all := slices.Clone(c.all)
			if !late {
				all = slices.Delete(all, 1, 2)
			}
			past, future, _ := newLabelLog(t, all).view().at(0, 100, &Plan{Gap: 3, Horizon: 20})
			require.Equal(t, 1, past.Len())
			require.Equal(t, map[bool]string{true: c.want, false: c.known}[late], askLabel(c.label, past, future), c.name)
		}
	}
}

func TestOutcomeText(t *testing.T) {
	for i, name := range []string{"no", "yes", "too early"} {
		value, back := Outcome(i), Outcome(9)
		require.Equal(t, name, value.String())
		text, err := value.MarshalText()
		require.NoError(t, err)
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, value, back)
	}
	_, err := Outcome(9).MarshalText()
	require.Error(t, err)
}
