package civil

import (
	"math"
	"time"
)

// zone is a stretch of time in which loc has one offset from UTC: from <= unix < to.
type zone struct {
	loc      *time.Location
	from, to int64 // unix seconds; math.MinInt64 and math.MaxInt64 are open ends
	offset   int64 // seconds east of UTC
}

func zoneAt(unix int64, loc *time.Location) zone {
	t := time.Unix(unix, 0).In(loc)
	_, offset := t.Zone()
	z := zone{loc: loc, from: math.MinInt64, to: math.MaxInt64, offset: int64(offset)}
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		z.from = start.Unix()
	}
	if !end.IsZero() {
		z.to = end.Unix()
	}
	if z.to <= unix {
		// In years ruled by the last line of a zone's file, ZoneBounds ends the last
		// stretch of a leap year a day early (golang.org/issue/81583).
		z.to = (floorDay(unix) + 1) * secondsPerDay
	}
	return z
}

// widen returns z together with its neighbours if they have the same offset: in years
// ruled by the last line of a zone's file, ZoneBounds also ends at each new year.
func (z zone) widen() zone {
	if z.from != math.MinInt64 {
		if before := zoneAt(z.from-1, z.loc); before.offset == z.offset {
			z.from = before.from
		}
	}
	if z.to != math.MaxInt64 {
		if after := zoneAt(z.to, z.loc); after.offset == z.offset {
			z.to = after.to
		}
	}
	return z
}

// day returns the date that clocks show at unix, which lies in z.
func (z zone) day(unix int64) int64 {
	day := floorDay(unix)
	return day + floorDay(unix-day*secondsPerDay+z.offset)
}

// begun returns the latest day that had begun before z. It exceeds the date on the
// clock only where clocks were set back, by less than two days, at or shortly before
// z.from.
func (z zone) begun() int64 {
	day := int64(math.MinInt64)
	for first := z.from; z.from != math.MinInt64 && first-z.from < 2*secondsPerDay; {
		last := z.from - 1
		z = zoneAt(last, z.loc)
		day = max(day, z.day(last))
	}
	return day
}
