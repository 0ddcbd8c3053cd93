package churn

import (
	"fmt"
	"sort"

	"github.com/clientele-go/clientele/internal/civil"
)

// A view shows customers of a log as they were known at cut-offs. It reuses its memory: what
// it returns is valid until its next call. Make one for each goroutine.
type view struct {
	all     *events
	first   []int
	starts  []int64
	since   Day
	until   Day
	delayed bool // an event arrives on a later day than it happens

	cut int // index of the customer's first event that is not before the cut-off

	known   events // scratch: copies where not all that happened had arrived
	history History
	future  Future
}

func (l *Log[K]) view() *view {
	names := l.events.slice(0, 0)
	return &view{
		all: &l.events, first: l.first, starts: l.starts, since: l.since, until: l.until,
		delayed: l.report.Delayed > 0,
		history: History{events: names, since: l.since, loc: l.location, days: []Day{}},
		future:  Future{events: names, before: names, loc: l.location, days: []Day{}},
	}
}

// at returns what was known of a customer at a cut-off of a plan, what came then up to the
// end of the horizon (as far as the log goes), and the number of events in the window that
// had happened and not yet arrived. It panics if the cut-off is not observed.
// Cost: O(log events of the customer), and a copy of the window where something had not arrived.
func (v *view) at(customer int, cutoff Day, plan *Plan) (past *History, future *Future, unknown int) {
	past, unknown = v.past(customer, cutoff, plan.Window)
	v.future.start = cutoff + Day(plan.gap())
	v.future.end = v.future.start + Day(plan.Horizon)
	hi := v.search(v.cut, v.first[customer+1], v.future.end)
	v.future.cut(v.all, v.cut, hi)
	return past, &v.future, unknown
}

// past is at without a future.
func (v *view) past(customer int, cutoff Day, window int) (past *History, unknown int) {
	if cutoff < v.since || cutoff > v.until {
		panic(fmt.Sprintf("churn: cut-off %v is not observed", cutoff))
	}
	h := &v.history
	h.cutoff, h.window = cutoff, window
	lo, hi := v.first[customer], v.first[customer+1]
	v.cut = v.search(lo, hi, cutoff)
	lo = v.search(lo, v.cut, h.Since())
	start := v.starts[cutoff-v.since]
	if v.delayed {
		for _, arrived := range v.all.arrived[lo:v.cut] {
			if arrived >= start {
				unknown++
			}
		}
	}
	v.future.before.cut(v.all, lo, lo)
	if unknown == 0 {
		h.cut(v.all, lo, v.cut)
		return h, 0
	}
	v.future.before.cut(v.all, lo, v.cut)
	v.known.clear()
	for i := lo; i < v.cut; i++ {
		if v.all.arrived[i] < start {
			v.known.push(v.all, i)
		}
	}
	h.cut(&v.known, 0, len(v.known.unix))
	return h, unknown
}

// search returns the first index in [lo, hi) of an event on or after a day, hi where there is none.
func (v *view) search(lo, hi int, day Day) int {
	days := v.all.day[lo:hi]
	return lo + sort.Search(len(days), func(i int) bool { return days[i] >= civil.Day(day) })
}
