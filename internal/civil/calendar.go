package civil

import (
	"math"
	"time"
)

// Calendar converts unix seconds to the local days of one location. It remembers
// the last few stretches of constant UTC offset it met, so that a time costs a few
// nanoseconds where DayOf looks up the zone's table. Use one per goroutine; a copy is
// independent of its original. Not safe for concurrent use.
type Calendar struct {
	loc  *time.Location
	cur  era
	seen [8]era
	next int
}

// NewCalendar returns a Calendar of loc, which must not be nil.
func NewCalendar(loc *time.Location) Calendar {
	if loc == nil {
		panic("civil: location is nil")
	}
	return Calendar{loc: loc}
}

// Day returns DayOf(time.Unix(unix, 0), loc).
func (c *Calendar) Day(unix int64) Day {
	if c.cur.holds(unix) {
		return c.cur.day(unix)
	}
	return c.find(unix)
}

// find returns the day of unix and, where it can, makes cur the era that holds unix.
func (c *Calendar) find(unix int64) Day {
	for i := range c.seen {
		if c.seen[i].holds(unix) {
			c.cur = c.seen[i]
			return c.cur.day(unix)
		}
	}
	e := newEra(zoneAt(unix, c.loc).widen())
	if !e.holds(unix) {
		return DayOf(time.Unix(unix, 0), c.loc)
	}
	c.cur, c.seen[c.next] = e, e
	c.next = (c.next + 1) % len(c.seen)
	return e.day(unix)
}

// era is a zone prepared for converting many times. The zero era holds none.
type era struct {
	from  int64  // unix seconds
	span  uint64 // seconds
	shift int64  // seconds east of UTC, and 2^32 days, so that unix + shift is positive
}

// newEra returns an era of the times of z whose day is the date on the clock, which is
// within the span of Day. Those are almost always all, and otherwise all but minutes
// after clocks were set back across midnight.
func newEra(z zone) era {
	const first, last = math.MinInt32 * secondsPerDay, math.MaxInt32 * secondsPerDay
	begun := int64(saturate(z.begun())) * secondsPerDay
	from := max(z.from, first-z.offset, begun-z.offset)
	to := min(z.to, last-z.offset)
	if from >= to {
		return era{}
	}
	return era{from: from, span: uint64(to - from), shift: z.offset + secondsPerDay<<32}
}

func (e *era) holds(unix int64) bool {
	return uint64(unix-e.from) < e.span
}

// day converts to 32 bits, which takes the 2^32 days away again.
func (e *era) day(unix int64) Day {
	return Day(uint64(unix+e.shift) / secondsPerDay)
}
