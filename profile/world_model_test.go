package profile_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

// A model is the package as its documentation has it, without a thought for speed: a list of
// evidence, a list of what happened to customers, and a schema. Whatever is asked is worked
// out from these lists.
type model struct {
	schema  *profile.Schema
	version uint64
	zone    *time.Location
	said    []*said
	aside   map[customer.AtomID][]profile.Rejected // newest first
	unsure  map[customer.AtomID]bool               // what was set aside may be there twice
	deeds   []deed
	custom  map[string]profile.CustomRule
}

// said is evidence that was added.
type said struct {
	profile.Evidence
	learned   time.Time
	retracted time.Time // zero: it was not
	kept      []kept
}

// kept is a value that was not set aside; an unset one takes back.
type kept struct {
	name  string
	kind  customer.Kind // as declared then
	value customer.Value
}

// A deed is something that happened to customers.
type deed struct {
	verb     customer.Verb
	from, to customer.ID
	atoms    []customer.AtomID
	at       time.Time
	learned  time.Time // when it was followed
}

func newModel(s *profile.Schema, custom map[string]profile.CustomRule) *model {
	m := &model{aside: map[customer.AtomID][]profile.Rejected{}, unsure: map[customer.AtomID]bool{}, custom: custom}
	m.apply(s)
	return m
}

func (m *model) apply(s *profile.Schema) {
	m.schema, m.version = s, m.version+1
	zone, err := time.LoadLocation(s.Location)
	if err != nil {
		panic(err)
	}
	m.zone = zone
}

// day is the number of the local day of t, the same for all instants of a date.
func (m *model) day(t time.Time) int64 {
	y, month, d := t.In(m.zone).Date()
	return time.Date(y, month, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

func micro(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }

func compareAtoms(a, b customer.AtomID) int { return slices.Compare(a[:], b[:]) }

func compareIDs(a, b customer.ID) int { return slices.Compare(a[:], b[:]) }

func (m *model) trait(name string) *profile.Trait {
	for i := range m.schema.Traits {
		if m.schema.Traits[i].Name == name {
			return &m.schema.Traits[i]
		}
	}
	return nil
}

func (m *model) event(name string) *profile.Event {
	for i := range m.schema.Events {
		if m.schema.Events[i].Name == name {
			return &m.schema.Events[i]
		}
	}
	return nil
}

func fieldOf(e *profile.Event, name string) *profile.Field {
	for i := range e.Fields {
		if e.Fields[i].Name == name {
			return &e.Fields[i]
		}
	}
	return nil
}

// trust is the place of a source among the schema's, -1 if it is not among them.
func (m *model) trust(source string) int {
	return slices.IndexFunc(m.schema.Sources, func(s profile.Source) bool { return s.Name == source })
}

func (m *model) channel(source string) string {
	s := m.schema.Sources[m.trust(source)]
	return cmp.Or(s.Channel, s.Name)
}

// number is a whole number or a decimal, exactly.
func number(v customer.Value) *big.Rat {
	if n, ok := v.Int64(); ok {
		return new(big.Rat).SetInt64(n)
	}
	if c, scale, ok := v.Decimal(); ok {
		return new(big.Rat).SetFrac(big.NewInt(c), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	}
	if f, ok := v.Float64(); ok {
		return new(big.Rat).SetFloat64(f)
	}
	return nil
}

// compareValues orders values of one kind, a whole number for a decimal too.
func compareValues(a, b customer.Value) int {
	if x, y := number(a), number(b); x != nil && y != nil {
		return x.Cmp(y)
	}
	if x, ok := a.Time(); ok {
		y, _ := b.Time()
		return x.Compare(y)
	}
	x, _ := a.Text()
	y, _ := b.Text()
	return strings.Compare(x, y)
}

// declared is a value as one of a kind: a whole number is a decimal too.
func declared(v customer.Value, k customer.Kind) customer.Value {
	if n, ok := v.Int64(); ok && k == customer.KindDecimal {
		return customer.DecimalValue(n, 0)
	}
	return v
}

// fault is why a value is set aside, 0 if it is not.
func fault(v customer.Value, k customer.Kind, c *profile.Check) profile.Reason {
	if v.Kind() != k || v.Validate() != nil {
		return profile.WrongKind
	}
	if !c.Least.IsUnset() && compareValues(v, c.Least) < 0 || !c.Most.IsUnset() && compareValues(v, c.Most) > 0 {
		return profile.OutOfRange
	}
	if _, _, ok := v.Decimal(); ok && c.Scale > 0 { // a number of units of its last digit, in 64 bits
		units := new(big.Rat).Mul(number(v), new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Scale)), nil)))
		if !units.IsInt() || !new(big.Int).Abs(units.Num()).IsInt64() {
			return profile.OutOfRange
		}
	}
	texts := slices.Collect(v.Labels())
	if s, ok := v.Text(); ok {
		texts = append(texts, s)
	}
	for _, s := range texts {
		if c.Pattern != "" && !regexp.MustCompile(`\A(?:`+c.Pattern+`)\z`).MatchString(s) ||
			len(c.In) > 0 && !slices.Contains(c.In, s) {
			return profile.NoMatch
		}
	}
	return 0
}

