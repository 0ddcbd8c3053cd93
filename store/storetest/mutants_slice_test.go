package storetest

import (
	"bytes"
	"context"
	"slices"

	"github.com/clientele-go/clientele/store"
)

var sliceMutants = []mutant{
	{"reused buffer", twist(func(t *twisted) {
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			var key, value []byte
			for e, err := range t.Store.Scan(ctx, r) {
				key, value = append(key[:0], e.Key...), append(value[:0], e.Value...)
				e.Key, e.Value = key, value
				if err != nil {
					e = store.Entry{}
				}
				if !yield(e, err) {
					return
				}
			}
		}
	}), "slice/returned-by-scan"},
	{"keeps the slices given", openEngine("keeps the slices given"), "slice/given-to-commit"},
	{"returns what it keeps", openEngine("returns what it keeps"), "slice/returned-by-get"},
	{"get returns the keys given", twist(func(t *twisted) {
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			entries, err := t.Store.Get(ctx, keys...)
			for i := range entries {
				entries[i].Key = keys[i]
			}
			return entries, err
		}
	}), "slice/given-to-get"},
	{"sorts the batch", twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			slices.SortFunc(b.Writes, func(a, b store.Write) int { return bytes.Compare(a.Key, b.Key) })
			return t.Store.Commit(ctx, b)
		}
	}), "slice/batch"},
	{"appends to a bound", twist(func(t *twisted) {
		t.ranges(func(r *store.Range) { _ = append(r.To, 0) })
	}), "slice/spare-capacity"},
	{"key and value in one buffer", twist(func(t *twisted) {
		t.entries(func(e *store.Entry) {
			b := append(bytes.Clone(e.Key), e.Value...)
			e.Key = b[:len(e.Key)]
			if e.Value != nil {
				e.Value = b[len(e.Key):]
			}
		})
	}), "slice/appended"},
}
