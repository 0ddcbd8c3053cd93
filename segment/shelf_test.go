package segment

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// shelfOf returns a shelf for the writer of a term.
func shelfOf(s store.Store, term uint64) *shelf {
	k := newShelf(s, 0)
	k.term = term
	var take store.Batch
	take.Put([]byte("segment/term"), nil)
	version, err := s.Commit(context.Background(), &take)
	must(err)
	k.commit = func(ctx context.Context, b *store.Batch) error {
		own := store.Batch{Writes: b.Writes, Conditions: slices.Clone(b.Conditions)}
		own.If([]byte("segment/term"), version)
		_, err := s.Commit(ctx, &own)
		return err
	}
	return k
}

// smallStore is a store that takes no more than every store does.
func smallStore() store.Store { return store.Limited(new(store.Memory), store.MinLimits) }

// frozenIndex is what is saved of an index without live segments.
func frozenIndex(ix *Index) *frozen {
	return &frozen{snapshot: ix.Snapshot(), infer: ix.infer, clock: liveStart.UnixNano(), next: never, keep: 1}
}

// lazily returns an index that was saved and opened again, of which nothing has been read but the catalogue.
func lazily(ix *Index) *Index {
	s := smallStore()
	must(shelfOf(s, 1).save(context.Background(), frozenIndex(ix)))
	x, err := newShelf(s, 0).open(context.Background())
	must(err)
	return x.index
}

// counted counts the calls of Get and the keys that are read.
type counted struct {
	store.Store
	calls, keys atomic.Int64
}

func (c *counted) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	c.calls.Add(1)
	c.keys.Add(int64(len(keys)))
	return c.Store.Get(ctx, keys...)
}

func TestShelfReadsWhatIsNeeded(t *testing.T) {
	s := &counted{Store: smallStore()}
	ix := newPopulace().ix
	k := shelfOf(s, 1)
	require.NoError(t, k.save(t.Context(), frozenIndex(ix)))
	want := ix.Snapshot()
	chunks, tags := len(want.exists), len(want.data)
	k = newShelf(s, 0)
	s.keys.Store(0)
	x, err := k.open(t.Context())
	require.NoError(t, err)
	require.LessOrEqual(t, s.keys.Load(), int64(3+groupsOf(chunks)+tags))
	got := x.index.Snapshot()
	require.Equal(t, want.Len(), got.Len())
	require.Equal(t, want.Version(), got.Version())
	require.Equal(t, want.Catalogue().All(), got.Catalogue().All())

	keys := func(columns []column) (n int64) {
		for _, col := range columns {
			if s, ok := col.(*shelved); ok {
				n += int64(s.at.parts())
			}
		}
		return n
	}
	s.keys.Store(0)
	for range 2 { // the second time nothing is read
		n, err := got.Count(t.Context(), Query{Rule: And(Ge("orders", 3), IsTrue("early"))})
		require.NoError(t, err)
		should, err := want.Count(t.Context(), Query{Rule: And(Ge("orders", 3), IsTrue("early"))})
		require.NoError(t, err)
		require.Equal(t, should, n)
		of := func(name string) int64 { return keys(got.data[got.tags.byName[name]].columns) }
		require.Equal(t, of("orders")+of("early"), s.keys.Load())
	}
	ids := customersOf(t, want)
	s.keys.Store(0)
	require.Equal(t, rowOf(t, want, ids[5]), rowOf(t, got, ids[5]))
	read, should := s.keys.Load(), int64(got.ids.kept.blocks[0].at.parts())
	for c := range got.ids.kept.hashes {
		should += int64(got.ids.kept.hashes[c].at.parts())
	}
	for i := range got.data {
		if d := &got.data[i]; d.terms != nil {
			for _, at := range d.terms.berths() {
				should += int64(at.parts())
			}
		}
		if name := got.tags.tags[i].Name; name != "orders" && name != "early" && len(got.data[i].columns) > 0 {
			should += keys(got.data[i].columns[:1])
		}
	}
	require.Equal(t, should, read, "hashes of all ids, the ids of a chunk, texts, and a chunk of each tag")
	require.Equal(t, rowOf(t, want, ids[6]), rowOf(t, got, ids[6]))
	require.Equal(t, read, s.keys.Load())
	require.Equal(t, ids, customersOf(t, got))
	for c := 1; c < chunks; c++ {
		read += int64(got.ids.kept.blocks[c].at.parts())
	}
	require.Equal(t, read, s.keys.Load(), "some ids were read for the row")
	for _, id := range []customer.ID{ids[0], ids[len(ids)-1], customer.FromInt64(-5)} {
		ok, err := got.Has(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, id != customer.FromInt64(-5), ok)
	}
	require.Equal(t, read, s.keys.Load())
}

