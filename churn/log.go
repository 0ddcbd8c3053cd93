package churn

import (
	"context"
	"iter"
	"time"

	"github.com/clientele-go/clientele/table"
)

// Log is events in memory: those of a customer together and in the order of time. Safe
// for concurrent use.
type Log[K comparable] struct {
	location *time.Location
	compare  func(a, b K) int
	since    Day     // first day
	until    Day     // the day after the last
	starts   []int64 // unix seconds of the first instant of each day from since to until, both included

	customers []K   // ascending
	first     []int // of each customer the index of the first event; one more at the end
	events    events
	report    LogReport
}

// LogReport says what became of every event offered. A plain value: safe for concurrent
// reads.
//
//	Events = Kept + NoCustomer + NoTime + Early + Late + Negative
//
// An event with several faults is counted under the first of them in that order.
type LogReport struct {
	Events     int64 `json:"events"`      // offered
	Kept       int64 `json:"kept"`        // in the log
	NoCustomer int64 `json:"no_customer"` // set aside: nobody's
	NoTime     int64 `json:"no_time"`     // set aside: zero time
	Early      int64 `json:"early"`       // set aside: before Since
	Late       int64 `json:"late"`        // set aside: at or after Until
	Negative   int64 `json:"negative"`    // set aside: negative amount
	// Delayed is the number of kept events that arrived on a later day than they happened.
	Delayed   int64 `json:"delayed"`
	Customers int   `json:"customers"` // with events in the log
}

// NewLog reads events in any order; the same events in another order give the same log. An event
// that is offered twice counts twice: two purchases at one second may well be two.
//
// Options that are not valid are an error that wraps [ErrOptions] and names every fault. Events
// that cannot be a log together are an error that wraps [ErrEvents]: of more than 256 kinds, or
// with amounts whose sum leaves the range of int64 (so that no sum over a history can). Faults of
// single events are counted in the report. No events at all are a valid log without customers.
//
// Cost: that of [NewLogColumns], and a copy of the events as columns while it works.
func NewLog[K comparable](ctx context.Context, all iter.Seq[Event[K]], opts *LogOptions[K]) (*Log[K], error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	c, err := columnsOf(ctx, all, opts.Progress)
	if err != nil {
		return nil, err
	}
	quiet := *opts
	quiet.Progress = nil
	return NewLogColumns(ctx, c, &quiet)
}

// NewLogColumns is [NewLog] over columns, the fastest way in; package profile has the events of
// its customers as such. They are read during the call only. A row without a kind is a [Purchase].
// Columns of different lengths, and indexes that are not of a name, are an error that wraps
// [ErrEvents] and says which row and column.
//
// Cost: O(events), some sorting within customers, on several goroutines. The log has 29 bytes an
// event, 37 where events arrive later than they happen; while it is made another 10.
func NewLogColumns[K comparable](ctx context.Context, c *table.Events[K], opts *LogOptions[K]) (*Log[K], error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if err := validateEvents(c); err != nil {
		return nil, err
	}
	return build(ctx, c, opts)
}

// Report says what became of the events offered.
func (l *Log[K]) Report() LogReport { return l.report }

// start returns the unix second at which a day begins, which is from since to until.
func (l *Log[K]) start(d Day) int64 { return l.starts[d-l.since] }

// Since returns the first day that is observed.
func (l *Log[K]) Since() Day { return l.since }

// Until returns the day after the last one that is observed.
func (l *Log[K]) Until() Day { return l.until }

// Location returns the zone whose calendar counts.
func (l *Log[K]) Location() *time.Location { return l.location }

// Customers returns the customers in order. The slice is not to be written to.
func (l *Log[K]) Customers() []K { return l.customers }
