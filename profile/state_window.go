package profile

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
)

// windowed is the state of an aggregate over a window, or of all that is retained: a
// summary for each local day or, where the window is of hours, for each instant.
type windowed[S any, P summary[S]] struct {
	a    *aggregation
	span span
	// parts ascend, each time once and in the window of the latest, up to settled.
	parts   []part[S]
	settled int
	latest  asOf // of a part
	all     S    // of the parts that were asked for
}

type part[S any] struct {
	// at is the day, or the instant in unix microseconds.
	at int64
	// day is that of at; 0 where the window is of hours and nothing else bounds it.
	day     civil.Day
	summary S
}

// dayMicros is how long a day is in UTC.
const dayMicros = int64(24 * time.Hour / time.Microsecond)

// A span is how far back events count: in days, in microseconds, or both. 0 is no bound.
type span struct {
	days   int
	micros int64
}

func (a *aggregation) span() span {
	if a.Window.Hours > 0 {
		return span{a.retention, int64(a.Window.Hours) * time.Hour.Microseconds()}
	}
	if a.Window.Days > 0 && a.retention > 0 {
		return span{days: min(a.Window.Days, a.retention)}
	}
	return span{days: max(a.Window.Days, a.retention)}
}

// holds tells whether what was at a time counts at another that is not earlier. Where there
// are no hours only days are looked at.
func (s span) holds(micros int64, day civil.Day, at asOf) bool {
	return (s.days == 0 || int(at.day)-int(day) < s.days) && (s.micros == 0 || at.micros-micros < s.micros)
}

// ends returns when what was at a time counts no more.
func (s span) ends(micros int64, day civil.Day, loc *time.Location) int64 {
	end := never
	if s.days > 0 {
		end = midnight(day+civil.Day(s.days), loc)
	}
	if s.micros > 0 {
		end = min(end, micros+s.micros)
	}
	return end
}

// time is that of a part, as the span of its state looks at it.
func (p *part[S]) time() asOf { return asOf{p.at, p.day} }

func (s *windowed[S, P]) add(o *occurrence) {
	at, day := o.time, o.day
	switch {
	case s.span.micros == 0:
		at = int64(day)
	case s.span.days == 0:
		day = 0
	}
	if p := s.place(asOf{at, day}); p != nil {
		p.add(s.a, o)
	}
}

// few is how many elements a state keeps in order from one to the next. Beyond that what is
// out of order waits until it is more than twice what is in order, so that no order of
// adding costs much more than another.
const few = 64

// place returns the summary of a time, nil if that lies before the window of the latest.
func (s *windowed[S, P]) place(at asOf) P {
	if len(s.parts) > 2*s.settled+few {
		s.settle()
	}
	n := len(s.parts)
	inOrder := s.settled == n
	switch {
	case n == 0:
		s.parts, s.latest = slices.Grow(s.parts, 4), at
	case s.parts[n-1].at == at.micros:
		return &s.parts[n-1].summary
	case at.micros > s.latest.micros:
		s.latest = at
	default:
		if !s.span.holds(at.micros, at.day, s.latest) {
			return nil
		}
		i, found := slices.BinarySearchFunc(s.parts[:s.settled], at.micros, func(p part[S], at int64) int { return cmp.Compare(p.at, at) })
		if !found && inOrder && n < few {
			s.parts = slices.Insert(s.parts, i, part[S]{at: at.micros, day: at.day})
			s.settled++
			found = true
		}
		if found {
			return &s.parts[i].summary
		}
		inOrder = false
	}
	s.parts = append(s.parts, part[S]{at: at.micros, day: at.day})
	if inOrder {
		s.drop()
	}
	return &s.parts[len(s.parts)-1].summary
}

// settle brings the parts in order, each time once, and leaves those in the window.
func (s *windowed[S, P]) settle() {
	if s.settled == len(s.parts) {
		return
	}
	slices.SortFunc(s.parts, func(x, y part[S]) int { return cmp.Compare(x.at, y.at) })
	n := 0 // parts that are done
	for i := range s.parts {
		if n > 0 && s.parts[n-1].at == s.parts[i].at {
			P(&s.parts[n-1].summary).merge(s.a, &s.parts[i].summary)
			continue
		}
		s.parts[n] = s.parts[i]
		n++
	}
	clear(s.parts[n:])
	s.parts = s.parts[:n]
	s.drop()
}

// drop leaves the parts in the window of the latest. They are in order.
func (s *windowed[S, P]) drop() {
	from := s.from(s.latest)
	if len(s.parts) <= few { // they are moved, to keep the room
		s.parts = slices.Delete(s.parts, 0, from)
	} else {
		clear(s.parts[:from])
		s.parts = s.parts[from:]
	}
	s.settled = len(s.parts)
}

// from is the index of the first part in the window of a time.
func (s *windowed[S, P]) from(at asOf) int {
	for i := range s.parts {
		if p := &s.parts[i]; s.span.holds(p.at, p.day, at) {
			return i
		}
	}
	return len(s.parts)
}

func (s *windowed[S, P]) merge(t state) {
	others := t.(*windowed[S, P]).parts
	for i := range others {
		if p := s.place(others[i].time()); p != nil {
			p.merge(s.a, &others[i].summary)
		}
	}
}

func (s *windowed[S, P]) reset() {
	P(&s.all).reset()
	*s = windowed[S, P]{a: s.a, span: s.span, parts: emptied(s.parts), all: s.all}
}

func (s *windowed[S, P]) result(at asOf) result {
	s.settle()
	parts := s.parts[s.from(at):]
	if len(parts) == 1 {
		return P(&parts[0].summary).result(s.a)
	}
	P(&s.all).reset()
	for i := range parts {
		P(&s.all).merge(s.a, &parts[i].summary)
	}
	return P(&s.all).result(s.a)
}

func (s *windowed[S, P]) next(at asOf) int64 {
	s.settle()
	i := s.from(at)
	if i == len(s.parts) {
		return never
	}
	return s.span.ends(s.parts[i].at, s.parts[i].day, s.a.loc)
}

// encode writes of each part how far it is from the one before, its day in the same way
// where it is kept beside the instant, and the summary.
func (s *windowed[S, P]) encode(w *wire.Writer) {
	s.settle()
	w.List(len(s.parts))
	before := asOf{}
	for i := range s.parts {
		p := &s.parts[i]
		w.Int(p.at - before.micros)
		if s.span.micros > 0 && s.span.days > 0 {
			w.Int(int64(p.day - before.day))
		}
		P(&p.summary).encode(s.a, w)
		before = p.time()
	}
}

func (s *windowed[S, P]) decode(r *wire.Reader) {
	n := r.List()
	s.parts = make([]part[S], 0, min(n, 1024))
	at, day := int64(0), int64(0)
	for i := range n {
		step, days := r.Int(), int64(0)
		if s.span.micros > 0 && s.span.days > 0 {
			days = r.Int()
		}
		at += step
		day += days
		least, most := int64(firstDay)*dayMicros, int64(lastDay)*dayMicros
		if s.span.micros == 0 {
			least, most, day = int64(firstDay), int64(lastDay), at
		}
		if i > 0 && (step <= 0 || days < 0) || at < least || at > most || step > math.MaxInt64/2 || day < int64(firstDay) || day > int64(lastDay) {
			fault(r)
			break
		}
		p := part[S]{at: at, day: civil.Day(day)}
		if P(&p.summary).decode(s.a, r) == 0 {
			fault(r)
			break
		}
		s.parts, s.latest = append(s.parts, p), p.time()
	}
	s.drop()
	if len(s.parts) != n {
		fault(r)
	}
}
