// Package civil answers which local calendar day an instant falls in, and which
// instants a window of n days holds. Every package that counts days uses it, so
// that a window of days means the same everywhere.
//
// A day is the interval from its first instant to the first instant of the next
// day, so days never overlap and the day of a passing clock never goes back.
// DayOf is the date that local clocks show, with one exception: where clocks are
// set back across midnight (America/St_Johns until 2011 went from 00:01 to
// 23:01), the minutes that follow stay in the day that had begun. Without it a
// customer would leave a window at midnight, come back and leave again.
//
// Days are 23, 24 or 25 hours long, sometimes another length, and a day that a
// zone skipped (Pacific/Apia had no 2011-12-30) is empty.
//
// All functions panic if loc is nil; callers check it and name their own field.
package civil

import (
	"math"
	"time"
)

const secondsPerDay = 86400

// Day counts local calendar days since 1970-01-01 in the proleptic Gregorian
// calendar; days before are negative. Differences and order of days are those of
// the integers. It spans 5.8 million years either way. Safe for concurrent use.
type Day int32

// DayOf returns the local day of t in loc. Times outside the span of Day give the
// first or the last Day. Cost: one or two look-ups in the zone's table; a Calendar
// is many times faster where there are many times.
func DayOf(t time.Time, loc *time.Location) Day {
	unix := t.Unix()
	z := zoneAt(unix, loc)
	return saturate(max(z.day(unix), z.begun()))
}

// Date returns the Day of a date. Values outside their usual ranges are normalised
// as in time.Date: October 32 is November 1. Dates outside the span of Day give the
// first or the last Day.
func Date(year int, month time.Month, day int) Day {
	year = min(max(year, -6_000_000), 6_000_000)
	return saturate(floorDay(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()))
}

// Date returns the year, month and day of the month of d.
func (d Day) Date() (year int, month time.Month, day int) {
	return d.utc().Date()
}

// String returns d as 2006-01-02.
func (d Day) String() string {
	return d.utc().Format(time.DateOnly)
}

func (d Day) utc() time.Time {
	return time.Unix(int64(d)*secondsPerDay, 0).UTC()
}

// Start returns the first instant of day d in loc: midnight; the earlier one where
// midnight comes twice; the first instant after it where clocks skip midnight. A day
// that loc skipped starts where the next day does.
func (d Day) Start(loc *time.Location) time.Time {
	midnight := int64(d) * secondsPerDay
	// No zone is ever two days from UTC, so d has not begun at this point.
	z := zoneAt(midnight-2*secondsPerDay, loc)
	for {
		start := max(z.from, midnight-z.offset)
		if start < z.to {
			return time.Unix(start, 0).In(loc)
		}
		z = zoneAt(z.to, loc)
	}
}

// saturate returns the Day nearest to day.
func saturate(day int64) Day {
	return Day(min(max(day, math.MinInt32), math.MaxInt32))
}

// floorDay returns the whole days since the epoch at sec, rounded down.
func floorDay(sec int64) int64 {
	day := sec / secondsPerDay
	if sec%secondsPerDay < 0 {
		day--
	}
	return day
}
