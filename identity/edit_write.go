package identity

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// writes reports whether the batch writes a key.
func (e *edit) writes(key []byte) bool {
	return slices.ContainsFunc(e.batch.Writes, func(w store.Write) bool { return bytes.Equal(w.Key, key) })
}

// dropRefs takes away the references of values and records that are no more.
func (e *edit) dropRefs(ctx context.Context) error {
	for _, h := range e.dropped {
		if len(e.lost[h]) > 0 {
			continue // see review
		}
		r, err := e.ref(ctx, h)
		if err != nil {
			return err
		}
		e.putRef(h, pointer{erased: r.erased})
	}
	for _, a := range e.emptied {
		entries, err := e.g.s.Get(ctx, recordKey(a))
		if err != nil {
			return err
		}
		r, err := readPointer(entries[0])
		if err != nil {
			return err
		}
		if !e.writes(recordKey(a)) {
			e.batch.Put(recordKey(a), pointer{erased: r.erased}.data())
		}
	}
	return nil
}

// dropParts deletes the parts that a container is kept in.
func (e *edit) dropParts(c *container) {
	for i := range c.parts {
		e.batch.Delete(partKey(c.token, i))
	}
}

// write adds the main container to the batch. Parts of a large one are committed ahead,
// under a name of their own.
func (e *edit) write(ctx context.Context) error {
	c := e.main
	e.dropParts(c)
	if err := e.dropRefs(ctx); err != nil {
		return err
	}
	if len(e.ev.pieces)+len(e.ev.values) == 0 {
		e.batch.Delete(containerKey(c.id))
		return nil
	}
	epoch := e.rules.epoch
	if e.unfinish || e.stale {
		epoch = nil
	}
	data := e.arena.put(e.ev.appendData(e.arena, epoch))
	limits := e.g.s.Limits()
	most := min(limits.ValueBytes, limits.BatchBytes/4)
	if len(data) <= most {
		e.batch.Put(e.containerKey(c), data)
		return nil
	}
	token, parts := newGeneration(), 0
	for part := range slices.Chunk(data, most-partOverhead) {
		b := &store.Batch{}
		w := wire.New("identity/part", 1)
		w.Bytes(part)
		b.Put(partKey(token[:], parts), w.Data())
		e.ahead = append(e.ahead, b.Writes[0].Key)
		if _, err := e.g.s.Commit(ctx, b); err != nil {
			return err
		}
		parts++
	}
	w := wire.New("identity/parts", 1)
	w.Bytes(token[:])
	w.Uint(uint64(parts))
	e.batch.Put(containerKey(c.id), w.Data())
	return nil
}

// here encodes the pointer of what the main container has, with what it remembers of an
// erasure. Writes may share it.
func (e *edit) here(erased *int64) []byte {
	if erased != nil {
		return e.arena.put(pointer{state: contained, to: e.main.id, erased: erased}.appendData(e.arena))
	}
	if e.pointer == nil {
		e.pointer = e.arena.put(pointer{state: contained, to: e.main.id}.appendData(e.arena))
	}
	return e.pointer
}

// hasObservation reports whether a piece has one.
func (e *edit) hasObservation(p int32) bool {
	for i := range e.ev.seen {
		if e.ev.seen[i].piece == p {
			return true
		}
	}
	return false
}

// key returns the key of an atom, which begins with it.
func (e *edit) key(ctx context.Context, atom customer.AtomID) (*seal.Key, error) {
	if k := e.keys[atom]; k != nil {
		return k, nil
	}
	k, err := e.g.o.Vault.Key(ctx, atom)
	if errors.Is(err, seal.ErrNoKey) {
		k, err = e.g.o.Vault.Create(ctx, &e.batch, atom)
	}
	if errors.Is(err, seal.ErrDestroyed) {
		return nil, errors.Join(err, e.overtaken(ctx))
	}
	if err != nil {
		return nil, err
	}
	if e.g.o.Vault == nil {
		return k, nil
	}
	if e.keys == nil {
		e.keys = map[customer.AtomID]*seal.Key{}
	}
	e.keys[atom] = k
	return k, nil
}

// finish works out what follows from the evidence and completes the batch.
func (e *edit) finish(ctx context.Context) error {
	all := e.shrunk || e.stale
	e.stale = false
	if e.shrunk {
		e.compact()
	}
	if err := e.share(ctx, all); err != nil {
		return err
	}
	e.out = e.entity.groupInto(e.ev, &e.grouping)
	e.settle(cmp.Or(e.g.o.bounds.changes, maxChanges))
	return e.write(ctx)
}
