package identity

import (
	"bytes"
	"context"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
)

// A Trace is the names by which a customer is in the store, to look for what is left of it
// once it was erased. They are ids and hashes, which say nothing without the key of the
// index; still they are those of a person. Safe for concurrent reads.
type Trace struct {
	// Customers are the present id and those of the past that lead to it, ascending.
	Customers []customer.ID
	// Atoms are those of the customer, by all names that they have had, and those under whose
	// keys its observations are sealed, ascending.
	Atoms []customer.AtomID
	// Former are the names that atoms of its observations without a record may have had, before
	// others became known or the policy changed: what was hung on such an atom hangs on nobody
	// by now. Nobody has one of them, ascending.
	Former []customer.AtomID
	// Streams are those of which slices are the customer's, ascending. They can also be
	// others'.
	Streams []customer.AtomID
	// Blinds are the hashes of its identifiers and of the ids of its observations, ascending.
	// Identifiers can also be others'.
	Blinds [][seal.BlindBytes]byte
	// Own are those of Blinds of identifiers by which the customer is found, and nobody else is.
	Own [][seal.BlindBytes]byte
}

// Trace returns the names of a customer, by its id or that of one of the past that is part of
// it now. Errors: ErrUnknown, ErrErased, those of the store. Cost: two or three reads.
func (g *Graph) Trace(ctx context.Context, id customer.ID) (Trace, error) {
	c, home, err := g.home(ctx, id)
	if err != nil {
		return Trace{}, err
	}
	return c.ev.trace(home, g.rules.Load().policy.entity(c.ev.entity)), nil
}

// trace returns the names of a customer, which is an entity of the policy or nil.
func (ev *evidence) trace(home customer.ID, e *Entity) Trace {
	t := Trace{Customers: []customer.ID{home}}
	for i := range ev.pieces {
		p := &ev.pieces[i]
		if p.home != home {
			continue
		}
		t.Customers = append(t.Customers, p.answers...)
		t.Atoms = append(t.Atoms, p.present())
		if p.before != (customer.AtomID{}) {
			t.Atoms = append(t.Atoms, p.before)
		}
	}
	t.Atoms = ascending(t.Atoms)
	lie, _ := ev.stretches()
	for _, s := range lie {
		if _, own := slices.BinarySearchFunc(t.Atoms, s.atom, func(a, b customer.AtomID) int { return bytes.Compare(a[:], b[:]) }); own {
			t.Streams = append(t.Streams, streamOf(s.stream))
		}
	}
	values, others := map[int32]bool{}, map[int32]bool{}
	for _, o := range ev.seen {
		p := &ev.pieces[o.piece]
		if p.home != home {
			for _, k := range o.marks {
				others[k.value] = true
			}
			continue
		}
		if p.atom == (customer.AtomID{}) {
			t.Atoms = append(t.Atoms, atomOf(o.id))
		}
		t.Blinds = append(t.Blinds, o.id)
		for _, k := range o.marks {
			if !values[k.value] {
				values[k.value] = true
				t.Blinds = append(t.Blinds, ev.values[k.value].blind)
			}
		}
	}
	for v := range values {
		if x := &ev.values[v]; !others[v] && !x.shared && e != nil && !e.describes(ev.kinds[x.kind].typ) {
			t.Own = append(t.Own, x.blind)
		}
	}
	slices.SortFunc(t.Own, func(a, b [seal.BlindBytes]byte) int { return bytes.Compare(a[:], b[:]) })
	slices.SortFunc(t.Blinds, func(a, b [seal.BlindBytes]byte) int { return bytes.Compare(a[:], b[:]) })
	t.Customers, t.Atoms, t.Streams = ascending(t.Customers), ascending(t.Atoms), ascending(t.Streams)
	t.Former = ev.former(home)
	return t
}

// former returns the names that atoms of a customer's observations without a record may have
// had, and nobody has, ascending.
func (ev *evidence) former(home customer.ID) (names []customer.AtomID) {
	for _, o := range ev.seen {
		if p := &ev.pieces[o.piece]; p.home != home || p.atom != (customer.AtomID{}) {
			continue
		}
		names = append(names, atomOf(o.id))
		for _, k := range o.marks {
			names = append(names, sliceOf(ev.values[k.value].blind, o.id))
		}
	}
	had := map[customer.AtomID]bool{}
	for i := range ev.pieces {
		had[ev.pieces[i].present()] = true
	}
	return ascending(slices.DeleteFunc(names, func(a customer.AtomID) bool { return had[a] }))
}

// ascending orders ids, each once.
func ascending[T ~[16]byte](ids []T) []T {
	slices.SortFunc(ids, func(a, b T) int {
		x, y := [16]byte(a), [16]byte(b)
		return bytes.Compare(x[:], y[:])
	})
	return slices.Compact(ids)
}
