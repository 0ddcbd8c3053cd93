package identity

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

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
