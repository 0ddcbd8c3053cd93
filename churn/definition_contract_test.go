package churn

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The rule of KKBox: what expires in the 30 days from 103 on, with 30 days to renew.
func TestContractEnd(t *testing.T) {
	l := ContractEnd{Start: "sub", End: "exp", Renewal: 30}
	for _, c := range []struct {
		name string
		life []labelEvent
		want string
	}{
		{"runs on", []labelEvent{{90, "sub"}}, "no"},
		{"never had one", []labelEvent{{90, Purchase}}, "none"},
		{"ended before", []labelEvent{{80, "sub"}, {99, "exp"}}, "none"},
		{"runs again", []labelEvent{{80, "sub"}, {90, "exp"}, {90, "sub"}, {91, Purchase}}, "no"},
		{"ends in the gap", []labelEvent{{90, "sub"}, {102, "exp"}}, "early"},
		{"ends in the gap, renewed", []labelEvent{{90, "sub"}, {102, "exp"}, {132, "sub"}}, "no"},
		{"ends in the gap, renewed late", []labelEvent{{90, "sub"}, {102, "exp"}, {133, "sub"}}, "early"},
		{"ends on the first day", []labelEvent{{90, "sub"}, {103, "exp"}}, "yes"},
		{"ends, renewed on the day", []labelEvent{{90, "sub"}, {103, "exp"}, {103, "sub"}}, "no"},
		{"ends, renewed on the last day", []labelEvent{{90, "sub"}, {103, "exp"}, {133, "sub"}}, "no"},
		{"ends, renewed a day late", []labelEvent{{90, "sub"}, {103, "exp"}, {134, "sub"}}, "yes"},
		{"ends on the last day", []labelEvent{{90, "sub"}, {132, "exp"}}, "yes"},
		{"ends later", []labelEvent{{90, "sub"}, {133, "exp"}}, "no"},
		{"ends twice", []labelEvent{{90, "sub"}, {110, "exp"}, {111, "sub"}, {120, "exp"}}, "yes"},
		{"ends twice without a start", []labelEvent{{90, "sub"}, {101, "exp"}, {120, "exp"}, {132, "sub"}}, "early"},
		{"ends before it starts again", []labelEvent{{90, "sub"}, {100, "sub"}, {104, "exp"}}, "yes"},
	} {
		past, future := labelView(c.life, 100, 3, 60)
		require.Equal(t, c.want, askLabel(l, past, future), c.name)
	}
}

func TestContractEndAgainstAllEnds(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	seen := map[string]int{}
	for range 5000 {
		life := randomLife(r, "sub", "exp", Purchase)
		renewal := r.IntN(20)
		past, future := labelView(life, 100, r.IntN(8), renewal+1+r.IntN(40))
		got := askLabel(ContractEnd{Start: "sub", End: "exp", Renewal: renewal}, past, future)
		require.Equal(t, slowContract(endsFirst(life), future, Day(renewal)), got, "%v %d", life, renewal)
		seen[got]++
	}
	require.Len(t, seen, 4, "%v", seen)
}

// endsFirst has at the same time what ends before what starts.
func endsFirst(life []labelEvent) []labelEvent {
	return slices.SortedStableFunc(slices.Values(life), func(a, b labelEvent) int {
		return cmp.Or(cmp.Compare(a.day, b.day), strings.Compare(a.kind, b.kind)) // exp before sub
	})
}

// Of an end and a start at one second the end is the first, whatever they are called, also where
// dates have no time of day.
func TestContractEndAtOneSecond(t *testing.T) {
	for _, c := range [][2]string{{"start", "end"}, {"activation", "expiry"}} {
		var all []Event[int]
		for day := Day(10); day <= 130; day += 30 { // 10, 40, 70, 100, 130
			all = append(all, Event[int]{Customer: 1, Time: day.Start(time.UTC), Kind: c[0]})
			if day > 10 {
				all = append(all, Event[int]{Customer: 1, Time: day.Start(time.UTC), Kind: c[1]})
			}
		}
		l := ContractEnd{Start: c[0], End: c[1], Renewal: 5}
		view := newLabelLog(t, all).view()
		for _, cutoff := range []Day{71, 100, 101} {
			past, future, _ := view.at(0, cutoff, &Plan{Gap: NoGap, Horizon: 40})
			require.Equal(t, "no", askLabel(l, past, future), "%v %v", c, cutoff)
		}
	}
}

// Ends and starts of several kinds of names at few seconds, in part told late.
func TestContractEndThroughLog(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 11))
	seen := map[string]int{}
	for range 1500 {
		names := [][2]string{{"sub", "exp"}, {"b", "c"}}[r.IntN(2)]
		all := lateEvents(r, names[0], names[1], Purchase)
		gap, renewal := r.IntN(8), r.IntN(20)
		horizon := renewal + 1 + r.IntN(40)
		past, future, _ := newLabelLog(t, all).view().at(0, 100, &Plan{Gap: cmp.Or(gap, NoGap), Horizon: horizon})
		got := askLabel(ContractEnd{Start: names[0], End: names[1], Renewal: renewal}, past, future)
		slices.SortStableFunc(all, func(a, b Event[int]) int {
			rank := func(e Event[int]) int { return slices.Index([]string{names[1], names[0], Purchase}, e.Kind) }
			return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(rank(a), rank(b)))
		})
		running, lost, end := false, Day(-1), Day(0) // of what is known; of the truth, the first loss
		for _, e := range all {
			if day := DayOf(e.Time, time.UTC); day < 100 && e.Arrived.Before(Day(100).Start(time.UTC)) && e.Kind != Purchase {
				running = e.Kind == names[0]
			}
		}
		known, runs := running, false
		for i, e := range all {
			day := DayOf(e.Time, time.UTC)
			switch {
			case e.Kind == names[0]:
				runs = true
			case e.Kind == names[1] && runs:
				runs, end = false, day
				if end+Day(renewal) >= future.end || lost >= 0 {
					continue
				}
				renewed, over := false, false // over: lost before the cut-off and begun anew there
				for _, later := range all[i+1:] {
					if on := DayOf(later.Time, time.UTC); later.Kind == names[0] {
						renewed = renewed || on <= end+Day(renewal)
						over = over || on < 100
					}
				}
				if !renewed && !over {
					lost = end
				}
			}
		}
		want := "no"
		switch {
		case !known:
			want = "none"
		case lost >= 0 && lost < future.start:
			want = "early"
		case lost >= 0:
			want = "yes"
		}
		require.Equal(t, want, got, "%v gap %d renewal %d horizon %d", all, gap, renewal, horizon)
		seen[got]++
	}
	require.Len(t, seen, 4, "%v", seen)
}

// slowContract looks at each end after the cut-off, at what came before it and after it.
func slowContract(life []labelEvent, future *Future, renewal Day) string {
	before := func(i int) string {
		for i--; i >= 0; i-- {
			if life[i].kind != Purchase {
				return life[i].kind
			}
		}
		return ""
	}
	cut := len(life)
	for i := len(life) - 1; i >= 0 && life[i].day >= 100; i-- {
		cut = i
	}
	if before(cut) != "sub" {
		return "none"
	}
	for i := cut; i < len(life); i++ {
		e := life[i]
		if e.kind != "exp" || before(i) != "sub" || e.day+renewal >= future.end {
			continue
		}
		renewed := false
		for _, later := range life[i+1:] {
			renewed = renewed || later.kind == "sub" && later.day <= e.day+renewal
		}
		if !renewed && e.day < future.start {
			return "early"
		} else if !renewed {
			return "yes"
		}
	}
	return "no"
}
