package profile

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

const (
	// batchRows is the most customers of a row batch: of a commit, too, as those of a
	// commit are in one batch.
	batchRows = 400
	queuePage = 900 // entries read at once, and deleted
)

// RowsHead returns the cursor after all changes of rows that have been handed on. Cost: a
// Get of 64 keys.
func (p *Profiles) RowsHead(ctx context.Context) (c customer.Cursor, err error) {
	heads, err := p.rowsHeads(ctx)
	if err != nil {
		return c, err
	}
	for shard := range heads {
		c[shard] = heads[shard].last
	}
	return c, nil
}

// RowColumns declares what rows have, in their order: the names of Options.Rows or, where these
// are nil, all that is Public or Internal, with the kinds, scales and labels of the schema. With
// segment.TagsOf they are the tags of an index that the rows are for; what is Personal or
// Sensitive comes into it only if Options.Rows names it. After Apply there may be more. The error
// is ErrSchema where Options.Rows does not fit the schema, or one of the store.
func (p *Profiles) RowColumns(ctx context.Context) ([]customer.Column, error) {
	f, err := p.reread(ctx)
	if err != nil {
		return nil, err
	}
	l := p.layout(f)
	columns := make([]customer.Column, len(l.given))
	for i, at := range l.given {
		c := &l.columns[at]
		if c.computed {
			of := &f.Computed[c.index]
			columns[i] = customer.Column{Name: c.name, Kind: f.computedKinds[c.index], Scale: f.computedScale(c.index), Label: of.Label}
		} else {
			of := &f.Traits[c.index]
			columns[i] = customer.Column{Name: c.name, Kind: f.traitKinds[c.index], Scale: f.traitScale(c.index), Label: of.Label}
		}
	}
	return columns, nil
}

// Rows yields the rows that Sync changed after the cursor, and that are visible when it
// begins, in batches of some hundred customers; who is up to date asks again after the
// next Sync. A customer's row is the one of now: all names of Options.Rows, unset where
// there is no value, so that nothing remains of the one before; and, unset, names that rows
// had earlier, to those who may not have been told yet: in batches from before all customers
// had been folded without them. Customers that were merged
// or erased, or of whom nothing is left, are deletes, and of those merged it says into whom.
// What one Sync changed at once, such as both sides of a merger, is in one batch.
//
// The receiver stores the Cursor of a batch with what it made of it, and goes on from there.
// It begins with AllRows, or, where nothing was trimmed, with the zero cursor.
//
// The sequence is used once. An error is its last element: customer.ErrCursorExpired where
// the entries after the cursor have been trimmed, customer.ErrCursorUnknown for the cursor of
// another feed, ErrSchema where Options.Rows does not fit the schema, or one of the
// store. Cost: two Gets for a batch. Rows of more than 32 KiB, and with Options.Vault those
// that have values that are Personal or Sensitive, are not in the store: they are folded for it;
// where a customer's evidence has changed since, that is noted by a commit.
func (p *Profiles) Rows(ctx context.Context, after customer.Cursor) iter.Seq2[customer.RowBatch, error] {
	return func(yield func(customer.RowBatch, error) bool) {
		if err := p.rows(ctx, after, func(b customer.RowBatch) bool { return yield(b, nil) }); err != nil {
			yield(customer.RowBatch{}, err)
		}
	}
}

func (p *Profiles) rows(ctx context.Context, after customer.Cursor, yield func(customer.RowBatch) bool) error {
	heads, err := p.rowsHeads(ctx)
	if err != nil {
		return err
	}
	q := &queue{p: p, at: after, heads: heads}
	for shard := range heads {
		switch {
		case after[shard] > heads[shard].last:
			return customer.ErrCursorUnknown
		case after[shard] < heads[shard].trimmed:
			return customer.ErrCursorExpired
		}
	}
	for {
		ids, stamp, err := q.next(ctx)
		if err != nil || len(ids) == 0 {
			return err
		}
		b, err := p.rowBatch(ctx, ids, stamp)
		if err != nil {
			return err
		}
		b.Cursor = q.at
		if !yield(b) {
			return nil
		}
	}
}

// rowBatch reads the rows of customers as of one moment, or, where they are more than the
// store takes, of a few. stamp is of the first entry that names them.
func (p *Profiles) rowBatch(ctx context.Context, ids []customer.ID, stamp uint64) (b customer.RowBatch, err error) {
	keys := make([][]byte, 0, len(ids)+2)
	keys = append(keys, []byte(schemaKey), []byte(rowsKey))
	for _, id := range ids {
		keys = append(keys, rowKey(id))
	}
	entries, err := p.read(ctx, keys)
	if err != nil {
		return b, err
	}
	l, err := p.reading(ctx, entries[0].Version)
	if err != nil {
		return b, err
	}
	ever, err := readEver(entries[1])
	if err != nil {
		return b, err
	}
	retired, err := l.retired(ever, stamp)
	if err != nil {
		return b, err
	}
	rows, err := p.whole(ctx, l, ids, entries[2:])
	if err != nil {
		return b, err
	}
	for i, r := range rows {
		if r == nil {
			b.Deletes = append(b.Deletes, ids[i])
		} else {
			b.Upserts = append(b.Upserts, customer.Row{ID: ids[i], Values: l.fields(r, retired)})
		}
	}
	b.Merges, err = p.merges(ctx, b.Deletes)
	return b, err
}

