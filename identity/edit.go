package identity

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// An edit changes the evidence of some containers, which become one, and what follows
// from it, in one commit. It is used once.
type edit struct {
	g      *Graph
	rules  *rules
	entity *Entity
	at     int64 // when what it does happened

	main   *container                 // what it all becomes
	others []*container               // what becomes part of it
	led    map[customer.ID]*container // these, by all ids that lead to them, but perhaps for main
	ev     *evidence                  // of all
	values map[blind]int32            // index of ev.values, made when they are many

	batch    store.Batch
	arena    arena           // of what the batch holds
	pointer  []byte          // see here
	ahead    [][]byte        // keys of what is committed ahead of it, of no use without it
	required map[string]bool // keys that the batch has a condition on, where they are many
	refs     readPointers    // of values
	keys     map[customer.AtomID]*seal.Key

	touched   []bool             // pieces whose values may have changed
	begun     map[blind]bool     // values that have just come to be shared
	shrunk    bool               // pieces may have lost values
	stale     bool               // the homes of some do not follow from the policy in force
	lost      map[blind][]string // shared values, and the names of pieces that lost sightings of them
	lostKinds map[blind]kindKey
	dropped   []blind           // values that are on no piece any more
	gone      []atomHome        // atoms of pieces that are no more
	emptied   []customer.AtomID // names of records that had been erased before and are no more

	out      *grouping
	grouping grouping // its memory
	changes  []customer.Change
	unfinish bool                              // there are more changes than fit into a commit
	meant    []customer.Change                 // all of them, where they may be more
	homes    []customer.ID                     // by piece: whose it is after all of them
	assigned []customer.ID                     // memory of those of groups
	after    []func(ctx context.Context) error // what tidies up after the commit
}

// versioned is a pointer as it was read.
type versioned struct {
	pointer
	version store.Version
}

// An atomHome is an atom and the customer it was with.
type atomHome struct {
	atom customer.AtomID
	home customer.ID
}

// Bounds of one commit, so that it fits into the smallest store.
const (
	maxMerged  = 200 // containers
	maxChanges = 60
)

// bounds are smaller ones, for tests. 0: the usual.
type bounds struct{ merged, changes int }

// newEdit begins an edit of containers, of which there may be none; then id names the
// one that begins. Conditions of the commit are that the policy and the containers are
// as they were read.
func (g *Graph) newEdit(r *rules, entity string, at int64, all []*container, id customer.ID) (*edit, error) {
	if len(all) == 0 {
		all = []*container{new(container).begin(r, entity, id, new(evidence))}
	}
	e := new(edit)
	if err := e.begin(g, r, entity, at, all); err != nil {
		return nil, err
	}
	return e, nil
}

// reset empties an edit, and keeps its memory.
func (e *edit) reset() {
	*e = edit{
		arena: e.arena[:0], batch: store.Batch{Writes: e.batch.Writes[:0], Conditions: e.batch.Conditions[:0]}, refs: readPointers{few: e.refs.few[:0]},
		touched: e.touched[:0], changes: e.changes[:0], grouping: e.grouping, homes: e.homes[:0], assigned: e.assigned[:0],
	}
}

// begin is newEdit in the memory of an edit that is reset, with at least one container.
func (e *edit) begin(g *Graph, r *rules, entity string, at int64, all []*container) error {
	e.g, e.rules, e.entity, e.at = g, r, r.policy.entity(entity), at
	if e.entity == nil {
		return fmt.Errorf("%w: there is no entity %q", ErrPolicy, entity)
	}
	e.batch.Conditions = slices.Grow(e.batch.Conditions, 8)
	e.require(e.arena.put(append(e.arena, epochKey...)), r.version)
	e.main = slices.MaxFunc(all, func(a, b *container) int {
		return cmp.Or(cmp.Compare(len(a.ev.seen), len(b.ev.seen)), bytes.Compare(b.id[:], a.id[:]))
	})
	e.require(e.containerKey(e.main), e.main.version)
	e.ev = e.main.ev
	for _, c := range all {
		e.stale = e.stale || !bytes.Equal(c.epoch, r.epoch)
		if c.ev.entity != entity {
			return fmt.Errorf("%w: container of another entity", store.ErrCorrupt)
		}
		if c != e.main {
			e.others = append(e.others, c)
			e.require(containerKey(c.id), c.version)
			e.batch.Put(containerKey(c.id), forwardData(e.main.id))
			e.dropParts(c)
			e.absorb(c.ev)
		}
	}
	if len(e.others) > 0 {
		slices.SortFunc(e.ev.seen, compareObservations)
		for i := 1; i < len(e.ev.seen); i++ {
			if err := conflictIf(e.ev.seen[i-1].id == e.ev.seen[i].id); err != nil {
				return err // two containers were read before and after one took the evidence of the other
			}
		}
	}
	e.touched = room(e.touched, len(e.ev.pieces)+1)[:len(e.ev.pieces)]
	clear(e.touched)
	return nil
}

