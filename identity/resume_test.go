package identity

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// A watched store calls functions before a scan and after a commit.
type watched struct {
	store.Store
	scan      func(r store.Range)
	committed func(b *store.Batch)
}

func (w *watched) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	if w.scan != nil {
		w.scan(r)
	}
	return w.Store.Scan(ctx, r)
}

func (w *watched) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	v, err := w.Store.Commit(ctx, b)
	if w.committed != nil {
		w.committed(b)
	}
	return v, err
}

// TestResumeMeanwhile: a process dies right after the commit of a large erasure, while
// another one resumes: what is left to do is done, not taken for left over.
func TestResumeMeanwhile(t *testing.T) {
	s := store.Limited(new(store.Memory), store.MinLimits)
	g := openSealed(t, s)
	var last Resolution
	for i := range 400 {
		last = observeEach(t, g, seenAt(fmt.Sprint("o", i), i, fmt.Sprint("r", i), ident("member", "m1")))
	}
	ctx, die := context.WithCancel(t.Context())
	dying := &watched{Store: s, committed: func(b *store.Batch) {
		for _, w := range b.Writes {
			if string(w.Key) == erasingKey && !w.Delete {
				die()
			}
		}
	}}
	erased := false
	resuming := &watched{Store: s, scan: func(r store.Range) {
		if !erased && bytes.HasPrefix(r.From, key("e")) {
			erased = true
			other, err := Open(ctx, dying, nil, sealedOptions(t, s))
			require.NoError(t, err)
			require.ErrorIs(t, other.Erase(ctx, last.Customer, asked("e", 10_000)), context.Canceled)
		}
	}}
	again, err := Open(t.Context(), resuming, nil, sealedOptions(t, s))
	require.NoError(t, err)
	require.NoError(t, again.Resume(t.Context()))
	require.True(t, erased)
	for e, err := range s.Scan(t.Context(), store.Under(key("o"))) {
		require.NoError(t, err)
		seen, err := readSeen(e)
		require.NoError(t, err)
		require.EqualValues(t, seenErased, seen.state)
	}
	_, err = g.Observe(t.Context(), seenAt("o1", 1, "r1", ident("member", "m1")))
	require.ErrorIs(t, err, ErrErased)
	require.NoError(t, g.Resume(t.Context()))
}
