package profile

import (
	"cmp"
	"strings"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
)

// edge is the summary of First and Last. Events of several atoms may have one id and one
// time: then the lesser value is first.
type edge struct {
	events int64
	time   int64
	id     string
	value  customer.Value
}

func (s *edge) add(a *aggregation, o *occurrence) {
	s.merge(a, &edge{1, o.time, o.id, o.value})
}

func (s *edge) merge(a *aggregation, t *edge) {
	switch {
	case t.events == 0:
		return
	case s.events == 0:
		*s = *t
		return
	}
	events := s.events + t.events
	if after := s.after(t); after && a.Of == First || !after && a.Of == Last {
		*s = *t
	}
	s.events = events
}

func (s *edge) reset() { *s = edge{} }

func (s *edge) after(t *edge) bool {
	if s.time != t.time {
		return s.time > t.time
	}
	return cmp.Or(strings.Compare(s.id, t.id), compareValues(s.value, t.value)) > 0
}

func (s *edge) result(*aggregation) result { return result{value: s.value, events: s.events} }

func (s *edge) encode(_ *aggregation, w *wire.Writer) {
	w.Uint(uint64(s.events))
	if s.events > 0 {
		w.Int(s.time)
		w.Bytes([]byte(s.id))
		writeValue(w, s.value)
	}
}

func (s *edge) decode(a *aggregation, r *wire.Reader) int64 {
	if s.events = readEvents(r); s.events > 0 {
		s.time = r.Int()
		s.id = string(r.Bytes())
		s.value = readOf(a, r)
	}
	return s.events
}

// readOf reads a value of the kind that is aggregated.
func readOf(a *aggregation, r *wire.Reader) customer.Value {
	v := readValue(r)
	if v.Kind() != a.kind {
		fault(r)
	}
	return v
}

// extreme is the summary of Min and Max.
type extreme struct {
	events int64
	value  customer.Value
}

func (s *extreme) add(a *aggregation, o *occurrence) { s.merge(a, &extreme{1, o.value}) }

func (s *extreme) merge(a *aggregation, t *extreme) {
	switch {
	case t.events == 0:
		return
	case s.events == 0:
		s.value = t.value
	default:
		if order := compareValues(t.value, s.value); order < 0 && a.Of == Min || order > 0 && a.Of == Max {
			s.value = t.value
		}
	}
	s.events += t.events
}

func (s *extreme) reset() { *s = extreme{} }

func (s *extreme) result(*aggregation) result { return result{value: s.value, events: s.events} }

func (s *extreme) encode(_ *aggregation, w *wire.Writer) {
	w.Uint(uint64(s.events))
	if s.events > 0 {
		writeValue(w, s.value)
	}
}

func (s *extreme) decode(a *aggregation, r *wire.Reader) int64 {
	if s.events = readEvents(r); s.events > 0 {
		s.value = readOf(a, r)
	}
	return s.events
}
