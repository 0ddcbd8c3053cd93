package identity

import (
	"bytes"
	"cmp"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
)

// assign gives every group a customer. A customer of before goes on with the group that
// holds the piece that answers for it, the older where several meet; a group with none
// takes back one of the past that one of its pieces answers for, or begins a new one.
// It returns the ids by group, in the given memory, and those that begin anew with the
// piece that founds them.
func (ev *evidence) assign(out *grouping, memory []customer.ID) (ids []customer.ID, founded map[customer.ID]int32) {
	live := ev.homes()
	ids = room(memory, out.groups)
	clear(ids)
	var few [4]customer.ID
	var fewest [4]int32
	past, own := room(few[:0], out.groups), room(fewest[:0], out.groups)
	clear(past)
	for g := range own {
		own[g] = -1
	}
	least := func(id *customer.ID, by customer.ID) {
		if *id == uuid.Nil || bytes.Compare(by[:], id[:]) < 0 {
			*id = by
		}
	}
	for i := range ev.pieces {
		g := out.group[i]
		if g < 0 {
			continue
		}
		p := &ev.pieces[i]
		for _, id := range p.answers {
			if live(id) {
				least(&ids[g], id)
			} else {
				least(&past[g], id)
			}
		}
		if own[g] < 0 || bytes.Compare(p.own[:], ev.pieces[own[g]].own[:]) < 0 {
			own[g] = int32(i)
		}
	}
	for g := range ids {
		if ids[g] == uuid.Nil {
			ids[g] = past[g]
		}
		if ids[g] == uuid.Nil {
			ids[g] = ev.pieces[own[g]].own
			if founded == nil {
				founded = map[customer.ID]int32{}
			}
			founded[ids[g]] = own[g]
		}
	}
	return ids, founded
}

// homes returns a function that tells whether a customer is the home of a piece.
func (ev *evidence) homes() func(customer.ID) bool {
	if len(ev.pieces) <= 16 {
		return func(id customer.ID) bool {
			for i := range ev.pieces {
				if ev.pieces[i].home == id {
					return true
				}
			}
			return false
		}
	}
	all := make(map[customer.ID]bool, 8)
	for i := range ev.pieces {
		all[ev.pieces[i].home] = true
	}
	return func(id customer.ID) bool { return all[id] }
}

// slices names the atom of every piece that is no record, and says where the slices lie
// that these are. homes are by piece.
func (ev *evidence) slices(e *Entity, homes []customer.ID) ([]customer.AtomID, map[customer.AtomID]customer.Slice) {
	atoms := make([]customer.AtomID, len(ev.pieces))
	type run struct {
		begun bool
		home  customer.ID
		atom  customer.AtomID
	}
	runs := map[int32]run{}
	lie := map[customer.AtomID]customer.Slice{}
	for i := range ev.seen {
		o := &ev.seen[i]
		if ev.pieces[o.piece].atom != (customer.AtomID{}) {
			continue
		}
		stream := ev.stream(e, o)
		if stream < 0 {
			atoms[o.piece] = atomOf(o.id)
			continue
		}
		r := runs[stream]
		if home := homes[o.piece]; !r.begun || home != r.home {
			h := ev.values[stream].blind
			r = run{true, home, sliceOf(h, o.id)}
			runs[stream] = r
			lie[r.atom] = customer.Slice{Atom: r.atom, Stream: streamOf(h), Since: instant(o.at)}
		}
		atoms[o.piece] = r.atom
	}
	return atoms, lie
}

// stream is the value whose slices an observation without record is part of, or -1.
func (ev *evidence) stream(e *Entity, o *observation) int32 {
	stream, level := int32(-1), 0
	for _, k := range o.marks {
		v := ev.values[k.value]
		if l := e.index(ev.kinds[v.kind].typ); l >= 0 && e.Types[l].Kind == Ephemeral && !v.shared {
			if stream < 0 || cmp.Or(cmp.Compare(l, level), compareBlinds(v.blind, ev.values[stream].blind)) < 0 {
				stream, level = k.value, l
			}
		}
	}
	return stream
}
