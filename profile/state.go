package profile

import (
	"math"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
)

// An aggregation is a Computed made ready: its state can be made, merged and asked.
type aggregation struct {
	*Computed
	kind customer.Kind // of what it aggregates; KindUnset where it is nothing
	loc  *time.Location
	// retention in days, 0 for ever: bounds every window.
	retention int
}

// A state is what a computed trait keeps of the events of an atom, or of several. It is a
// function of the set of occurrences, whatever their order and however they were merged.
// Entries of a window are dropped once they lie before the window of the latest.
// Not safe for concurrent use.
type state interface {
	// add takes an occurrence in. Whether one was added before is not known: the caller
	// adds each once.
	add(o *occurrence)
	// merge takes in all of another state of the same aggregation, which is not changed and
	// of which nothing is kept.
	merge(s state)
	// result is the value at a time not before that of any occurrence.
	result(at asOf) result
	// next is the earliest instant after at, in unix microseconds, at which the result can
	// differ though nothing is added, or never. It may be too early but not too late.
	next(at asOf) int64
	encode(w *wire.Writer)
	// decode reads what encode wrote into a fresh state.
	decode(r *wire.Reader)
	// reset makes the state a fresh one, which keeps room that is not large.
	reset()
}

// emptied returns no elements, with the room of s unless that is large.
func emptied[E any](s []E) []E {
	if cap(s) > 1024 {
		return nil
	}
	clear(s)
	return s[:0]
}

// never is later than all times.
const never = int64(1<<63 - 1)

// asOf is a time of asking.
type asOf struct {
	micros int64
	day    civil.Day
}

// A result is what a computed trait is at a time.
type result struct {
	value  customer.Value
	items  []Item // of Top and Affinity
	events int64  // how many count; of a pair how many have begun
}

// fresh returns the state of no events.
func (a *aggregation) fresh() state {
	if a.Pair != nil {
		return freshPair(a)
	}
	switch a.Of {
	case Count:
		return freshOf[counter](a)
	case Sum, Average, Share:
		return freshOf[adder](a)
	case First, Last:
		return freshOf[edge](a)
	case Min, Max:
		return freshOf[extreme](a)
	case Distinct:
		return freshOf[distinct](a)
	case Top:
		return freshOf[top](a)
	case Quantile:
		return freshOf[quantile](a)
	case Lifecycle:
		return freshLifecycle(a)
	case Affinity:
		return freshAffinity(a)
	}
	panic("profile: state of an aggregate that is not valid")
}

// A summary is what an aggregate keeps of occurrences, whatever their time. The zero summary
// is that of none. It is a function of the multiset of occurrences.
type summary[S any] interface {
	*S
	add(a *aggregation, o *occurrence)
	merge(a *aggregation, s *S)
	result(a *aggregation) result
	encode(a *aggregation, w *wire.Writer)
	// decode reads what encode wrote into a zero summary and returns how many events it is of.
	decode(a *aggregation, r *wire.Reader) int64
	// reset makes the summary a zero one, which keeps room that is not large.
	reset()
}

// freshOf returns a state that has a summary of all time, or one of each part of a window.
func freshOf[S any, P summary[S]](a *aggregation) state {
	if a.Window == (Window{}) && a.retention == 0 {
		return &always[S, P]{a: a}
	}
	return &windowed[S, P]{a: a, span: a.span()}
}

// always is the state of an aggregate over all time.
type always[S any, P summary[S]] struct {
	a   *aggregation
	all S
}

func (s *always[S, P]) add(o *occurrence)     { P(&s.all).add(s.a, o) }
func (s *always[S, P]) merge(t state)         { P(&s.all).merge(s.a, &t.(*always[S, P]).all) }
func (s *always[S, P]) result(asOf) result    { return P(&s.all).result(s.a) }
func (s *always[S, P]) next(asOf) int64       { return never }
func (s *always[S, P]) encode(w *wire.Writer) { P(&s.all).encode(s.a, w) }
func (s *always[S, P]) decode(r *wire.Reader) { P(&s.all).decode(s.a, r) }
func (s *always[S, P]) reset()                { P(&s.all).reset() }

// readEvents reads how many events there are, which is below 2^62, so that few sums overflow.
func readEvents(r *wire.Reader) int64 {
	n := r.Uint()
	if n > math.MaxInt64/2 {
		fault(r)
		return 0
	}
	return int64(n)
}
