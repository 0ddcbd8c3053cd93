package churn

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The example of the type: after 1 January, 30 days of silence end with 31 January.
func TestSilenceDays(t *testing.T) {
	first := Date(2025, time.January, 1)
	until := Date(2025, time.January, 31)
	l := Silence{Days: 30}
	for _, c := range []struct {
		name         string
		life         []Day
		cutoff       Day
		gap, horizon int
		want         string
	}{
		{"in the horizon", []Day{first}, first + 10, 3, 30, "yes"},
		{"the last of the horizon", []Day{first}, first + 10, 3, int(until-first) - 12, "yes"},
		{"the day after the horizon", []Day{first}, first + 10, 3, int(until-first) - 13, "no"},
		{"the first of the horizon", []Day{first}, until - 3, 3, 7, "yes"},
		{"the last of the gap", []Day{first}, until - 2, 3, 7, "early"},
		{"the cut-off, with a gap", []Day{first}, until, 3, 7, "early"},
		{"the cut-off, without", []Day{first}, until, 0, 1, "yes"},
		{"the day before the cut-off", []Day{first}, until + 1, 3, 7, "none"},
		{"just in time", []Day{first, until}, first + 10, 3, 30, "no"},
		{"just in time, on the cut-off", []Day{first, until}, until, 0, 30, "no"},
		{"just in time, and silent then", []Day{first, until}, until, 0, 31, "yes"},
		{"a day late", []Day{first, until + 1}, first + 10, 3, 30, "yes"},
		{"every 30 days", []Day{first, first + 30, first + 60, first + 90}, first + 10, 0, 81, "no"},
		{"in the gap", []Day{first, until - 1}, until - 2, 3, 7, "no"},
	} {
		past, future := labelView(bought(c.life...), c.cutoff, c.gap, c.horizon)
		require.Equal(t, c.want, askLabel(l, past, future), c.name)
	}
}

func TestSilenceDayByDay(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	seen := map[string]int{}
	for range 5000 {
		life := randomLife(r, Purchase, Purchase, Contact)
		n := 1 + r.IntN(40)
		past, future := labelView(life, 100, r.IntN(8), 1+r.IntN(40))
		days := daysOf(life, Purchase)
		want := "none"
		if len(days) > 0 && days[0] < 100 {
			want = slowSilence(past, future, days, n)
		}
		got := askLabel(Silence{Days: n}, past, future)
		require.Equal(t, want, got, "%v for %d days", life, n)
		seen[got]++
	}
	require.Len(t, seen, 4, "%v", seen)
}

// slowSilence looks for the first day that ends n days without any of the days given.
func slowSilence(past *History, future *Future, days []Day, n int) string {
	return slowGone(past, future, func(day Day) bool {
		return !slices.ContainsFunc(days, func(d Day) bool { return d > day-Day(n) && d <= day })
	})
}

// Bounds of the gaps as numpy.quantile of NumPy 1.24.2 gives them (method "linear", the
// default), rounded up.
func TestOwnGapBound(t *testing.T) {
	for _, c := range []struct {
		gaps []Day
		l    OwnGap
		want int
	}{
		{[]Day{3, 6, 2}, OwnGap{}, 6},                                     // 5.7
		{[]Day{3, 6, 2}, OwnGap{Quantile: 0.5}, 3},                        // 3
		{[]Day{3, 6, 2}, OwnGap{Quantile: 1}, 6},                          // 6
		{[]Day{3, 6, 2}, OwnGap{Quantile: 0.5, Factor: 1.5}, 5},           // 4.5
		{[]Day{3, 6, 2}, OwnGap{Quantile: 0.5, Factor: 0.001}, 1},         // at least 1
		{[]Day{3, 6, 2}, OwnGap{Quantile: 1, Factor: 1e300}, longestDays}, // at most 100 years
		{[]Day{10, 20, 30, 40, 50}, OwnGap{Quantile: 0.8}, 42},            // 42
		{[]Day{7, 7, 7, 7, 8, 30}, OwnGap{Quantile: 0.9}, 19},             // 19
		{[]Day{1, 2, 3, 5, 8, 13, 21, 34}, OwnGap{Quantile: 0.95}, 30},    // 29.45
		{[]Day{10, 10, 10}, OwnGap{Factor: 1.1}, 11},                      // 11.000000000000002
		{[]Day{3, 6}, OwnGap{}, 0},                                        // too few gaps
		{[]Day{3, 6}, OwnGap{Fallback: 60}, 60},                           // too few gaps
		{[]Day{3, 6}, OwnGap{MinGaps: 2}, 6},                              // 5.85
		{[]Day{4}, OwnGap{MinGaps: 1}, 4},                                 // 4
		{[]Day{0, 4, 0, 0}, OwnGap{MinGaps: 1}, 4},                        // the same day is no gap
		{nil, OwnGap{Fallback: 60}, 60},                                   // one purchase
	} {
		days := []Day{10}
		for _, g := range c.gaps {
			days = append(days, days[len(days)-1]+g)
		}
		last := days[len(days)-1]
		past, _ := labelView(bought(days...), last+1, 0, 1)
		n, at := c.l.bound(past)
		require.Equal(t, c.want, n, "%v %+v", c.gaps, c.l)
		require.Equal(t, last, at)
		require.Equal(t, n > 0, c.l.Subject(past))
	}
	past, _ := labelView([]labelEvent{{5, Contact}}, 10, 0, 1)
	require.False(t, OwnGap{Fallback: 60}.Subject(past))
}

// A quantile of a whole percentage is a whole number of hundredths of days, so that the
// bound can be had from integers alone.
func TestOwnGapDayByDay(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	seen := map[string]int{}
	for range 5000 {
		life := randomLife(r, Purchase)
		percent := 1 + r.IntN(100)
		l := OwnGap{Quantile: float64(percent) / 100, MinGaps: 1 + r.IntN(3), Fallback: 20 * r.IntN(2)}
		past, future := labelView(life, 100, r.IntN(8), 1+r.IntN(40))
		days := daysOf(life, Purchase)
		var gaps []int
		for i := 1; i < len(days) && days[i] < 100; i++ {
			gaps = append(gaps, int(days[i]-days[i-1]))
		}
		n := l.Fallback
		if len(gaps) >= l.MinGaps {
			slices.Sort(gaps)
			at := percent * (len(gaps) - 1)
			low, part := at/100, at%100
			n = gaps[low] * 100
			if part > 0 {
				n += part * (gaps[low+1] - gaps[low])
			}
			n = (n + 99) / 100
		}
		want := "none"
		if len(days) > 0 && days[0] < 100 && n > 0 {
			want = slowSilence(past, future, days, n)
		}
		got := askLabel(l, past, future)
		require.Equal(t, want, got, "%v %+v", life, l)
		seen[got]++
	}
	require.Len(t, seen, 4, "%v", seen)
}
