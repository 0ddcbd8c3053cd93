package store_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

func prefix(t testing.TB, s store.Store, with string) store.Store {
	p, err := store.Prefixed(s, []byte(with))
	require.NoError(t, err)
	return p
}

func TestPrefixedKeepsApart(t *testing.T) {
	var all store.Memory
	put(t, &all, "a", "outside", "a\xff", "last of a", "b", "outside", "\xff\xff\xff", "end")
	a, end := prefix(t, &all, "a\xff"), prefix(t, &all, "\xff\xff")
	require.Empty(t, contents(t, prefix(t, &all, "none")))
	_, err := a.Get(t.Context(), nil)
	require.ErrorIs(t, err, store.ErrInvalid, "the prefix itself is not a key")
	put(t, a, "one", "1", "\xff", "2")
	put(t, end, "x", "3")
	require.Len(t, contents(t, &all), 7)
	require.Len(t, contents(t, end), 2, "also under the last prefix")

	deleter, ok := store.As[store.RangeDeleter](a)
	require.True(t, ok)
	require.NoError(t, deleter.DeleteRange(t.Context(), store.Range{From: []byte("\x00")}))
	require.Empty(t, contents(t, prefix(t, &all, "a\xffo")))
	require.Len(t, contents(t, &all), 5)

	require.NoError(t, a.Close())
	require.ErrorIs(t, deleter.DeleteRange(t.Context(), store.Range{}), store.ErrClosed)
	_, err = all.Get(t.Context(), []byte("a"))
	require.NoError(t, err, "the store below stays open")
}

func TestPrefixedRefusesToGoBelowTheLeastLimits(t *testing.T) {
	var s store.Memory
	room := s.Limits().KeyBytes - store.MinLimits.KeyBytes
	_, err := store.Prefixed(&s, make([]byte, room))
	require.NoError(t, err)
	_, err = store.Prefixed(&s, make([]byte, room+1))
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = store.Prefixed(store.Limited(&s, store.MinLimits), []byte("a"))
	require.ErrorIs(t, err, store.ErrInvalid)
}

func TestReadOnly(t *testing.T) {
	var s store.Memory
	version := put(t, &s, "a", "1")
	r := store.ReadOnly(&s)
	var b store.Batch
	b.If([]byte("a"), version)
	_, err := r.Commit(t.Context(), &b)
	require.NoError(t, err)
	b.Put([]byte("a"), nil)
	_, err = r.Commit(t.Context(), &b)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.Equal(t, contents(t, &s), contents(t, r))
	_, ok := store.As[store.RangeDeleter](r)
	require.False(t, ok)
}

func TestLimited(t *testing.T) {
	var s store.Memory
	require.Equal(t, s.Limits(), store.Limited(&s, store.Limits{}).Limits())
	require.Equal(t, s.Limits(), store.Limited(&s, store.Limits{math.MaxInt, math.MaxInt, math.MaxInt, math.MaxInt}).Limits())
	l := store.Limited(&s, store.Limits{KeyBytes: 3, Operations: 2})
	_, err := l.Get(t.Context(), []byte("1234"))
	require.ErrorIs(t, err, store.ErrTooLarge)
	_, err = l.Get(t.Context(), []byte("1"), []byte("2"), []byte("3"))
	require.ErrorIs(t, err, store.ErrTooLarge)
	require.NoError(t, l.Close())
	_, err = l.Get(t.Context(), []byte("1234"))
	require.ErrorIs(t, err, store.ErrClosed)
}

type durable struct{ store.Memory }

func (*durable) Durable() bool { return true }

func TestAs(t *testing.T) {
	observe := func(s store.Store) store.Store {
		return store.Observed(s, func(context.Context, store.Call) func(store.Outcome) { return nil })
	}
	limit := func(s store.Store) store.Store { return store.Limited(s, store.MinLimits) }
	var s durable
	for name, c := range map[string]struct {
		s                store.Store
		durable, deleter bool
	}{
		"memory":            {new(store.Memory), false, true},
		"durable":           {&s, true, true},
		"limited":           {limit(&s), true, true},
		"observed":          {observe(limit(&s)), true, true},
		"read only":         {store.ReadOnly(observe(limit(&s))), true, false},
		"prefixed":          {prefix(t, observe(&s), "a"), true, true},
		"prefixed memory":   {prefix(t, new(store.Memory), "a"), false, true},
		"of a read only":    {limit(prefix(t, store.ReadOnly(&s), "a")), true, false},
		"prefixed prefixed": {observe(prefix(t, prefix(t, &s, "a"), "b")), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			d, ok := store.As[store.Durable](c.s)
			require.Equal(t, c.durable, ok && d.Durable())
			r, ok := store.As[store.RangeDeleter](c.s)
			require.Equal(t, c.deleter, ok)
			require.Equal(t, c.deleter, r != nil)
		})
	}
	whole, ok := store.As[*durable](limit(observe(&s)))
	require.True(t, ok)
	require.Same(t, &s, whole)
}

