package segment

import (
	"fmt"
	"math"
	"time"

	"github.com/clientele-go/clientele/internal/civil"
)

// moment is when and where a question is asked.
type moment struct {
	at  time.Time
	loc *time.Location
}

// needs tells whether the rule at whose root b is depends on the instant and on the location of the question.
func (b *bound) needs() (moment, location bool) { return b.whole.moment, b.whole.location }

// missing returns nil, or the error that m lacks what the rule at whose root b is needs.
func (b *bound) missing(m moment) error {
	at, location := b.needs()
	switch {
	case at && m.at.IsZero():
		return fmt.Errorf("%w: AsOf is not set", ErrMoment)
	case at && !validTime(m.at):
		return fmt.Errorf("%w: AsOf is not in years 1 to 9999", ErrMoment)
	case location && m.loc == nil:
		return fmt.Errorf("%w: Location is nil", ErrMoment)
	}
	return nil
}

// instant returns where e lies at m.
func (e edge) instant(m moment) time.Time {
	var t time.Time
	switch e.kind {
	case edgeInstant:
		t, _ = e.value.Time()
	case edgeDay:
		t = e.day.Start(m.loc)
	case edgeDays:
		t = (civil.DayOf(m.at, m.loc) + civil.Day(e.n)).Start(m.loc)
	case edgeHours:
		t = time.Unix(m.at.Unix()+e.n*3600, int64(m.at.Nanosecond()))
	}
	return t.Add(e.plus)
}

// window returns the values of tag t that a formTime selects at m: lo <= value <= hi, none if lo > hi.
func (b *bound) window(t *Tag, m moment) (lo, hi int64) {
	from, to := longAgo, farAway
	if b.from.kind != edgeNone {
		from = b.from.instant(m)
	}
	if b.to.kind != edgeNone {
		to = b.to.instant(m)
	}
	return unitsBetween(from, to, t.unit())
}

// Beyond all times that are stored.
var (
	longAgo = time.Unix(-1<<60, 0)
	farAway = time.Unix(1<<60, 0)
)

// unitsBetween returns the numbers n for which the instant n units after 1970 lies at from or after it, and before to:
// lo <= n <= hi, none if lo > hi.
func unitsBetween(from, to time.Time, unit time.Duration) (lo, hi int64) {
	lo, fits := ceilUnits(from, unit)
	if !fits && lo > 0 {
		return 1, math.MinInt64
	}
	switch hi, fits = ceilUnits(to, unit); {
	case hi == math.MinInt64:
		return math.MaxInt64, 0
	case fits:
		hi--
	}
	return lo, hi
}

// ceilUnits returns the least number n of units for which the instant n units after 1970 is not before t. If it does not
// fit, fits is false and n is the nearest int64.
func ceilUnits(t time.Time, unit time.Duration) (n int64, fits bool) {
	n, exact, fits := floorUnits(t, unit)
	switch {
	case exact || !fits:
		return n, fits
	case n == math.MaxInt64:
		return n, false
	}
	return n + 1, true
}

// anniversaries returns the values of tag t from lo to hi that a formAnniversary selects at m, as ranges with both ends
// in them, ascending, with gaps between them. Cost: four look-ups in the zone's table a year from lo to hi.
func (b *bound) anniversaries(t *Tag, m moment, lo, hi int64) [][2]int64 {
	if lo > hi {
		return nil
	}
	today := civil.DayOf(m.at, m.loc)
	last := today + civil.Day(b.k-1)
	first, _, _ := t.day(lo, m.loc).Date()
	final, _, _ := t.day(hi, m.loc).Date()
	this, _, _ := today.Date()
	next, _, _ := last.Date()
	var ranges [][2]int64
	add := func(from, to civil.Day) {
		if from > to {
			return
		}
		a, z := unitsBetween(from.Start(m.loc), (to + 1).Start(m.loc), t.unit())
		a, z = max(a, lo), min(z, hi)
		switch n := len(ranges); {
		case a > z:
		case n > 0 && a <= ranges[n-1][1]+1:
			ranges[n-1][1] = max(ranges[n-1][1], z)
		default:
			ranges = append(ranges, [2]int64{a, z})
		}
	}
	for year := max(first, 0); year <= min(final, next-1); year++ {
		// The days of a later anniversary's year come first: they begin on 1 January.
		for y := next; y >= this && y > year; y-- {
			add(born(max(today, civil.Date(y, time.January, 1)), min(last, civil.Date(y, time.December, 31)), year))
		}
	}
	return ranges
}

// born returns the days of a year whose anniversary falls on the days of another year from from to to; none if the
// first is after the last.
func born(from, to civil.Day, year int) (first, last civil.Day) {
	_, m1, d1 := from.Date()
	y, m2, d2 := to.Date()
	if m2 == time.February && (d2 == 29 || d2 == 28 && !leap(y)) {
		// To the end of February: 29 days, or 28, in year.
		return civil.Date(year, m1, d1), civil.Date(year, time.March, 1) - 1
	}
	return civil.Date(year, m1, d1), civil.Date(year, m2, d2)
}

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// isAnniversary tells whether an anniversary of the day falls on one of the k days from today.
func isAnniversary(day, today civil.Day, k int) bool {
	born, month, d := day.Date()
	last := today + civil.Day(k-1)
	this, _, _ := today.Date()
	next, _, _ := last.Date()
	for year := max(this, born+1); year <= next; year++ {
		on := civil.Date(year, month, d)
		if month == time.February && d == 29 && !leap(year) {
			on--
		}
		if on >= today && on <= last {
			return true
		}
	}
	return false
}

// day returns the local day of a value of t.
func (t *Tag) day(n int64, loc *time.Location) civil.Day {
	return civil.DayOf(unitTime(n, t.unit()), loc)
}

// clock is what the times of a rule come to at one moment.
type clock struct {
	moment
	catalogue *Catalogue
	today     civil.Day
	windows   [][2]int64 // of each formTime, at its number
}

// clockAt resolves the times of the rule at m, which lacks nothing.
func (w *whole) clockAt(m moment) *clock {
	c := &clock{moment: m, catalogue: w.catalogue, windows: make([][2]int64, len(w.times))}
	for i, p := range w.times {
		if p.form == formTime {
			c.windows[i][0], c.windows[i][1] = p.window(w.catalogue.tags[p.tag], m)
		} else {
			c.today = civil.DayOf(m.at, m.loc)
		}
	}
	return c
}
