package identity

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// Erase forgets a customer, named by its id or that of one of the past that is part of it
// now: all observations of its records and slices, the identifiers that nobody else has,
// its relations, the rulings that concern nobody else, and the keys under which it was
// sealed. The others are then who they would be if its evidence had never been. What
// is kept is keyed hashes, so that the person does not come back by accident: what is
// observed again, or later but is of a time up to the erasure's, is ErrErased where it is
// of an erased record or has an erased identifier. The time of an erasure is that of the
// ruling, or of the customer's last observation where that is later. What happened after
// it begins a new customer, who has nothing in common with the old.
//
// The ruling is kept, sealed under a key of its own, and cannot be revoked: its reason
// should not name the person. Rulings that were revoked before stay in the log, as do the
// hashes of observations that were retracted. To erase again by the same ruling does
// nothing.
//
// The customer is gone, and the feed says so, by one commit. What does not fit into it
// is written ahead and done right afterwards; whatever else would change the graph
// finishes that first, also in other processes, so that after a crash nothing is left
// undone once anything is observed, or [Graph.Resume] is called.
//
// Errors: ErrInput, ErrUnknown, ErrErased if the customer has been erased by another
// ruling, ErrReused, those of the store and the vault. Cost: as Observe for a customer of
// up to some hundred observations; a commit for every 900 keys of a larger one.
func (g *Graph) Erase(ctx context.Context, id customer.ID, r Ruling) error {
	if err := r.validate(); err != nil {
		return err
	}
	name := g.blind("ruling", r.ID)
	content := g.blind("content", fmt.Sprintf("erase %s %d", id, r.Time.UnixMicro()))
	return g.run(ctx, func(ctx context.Context, more []customer.ID) (*edit, error) {
		entries, err := g.s.Get(ctx, []byte(epochKey), rulingKey(name))
		if err != nil {
			return nil, err
		}
		if _, err := g.current(ctx, entries[0]); err != nil { // finishes what is not finished
			return nil, err
		}
		if e, taken, err := g.ruledBefore(ctx, entries[1], content); taken {
			return e, err
		}
		c, _, err := g.home(ctx, id)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(c.epoch, g.rules.Load().epoch) { // who it is has still to be worked out
			if err := g.refresh(ctx, c.id); err != nil {
				return nil, err
			}
			return nil, conflictIf(true)
		}
		e, err := g.load(ctx, append(slices.Clone(more), c.id))
		if err != nil || e == nil {
			return nil, errors.Join(err, conflictIf(e == nil))
		}
		i := slices.IndexFunc(e.ev.pieces, func(p piece) bool { return slices.Contains(p.answers, id) })
		if i < 0 {
			return nil, conflictIf(true)
		}
		e.at = r.Time.UnixMicro()
		if err := e.putRuling(ctx, name, ruled{erasure: true, container: e.main.id, content: content}, r); err != nil {
			return nil, err
		}
		return e, e.erase(ctx, e.ev.pieces[i].home, name)
	})
}