// containerKey is as the function, in the memory of the edit.
func (e *edit) containerKey(c *container) []byte { return e.arena.key("c", c.id[:]) }

// require makes it a condition of the commit that a key has a version, unless there is one
// on the key already.
func (e *edit) require(key []byte, v store.Version) {
	if len(e.batch.Conditions) < 16 {
		if !slices.ContainsFunc(e.batch.Conditions, func(c store.Condition) bool { return bytes.Equal(c.Key, key) }) {
			e.batch.If(key, v)
		}
		return
	}
	if e.required == nil {
		e.required = map[string]bool{}
		for _, c := range e.batch.Conditions {
			e.required[string(c.Key)] = true
		}
	}
	if !e.required[string(key)] {
		e.requireFirst(key, v)
	}
}

// requireFirst is require for a key on which there is no condition yet.
func (e *edit) requireFirst(key []byte, v store.Version) {
	if e.required != nil {
		e.required[string(key)] = true
	}
	e.batch.If(key, v)
}

// absorb appends the evidence of another container.
func (e *edit) absorb(ev *evidence) {
	values := make([]int32, len(ev.values))
	for i, v := range ev.values {
		k := ev.kinds[v.kind]
		values[i] = e.value(k, v.blind)
		into := &e.ev.values[values[i]]
		into.shared = into.shared || v.shared
		into.cuts = append(into.cuts, v.cuts...)
	}
	offset := int32(len(e.ev.pieces))
	sources := make([]int32, len(ev.sources))
	for i, name := range ev.sources {
		sources[i] = e.source(name)
	}
	for _, p := range ev.pieces {
		p.source = sources[p.source]
		e.ev.pieces = append(e.ev.pieces, p)
	}
	for _, o := range ev.seen {
		o.piece += offset
		for j := range o.marks {
			o.marks[j].value = values[o.marks[j].value]
		}
		slices.SortFunc(o.marks, func(a, b mark) int { return cmp.Compare(a.value, b.value) })
		e.ev.seen = append(e.ev.seen, o)
	}
}

// value returns the index of a value, which it adds where it is not there.
func (e *edit) value(k kindKey, h blind) int32 {
	if i, ok := e.valueOf(h); ok {
		return i
	}
	kind := slices.Index(e.ev.kinds, k)
	if kind < 0 {
		kind = len(e.ev.kinds)
		e.ev.kinds = append(e.ev.kinds, k)
	}
	i := int32(len(e.ev.values))
	e.ev.values = append(e.ev.values, value{kind: int32(kind), blind: h})
	if e.values != nil {
		e.values[h] = i
	}
	return i
}

// valueOf returns the index of a value, if it is there.
func (e *edit) valueOf(h blind) (int32, bool) {
	if e.values == nil && len(e.ev.values) <= 16 {
		for i := range e.ev.values {
			if e.ev.values[i].blind == h {
				return int32(i), true
			}
		}
		return -1, false
	}
	if e.values == nil {
		e.values = make(map[blind]int32, len(e.ev.values)+4)
		for i, v := range e.ev.values {
			e.values[v.blind] = int32(i)
		}
	}
	i, ok := e.values[h]
	return i, ok
}

// source returns the index of a source, which it adds where it is not there.
func (e *edit) source(name string) int32 {
	i := slices.Index(e.ev.sources, name)
	if i < 0 {
		i = len(e.ev.sources)
		e.ev.sources = append(e.ev.sources, name)
	}
	return int32(i)
}

// addPiece appends a piece.
func (e *edit) addPiece(p piece) int32 {
	e.ev.pieces = append(e.ev.pieces, p)
	e.touched = append(e.touched, true)
	return int32(len(e.ev.pieces) - 1)
}

// addObservation inserts an observation where it belongs.
func (e *edit) addObservation(o observation) {
	slices.SortFunc(o.marks, func(a, b mark) int { return cmp.Compare(a.value, b.value) })
	i, _ := slices.BinarySearchFunc(e.ev.seen, o, compareObservations)
	e.ev.seen = slices.Insert(e.ev.seen, i, o)
	e.touched[o.piece] = true
}