// judge says what is kept of evidence, what is set aside, and whether that is all of it.
func (m *model) judge(e *profile.Evidence, learned time.Time) (keep []kept, aside []profile.Rejected, whole bool) {
	put := func(name string, r profile.Reason, v customer.Value) {
		text, ok := v.Text()
		if data, err := json.Marshal(v); !ok && err == nil && !v.IsUnset() {
			text = string(data)
		}
		text = cut(text)
		aside = append(aside, profile.Rejected{
			Source: e.Source, Event: e.Event, Name: name, Reason: r, Evidence: e.ID,
			Time: micro(e.Time), Learned: micro(learned), Value: text,
		})
	}
	values := slices.Clone(e.Values)
	slices.SortFunc(values, func(a, b customer.Field) int { return strings.Compare(a.Name, b.Name) })
	if e.Event == "" {
		for _, f := range values {
			t := m.trait(f.Name)
			if t == nil {
				put(f.Name, profile.Undeclared, f.Value)
				continue
			}
			v := declared(f.Value, t.Kind)
			if !v.IsUnset() {
				if r := fault(v, t.Kind, &t.Check); r != 0 {
					put(f.Name, r, f.Value)
					continue
				}
			}
			keep = append(keep, kept{f.Name, t.Kind, v})
		}
		return keep, aside, false
	}
	event := m.event(e.Event)
	for _, f := range values {
		if f.Value.IsUnset() {
			continue
		}
		d := fieldOf(event, f.Name)
		if d == nil {
			put(f.Name, profile.Undeclared, f.Value)
			continue
		}
		v := declared(f.Value, d.Kind)
		if r := fault(v, d.Kind, &d.Check); r != 0 {
			put(f.Name, r, f.Value)
			continue
		}
		keep = append(keep, kept{f.Name, d.Kind, v})
	}
	var lacking []profile.Rejected
	for _, d := range event.Fields {
		if d.Required && !slices.ContainsFunc(keep, func(k kept) bool { return k.name == d.Name }) {
			lacking = append(lacking, profile.Rejected{
				Source: e.Source, Event: e.Event, Name: d.Name, Reason: profile.Incomplete, Evidence: e.ID,
				Time: micro(e.Time), Learned: micro(learned),
			})
		}
	}
	if len(lacking) > 0 {
		return nil, append(aside, lacking...), true
	}
	return keep, aside, false
}

