package profile

import (
	"cmp"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
)

// A partial is what follows from entries of one atom: the statements that stand, and the
// states of the computed traits. It is a function of the set of entries.
type partial struct {
	traits   [][]standing // by index of Schema.Traits, of each source one, ascending by its number
	computed []state      // by index of Schema.Computed; nil: there is no event for it
	lock     *lock        // with which it is sealed; nil: it is not
	// Where it had to be made of the pages: of what atom, and the head then.
	atom customer.AtomID
	head *head
}

// A standing is what a source states of a trait for an atom.
type standing struct {
	latest statement
	first  statement // the first that is not unset; kept where the policy has Oldest
}

// A statement is that a trait has a value; the zero statement is none. It shares memory with
// the entry that it is from.
type statement struct {
	*entry // of which it has all but values; nil: there is none
	value  *customer.Value
}

func (b *bound) newPartial() *partial {
	return &partial{traits: make([][]standing, len(b.Traits)), computed: make([]state, len(b.Computed))}
}

// add takes in an entry that holds.
func (p *partial) add(b *bound, e *entry, room *reader) {
	if e.event == 0 {
		b.stand(e, func(t int) *standing { return p.standing(t, e.source) })
	} else {
		b.happen(e, p.computed, nil, room)
	}
}

// standing returns that of a trait and a source.
func (p *partial) standing(t int, source uint32) *standing {
	i, found := slices.BinarySearchFunc(p.traits[t], source, func(s standing, source uint32) int {
		return cmp.Compare(s.latest.source, source)
	})
	if !found {
		p.traits[t] = slices.Insert(p.traits[t], i, standing{})
	}
	return &p.traits[t][i]
}

// stand takes an entry that states traits into the standings of its atom and its source, by
// index of Schema.Traits. What a source says that is not believed is passed over.
func (b *bound) stand(e *entry, of func(trait int) *standing) {
	source := b.role(e.source)
	if source.what != aSource {
		return
	}
	for i := range e.values {
		r := b.role(e.values[i].number)
		t := int(r.index)
		if r.what != aTrait || b.ranks[t][source.index] < 0 {
			continue
		}
		s, v := of(t), &e.values[i].value
		if s.latest.before(e) {
			s.latest = statement{e, v}
		}
		if b.oldest[t] && !v.IsUnset() && (s.first.entry == nil || !s.first.before(e)) {
			s.first = statement{e, v}
		}
	}
}

// before tells whether the entry states something later than s, or s is none.
func (s *statement) before(e *entry) bool {
	switch {
	case s.entry == nil:
		return true
	case s.time != e.time:
		return s.time < e.time
	case s.learned != e.learned:
		return s.learned < e.learned
	}
	return s.id < e.id
}

// happen takes an event into the states, by index of Schema.Computed, of which those are
// made that are not among the spare ones.
func (b *bound) happen(e *entry, states, spare []state, room *reader) {
	b.read(e, room, func(c int, o *occurrence) {
		switch {
		case states[c] != nil:
		case spare != nil && spare[c] != nil:
			states[c], spare[c] = spare[c], nil
		default:
			states[c] = b.computed[c].fresh()
		}
		states[c].add(o)
	})
}

// encode writes the traits that are stated, with the number of standings and those, then
// the states that there are: of both the number of them, then of each its index and its items.
func (p *partial) encode(w *wire.Writer) {
	traits, states := 0, 0
	for _, of := range p.traits {
		if len(of) > 0 {
			traits++
		}
	}
	for _, s := range p.computed {
		if s != nil {
			states++
		}
	}
	w.Uint(uint64(traits))
	for i, of := range p.traits {
		if len(of) == 0 {
			continue
		}
		w.Uint(uint64(i))
		w.List(2 * len(of))
		for j := range of {
			of[j].latest.encode(w)
			of[j].first.encode(w)
		}
	}
	w.Uint(uint64(states))
	for i, s := range p.computed {
		if s != nil {
			w.Uint(uint64(i))
			s.encode(w)
		}
	}
}

// encode writes null for no statement.
func (s *statement) encode(w *wire.Writer) {
	if s.entry == nil {
		w.Null()
		return
	}
	w.Text(s.id)
	w.Int(s.time)
	w.Int(s.learned)
	w.Uint(uint64(s.source))
	w.Bool(s.verified)
	writeValue(w, *s.value)
}

// readPartial reads what encode wrote under a schema of the same fingerprint. Faults come
// from closing the reader.
func (b *bound) readPartial(r *wire.Reader) *partial {
	r.Share()
	p := b.newPartial()
	var room []decoded
	indexed(r, len(p.traits), func(i int) {
		p.traits[i] = readStandings(r, &room)
	})
	indexed(r, len(p.computed), func(i int) {
		p.computed[i] = b.computed[i].fresh()
		p.computed[i].decode(r)
	})
	return p
}

// readStandings reads the standings of a trait. It takes room from the front of what there is.
func readStandings(r *wire.Reader, room *[]decoded) []standing {
	n := r.List()
	if n%2 != 0 {
		fault(r)
		return nil
	}
	all := make([]standing, n/2)
	for i := range all {
		s := &all[i]
		s.latest, s.first = readStatement(r, room), readStatement(r, room)
		if s.latest.entry == nil || s.first.entry != nil && s.first.source != s.latest.source || i > 0 && s.latest.source <= all[i-1].latest.source {
			fault(r)
			return nil
		}
	}
	return all
}

// indexed reads a number of items, each after its index, which ascend and are below limit.
func indexed(r *wire.Reader, limit int, read func(i int)) {
	least := uint64(0)
	for n := r.Uint(); n > 0; n-- {
		i := r.Uint()
		if i < least || i >= uint64(limit) {
			fault(r)
			return
		}
		read(int(i))
		least = i + 1
	}
}

// decoded is where a statement is that was read.
type decoded struct {
	entry
	value customer.Value
}

func readStatement(r *wire.Reader, room *[]decoded) statement {
	if r.Null() {
		return statement{}
	}
	if len(*room) == 0 {
		*room = make([]decoded, 32)
	}
	d := &(*room)[0]
	*room = (*room)[1:]
	d.id, d.time, d.learned = r.Text(), r.Int(), r.Int()
	d.source, d.verified, d.value = readNumber(r), r.Bool(), readValue(r)
	if d.id == "" {
		fault(r)
	}
	return statement{&d.entry, &d.value}
}
