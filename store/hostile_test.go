package store_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/store"
)

func hostileStore() *store.Memory {
	m := new(store.Memory)
	b := new(store.Batch)
	b.Put([]byte("kept/1"), []byte("one"))
	b.Put([]byte("kept/2"), []byte("two"))
	if _, err := m.Commit(context.Background(), b); err != nil {
		panic(err)
	}
	return m
}

// kept makes sure that a call has left what was stored before.
func kept(s store.Store) {
	entries, err := s.Get(context.Background(), []byte("kept/1"))
	if err != nil || string(entries[0].Value) != "one" {
		panic("what was stored is lost")
	}
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	batch := func() *store.Batch {
		return &store.Batch{
			Conditions: []store.Condition{{Key: []byte("new"), Version: 0}},
			Writes:     []store.Write{{Key: []byte("new"), Value: []byte("x")}, {Key: []byte("kept/2"), Delete: true}},
		}
	}
	limits := func() store.Limits { return store.MinLimits }
	between := func() store.Range { return store.Range{From: []byte("kept/"), To: []byte("kept0"), Limit: 10} }
	backoff := func() *store.Backoff { return &store.Backoff{Attempts: 2} }
	badBatch := map[string]any{
		"batch.Writes twice": store.ErrInvalid, "batch.Writes huge": nil, "batch.Writes[1].Key nil": store.ErrInvalid,
		"batch.Writes[1].Key empty": store.ErrInvalid, "batch.Conditions[0].Key empty": store.ErrInvalid,
	}
	scan := func(ctx context.Context, s store.Store, r store.Range) (int, error) {
		return hostiletest.Count(s.Scan(ctx, r))
	}
	file := filepath.Join(t.TempDir(), "store")
	if err := hostileStore().Save(ctx, file); err != nil {
		t.Fatal(err)
	}

	hostiletest.Run(t, hostiletest.Table{
		"Memory.Commit": {
			Call: func(ctx context.Context, b *store.Batch) (store.Version, error) {
				m := hostileStore()
				defer kept(m)
				return (*store.Memory).Commit(m, ctx, b)
			},
			Names: "ctx batch", Args: func() []any { return []any{ctx, batch()} },
			Expect: hostiletest.With(badBatch, map[string]any{"batch.Conditions[0].Version max": store.ErrConflict}),
			Hold:   map[string]string{"batch nil": "it is required"},
		},
		"Memory.Get": {
			Call: func(ctx context.Context, keys [][]byte) (int, error) {
				entries, err := (*store.Memory).Get(hostileStore(), ctx, keys...)
				return len(entries), err
			},
			Names: "ctx keys", Args: func() []any { return []any{ctx, [][]byte{[]byte("kept/1"), []byte("none")}} },
			Expect: map[string]any{"keys[1] empty": store.ErrInvalid, "keys[1] nil": store.ErrInvalid, "keys twice": hostiletest.OK},
		},
		"Memory.Scan": {
			Call: func(ctx context.Context, r store.Range) (int, error) {
				_ = (*store.Memory).Scan
				return scan(ctx, hostileStore(), r)
			},
			Names: "ctx range", Args: func() []any { return []any{ctx, between()} },
			Expect: map[string]any{"range.Limit min": nil, "range.From nil": hostiletest.OK, "range.To nil": hostiletest.OK, "range.Reverse flipped": hostiletest.OK},
		},
		"Memory.DeleteRange": {
			Call: func(ctx context.Context, r store.Range) error {
				return (*store.Memory).DeleteRange(hostileStore(), ctx, r)
			},
			Names: "ctx range", Args: func() []any { return []any{ctx, store.Range{From: []byte("kept/2"), To: []byte("kept/3")}} },
		},
		"Memory.Load": {
			Call: func(ctx context.Context, name string) error {
				m := new(store.Memory)
				return (*store.Memory).Load(m, ctx, name)
			},
			Names: "ctx name", Args: func() []any { return []any{ctx, file} }, Expect: map[string]any{"name empty": "store: ", "name control": "store: ", "name long": "store: "},
			Hold: map[string]string{"name bytes": "errors of files have the name as it is", "name control": "errors of files have the name as it is", "name turned": "errors of files have the name as it is"},
		},
		"Memory.Save": {
			Call: func(ctx context.Context, name string) error {
				return (*store.Memory).Save(hostileStore(), ctx, filepath.Join(file+"-", name))
			},
			Names: "ctx name", Args: func() []any { return []any{ctx, "../saved"} }, Expect: map[string]any{"name empty": nil},
			Hold: map[string]string{"name bytes": "errors of files have the name as it is", "name control": "errors of files have the name as it is", "name turned": "errors of files have the name as it is"},
		},
		"Batch.Check":  {Call: (*store.Batch).Check, Names: "batch limits", Args: func() []any { return []any{batch(), limits()} }, Expect: hostiletest.With(badBatch, map[string]any{"limits.KeyBytes min": store.ErrTooLarge, "limits.Operations one": store.ErrTooLarge}), Hold: map[string]string{"batch nil": "it is required"}},
		"Batch.Put":    {Call: (*store.Batch).Put, Names: "batch key value", Args: func() []any { return []any{new(store.Batch), []byte("k"), []byte("v")} }, Writes: "batch", Hold: map[string]string{"batch nil": "it is written"}},
		"Batch.Delete": {Call: (*store.Batch).Delete, Names: "batch key", Args: func() []any { return []any{new(store.Batch), []byte("k")} }, Writes: "batch", Hold: map[string]string{"batch nil": "it is written"}},
		"Batch.If":     {Call: (*store.Batch).If, Names: "batch key version", Args: func() []any { return []any{new(store.Batch), []byte("k"), store.Version(1)} }, Writes: "batch", Hold: map[string]string{"batch nil": "it is written"}},
		"CheckKeys": {
			Call: store.CheckKeys, Names: "keys limits", Args: func() []any { return []any{[][]byte{[]byte("a"), []byte("b")}, limits()} },
			Expect: map[string]any{"keys[1] empty": store.ErrInvalid, "limits.KeyBytes min": store.ErrTooLarge, "keys nil": nil},
		},
		"Dump": {
			Call: func(ctx context.Context, r store.Range) (string, error) {
				var b bytes.Buffer
				err := store.Dump(ctx, hostileStore(), r, &b)
				return b.String(), err
			},
			Names: "ctx range", Args: func() []any { return []any{ctx, between()} },
		},
		"Under": {Call: store.Under, Names: "prefix", Args: func() []any { return []any{[]byte("kept/")} }},
		"Limited": {
			Call: func(ctx context.Context, l store.Limits, b *store.Batch) (store.Version, error) {
				m := hostileStore()
				defer kept(m)
				return store.Limited(m, l).Commit(ctx, b)
			},
			Names: "ctx limits batch", Args: func() []any { return []any{ctx, limits(), batch()} }, Expect: badBatch, Hold: map[string]string{"batch nil": "it is required"},
		},
		"Prefixed": {
			Call: func(ctx context.Context, prefix []byte, b *store.Batch) (store.Version, error) {
				m := hostileStore()
				defer kept(m)
				s, err := store.Prefixed(m, prefix)
				if err != nil {
					return 0, err
				}
				return s.Commit(ctx, b)
			},
			Names: "ctx prefix batch", Args: func() []any { return []any{ctx, []byte("p/"), batch()} }, Expect: badBatch, Hold: map[string]string{"batch nil": "it is required"},
		},
		"ReadOnly": {
			Call: func(ctx context.Context, b *store.Batch) error {
				m := hostileStore()
				defer kept(m)
				if _, err := store.ReadOnly(m).Commit(ctx, b); !errors.Is(err, errors.ErrUnsupported) && ctx.Err() == nil && b.Check(m.Limits()) == nil && len(b.Writes) > 0 {
					return errors.New("store_test: it was written")
				}
				return ctx.Err()
			},
			Names: "ctx batch", Args: func() []any { return []any{ctx, batch()} }, Hold: map[string]string{"batch nil": "it is required"},
		},
		"Once": {
			Call: func(ctx context.Context, token []byte, back *store.Backoff) (bool, error) {
				m := hostileStore()
				defer kept(m)
				_, did, err := store.Once(ctx, m, token, back, func(context.Context) (*store.Batch, error) { return batch(), nil })
				return did, err
			},
			Names: "ctx token backoff", Args: func() []any { return []any{ctx, []byte("token"), backoff()} },
			Expect: map[string]any{"token nil": store.ErrInvalid, "token empty": store.ErrInvalid, "backoff nil": hostiletest.OK},
		},
		"Update": {
			Call: func(ctx context.Context, back *store.Backoff) (int, error) {
				calls := 0
				_, err := store.Update(ctx, hostileStore(), back, func(context.Context) (*store.Batch, error) {
					calls++
					b := batch()
					if calls == 1 {
						b.Conditions[0].Version = 9
					}
					return b, nil
				})
				return calls, err
			},
			Names: "ctx backoff", Args: func() []any { return []any{ctx, &store.Backoff{Attempts: 3, First: 1, Most: 2}} },
			Hold:   map[string]string{"backoff.First max": "it is waited for", "backoff.Most max": "it is waited for"},
			Expect: map[string]any{"backoff nil": hostiletest.OK},
		},
	})
}

var _ = hostiletest.Exceptions{
	"As":       "it takes a store alone: storetest tries it",
	"Observed": "it takes a store and a function: storetest tries it",
}
