package profile_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

// A state is who had which atoms at a time.
type state struct {
	live map[customer.ID][]customer.AtomID
	into map[customer.ID]customer.ID // of those that were merged
	gone map[customer.AtomID]bool
}

// stateOf is what deeds that were known at a time, zero for all, led to.
func stateOf(deeds []deed, known time.Time) *state {
	st := &state{
		live: map[customer.ID][]customer.AtomID{}, into: map[customer.ID]customer.ID{},
		gone: map[customer.AtomID]bool{},
	}
	for _, d := range deeds {
		if !known.IsZero() && d.learned.After(micro(known)) {
			continue
		}
		var none customer.ID
		if d.from != none {
			st.live[d.from] = slices.DeleteFunc(st.live[d.from], func(a customer.AtomID) bool { return slices.Contains(d.atoms, a) })
		}
		if d.to != none {
			st.live[d.to] = append(st.live[d.to], d.atoms...)
			slices.SortFunc(st.live[d.to], compareAtoms)
			delete(st.into, d.to)
		}
		switch d.verb {
		case customer.Merged:
			delete(st.live, d.from)
			st.into[d.from] = d.to
		case customer.Erased:
			delete(st.live, d.from)
			for _, a := range d.atoms {
				st.gone[a] = true
			}
		}
	}
	return st
}

func (m *model) state(known time.Time) *state {
	st := stateOf(m.deeds, known)
	for a := range stateOf(m.deeds, time.Time{}).gone {
		st.gone[a] = true
	}
	return st
}

// atoms are those of a customer of which something may be left.
func (st *state) atoms(id customer.ID) []customer.AtomID {
	return slices.DeleteFunc(slices.Clone(st.live[id]), func(a customer.AtomID) bool { return st.gone[a] })
}

// erased tells whether evidence of an atom is refused.
func (m *model) erased(a customer.AtomID) bool { return m.state(time.Time{}).gone[a] }

// lead follows mergers to the customer that an id is part of.
func (m *model) lead(id customer.ID, known time.Time) (customer.ID, error) {
	st := m.state(known)
	chain := []customer.ID{id} // who was erased since is erased, though it was somebody else's then
	for range len(m.deeds) {
		to, ok := st.into[id]
		if !ok {
			break
		}
		id = to
		chain = append(chain, id)
	}
	for i, d := range m.deeds {
		if d.verb == customer.Erased && slices.ContainsFunc(m.partOf(d.from, i), func(id customer.ID) bool { return slices.Contains(chain, id) }) {
			return id, profile.ErrErased
		}
	}
	if len(st.live[id]) == 0 {
		return id, profile.ErrUnknown
	}
	return id, nil
}

// everybody is all customers of whom something was left at a time, ascending.
func (m *model) everybody(known time.Time) []customer.ID {
	var ids []customer.ID
	for id := range m.state(known).live {
		if to, err := m.lead(id, known); err == nil && to == id {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

// follow takes deeds at a time; what is erased is destroyed, and so is what the customer, or one that
// was merged into it, had when its evidence was retracted, if nobody has it at the end.
func (m *model) follow(at time.Time, deeds []deed) {
	left := len(m.deeds)
	if left > 0 && at.Before(m.deeds[left-1].learned) {
		at = m.deeds[left-1].learned
	}
	for _, d := range deeds {
		d.learned = micro(at)
		m.deeds = append(m.deeds, d)
	}
	end := stateOf(m.deeds, time.Time{})
	for i := left; i < len(m.deeds); i++ {
		if m.deeds[i].verb != customer.Erased {
			continue
		}
		d := m.deeds[i]
		d.atoms = slices.Clone(d.atoms)
		for _, id := range m.partOf(d.from, i) {
			for _, a := range m.retractedFrom(id, i) {
				if !end.taken(a) && !slices.Contains(d.atoms, a) {
					d.atoms = append(d.atoms, a)
				}
			}
		}
		m.deeds[i] = d
		m.said = slices.DeleteFunc(m.said, func(s *said) bool {
			return slices.Contains(d.atoms, s.Atom)
		})
		for _, a := range d.atoms {
			delete(m.aside, a)
		}
	}
}

// partOf are a customer and those that were merged into it, after the first n deeds.
func (m *model) partOf(id customer.ID, n int) []customer.ID {
	ids := []customer.ID{id}
	into := stateOf(m.deeds[:n], time.Time{}).into
	for i := 0; i < len(ids); i++ {
		for loser, survivor := range into {
			if survivor == ids[i] {
				ids = append(ids, loser)
			}
		}
	}
	return ids
}

// retractedFrom are the atoms that left a customer for nobody and have not come back to it,
// of the first n deeds.
func (m *model) retractedFrom(id customer.ID, n int) (atoms []customer.AtomID) {
	for _, d := range m.deeds[:n] {
		if d.to == id {
			atoms = slices.DeleteFunc(atoms, func(a customer.AtomID) bool { return slices.Contains(d.atoms, a) })
		}
		if d.from == id && d.verb == customer.Moved && d.to == (customer.ID{}) {
			atoms = append(atoms, d.atoms...)
		}
	}
	return atoms
}

func (st *state) taken(a customer.AtomID) bool {
	for _, atoms := range st.live {
		if slices.Contains(atoms, a) {
			return true
		}
	}
	return false
}

// A worldFeed is a customer.Feed of deeds. Both sides of one are visible at once.
type worldFeed struct {
	deeds  []deed
	shards [customer.Shards][][]customer.Change
	part   int // most atoms of a change; 0: any number
}

func (f *worldFeed) put(d deed) {
	slices.SortFunc(d.atoms, compareAtoms)
	f.deeds = append(f.deeds, d)
	for _, id := range []customer.ID{d.from, d.to} {
		if id == (customer.ID{}) {
			continue
		}
		shard := customer.ShardOf(id)
		parts := [][]customer.AtomID{d.atoms}
		if f.part > 0 && len(d.atoms) > 0 {
			parts = slices.Collect(slices.Chunk(d.atoms, f.part))
		}
		var entry []customer.Change
		for i, atoms := range parts {
			c := customer.Change{
				Shard: shard, Seq: uint64(len(f.shards[shard]) + 1), Part: i + 1, Parts: len(parts), Verb: d.verb,
				Customer: id, From: d.from, To: d.to, Atoms: slices.Clone(atoms), At: d.at,
			}
			if err := c.Validate(); err != nil {
				panic(fmt.Sprint(d.verb, err))
			}
			entry = append(entry, c)
		}
		f.shards[shard] = append(f.shards[shard], entry)
	}
}

// Changes implements customer.Feed.
func (f *worldFeed) Changes(_ context.Context, after customer.Cursor) iter.Seq2[customer.Change, error] {
	return func(yield func(customer.Change, error) bool) {
		for shard, entries := range f.shards {
			for _, entry := range entries[after[shard]:] {
				for _, c := range entry {
					if !yield(c, nil) {
						return
					}
				}
			}
		}
	}
}

// Head implements customer.Feed.
func (f *worldFeed) Head(context.Context) (c customer.Cursor, err error) {
	for shard, entries := range f.shards {
		c[shard] = uint64(len(entries))
	}
	return c, nil
}
