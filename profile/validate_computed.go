package profile

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
)

func (v *validation) computed(place string, c *Computed) {
	v.name(place+".name", c.Name)
	v.unique(place, c.Name)
	v.label(place+".label", c.Label)
	v.sensitivity(place, c.Sensitivity)
	if len(c.Events) == 0 {
		v.fault(place+".events", "there is none")
	}
	v.types(place+".events", c.Events)
	if v.where += len(c.Where) * len(c.Events); v.where > maxWhere {
		return
	}
	for i := range c.Where {
		v.condition(at(place+".where", i), c, &c.Where[i])
	}
	if c.Of.String() == "invalid" {
		v.fault(place+".of", "is missing, or there is no such")
		return
	}
	if c.Pair != nil {
		v.pair(place, c)
	} else {
		v.aggregated(place, c)
	}
	v.window(place, c)
	v.parameters(place, c)
	v.shown(place, c)
}

// shown finds a computed trait that anybody may see who may not see the values it shows.
func (v *validation) shown(place string, c *Computed) {
	switch c.Of {
	case First, Last, Min, Max, Top, Affinity:
	default:
		return
	}
	strictest := Public
	for _, name := range c.Events {
		if f := v.fields[name][c.Field]; f != nil {
			strictest = max(strictest, f.Sensitivity)
		}
	}
	if c.Sensitivity < strictest && strictest <= Sensitive {
		v.fault(place+".sensitivity", "is %v, but %v shows values of field %q, which is %v", c.Sensitivity, c.Of, c.Field, strictest)
	}
}

// types finds names of events that the schema does not have.
func (v *validation) types(place string, events []string) {
	for i, name := range events {
		if v.fields[name] == nil {
			v.fault(at(place, i), "%q is not one of the schema's", name)
		}
	}
	once(v, place, events, itself)
}

// kindOf returns the kind of a field of an event, KindUnset if there is none.
func (v *validation) kindOf(event, field string) customer.Kind {
	if f := v.fields[event][field]; f != nil {
		return f.Kind
	}
	return customer.KindUnset
}

// shared returns the kind of a field that all the events have. ok is false, and the faults
// are noted, if they do not.
func (v *validation) shared(place, field string, events []string) (kind customer.Kind, ok bool) {
	ok = len(events) > 0
	for _, name := range events {
		if v.fields[name] == nil {
			ok = false
			continue // a fault of its own
		}
		k := v.kindOf(name, field)
		switch {
		case k == customer.KindUnset:
			v.fault(place, "event %q has no field %q", name, field)
			ok = false
		case kind == customer.KindUnset:
			kind = k
		case k != kind:
			v.fault(place, "field %q is of kind %v in event %q, and of %v in another", field, k, name, kind)
			ok = false
		}
	}
	return kind, ok && kind <= customer.KindLabels
}

// aggregated finds faults of what is aggregated, where there is no Pair.
func (v *validation) aggregated(place string, c *Computed) {
	switch {
	case c.Of == Count || c.Of == Lifecycle:
		if c.Field != "" {
			v.fault(place+".field", "is not for %v, which looks at events as such", c.Of)
		}
		v.bands(place, c, customer.KindUnset)
		return
	case c.Field == "":
		v.fault(place+".field", "is missing")
		return
	}
	kind, ok := customer.KindUnset, true
	if ats[c.Field] != 0 {
		kind = atKind(c.Field)
	} else {
		kind, ok = v.shared(place+".field", c.Field, c.Events)
	}
	if !ok {
		return
	}
	v.bands(place, c, kind)
	switch {
	case len(c.Bands) > 0: // it is their names then
	case (c.Of == Sum || c.Of == Average) && kind == customer.KindFloat64:
		v.fault(place+".field", "sums of float64 depend on the order of adding: declare the field as decimal or int64")
	case (c.Of == Top || c.Of == Affinity) && isNumber(kind):
		v.fault(place+".field", "%v is not for %v: divide it into bands", c.Of, kind)
	case !c.Of.takes(kind):
		v.fault(place+".field", "%v is not for %v", c.Of, kind)
	}
}

// takes tells whether an aggregate is for fields of a kind.
func (a Aggregate) takes(k customer.Kind) bool {
	switch a {
	case Sum:
		return k == customer.KindInt64 || k == customer.KindDecimal
	case Average:
		return k == customer.KindInt64 || k == customer.KindDecimal || k == customer.KindBool
	case Min, Max:
		return isOrdered(k) || k == customer.KindText
	case Quantile:
		return isNumber(k)
	case Share:
		return k == customer.KindBool
	case Top, Affinity:
		return isTextual(k)
	}
	return true // First, Last, Distinct
}

func (v *validation) bands(place string, c *Computed, kind customer.Kind) {
	if len(c.Bands) == 0 {
		return
	}
	place += ".bands"
	if c.Of != Distinct && c.Of != Top && c.Of != Affinity {
		v.fault(place, "are not for %v", c.Of)
		return
	}
	if !isNumber(kind) {
		v.fault(place, "are not for %v", kind)
		return
	}
	var before customer.Value
	for i, b := range c.Bands {
		v.name(at(place, i)+".name", b.Name)
		switch below := at(place, i) + ".below"; {
		case b.Below.IsUnset() && i == len(c.Bands)-1:
		case b.Below.IsUnset():
			v.fault(below, "is missing in other than the last")
		case v.value(below, b.Below, kind):
			end := coerce(b.Below, kind)
			if !before.IsUnset() && compareValues(before, end) >= 0 {
				v.fault(below, "is not above that of the band before")
			}
			before = end
		}
	}
	once(v, place, c.Bands, func(b *Band) string { return b.Name })
}

