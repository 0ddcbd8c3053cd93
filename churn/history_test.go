package churn

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/civil"
)

// handHistory is of a customer seen on March 11 2024, ten days back.
func handHistory(t *testing.T, window int) *History {
	t.Helper()
	event := func(day, hour int, kind string, amount int64) Event[string] {
		return Event[string]{Customer: "a", Time: at(day, hour), Kind: kind, Amount: amount, Channel: "web"}
	}
	l, err := NewLog(t.Context(), slices.Values([]Event[string]{
		event(1, 0, Purchase, 1),
		event(4, 9, Purchase, 10),
		event(4, 10, Refund, 5),
		event(4, 11, "", 100),
		event(8, 0, Contact, 0),
		event(10, 23, Purchase, 1000),
		event(11, 0, Purchase, 10000),
	}), marchOptions[string]())
	require.NoError(t, err)
	h, unknown := l.view().past(0, Date(2024, 3, 11), window)
	require.Zero(t, unknown)
	return h
}

func TestHistory(t *testing.T) {
	day := func(d int) Day { return Date(2024, time.March, d) }
	h := handHistory(t, 7)
	require.Equal(t, day(11), h.Cutoff())
	require.Equal(t, day(4), h.Since())
	require.Equal(t, 5, h.Len())
	require.Equal(t, []Day{day(4), day(10)}, h.Days())
	require.Equal(t, []Day{day(4), day(8)}, h.Days(Refund, Contact, "never seen"))
	require.Equal(t, []Day{day(4), day(8), day(10)}, h.Days(Purchase, Refund, Contact))
	require.Empty(t, h.Days("never seen"))

	last, ok := h.Last(Purchase)
	require.True(t, ok)
	require.Equal(t, h.At(4), last)
	last, ok = h.Last(Refund)
	require.True(t, ok)
	require.Equal(t, Record{Time: at(4, 10), Day: day(4), Arrived: at(4, 10), Kind: Refund, Amount: 5, Channel: "web"}, last)
	_, ok = h.Last("never seen")
	require.False(t, ok)

	seen := 0
	for r := range h.All() {
		require.Equal(t, h.At(seen), r)
		if seen++; seen == 3 {
			break
		}
	}
	require.Equal(t, 3, seen)

	for name, c := range map[string]struct {
		window int
		kind   string
		days   int
		count  int
		sum    int64
	}{
		"all in the window":      {7, Purchase, 0, 3, 1110},
		"empty is a purchase":    {7, "", 0, 3, 1110},
		"yesterday":              {7, Purchase, 1, 1, 1000},
		"the day before missing": {7, Purchase, 6, 1, 1000},
		"to the edge":            {7, Purchase, 7, 3, 1110},
		"beyond the window":      {7, Purchase, 8, 3, 1110},
		"without a window":       {0, Purchase, 0, 4, 1111},
		"beyond the log":         {0, Purchase, 1 << 62, 4, 1111},
		"wider than the log":     {1000, Purchase, 10, 4, 1111},
		"a day less":             {1000, Purchase, 9, 3, 1110},
		"refunds":                {7, Refund, 7, 1, 5},
		"unseen":                 {7, "never seen", 7, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := handHistory(t, c.window)
			require.Equal(t, c.count, h.Count(c.kind, c.days))
			require.Equal(t, c.sum, h.Sum(c.kind, c.days))
		})
	}
}

func TestHistorySince(t *testing.T) {
	for name, c := range map[string]struct {
		window int
		want   Day
	}{
		"none": {0, 100}, "within": {30, 120}, "to the begin": {50, 100}, "over it": {51, 100}, "a day within": {49, 101},
		"of all time": {maxLength, 100},
	} {
		t.Run(name, func(t *testing.T) {
			h := &History{cutoff: 150, since: 100, window: c.window}
			require.Equal(t, c.want, h.Since())
		})
	}
}

// What Days returns shows nothing of other customers and other cut-offs, also not behind its end.
func TestDaysHaveNoRoom(t *testing.T) {
	e := events{kinds: []string{Contact, Purchase}}
	for day := range 60 {
		e.day = append(e.day, civil.Day(day+100))
		e.kind = append(e.kind, uint8(day%2))
	}
	h, f := &History{events: e}, &Future{events: e}
	for name, days := range map[string]func(...string) []Day{"history": h.Days, "future": f.Days} {
		t.Run(name, func(t *testing.T) {
			require.Len(t, days(Contact, Purchase), 60)
			few := days()
			require.Len(t, few, 30)
			require.Equal(t, 30, cap(few))
			few[0] = 7
			require.Equal(t, Day(101), days()[0])
			require.Empty(t, days("never seen"))
		})
	}
	require.False(t, slices.ContainsFunc(h.days[:cap(h.days)], func(d Day) bool { return d != 0 }))
}
