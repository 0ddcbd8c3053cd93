package identity

import (
	"bytes"
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
