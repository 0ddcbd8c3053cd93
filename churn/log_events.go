package churn

import (
	"iter"
	"slices"
	"time"

	"github.com/clientele-go/clientele/internal/civil"
)

// events are columns of events ascending by customer, then time; at the same second by kind,
// channel, category, amount and arrival, so that the order does not depend on that of the input.
type events struct {
	unix     []int64
	day      []civil.Day
	arrived  []int64 // not before unix; nil: all at unix
	kind     []uint8 // index into kinds
	amount   []int64
	channel  []int32 // index into channels, -1: none
	category []int32 // index into categories, -1: none

	kinds, channels, categories []string // ascending
}

// slice returns the events [lo, hi), sharing memory but no room to grow.
func (e *events) slice(lo, hi int) events {
	s := *e
	s.cut(e, lo, hi)
	return s
}

// cut makes the columns of e those of the events [lo, hi) of all; the names stay.
func (e *events) cut(all *events, lo, hi int) {
	e.unix, e.day = all.unix[lo:hi:hi], all.day[lo:hi:hi]
	e.kind, e.amount = all.kind[lo:hi:hi], all.amount[lo:hi:hi]
	e.channel, e.category = all.channel[lo:hi:hi], all.category[lo:hi:hi]
	e.arrived = nil
	if all.arrived != nil {
		e.arrived = all.arrived[lo:hi:hi]
	}
}

// second returns the index after the last event at the same second as event lo.
func (e *events) second(lo int) int {
	hi := lo + 1
	for hi < len(e.unix) && e.unix[hi] == e.unix[lo] {
		hi++
	}
	return hi
}

// push appends event i of all, which has arrivals.
func (e *events) push(all *events, i int) {
	e.unix, e.day, e.arrived = append(e.unix, all.unix[i]), append(e.day, all.day[i]), append(e.arrived, all.arrived[i])
	e.kind, e.amount = append(e.kind, all.kind[i]), append(e.amount, all.amount[i])
	e.channel, e.category = append(e.channel, all.channel[i]), append(e.category, all.category[i])
}

// clear takes all events out; their memory stays.
func (e *events) clear() {
	e.unix, e.day, e.arrived = e.unix[:0], e.day[:0], e.arrived[:0]
	e.kind, e.amount = e.kind[:0], e.amount[:0]
	e.channel, e.category = e.channel[:0], e.category[:0]
}

func (e *events) record(i int, loc *time.Location) Record {
	r := Record{
		Time:   time.Unix(e.unix[i], 0).In(loc),
		Day:    Day(e.day[i]),
		Kind:   e.kinds[e.kind[i]],
		Amount: e.amount[i],
	}
	r.Arrived = r.Time
	if e.arrived != nil {
		r.Arrived = time.Unix(e.arrived[i], 0).In(loc)
	}
	if c := e.channel[i]; c >= 0 {
		r.Channel = e.channels[c]
	}
	if c := e.category[i]; c >= 0 {
		r.Category = e.categories[c]
	}
	return r
}

func (e *events) all(loc *time.Location) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for i := range e.unix {
			if !yield(e.record(i, loc)) {
				return
			}
		}
	}
}

// appendDays appends to dst the days with an event of the kinds, ascending and each once; no
// kinds are Purchase alone.
func (e *events) appendDays(dst []Day, kinds []string) []Day {
	set := kindsOf(e, kinds)
	for i, d := range e.day {
		if set.has(e.kind[i]) && (len(dst) == 0 || dst[len(dst)-1] != Day(d)) {
			dst = append(dst, Day(d))
		}
	}
	return dst
}

// daysIn is appendDays into the scratch of a History or a Future. Behind the days that it returns
// there is no room, and behind those of the scratch there are none of an earlier call.
func (e *events) daysIn(scratch *[]Day, kinds []string) []Day {
	before := len(*scratch)
	days := e.appendDays((*scratch)[:0], kinds)
	if len(days) < before {
		clear(days[len(days):before])
	}
	*scratch = days
	return slices.Clip(days)
}
