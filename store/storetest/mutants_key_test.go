package storetest

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/store"
)

// keysAs maps every key that comes in.
func keysAs(f func(string) string) Open {
	as := func(k []byte) []byte {
		if len(k) == 0 {
			return k
		}
		return []byte(f(string(k)))
	}
	return twist(func(t *twisted) {
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			var mapped [][]byte
			for _, k := range keys {
				mapped = append(mapped, as(k))
			}
			entries, err := t.Store.Get(ctx, mapped...)
			for i := range entries {
				entries[i].Key = bytes.Clone(keys[i])
			}
			return entries, err
		}
		t.batches(func(b *store.Batch) {
			for i := range b.Writes {
				b.Writes[i].Key = as(b.Writes[i].Key)
			}
			for i := range b.Conditions {
				b.Conditions[i].Key = as(b.Conditions[i].Key)
			}
		})
	})
}

// valuesAs maps every value that comes in.
func valuesAs(f func([]byte) []byte) Open {
	return twist(func(t *twisted) {
		t.batches(func(b *store.Batch) {
			for i := range b.Writes {
				b.Writes[i].Value = f(b.Writes[i].Value)
			}
		})
	})
}

var keyMutants = []mutant{
	{"keys ordered by length first", twist(func(t *twisted) {
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			entries, _ := collect(t.Store.Scan(ctx, r))
			slices.SortStableFunc(entries, func(a, b store.Entry) int { return len(a.Key) - len(b.Key) })
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
		}
	}), "key/order key/random scan/all-bounds"},
	{"keys are UTF-8", keysAs(func(k string) string { return strings.ToValidUTF8(k, "\ufffd") }), "key/bytes key/order key/random"},
	{"keys without case", keysAs(strings.ToLower), "key/alike"},
	{"zeros at the end of a key cut", keysAs(func(k string) string { return k[:1] + strings.TrimRight(k[1:], "\x00") }), "key/random key/order key/alike"},
	{"empty key ignored", twist(func(t *twisted) {
		t.batches(func(b *store.Batch) {
			b.Writes = slices.DeleteFunc(b.Writes, func(w store.Write) bool { return len(w.Key) == 0 })
		})
	}), "key/empty commit/invalid-leaves-nothing error/distinct"},
	{"key of entries cut", twist(func(t *twisted) { t.entries(func(e *store.Entry) { e.Key = e.Key[:min(len(e.Key), 255)] }) }), "key/of-entry limit/key"},
	{"empty value is absent", twist(func(t *twisted) {
		t.batches(func(b *store.Batch) {
			for i := range b.Writes {
				b.Writes[i].Delete = b.Writes[i].Delete || len(b.Writes[i].Value) == 0
			}
		})
	}), "value/empty history/model"},
	{"spaces at the end of a value cut", valuesAs(func(v []byte) []byte { return bytes.TrimRight(v, " \x00") }), "value/bytes"},
	{"values cut at 65535 bytes", valuesAs(func(v []byte) []byte { return v[:min(len(v), 65535)] }), "value/sizes limit/value scan/large-values limit/batch"},
	{"tail of a longer value stays", twist(func(t *twisted) {
		t.batches(func(b *store.Batch) {
			for i, w := range b.Writes {
				if len(w.Key) == 0 || w.Delete {
					continue
				}
				if e, err := t.Store.Get(context.Background(), w.Key); err == nil && len(e[0].Value) > len(w.Value) {
					b.Writes[i].Value = append(bytes.Clone(w.Value), e[0].Value[len(w.Value):]...)
				}
			}
		})
	}), "value/replaced"},
	{"absent value not nil", twist(func(t *twisted) {
		t.entries(func(e *store.Entry) {
			if e.Value == nil {
				e.Value = []byte{}
			}
		})
	}), "get/absent"},
	{"get sorts", twist(func(t *twisted) {
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			return t.Store.Get(ctx, slices.SortedFunc(slices.Values(keys), bytes.Compare)...)
		}
	}), "get/order get/many"},
	{"get answers a key once", twist(func(t *twisted) {
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			entries, err := t.Store.Get(ctx, keys...)
			seen := map[string]bool{}
			return slices.DeleteFunc(entries, func(e store.Entry) bool {
				defer func() { seen[string(e.Key)] = true }()
				return seen[string(e.Key)]
			}), err
		}
	}), "get/repeated"},
	{"get of nothing refused", twist(func(t *twisted) {
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			if len(keys) == 0 {
				return nil, store.ErrInvalid
			}
			return t.Store.Get(ctx, keys...)
		}
	}), "get/none"},
	{"get answers at most 500", twist(func(t *twisted) {
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			entries, err := t.Store.Get(ctx, keys...)
			for i := 500; i < len(entries); i++ {
				entries[i] = store.Entry{Key: entries[i].Key}
			}
			return entries, err
		}
	}), "get/many limit/get commit/many"},
	{"get finds by prefix", twist(func(t *twisted) {
		t.get = func(ctx context.Context, keys [][]byte) ([]store.Entry, error) {
			entries, err := t.Store.Get(ctx, keys...)
			for i, e := range entries {
				if e.Version == 0 {
					for longer := range t.Store.Scan(ctx, store.Under(e.Key)) {
						entries[i].Value, entries[i].Version = longer.Value, longer.Version
						break
					}
				}
			}
			return entries, err
		}
	}), "get/neighbours"},
}
