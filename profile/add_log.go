package profile

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// A logEdit is the log of an atom that is being changed.
type logEdit struct {
	id     customer.AtomID
	head   *head
	lock   *lock        // nil: there is no key, or it is not needed
	made   *store.Batch // of a key that has just been made: what keeps it
	gone   bool         // the key has been destroyed
	slices []lying      // of a stream, in which the rows lie
	rows   pack
	fresh  pack   // of the rows, taken in and not in the tail of the head yet
	aside  *aside // nil: as it is in the head
	edited bool
	dirty  bool // profiles change
}

// build decides about each piece of evidence and returns the batch that adds those that
// are new, nil if none are; depends tells that under another schema of some that is not added
// something else may be decided.
func (a *adding) build(ctx context.Context, f *inForce, all pack) (b *store.Batch, depends bool, err error) {
	atoms := all.atoms()
	edits, ids, fresh := make([]logEdit, 0, atoms), make([]customer.AtomID, 0, atoms), make(pack, len(all))
	for rest := all; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Atom == rest[0].Atom {
			n++
		}
		edits = append(edits, logEdit{id: rest[0].Atom, rows: rest[:n], fresh: fresh[:0:n]})
		ids = append(ids, rest[0].Atom)
		rest, fresh = rest[n:], fresh[n:]
	}
	heads, err := a.p.heads(ctx, ids)
	if err != nil {
		return nil, false, err
	}
	writes := 0
	for i := range edits {
		edits[i].head = heads[i]
		writes += edits[i].writes()
	}
	most := a.p.s.Limits().Operations // the store would say so after all the work
	if !a.strict && len(edits) > 1 && writes+len(edits) >= most {
		return nil, false, errTooMany
	}
	places, err := a.p.places(ctx, edits)
	if err != nil {
		return nil, false, err
	}
	b = &store.Batch{Writes: make([]store.Write, 0, writes), Conditions: make([]store.Condition, 0, atoms+1)}
	changed := make(tenants)
	for i := range edits {
		if err := edits[i].divide(ctx, a.p); err != nil {
			return nil, false, err
		}
	}
	if err := a.p.unlock(ctx, f, edits, places); err != nil {
		return nil, false, err
	}
	t := &taking{p: a.p, f: f, b: b, places: places, of: changed}
	for i := range edits {
		e := &edits[i]
		for _, g := range e.rows {
			if err := e.take(g, t); err != nil {
				return nil, false, err
			}
			if a.strict && g.err != nil {
				return nil, t.depends, g.err
			}
		}
		if !e.head.keyed { // nothing was sealed: a key that was made is not kept
			e.lock = nil
		}
	}
	if len(edits) > 1 && leastOperations(edits) > most {
		return nil, false, errTooMany
	}
	if err := a.p.turn(ctx, f, edits, b); err != nil {
		return nil, false, err
	}
	waiting, edited := make(map[customer.ID]bool), make(map[customer.AtomID]bool)
	for i := range edits {
		edits[i].write(b, waiting)
		if err := a.p.index(ctx, f, &edits[i], b); err != nil {
			return nil, false, err
		}
		if len(changed) > 0 && edits[i].edited {
			edited[edits[i].id] = true
		}
	}
	if len(b.Writes) == 0 {
		return nil, t.depends, nil
	}
	if err := changed.wait(ctx, a.p, b, edited, waiting); err != nil {
		return nil, false, err
	}
	b.If([]byte(schemaKey), f.read)
	return b, false, nil
}

var errTooMany = fmt.Errorf("profile: evidence of a commit: %w", store.ErrTooLarge)

// leastOperations is what a commit has at least of edits that have taken in what is new.
func leastOperations(edits []logEdit) (n int) {
	for i := range edits {
		e := &edits[i]
		if !e.edited {
			continue
		}
		n += 2 // the head, and its condition
		if !e.head.full() {
			continue
		}
		for _, g := range e.fresh {
			if g.e.time <= g.e.learned { // it is sure to go into a page
				n++
			}
		}
	}
	return n
}

