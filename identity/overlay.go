package identity

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/clientele-go/clientele/store"
)

// An overlay is a store whose writes stay in memory, above another that is only read:
// what would be is worked out on it by the same code as what is.
type overlay struct {
	store.Store // below
	mu          sync.Mutex
	written     store.Memory             // values of what was written, absent where deleted
	versions    map[string]store.Version // of what was written; 0: deleted
	last        store.Version
}

func newOverlay(below store.Store) *overlay {
	return &overlay{Store: below, versions: map[string]store.Version{}, last: 1 << 62}
}

// Get implements store.Store.
func (o *overlay) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	below, err := o.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, k := range keys {
		v, ok := o.versions[string(k)]
		if !ok {
			continue
		}
		entries, err := o.written.Get(ctx, k)
		if err != nil {
			return nil, err
		}
		below[i] = store.Entry{Key: below[i].Key, Value: entries[0].Value, Version: v}
	}
	return below, nil
}

// Scan implements store.Store, for the ranges that are used here: ascending.
func (o *overlay) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		limit := r.Limit
		r.Limit = 0
		n := 0
		give := func(e store.Entry) bool {
			n++
			return yield(e, nil) && (limit == 0 || n < limit)
		}
		above, stop := iter.Pull2(o.written.Scan(ctx, r))
		defer stop()
		next, err, more := above()
		for below, belowErr := range o.Store.Scan(ctx, r) {
			if belowErr != nil {
				yield(store.Entry{}, belowErr)
				return
			}
			for more && err == nil && bytes.Compare(next.Key, below.Key) < 0 {
				if !give(o.version(next)) {
					return
				}
				next, err, more = above()
			}
			if err != nil {
				break
			}
			o.mu.Lock()
			_, hidden := o.versions[string(below.Key)]
			o.mu.Unlock()
			if hidden {
				continue
			}
			if !give(below) {
				return
			}
		}
		for more && err == nil {
			if !give(o.version(next)) {
				return
			}
			next, err, more = above()
		}
		if err != nil {
			yield(store.Entry{}, err)
		}
	}
}

// version gives an entry of what was written the version it has here.
func (o *overlay) version(e store.Entry) store.Entry {
	o.mu.Lock()
	defer o.mu.Unlock()
	e.Version = o.versions[string(e.Key)]
	return e
}

// Commit implements store.Store.
func (o *overlay) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	for part := range slices.Chunk(b.Conditions, o.Limits().Operations) {
		keys := make([][]byte, len(part))
		for i, c := range part {
			keys[i] = c.Key
		}
		entries, err := o.Get(ctx, keys...)
		if err != nil {
			return 0, err
		}
		for i, c := range part {
			if entries[i].Version != c.Version {
				return 0, store.ErrConflict
			}
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	if _, err := o.written.Commit(ctx, &store.Batch{Writes: b.Writes}); err != nil {
		return 0, err
	}
	for _, w := range b.Writes {
		if o.versions[string(w.Key)] = o.last; w.Delete {
			o.versions[string(w.Key)] = 0
		}
	}
	return o.last, nil
}

// Close implements store.Store: what is below is not closed.
func (o *overlay) Close() error { return o.written.Close() }
