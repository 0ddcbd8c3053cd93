package civil_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/civil/civiltest"
)

// nextMidnight is the first instant after t that belongs to a later day.
func nextMidnight(t time.Time, loc *time.Location) time.Time {
	return civil.Day(min(int64(civil.DayOf(t, loc))+1, math.MaxInt32)).Start(loc)
}

// zones have a long history of unusual transitions, or none.
var zones = []string{
	"UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Europe/Dublin",
	"America/Sao_Paulo", "America/Havana", "America/St_Johns", "America/Godthab",
	"Asia/Beirut", "Asia/Manila", "Africa/Cairo", "Africa/Casablanca",
	"America/Juneau", "America/Toronto", "Antarctica/Troll", "Australia/Lord_Howe",
	"Pacific/Apia", "Pacific/Kiritimati", "Pacific/Kwajalein", "Pacific/Pago_Pago",
}

func load(t testing.TB, zone string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	require.NoError(t, err)
	return loc
}

func TestCases(t *testing.T) {
	for _, c := range civiltest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			day := civil.DayOf(c.At, c.Location)
			require.Equal(t, c.Day, day.String())
			require.Equal(t, c.Start, day.Start(c.Location).UTC())
			require.Equal(t, c.Next, nextMidnight(c.At, c.Location).UTC())
			require.Equal(t, c.Age, int(civil.DayOf(c.AsOf, c.Location)-day))
			calendar := civil.NewCalendar(c.Location)
			require.Equal(t, day, calendar.Day(c.At.Unix()))
			for _, n := range []int{1, c.Age - 1, c.Age, c.Age + 1, c.Age + 2} {
				from, to := civil.Window(c.AsOf, n, c.Location)
				in := !c.At.Before(from) && c.At.Before(to)
				require.Equal(t, 0 <= c.Age && c.Age < n, in, "window of %d days", n)
			}
		})
	}
}

// walk calls check for times around every transition of loc since 1800, and for
// random ones, in order of time within each group.
func walk(loc *time.Location, check func(time.Time)) {
	t := time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC)
	for t.Year() < 2060 {
		_, end := t.In(loc).ZoneBounds()
		if end.IsZero() {
			break
		}
		if !end.After(t) { // golang.org/issue/81583
			end = t.Add(24 * time.Hour)
		}
		for s := -50 * time.Hour; s <= 50*time.Hour; s += 431 * time.Minute {
			check(end.Add(s))
		}
		for s := range 5 {
			check(end.Add(time.Duration(s-2) * time.Second))
		}
		t = end
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		check(time.Unix(rng.Int64N(20_000_000_000)-10_000_000_000, rng.Int64N(1e9)))
	}
}

// slowDay is the definition: the latest date that a clock in loc has shown up to t.
// Clocks are never set back by more than a day and a half.
func slowDay(t time.Time, loc *time.Location) civil.Day {
	shown := func(t time.Time) civil.Day { return civil.Date(t.In(loc).Date()) }
	day := shown(t)
	start, _ := t.In(loc).ZoneBounds()
	for !start.IsZero() && t.Sub(start) < 36*time.Hour {
		last := start.Add(-time.Nanosecond)
		day = max(day, shown(last))
		start, _ = last.In(loc).ZoneBounds()
	}
	return day
}

func TestDayOfIsDateOnTheClock(t *testing.T) {
	differ := 0
	for _, zone := range zones {
		loc := load(t, zone)
		walk(loc, func(at time.Time) {
			day := civil.DayOf(at, loc)
			if day != slowDay(at, loc) {
				t.Fatalf("%s: DayOf(%s) = %s, want %s", zone, at.In(loc), day, slowDay(at, loc))
			}
			if day != civil.Date(at.In(loc).Date()) {
				differ++
			}
		})
	}
	require.Positive(t, differ, "no zone sets clocks back across midnight")
}

func TestDaysAreIntervals(t *testing.T) {
	for _, zone := range zones {
		loc := load(t, zone)
		walk(loc, func(at time.Time) {
			day := civil.DayOf(at, loc)
			start, next := day.Start(loc), nextMidnight(at, loc)
			switch {
			case at.Before(start) || !at.Before(next):
				t.Fatalf("%s: %s is not in its day from %s to %s", zone, at.In(loc), start, next)
			case civil.DayOf(start, loc) != day:
				t.Fatalf("%s: %s is not in %s, which it starts", zone, start, day)
			case civil.DayOf(start.Add(-1), loc) >= day:
				t.Fatalf("%s: %s begins before %s", zone, day, start)
			case civil.DayOf(next, loc) <= day || civil.DayOf(next.Add(-1), loc) != day:
				t.Fatalf("%s: %s does not end at %s", zone, day, next)
			}
		})
	}
}

