package identity

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

func TestFeedCursors(t *testing.T) {
	f := newFeed(new(store.Memory))
	id := feedID(1)
	shard := customer.ShardOf(id)
	for range 3 {
		_, err := f.commit(t.Context(), new(store.Batch), []customer.Change{feedChange(customer.Attached, uuid.Nil, id, nil)})
		require.NoError(t, err)
	}
	at := func(n uint64) (c customer.Cursor) {
		c[shard] = n
		return c
	}
	first := func(ctx context.Context, after customer.Cursor) error {
		for _, err := range f.Changes(ctx, after) {
			return err
		}
		return nil
	}
	require.NoError(t, first(t.Context(), at(0)))
	require.NoError(t, first(t.Context(), at(3)))
	require.ErrorIs(t, first(t.Context(), at(4)), customer.ErrCursorUnknown)
	require.ErrorIs(t, f.Trim(t.Context(), at(4)), customer.ErrCursorUnknown)
	require.NoError(t, f.Trim(t.Context(), at(2)))
	require.NoError(t, f.Trim(t.Context(), at(1)), "does nothing")
	require.ErrorIs(t, first(t.Context(), at(0)), customer.ErrCursorExpired)
	require.ErrorIs(t, first(t.Context(), at(1)), customer.ErrCursorExpired)
	require.NoError(t, first(t.Context(), at(2)))
	cursor := at(2)
	require.Len(t, readFeed(t, f, &cursor), 1)
	_, err := f.commit(t.Context(), new(store.Batch), []customer.Change{feedChange(customer.Attached, uuid.Nil, id, nil)})
	require.NoError(t, err)
	require.EqualValues(t, 4, readFeed(t, f, &cursor)[0].Seq)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read := 0
	for _, err := range f.Changes(ctx, at(2)) {
		if read++; read == 1 {
			require.NoError(t, err)
			cancel()
			continue
		}
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Equal(t, 2, read)
	require.ErrorIs(t, first(ctx, at(2)), context.Canceled)
	require.ErrorIs(t, f.Trim(ctx, at(2)), context.Canceled)
	_, err = f.Head(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// TestFeedPages: entries that fill several pages, of one shard and of many.
func TestFeedPages(t *testing.T) {
	onFeedStores(t, func(t *testing.T, s store.Store) {
		f := newFeed(s)
		want := map[customer.ID]int{}
		for i := range 700 {
			var changes []customer.Change
			for _, id := range []customer.ID{feedInShard(5, 0), feedID(i % 150), feedInShard(6, i%2)} {
				if i < 300 || id != feedInShard(5, 0) {
					changes = append(changes, feedChange(customer.Attached, uuid.Nil, id, feedAtoms(uint64(i), 1)))
					want[id]++
				}
			}
			_, err := f.commit(t.Context(), new(store.Batch), changes)
			require.NoError(t, err)
		}
		var cursor customer.Cursor
		got := map[customer.ID]int{}
		for _, c := range readFeed(t, f, &cursor) {
			got[c.Customer]++
		}
		require.Equal(t, want, got)
		head, err := f.Head(t.Context())
		require.NoError(t, err)
		require.Equal(t, head, cursor)
		require.NoError(t, f.Trim(t.Context(), cursor))
		require.Empty(t, feedKeys(t, s, "feed/entry/"))
		require.Empty(t, readFeed(t, f, &cursor))
	})
}

// TestFeedTrimmedUnderAReader: what a reader has not read yet has expired for it.
func TestFeedTrimmedUnderAReader(t *testing.T) {
	for name, atoms := range map[string]int{"entries": 1, "parts": 9 * feedPartAtoms} {
		t.Run(name, func(t *testing.T) {
			f := newFeed(new(store.Memory))
			for range feedPage + 1 {
				_, err := f.commit(t.Context(), new(store.Batch), []customer.Change{feedChange(customer.Attached, uuid.Nil, feedID(1), feedAtoms(1, 1))})
				require.NoError(t, err)
			}
			_, err := f.commit(t.Context(), new(store.Batch), []customer.Change{feedChange(customer.Attached, uuid.Nil, feedID(1), feedAtoms(1, atoms))})
			require.NoError(t, err)
			head, err := f.Head(t.Context())
			require.NoError(t, err)
			trim := 1
			if atoms > 1 {
				trim = feedPage + 2
			}
			read := 0
			for _, err := range f.Changes(t.Context(), customer.Cursor{}) {
				if read++; read == trim {
					require.NoError(t, f.Trim(t.Context(), head))
				}
				if err != nil {
					require.ErrorIs(t, err, customer.ErrCursorExpired)
					return
				}
			}
			t.Error("no error")
		})
	}
}

// TestFeedFindsDamage: whatever is taken away or changed is found, and told as such.
func TestFeedFindsDamage(t *testing.T) {
	memory := new(store.Memory)
	f := newFeed(memory)
	id := feedInShard(4, 0)
	for i := range 2 * feedRun {
		_, err := f.commit(t.Context(), new(store.Batch), []customer.Change{feedChange(customer.Merged, id, feedInShard(8, 0), feedAtoms(uint64(i), 1))})
		require.NoError(t, err)
	}
	_, err := f.commit(t.Context(), new(store.Batch), []customer.Change{feedChange(customer.Merged, id, feedInShard(12, 0), feedAtoms(9, 8001))})
	require.NoError(t, err)
	whole := map[string][]byte{}
	for e, err := range memory.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		whole[string(e.Key)] = e.Value
	}
	part := feedKeys(t, memory, "feed/atoms/")
	head := string(feedHeadKey(4))
	for name, damage := range map[string]func(b *store.Batch){
		"an entry of many":    func(b *store.Batch) { b.Delete(feedEntryKey(4, 5)) },
		"the only entry":      func(b *store.Batch) { b.Delete(feedEntryKey(12, 1)) },
		"the last entry":      func(b *store.Batch) { b.Delete(feedEntryKey(4, 2*feedRun+1)) },
		"a part":              func(b *store.Batch) { b.Delete([]byte(part[1])) },
		"parts exchanged":     func(b *store.Batch) { b.Put([]byte(part[0]), whole[part[1]]); b.Put([]byte(part[1]), whole[part[0]]) },
		"another shard's":     func(b *store.Batch) { b.Put(feedEntryKey(4, 5), whole[string(feedEntryKey(8, 5))]) },
		"an entry cut short":  func(b *store.Batch) { b.Put(feedEntryKey(4, 5), whole[string(feedEntryKey(4, 5))][:20]) },
		"an empty entry":      func(b *store.Batch) { b.Put(feedEntryKey(4, 5), nil) },
		"a head as entry":     func(b *store.Batch) { b.Put(feedEntryKey(12, 1), whole[head]) },
		"an entry as head":    func(b *store.Batch) { b.Put([]byte(head), whole[string(feedEntryKey(12, 1))]) },
		"a key of its own":    func(b *store.Batch) { b.Put(append(feedEntryKey(4, 5), 1), whole[string(feedEntryKey(4, 5))]) },
		"a head that is high": func(b *store.Batch) { b.Put([]byte(head), (&feedHead{last: 1 << 63}).encode()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := new(store.Memory)
			var b, d store.Batch
			for _, key := range slices.Sorted(maps.Keys(whole)) {
				b.Put([]byte(key), whole[key])
			}
			damage(&d)
			for _, b := range []*store.Batch{&b, &d} {
				_, err := s.Commit(t.Context(), b)
				require.NoError(t, err)
			}
			var last error
			for c, err := range newFeed(s).Changes(t.Context(), customer.Cursor{}) {
				if last = err; err == nil {
					require.NoError(t, c.Validate())
				}
			}
			require.ErrorIs(t, last, store.ErrCorrupt)
		})
	}
}

func BenchmarkFeedChanges(b *testing.B) {
	f := newFeed(new(store.Memory))
	const n = 20_000
	for i := range n {
		if _, err := f.commit(b.Context(), new(store.Batch), []customer.Change{feedChange(customer.Attached, uuid.Nil, feedID(i), feedAtoms(1, 2))}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		read := 0
		for _, err := range f.Changes(b.Context(), customer.Cursor{}) {
			if read++; err != nil {
				b.Fatal(err)
			}
		}
		if read != n {
			b.Fatal(read)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}
