package segment

import (
	"math"
	"math/bits"
	"time"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/kernel"
)

// never is later than any instant of the clock of a Live, in nanoseconds since 1970.
const never = math.MaxInt64

// A threshold is an end of windows of a tag that moves with the clock, always forward: a value that lies ahead of it falls
// behind it some day, and then the windows that begin or end there hold another answer. Not safe for concurrent use.
type threshold struct {
	thresholdKey
	t     *Tag
	users []*liveSegment // whose windows it ends, each once

	ahead []ahead // by chunk
	next  int64   // the first instant at which a value may fall behind, in nanoseconds since 1970; never
	tick  uint64  // at which cut was found
	cut   int64   // the values from cut on are ahead
	over  bool    // no value is
	lost  bool    // in this step: a customer of the chunk has not the least of ahead any more
}

type thresholdKey struct {
	tag  int
	edge edge
}

// ahead is the least value of a chunk that lies ahead of a threshold.
type ahead struct {
	n   int64
	any bool
}

// moves tells whether the edge depends on the moment.
func (e edge) moves() bool { return e.kind == edgeDays || e.kind == edgeHours }

// locate brings the cut of a threshold up to date.
func (cs *conditions) locate(th *threshold) {
	if th.tick == cs.tick {
		return
	}
	th.tick = cs.tick
	n, fits := ceilUnits(th.edge.instant(cs.moment), th.t.unit())
	th.cut, th.over = n, !fits && n > 0
}

// fall returns the first instant at which a value is not ahead any more, in nanoseconds since 1970; never if that is later
// than a clock can be. The value must be ahead now.
func (th *threshold) fall(n int64, loc *time.Location) int64 {
	v := unitTime(n, th.t.unit())
	var at time.Time
	if th.edge.kind == edgeDays {
		at = (civil.DayOf(v, loc) + 1 - civil.Day(th.edge.n)).Start(loc)
	} else {
		at = time.Unix(v.Unix()-th.edge.n*3600, int64(v.Nanosecond())+1).Add(-th.edge.plus)
	}
	if !validClock(at) {
		return never
	}
	return at.UnixNano()
}

// validClock tells whether the clock of a Live can be at t.
func validClock(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1678 && year <= 2261
}

// survey finds the least value ahead in each chunk.
func (cs *conditions) survey(th *threshold, s *Snapshot) {
	cs.locate(th)
	th.ahead = make([]ahead, len(s.exists))
	for c := range th.ahead {
		th.ahead[c] = th.least(s, c)
	}
	th.schedule(cs.loc)
}

// least returns the least value of a chunk that is ahead.
func (th *threshold) least(s *Snapshot, c int) (a ahead) {
	if col, ok := s.data[th.tag].latest(c).(*intColumn); ok && !th.over {
		a.n, a.any = col.least(th.cut)
	}
	return a
}

// schedule finds next.
func (th *threshold) schedule(loc *time.Location) {
	th.next = never
	var first ahead
	for _, a := range th.ahead {
		if a.any && (!first.any || a.n < first.n) {
			first = a
		}
	}
	if first.any {
		th.next = th.fall(first.n, loc)
	}
}

// wrote notes what a customer of a chunk had before the step, and has now.
func (cs *conditions) wrote(th *threshold, c int, was int64, had bool, is int64, has bool) {
	cs.locate(th)
	for len(th.ahead) <= c {
		th.ahead = append(th.ahead, ahead{})
	}
	a := &th.ahead[c]
	if had && a.any && was == a.n && !(has && is == was) {
		th.lost = true
	}
	if has && !th.over && is >= th.cut && (!a.any || is < a.n) {
		*a = ahead{is, true}
		th.next = min(th.next, th.fall(is, cs.loc))
	}
}

// held returns the number that a column holds at p.
func held(col column, p uint16) (n int64, has bool) {
	c, ok := col.(*intColumn)
	if !ok || !c.set.Contains(p) {
		return 0, false
	}
	return c.value(p), true
}

// pass touches the customers whose values fell behind the threshold since the clock moved. The snapshot is the one from
// before.
func (cs *conditions) pass(th *threshold, s *Snapshot, w *kernel.Words) {
	cs.locate(th)
	for c := range th.ahead {
		a := &th.ahead[c]
		if !a.any || !th.over && a.n >= th.cut {
			continue
		}
		col, ok := s.data[th.tag].latest(c).(*intColumn)
		if !ok {
			*a = ahead{}
			continue
		}
		last := int64(math.MaxInt64)
		if !th.over {
			last = th.cut - 1
		}
		if col.load(w, a.n, last) {
			for _, g := range th.users {
				for p := range members(w) {
					if g.everyone {
						break
					}
					g.touch(uint32(c)<<chunkBits|uint32(p), 0)
				}
			}
		}
		*a = th.least(s, c)
	}
	th.schedule(cs.loc)
}

// load writes the positions with a value from lo to hi to w.
func (c *intColumn) load(w *kernel.Words, lo, hi int64) (any bool) {
	switch c.reach(lo, hi) {
	case reachNone:
		return false
	case reachAll:
		c.set.Load(w)
	default:
		c.within(w, lo, hi)
	}
	return true
}

