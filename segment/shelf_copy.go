package segment

import (
	"context"
	"errors"

	"github.com/clientele-go/clientele/store"
)

// errNotEmpty is where a copy would mix with what is there.
var errNotEmpty = errors.New("segment: the store that a copy is made in holds live segments already")

// copy writes everything that the last root names to another store, in which it must not be, and returns the value of the
// root for it, of another epoch, as both may go on: the copy is complete once that stands under rootKey. Saves go on meanwhile, but delete nothing; where another process
// does, the copy may end with ErrStale.
func (k *shelf) copy(ctx context.Context, to store.Store) (value []byte, r *root, err error) {
	k.pins.Add(1)
	defer k.pins.Add(-1)
	for _, err := range to.Scan(ctx, store.Range{From: []byte("segment/"), To: []byte("segment0"), Limit: 1}) {
		if err == nil {
			err = errNotEmpty
		}
		return nil, nil, err
	}
	if value, r, err = k.last(ctx); err == nil && r == nil {
		err = corrupt("root: %w", errNotThere)
	}
	if err != nil {
		return nil, nil, err
	}
	data, err := k.value(ctx, "contents", r.contents)
	if err != nil {
		return nil, r, err
	}
	list, err := decodeContents(data)
	if err != nil {
		return nil, r, corrupt("contents: %w", err)
	}
	copied := *r
	copied.formerly, copied.epoch = former{r.epoch, list.positions}, byChance()
	value = summed(copied.encode())
	w := &writing{k: newShelf(to, k.workers), ctx: ctx}
	w.k.commit = func(ctx context.Context, b *store.Batch) error {
		_, err := to.Commit(ctx, b)
		return err
	}
	end := berth{term: r.term, generation: r.generation + 1}
	for _, part := range []store.Range{
		{From: []byte(valueKeys), To: end.key(0)},
		{From: []byte(pageKeys), To: pageKey(r.last + 1)},
	} {
		for e, err := range k.store.Scan(ctx, part) {
			if err == nil {
				err = w.add(e.Key, e.Value)
			}
			if err != nil {
				return nil, nil, err
			}
		}
	}
	if err := w.flush(); err != nil {
		return nil, nil, err
	}
	if k.commit == nil { // the writer is another process, and a root later it may have deleted what this one names
		if _, now, err := k.last(ctx); err != nil {
			return nil, nil, err
		} else if now == nil || now.berth() != r.berth() {
			return nil, r, ErrStale
		}
	}
	return value, r, nil
}

// last reads the last root; nil if there is none.
func (k *shelf) last(ctx context.Context) (value []byte, r *root, err error) {
	e, err := k.store.Get(ctx, []byte(rootKey))
	if err != nil || e[0].Version == 0 {
		return nil, nil, err
	}
	r, err = decodeSummedRoot(e[0].Value)
	return e[0].Value, r, err
}