func TestWindowIsAgeInDays(t *testing.T) {
	for _, zone := range zones {
		loc := load(t, zone)
		rng := rand.New(rand.NewPCG(3, 4))
		walk(loc, func(asOf time.Time) {
			n := rng.IntN(5)
			at := asOf.Add(time.Duration(rng.Int64N(int64(200*time.Hour))) - 150*time.Hour)
			age := int(civil.DayOf(asOf, loc) - civil.DayOf(at, loc))
			from, to := civil.Window(asOf, n, loc)
			in := !at.Before(from) && at.Before(to)
			if in != (0 <= age && age < n) {
				t.Fatalf("%s: %s of age %d in window of %d days of %s: %t", zone, at, age, n, asOf, in)
			}
			if n > 0 && age >= 0 {
				leaves := (civil.DayOf(at, loc) + civil.Day(n)).Start(loc)
				if in != asOf.Before(leaves) {
					t.Fatalf("%s: %s should leave at %s", zone, at, leaves)
				}
			}
		})
	}
}

func TestDate(t *testing.T) {
	require.Equal(t, civil.Day(0), civil.Date(1970, 1, 1))
	require.Equal(t, civil.Day(-1), civil.Date(1969, 12, 31))
	require.Equal(t, civil.Date(2025, 11, 1), civil.Date(2025, 10, 32))
	require.Equal(t, civil.Date(2024, 2, 29), civil.Date(2024, 3, 0))
	require.Equal(t, "-0001-12-31", civil.Date(-1, 12, 31).String())
	for day := civil.Day(-800_000); day < 800_000; day += 97 {
		require.Equal(t, day, civil.Date(day.Date()))
	}
	for _, day := range []civil.Day{math.MinInt32, math.MaxInt32} {
		require.Equal(t, day, civil.Date(day.Date()))
	}
	require.Equal(t, civil.Day(math.MaxInt32), civil.Date(math.MaxInt, 1, 1))
	require.Equal(t, civil.Day(math.MinInt32), civil.Date(math.MinInt, 1, 1))
}

func TestEndsOfTheSpan(t *testing.T) {
	for _, zone := range zones {
		loc := load(t, zone)
		calendar := civil.NewCalendar(loc)
		for _, day := range []civil.Day{math.MinInt32 + 2, math.MaxInt32 - 1} {
			start := day.Start(loc)
			require.Equal(t, day, civil.DayOf(start, loc))
			require.Equal(t, day-1, civil.DayOf(start.Add(-1), loc))
			require.Equal(t, day, calendar.Day(start.Unix()))
		}
		require.Equal(t, civil.Day(math.MaxInt32), calendar.Day(1<<50))
		require.Equal(t, civil.Day(math.MinInt32), calendar.Day(-1<<50))
		from, to := civil.Window(time.Unix(0, 0), math.MaxInt, loc)
		require.Equal(t, civil.Day(math.MinInt32), civil.DayOf(from, loc))
		require.Equal(t, nextMidnight(time.Unix(0, 0), loc), to)
	}
}

func TestEmptyWindow(t *testing.T) {
	asOf := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	for _, n := range []int{0, -1, math.MinInt} {
		from, to := civil.Window(asOf, n, time.UTC)
		require.Equal(t, from, to)
	}
}

func TestNilLocation(t *testing.T) {
	require.Panics(t, func() { civil.DayOf(time.Unix(0, 0), nil) })
	require.Panics(t, func() { civil.Day(0).Start(nil) })
	require.Panics(t, func() { civil.NewCalendar(nil) })
}

func TestUnix(t *testing.T) {
	require.EqualValues(t, math.MinInt64, civil.Unix(time.Time{}))
	require.EqualValues(t, 0, civil.Unix(time.Unix(0, 5)))
	require.EqualValues(t, -1, civil.Unix(time.Unix(0, -1)))
	require.EqualValues(t, -62135596800, civil.Unix(time.Time{}.Add(1)))
}