// Resume finishes an erasure that was interrupted by a crash, as Open does, and takes away
// what had been written ahead for one that did not come to happen. Call it when a process
// starts. Others may go on meanwhile. Errors are those of the store. Cost: two reads where
// there is nothing to do.
func (g *Graph) Resume(ctx context.Context) error {
	if err := g.finishErasure(ctx); err != nil {
		return err
	}
	for more := true; more; {
		if err := g.update(ctx, func(ctx context.Context) (*store.Batch, error) {
			if err := g.finishErasure(ctx); err != nil {
				return nil, err
			}
			r := store.Under(key("e"))
			r.Limit = 400
			b := &store.Batch{}
			b.If([]byte(erasingKey), 0) // none has happened meanwhile
			for entry, err := range g.s.Scan(ctx, r) {
				if err != nil {
					return nil, err
				}
				b.If(entry.Key, entry.Version) // it may be of one about to happen, which then begins again
				b.Delete(entry.Key)
			}
			more = len(b.Writes) == r.Limit
			return b, nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// An erasure is what an edit does beside the evidence to erase a customer.
type erasure struct {
	*edit
	until  int64 // the time of the erasure
	mark   []byte
	writes []store.Write // what need not be part of the commit
	has    map[string]bool
	sealed []customer.AtomID // whose keys are destroyed
	gone   map[blind]bool    // rulings
}

// erase takes a customer out of the evidence and finishes the edit.
func (e *edit) erase(ctx context.Context, home customer.ID, name blind) error {
	x := &erasure{edit: e, until: e.at, has: map[string]bool{}, gone: map[blind]bool{}}
	ev := e.ev
	out := make([]bool, len(ev.pieces))
	for p := range ev.pieces {
		out[p] = ev.pieces[p].home == home
	}
	held, lost := make([]bool, len(ev.values)), make([]bool, len(ev.values))
	for _, o := range ev.seen {
		if out[o.piece] {
			x.until = max(x.until, o.at)
		}
		for _, k := range o.marks {
			if out[o.piece] {
				lost[k.value] = true
			} else {
				held[k.value] = true
			}
		}
	}
	x.mark = pointer{erased: &x.until}.data()
	x.observations(out)
	if err := x.values(ctx, held, lost); err != nil {
		return err
	}
	atoms, err := x.pieces(ctx, out)
	if err != nil {
		return err
	}
	x.rulings()
	e.changes = []customer.Change{{Verb: customer.Erased, From: home, Atoms: atoms, At: instant(e.at)}}
	e.shrunk = true
	e.compact()
	e.dropped = slices.DeleteFunc(e.dropped, func(h blind) bool { return x.has[string(valueKey(h))] })
	if err := e.finish(ctx); err != nil {
		return err
	}
	if err := x.references(ctx); err != nil {
		return err
	}
	return x.place(ctx, name)
}

// put adds a write that need not be part of the commit, each key once.
func (x *erasure) put(key, value []byte) {
	if !x.has[string(key)] {
		x.has[string(key)] = true
		x.writes = append(x.writes, store.Write{Key: key, Value: value})
	}
}

// remove is put of a deletion.
func (x *erasure) remove(key []byte) {
	if !x.has[string(key)] {
		x.has[string(key)] = true
		x.writes = append(x.writes, store.Write{Key: key, Delete: true})
	}
}

// destroy adds the end of the key of an atom.
func (x *erasure) destroy(a customer.AtomID) {
	b := &store.Batch{}
	x.g.o.Vault.Destroy(b, a)
	for _, w := range b.Writes {
		x.put(w.Key, w.Value)
	}
	x.sealed = append(x.sealed, a)
}

// values marks those that nobody else has.
func (x *erasure) values(ctx context.Context, held, lost []bool) error {
	ev := x.ev
	for i := range ev.values {
		v := &ev.values[i]
		switch {
		case !lost[i] || held[i]:
		default:
			if v.shared {
				if others, err := x.borne(ctx, v.blind); err != nil {
					return err
				} else if others {
					continue // see references; and its cuts stay
				}
			} else if !x.entity.describes(ev.kinds[v.kind].typ) {
				x.put(valueKey(v.blind), x.mark)
			}
			for _, c := range v.cuts {
				x.gone[c.ruling] = true
				x.loseValue(int32(i), c.ruling[:])
			}
			v.cuts = nil
		}
	}
	return nil
}

// borne tells whether others have a shared value.
func (x *erasure) borne(ctx context.Context, h blind) (bool, error) {
	r, err := x.ref(ctx, h)
	if err != nil {
		return false, err
	}
	if err := x.guard(ctx, h, r.to); err != nil {
		return false, err
	}
	for b, err := range x.g.bearers(ctx, h, r.to) {
		if err != nil {
			return false, err
		}
		if len(b.values) > 0 && !slices.Contains(x.lost[h], b.name) {
			return true, nil
		}
	}
	return false, nil
}

// observations takes out those of the customer.
func (x *erasure) observations(out []bool) {
	ev := x.ev
	erased := seen{state: seenErased}.data()
	ev.seen = slices.DeleteFunc(ev.seen, func(o observation) bool {
		if !out[o.piece] {
			return false
		}
		x.lose(o)
		x.put(observationKey(o.id), erased)
		if ev.pieces[o.piece].atom == (customer.AtomID{}) {
			x.destroy(atomOf(o.id))
		}
		return true
	})
}

// pieces empties those of the customer, and returns its atoms.
func (x *erasure) pieces(ctx context.Context, out []bool) (atoms []customer.AtomID, err error) {
	for p := range out {
		if !out[p] {
			continue
		}
		q := &x.ev.pieces[p]
		atoms = append(atoms, q.present())
		if q.atom != (customer.AtomID{}) {
			name := q.atom
			if q.before != (customer.AtomID{}) {
				name = q.before
			}
			x.put(recordKey(name), x.mark)
		}
		for _, id := range q.answers {
			x.put(customerKey(id), x.mark)
		}
		for _, r := range slices.Concat(q.links, q.parts) {
			x.gone[r.id] = true
		}
		if q.related {
			if err := x.relations(ctx, q.atom); err != nil {
				return nil, err
			}
		}
		*q = piece{own: q.own, source: q.source}
	}
	slices.SortFunc(atoms, func(a, b customer.AtomID) int { return bytes.Compare(a[:], b[:]) })
	atoms = slices.Compact(atoms)
	for _, a := range atoms {
		x.destroy(a)
	}
	return atoms, nil
}

// rulings erases those of the customer that say nothing about others.
func (x *erasure) rulings() {
	links, sides := map[blind]int{}, map[blind]map[int]bool{}
	for i := range x.ev.pieces {
		p := &x.ev.pieces[i]
		for _, r := range p.links {
			links[r.id]++
		}
		for _, r := range p.parts {
			if sides[r.id] == nil {
				sides[r.id] = map[int]bool{}
			}
			sides[r.id][r.side] = true
		}
	}
	for id := range x.gone {
		if links[id] > 1 || len(sides[id]) > 1 {
			delete(x.gone, id)
		}
	}
	dead := func(r ruling) bool { return x.gone[r.id] }
	for i := range x.ev.pieces {
		p := &x.ev.pieces[i]
		p.links, p.parts = slices.DeleteFunc(p.links, dead), slices.DeleteFunc(p.parts, dead)
	}
	for _, id := range sortedBlinds(x.gone) {
		x.put(rulingKey(id), ruled{revoked: true, content: id}.data())
		x.destroy(atomOf(id))
	}
}

// sortedBlinds returns the keys of a map, ascending.
func sortedBlinds[V any](m map[blind]V) []blind {
	all := make([]blind, 0, len(m))
	for h := range m {
		all = append(all, h)
	}
	slices.SortFunc(all, compareBlinds)
	return all
}

// references completes those of values that were shared.
func (x *erasure) references(ctx context.Context) error {
	written := map[blind]pointer{}
	var order []blind
	for _, w := range x.batch.Writes {
		if bytes.HasPrefix(w.Key, key("v")) {
			p := pointer{}
			if !w.Delete {
				var err error
				if p, err = readPointer(store.Entry{Value: w.Value, Version: 1}); err != nil {
					return err
				}
			}
			h := blindOf(w.Key[len(key("v")):])
			written[h] = p
			order = append(order, h)
		}
	}
	for _, h := range order {
		to := written[h]
		was, _ := x.refs.of(h)
		if was.state != shared || to.state == shared {
			continue
		}
		if to.state == nowhere && len(x.lost[h]) > 0 {
			to.erased = &x.until
			x.putRef(h, to)
			written[h] = to
		}
		// It is shared no more, and its list goes.
		for b, err := range x.g.bearers(ctx, h, was.to) {
			if err != nil {
				return err
			}
			x.remove(append(bearerPrefix(h, was.to), b.name...))
		}
		for i := range guards {
			x.remove(guardKey(h, was.to, i))
		}
	}
	x.after = nil // it has been seen to
	prefix := key("b")
	x.batch.Writes = slices.DeleteFunc(x.batch.Writes, func(w store.Write) bool {
		if w.Delete && bytes.HasPrefix(w.Key, prefix) {
			x.remove(w.Key)
			return true
		}
		return false
	})
	return nil
}

// place adds the writes to the commit, or writes them ahead where they are too many: then
// the commit says that they are to be done.
func (x *erasure) place(ctx context.Context, name blind) error {
	limits := x.g.s.Limits()
	operations := len(x.batch.Writes) + len(x.batch.Conditions) + 6*len(x.changes)
	size := batchBytes(x.batch.Writes) + batchBytes(x.writes) + 100*len(x.batch.Conditions) + 3000*len(x.changes)
	forget := func(context.Context) error {
		x.g.o.Vault.Forget(x.sealed...)
		return nil
	}
	if operations+len(x.writes) <= limits.Operations && size <= limits.BatchBytes {
		x.batch.Writes = append(x.batch.Writes, x.writes...)
		x.after = append(x.after, forget)
		return nil
	}
	x.namesFirst()
	parts := 0
	for some := range eraseParts(x.writes) {
		b := &store.Batch{}
		k := erasePartKey(name, parts)
		b.Put(k, erasePartData(some))
		version, err := x.g.s.Commit(ctx, b)
		if err != nil {
			return err
		}
		x.require(k, version)
		parts++
	}
	epoch, err := x.g.s.Get(ctx, []byte(epochKey))
	if err != nil {
		return err
	}
	// All who have read before begin again, and finish this first.
	x.batch.Put([]byte(epochKey), epoch[0].Value)
	x.require([]byte(erasingKey), 0)
	x.batch.Put([]byte(erasingKey), erasing{name, parts}.data())
	x.after = append(x.after, forget, x.g.finishErasure)
	return nil
}

// namesFirst makes the end of the customer's ids part of the commit, unless they are very
// many, and brings the other writes in order.
func (x *erasure) namesFirst() {
	n, prefix := 0, key("u")
	x.writes = slices.DeleteFunc(x.writes, func(w store.Write) bool {
		if n == 100 || !bytes.HasPrefix(w.Key, prefix) {
			return false
		}
		n++
		x.batch.Writes = append(x.batch.Writes, w)
		return true
	})
	slices.SortFunc(x.writes, func(a, b store.Write) int {
		return cmp.Or(bytes.Compare(a.Value, b.Value), bytes.Compare(a.Key, b.Key))
	})
}

// batchBytes is what writes count in a batch.
func batchBytes(writes []store.Write) (n int) {
	for _, w := range writes {
		n += len(w.Key) + len(w.Value)
	}
	return n
}

// finishErasure does what an erasure has left to do, if there is one.
func (g *Graph) finishErasure(ctx context.Context) error {
	return g.update(ctx, func(ctx context.Context) (*store.Batch, error) {
		entries, err := g.s.Get(ctx, []byte(erasingKey), []byte(epochKey))
		if err != nil || entries[0].Version == 0 {
			return nil, err
		}
		job, err := readErasing(entries[0].Value)
		if err != nil {
			return nil, err
		}
		for part := range job.parts {
			if err := g.erasePart(ctx, erasePartKey(job.name, part)); err != nil {
				return nil, err
			}
		}
		b := &store.Batch{}
		b.If([]byte(erasingKey), entries[0].Version)
		b.Delete([]byte(erasingKey))
		b.If([]byte(epochKey), entries[1].Version)
		b.Put([]byte(epochKey), entries[1].Value) // what was read before is not the present
		return b, nil
	})
}

// erasePart does a part, and takes it away, by one commit: once, whoever does it.
func (g *Graph) erasePart(ctx context.Context, k []byte) error {
	entries, err := g.s.Get(ctx, k)
	if err != nil || entries[0].Version == 0 {
		return err
	}
	writes, err := readErasePart(entries[0].Value)
	if err != nil {
		return err
	}
	b := &store.Batch{Writes: writes}
	b.If(k, entries[0].Version)
	b.Delete(k)
	if _, err := g.s.Commit(ctx, b); err != nil {
		return err
	}
	var atoms []customer.AtomID
	for _, w := range writes {
		if n := len(w.Key) - len(customer.AtomID{}); n >= 0 {
			atoms = append(atoms, customer.AtomID(w.Key[n:])) // of those that are keys of the vault
		}
	}
	g.o.Vault.Forget(atoms...)
	return nil
}
