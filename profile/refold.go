package profile

import (
	"context"
	"errors"
	"fmt"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// Refold has the next runs of Sync fold all customers anew, as a change of the schema does:
// for changes of what is not in the store, Options.Rows and what the functions of
// Options.Custom return. Their rows are then as of the time of that Sync, even if they were
// of a later one: after a Sync at a time that was wrong, Refold repairs them. Cost: a commit.
func (p *Profiles) Refold(ctx context.Context) error {
	return p.settle(ctx, func(ctx context.Context) (*store.Batch, error) {
		f, err := p.reread(ctx)
		if err != nil {
			return nil, err
		}
		b := new(store.Batch)
		b.If([]byte(schemaKey), f.read)
		(&refolding{schema: f.version}).put(b)
		return b, nil
	})
}

// A refolding of all customers goes through them in the order of their ids, whoever does
// it: every commit moves the position under the condition that nobody else has.
type refolding struct {
	schema  uint64      // version of the schema because of which it is
	after   customer.ID // up to which customer it has come; uuid.Nil: it begins
	version store.Version
}

// errRefolded says that another process goes on with the refolding.
var errRefolded = errors.New("profile: another process folds all customers")

// readRefolding reads a refolding; where none is under way it is nil.
func readRefolding(e store.Entry) (*refolding, error) {
	if e.Version == 0 {
		return nil, nil
	}
	d := wire.Read(e.Value)
	d.Expect("profile/refold", 1)
	r := &refolding{schema: d.Uint(), version: e.Version}
	if after := d.Bytes(); len(after) > 0 && copy(r.after[:], after) != len(after) || len(after)%len(r.after) != 0 {
		fault(d)
	}
	if err := d.Close(); err != nil {
		return nil, fmt.Errorf("profile: refolding: %w", err)
	}
	return r, nil
}

func (r *refolding) put(b *store.Batch) {
	w := wire.New("profile/refold", 1)
	w.Uint(r.schema)
	if r.after == (customer.ID{}) {
		w.Bytes(nil)
	} else {
		w.Bytes(r.after[:])
	}
	b.Put([]byte(refoldKey), w.Data())
}

// refold goes on with a refolding, if one is under way, until it ends.
func (y *syncing) refold(ctx context.Context) error {
	for {
		err := y.refoldOnce(ctx)
		if !errors.Is(err, errRefolded) {
			return err
		}
	}
}

// refoldOnce is errRefolded where another process has come to the same place.
func (y *syncing) refoldOnce(ctx context.Context) error {
	entries, err := y.p.s.Get(ctx, []byte(refoldKey))
	if err != nil {
		return err
	}
	r, err := readRefolding(entries[0])
	if r == nil || err != nil {
		return err
	}
	scan := store.Under(key('c'))
	if r.after != (customer.ID{}) {
		scan.From = append(customerKey(r.after), 0)
	}
	if err := y.each(ctx, y.pages(ctx, scan, r)); err != nil {
		return err
	}
	_, err = store.Update(ctx, y.p.s, y.p.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
		b := new(store.Batch)
		b.If([]byte(refoldKey), r.version)
		b.Delete([]byte(refoldKey))
		if err := y.retire(ctx, b); err != nil {
			return nil, err
		}
		return b, r.check(ctx, y.p.s)
	})
	return err
}

// retire notes up to where in the rows' feed it is told which columns rows have no more, now
// that all customers have been folded.
func (y *syncing) retire(ctx context.Context, b *store.Batch) error {
	heads, err := y.p.rowsHeads(ctx)
	if err != nil {
		return err
	}
	f, err := y.p.reread(ctx)
	if err != nil {
		return err
	}
	entries, err := y.p.s.Get(ctx, []byte(rowsKey))
	if err != nil {
		return err
	}
	all, err := readEver(entries[0])
	if err != nil {
		return err
	}
	if all, changed := y.p.layout(f).without(all, lastStamp(heads)); changed {
		b.If([]byte(schemaKey), f.read)
		b.If([]byte(rowsKey), entries[0].Version)
		b.Put([]byte(rowsKey), encodeEver(all))
	}
	return nil
}

// check is errRefolded if another process has moved the position.
func (r *refolding) check(ctx context.Context, s store.Store) error {
	entries, err := s.Get(ctx, []byte(refoldKey))
	if err == nil && entries[0].Version != r.version {
		return errRefolded
	}
	return err
}

// advance moves the position to a customer.
func (r *refolding) advance(b *store.Batch, to customer.ID) {
	r.after = to
	b.If([]byte(refoldKey), r.version)
	r.put(b)
}
