package profile

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// A bound schema is one in force: every name has a number, which it keeps in all later
// schemas, and everything is found by it. It is not changed once made.
type bound struct {
	Schema
	version uint64
	loc     *time.Location
	names   []string // the table of names
	roles   []role   // by number
	checks  []check  // of traits and fields, by number
	custom  map[string]CustomRule
	// What is found by index of Sources, Events, Traits, Computed.
	sourceNumbers, eventNumbers, traitNumbers, computedNumbers []uint32
	fieldNumbers                                               [][]uint32      // by event, by field
	traitKinds, computedKinds                                  []customer.Kind // of the value that is made
	ranks                                                      [][]int32       // by trait, by index of source: place in trust, -1 not believed
	oldest                                                     []bool          // by trait: its policy has Oldest
	indexKinds                                                 []string        // by trait: its kind of blind index, empty where it is not searchable
	searchable                                                 bool            // some trait is
	readings                                                   [][]reading     // by event
	computed                                                   []*aggregation
	// What is found by name.
	sources, events, traits map[string]uint32
	fields                  []map[string]uint32 // by event
	// What @source, @channel and @event are, by index of source and event.
	sourceValues, channelValues, eventValues []customer.Value
	// fingerprint tells apart schemas whose partials differ.
	fingerprint [8]byte
	folders     sync.Pool // of *folder
}

// A role is what a number of the table of names is in a schema.
type role struct {
	what  what
	index int32 // in Sources, Events, Traits or Computed; of a field its event's
	field int32 // of the event
}

type what uint8

const (
	nothing what = iota // not in this schema
	aSource
	anEvent
	aTrait
	aField
	aComputed
)

// bind makes a schema one in force, under a table of names that it may append to a copy of.
// The schema has been validated; what depends on custom functions is checked here.
func bind(s *Schema, version uint64, names []string, custom map[string]CustomRule) (*bound, error) {
	b := &bound{Schema: *s, version: version, custom: custom}
	var err error
	if b.loc, err = time.LoadLocation(s.Location); err != nil {
		return nil, unknownZone(s.Location)
	}
	b.number(newNumbering(names))
	if err := b.bindChecks(); err != nil {
		return nil, err
	}
	for i := range s.Traits {
		if err := b.bindTrait(i); err != nil {
			return nil, err
		}
	}
	for i := range s.Sources {
		b.sourceValues = append(b.sourceValues, customer.TextValue(s.Sources[i].Name))
		b.channelValues = append(b.channelValues, customer.TextValue(s.Sources[i].channel()))
	}
	b.readings = make([][]reading, len(s.Events))
	for i := range s.Events {
		b.eventValues = append(b.eventValues, customer.TextValue(s.Events[i].Name))
	}
	for i := range s.Computed {
		b.bindComputed(i)
	}
	if b.fingerprint, err = b.fingerprintOf(); err != nil {
		return nil, err
	}
	return b, nil
}

// number gives every name its number.
func (b *bound) number(n *numbering) {
	b.sources, b.events, b.traits = map[string]uint32{}, map[string]uint32{}, map[string]uint32{}
	set := func(name string, r role) uint32 {
		number := n.of(name)
		b.roles = append(b.roles, make([]role, len(n.names)-len(b.roles))...)
		b.roles[number] = r
		return number
	}
	for i, s := range b.Sources {
		number := set(sourceName(s.Name), role{aSource, int32(i), 0})
		b.sourceNumbers, b.sources[s.Name] = append(b.sourceNumbers, number), number
		n.of(channelName(&s))
	}
	for i, e := range b.Events {
		number := set(eventName(e.Name), role{anEvent, int32(i), 0})
		b.eventNumbers, b.events[e.Name] = append(b.eventNumbers, number), number
		numbers, fields := make([]uint32, len(e.Fields)), make(map[string]uint32, len(e.Fields))
		for j, f := range e.Fields {
			numbers[j] = set(fieldName(f.Kind, e.Name, f.Name), role{aField, int32(i), int32(j)})
			fields[f.Name] = numbers[j]
		}
		b.fieldNumbers, b.fields = append(b.fieldNumbers, numbers), append(b.fields, fields)
	}
	for i, t := range b.Traits {
		number := set(traitName(t.Kind, t.Name), role{aTrait, int32(i), 0})
		b.traitNumbers, b.traits[t.Name] = append(b.traitNumbers, number), number
	}
	for i := range b.Computed {
		c := &b.Computed[i]
		kind := c.resultKind(b.aggregatedKind(c))
		b.computedKinds = append(b.computedKinds, kind)
		b.computedNumbers = append(b.computedNumbers, set(computedName(kind, c.Name), role{aComputed, int32(i), 0}))
	}
	b.names = n.names
}

func (b *bound) bindChecks() error {
	b.checks = make([]check, len(b.names))
	var err error
	for i := range b.Traits {
		t := &b.Traits[i]
		if b.checks[b.traitNumbers[i]], err = bindCheck(&t.Check, t.Kind); err != nil {
			return fmt.Errorf("%w: traits[%d].check.pattern: does not compile", ErrSchema, i)
		}
	}
	for i := range b.Events {
		for j := range b.Events[i].Fields {
			f := &b.Events[i].Fields[j]
			if b.checks[b.fieldNumbers[i][j]], err = bindCheck(&f.Check, f.Kind); err != nil {
				return fmt.Errorf("%w: events[%d].fields[%d].check.pattern: does not compile", ErrSchema, i, j)
			}
		}
	}
	return nil
}

