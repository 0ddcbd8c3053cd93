package profile

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

func TestLifecycle(t *testing.T) {
	loc := tasteZone(t, "America/New_York")
	a := &aggregation{Computed: &Computed{Of: Lifecycle}, loc: loc}
	s := freshLifecycle(a)
	require.Equal(t, result{}, s.result(askedAt(loc, 0)))
	require.Equal(t, never, s.next(askedAt(loc, 0)))

	first := time.Date(2026, time.February, 20, 23, 59, 0, 0, loc)
	o := on(loc, first.UnixMicro())
	s.add(&o)
	// The stages of a customer with one event, each with the local midnight it ends at.
	at := first
	for _, want := range []struct {
		stage string
		end   time.Time
	}{
		{"new", first.AddDate(0, 0, 30)}, // across the start of summer time
		{"established", first.AddDate(0, 0, 90)},
		{"dormant", first.AddDate(0, 0, 365)},
	} {
		got := s.result(askedAt(loc, at.UnixMicro()))
		require.Equal(t, result{value: customer.TextValue(want.stage), events: 1}, got)
		end := time.Date(want.end.Year(), want.end.Month(), want.end.Day(), 0, 0, 0, 0, loc)
		require.Equal(t, end.UnixMicro(), s.next(askedAt(loc, at.UnixMicro())))
		at = end
	}
	require.Equal(t, customer.TextValue("lost"), s.result(askedAt(loc, at.UnixMicro())).value)
	require.Equal(t, never, s.next(askedAt(loc, at.UnixMicro())))

	back := on(loc, at.UnixMicro())
	s.add(&back)
	require.Equal(t, result{value: customer.TextValue("established"), events: 2}, s.result(askedAt(loc, at.UnixMicro())))
}

// Where events are not kept for ever, a customer who comes back is new.
func TestLifecycleRetention(t *testing.T) {
	a := &aggregation{Computed: &Computed{Of: Lifecycle}, loc: time.UTC, retention: 60}
	s := freshLifecycle(a)
	day := civil.Date(2026, time.March, 1)
	for _, d := range []civil.Day{day, day + 40} {
		o := on(time.UTC, d.Start(time.UTC).UnixMicro())
		s.add(&o)
	}
	stage := func(d civil.Day) customer.Value { return s.result(asOf{d.Start(time.UTC).UnixMicro(), d}).value }
	require.Equal(t, customer.TextValue("established"), stage(day+59))
	require.Equal(t, (day + 60).Start(time.UTC).UnixMicro(), s.next(asOf{day: day + 59}))
	require.Equal(t, customer.TextValue("new"), stage(day+60))
	require.Equal(t, customer.TextValue("established"), stage(day+70))
	require.True(t, stage(day+100).IsUnset())
}

func TestLifecycleContract(t *testing.T) {
	stages := [][]Stage{
		nil,
		{{Name: "fresh", First: 3, Last: 2}, {Name: "active", Last: 5}, {Name: "old", First: 40}},
		{{Name: "a", First: 1}, {Name: "b", Last: 1}, {Name: "c", First: 20, Last: 20}},
		{{Name: "any"}},
	}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		loc := tasteZone(t, tasteZones[r.IntN(len(tasteZones))])
		a := &aggregation{Computed: &Computed{Of: Lifecycle, Stages: stages[r.IntN(len(stages))]}, loc: loc}
		if r.IntN(2) == 0 {
			a.retention = 1 + r.IntN(50)
		}
		around := aroundChanges[r.IntN(len(aroundChanges))]
		var all []occurrence
		for range r.IntN(20) {
			all = append(all, on(loc, someTime(r, loc, around, 1+r.IntN(30))))
		}
		requireState(t, r, a, freshLifecycle, all, func(at asOf, got result) {
			var want result
			first, last := civil.Day(0), civil.Day(0)
			for _, o := range all {
				if a.retention > 0 && at.day-o.day >= civil.Day(a.retention) {
					continue
				}
				if want.events == 0 || o.day < first {
					first = o.day
				}
				if want.events == 0 || o.day > last {
					last = o.day
				}
				want.events++
			}
			stages := a.Stages
			if stages == nil {
				stages = DefaultStages()
			}
			for _, g := range stages {
				if want.events > 0 && (g.First == 0 || int(at.day-first) < g.First) && (g.Last == 0 || int(at.day-last) < g.Last) {
					want.value = customer.TextValue(g.Name)
					break
				}
			}
			require.Equal(t, want, got)
		})
	}
}

func FuzzLifecycle(f *testing.F) {
	kinds := []*aggregation{
		{Computed: &Computed{Of: Lifecycle}, loc: time.UTC},
		{Computed: &Computed{Of: Lifecycle}, loc: time.UTC, retention: 30},
	}
	s := freshLifecycle(kinds[1])
	for _, day := range []civil.Day{-5, 3, 3, 20} {
		s.add(&occurrence{day: day})
	}
	two := freshLifecycle(kinds[0])
	two.add(&occurrence{day: 4})
	fuzzState(f, kinds, freshLifecycle, freshLifecycle(kinds[0]), s, two)
}
