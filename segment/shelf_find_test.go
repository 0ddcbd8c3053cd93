package segment

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// sameHash returns ids of one hash: they differ by multiples of the polynomial of CRC-32C.
func sameHash(n int) (ids []customer.ID) {
	for i := range n {
		id := customer.FromInt64(99)
		word := binary.LittleEndian.Uint64(id[:])
		binary.LittleEndian.PutUint64(id[:], word^(1|0x82f63b78<<1)<<i)
		ids = append(ids, id)
	}
	return ids
}

func TestFindOnAShelf(t *testing.T) {
	alike := sameHash(5)
	for _, id := range alike {
		require.Equal(t, hashOf(&alike[0]), hashOf(&id))
	}
	ix, err := New(&Options{Tags: []Tag{{Name: "n", Kind: Integer}}})
	require.NoError(t, err)
	var b Batch
	b.Set(alike[0], "n", customer.Int64Value(0))
	b.Set(alike[1], "n", customer.Int64Value(1))
	for i := range 70_000 {
		b.Set(customer.FromInt64(int64(1000+i)), "n", customer.Int64Value(int64(i)))
	}
	b.Set(alike[2], "n", customer.Int64Value(2)) // in another chunk
	b.Set(alike[3], "n", customer.Int64Value(3))
	require.NoError(t, ix.Apply(t.Context(), &b))
	b.Reset()
	b.Delete(alike[1])
	b.Delete(alike[3])
	require.NoError(t, ix.Apply(t.Context(), &b))
	b.Reset()
	b.Set(alike[1], "n", customer.Int64Value(7)) // has come back, and has another position
	require.NoError(t, ix.Apply(t.Context(), &b))

	s := opened(ix.Snapshot())
	before := s.Bytes()
	ok, err := s.Has(t.Context(), customer.FromInt64(-1))
	require.NoError(t, err)
	require.False(t, ok)
	require.Equal(t, 6*s.Len(), s.Bytes()-before)
	for i, want := range []int64{0, 7, 2} {
		got, err := s.Value(t.Context(), alike[i], "n")
		require.NoError(t, err)
		require.Equal(t, customer.Int64Value(want), got)
	}
	for _, gone := range alike[3:] {
		ok, err := s.Has(t.Context(), gone)
		require.NoError(t, err)
		require.False(t, ok)
	}
	require.False(t, s.ids.kept.ready.Load(), "not all ids were read")
	require.NoError(t, s.needLookup(t.Context()))
	for i, id := range alike {
		ok, err := s.Has(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, i < 3, ok)
	}
}

// TestFindFails asks for somebody of a store that fails, and of one that does not any more.
func TestFindFails(t *testing.T) {
	s := newPopulace().s
	id := customersOf(t, s)[7]
	for _, kind := range []string{kindHashes, kindShelfIDs} {
		cold := opened(s)
		k := cold.ids.kept.shelf
		failing := &failingKind{Store: k.store, kind: kind}
		k.store = failing
		_, err := cold.Has(t.Context(), id)
		require.ErrorIs(t, err, errFailing)
		failing.kind = ""
		ok, err := cold.Has(t.Context(), id)
		require.NoError(t, err)
		require.True(t, ok)
	}
}

var errFailing = errors.New("failing")

// failingKind fails to read values of a kind.
type failingKind struct {
	store.Store
	kind string
}

func (f *failingKind) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	entries, err := f.Store.Get(ctx, keys...)
	for _, e := range entries {
		if f.kind != "" && wire.Read(e.Value).Kind() == f.kind {
			return nil, errFailing
		}
	}
	return entries, err
}

func TestHashesRefuse(t *testing.T) {
	exist := bitset.OfSorted([]uint16{3, 5, 9}, 1024)
	value := func(chunk uint64, hashes []uint32, places []uint16) []byte {
		var low, high []byte
		for _, h := range hashes {
			low = binary.LittleEndian.AppendUint32(low, h)
		}
		for _, p := range places {
			high = binary.LittleEndian.AppendUint16(high, p)
		}
		v := wire.New(kindHashes, 1)
		v.Uint(chunk)
		v.Bytes(low)
		v.Bytes(high)
		return v.Data()
	}
	hashes, places, err := decodeHashes(value(4, []uint32{0, 7, 7}, []uint16{9, 3, 5}), 4, exist)
	require.NoError(t, err)
	require.Equal(t, []uint32{0, 7, 7}, hashes)
	require.Equal(t, []uint16{9, 3, 5}, places)
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"chunk":              {value(5, []uint32{0, 7, 7}, []uint16{9, 3, 5}), errPlace},
		"order":              {value(4, []uint32{7, 0, 7}, []uint16{9, 3, 5}), errForm},
		"order of places":    {value(4, []uint32{0, 7, 7}, []uint16{9, 5, 3}), errForm},
		"somebody twice":     {value(4, []uint32{0, 7, 8}, []uint16{9, 3, 3}), errForm},
		"who does not exist": {value(4, []uint32{0, 7, 8}, []uint16{9, 3, 4}), errForm},
		"too few":            {value(4, []uint32{0, 7}, []uint16{9, 3}), errForm},
		"too few places":     {value(4, []uint32{0, 7, 8}, []uint16{9, 3}), errForm},
		"cut short":          {value(4, []uint32{0, 7, 7}, []uint16{9, 3, 5})[:20], wire.ErrCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := decodeHashes(c.data, 4, exist)
			require.ErrorIs(t, err, c.want)
		})
	}
}
