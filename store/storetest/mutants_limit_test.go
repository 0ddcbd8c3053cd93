package storetest

import (
	"context"
	"slices"

	"github.com/clientele-go/clientele/store"
)

var limitMutants = []mutant{
	{"value too large accepted", looseLimits(func(l *store.Limits) { l.ValueBytes-- }), "limit/value"},
	{"key too long accepted", looseLimits(func(l *store.Limits) { l.KeyBytes-- }), "limit/key"},
	{"too many operations accepted", looseLimits(func(l *store.Limits) { l.Operations-- }), "limit/operations limit/get"},
	{"too many bytes accepted", looseLimits(func(l *store.Limits) { l.BatchBytes-- }), "limit/batch"},
	{"largest value refused", looseLimits(func(l *store.Limits) { l.ValueBytes++ }), "limit/value"},
	{"longest key refused", looseLimits(func(l *store.Limits) { l.KeyBytes++ }), "limit/key scan/long-bounds"},
	{"most operations refused", looseLimits(func(l *store.Limits) { l.Operations++ }), "limit/operations limit/get"},
	{"most bytes refused", looseLimits(func(l *store.Limits) { l.BatchBytes++ }), "limit/batch"},
	{"get of too many allowed", twist(func(t *twisted) {
		t.get = func(ctx context.Context, keys [][]byte) (entries []store.Entry, err error) {
			for part := range slices.Chunk(keys, 100) {
				list, err := t.Store.Get(ctx, part...)
				if err != nil {
					return nil, err
				}
				entries = append(entries, list...)
			}
			return entries, ctx.Err()
		}
	}), "limit/get"},
	{"limits too small", twist(func(t *twisted) {
		t.limits = func() store.Limits {
			return store.Limits{KeyBytes: 255, ValueBytes: 1 << 16, Operations: 1000, BatchBytes: 1 << 20}
		}
	}), "limit/minimum"},
	{"limits gone after close", twist(func(t *twisted) {
		closed := false
		t.close = func() error {
			closed = true
			return t.Store.Close()
		}
		t.limits = func() store.Limits {
			if closed {
				return store.Limits{}
			}
			return t.Store.Limits()
		}
	}), "limit/constant"},
}

// looseLimits claims other limits than the store has.
func looseLimits(f func(l *store.Limits)) Open {
	return twist(func(t *twisted) {
		t.limits = func() store.Limits {
			l := t.Store.Limits()
			f(&l)
			return l
		}
	})
}
