package identity

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// ref returns the reference of a value as it is in the store, which it reads once.
func (e *edit) ref(ctx context.Context, h blind) (versioned, error) {
	if r, ok := e.refs.of(h); ok {
		return r, nil
	}
	entries, err := e.g.s.Get(ctx, valueKey(h))
	if err != nil {
		return versioned{}, err
	}
	p, err := readPointer(entries[0])
	if err != nil {
		return versioned{}, err
	}
	r := versioned{p, entries[0].Version}
	e.refs.add(h, r)
	return r, nil
}

// share finds values of the touched pieces, or all, that have come to be shared, and
// keeps the lists of bearers of those that are.
func (e *edit) share(ctx context.Context, all bool) error {
	ev := e.ev
	var seen [][]int32
	var candidates []int32
	onTouched := make([]bool, len(ev.values))
	sharedTouched := false
	for _, o := range ev.seen {
		if all || e.touched[o.piece] {
			for _, k := range o.marks {
				onTouched[k.value] = true
				sharedTouched = sharedTouched || ev.values[k.value].shared
			}
		}
	}
	for i, on := range onTouched {
		v := &ev.values[i]
		if len(e.lost[v.blind]) > 0 {
			onTouched[i] = true // though only cuts may be left of it
		}
		level := e.entity.index(ev.kinds[v.kind].typ)
		if !on || v.shared || level < 0 {
			continue
		}
		t := &e.entity.Types[level]
		if t.Kind != Descriptor && (len(ev.pieces) > e.entity.records() || t.FanOut > 0 && len(ev.values) > t.FanOut+1) {
			candidates = append(candidates, int32(i))
		}
	}
	if len(candidates) == 0 && !sharedTouched && len(e.lost) == 0 {
		return nil
	}
	seen = ev.byPiece()
	pieces := make([][]int32, len(ev.values)) // by value
	for p, list := range seen {
		for _, o := range list {
			for _, k := range ev.seen[o].marks {
				if on := pieces[k.value]; len(on) == 0 || on[len(on)-1] != int32(p) {
					pieces[k.value] = append(on, int32(p))
				}
			}
		}
	}
	var begin []int32
	described := make([]*bearer, len(ev.pieces))
	for _, i := range candidates {
		v := &ev.values[i]
		t := &e.entity.Types[e.entity.index(ev.kinds[v.kind].typ)]
		over := e.entity.overShared(t, v.blind, func(yield func(bearer) bool) {
			for _, p := range pieces[i] {
				if described[p] == nil {
					b := e.bearerOf(p, seen[p])
					described[p] = &b
				}
				if !yield(*described[p]) {
					return
				}
			}
		})
		if over {
			begin = append(begin, i)
		}
	}
	if err := e.keepLists(ctx, onTouched, pieces, seen); err != nil {
		return err
	}
	for _, i := range begin { // last, because it writes ahead
		if err := e.beginShared(ctx, i, pieces[i], seen); err != nil {
			return err
		}
	}
	return nil
}

// keepLists keeps the lists of bearers of the values that were shared before. A value
// that a piece has lost, or that is on a piece that has lost another, may not be shared
// any more: then the containers of all its bearers become one.
func (e *edit) keepLists(ctx context.Context, onTouched []bool, pieces [][]int32, seen [][]int32) error {
	ev := e.ev
	for i, on := range onTouched {
		v := &ev.values[i]
		if !on || !v.shared || e.begun[v.blind] {
			continue
		}
		r, err := e.sharedRef(ctx, v.blind)
		if err != nil {
			return err
		}
		news := map[string]*bearer{}
		for _, p := range pieces[i] {
			if e.touched[p] {
				b := e.bearerOf(p, seen[p])
				news[string(ev.name(p, seen[p]))] = &b
			}
		}
		if e.shrunk {
			for _, name := range e.lost[v.blind] {
				if _, still := news[name]; !still {
					news[name] = nil
				}
			}
			if err := e.review(ctx, ev.kinds[v.kind], v.blind, r, news); err != nil {
				return err
			}
			continue
		}
		guarded := [guards]bool{}
		for _, name := range slices.Sorted(maps.Keys(news)) {
			e.batch.Put(append(bearerPrefix(v.blind, r.to), name...), news[name].data())
			guarded[name[len(name)-1]%guards] = true
		}
		for i, on := range guarded {
			if on {
				e.batch.Put(guardKey(v.blind, r.to, i), wire.New("identity/guard", 1).Data())
			}
		}
		e.require(valueKey(v.blind), r.version)
	}
	for _, h := range e.dropped {
		if names := e.lost[h]; len(names) > 0 {
			r, err := e.sharedRef(ctx, h)
			if err != nil {
				return err
			}
			news := map[string]*bearer{}
			for _, name := range names {
				news[name] = nil
			}
			if err := e.review(ctx, e.lostKinds[h], h, r, news); err != nil {
				return err
			}
		}
	}
	return nil
}

// Who adds to a list of bearers puts one of its guards, and who decides by the whole list
// has conditions on all: so the one does not miss the other, and those who add seldom meet.
const guards = 8

func guardKey(h blind, generation customer.ID, i int) []byte {
	return key("g", h[:], generation[:], []byte{byte(i)})
}

