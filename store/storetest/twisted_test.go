package storetest

import (
	"context"
	"iter"
	"sync/atomic"

	"github.com/clientele-go/clientele/store"
)

// A twisted is a store that does some calls in another way.
type twisted struct {
	store.Store
	get         func(ctx context.Context, keys [][]byte) ([]store.Entry, error)
	scan        func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool)
	commit      func(ctx context.Context, b *store.Batch) (store.Version, error)
	deleteRange func(ctx context.Context, r store.Range) error
	close       func() error
	limits      func() store.Limits
	durable     func() bool
	sequence    func(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error]
}

// twist returns a function that opens engines in memory and lets f twist them.
func twist(f func(t *twisted)) Open { return twistOpen(openEngine(""), f) }

func twistOpen(open Open, f func(t *twisted)) Open {
	return func(ctx context.Context, dir string) (store.Store, error) {
		s, err := open(ctx, dir)
		if err != nil {
			return nil, err
		}
		t := &twisted{Store: s}
		f(t)
		return t, nil
	}
}

// closeSlowly makes closing take a while, and returns what is true from its beginning.
func (t *twisted) closeSlowly() *atomic.Bool {
	closed := new(atomic.Bool)
	t.close = func() error {
		closed.Store(true)
		for range 20 {
			pause()
		}
		return t.Store.Close()
	}
	return closed
}

func (t *twisted) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	if t.get != nil {
		return t.get(ctx, keys)
	}
	return t.Store.Get(ctx, keys...)
}

func (t *twisted) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	switch {
	case t.sequence != nil:
		return t.sequence(ctx, r)
	case t.scan != nil:
		return func(yield func(store.Entry, error) bool) { t.scan(ctx, r, yield) }
	}
	return t.Store.Scan(ctx, r)
}

func (t *twisted) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if t.commit != nil {
		return t.commit(ctx, b)
	}
	return t.Store.Commit(ctx, b)
}

func (t *twisted) DeleteRange(ctx context.Context, r store.Range) error {
	if t.deleteRange != nil {
		return t.deleteRange(ctx, r)
	}
	deleter, _ := store.As[store.RangeDeleter](t.Store)
	return deleter.DeleteRange(ctx, r)
}

func (t *twisted) Durable() bool {
	if t.durable != nil {
		return t.durable()
	}
	return isDurable(t.Store)
}

func (t *twisted) Close() error {
	if t.close != nil {
		return t.close()
	}
	return t.Store.Close()
}

func (t *twisted) Limits() store.Limits {
	if t.limits != nil {
		return t.limits()
	}
	return t.Store.Limits()
}

// each changes the entries of a scan: f returns what to do with one, and whether
// to go on; the error is nil at an entry.
func (t *twisted) each(f func(e store.Entry, err error, yield func(store.Entry, error) bool) bool) {
	t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
		for e, err := range t.Store.Scan(ctx, r) {
			if !f(e, err, yield) {
				return
			}
		}
	}
}

// ranges changes the range of a scan.
func (t *twisted) ranges(f func(r *store.Range)) {
	t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
		f(&r)
		t.Store.Scan(ctx, r)(yield)
	}
}

// batches changes a copy of the batch that is committed.
func (t *twisted) batches(f func(b *store.Batch)) {
	t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
		c := store.Batch{Writes: append([]store.Write(nil), b.Writes...), Conditions: append([]store.Condition(nil), b.Conditions...)}
		f(&c)
		return t.Store.Commit(ctx, &c)
	}
}

// entries changes what Get returns and Scan yields.
func (t *twisted) entries(f func(e *store.Entry)) {
	t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
		entries, err := t.Store.Get(ctx, keys...)
		for i := range entries {
			f(&entries[i])
		}
		return entries, err
	}
	t.each(func(e store.Entry, err error, yield func(store.Entry, error) bool) bool {
		if err == nil {
			f(&e)
		}
		return yield(e, err)
	})
}
