package profile

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
)

const (
	maxName    = 64        // bytes
	maxText    = 1024      // bytes of what describes: labels for people, patterns
	maxDays    = 36_525    // 100 years
	maxHours   = 8_784     // 366 days
	maxData    = 512 << 10 // bytes of a schema as JSON
	maxLimit   = 1_000     // values of Top and Affinity
	maxWhere   = 1 << 20   // events by conditions
	maxSources = 1_000     // sources
)

// Validate returns every fault, each wrapping ErrSchema and beginning with where it is, as in
// JSON: traits[3].policy[1]. It returns nil if there is none. Whether custom functions are
// there is found by Open. Cost: O(size of the schema), and a look-up of the location.
func (s *Schema) Validate() error {
	if s == nil {
		return fmt.Errorf("%w: nil", ErrSchema)
	}
	v := &validation{s: s, taken: map[string]string{}, sourceNames: map[string]bool{}, fields: map[string]map[string]*Field{}}
	data, bad := s.data()
	if bad == nil && len(data) > maxData {
		v.fault("schema", "has more than %d bytes as JSON", maxData)
		return v.errs[0]
	}
	v.location()
	v.between("retention", s.Retention, maxDays)
	v.sources()
	v.events()
	for i := range s.Traits {
		v.trait(at("traits", i), &s.Traits[i])
	}
	for i := range s.Computed {
		v.computed(at("computed", i), &s.Computed[i])
	}
	if v.where > maxWhere {
		v.fault("computed", "events by conditions are more than %d in all", maxWhere)
	}
	if len(v.errs) == 0 && bad != nil {
		v.errs = append(v.errs, bad)
	}
	return errors.Join(v.errs...)
}

// location finds what is no zone, or not the same one on every machine.
func (v *validation) location() {
	name := v.s.Location
	first, _, _ := strings.Cut(name, "/")
	switch {
	case name == "":
		v.fault("location", "is missing")
	case slices.Contains([]string{"Local", "localtime", "posixrules", "Factory", "right", "posix"}, first), path.Clean(name) != name:
		v.fault("location", "is not the same everywhere: name a zone, such as Asia/Shanghai or UTC")
	default:
		if _, err := time.LoadLocation(name); err != nil {
			v.errs = append(v.errs, unknownZone(name))
		}
	}
}

// errZone says that this machine does not know a time zone, which another may.
var errZone = errors.New("is not a time zone known here")

func unknownZone(name string) error {
	return fmt.Errorf("%w: location: %.64q %w", ErrSchema, name, errZone)
}

// A validation collects faults.
type validation struct {
	s     *Schema
	errs  []error
	taken map[string]string // names of traits and computed traits, and where they are
	where int               // events by conditions
	// What there is by name: the sources, and of each event the fields.
	sourceNames map[string]bool
	fields      map[string]map[string]*Field
}

func (v *validation) fault(place, format string, args ...any) {
	v.errs = append(v.errs, fmt.Errorf("%w: %s: %s", ErrSchema, place, fmt.Sprintf(format, args...)))
}