// writes is about how many there are if all rows are taken in.
func (e *logEdit) writes() int {
	if n := len(e.head.marks)/markSize + len(e.rows); n >= mostMarks {
		return 1 + moves(n)
	}
	return 1
}

// A paged is an id in the pages of an atom.
type paged struct {
	atom customer.AtomID
	id   idHash
}

// places looks up which of the evidence is in pages.
func (p *Profiles) places(ctx context.Context, edits []logEdit) (map[paged]contentSum, error) {
	most := 0
	for i := range edits {
		if edits[i].head.outside {
			most += len(edits[i].rows)
		}
	}
	names := make([]paged, 0, most)
	for i := range edits {
		e, begin := &edits[i], len(names)
		for _, g := range e.rows {
			if e.head.outside && e.head.find(g.hash) < 0 {
				names = append(names, paged{e.id, g.hash})
			}
		}
		slices.SortFunc(names[begin:], func(a, b paged) int { return bytes.Compare(a.id[:], b.id[:]) })
	}
	if len(names) == 0 {
		return nil, nil
	}
	keys := make([][]byte, len(names))
	for i := range names {
		keys[i] = entryKey(names[i].atom, names[i].id)
	}
	entries, err := p.read(ctx, keys)
	if err != nil {
		return nil, err
	}
	sums := make(map[paged]contentSum)
	for i, e := range entries {
		_, sum, found, err := readPlace(e)
		if err != nil {
			return nil, err
		}
		if found {
			sums[names[i]] = sum
		}
	}
	return sums, nil
}

// divide looks up, of a stream, the slices in which the rows lie.
func (e *logEdit) divide(ctx context.Context, p *Profiles) (err error) {
	if !e.head.divided {
		return nil
	}
	first, last := never, -never
	for _, g := range e.rows {
		if g.invalidated == nil {
			first, last = min(first, g.e.time), max(last, g.e.time)
		}
	}
	if first <= last {
		e.slices, err = p.slicesFrom(ctx, e.id, first, last)
	}
	return err
}

// A taking is a commit that takes evidence in.
type taking struct {
	p      *Profiles
	f      *inForce
	b      *store.Batch
	places map[paged]contentSum // ids that are in pages
	of     tenants              // slices of streams in which what is taken in lies
	// depends: nothing is written of some evidence whose id has been used, and that would be if the
	// schema took more or less of it.
	depends bool
}

// sum returns what stands for the evidence that has the id, and its place if that is in the head.
func (e *logEdit) sum(g *given, places map[paged]contentSum) (sum contentSum, at int, found bool) {
	if at = e.head.find(g.hash); at >= 0 {
		return e.head.sum(at), at, true
	}
	sum, found = places[paged{e.id, g.hash}]
	return sum, at, found
}

// A judgement says where evidence belongs in the log of an atom.
type judgement struct {
	slice customer.AtomID
	at    int  // in the head
	found bool // something has the id
	free  bool // but it is void
}

// judge decides about evidence, and tells whether it is to be taken into the head.
func (e *logEdit) judge(g *given, t *taking) (j judgement, take bool) {
	refuse := func(err error) (judgement, bool) {
		g.verdict, g.err = refused, fmt.Errorf("%w: row %d", err, g.row)
		return j, false
	}
	g.verdict, g.err = known, nil
	if g.invalidated != nil {
		g.verdict, g.err = refused, g.invalidated
		return j, false
	}
	slice, erased := sliceOf(e.slices, g.e.time, g.e.learned)
	if erased || e.head.erased || e.gone {
		return refuse(ErrErased)
	}
	sum, at, found := e.sum(g, t.places)
	same := found && g.says(sum, e.lock)
	j = judgement{slice, at, found, found && sum.void() && !(g.lacking && same)}
	switch {
	case found && sum == contentSum{}:
		return refuse(ErrRetracted)
	case j.free:
	case found && g.lacking && !same: // what has the id has it
	case found && !same:
		t.depends = true
		return refuse(ErrReused)
	case found && g.tried:
		g.verdict = added
		return j, false
	case found:
		t.depends = t.depends || sum.void()
		return j, false
	}
	g.verdict = added
	return j, true
}

