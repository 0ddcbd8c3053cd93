package identity

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
)

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
	ids, founded := ev.assign(e.out, e.assigned)
	e.assigned = ids
	homes := room(e.homes, len(ev.pieces))
	for i, g := range e.out.group {
		if homes[i] = uuid.Nil; g >= 0 {
			homes[i] = ids[g]
		}
	}
	e.homes = homes
	if e.gain(homes, founded, limit) {
		return
	}
	before := e.before()
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
	c := census{live: atomsOf(before), remain: atomsOf(after), answering: e.answering(homes)}
	moves := endings(movesOf(before, after), &c)
	if len(moves) == 0 {
		e.house(homes, atoms, nil)
		return
	}
	slices.SortStableFunc(moves, c.compare)
	if limit > 0 && len(moves) > limit {
		var later []move
		e.meant, _ = e.tell(moves, &c, lie)
		moves, later = e.portion(moves, limit, atoms)
		e.unfinish = len(later) > 0
		for _, m := range later {
			c.remain[m.from]++ // it has not ended yet
		}
	}
	changes, begun := e.tell(moves, &c, lie)
	e.changes = append(e.changes, changes...)
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

// before is where each atom was.
func (e *edit) before() map[customer.AtomID]customer.ID {
	before := map[customer.AtomID]customer.ID{}
	for _, a := range e.gone {
		if a.home != uuid.Nil {
			before[a.atom] = a.home
		}
	}
	for i := range e.ev.pieces {
		if p := &e.ev.pieces[i]; p.home != uuid.Nil {
			before[p.present()] = p.home
		}
	}
	return before
}

// A census is how many atoms customers have, before and after, and whom each former one
// has become.
type census struct {
	live, remain map[customer.ID]int
	answering    map[customer.ID]customer.ID
}

// atomsOf counts the atoms of each customer.
func atomsOf(homes map[customer.AtomID]customer.ID) map[customer.ID]int {
	n := map[customer.ID]int{}
	for _, home := range homes {
		n[home]++
	}
	return n
}

// rank orders moves so that what begins comes before what ends.
func (c *census) rank(m move) int {
	switch {
	case m.from == uuid.Nil:
		return 0
	case c.remain[m.from] == 0 && c.answering[m.from] != uuid.Nil:
		return 3
	case m.to == uuid.Nil:
		return 2
	}
	return 1
}

// compare orders moves by rank, and those of a customer that ends so that the one that
// it becomes is last.
func (c *census) compare(a, b move) int {
	if by := cmp.Compare(c.rank(a), c.rank(b)); by != 0 || c.rank(a) < 3 {
		return by
	}
	by := bytes.Compare(a.from[:], b.from[:])
	switch last := c.answering[a.from]; {
	case by != 0:
		return by
	case a.to == last:
		return 1
	case b.to == last:
		return -1
	}
	return 0
}

// tell returns the changes that the moves are, and to which customers something has come.
// lie has the atoms that are slices.
func (e *edit) tell(moves []move, c *census, lie map[customer.AtomID]customer.Slice) (changes []customer.Change, begun map[customer.ID]bool) {
	begun = map[customer.ID]bool{}
	for _, m := range moves {
		change := customer.Change{Customer: m.to, From: m.from, To: m.to, Atoms: m.atoms, At: instant(e.at)}
		if m.to != uuid.Nil {
			change.Slices = slicesOf(m.atoms, lie)
		}
		begins := c.live[m.to] == 0 && !begun[m.to]
		switch {
		case m.to == uuid.Nil:
			change.Verb, change.Customer = customer.Moved, m.from
		case m.from == uuid.Nil && begins:
			change.Verb = customer.Created
		case m.from == uuid.Nil:
			change.Verb = customer.Attached
		case begins:
			change.Verb = customer.Split
		case c.remain[m.from] == 0 && c.answering[m.from] == m.to:
			change.Verb = customer.Merged
		default:
			change.Verb = customer.Moved
		}
		begun[m.to] = true
		changes = append(changes, change)
	}
	return changes, begun
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
			key := e.arena.key("u", id[:])
			e.batch.Put(key, e.here(nil))
			e.requireFirst(key, 0)
		}
	}
}

// gain is settle for the usual case, that records have come to customers, new ones or
// not, and that is all; otherwise it does nothing and returns false.
func (e *edit) gain(homes []customer.ID, founded map[customer.ID]int32, limit int) bool {
	if len(e.gone) > 0 {
		return false
	}
	var few [8]int32
	come := few[:0]
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
	before, changes := len(e.changes), e.changes
	for i, p := range come {
		if i == 0 || homes[p] != homes[come[i-1]] {
			if limit > 0 && len(changes)-before == limit {
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
	e.changes = changes
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
func endings(moves []move, c *census) []move {
	with := make([]move, 0, len(moves))
	merged := false
	for i, m := range moves {
		to := c.answering[m.from]
		merged = merged || m.to == to
		with = append(with, m)
		if i+1 < len(moves) && moves[i+1].from == m.from {
			continue
		}
		if !merged && to != uuid.Nil && c.live[m.from] > 0 && c.remain[m.from] == 0 {
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