// at is the place of an element of a list.
func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// name finds faults of a name.
func (v *validation) name(place, name string) {
	switch {
	case name == "":
		v.fault(place, "is missing")
	case len(name) > maxName:
		v.fault(place, "has more than %d bytes", maxName)
	case !utf8.ValidString(name):
		v.fault(place, "is not UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl):
		v.fault(place, "has control characters")
	}
}

// label finds faults of what describes something to people.
func (v *validation) label(place string, t customer.Text) {
	v.text(place+".en", t.EN)
	v.text(place+".zh", t.ZH)
}

func (v *validation) text(place, s string) {
	if len(s) > maxText {
		v.fault(place, "has more than %d bytes", maxText)
	}
	if !utf8.ValidString(s) {
		v.fault(place, "is not UTF-8")
	}
}

// between finds a number that is negative or above the most.
func (v *validation) between(place string, n, most int) {
	if n < 0 || n > most {
		v.fault(place, "is not between 0 and %d", most)
	}
}

func (v *validation) sensitivity(place string, s Sensitivity) {
	if s > Sensitive {
		v.fault(place+".sensitivity", "there is no such")
	}
}

// once finds names that a list has twice.
func once[T any](v *validation, list string, elements []T, name func(*T) string) {
	seen := make(map[string]int, len(elements))
	for i := range elements {
		n := name(&elements[i])
		if first, ok := seen[n]; ok {
			v.fault(at(list, i), "is %s again", at(list, first))
		} else {
			seen[n] = i
		}
	}
}

func itself(s *string) string { return *s }

func (v *validation) sources() {
	if len(v.s.Sources) == 0 {
		v.fault("sources", "there is none")
	}
	if len(v.s.Sources) > maxSources {
		v.fault("sources", "are more than %d", maxSources)
	}
	for i, source := range v.s.Sources {
		v.sourceNames[source.Name] = true
		v.name(at("sources", i)+".name", source.Name)
		if source.Channel != "" {
			v.name(at("sources", i)+".channel", source.Channel)
		}
	}
	once(v, "sources", v.s.Sources, func(s *Source) string { return s.Name })
}

func (v *validation) events() {
	for i := range v.s.Events {
		e, place := &v.s.Events[i], at("events", i)
		fields := make(map[string]*Field, len(e.Fields))
		if v.fields[e.Name] == nil {
			v.fields[e.Name] = fields
		}
		v.name(place+".name", e.Name)
		v.label(place+".label", e.Label)
		for j := range e.Fields {
			f, place := &e.Fields[j], at(place+".fields", j)
			fields[f.Name] = f
			v.name(place+".name", f.Name)
			if strings.HasPrefix(f.Name, "@") {
				v.fault(place+".name", "begins with @")
			}
			v.sensitivity(place, f.Sensitivity)
			v.kind(place, f.Kind)
			v.check(place+".check", &f.Check, f.Kind)
		}
		once(v, place+".fields", e.Fields, func(f *Field) string { return f.Name })
	}
	once(v, "events", v.s.Events, func(e *Event) string { return e.Name })
}

func (v *validation) kind(place string, k customer.Kind) {
	if k == customer.KindUnset || k > customer.KindLabels {
		v.fault(place+".kind", "is missing, or there is no such")
	}
}

// unique finds a name that a trait or computed trait has already.
func (v *validation) unique(place, name string) {
	if first, ok := v.taken[name]; ok {
		v.fault(place+".name", "is that of %s", first)
		return
	}
	v.taken[name] = place
	if name == "customer" {
		v.fault(place+".name", "is that of the column of ids in exports")
	}
}

func (v *validation) trait(place string, t *Trait) {
	v.name(place+".name", t.Name)
	v.unique(place, t.Name)
	v.label(place+".label", t.Label)
	v.sensitivity(place, t.Sensitivity)
	v.kind(place, t.Kind)
	v.check(place+".check", &t.Check, t.Kind)
	v.between(place+".refresh", t.Refresh, maxDays)
	for i, name := range t.Sources {
		if !v.sourceNames[name] {
			v.fault(at(place+".sources", i), "%q is not one of the schema's", name)
		}
	}
	once(v, place+".sources", t.Sources, itself)
	v.policy(place, t)
}

func (v *validation) policy(place string, t *Trait) {
	if len(t.Policy) > len(rules) {
		v.fault(place+".policy", "has more rules than there are")
		return
	}
	for i, r := range t.Policy {
		place := at(place+".policy", i)
		if r.String() == "invalid" {
			v.fault(place, "there is no such rule")
			continue
		}
		if slices.Contains(t.Policy[:i], r) {
			v.fault(place, "%v is there already", r)
		}
		switch r {
		case Union, Total, Custom:
			if i < len(t.Policy)-1 {
				v.fault(place, "%v is not the last", r)
			}
		case Oldest, MostRecent:
			if other := Oldest + MostRecent - r; slices.Contains(t.Policy[:i], other) {
				v.fault(place, "%v contradicts %v", r, other)
			}
		case Smallest, Largest:
			if other := Smallest + Largest - r; slices.Contains(t.Policy[:i], other) {
				v.fault(place, "%v contradicts %v", r, other)
			}
		}
		if t.Kind != customer.KindUnset && !r.takes(t.Kind) {
			v.fault(place, "%v is not for %v", r, t.Kind)
		}
	}
	union := slices.Contains(t.Policy, Union)
	if t.Cap < 0 {
		v.fault(place+".cap", "is negative")
	} else if t.Cap > 0 && !union {
		v.fault(place+".cap", "is for a union only")
	}
	if last := lastRule(t.Policy); t.Searchable && (last == Total || last == Custom) {
		v.fault(place+".searchable", "is not for the rule %v", last)
	}
	if slices.Contains(t.Policy, Custom) {
		v.name(place+".custom", t.Custom)
	} else if t.Custom != "" {
		v.fault(place+".custom", "is for the rule custom only")
	}
}

// takes tells whether a rule is for traits of a kind.
func (r Rule) takes(k customer.Kind) bool {
	switch r {
	case MostComplete, Union:
		return isTextual(k)
	case Smallest, Largest:
		return isOrdered(k)
	case Total:
		return k == customer.KindInt64 || k == customer.KindDecimal
	}
	return true
}

// isNumber, isOrdered and isTextual are the classes of kinds: numbers; those and times, which
// have bounds; texts and labels, which have patterns.
func isNumber(k customer.Kind) bool {
	return k == customer.KindInt64 || k == customer.KindFloat64 || k == customer.KindDecimal
}
func isOrdered(k customer.Kind) bool { return isNumber(k) || k == customer.KindTime }
func isTextual(k customer.Kind) bool { return k == customer.KindText || k == customer.KindLabels }

// value finds a value that is not valid, or not of a kind.
func (v *validation) value(place string, value customer.Value, kind customer.Kind) bool {
	switch {
	case coerce(value, kind).Kind() != kind:
		v.fault(place, "is of kind %v, not %v", value.Kind(), kind)
	case value.Validate() != nil:
		v.fault(place, "is not valid")
	default:
		return true
	}
	return false
}

// bounds finds faults of two bounds of what is of a kind, of which an unset one is none. Where
// they may be equal, both are included.
func (v *validation) bounds(place, lower, upper string, low, high customer.Value, kind customer.Kind, equal bool) {
	good := !low.IsUnset() && !high.IsUnset()
	for _, b := range []struct {
		name  string
		value customer.Value
	}{{lower, low}, {upper, high}} {
		switch {
		case b.value.IsUnset():
		case !isOrdered(kind):
			v.fault(place+"."+b.name, "is not for %v", kind)
			good = false
		case !v.value(place+"."+b.name, b.value, kind):
			good = false
		}
	}
	if !good {
		return
	}
	if c := compareValues(coerce(low, kind), coerce(high, kind)); c > 0 || c == 0 && !equal {
		v.fault(place, "nothing lies between %s and %s", lower, upper)
	}
}

func (v *validation) check(place string, c *Check, kind customer.Kind) {
	v.bounds(place, "least", "most", c.Least, c.Most, kind, true)
	switch {
	case c.Scale < 0 || c.Scale > 18:
		v.fault(place+".scale", "is not 0 to 18")
	case c.Scale > 0 && kind != customer.KindDecimal:
		v.fault(place+".scale", "is not for %v", kind)
	}
	if c.Pattern != "" {
		if !isTextual(kind) {
			v.fault(place+".pattern", "is not for %v", kind)
		}
		v.text(place+".pattern", c.Pattern)
		if len(c.Pattern) <= maxText {
			if _, err := regexp.Compile(c.Pattern); err != nil {
				v.fault(place+".pattern", "is not a regular expression: %q", err.Error())
			} else if _, err := compileWhole(c.Pattern); err != nil {
				v.fault(place+".pattern", "is too large")
			}
		}
	}
	if len(c.In) > 0 && !isTextual(kind) {
		v.fault(place+".in", "is not for %v", kind)
	}
	for i, s := range c.In {
		if !utf8.ValidString(s) {
			v.fault(at(place+".in", i), "is not UTF-8")
		}
		if s == "" && kind == customer.KindLabels {
			v.fault(at(place+".in", i), "is empty, which no label is")
		}
	}
	once(v, place+".in", c.In, itself)
}
