package churn

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestViewEqualsSlowSplit(t *testing.T) {
	for z, loc := range logZones(t) {
		t.Run(loc.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(z), 2))
			var delayed, future int
			for range 5 {
				all, o := randomEvents(r, 300, loc), randomOptions(loc)
				records, _ := slowLog(all, o)
				l, err := NewLog(t.Context(), slices.Values(all), o)
				require.NoError(t, err)
				v := l.view()
				for range 100 {
					c := r.IntN(len(l.customers))
					cutoff := l.since + Day(r.IntN(int(l.until-l.since)+1))
					p := &Plan{Window: max(0, r.IntN(60)-10), Gap: r.IntN(9) - 1, Horizon: 1 + r.IntN(30)}
					past, ahead, unknown := v.at(c, cutoff, p)
					wantPast, wantAhead, wantUnknown := slowSplit(records[l.customers[c]], cutoff, p.Window, p.gap()+p.Horizon, loc)
					require.Equal(t, wantUnknown, unknown)
					require.Equal(t, wantPast, slices.Collect(past.All()))
					require.Equal(t, wantAhead, slices.Collect(ahead.All()))
					require.Equal(t, []int{len(wantPast), len(wantAhead)}, []int{past.Len(), ahead.Len()})
					require.Equal(t, cutoff, past.Cutoff())
					require.Equal(t, cutoff+Day(p.gap()), ahead.Since())
					require.Equal(t, ahead.Since()+Day(p.Horizon), ahead.Until())
					require.Equal(t, slowDays(wantPast, Purchase), past.Days())
					require.Equal(t, slowDays(wantAhead, Refund, "visit", "none"), ahead.Days(Refund, "visit", "none"))
					delayed, future = delayed+unknown, future+ahead.Len()
				}
			}
			require.Positive(t, delayed)
			require.Positive(t, future)
		})
	}
}

func slowDays(records []Record, kinds ...string) []Day {
	days := []Day{}
	for _, r := range records {
		if slices.Contains(kinds, r.Kind) {
			days = append(days, r.Day)
		}
	}
	return slices.Compact(days)
}

func TestViewPanicsBeyondTheLog(t *testing.T) {
	l, err := NewLogColumns(t.Context(), marchEvents(2), marchOptions[string]())
	require.NoError(t, err)
	require.Panics(t, func() { l.view().past(0, l.since-1, 0) })
	require.Panics(t, func() { l.view().past(0, l.until+1, 0) })
	require.Panics(t, func() { l.view().past(1, l.until, 0) })
}

func TestViewDoesNotAllocate(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	l, err := NewLog(t.Context(), slices.Values(randomEvents(r, 1000, time.UTC)), randomOptions(time.UTC))
	require.NoError(t, err)
	v, plan, kinds := l.view(), &Plan{Window: 50, Gap: 3, Horizon: 20}, []string{Purchase, Refund}
	visit := func() {
		for c := range l.customers {
			for d := l.since; d <= l.until; d += 7 {
				past, future, _ := v.at(c, d, plan)
				past.Days(kinds...)
				future.Days(kinds...)
				past.Count(Purchase, 30)
				past.Sum(Purchase, 30)
				past.Last(Purchase)
			}
		}
	}
	visit()
	require.Zero(t, testing.AllocsPerRun(2, visit))
}

// shown is all that the exported methods of a History tell. A method that is not named here
// fails TestHistoryCannotSeeTheFuture.
func shown(h *History, kinds []string) map[string]any {
	seen := map[string]any{
		"Len": h.Len(), "Cutoff": h.Cutoff(), "Since": h.Since(), "All": slices.Collect(h.All()),
		"Days": slices.Clone(h.Days()), "Count": h.Count("", 0), "Sum": h.Sum("", 0), "Last": nil,
	}
	at := []Record{}
	for i := range h.Len() {
		at = append(at, h.At(i))
	}
	seen["At"] = at
	for _, k := range kinds {
		last, ok := h.Last(k)
		seen["Last "+k] = []any{last, ok}
		seen["Days "+k] = slices.Clone(h.Days(k))
		for _, days := range []int{-1, 0, 1, 7, 30, 1000} {
			seen[fmt.Sprint("Count ", k, days)] = h.Count(k, days)
			seen[fmt.Sprint("Sum ", k, days)] = h.Sum(k, days)
		}
	}
	seen["Days of all"] = slices.Clone(h.Days(kinds...))
	return seen
}