func TestObservedSeesEveryCall(t *testing.T) {
	type seen struct {
		store.Call
		store.Outcome
	}
	var calls []seen
	s := store.Observed(new(store.Memory), func(_ context.Context, c store.Call) func(store.Outcome) {
		return func(o store.Outcome) { calls = append(calls, seen{c, o}) }
	})
	put(t, s, "a", "1", "b", "22")
	for range s.Scan(t.Context(), store.Range{}) {
		break
	}
	contents(t, s)
	_, _ = s.Get(t.Context(), []byte("b"), []byte("none"))
	deleter, ok := store.As[store.RangeDeleter](s)
	require.True(t, ok)
	require.NoError(t, deleter.DeleteRange(t.Context(), store.Range{}))
	require.NoError(t, s.Close())
	for _, err := range s.Scan(t.Context(), store.Range{}) {
		require.ErrorIs(t, err, store.ErrClosed)
	}
	require.Equal(t, []seen{
		{store.Call{Method: "Commit", Keys: 2, Bytes: 5}, store.Outcome{}},
		{store.Call{Method: "Scan"}, store.Outcome{Entries: 1, Bytes: 2}},
		{store.Call{Method: "Scan"}, store.Outcome{Entries: 2, Bytes: 5}},
		{store.Call{Method: "Get", Keys: 2}, store.Outcome{Entries: 1, Bytes: 3}},
		{store.Call{Method: "DeleteRange"}, store.Outcome{}},
		{store.Call{Method: "Close"}, store.Outcome{}},
		{store.Call{Method: "Scan"}, store.Outcome{Err: store.ErrClosed}},
	}, calls)
}

func TestDump(t *testing.T) {
	var s store.Memory
	_, _, err := store.Once(t.Context(), &s, []byte("once"), nil, func(context.Context) (*store.Batch, error) { return new(store.Batch), nil })
	require.NoError(t, err)
	put(t, &s, "100%\x00é", "\x00\x01\x02\x03")
	put(t, &s, "empty", "")
	put(t, &s, "no kind", "\x60\x01\x05")
	// A value with one item of each type: RFC 8949, appendix A.
	put(t, &s, "all", "\x63all\x07\x18\x64\x39\x03\xe7\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a\xf4\xf5\xf6\x44\x01\x02\x03\x04\x64<\xc3\xbc\x22\x82\x01\x81\x40\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00")
	put(t, &s, "not whole", "\x63all\x07\x18")
	var out bytes.Buffer
	require.NoError(t, store.Dump(t.Context(), &s, store.Range{}, &out))
	require.Equal(t, `{"key":"100%25%00%C3%A9","version":2,"raw":"AAECAw=="}
{"key":"all","version":5,"kind":"all","format":7,"items":[100,-1000,1.1,false,true,null,{"bytes":"AQIDBA=="},"<ü\"",[1,[{"bytes":""}]],{"float":"+Inf"}]}
{"key":"empty","version":3,"raw":""}
{"key":"no kind","version":4,"raw":"YAEF"}
{"key":"not whole","version":6,"raw":"Y2FsbAcY"}
{"key":"once","version":1,"kind":"once","format":1}
`, out.String())
	require.NoError(t, s.Close())
	require.ErrorIs(t, store.Dump(t.Context(), &s, store.Range{}, &out), store.ErrClosed)
}

func TestReadOnlySaysFirstThatItIsClosed(t *testing.T) {
	r := store.ReadOnly(new(store.Memory))
	var b store.Batch
	b.Put([]byte("a"), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Commit(ctx, &b)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, r.Close())
	_, err = r.Commit(t.Context(), &b)
	require.ErrorIs(t, err, store.ErrClosed)
}

// TestPrefixedCloseWaits: what is under way when a part is closed is done after it.
func TestPrefixedCloseWaits(t *testing.T) {
	var s store.Memory
	begun, goOn := make(chan bool), make(chan bool)
	slow := &faulty{fault: func(ctx context.Context, b *store.Batch) (store.Version, error) {
		close(begun)
		<-goOn
		return s.Commit(ctx, b)
	}}
	p := prefix(t, slow, "p/")
	closed := make(chan bool)
	go func() {
		var b store.Batch
		b.Put([]byte("a"), nil)
		_, _ = p.Commit(t.Context(), &b)
	}()
	<-begun
	go func() {
		_ = p.Close()
		close(closed)
	}()
	select {
	case <-closed:
		t.Error("Close did not wait")
	case <-time.After(10 * time.Millisecond):
	}
	close(goOn)
	<-closed
	require.Equal(t, 1, s.Len(), "what was under way is there")
}