// removeObservations takes out observations, pieces that have none any more and no
// rulings, and values that are on no piece any more.
func (e *edit) removeObservations(out func(o *observation) bool) {
	ev := e.ev
	left := make([]bool, len(ev.pieces))
	ev.seen = slices.DeleteFunc(ev.seen, func(o observation) bool {
		if out(&o) {
			e.lose(o)
			e.touched[o.piece] = true
			e.shrunk = true
			return true
		}
		left[o.piece] = true
		return false
	})
	for p := range ev.pieces {
		if !left[p] {
			e.orphan(int32(p), left)
		}
	}
}

// lose notes the shared values of an observation that goes.
func (e *edit) lose(o observation) {
	for _, k := range o.marks {
		name := o.id[:]
		if a := e.ev.pieces[o.piece].atom; a != (customer.AtomID{}) {
			name = a[:]
		}
		e.loseValue(k.value, name)
	}
}

// loseValue notes that something in the list of a shared value has lost it: a piece, or a cut.
func (e *edit) loseValue(i int32, name []byte) {
	v := &e.ev.values[i]
	if !v.shared {
		return
	}
	if e.lost == nil {
		e.lost, e.lostKinds = map[blind][]string{}, map[blind]kindKey{}
	}
	e.lost[v.blind] = append(e.lost[v.blind], string(name))
	e.lostKinds[v.blind] = e.ev.kinds[v.kind]
}

// orphan notes that a piece has no observation any more, and passes the customers it
// answers for on to another piece of the same customer.
func (e *edit) orphan(p int32, left []bool) {
	was := &e.ev.pieces[p]
	if was.home == uuid.Nil {
		return
	}
	e.gone = append(e.gone, atomHome{was.present(), was.home})
	heir := -1
	for _, o := range e.ev.seen {
		if left[o.piece] && e.ev.pieces[o.piece].home == was.home {
			heir = int(o.piece)
			break
		}
	}
	if heir >= 0 {
		e.ev.pieces[heir].answers = append(slices.Clip(e.ev.pieces[heir].answers), was.answers...)
	} else {
		for _, id := range was.answers[:min(len(was.answers), maxMerged)] { // the others lead to nobody
			e.batch.Delete(customerKey(id))
		}
	}
	was.answers, was.home, was.slice = nil, uuid.Nil, customer.AtomID{}
}

// present is the atom that a piece is in.
func (p *piece) present() customer.AtomID {
	if p.atom != (customer.AtomID{}) {
		return p.atom
	}
	return p.slice
}

// compact takes out what nothing refers to.
func (e *edit) compact() {
	ev := e.ev
	pieces, values := make([]int32, len(ev.pieces)), make([]int32, len(ev.values))
	for i := range pieces {
		pieces[i] = -1
		if p := &ev.pieces[i]; len(p.links)+len(p.parts) > 0 || p.related {
			pieces[i] = 0
		}
	}
	for i := range values {
		values[i] = -1
		if len(ev.values[i].cuts) > 0 {
			values[i] = 0
		}
	}
	for _, o := range ev.seen {
		pieces[o.piece] = 0
		for _, k := range o.marks {
			values[k.value] = 0
		}
	}
	var keptPieces []piece
	var touched []bool
	for i := range pieces {
		if pieces[i] == 0 {
			pieces[i] = int32(len(keptPieces))
			keptPieces, touched = append(keptPieces, ev.pieces[i]), append(touched, e.touched[i])
		} else if p := &ev.pieces[i]; p.before != (customer.AtomID{}) {
			e.emptied = append(e.emptied, p.before)
		} else if p.atom != (customer.AtomID{}) && !e.writes(recordKey(p.atom)) {
			e.batch.Delete(recordKey(p.atom))
		}
	}
	var keptValues []value
	for i := range values {
		if values[i] == 0 {
			values[i] = int32(len(keptValues))
			keptValues = append(keptValues, ev.values[i])
		} else if !e.entity.describes(ev.kinds[ev.values[i].kind].typ) {
			e.dropped = append(e.dropped, ev.values[i].blind)
		}
	}
	for i := range ev.seen {
		o := &ev.seen[i]
		o.piece = pieces[o.piece]
		for j := range o.marks {
			o.marks[j].value = values[o.marks[j].value]
		}
	}
	ev.pieces, ev.values, e.touched, e.values = keptPieces, keptValues, touched, nil
}
