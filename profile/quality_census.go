package profile

import (
	"cmp"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
)

// A census counts customers into a tally, one after the other. Not safe for concurrent use.
type census struct {
	*bound
	*tally
	m        moment
	day      civil.Day // of m.at
	cal      civil.Calendar
	channels []int // of each source
	// What is stated, by trait within atom and source, customer and source, customer and
	// channel; and the newest evidence of an atom, and whether a customer has any, by
	// source. They are of the atom or customer at hand if they carry its turn.
	ofAtom, ofSource, ofChannel []said
	newest, seen                []said
	atom, customer              int // turns
	repeated                    map[string]bool
}

// said is what an entry says of a trait.
type said struct {
	turn  int
	entry *entry
	value customer.Value
}

// put takes in what an entry says, in a turn, if it is later than what there is of it.
func (s *said) put(turn int, e *entry, v customer.Value) {
	if s.turn != turn || cmp.Or(cmp.Compare(s.entry.time, e.time), cmp.Compare(s.entry.learned, e.learned), cmp.Compare(s.entry.id, e.id)) < 0 {
		*s = said{turn, e, v}
	}
}

// in tells whether a value is stated in a turn.
func (s *said) in(turn int) bool { return s.turn == turn && !s.value.IsUnset() }

func (b *bound) newCensus(m moment) *census {
	c := &census{bound: b, tally: b.newTally(), m: m, cal: civil.NewCalendar(b.loc), repeated: map[string]bool{}}
	c.day = c.dayOf(m.at)
	names := map[string]int{}
	for _, s := range b.Sources {
		name := cmp.Or(s.Channel, s.Name)
		if _, found := names[name]; !found {
			names[name] = len(names)
		}
		c.channels = append(c.channels, names[name])
	}
	sources, traits := len(b.Sources), len(b.Traits)
	c.ofAtom, c.ofSource, c.ofChannel = make([]said, sources*traits), make([]said, sources*traits), make([]said, len(names)*traits)
	c.newest, c.seen = make([]said, sources), make([]said, sources)
	return c
}

func (c *census) dayOf(micros int64) civil.Day {
	seconds := micros / second
	if micros%second < 0 {
		seconds--
	}
	return c.cal.Day(seconds)
}

// add counts a customer.
func (c *census) add(atoms []atom) {
	c.customer++
	clear(c.repeated)
	c.customers++
	statements := make([]atom, len(atoms))
	for i := range atoms {
		c.addAtom(&atoms[i])
		statements[i] = atom{id: atoms[i].id, entries: slices.DeleteFunc(slices.Clone(atoms[i].entries), func(e entry) bool { return e.event != 0 })}
	}
	for s := range c.seen {
		if c.seen[s].turn == c.customer {
			c.tally.sources[s].customers++
		}
	}
	values := c.fold(statements, c.m).traits
	for t := range c.Traits {
		c.addTrait(t, values[t])
	}
}

func (c *census) addAtom(a *atom) {
	c.atom++
	c.atoms++
	for i := range a.entries {
		e := &a.entries[i]
		source, event := c.role(e.source), c.role(e.event)
		if !e.counts(c.m) || source.what != aSource {
			continue
		}
		s := &c.tally.sources[source.index]
		if e.event != 0 {
			if event.what != anEvent || c.Retention > 0 && int(c.day-c.dayOf(e.time)) >= c.Retention {
				continue
			}
			s.events[event.index]++
		}
		s.evidence++
		s.newest = max(s.newest, e.time)
		c.newest[source.index].put(c.atom, e, customer.Value{})
		if key := e.saying(); c.repeated[key] {
			s.repeated++
		} else {
			c.repeated[key] = true
		}
		if e.event != 0 {
			continue
		}
		for _, v := range e.values {
			if r := c.role(v.number); r.what == aTrait {
				c.ofAtom[int(source.index)*len(c.Traits)+int(r.index)].put(c.atom, e, v.value)
			}
		}
	}
	for source := range c.newest {
		if newest := &c.newest[source]; newest.turn == c.atom {
			c.addSource(source, newest.entry)
		}
	}
}

// addSource counts a source that the atom at hand has evidence of.
func (c *census) addSource(source int, newest *entry) {
	s, traits := &c.tally.sources[source], len(c.Traits)
	s.atoms++
	s.ages[c.day-c.dayOf(newest.time)]++
	c.seen[source].put(c.customer, newest, customer.Value{})
	for t := range traits {
		says := &c.ofAtom[source*traits+t]
		if !says.in(c.atom) {
			continue
		}
		s.traits[t].stated++
		if c.stale(t, says.entry) {
			s.traits[t].stale++
		}
		c.ofSource[source*traits+t].put(c.customer, says.entry, says.value)
		c.ofChannel[c.channels[source]*traits+t].put(c.customer, says.entry, says.value)
	}
}

// stale tells whether what an entry says of a trait is.
func (c *census) stale(t int, e *entry) bool {
	refresh := c.Traits[t].Refresh
	return refresh > 0 && int(c.day-c.dayOf(e.time)) >= refresh
}

// addTrait counts a trait of the customer at hand, which has a value.
func (c *census) addTrait(t int, value customer.Value) {
	of := &c.tally.traits[t]
	if !value.IsUnset() {
		of.known++
	}
	stated, stale := false, true
	for s := range c.Sources {
		says := &c.ofSource[s*len(c.Traits)+t]
		if !says.in(c.customer) {
			continue
		}
		stated = true
		stale = stale && c.stale(t, says.entry)
		counts := &c.tally.sources[s].traits[t]
		switch policy := c.Traits[t].Policy; {
		case len(policy) > 0 && policy[len(policy)-1] == Total:
			continue
		case says.value == value, len(policy) > 0 && policy[len(policy)-1] == Union && isPart(says.value, value):
			counts.agreed++
		}
		counts.compared++
	}
	if stated {
		of.stated++
		if stale {
			of.stale++
		}
	}
	var first *said
	several, same := false, true
	for channel := range len(c.ofChannel) / max(len(c.Traits), 1) {
		says := &c.ofChannel[channel*len(c.Traits)+t]
		switch {
		case !says.in(c.customer):
		case first == nil:
			first = says
		default:
			several = true
			same = same && says.value == first.value
		}
	}
	if several {
		of.compared++
		if same {
			of.consistent++
		}
	}
}

// isPart tells whether a text, or all of some labels, are among labels.
func isPart(v, of customer.Value) bool {
	has := func(label string) bool {
		for l := range of.Labels() {
			if l == label {
				return true
			}
		}
		return false
	}
	if text, ok := v.Text(); ok {
		return has(text)
	}
	for l := range v.Labels() {
		if !has(l) {
			return false
		}
	}
	return true
}

// addHead counts the values that were ever taken and set aside of an atom.
func (c *census) addHead(h *head) error {
	for _, n := range h.taken {
		if source := c.role(n.source); source.what == aSource {
			c.tally.sources[source.index].values += int64(n.n)
		}
	}
	a, err := readAside(h.aside)
	if err != nil {
		return err
	}
	for _, n := range a.counts {
		c.reject(asideCount{source: n.source, name: n.name, reason: n.reason}, int64(n.n))
	}
	return nil
}

// saying is what the entry says, whatever its id and whenever it was added.
func (e *entry) saying() string {
	w := wire.Sized("", 1, 64)
	w.Uint(uint64(e.source))
	w.Uint(uint64(e.event))
	w.Int(e.time)
	for _, v := range e.values {
		w.Uint(uint64(v.number))
		writeValue(w, v.value)
	}
	return string(w.Data())
}