// least returns the least value that is at least lo.
func (c *intColumn) least(lo int64) (n int64, any bool) {
	n, any = c.leastHeld(lo)
	if c.late == nil {
		return n, any
	}
	for i, p := range c.late.places {
		if v := c.late.values[i]; v >= lo && (!any || v < n) && c.set.Contains(p) {
			n, any = v, true
		}
	}
	return n, any
}

// leastHeld is least of the values that are not late.
func (c *intColumn) leastHeld(lo int64) (n int64, any bool) {
	from, to, _ := c.offsets(lo, math.MaxInt64)
	switch {
	case c.max < lo:
		return 0, false
	case lo <= c.min && c.late == nil:
		return c.min, true
	case c.sparse():
		best := uint64(math.MaxUint64)
		for i, p := range c.places {
			if o := c.offset(i); from <= o && (o < best || !any) {
				if _, late := c.late.find(p); !late {
					best, any = o, true
				}
			}
		}
		return c.decoded(best), any
	}
	var w, rest kernel.Words
	kernel.Between(&w, c.slices, from, to)
	if from == 0 { // unset positions hold zeros
		c.set.And(&w)
	}
	if c.late != nil {
		kernel.Erase(&w, c.late.places)
	}
	if w == (kernel.Words{}) {
		return 0, false
	}
	var offset uint64
	for k := int(c.width) - 1; k >= 0; k-- {
		slice := (*kernel.Words)(c.slices[k*kernel.Size:])
		if kernel.AndNot(&rest, &w, slice) {
			w = rest
		} else {
			offset |= 1 << k
		}
	}
	return c.decoded(offset), true
}

// yearDays are the positions of a chunk by the day of the year of their local day. Not safe for concurrent use.
type yearDays struct {
	col    column   // it is of
	starts []uint32 // of each day of a leap year from 0, and the end
	places []uint16
}

// leapDays are the days of a leap year before each month.
var leapDays = [...]int{0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335}

const (
	daysOfLeap = 366
	february28 = 31 + 27
)

// dayOfYear returns the place of a date in a leap year, from 0.
func dayOfYear(d civil.Day) int {
	_, month, day := d.Date()
	return leapDays[month-1] + day - 1
}

// yearDaysOf returns the positions of a chunk by day of the year.
func (cs *conditions) yearDaysOf(x *tagTests, col *intColumn, c int) *yearDays {
	for len(x.yearDays) <= c {
		x.yearDays = append(x.yearDays, yearDays{})
	}
	y := &x.yearDays[c]
	if y.col == col {
		return y
	}
	calendar := civil.NewCalendar(cs.loc)
	var w kernel.Words
	col.set.Load(&w)
	days := make([]uint16, 0, col.set.Len())
	starts := make([]uint32, daysOfLeap+1)
	col.each(&w, func(_ uint16, v int64) {
		day := dayOfYear(calendar.Day(unitTime(v, x.t.unit()).Unix()))
		days = append(days, uint16(day))
		starts[day+1]++
	})
	for i := range daysOfLeap {
		starts[i+1] += starts[i]
	}
	places, next := make([]uint16, len(days)), make([]uint32, daysOfLeap)
	copy(next, starts)
	i := 0
	for p := range members(&w) {
		places[next[days[i]]] = p
		next[days[i]]++
		i++
	}
	*y = yearDays{col, starts, places}
	return y
}

// passDays touches the customers whose anniversaries may have come into a window or left it since the day from.
func (cs *conditions) passDays(x *tagTests, s *Snapshot, from civil.Day) {
	for _, c := range x.years {
		days := cs.daysPassed(c.k, from)
		for chunk, col := range s.data[x.tag].all() {
			col, ok := col.(*intColumn)
			if !ok {
				continue
			}
			y := cs.yearDaysOf(x, col, chunk)
			for i, word := range days {
				for ; word != 0; word &= word - 1 {
					day := i<<6 + bits.TrailingZeros64(word)
					for _, p := range y.places[y.starts[day]:y.starts[day+1]] {
						c.touch(uint32(chunk)<<chunkBits | uint32(p))
					}
				}
			}
		}
	}
}

// daysPassed returns the days of the year that left, or came into, a window of k days, since the day from.
func (cs *conditions) daysPassed(k int, from civil.Day) (days [6]uint64) {
	add := func(d civil.Day) {
		day := dayOfYear(d)
		days[day>>6] |= 1 << (day & 63)
		if year, _, _ := d.Date(); day == february28 && !leap(year) {
			days[(day+1)>>6] |= 1 << ((day + 1) & 63)
		}
	}
	for d := from; d < min(cs.today, from+2*daysOfLeap); d++ {
		add(d)
		add(d + civil.Day(k))
	}
	return days
}

// nextDay returns the instant at which the next local day begins, in nanoseconds since 1970.
func (cs *conditions) nextDay() int64 {
	at := (cs.today + 1).Start(cs.loc)
	if !validClock(at) {
		return never
	}
	return at.UnixNano()
}
