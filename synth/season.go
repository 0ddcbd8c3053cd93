package synth

import (
	"math"
	"slices"
	"time"
)

// Season says how busy the shop is at a moment: the multiplier of the rates of
// all customers is
//
//	m(t) = Month * Weekday * Hour * (product of the factors of the peaks of that day)
//
// at the local time of [Options].Location, after Month, Weekday and Hour are
// each divided by their mean. It is constant over slots of one hour, counted
// from the local hour in which the first customer may arrive; a slot has the
// multiplier of its start. An array of zeros is flat, so &Season{} is no season
// at all. Not safe for concurrent use while it is changed.
type Season struct {
	// Month holds the weights of January to December.
	Month [12]float64
	// Weekday holds the weights of Sunday to Saturday, as time.Weekday counts.
	Weekday [7]float64
	// Hour holds the weights of the local hours 0 to 23. A zero closes the
	// shop.
	Hour [24]float64
	// Peaks are spans of days of every year.
	Peaks []Peak
}

// Peak is a span of local days that returns every year. Not safe for concurrent
// use while it is changed.
type Peak struct {
	// Month and Day are the first day.
	Month time.Month
	Day   int
	// Days is the number of days, at least 1; the span may pass the new year.
	Days int
	// Factor multiplies m(t); 0 closes the shop.
	Factor float64
}

// DefaultSeason returns the season of a nil [Options].Season: strong late
// autumn, a sale at the end of November, a Christmas rush of three weeks, quiet
// holidays, evenings busier than mornings. The weights are a judgement, not a
// measurement.
func DefaultSeason() *Season {
	return &Season{
		Month:   [12]float64{.85, .80, .90, .92, .97, .95, .90, .88, 1, 1.08, 1.30, 1.25},
		Weekday: [7]float64{.85, .95, .95, 1, 1.1, 1.15, 1},
		Hour: [24]float64{
			.2, .1, .05, .05, .05, .1, .3, .6, .9, 1.2, 1.4, 1.5,
			1.6, 1.5, 1.4, 1.4, 1.4, 1.5, 1.6, 1.7, 1.8, 1.6, 1.1, .5,
		},
		Peaks: []Peak{
			{Month: time.November, Day: 24, Days: 5, Factor: 1.8},
			{Month: time.December, Day: 1, Days: 21, Factor: 1.5},
			{Month: time.December, Day: 25, Days: 2, Factor: 0.2},
			{Month: time.January, Day: 1, Days: 1, Factor: 0.3},
		},
	}
}

// scaled returns the season with each array divided by its mean.
func (s *Season) scaled() *Season {
	out := *s
	for _, w := range [][]float64{out.Month[:], out.Weekday[:], out.Hour[:]} {
		sum := 0.0
		for _, v := range w {
			sum += v
		}
		for i := range w {
			if sum == 0 {
				w[i] = 1
			} else {
				w[i] *= float64(len(w)) / sum
			}
		}
	}
	return &out
}

// day returns the multiplier of a local day.
func (s *Season) day(year int, month time.Month, day int, weekday time.Weekday) float64 {
	m := s.Month[month-1] * s.Weekday[weekday]
	here := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	for _, p := range s.Peaks {
		for _, y := range [2]int{year, year - 1} {
			first := time.Date(y, p.Month, p.Day, 0, 0, 0, 0, time.UTC)
			if !here.Before(first) && here.Before(first.AddDate(0, 0, p.Days)) {
				m *= p.Factor
				break
			}
		}
	}
	return m
}

const (
	slot = 3600   // seconds of constant intensity
	week = 604800 // seconds
)

// clock turns calendar time into the weeks of a shop's own clock and back:
// weeks(t) is the integral of m from the start of the table.
type clock struct {
	origin int64     // Unix second at which the table starts
	weeks  []float64 // at the start of each slot, and at the end of the last
	hour   []uint8   // local hour of each slot
	guide  []int32   // guide[k]: the last slot that starts at or before k/scale
	scale  float64
}

// newClock returns the clock of a season that covers [from, until).
func newClock(season *Season, from, until time.Time, loc *time.Location) *clock {
	season = season.scaled()
	local := from.In(loc)
	c := &clock{origin: local.Unix() - int64(local.Minute()*60+local.Second())}
	n := int((until.Unix()-c.origin)/slot) + 1
	c.weeks = make([]float64, n+1)
	c.hour = make([]uint8, n)
	last, factor := 0, 0.0
	for i := range n {
		t := time.Unix(c.origin+int64(i)*slot, 0).In(loc)
		if key := t.Year()*1000 + t.YearDay(); key != last {
			last, factor = key, season.day(t.Year(), t.Month(), t.Day(), t.Weekday())
		}
		c.hour[i] = uint8(t.Hour())
		c.weeks[i+1] = c.weeks[i] + float64(factor*season.Hour[t.Hour()]*(slot/float64(week)))
	}
	if total := c.weeks[n]; total > 0 {
		c.guide = make([]int32, n+1)
		c.scale = float64(n) / total
		for k, i := 0, 0; k <= n; k++ {
			for i < n-1 && float64(c.weeks[i+1]*c.scale) <= float64(k) {
				i++
			}
			c.guide[k] = int32(i)
		}
	}
	return c
}

// slot returns the slot of a Unix second within the table.
func (c *clock) slot(unix int64) int {
	return min(max(0, int((unix-c.origin)/slot)), len(c.hour)-1)
}

// at returns the weeks of the clock at a Unix second. Outside the table the
// clock runs at speed 1.
func (c *clock) at(unix int64) float64 {
	n := len(c.weeks) - 1
	i := (unix - c.origin) / slot
	switch {
	case unix < c.origin:
		return float64(unix-c.origin) / week
	case i >= int64(n):
		return c.weeks[n] + float64(unix-c.origin-int64(n)*slot)/week
	}
	part := float64(unix-c.origin-i*slot) / slot
	return c.weeks[i] + float64(part*(c.weeks[i+1]-c.weeks[i]))
}

// unix returns the second in which the clock shows w weeks; w is not negative.
func (c *clock) unix(w float64) int64 {
	n := len(c.weeks) - 1
	if w >= c.weeks[n] {
		rest := (w - c.weeks[n]) * week
		if !(rest < 1<<50) {
			return math.MaxInt64
		}
		return c.origin + int64(n)*slot + int64(rest)
	}
	i := int(c.guide[int(w*c.scale)])
	for i > 0 && c.weeks[i] > w {
		i--
	}
	for c.weeks[i+1] <= w {
		i++
	}
	part := (w - c.weeks[i]) / (c.weeks[i+1] - c.weeks[i])
	return c.origin + int64(i)*slot + min(slot-1, int64(part*slot))
}

// check reports what is wrong with the season.
func (s *Season) check(fault func(field, reason string)) {
	for _, w := range []struct {
		name string
		of   []float64
	}{{"Season.Month", s.Month[:]}, {"Season.Weekday", s.Weekday[:]}, {"Season.Hour", s.Hour[:]}} {
		if slices.ContainsFunc(w.of, func(v float64) bool { return !(v >= 0 && v <= 1e6) }) {
			fault(w.name, "needs weights from 0 to 1e6")
		}
	}
	for _, p := range s.Peaks {
		if p.Month < time.January || p.Month > time.December || p.Day < 1 || p.Day > 31 || p.Days < 1 || p.Days > 366 {
			fault("Season.Peaks", "has a span that is no span of days of a year")
		}
		if !(p.Factor >= 0 && p.Factor <= 1e6) {
			fault("Season.Peaks", "needs factors from 0 to 1e6")
		}
	}
}
