package seal

import (
	"context"
	"errors"
	"fmt"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// Rewrap wraps all keys anew, after the wrapper's own key was replaced; the vault
// is in use meanwhile. progress, if not nil, is told the number of keys done so
// far, and a total of -1: it is not known. It can be broken off and called again. Where a key can't be unwrapped it
// stops with the error, and those before are done, 256 at a time. Cost: two calls of the
// wrapper a key, up to 16 keys at once but those of a [Local] one after the other, and a
// commit for every 256.
func (v *Vault) Rewrap(ctx context.Context, progress func(done, total int64)) error {
	if v == nil {
		return nil
	}
	const chunk = 256
	var atoms []customer.AtomID
	done := int64(0)
	flush := func() error {
		again := rewrapping{vault: v, atoms: atoms, wrapped: make([]rewrapped, len(atoms))}
		if _, err := store.Update(ctx, v.store, nil, again.batch); err != nil {
			return err
		}
		done += int64(len(atoms))
		atoms = atoms[:0]
		if progress != nil {
			progress(done, -1)
		}
		return nil
	}
	for e, err := range v.store.Scan(ctx, store.Under(v.options.Prefix)) {
		if err != nil {
			return err
		}
		id := e.Key[len(v.options.Prefix):]
		if len(id) != len(customer.AtomID{}) {
			return fmt.Errorf("%w: a key of the vault is not an atom's", store.ErrCorrupt)
		}
		if atoms = append(atoms, customer.AtomID(id)); len(atoms) == chunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(atoms) == 0 {
		return ctx.Err()
	}
	return flush()
}

// rewrapping is the keys that one commit wraps anew. Not safe for concurrent use.
type rewrapping struct {
	vault   *Vault
	atoms   []customer.AtomID
	wrapped []rewrapped // of the attempts so far
}

// rewrapped is a key wrapped anew.
type rewrapped struct {
	of     store.Version // of the record that it replaces; 0: none
	record []byte
}

// batch replaces the records as they stand. Where a commit fails since one of them
// changed meanwhile, the others need not be wrapped again.
func (r *rewrapping) batch(ctx context.Context) (*store.Batch, error) {
	v := r.vault
	entries, err := v.entries(ctx, r.atoms)
	if err != nil {
		return nil, err
	}
	err = v.each(len(entries), func(i int) error {
		if e := entries[i]; r.wrapped[i].of != e.Version {
			fresh, err := v.rewrap(ctx, e, r.atoms[i])
			if err != nil {
				return err
			}
			r.wrapped[i] = rewrapped{of: e.Version, record: fresh}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var b store.Batch
	for i, atom := range r.atoms {
		if fresh := r.wrapped[i]; fresh.record != nil {
			b.If(v.place(atom), fresh.of)
			b.Put(v.place(atom), fresh.record)
		}
	}
	return &b, nil
}

// rewrap returns the record of an entry wrapped anew, or nil if it has no key.
func (v *Vault) rewrap(ctx context.Context, e store.Entry, atom customer.AtomID) ([]byte, error) {
	wrapped, err := readRecord(e)
	if errors.Is(err, ErrNoKey) || errors.Is(err, ErrDestroyed) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	raw, err := v.raw(ctx, wrapped, atom)
	if err != nil {
		return nil, err
	}
	if wrapped, err = v.wrap(ctx, raw, atom); err != nil {
		return nil, err
	}
	return record(wrapped), nil
}
