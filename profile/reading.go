package profile

import (
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

// A reading says what a computed trait takes from the events of a type.
type reading struct {
	computed int32
	field    int32 // number of a field of the event, or one of those below
	by       int32 // of Pair.By; none if there is no pair
	ends     bool  // it is one of Pair.Until
	where    []boundCondition
	bands    []Band
}

const (
	none      int32 = -1 - iota
	atTime          // @time
	atSource        // @source
	atChannel       // @channel
	atEvent         // @event
)

// ats are the names that stand for what every event has.
var ats = map[string]int32{"@time": atTime, "@source": atSource, "@channel": atChannel, "@event": atEvent}

// A boundCondition is a condition on the events of a type.
type boundCondition struct {
	field int32 // as in reading; none where the event has no such field: never met
	*demand
}

// A demand is what a condition asks of a value.
type demand struct {
	in, notIn      values
	anyOf          bool // there is an In
	atLeast, below customer.Value
}

func (c *demand) met(v customer.Value) bool {
	return !v.IsUnset() && (!c.anyOf || c.in.has(v)) && !c.notIn.has(v) &&
		(c.atLeast.IsUnset() || compareValues(v, c.atLeast) >= 0) && (c.below.IsUnset() || compareValues(v, c.below) < 0)
}

// An occurrence is what a computed trait sees of an event.
type occurrence struct {
	id    string
	time  int64          // unix microseconds
	day   civil.Day      // of time, in the schema's location
	value customer.Value // of Computed.Field, or the name of its Band; unset where there is no Field
	by    customer.Value // of Pair.By
	ends  bool           // of a pair, it is an answer
}

// A reader is the room that reading events takes, used again: an occurrence that a function
// value is given lies on the heap. Not safe for concurrent use.
type reader struct {
	cal civil.Calendar
	occurrence
}

func (b *bound) reader() *reader { return &reader{cal: civil.NewCalendar(b.loc)} }

// read calls f for each computed trait that the event e counts for, in the order of the
// schema. What f is given is the same each time, and not to be kept. An event in which Field or Pair.By
// is missing, or Field is in no Band, does not count; nor do those of a type or a source
// that is not in the schema.
func (b *bound) read(e *entry, room *reader, f func(computed int, o *occurrence)) {
	event, source := b.role(e.event), b.role(e.source)
	if event.what != anEvent || source.what != aSource || len(b.readings[event.index]) == 0 {
		return
	}
	var unset, when, in customer.Value
	get := func(field int32) *customer.Value {
		switch field {
		case none:
			return &unset
		case atTime:
			when = customer.TimeValue(time.UnixMicro(e.time))
			return &when
		case atSource:
			return &b.sourceValues[source.index]
		case atChannel:
			return &b.channelValues[source.index]
		case atEvent:
			return &b.eventValues[event.index]
		}
		for i := range e.values {
			if e.values[i].number == uint32(field) {
				return &e.values[i].value
			}
		}
		return &unset
	}
	o, dated := &room.occurrence, false
readings:
	for i := range b.readings[event.index] {
		r := &b.readings[event.index][i]
		for j := range r.where {
			if !r.where[j].met(*get(r.where[j].field)) {
				continue readings
			}
		}
		value, by := &unset, &unset
		if r.field != none {
			if value = get(r.field); r.bands != nil {
				in = band(r.bands, *value)
				value = &in
			}
			if value.IsUnset() {
				continue
			}
		}
		if r.by != none {
			if by = get(r.by); by.IsUnset() {
				continue
			}
		}
		if !dated {
			dated = true
			o.id, o.time, o.day = e.id, e.time, room.day(e.time)
		}
		o.value, o.by, o.ends = *value, *by, r.ends
		f(int(r.computed), o)
	}
}

// day is the local day of a time.
func (r *reader) day(micros int64) civil.Day {
	seconds := micros / 1e6
	if micros%1e6 < 0 {
		seconds--
	}
	return r.cal.Day(seconds)
}

// band returns the name of the first band that ends beyond v, unset if none does.
func band(bands []Band, v customer.Value) customer.Value {
	if v.IsUnset() {
		return v
	}
	for i := range bands {
		if below := bands[i].Below; below.IsUnset() || compareValues(v, below) < 0 {
			return customer.TextValue(bands[i].Name)
		}
	}
	return customer.Value{}
}

// bindComputed makes a computed trait ready and adds the readings of it.
func (b *bound) bindComputed(i int) {
	c := &b.Computed[i]
	kind := b.aggregatedKind(c)
	b.computed = append(b.computed, &aggregation{Computed: c, kind: kind, loc: b.loc, retention: b.Retention})
	demands := make([]*demand, len(c.Where))
	for j := range c.Where {
		demands[j] = b.bindDemand(c, &c.Where[j])
	}
	for _, name := range c.Events {
		e := b.role(b.event(name)).index
		r := reading{computed: int32(i), field: none, by: none}
		if c.Field != "" {
			r.field, kind = b.bindField(e, c.Field)
		}
		if c.Pair != nil {
			r.by, _ = b.bindField(e, c.Pair.By)
		}
		for j := range c.Where {
			field, _ := b.bindField(e, c.Where[j].Field)
			r.where = append(r.where, boundCondition{field, demands[j]})
		}
		if len(c.Bands) > 0 {
			r.bands = slices.Clone(c.Bands)
			for j := range r.bands {
				r.bands[j].Below = coerce(r.bands[j].Below, kind)
			}
		}
		b.readings[e] = append(b.readings[e], r)
	}
	if c.Pair == nil {
		return
	}
	for _, name := range c.Pair.Until {
		e := b.role(b.event(name)).index
		by, _ := b.bindField(e, c.Pair.By)
		b.readings[e] = append(b.readings[e], reading{computed: int32(i), field: none, by: by, ends: true})
	}
}

// bindDemand makes ready what a condition asks, of the one kind that the field has in all
// events that have it.
func (b *bound) bindDemand(c *Computed, w *Condition) *demand {
	kind := customer.KindUnset
	for i := 0; i < len(c.Events) && kind == customer.KindUnset; i++ {
		_, kind = b.bindField(b.role(b.event(c.Events[i])).index, w.Field)
	}
	of := kind
	if kind == customer.KindLabels {
		of = customer.KindText
	}
	return &demand{
		in: bindValues(w.In, of), notIn: bindValues(w.NotIn, of), anyOf: len(w.In) > 0,
		atLeast: coerce(w.AtLeast, kind), below: coerce(w.Below, kind),
	}
}

// bindField returns what a name stands for in the events with an index, and its kind.
func (b *bound) bindField(event int32, name string) (int32, customer.Kind) {
	if at, ok := ats[name]; ok {
		return at, atKind(name)
	}
	number := b.fields[event][name]
	if number == 0 {
		return none, customer.KindUnset
	}
	return int32(number), b.Events[event].Fields[b.roles[number].field].Kind
}

// append appends the fields that a reading reads.
func (r *reading) append(to []uint32) []uint32 {
	to = append(to, uint32(r.field), uint32(r.by))
	for i := range r.where {
		to = append(to, uint32(r.where[i].field))
	}
	return to
}
