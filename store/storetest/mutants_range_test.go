package storetest

import (
	"context"
	"errors"

	"github.com/clientele-go/clientele/store"
)

var rangeMutants = []mutant{
	{"range delete includes to", twistRange(func(ctx context.Context, s store.Store, r store.Range) error {
		if len(r.To) > 0 && r.Limit == 0 {
			r.To = after(r.To)
		}
		return s.(store.RangeDeleter).DeleteRange(ctx, r)
	}), "range/bounds"},
	{"range delete excludes from", twistRange(func(ctx context.Context, s store.Store, r store.Range) error {
		if len(r.From) > 0 && r.Limit == 0 {
			r.From = after(r.From)
		}
		return s.(store.RangeDeleter).DeleteRange(ctx, r)
	}), "range/bounds history/model"},
	{"range delete with a limit", twistRange(func(ctx context.Context, s store.Store, r store.Range) error {
		r.Limit, r.Reverse = 0, false
		return s.(store.RangeDeleter).DeleteRange(ctx, r)
	}), "range/invalid"},
	{"range delete unsupported", twistRange(func(context.Context, store.Store, store.Range) error { return errors.ErrUnsupported }), "range/bounds range/conditions range/large history/model"},
	{"range delete of the store below", func(ctx context.Context, dir string) (store.Store, error) {
		inner, err := openEngine("")(ctx, dir)
		if err != nil {
			return nil, err
		}
		prefixed, err := store.Prefixed(inner, []byte("tenant/"))
		if err != nil {
			return nil, err
		}
		return &twisted{Store: prefixed, deleteRange: inner.(store.RangeDeleter).DeleteRange, durable: func() bool { return false }}, nil
	}, "range/bounds"},
	{"range delete hides", func(ctx context.Context, dir string) (store.Store, error) {
		s, err := openEngine("")(ctx, dir)
		if err != nil {
			return nil, err
		}
		e := s.(*engine)
		t := &twisted{Store: s}
		t.deleteRange = func(ctx context.Context, r store.Range) error {
			entries, err := collect(e.Scan(ctx, r))
			if err == nil {
				err = e.DeleteRange(ctx, r)
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			for _, entry := range entries {
				e.data[string(entry.Key)] = store.Entry{Version: entry.Version} // found by conditions
			}
			return err
		}
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			entries, err := e.Get(ctx, keys...)
			for i := range entries {
				if entries[i].Value == nil {
					entries[i].Version = 0
				}
			}
			return entries, err
		}
		return t, nil
	}, "range/conditions"},
	{"range delete of at most a thousand", twistRange(func(ctx context.Context, s store.Store, r store.Range) error {
		page := r
		page.Limit = 1000
		entries, _ := collect(s.Scan(ctx, page))
		if len(entries) == 1000 && r.Limit == 0 {
			r.To = entries[999].Key
		}
		return s.(store.RangeDeleter).DeleteRange(ctx, r)
	}), "range/large"},
	{"deletes ranges in steps", openEngine("deletes ranges in steps"), "range/one-moment"},
	{"range delete swaps the whole state", twistRange(func(ctx context.Context, s store.Store, r store.Range) error {
		e := s.(*engine)
		before, _ := collect(e.Scan(ctx, store.Range{}))
		err := e.DeleteRange(ctx, r)
		for range 20 {
			pause()
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, k := range append([]string(nil), e.keys...) { // what has come meanwhile is lost
			if _, found := find(before, k); !found {
				e.apply([]store.Write{{Key: []byte(k), Delete: true}}, e.last)
			}
		}
		return err
	}), "range/conflicts-with-nothing"},
	{"range delete not logged", openLog("range deletes not logged"), "range/reopen history/reopened"},
}

func find(entries []store.Entry, k string) (store.Entry, bool) {
	for _, e := range entries {
		if string(e.Key) == k {
			return e, true
		}
	}
	return store.Entry{}, false
}

// twistRange returns a function that opens engines which delete ranges by f.
func twistRange(f func(ctx context.Context, s store.Store, r store.Range) error) Open {
	return twist(func(t *twisted) {
		t.deleteRange = func(ctx context.Context, r store.Range) error { return f(ctx, t.Store, r) }
	})
}
