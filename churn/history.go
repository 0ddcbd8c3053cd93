package churn

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// History is what was known of a customer at a cut-off: the events that had happened and
// had arrived before its first instant, and within the window of the plan. There is no
// way from a History to anything later. It is valid until the call returns that was handed
// it. Not safe for concurrent use.
type History struct {
	events     // of the customer, those that are known
	cutoff Day // the first day that is not seen
	window int // days before cutoff that are seen; 0: all since since
	since  Day // first day observed
	loc    *time.Location
	days   []Day // scratch of Days
}

// Record is one event of a history. A plain value: safe for concurrent reads.
type Record struct {
	Time     time.Time // when it happened, in the location of the log
	Day      Day       // the local day of Time
	Arrived  time.Time // when the data had it, not before Time
	Kind     string    // never empty
	Amount   int64     // minor units, not negative
	Channel  string    // empty: not known
	Category string    // empty: not known
}

// Len returns the number of events.
func (h *History) Len() int { return len(h.unix) }

// Cutoff returns the day of the cut-off, the first that is not seen.
func (h *History) Cutoff() Day { return h.cutoff }

// Since returns the first day that is seen: the begin of the log, or of the plan's window
// where that is later. Of a log that begins with its first event it is the day of that event,
// though it may have arrived later.
func (h *History) Since() Day {
	if h.window == 0 || int64(h.cutoff)-int64(h.since) <= int64(h.window) {
		return h.since
	}
	return h.cutoff - Day(h.window)
}

// At returns event i, from 0 for the oldest. It panics if i is out of range.
func (h *History) At(i int) Record { return h.record(i, h.loc) }

// All yields the events from the oldest on.
func (h *History) All() iter.Seq[Record] { return h.all(h.loc) }

// Days returns the days with an event of the kinds (none: [Purchase]), ascending and each once.
// The slice is valid until the next call of Days; it may be written to. Cost: O(events).
func (h *History) Days(kinds ...string) []Day {
	return h.daysIn(&h.days, kinds)
}

// Count returns the number of events of a kind (empty: [Purchase]) on the last days before the
// cut-off: 30 are those from the cut-off less 30 to the day before the cut-off. 0, or more days
// than are seen, is all that are seen. Cost: O(events on those days).
func (h *History) Count(kind string, days int) int {
	n := 0
	for range h.last(kind, days) {
		n++
	}
	return n
}

// Sum returns the sum of the amounts of a kind on the last days before the cut-off, in minor
// units; kind and days are as in Count. It does not overflow. Cost: O(events on those days).
func (h *History) Sum(kind string, days int) int64 {
	sum := int64(0)
	for i := range h.last(kind, days) {
		sum += h.amount[i]
	}
	return sum
}

// Last returns the latest event of a kind (empty: [Purchase]), or false where there is none.
// Cost: O(events since then).
func (h *History) Last(kind string) (Record, bool) {
	for i := range h.last(kind, 0) {
		return h.At(i), true
	}
	return Record{}, false
}

// last yields the indexes of the events of a kind on the last days, from the latest on.
func (h *History) last(kind string, days int) iter.Seq[int] {
	return func(yield func(int) bool) {
		code, ok := slices.BinarySearch(h.kinds, cmp.Or(kind, Purchase))
		from := h.Since()
		if days > 0 && int64(days) < int64(h.cutoff)-int64(from) {
			from = h.cutoff - Day(days)
		}
		for i := len(h.day) - 1; ok && i >= 0 && Day(h.day[i]) >= from; i-- {
			if int(h.kind[i]) == code && !yield(i) {
				return
			}
		}
	}
}

// Future is what came after a cut-off, up to the end of the horizon: what labels look at and
// features never see. It is valid until the call returns that was handed it. Not safe for
// concurrent use.
type Future struct {
	events     // of the customer, from the cut-off to the end of the horizon, arrived by then or not
	start  Day // first day of the horizon: cut-off + gap
	end    Day // the day after the last of the horizon
	loc    *time.Location
	days   []Day  // scratch of Days
	before events // all of the window that had happened, where some had not arrived; else empty
}

// Len returns the number of events from the cut-off to the end of the horizon, those in
// the gap included.
func (f *Future) Len() int { return len(f.unix) }

// Since returns the first day of the horizon, the cut-off plus the gap.
func (f *Future) Since() Day { return f.start }

// Until returns the day after the last of the horizon.
func (f *Future) Until() Day { return f.end }

// At returns event i, from 0 for the oldest. It panics if i is out of range.
func (f *Future) At(i int) Record { return f.record(i, f.loc) }

// All yields the events from the oldest on.
func (f *Future) All() iter.Seq[Record] { return f.all(f.loc) }

// Days returns the days with an event of the kinds (none: [Purchase]), ascending and each once,
// those in the gap included. The slice is valid until the next call of Days; it may be
// written to. Cost: O(events).
func (f *Future) Days(kinds ...string) []Day {
	return f.daysIn(&f.days, kinds)
}