func cut(s string) string {
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	for len(s) > 256 {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

func (m *model) find(atom customer.AtomID, id string) *said {
	for _, s := range m.said {
		if s.Atom == atom && s.ID == id {
			return s
		}
	}
	return nil
}

// same tells whether two pieces of evidence say the same.
func same(a, b *profile.Evidence) bool {
	said := func(e *profile.Evidence) map[string]customer.Value {
		values := map[string]customer.Value{}
		for _, f := range e.Values {
			if e.Event == "" || !f.Value.IsUnset() {
				values[f.Name] = f.Value
			}
		}
		return values
	}
	x, y := said(a), said(b)
	for name, v := range x {
		if w, ok := y[name]; !ok || v != w {
			return false
		}
	}
	return len(x) == len(y) && a.Source == b.Source && a.Event == b.Event && a.Verified == b.Verified &&
		micro(a.Time).Equal(micro(b.Time))
}

// refusal is the error that evidence deserves, nil if it is to be taken.
func (m *model) refusal(e *profile.Evidence) error {
	switch {
	case m.trust(e.Source) < 0, e.Event != "" && m.event(e.Event) == nil, e.ID == "":
		return profile.ErrInput
	case m.erased(e.Atom):
		return profile.ErrErased
	}
	if before := m.find(e.Atom, e.ID); before != nil {
		switch {
		case !same(&before.Evidence, e) && before.retracted.IsZero() && m.lacks(e): // nothing of it is kept
		case !same(&before.Evidence, e):
			return profile.ErrReused
		case !before.retracted.IsZero():
			return profile.ErrRetracted
		}
	}
	return nil
}

// lacks tells whether evidence is set aside as a whole.
func (m *model) lacks(e *profile.Evidence) bool {
	_, _, whole := m.judge(e, e.Time)
	return whole
}

// add takes evidence that there is no reason to refuse.
func (m *model) add(learned time.Time, e profile.Evidence, sum *profile.Summary) {
	if before := m.find(e.Atom, e.ID); before != nil && same(&before.Evidence, &e) {
		sum.Known++
		return
	}
	keep, aside, whole := m.judge(&e, learned)
	list := m.aside[e.Atom]
	for _, r := range aside {
		list = slices.Insert(list, 0, r)
	}
	m.aside[e.Atom] = list[:min(len(list), 16)]
	sum.SetAside += len(aside)
	if whole {
		sum.Rejected++
		return
	}
	sum.Added++
	e.Values = slices.Clone(e.Values)
	e.Time = micro(e.Time)
	m.said = append(m.said, &said{Evidence: e, learned: micro(learned), kept: keep})
}

func (m *model) retract(at time.Time, atom customer.AtomID, id string) error {
	s := m.find(atom, id)
	switch {
	case m.erased(atom):
		return profile.ErrErased
	case s == nil:
		return profile.ErrUnknown
	case s.retracted.IsZero():
		s.retracted = micro(at)
		m.aside[atom] = slices.DeleteFunc(m.aside[atom], func(r profile.Rejected) bool { return r.Evidence == id })
	}
	return nil
}

// old tells whether what happened at a time is older than the schema keeps events.
func (m *model) old(t, at time.Time) bool {
	return m.schema.Retention > 0 && m.day(at)-m.day(t) >= int64(m.schema.Retention)
}

func (m *model) purge(at time.Time) (deleted int) {
	m.said = slices.DeleteFunc(m.said, func(s *said) bool {
		gone := s.Event != "" && m.old(s.Time, at)
		if gone {
			deleted++
		}
		return gone
	})
	for atom := range m.aside {
		m.aside[atom] = slices.DeleteFunc(m.aside[atom], func(r profile.Rejected) bool {
			return r.Event != "" && m.old(r.Time, at)
		})
	}
	return deleted
}

// field is the value of a field of an event, or what @ names, unset if it is missing.
func (m *model) field(s *said, name string) customer.Value {
	switch name {
	case "@time":
		return customer.TimeValue(s.Time)
	case "@source":
		return customer.TextValue(s.Source)
	case "@channel":
		return customer.TextValue(m.channel(s.Source))
	case "@event":
		return customer.TextValue(s.Event)
	}
	if d := fieldOf(m.event(s.Event), name); d != nil {
		for _, k := range s.kept {
			if k.name == name && k.kind == d.Kind {
				return k.value
			}
		}
	}
	return customer.Value{}
}

// A part is what of the evidence counts for an atom of a customer.
type part struct {
	atom customer.AtomID
	said []*said
}

// counted is the evidence of a customer that counts at a moment, ascending by atom.
func (m *model) counted(id customer.ID, at profile.Moment) []part {
	st := m.state(at.Known)
	var parts []part
	for _, a := range st.atoms(id) {
		p := part{atom: a}
		for _, s := range m.said {
			if s.Atom == a && m.counts(s, at) {
				p.said = append(p.said, s)
			}
		}
		parts = append(parts, p)
	}
	return parts
}

func (m *model) counts(s *said, at profile.Moment) bool {
	known := func(t time.Time) bool { return at.Known.IsZero() || !t.After(micro(at.Known)) }
	if m.trust(s.Source) < 0 || s.Time.After(micro(at.At)) || !known(s.learned) ||
		!s.retracted.IsZero() && known(s.retracted) {
		return false
	}
	return s.Event == "" || m.event(s.Event) != nil && !m.old(s.Time, at.At)
}

// profile is what is known of a customer at a moment.
func (m *model) profile(id customer.ID, at profile.Moment) (*profile.Profile, map[string]*scores, error) {
	id, err := m.lead(id, at.Known)
	if err != nil {
		return nil, nil, err
	}
	p := &profile.Profile{Customer: id, At: micro(at.At), Schema: m.version}
	if !at.Known.IsZero() {
		p.Known = micro(at.Known)
	}
	parts := m.counted(id, at)
	for i := range m.schema.Traits {
		if r, ok := m.resolve(&m.schema.Traits[i], parts); ok {
			p.Traits = append(p.Traits, r)
		}
	}
	tastes := map[string]*scores{}
	for i := range m.schema.Computed {
		c := &m.schema.Computed[i]
		r, taste := m.compute(c, parts, at.At)
		p.Computed = append(p.Computed, r)
		if taste != nil {
			tastes[c.Name] = taste
		}
	}
	return p, tastes, nil
}

// timeline is all of a customer's that a query asks for, without regard to pages.
func (m *model) timeline(id customer.ID, at profile.Moment, q *profile.TimelineQuery) ([]profile.TimelineEntry, error) {
	id, err := m.lead(id, at.Known)
	if err != nil {
		return nil, err
	}
	var out []profile.TimelineEntry
	for _, p := range m.counted(id, at) {
		for _, s := range p.said {
			if s.Event == "" && !q.Statements || s.Event != "" && q.Events != nil && !slices.Contains(q.Events, s.Event) ||
				!q.Since.IsZero() && s.Time.Before(micro(q.Since)) || !q.Until.IsZero() && !s.Time.Before(micro(q.Until)) {
				continue
			}
			e := profile.TimelineEntry{
				Time: s.Time, Event: s.Event, Source: s.Source, Channel: m.channel(s.Source), Atom: p.atom, Evidence: s.ID,
				Learned: s.learned, Verified: s.Verified,
			}
			put := func(name string, kind customer.Kind) {
				for _, k := range s.kept {
					if k.name == name && k.kind == kind {
						e.Values = append(e.Values, customer.Field{Name: name, Value: k.value})
					}
				}
			}
			if s.Event == "" {
				for _, t := range m.schema.Traits {
					put(t.Name, t.Kind)
				}
			} else {
				for _, f := range m.event(s.Event).Fields {
					put(f.Name, f.Kind)
				}
			}
			if s.Event != "" || len(e.Values) > 0 {
				out = append(out, e)
			}
		}
	}
	slices.SortFunc(out, func(a, b profile.TimelineEntry) int {
		return cmp.Or(a.Time.Compare(b.Time), compareAtoms(a.Atom, b.Atom), cmp.Compare(a.Evidence, b.Evidence))
	})
	if q.Reverse {
		slices.Reverse(out)
	}
	return out, nil
}

// shown is a value as JSON.
func shown(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v, err)
	}
	return string(data)
}