// take decides about evidence and, if it is new, takes it into the head.
func (e *logEdit) take(g *given, t *taking) error {
	j, take := e.judge(g, t)
	if !take {
		return nil
	}
	said := g.sum
	if g.secret() && t.p.o.Vault != nil {
		e.keep(t.b)
		said = g.sumUnder(e.lock)
	}
	if g.lacking {
		said[sumSize-1] |= voidBit
	}
	if !e.edited {
		e.edited = true
		e.head.marks = slices.Grow(e.head.marks, markSize*len(e.rows))
	}
	if !j.found || j.free {
		e.head.mark(j.at, g.hash, said)
	}
	if !g.lacking {
		e.dirty = true
		if n := len(g.e.values); n > 0 {
			e.head.take(g.e.source, n)
		}
		if j.slice != (customer.AtomID{}) {
			t.of[j.slice] = true
		}
		e.fresh = append(e.fresh, g)
	}
	if (j.free || len(g.aside) > 0) && e.aside == nil {
		var err error
		if e.aside, err = readAside(e.head.aside); err != nil {
			return err
		}
		if err := e.aside.open(e.lock); err != nil {
			return err
		}
	}
	if j.free {
		e.aside.forget(g.ID)
	}
	for _, v := range g.aside {
		e.aside.add(v)
	}
	return nil
}

// settle appends the fresh rows to the tail of the head, or tells that the head is full. Then they
// may be fresh still, and go into pages from here.
func (e *logEdit) settle() (full bool, err error) {
	if len(e.fresh) == 0 || e.head.full() {
		return e.edited && e.head.full(), nil
	}
	size := 0
	for _, g := range e.fresh {
		size += g.size + 24
		if e.lock != nil {
			size += g.protected * mostOverhead
		}
	}
	w, base, err := appendTo(e.head.tail, size, e.fresh[0].e.learned, e.head.keyed)
	if err != nil {
		return false, err
	}
	for _, g := range e.fresh {
		g.e.encode(w, base, e.lock)
	}
	e.head.tail, e.fresh = w.Data(), nil
	return e.head.full(), nil
}

// turn settles what was taken in, and moves the newest entries of those heads that are full into
// pages.
func (p *Profiles) turn(ctx context.Context, f *inForce, edits []logEdit, b *store.Batch) error {
	var full []*logEdit
	var ids []customer.AtomID
	var heads []*head
	var keys locks
	for i := range edits {
		e := &edits[i]
		switch is, err := e.settle(); {
		case err != nil:
			return err
		case !is:
			continue
		}
		if e.head.large {
			if err := e.head.turn(f, e.id, e.fresh, e.lock, nil, b); err != nil {
				return err
			}
			continue
		}
		if e.head.keyed && e.lock == nil { // it has become longer than expected
			var err error
			if _, e.lock, err = p.lock(ctx, f, e.id, e.head); err != nil {
				return err
			}
		}
		full, heads, ids, keys = append(full, e), append(heads, e.head), append(ids, e.id), append(keys, e.lock)
	}
	before, err := p.partials(ctx, f, ids, heads, keys)
	if err != nil {
		return err
	}
	for i, e := range full {
		if err := e.head.turn(f, e.id, e.fresh, e.lock, before[i], b); err != nil {
			return err
		}
	}
	return nil
}

// write puts the head if it was edited, and has the customers folded anew whose profiles
// change, unless they are in waiting already.
func (e *logEdit) write(b *store.Batch, waiting map[customer.ID]bool) {
	if !e.edited {
		return
	}
	if e.aside != nil {
		e.head.aside = e.aside.encode(e.lock)
	}
	key := headKey(e.id)
	b.If(key, e.head.version)
	b.Put(key, e.head.encode())
	if !e.dirty {
		return
	}
	for _, id := range e.head.claims {
		if !waiting[id] {
			waiting[id] = true
			b.Put(waitKey(id), waitMark)
		}
	}
}
