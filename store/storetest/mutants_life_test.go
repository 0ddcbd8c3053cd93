package storetest

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clientele-go/clientele/store"
)

var lifeMutants = []mutant{
	{"contexts ignored", twist(func(t *twisted) {
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			return t.Store.Get(context.WithoutCancel(ctx), keys...)
		}
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			t.Store.Scan(context.WithoutCancel(ctx), r)(yield)
		}
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			return t.Store.Commit(context.WithoutCancel(ctx), b)
		}
		t.deleteRange = func(ctx context.Context, r store.Range) error {
			return t.Store.(store.RangeDeleter).DeleteRange(context.WithoutCancel(ctx), r)
		}
	}), "context/get context/scan context/commit context/during-scan context/soon range/context"},
	{"cause instead of the error", twist(func(t *twisted) {
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			if err := context.Cause(ctx); err != nil {
				return nil, err
			}
			return t.Store.Get(ctx, keys...)
		}
	}), "context/get error/distinct"},
	{"commits, then looks at the context", twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			v, err := t.Store.Commit(context.WithoutCancel(ctx), b)
			if err == nil && ctx.Err() != nil {
				return 0, ctx.Err()
			}
			return v, err
		}
	}), "context/commit"},
	{"context looked at after the commit", twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			v, err := t.Store.Commit(context.WithoutCancel(ctx), b)
			for range 10 {
				pause()
			}
			if err == nil && ctx.Err() != nil {
				return 0, ctx.Err()
			}
			return v, err
		}
	}), "context/during-commit"},
	{"another error when the context ends", twist(func(t *twisted) {
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			entries, err := t.Store.Get(ctx, keys...)
			for range 10 {
				pause()
			}
			if ctx.Err() != nil {
				return nil, store.ErrUnavailable
			}
			return entries, err
		}
	}), "context/during-get"},
	{"waits in spite of its context", twist(func(t *twisted) {
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			entries, err := t.Store.Get(ctx, keys...)
			if errors.Is(err, context.DeadlineExceeded) {
				time.Sleep(1300 * time.Millisecond)
			}
			return entries, err
		}
	}), "context/soon"},
	{"bound to the context of the opening", func(ctx context.Context, dir string) (store.Store, error) {
		return twist(func(t *twisted) {
			t.commit = func(call context.Context, b *store.Batch) (store.Version, error) {
				if ctx.Err() != nil {
					return 0, ctx.Err()
				}
				return t.Store.Commit(call, b)
			}
		})(ctx, dir)
	}, "context/of-call"},

	{"goes on after close", twist(func(t *twisted) { t.close = func() error { return nil } }), "close/after close/made-before error/distinct"},
	{"sequences of before are empty after close", twist(func(t *twisted) {
		t.sequence = func(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
			_, err := t.Store.Get(ctx)
			made := err != nil
			return func(yield func(store.Entry, error) bool) {
				for e, err := range t.Store.Scan(ctx, r) {
					if !made && errors.Is(err, store.ErrClosed) || !yield(e, err) {
						return
					}
				}
			}
		}
	}), "close/made-before close/during-scan"},
	{"closing again is an error", twist(func(t *twisted) {
		var closed atomic.Bool
		t.close = func() error {
			if closed.Swap(true) {
				return store.ErrClosed
			}
			return t.Store.Close()
		}
	}), "close/again"},
	{"error of the file when closed meanwhile", twist(func(t *twisted) {
		closed := t.closeSlowly()
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			if closed.Load() {
				if entries, err := t.Store.Get(ctx, keys...); err != nil {
					return entries, err
				}
				return nil, fs.ErrClosed
			}
			return t.Store.Get(ctx, keys...)
		}
	}), "close/during-calls"},
	{"is empty while it is closed", twist(func(t *twisted) {
		closed := t.closeSlowly()
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			entries, err := t.Store.Get(ctx, keys...)
			if err == nil && closed.Load() {
				for i := range entries {
					entries[i].Value, entries[i].Version = nil, 0
				}
			}
			return entries, err
		}
	}), "close/during-calls"},
	{"scans nothing while it is closed", twist(func(t *twisted) {
		closed := t.closeSlowly()
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			for e, err := range t.Store.Scan(ctx, r) {
				if closed.Load() && err == nil || !yield(e, err) {
					return
				}
			}
		}
	}), "close/during-calls"},
	{"a lock stays after close", func() Open {
		var mu sync.Mutex
		locked := map[string]bool{}
		return func(ctx context.Context, dir string) (store.Store, error) {
			mu.Lock()
			defer mu.Unlock()
			if locked[dir] {
				return nil, store.ErrUnavailable
			}
			locked[dir] = true
			return openEngine("")(ctx, dir)
		}
	}(), "close/open-again"},

	{"gets one by one", openEngine("gets one by one"), "concurrent/one-moment"},
	{"writes before it checks", openEngine("writes before it checks"), "concurrent/no-dirty-read"},
	{"reads a copy that lags behind", twist(func(t *twisted) {
		var mu sync.Mutex
		old := map[string]store.Entry{}
		calls := 0
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			entries, err := t.Store.Get(ctx, keys...)
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls%10 != 0 && len(entries) == 1 && old[string(keys[0])].Version != 0 {
				return []store.Entry{copied(old[string(keys[0])])}, err
			}
			for _, e := range entries {
				old[string(e.Key)] = copied(e)
			}
			return entries, err
		}
	}), "concurrent/acknowledged"},
	{"the whole state is swapped", twist(func(t *twisted) {
		var running atomic.Int64
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			defer running.Add(-1)
			if running.Add(1) > 1 && len(b.Writes) > 1 { // another one is under way, and will overwrite this one
				pause()
				return t.Store.Commit(ctx, &store.Batch{Writes: b.Writes[:1], Conditions: b.Conditions})
			}
			pause()
			return t.Store.Commit(ctx, b)
		}
	}), "concurrent/apart"},
	{"at most four calls at a time", twist(func(t *twisted) {
		var running atomic.Int64
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			defer running.Add(-1)
			if running.Add(1) > 4 {
				return nil, store.ErrUnavailable
			}
			pause()
			return t.Store.Get(ctx, keys...)
		}
	}), "concurrent/all-calls"},

	{"leaks a goroutine on early break", twist(func(t *twisted) {
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			type item struct {
				e   store.Entry
				err error
			}
			items := make(chan item)
			go func() {
				for e, err := range t.Store.Scan(ctx, r) {
					items <- item{e, err}
				}
				close(items)
			}()
			for i := range items {
				if !yield(i.e, i.err) {
					return
				}
			}
		}
	}), "leak/break"},
	{"leaks a goroutine when closed", func(ctx context.Context, dir string) (store.Store, error) {
		go func() { select {} }()
		return openEngine("")(ctx, dir)
	}, "leak/close"},
	{"leaks a goroutine when a context ends", twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			done := make(chan struct{})
			go func() { done <- struct{}{} }()
			select {
			case <-ctx.Done():
				return 0, ctx.Err()
			case <-done:
				return t.Store.Commit(ctx, b)
			}
		}
	}), "leak/context"},
}