// TestHistoryCannotSeeTheFuture deletes all that happened or arrived at or after the cut-off, and
// replaces it by noise: other events, customers, kinds, channels and categories. Nothing that a
// history tells may change.
func TestHistoryCannotSeeTheFuture(t *testing.T) {
	kinds := []string{Purchase, Refund, Contact, "visit", "aaa noise", "zzz noise", ""}
	for z, loc := range logZones(t) {
		t.Run(loc.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(z), 3))
			hidden := 0
			for range 8 {
				o := randomOptions(loc)
				all := randomEvents(r, 400, loc)
				truth, err := NewLog(t.Context(), slices.Values(all), o)
				require.NoError(t, err)
				cutoff := truth.since + Day(r.IntN(int(truth.until-truth.since)+1))
				start, window := cutoff.Start(loc), r.IntN(50)

				var before, noisy []Event[int]
				for _, e := range all {
					if e.Time.Before(start) && e.Arrived.Before(start) {
						before = append(before, e)
						noisy = append(noisy, e)
						continue
					}
					hidden++
					e.Customer += r.IntN(3) - 1
					e.Amount += r.Int64N(1000)
					e.Kind = []string{Purchase, "aaa noise", "zzz noise"}[r.IntN(3)]
					e.Channel, e.Category = "aaa"+e.Channel, e.Category+"noise"
					switch {
					case r.IntN(2) == 0: // happens later
						e.Time = start.Add(time.Duration(r.IntN(1e6)) * time.Second)
						e.Arrived = e.Time.Add(time.Duration(r.IntN(1e6)-5e5) * time.Second)
					default: // arrives later, at the earliest with the cut-off
						e.Time = start.Add(-time.Duration(r.IntN(1e7)) * time.Second)
						e.Arrived = start.Add(time.Duration(r.IntN(2)*r.IntN(1e6)) * time.Second)
					}
					noisy = append(noisy, e)
				}
				histories := func(all []Event[int]) map[int]map[string]any {
					l, err := NewLog(t.Context(), slices.Values(all), o)
					require.NoError(t, err)
					seen, v := map[int]map[string]any{}, l.view()
					for c, id := range l.customers {
						if past, _ := v.past(c, cutoff, window); past.Len() > 0 {
							seen[id] = shown(past, kinds)
						}
						past, future, _ := v.at(c, cutoff, &Plan{Window: window, Gap: NoGap, Horizon: 30})
						if past.Len() > 0 {
							future.Days()
							require.Equal(t, seen[id], shown(past, kinds))
						}
					}
					return seen
				}
				want := histories(all)
				require.Equal(t, want, histories(before))
				require.Equal(t, want, histories(noisy))
			}
			require.Greater(t, hidden, 100)
		})
	}

	methods := []string{}
	for m := range reflect.TypeFor[*History]().Methods() {
		methods = append(methods, m.Name)
	}
	told := shown(&History{}, nil)
	for _, m := range methods {
		require.Contains(t, told, m, "a method of History that this test does not call")
	}
}

// TestHistoryHasNoRoomToGrow looks at the slices that a history holds: what lies behind them is the
// future.
func TestHistoryHasNoRoomToGrow(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	l, err := NewLog(t.Context(), slices.Values(randomEvents(r, 500, time.UTC)), randomOptions(time.UTC))
	require.NoError(t, err)
	v := l.view()
	for c := range l.customers {
		for d := l.since; d <= l.until; d += 11 {
			past, future, _ := v.at(c, d, &Plan{Window: 40, Gap: 2, Horizon: 10})
			for _, e := range []*events{&past.events, &future.events} {
				columns := reflect.ValueOf(e).Elem()
				for i := range columns.NumField() {
					if column := columns.Field(i); column.Type().Elem().Kind() != reflect.String {
						require.Equal(t, column.Len(), column.Cap(), columns.Type().Field(i).Name)
					}
				}
			}
			require.Panics(t, func() { past.At(past.Len()) })
			require.Panics(t, func() { past.At(-1) })
			require.Panics(t, func() { future.At(future.Len()) })
			clear(past.Days())
			days := append(past.Days(), 1, 2, 3)
			require.Equal(t, slowDays(slices.Collect(past.All()), Purchase), past.Days())
			_ = days
		}
	}
}