// guard makes it a condition that nobody adds to a list of bearers, which is read after.
func (e *edit) guard(ctx context.Context, h blind, generation customer.ID) error {
	keys := make([][]byte, guards)
	for i := range keys {
		keys[i] = guardKey(h, generation, i)
	}
	entries, err := e.g.s.Get(ctx, keys...)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		e.require(keys[i], entry.Version)
	}
	return nil
}

// sharedRef is the reference of a value that is shared.
func (e *edit) sharedRef(ctx context.Context, h blind) (versioned, error) {
	r, err := e.ref(ctx, h)
	if err == nil && r.state != shared {
		err = fmt.Errorf("identity: value changed while it was read: %w", store.ErrConflict)
	}
	return r, err
}

// review decides whether a value is still shared with the bearers in news changed, or
// gone where they are nil.
func (e *edit) review(ctx context.Context, k kindKey, h blind, r versioned, news map[string]*bearer) error {
	if err := e.guard(ctx, h, r.to); err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(news))
	t := Type{}
	if i := e.entity.index(k.typ); i >= 0 {
		t = e.entity.Types[i]
	}
	var all []customer.ID
	var failed error
	over := e.entity.overShared(&t, h, func(yield func(bearer) bool) {
		for b, err := range e.g.bearers(ctx, h, r.to) {
			if err != nil {
				failed = err
				return
			}
			if _, changed := news[b.name]; changed {
				continue
			}
			all = append(all, b.container)
			if !yield(b.bearer) {
				return
			}
		}
		for _, name := range names {
			if b := news[name]; b != nil && !yield(*b) {
				return
			}
		}
	})
	if failed != nil {
		return failed
	}
	e.require(valueKey(h), r.version)
	if over {
		for _, name := range names {
			if b := news[name]; b != nil {
				e.batch.Put(append(bearerPrefix(h, r.to), name...), b.data())
			} else {
				e.batch.Delete(append(bearerPrefix(h, r.to), name...))
			}
		}
		e.batch.Put(valueKey(h), r.data()) // for others who review it meanwhile
		return nil
	}
	if more := slices.DeleteFunc(all, e.holds); len(more) > 0 {
		return &moreError{more}
	}
	to := pointer{state: contained, to: e.main.id, erased: r.erased}
	if i := slices.IndexFunc(e.ev.values, func(v value) bool { return v.blind == h }); i >= 0 {
		e.ev.values[i].shared = false
	} else {
		to.state, to.to = nowhere, customer.ID{}
	}
	e.putRef(h, to)
	e.after = append(e.after, func(ctx context.Context) error { return e.g.dropBearers(ctx, h, r.to) })
	return nil
}

// moreError says that an edit needs further containers.
type moreError struct{ ids []customer.ID }

func (e *moreError) Error() string { return "identity: more containers are needed" }

// holds reports whether a container is part of the edit.
func (e *edit) holds(id customer.ID) bool { return id == e.main.id || e.led[id] != nil }

// putRef adds the reference of a value to the batch, in place of what the batch has for
// it, or takes it away where it would say nothing.
func (e *edit) putRef(h blind, to pointer) {
	k := valueKey(h)
	e.batch.Writes = slices.DeleteFunc(e.batch.Writes, func(w store.Write) bool { return bytes.Equal(w.Key, k) })
	if to.state == nowhere && to.erased == nil {
		e.batch.Delete(valueKey(h))
	} else {
		e.batch.Put(valueKey(h), to.data())
	}
}

// beginShared makes a value shared: its bearers are listed, ahead of the commit where
// they are many, under a generation that nobody knows before.
func (e *edit) beginShared(ctx context.Context, i int32, pieces []int32, seen [][]int32) error {
	v := &e.ev.values[i]
	r, err := e.ref(ctx, v.blind)
	if err != nil {
		return err
	}
	entries := make([]store.Write, len(pieces))
	for j, p := range pieces {
		entries[j] = store.Write{Key: e.ev.name(p, seen[p]), Value: e.bearerOf(p, seen[p]).data()}
	}
	for _, c := range v.cuts { // whoever looks for all bearers finds the cuts too
		entries = append(entries, store.Write{Key: c.ruling[:], Value: bearer{container: e.main.id}.data()})
	}
	generation := newGeneration()
	v.shared = true
	for len(entries) > 0 {
		b := &store.Batch{}
		for size := 0; len(entries) > 0 && len(b.Writes) < 200 && size < 1<<18; entries = entries[1:] {
			b.Put(append(bearerPrefix(v.blind, generation), entries[0].Key...), entries[0].Value)
			e.ahead = append(e.ahead, b.Writes[len(b.Writes)-1].Key)
			size += len(entries[0].Value)
		}
		if _, err := e.g.s.Commit(ctx, b); err != nil {
			return err
		}
	}
	if e.begun == nil {
		e.begun = map[blind]bool{}
	}
	e.begun[v.blind] = true
	e.putRef(v.blind, pointer{state: shared, to: generation, erased: r.erased})
	e.require(valueKey(v.blind), r.version)
	return nil
}

// newGeneration names a list of bearers. It is random, so that attempts that come to
// nothing leave nothing behind that anybody reads.
func newGeneration() (id customer.ID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}
