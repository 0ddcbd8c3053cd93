package churn

import (
	"errors"
	"fmt"
	"time"
)

// LogOptions say what a log holds. A plain value: safe for concurrent reads.
type LogOptions[K comparable] struct {
	// Location is the zone whose calendar counts. Mandatory.
	Location *time.Location
	// Until is the end of what is observed: all events before it are here. It is rounded
	// down to a local midnight, so that the last day is whole. Mandatory: the last event is
	// not the end of the observation, and who takes it for that calls everybody silent or
	// nobody. Later events are set aside and counted.
	Until time.Time
	// Since is the begin of what is observed, rounded up to a local midnight. Zero: the day
	// of the first event that is kept, or Until where there is none. Earlier events are set
	// aside and counted. From Since to Until are at most 2^20 days.
	Since time.Time
	// Compare orders the customers: negative, zero or positive, zero only if equal.
	// Mandatory: rows are in this order.
	Compare func(a, b K) int
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
	// Progress, where not nil, is called with the number of events read and the total, which
	// is -1 in NewLog, where it is not known; by one goroutine at a time.
	Progress func(done, total int64)
}

// Validate reports every fault at once, each wrapping [ErrOptions]. Nil options are a fault:
// Location, Until and Compare are mandatory.
func (o *LogOptions[K]) Validate() error {
	if o == nil {
		o = new(LogOptions[K])
	}
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrOptions}, args...)...))
	}
	if o.Location == nil {
		fault("LogOptions.Location is required")
	}
	if o.Until.IsZero() {
		fault("LogOptions.Until is required")
	}
	if o.Compare == nil {
		fault("LogOptions.Compare is required")
	}
	if o.Location == nil {
		return errors.Join(faults...)
	}
	const farthest = 1 << 30 // days from 1970, so that sums of days and lengths of a plan do not overflow
	for _, t := range []struct {
		field string
		time.Time
	}{{"Until", o.Until}, {"Since", o.Since}} {
		if d := DayOf(t.Time, o.Location); d > farthest || d < -farthest {
			fault("LogOptions.%s is more than %d days from 1970", t.field, farthest)
		}
	}
	if !o.Until.IsZero() && !o.Since.IsZero() {
		switch days := int64(DayOf(o.Until, o.Location)) - int64(o.since()); {
		case days < 0:
			fault("LogOptions.Until is before Since")
		case days > maxDays:
			fault("LogOptions.Until is more than %d days after Since", maxDays)
		}
	}
	return errors.Join(faults...)
}

// since returns the first day that begins at or after Since.
func (o *LogOptions[K]) since() Day {
	d := DayOf(o.Since, o.Location)
	if d.Start(o.Location).Before(o.Since) {
		d++
	}
	return d
}