func (b *bound) bindTrait(i int) error {
	t := &b.Traits[i]
	kind := t.Kind
	switch last := lastRule(t.Policy); {
	case last == Union:
		kind = customer.KindLabels
	case last == Custom && b.custom[t.Custom] == nil:
		return fmt.Errorf("%w: traits[%d].custom: Options.Custom has no function %q", ErrSchema, i, t.Custom)
	}
	b.traitKinds, b.oldest = append(b.traitKinds, kind), append(b.oldest, slices.Contains(t.Policy, Oldest))
	indexKind := ""
	if t.Searchable {
		indexKind, b.searchable = "profile/"+t.Name, true
	}
	b.indexKinds = append(b.indexKinds, indexKind)
	ranks := make([]int32, len(b.Sources))
	for j, s := range b.Sources {
		ranks[j] = int32(j)
		if len(t.Sources) > 0 {
			ranks[j] = int32(slices.Index(t.Sources, s.Name))
		}
	}
	b.ranks = append(b.ranks, ranks)
	return nil
}

// lastRule returns the last rule of a policy, 0 of one without.
func lastRule(policy []Rule) Rule {
	if len(policy) == 0 {
		return 0
	}
	return policy[len(policy)-1]
}

// role returns what a number is in this schema. Numbers of names that are not in it, and
// those of a table newer than this one's, are nothing.
func (b *bound) role(number uint32) role {
	if int64(number) >= int64(len(b.roles)) {
		return role{}
	}
	return b.roles[number]
}

// rank returns the place in trust of a source for a trait, by index of Traits; -1 where it
// is not believed, or not in this schema.
func (b *bound) rank(trait int, source uint32) int32 {
	if r := b.role(source); r.what == aSource {
		return b.ranks[trait][r.index]
	}
	return -1
}

// accept returns the value as the trait or field with a number keeps it, or why it is set
// aside. An unset value is accepted.
func (b *bound) accept(number uint32, v customer.Value) (customer.Value, Reason) {
	if int64(number) >= int64(len(b.checks)) {
		return customer.Value{}, Undeclared
	}
	return b.checks[number].accept(v)
}

// trait, field, event and source return numbers by name, 0 if the schema has no such name.
func (b *bound) trait(name string) uint32  { return b.traits[name] }
func (b *bound) event(name string) uint32  { return b.events[name] }
func (b *bound) source(name string) uint32 { return b.sources[name] }

func (b *bound) field(event uint32, name string) uint32 {
	if r := b.role(event); r.what == anEvent {
		return b.fields[r.index][name]
	}
	return 0
}

// fingerprintOf hashes what partials depend on: which traits and computed traits there are, in
// their order, what they keep and where they are read. What was taken out of the schema, or
// changed, counts, and not what was never in it: a new source changes no partial.
func (b *bound) fingerprintOf() (f [8]byte, err error) {
	type trait struct {
		Number   uint32
		Oldest   bool
		Believed []uint32 // sources; nil: all
	}
	all := struct {
		Format    int // of partials
		Location  string
		Retention int
		Traits    []trait
		Silenced  []uint32 // sources that the schema has no more
		Computed  []Computed
		Fields    [][][]uint32      // the events that each of them reads, and what of them
		Channels  map[uint32]string // of sources that had another one first, if one reads them
	}{Format: 1, Location: b.Location, Retention: b.Retention, Fields: make([][][]uint32, len(b.Computed))}
	for number, name := range b.names {
		if isSourceName(name) && b.role(uint32(number)).what != aSource {
			all.Silenced = append(all.Silenced, uint32(number))
		}
	}
	for i := range b.Traits {
		t := trait{Number: b.traitNumbers[i], Oldest: b.oldest[i]}
		for _, name := range b.Traits[i].Sources {
			t.Believed = append(t.Believed, b.source(name))
		}
		slices.Sort(t.Believed)
		all.Traits = append(all.Traits, t)
	}
	for e := range b.readings {
		for _, r := range b.readings[e] {
			all.Fields[r.computed] = append(all.Fields[r.computed], r.append([]uint32{b.eventNumbers[e]}))
		}
	}
	for i := range b.Computed {
		c := &b.Computed[i]
		all.Computed = append(all.Computed, c.kept())
		slices.SortFunc(all.Fields[i], slices.Compare)
		if c.reads("@channel") && all.Channels == nil {
			all.Channels = b.movedChannels()
		}
	}
	data, err := json.Marshal(all)
	if err != nil {
		return f, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	h := hashID(string(data))
	return [8]byte(h), nil
}

// kept returns what of a computed trait its states depend on: not what is made of them.
func (c *Computed) kept() Computed {
	k := Computed{Of: c.Of, Events: c.Events, Where: c.Where, Field: c.Field, Pair: c.Pair, Bands: c.Bands}
	if c.Pair == nil {
		k.Window = c.Window
	}
	return k
}

// movedChannels are those of sources that had another one first.
func (b *bound) movedChannels() map[uint32]string {
	first := make(map[string]string, len(b.Sources)) // by source
	for _, name := range b.names {
		if source, channel, ok := cutChannel(name); ok && first[source] == "" {
			first[source] = channel
		}
	}
	moved := map[uint32]string{}
	for i := range b.Sources {
		if s := &b.Sources[i]; first[s.Name] != s.channel() {
			moved[b.sourceNumbers[i]] = s.channel()
		}
	}
	return moved
}
