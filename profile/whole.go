package profile

import (
	"bytes"
	"context"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/store"
)

// whole returns rows of customers with their values, nil where there is none. Of those that
// are stored as a digest the values are made anew, of the evidence of now.
func (p *Profiles) whole(ctx context.Context, l *layout, ids []customer.ID, entries []store.Entry) ([]*row, error) {
	rows := make([]*row, len(entries))
	var hidden []int
	for i, e := range entries {
		var err error
		if rows[i], err = readRow(e); err != nil {
			return nil, err
		}
		if rows[i] != nil && rows[i].digest != nil {
			hidden = append(hidden, i)
		}
	}
	if len(hidden) == 0 {
		return rows, nil
	}
	slices.SortFunc(hidden, func(i, j int) int { return compareIDs(ids[i], ids[j]) })
	of := make([]customer.ID, len(hidden))
	for k, i := range hidden {
		of[k] = ids[i]
	}
	atoms, err := p.atomsOf(ctx, of)
	if err != nil {
		return nil, err
	}
	const part = 32 // customers whose atoms are read together
	parts := (len(hidden) + part - 1) / part
	errs := make([]error, parts)
	parallel.Ranges(parallel.Workers(p.o.Workers), len(hidden), parts, func(part, lo, hi int) {
		errs[part] = p.unhide(ctx, l, ids, rows, hidden[lo:hi], atoms[lo:hi])
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// unhide puts rows with values in the place of some that are digests.
func (p *Profiles) unhide(ctx context.Context, l *layout, ids []customer.ID, rows []*row, hidden []int, atoms [][]customer.AtomID) error {
	// What is right of a partial at the earliest of their moments is so at the others.
	earliest := moment{at: never, known: never}
	for _, i := range hidden {
		earliest.at = min(earliest.at, rows[i].at)
	}
	loaded, err := p.load(ctx, l.inForce, slices.Concat(atoms...), earliest)
	if err != nil {
		return err
	}
	for k, i := range hidden {
		n := len(atoms[k])
		made := l.row(l.fold(loaded[:n:n], moment{at: rows[i].at, known: never}), rows[i].at)
		loaded = loaded[n:]
		if small, _ := l.shrink(ids[i], made); l.same(ids[i], rows[i], small) {
			rows[i] = made
		} else if rows[i], err = p.remade(ctx, l, ids[i]); err != nil {
			return err
		}
	}
	return nil
}

// remade is the row of a customer with its values, nil if it was taken away meanwhile. Where it
// is stored as a digest, of other values than those of now, what is made is not known to Sync: the
// row becomes unsure, and the customer waits.
func (p *Profiles) remade(ctx context.Context, l *layout, id customer.ID) (r *row, err error) {
	_, err = store.Update(ctx, p.s, p.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
		entries, err := p.s.Get(ctx, rowKey(id))
		if err != nil {
			return nil, err
		}
		kept, err := readRow(entries[0])
		if r = kept; err != nil || kept == nil || kept.digest == nil {
			return nil, err
		}
		m := moment{at: kept.at, known: never}
		atoms, err := p.atomsOf(ctx, []customer.ID{id})
		if err != nil {
			return nil, err
		}
		loaded, err := p.load(ctx, l.inForce, atoms[0], m)
		if err != nil {
			return nil, err
		}
		r = l.row(l.fold(loaded, m), m.at)
		if made, _ := l.shrink(id, r); l.same(id, kept, made) || bytes.Equal(kept.digest, unsure) {
			return nil, nil
		}
		b := new(store.Batch)
		b.If(rowKey(id), entries[0].Version)
		b.Put(rowKey(id), (&row{at: kept.at, due: kept.due, digest: unsure}).encode())
		b.Put(waitKey(id), waitMark)
		return b, nil
	})
	return r, err
}
