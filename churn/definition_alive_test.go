package churn

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/synth"
)

type aliveFunc func(x int, tx, t float64) float64

func (f aliveFunc) Alive(x int, tx, t float64) float64 { return f(x, tx, t) }

func TestLowAliveDays(t *testing.T) {
	// Alive until more than 10 days of silence, in days.
	short := LowAlive{Unit: 1, Model: aliveFunc(func(_ int, tx, t float64) float64 {
		if t-tx > 10 {
			return 0
		}
		return 0.5
	})}
	for _, c := range []struct {
		name string
		life []Day
		want string
	}{
		{"nobody", nil, "none"},
		{"gone the day before", []Day{88}, "none"},
		{"gone on the cut-off", []Day{89}, "early"},
		{"gone on the last day of the gap", []Day{91}, "early"},
		{"gone on the first day", []Day{92}, "yes"},
		{"gone on the last day", []Day{98}, "yes"},
		{"gone the day after", []Day{99}, "no"},
		{"just in time", []Day{92, 103}, "no"},
		{"a day late", []Day{92, 104}, "yes"},
		{"on the cut-off", []Day{89, 100}, "no"},
	} {
		past, future := labelView(bought(c.life...), 100, 3, 7)
		require.Equal(t, c.want, askLabel(short, past, future), c.name)
	}

	past, future := labelView(bought(97, 104), 100, 3, 7)
	never := LowAlive{Model: aliveFunc(func(int, float64, float64) float64 { return math.NaN() })}
	require.Equal(t, "no", askLabel(never, past, future), "NaN is not below")
	always := LowAlive{Model: aliveFunc(func(int, float64, float64) float64 { return 0 })}
	require.Equal(t, "none", askLabel(always, past, future))
	past, future = labelView(bought(99), 100, 0, 7)
	require.Equal(t, "yes", askLabel(always, past, future), "not gone on the day of a purchase, the next one is 100")
}

// Who has left in truth before the cut-off, by events that arrived after it, has left too early,
// whatever comes then.
func TestLowAliveThroughLog(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 12))
	l := LowAlive{Unit: 1, Model: aliveFunc(func(x int, tx, t float64) float64 {
		if x > 0 && t-tx > 2*tx/float64(x) {
			return 0
		}
		return 1
	})}
	seen := map[string]int{}
	left := 0
	for range 3000 {
		all := lateEvents(r, Purchase, Contact)
		gap := r.IntN(3)
		past, future, _ := newLabelLog(t, all).view().at(0, 100, &Plan{Gap: cmp.Or(gap, NoGap), Horizon: 1 + r.IntN(40)})
		var truth, known []Day
		for _, e := range all {
			if e.Kind == Purchase {
				day := DayOf(e.Time, time.UTC)
				truth = append(truth, day)
				if day < 100 && e.Arrived.Before(Day(100).Start(time.UTC)) {
					known = append(known, day)
				}
			}
		}
		gone := func(days []Day, day Day) bool {
			days = slices.Compact(slices.DeleteFunc(slices.Sorted(slices.Values(days)), func(d Day) bool { return d > day }))
			first, last := days[0], days[len(days)-1]
			return l.Model.Alive(len(days)-1, float64(last-first), float64(day-first)) < 0.5 && day > last
		}
		want := "none"
		if len(known) > 0 && !gone(known, 99) {
			want = slowGone(past, future, func(day Day) bool { return gone(truth, day) })
			if want == "none" {
				want = "early"
				left++
			}
		}
		got := askLabel(l, past, future)
		require.Equal(t, want, got, "%v", all)
		seen[got]++
	}
	require.Len(t, seen, 4, "%v", seen)
	require.NotZero(t, left)
}

func TestLowAliveHandsOver(t *testing.T) {
	// Two purchases on day 20 are one; contacts are none.
	life := []labelEvent{{10, Contact}, {20, Purchase}, {20, Purchase}, {27, Purchase}, {48, Purchase}, {50, Contact}}
	past, _ := labelView(life, 63, 0, 7)
	var x int
	var tx, at float64
	l := LowAlive{Model: aliveFunc(func(n int, last, now float64) float64 {
		x, tx, at = n, last, now
		return 1
	})}
	require.True(t, l.Subject(past))
	require.Equal(t, []float64{2, 4, 6}, []float64{float64(x), tx, at}, "in weeks, at the end of day 62")
}

// The model of the generator is one of those that fit, and falls with silence, so that
// bisection finds what a walk day by day does.
func TestLowAliveDayByDay(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	seen := map[string]int{}
	for range 2000 {
		life := randomLife(r, Purchase)
		l := LowAlive{
			Model: synth.ParetoNBD{R: 0.55, Alpha: 10.58, S: 0.61, Beta: 11.67},
			Unit:  []float64{0, 0.5, 1}[r.IntN(3)],
			Below: 0.3 + 0.6*r.Float64(),
		}
		unit := l.Unit
		if unit == 0 {
			unit = 7
		}
		past, future := labelView(life, 100, r.IntN(8), 1+r.IntN(40))
		days := daysOf(life, Purchase)
		want := "none"
		if len(days) > 0 && days[0] < 100 {
			want = slowGone(past, future, func(day Day) bool {
				x, last := -1, Day(0)
				for _, d := range days {
					if d <= day {
						x, last = x+1, d
					}
				}
				p := l.Model.Alive(x, float64(last-days[0])/unit, float64(day-days[0])/unit)
				return day > last && p < l.Below
			})
		}
		got := askLabel(l, past, future)
		require.Equal(t, want, got, "%v %+v", life, l)
		seen[got]++
	}
	require.Len(t, seen, 4, "%v", seen)
}
