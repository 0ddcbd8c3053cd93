package civil_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/civil/civiltest"
)

func TestCalendarIsDayOf(t *testing.T) {
	for _, zone := range zones {
		loc := load(t, zone)
		calendar := civil.NewCalendar(loc)
		var times []int64
		walk(loc, func(at time.Time) {
			times = append(times, at.Unix())
			if got, want := calendar.Day(at.Unix()), civil.DayOf(at, loc); got != want {
				t.Fatalf("%s: Calendar.Day(%d) = %s, want %s", zone, at.Unix(), got, want)
			}
		})
		rng := rand.New(rand.NewPCG(5, 6))
		rng.Shuffle(len(times), func(i, j int) { times[i], times[j] = times[j], times[i] })
		for _, unix := range times {
			if got, want := calendar.Day(unix), civil.DayOf(time.Unix(unix, 0), loc); got != want {
				t.Fatalf("%s: Calendar.Day(%d) = %s, want %s", zone, unix, got, want)
			}
		}
	}
}

func TestCalendarCopyIsIndependent(t *testing.T) {
	loc := load(t, "Europe/Berlin")
	a := civil.NewCalendar(loc)
	a.Day(0)
	b := a
	for unix := int64(0); unix < 2_000_000_000; unix += 1_000_000 {
		want := civil.DayOf(time.Unix(unix, 0), loc)
		require.Equal(t, want, b.Day(unix))
		require.Equal(t, civil.DayOf(time.Unix(0, 0), loc), a.Day(0))
	}
}

func FuzzCalendar(f *testing.F) {
	for i, c := range civiltest.Cases() {
		f.Add(c.At.Unix(), c.AsOf.Unix(), uint8(i))
	}
	f.Add(int64(math.MinInt64), int64(math.MaxInt64), uint8(0))
	f.Add(int64(math.MinInt32*86400), int64(math.MaxInt32*86400), uint8(1))
	f.Fuzz(func(t *testing.T, a, b int64, zone uint8) {
		loc := load(t, zones[int(zone)%len(zones)])
		calendar := civil.NewCalendar(loc)
		for _, unix := range []int64{a, b, a, a - 86400, b + 86400} {
			require.Equal(t, civil.DayOf(time.Unix(unix, 0), loc), calendar.Day(unix))
		}
		early, late := min(a, b), max(a, b)
		require.LessOrEqual(t, calendar.Day(early), calendar.Day(late))
	})
}

func BenchmarkCalendarDay(b *testing.B) {
	const n = 1 << 16
	rng := rand.New(rand.NewPCG(7, 8))
	between := func(from, to time.Time) []int64 {
		times := make([]int64, n)
		for i := range times {
			times[i] = from.Unix() + rng.Int64N(to.Unix()-from.Unix())
		}
		return times
	}
	date := func(year int, month time.Month) time.Time {
		return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	}
	sorted := between(date(2022, 1), date(2025, 1))
	slices.Sort(sorted)
	for _, bc := range []struct {
		name, zone string
		times      []int64
	}{
		{"sorted, 3 years", "Europe/Berlin", sorted},
		{"random, one offset", "Asia/Shanghai", between(date(2022, 1), date(2025, 1))},
		{"random, 3 years of summer time", "Europe/Berlin", between(date(2022, 1), date(2025, 1))},
		{"random, 30 years of summer time", "Europe/Berlin", between(date(1995, 1), date(2025, 1))},
	} {
		loc := load(b, bc.zone)
		b.Run(bc.name, func(b *testing.B) {
			calendar := civil.NewCalendar(loc)
			var sum civil.Day
			for b.Loop() {
				for _, unix := range bc.times {
					sum += calendar.Day(unix)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/time")
			_ = sum
		})
	}
	b.Run("DayOf", func(b *testing.B) {
		loc := load(b, "Europe/Berlin")
		var sum civil.Day
		for b.Loop() {
			for _, unix := range sorted {
				sum += civil.DayOf(time.Unix(unix, 0), loc)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/time")
		_ = sum
	})
}