func (v *validation) pair(place string, c *Computed) {
	switch c.Of {
	case Count, Average, Min, Max, Quantile, Share:
	default:
		v.fault(place+".pair", "is not for %v", c.Of)
	}
	if c.Field != "" {
		v.fault(place+".field", "is not for a pair, of which the time between is aggregated")
	}
	if len(c.Bands) > 0 {
		v.fault(place+".bands", "are not for a pair")
	}
	until := place + ".pair.until"
	if len(c.Pair.Until) == 0 {
		v.fault(until, "there is none")
	}
	v.types(until, c.Pair.Until)
	begin := make(map[string]bool, len(c.Events))
	for _, name := range c.Events {
		begin[name] = true
	}
	for i, name := range c.Pair.Until {
		if begin[name] {
			v.fault(at(until, i), "%q is one of the events that begin", name)
		}
	}
	if c.Pair.By == "" {
		v.fault(place+".pair.by", "is missing")
		return
	}
	v.shared(place+".pair.by", c.Pair.By, slices.Concat(c.Events, c.Pair.Until))
}

func (v *validation) condition(place string, c *Computed, w *Condition) {
	kind := customer.KindUnset
	switch {
	case w.Field == "":
		v.fault(place+".field", "is missing")
		return
	case w.Field == "@time":
		v.fault(place+".field", "@time is not for conditions: use a window")
		return
	case ats[w.Field] != 0:
		kind = atKind(w.Field)
	default:
		for _, name := range c.Events {
			k := v.kindOf(name, w.Field)
			if kind != customer.KindUnset && k != customer.KindUnset && k != kind {
				v.fault(place+".field", "%q is of kind %v in event %q, and of %v in another", w.Field, k, name, kind)
				return
			}
			kind = max(kind, k)
		}
	}
	if kind == customer.KindUnset || kind > customer.KindLabels {
		v.fault(place+".field", "none of the events has %q", w.Field)
		return
	}
	if len(w.In)+len(w.NotIn) == 0 && w.AtLeast.IsUnset() && w.Below.IsUnset() {
		v.fault(place, "asks for nothing")
	}
	of := kind
	if kind == customer.KindLabels {
		of = customer.KindText // each of them
	}
	for i, value := range w.In {
		v.value(at(place+".in", i), value, of)
	}
	for i, value := range w.NotIn {
		v.value(at(place+".not_in", i), value, of)
	}
	v.bounds(place, "at_least", "below", w.AtLeast, w.Below, kind, false)
}

func (v *validation) window(place string, c *Computed) {
	w := c.Window
	if w == (Window{}) {
		return
	}
	place += ".window"
	v.between(place+".days", w.Days, maxDays)
	v.between(place+".hours", w.Hours, maxHours)
	if w.Days != 0 && w.Hours != 0 {
		v.fault(place, "has days and hours")
	}
	if c.Of == Affinity || c.Of == Lifecycle {
		v.fault(place, "is not for %v", c.Of)
	}
}

// parameters finds faults of what only some aggregates have.
func (v *validation) parameters(place string, c *Computed) {
	only := func(name string, set bool, of ...Aggregate) bool {
		if set && !slices.Contains(of, c.Of) {
			v.fault(place+"."+name, "is not for %v", c.Of)
			return false
		}
		return set
	}
	if only("limit", c.Limit != 0, Top, Affinity) {
		v.between(place+".limit", c.Limit, maxLimit)
	}
	if c.Of == Quantile && !(c.Quantile > 0 && c.Quantile < 1) {
		v.fault(place+".quantile", "is not between 0 and 1")
	}
	only("quantile", c.Quantile != 0, Quantile)
	if only("stages", len(c.Stages) > 0, Lifecycle) {
		v.stages(place+".stages", c.Stages)
	}
	if only("taste", c.Taste != nil, Affinity) {
		v.taste(place+".taste", c)
	}
}

func (v *validation) stages(place string, stages []Stage) {
	for i, s := range stages {
		v.name(at(place, i)+".name", s.Name)
		v.between(at(place, i)+".first", s.First, maxDays)
		v.between(at(place, i)+".last", s.Last, maxDays)
		if s.First == 0 && s.Last == 0 && i < len(stages)-1 {
			v.fault(at(place, i), "fits always, so that none after it can")
		}
	}
	once(v, place, stages, func(s *Stage) string { return s.Name })
}

func (v *validation) taste(place string, c *Computed) {
	t := c.Taste
	v.between(place+".half_life", t.HalfLife, maxDays)
	if !(math.Abs(t.Strength) <= math.MaxFloat64) {
		v.fault(place+".strength", "is not finite")
	}
	if !(t.Least >= 0 && t.Least <= 1) {
		v.fault(place+".least", "is not between 0 and 1")
	}
	sum := 0.0
	for i, value := range slices.Sorted(maps.Keys(t.Prior)) {
		share := t.Prior[value]
		place := fmt.Sprintf("%s.prior (value %d in order)", place, i)
		if value == "" || !utf8.ValidString(value) {
			v.fault(place, "is empty or not UTF-8")
		}
		if !(share >= 0 && share <= 1) {
			v.fault(place, "is not between 0 and 1")
			return
		}
		sum += share
	}
	several := slices.ContainsFunc(c.Events, func(name string) bool { // an event has one value, or labels
		return v.kindOf(name, c.Field) == customer.KindLabels
	})
	if sum > 1+1e-9 && !several {
		v.fault(place+".prior", "shares are more than 1 in all")
	}
}
