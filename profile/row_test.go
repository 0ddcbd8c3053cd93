package profile

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

func someRow() *row {
	return &row{at: 5, due: never, values: []numbered{
		{1, customer.TextValue("Köln")},
		{3, customer.Int64Value(-7)},
		{4, customer.DecimalValue(125, 2)},
		{7, customer.LabelsValue("a", "b")},
		{9, customer.TimeValue(time.Unix(1, 2))},
		{300, customer.Float64Value(0.5)},
	}}
}

func TestRowStored(t *testing.T) {
	for name, r := range map[string]*row{
		"full":   someRow(),
		"empty":  {at: -3, due: 4, values: []numbered{}},
		"digest": {at: 1, due: 2, values: []numbered{}, digest: make([]byte, 32)},
	} {
		got, err := decodeRow(r.encode())
		require.NoError(t, err, name)
		require.Equal(t, r, got, name)
	}
	faults := map[string]*row{
		"due before it":     {at: 5, due: 5},
		"number twice":      {due: 1, values: []numbered{{1, customer.BoolValue(true)}, {1, customer.BoolValue(true)}}},
		"nobody's number":   {due: 1, values: []numbered{{0, customer.BoolValue(true)}}},
		"unset":             {due: 1, values: []numbered{{1, customer.Value{}}}},
		"digest and values": {due: 1, values: []numbered{{1, customer.BoolValue(true)}}, digest: make([]byte, 32)},
		"digest too short":  {due: 1, digest: make([]byte, 31)},
	}
	for name, r := range faults {
		_, err := decodeRow(r.encode())
		require.ErrorIs(t, err, store.ErrCorrupt, name)
	}
}

// Rows that are too large are known by a digest, which changes with the values alone.
func TestRowShrink(t *testing.T) {
	large := func(at int64, last string) *row {
		r := &row{at: at, due: never}
		for i := range 100 {
			r.values = append(r.values, numbered{uint32(i + 1), customer.TextValue(fmt.Sprintf("%01000d", i))})
		}
		r.values[99].value = customer.TextValue(last)
		small, data := r.shrink()
		require.Less(t, len(data), 100)
		back, err := decodeRow(data)
		require.NoError(t, err)
		require.True(t, small.same(back))
		return small
	}
	require.True(t, large(1, "x").same(large(2, "x")))
	require.False(t, large(1, "x").same(large(1, "y")))
	r, data := someRow().shrink()
	require.Equal(t, someRow(), r)
	require.Equal(t, someRow().encode(), data)
}

func TestColumnsStored(t *testing.T) {
	for _, all := range [][]ever{nil, {{1, 0}}, {{1, 0}, {5, 9}, {700, 0}}} {
		got, err := readEver(store.Entry{Value: encodeEver(all), Version: 1})
		require.NoError(t, err)
		require.Equal(t, all, got)
	}
	for _, all := range [][]ever{{{5, 0}, {1, 0}}, {{1, 0}, {1, 2}}} {
		_, err := readEver(store.Entry{Value: encodeEver(all), Version: 1})
		require.ErrorIs(t, err, store.ErrCorrupt)
	}
}

// Whatever bytes are read as something stored: it is refused, or written the same again.
func FuzzRowsStored(f *testing.F) {
	f.Add(someRow().encode())
	f.Add((&row{due: 1, digest: make([]byte, 32)}).encode())
	f.Add((&rowsHead{last: 5, trimmed: 2, stamp: 3}).encode())
	f.Add((&queued{customer.FromInt64(1), 7}).encode())
	f.Add(encodeEver([]ever{{1, 0}, {5, 3}}))
	var b store.Batch
	(&refolding{schema: 2, after: customer.FromInt64(1)}).put(&b)
	(&refolding{schema: 2}).put(&b)
	f.Add(b.Writes[0].Value)
	f.Add(b.Writes[1].Value)
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := decodeRow(data); err == nil {
			require.Equal(t, data, r.encode())
		}
		if h, err := decodeRowsHead(data); err == nil {
			require.Equal(t, data, h.encode())
		}
		if q, err := decodeQueued(data); err == nil {
			require.Equal(t, data, q.encode())
		}
		if n, err := readEver(store.Entry{Value: data, Version: 1}); err == nil {
			require.Equal(t, data, encodeEver(n))
		}
		if r, err := readRefolding(store.Entry{Value: data, Version: 1}); err == nil {
			var b store.Batch
			r.put(&b)
			require.Equal(t, data, b.Writes[0].Value)
		}
	})
}