func TestShelfWritesWhatHasChanged(t *testing.T) {
	s := smallStore()
	ix, err := New(&Options{Tags: crowdTags})
	require.NoError(t, err)
	var b Batch
	for i := range 200 {
		b.Set(customer.FromInt64(int64(i+1)), "city", customer.TextValue(strconv.Itoa(i%3)))
		b.Set(customer.FromInt64(int64(i+1)), "spend", customer.Int64Value(int64(i)))
	}
	require.NoError(t, ix.Apply(t.Context(), &b))
	k := shelfOf(s, 1)
	require.NoError(t, k.save(t.Context(), frozenIndex(ix)))
	require.NoError(t, k.save(t.Context(), frozenIndex(ix)))
	require.Len(t, k.saved.written, 2, "contents and what was replaced")

	b.Reset()
	b.Set(customer.FromInt64(1), "spend", customer.Int64Value(7))
	require.NoError(t, ix.Apply(t.Context(), &b))
	require.NoError(t, k.save(t.Context(), frozenIndex(ix)))
	require.Len(t, k.saved.written, 4, "a column and its catalogue besides")
	for range 5 {
		require.NoError(t, k.save(t.Context(), frozenIndex(ix)))
	}
	named := map[string]bool{}
	for _, at := range k.named() {
		named[string(at.key(0))] = true
	}
	n := 0
	for e, err := range s.Scan(t.Context(), store.Under([]byte(valueKeys))) {
		require.NoError(t, err)
		require.True(t, named[string(e.Key)], "%x", e.Key)
		n++
	}
	require.Equal(t, len(named), n)
	x, err := newShelf(s, 0).open(t.Context())
	require.NoError(t, err)
	require.Equal(t, rowsOf(t, ix.Snapshot()), rowsOf(t, x.index.Snapshot()))
	require.Equal(t, coverageOf(t, ix.Snapshot(), time.Time{})[2].Distinct, coverageOf(t, x.index.Snapshot(), time.Time{})[2].Distinct)
}

// TestShelfOfAnotherIndex: what was saved of an index is not taken for what another one holds at the same places.
func TestShelfOfAnotherIndex(t *testing.T) {
	s := smallStore()
	k := shelfOf(s, 1)
	for i := range 3 {
		ix, err := New(&Options{Tags: crowdTags})
		require.NoError(t, err)
		var b Batch
		for c := range 10 {
			b.Set(customer.FromInt64(int64(c+1)), "city", customer.TextValue(strconv.Itoa(100*i+c)))
			b.SetIfNewer(customer.FromInt64(int64(c+1)), "spend", customer.Int64Value(int64(i)), liveStart)
		}
		require.NoError(t, ix.Apply(t.Context(), &b))
		require.NoError(t, k.save(t.Context(), frozenIndex(ix)))
		x, err := newShelf(s, 0).open(t.Context())
		require.NoError(t, err)
		require.Equal(t, rowsOf(t, ix.Snapshot()), rowsOf(t, x.index.Snapshot()))
	}
	n, named := 0, map[string]bool{}
	for _, b := range k.named() {
		named[string(b.key(0))] = true
	}
	for e, err := range s.Scan(t.Context(), store.Under([]byte(valueKeys))) {
		require.NoError(t, err)
		require.True(t, named[string(e.Key)])
		n++
	}
	require.Equal(t, len(named), n)
}
