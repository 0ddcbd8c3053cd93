package identity

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
)

// assign gives every group a customer. A customer of before goes on with the group that
// holds the piece that answers for it, the older where several meet; a group with none
// takes back one of the past that one of its pieces answers for, or begins a new one.
// It returns the ids by group, and those that begin anew with the piece that founds them.
func (ev *evidence) assign(out *grouping) (ids []customer.ID, founded map[customer.ID]int32) {
	live := ev.homes()
	ids = make([]customer.ID, out.groups)
	past := make([]customer.ID, out.groups)
	own := make([]int32, out.groups)
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
			return slices.ContainsFunc(ev.pieces, func(p piece) bool { return p.home == id })
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

// A move is a set of atoms that go from one customer to another.
type move struct {
	from, to customer.ID
	atoms    []customer.AtomID
}

// settle works out the customers and the changes that lead there, at most limit of them
// unless it is 0, and gives the pieces their homes. e.unfinish tells that there are
// more.
func (e *edit) settle(limit int) {
	ev := e.ev
	ids, founded := ev.assign(e.out)
	homes := make([]customer.ID, len(ev.pieces))
	for i, g := range e.out.group {
		if g >= 0 {
			homes[i] = ids[g]
		}
	}
	if e.gain(homes, founded, limit) {
		return
	}
	before := map[customer.AtomID]customer.ID{}
	live := map[customer.ID]int{} // atoms of each customer, before
	for _, a := range e.gone {
		if a.home != uuid.Nil {
			before[a.atom] = a.home
		}
	}
	for i := range ev.pieces {
		p := &ev.pieces[i]
		if p.home != uuid.Nil {
			before[p.present()] = p.home
		}
	}
	for _, home := range before {
		live[home]++
	}
	atoms, lie := ev.slices(e.entity, homes)
	after := map[customer.AtomID]customer.ID{}
	for i := range ev.pieces {
		if homes[i] != uuid.Nil {
			if ev.pieces[i].atom != (customer.AtomID{}) {
				atoms[i] = ev.pieces[i].atom
			}
			after[atoms[i]] = homes[i]
		}
	}
	moves := movesOf(before, after)
	remain := map[customer.ID]int{}
	for _, home := range after {
		remain[home]++
	}
	answering := e.answering(homes)
	moves = endings(moves, live, remain, answering)
	if len(moves) == 0 {
		e.house(homes, atoms, nil)
		return
	}
	rank := func(m move) int { // what begins comes before what ends
		switch {
		case m.from == uuid.Nil:
			return 0
		case remain[m.from] == 0 && answering[m.from] != uuid.Nil:
			return 3
		case m.to == uuid.Nil:
			return 2
		}
		return 1
	}
	slices.SortStableFunc(moves, func(a, b move) int {
		if c := cmp.Compare(rank(a), rank(b)); c != 0 || rank(a) < 3 {
			return c
		}
		c := bytes.Compare(a.from[:], b.from[:])
		switch last := answering[a.from]; {
		case c != 0:
			return c
		case a.to == last:
			return 1
		case b.to == last:
			return -1
		}
		return 0
	})
	if limit > 0 && len(moves) > limit {
		var later []move
		moves, later = e.portion(moves, limit, atoms)
		e.unfinish = len(later) > 0
		for _, m := range later {
			remain[m.from]++ // it has not ended yet
		}
	}
	begun := map[customer.ID]bool{}
	for _, m := range moves {
		c := customer.Change{From: m.from, To: m.to, Atoms: m.atoms, At: instant(e.at)}
		if m.to != uuid.Nil {
			c.Slices = slicesOf(m.atoms, lie)
		}
		switch {
		case m.to == uuid.Nil:
			c.Verb, c.Customer = customer.Moved, m.from
		case m.from == uuid.Nil && live[m.to] == 0 && !begun[m.to]:
			c.Verb, c.Customer = customer.Created, m.to
		case m.from == uuid.Nil:
			c.Verb, c.Customer = customer.Attached, m.to
		case live[m.to] == 0 && !begun[m.to]:
			c.Verb, c.Customer = customer.Split, m.to
		case remain[m.from] == 0 && answering[m.from] == m.to:
			c.Verb, c.Customer = customer.Merged, m.to
		default:
			c.Verb, c.Customer = customer.Moved, m.to
		}
		begun[m.to] = true
		e.changes = append(e.changes, c)
	}
	e.found(founded, func(id customer.ID) bool { return begun[id] })
	if !e.unfinish {
		e.house(homes, atoms, nil)
		return
	}
	moved := map[customer.AtomID]bool{}
	for _, m := range moves {
		for _, a := range m.atoms {
			moved[a] = true
		}
	}
	e.house(homes, atoms, moved)
}

// slicesOf says where those of atoms lie that are slices.
func slicesOf(atoms []customer.AtomID, lie map[customer.AtomID]customer.Slice) (all []customer.Slice) {
	for _, a := range atoms {
		if s, ok := lie[a]; ok {
			all = append(all, s)
		}
	}
	return all
}

// found lets the pieces that found customers answer for those that have begun.
func (e *edit) found(founded map[customer.ID]int32, begun func(customer.ID) bool) {
	for id, p := range founded {
		if begun(id) {
			e.ev.pieces[p].answers = append(slices.Clip(e.ev.pieces[p].answers), id)
			e.batch.Put(customerKey(id), pointer{state: contained, to: e.main.id}.data())
			e.require(customerKey(id), 0)
		}
	}
}

// gain is settle for the usual case, that records have come to customers, new ones or
// not, and that is all; otherwise it does nothing and returns false.
func (e *edit) gain(homes []customer.ID, founded map[customer.ID]int32, limit int) bool {
	if len(e.gone) > 0 {
		return false
	}
	var come []int32
	for i := range e.ev.pieces {
		p := &e.ev.pieces[i]
		if p.atom == (customer.AtomID{}) || p.home != uuid.Nil && p.home != homes[i] {
			return false
		}
		if p.home != homes[i] {
			come = append(come, int32(i))
		}
	}
	slices.SortFunc(come, func(a, b int32) int {
		return cmp.Or(bytes.Compare(homes[a][:], homes[b][:]), bytes.Compare(e.ev.pieces[a].atom[:], e.ev.pieces[b].atom[:]))
	})
	live := e.ev.homes()
	var changes []customer.Change
	for i, p := range come {
		if i == 0 || homes[p] != homes[come[i-1]] {
			if limit > 0 && len(changes) == limit {
				return false
			}
			c := customer.Change{Verb: customer.Attached, Customer: homes[p], To: homes[p], At: instant(e.at)}
			if !live(homes[p]) {
				c.Verb = customer.Created
			}
			changes = append(changes, c)
		}
		c := &changes[len(changes)-1]
		c.Atoms = append(c.Atoms, e.ev.pieces[p].atom)
	}
	for _, p := range come {
		e.ev.pieces[p].home = homes[p]
	}
	e.changes = append(e.changes, changes...)
	e.found(founded, func(customer.ID) bool { return true })
	return true
}

// portion chooses the first moves for a commit, about limit of them. Moves of atoms that
// a piece goes between are made together, and those of pieces that are no more at once:
// nobody would know of them later. Who loses the last atom ends at once, too.
func (e *edit) portion(moves []move, limit int, atoms []customer.AtomID) (now, later []move) {
	of := map[customer.AtomID]int{} // the move of each atom that moves
	set := make([]int, len(moves))
	for i, m := range moves {
		set[i] = i
		for _, a := range m.atoms {
			of[a] = i
		}
	}
	find := func(i int) int {
		for set[i] != i {
			i = set[i]
		}
		return i
	}
	for i := range e.ev.pieces {
		a, ok := of[e.ev.pieces[i].present()]
		b, both := of[atoms[i]]
		if ok && both {
			a, b = find(a), find(b)
			set[max(a, b)] = min(a, b)
		}
	}
	chosen := map[int]bool{}
	for i := range limit {
		chosen[find(i)] = true
	}
	for _, a := range e.gone {
		if i, ok := of[a.atom]; ok {
			chosen[find(i)] = true
		}
	}
	stays := map[customer.ID]bool{}
	for i, m := range moves {
		if len(m.atoms) > 0 && !chosen[find(i)] {
			stays[m.from] = true
		}
	}
	for i, m := range moves {
		if chosen[find(i)] && len(m.atoms) > 0 || len(m.atoms) == 0 && !stays[m.from] {
			now = append(now, m)
		} else {
			later = append(later, m)
		}
	}
	return now, later
}

// house gives the pieces their homes and atoms; those whose atom is not in only, where
// that is not nil, stay with the old.
func (e *edit) house(homes []customer.ID, atoms []customer.AtomID, only map[customer.AtomID]bool) {
	for i := range e.ev.pieces {
		p := &e.ev.pieces[i]
		if only != nil && !only[atoms[i]] && !only[p.present()] {
			continue
		}
		p.home = homes[i]
		if p.atom == (customer.AtomID{}) {
			p.slice = atoms[i]
		}
	}
}

// answering tells which customer each former one has become.
func (e *edit) answering(homes []customer.ID) map[customer.ID]customer.ID {
	to := map[customer.ID]customer.ID{}
	for i := range e.ev.pieces {
		for _, id := range e.ev.pieces[i].answers {
			to[id] = homes[i]
		}
	}
	return to
}

// endings adds to moves, which are ordered, that customers end of whom no atom goes to
// the one that they become.
func endings(moves []move, live, remain map[customer.ID]int, answering map[customer.ID]customer.ID) []move {
	with := make([]move, 0, len(moves))
	merged := false
	for i, m := range moves {
		to := answering[m.from]
		merged = merged || m.to == to
		with = append(with, m)
		if i+1 < len(moves) && moves[i+1].from == m.from {
			continue
		}
		if !merged && to != uuid.Nil && live[m.from] > 0 && remain[m.from] == 0 {
			with = append(with, move{from: m.from, to: to})
		}
		merged = false
	}
	return with
}

// movesOf compares where atoms were with where they are, ordered by from and to.
func movesOf(before, after map[customer.AtomID]customer.ID) []move {
	type way struct{ from, to customer.ID }
	ways := map[way][]customer.AtomID{}
	for a, to := range after {
		if from := before[a]; from != to {
			ways[way{from, to}] = append(ways[way{from, to}], a)
		}
	}
	for a, from := range before {
		if _, ok := after[a]; !ok {
			ways[way{from, uuid.Nil}] = append(ways[way{from, uuid.Nil}], a)
		}
	}
	moves := make([]move, 0, len(ways))
	for w, atoms := range ways {
		slices.SortFunc(atoms, func(a, b customer.AtomID) int { return bytes.Compare(a[:], b[:]) })
		moves = append(moves, move{w.from, w.to, atoms})
	}
	slices.SortFunc(moves, func(a, b move) int {
		return cmp.Or(bytes.Compare(a.from[:], b.from[:]), bytes.Compare(a.to[:], b.to[:]))
	})
	return moves
}