// merges returns which of customers are part of another one now.
func (p *Profiles) merges(ctx context.Context, ids []customer.ID) (all []customer.Merge, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	keys := make([][]byte, len(ids))
	for i, id := range ids {
		keys[i] = customerKey(id)
	}
	entries, err := p.read(ctx, keys)
	if err != nil {
		return nil, err
	}
	for i, e := range entries {
		if e.Version == 0 {
			continue
		}
		w, err := readWhereabouts(e.Value)
		if err != nil {
			return nil, err
		}
		if t, ok := w.at(never); !ok || t.now != merged {
			continue
		}
		survivor, _, err := p.resolve(ctx, ids[i], never)
		switch {
		case errors.Is(err, ErrErased) || errors.Is(err, ErrUnknown): // it is gone with the other
		case err != nil:
			return nil, err
		case survivor != ids[i]:
			all = append(all, customer.Merge{Loser: ids[i], Survivor: survivor})
		}
	}
	return all, nil
}

// reading returns the layout in force where the schema has a version in the store.
func (p *Profiles) reading(ctx context.Context, version store.Version) (*layout, error) {
	f, err := p.current(ctx)
	if err == nil && f.read != version {
		f, err = p.reread(ctx)
	}
	if err != nil {
		return nil, err
	}
	return p.layout(f), nil
}

// AllRows yields every row there is, ascending by customer, for a receiver that begins
// anew with nothing. The Cursor of the last batch, which may have no rows, is where Rows
// goes on; that of those before is zero, so that who was interrupted begins anew. What
// changes meanwhile may be in it or not, and is what Rows yields then. The sequence is used once;
// an error is its last element. Cost: a scan of all rows; those that are not in the store, as
// Rows says, are folded.
func (p *Profiles) AllRows(ctx context.Context) iter.Seq2[customer.RowBatch, error] {
	return func(yield func(customer.RowBatch, error) bool) {
		if err := p.allRows(ctx, func(b customer.RowBatch) bool { return yield(b, nil) }); err != nil {
			yield(customer.RowBatch{}, err)
		}
	}
}

func (p *Profiles) allRows(ctx context.Context, yield func(customer.RowBatch) bool) error {
	head, err := p.RowsHead(ctx)
	if err != nil {
		return err
	}
	schema, err := p.s.Get(ctx, []byte(schemaKey))
	if err != nil {
		return err
	}
	l, err := p.reading(ctx, schema[0].Version)
	if err != nil {
		return err
	}
	r := store.Under(key('r'))
	r.Limit = batchRows
	for {
		var b customer.RowBatch
		var ids []customer.ID
		var entries []store.Entry
		for e, err := range p.s.Scan(ctx, r) {
			if err != nil {
				return err
			}
			id, err := nameOf(e.Key)
			if err != nil {
				return err
			}
			ids, entries = append(ids, id), append(entries, e)
			r.From = append(slices.Clip(e.Key), 0)
		}
		rows, err := p.whole(ctx, l, ids, entries)
		if err != nil {
			return err
		}
		for i, row := range rows {
			if row != nil {
				b.Upserts = append(b.Upserts, customer.Row{ID: ids[i], Values: l.fields(row, nil)})
			}
		}
		last := len(ids) < batchRows
		if last {
			b.Cursor = head
		}
		if !yield(b) || last {
			return nil
		}
	}
}

// nameOf returns the customer at the end of a key.
func nameOf(k []byte) (id customer.ID, err error) {
	if len(k) < len(id) {
		return id, fmt.Errorf("%w: profile: key of a customer", store.ErrCorrupt)
	}
	return customer.ID(k[len(k)-len(id):]), nil
}

// TrimRows drops the entries of the rows' feed before a cursor: a cursor that lies before
// some of them is then customer.ErrCursorExpired. The least cursor of all receivers is
// what to pass. One that lies after the end is customer.ErrCursorUnknown, and nothing happens.
// What was broken off is completed by the next call. Cost: a commit for each shard and for every 900
// entries.
func (p *Profiles) TrimRows(ctx context.Context, before customer.Cursor) error {
	_, err := store.Update(ctx, p.s, p.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
		heads, err := p.rowsHeads(ctx)
		if err != nil {
			return nil, err
		}
		b := new(store.Batch)
		for shard := range heads {
			h := &heads[shard]
			if before[shard] > h.last {
				return nil, customer.ErrCursorUnknown
			}
			if before[shard] <= h.trimmed {
				continue
			}
			h.trimmed = before[shard]
			b.If(shardKey(shard), h.version)
			b.Put(shardKey(shard), h.encode())
		}
		return b, nil
	})
	if err != nil {
		return err
	}
	heads, err := p.rowsHeads(ctx)
	if err != nil {
		return err
	}
	for shard := range heads {
		r := store.Range{From: queueKey(shard, 0), To: queueKey(shard, heads[shard].trimmed+1), Limit: queuePage}
		for {
			b := new(store.Batch)
			for e, err := range p.s.Scan(ctx, r) {
				if err != nil {
					return err
				}
				b.Delete(e.Key)
			}
			if len(b.Writes) == 0 {
				break
			}
			if _, err := store.Update(ctx, p.s, p.o.Backoff, func(context.Context) (*store.Batch, error) { return b, nil }); err != nil {
				return err
			}
			if len(b.Writes) < queuePage {
				break
			}
		}
	}
	return nil
}
