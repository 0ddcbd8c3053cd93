package profile

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

func someRow() *row {
	return &row{at: 5, due: never, values: []numbered{
		{number: 1, value: customer.TextValue("Köln")},
		{number: 3, value: customer.Int64Value(-7)},
		{number: 4, value: customer.DecimalValue(125, 2)},
		{number: 7, value: customer.LabelsValue("a", "b")},
		{number: 9, value: customer.TimeValue(time.Unix(1, 2))},
		{number: 300, value: customer.Float64Value(0.5)},
	}}
}

func TestRowStored(t *testing.T) {
	for name, r := range map[string]*row{
		"full":   someRow(),
		"empty":  {at: -3, due: 4, values: []numbered{}},
		"digest": {at: 1, due: 2, values: []numbered{}, digest: make([]byte, 32)},
		"hidden": {at: 1, due: 2, values: []numbered{}, digest: make([]byte, seal.BlindBytes)},
	} {
		got, err := decodeRow(r.encode())
		require.NoError(t, err, name)
		require.Equal(t, r, got, name)
	}
	faults := map[string]*row{
		"due before it":     {at: 5, due: 5},
		"number twice":      {due: 1, values: []numbered{{number: 1, value: customer.BoolValue(true)}, {number: 1, value: customer.BoolValue(true)}}},
		"nobody's number":   {due: 1, values: []numbered{{number: 0, value: customer.BoolValue(true)}}},
		"unset":             {due: 1, values: []numbered{{number: 1, value: customer.Value{}}}},
		"digest and values": {due: 1, values: []numbered{{number: 1, value: customer.BoolValue(true)}}, digest: make([]byte, 32)},
		"hidden and values": {due: 1, values: []numbered{{number: 1, value: customer.BoolValue(true)}}, digest: make([]byte, seal.BlindBytes)},
		"digest too short":  {due: 1, digest: make([]byte, 31)},
	}
	for name, r := range faults {
		_, err := decodeRow(r.encode())
		require.ErrorIs(t, err, store.ErrCorrupt, name)
	}
}

// Rows that are too large are known by a digest, which changes with the values alone.
func TestRowShrink(t *testing.T) {
	l, id := new(layout), customer.FromInt64(1)
	large := func(at int64, last string) *row {
		r := &row{at: at, due: never}
		for i := range 100 {
			r.values = append(r.values, numbered{number: uint32(i + 1), value: customer.TextValue(fmt.Sprintf("%01000d", i))})
		}
		r.values[99].value = customer.TextValue(last)
		small, data := l.shrink(id, r)
		require.Less(t, len(data), 100)
		back, err := decodeRow(data)
		require.NoError(t, err)
		require.True(t, l.same(id, back, small))
		return small
	}
	require.True(t, l.same(id, large(1, "x"), large(2, "x")))
	require.False(t, l.same(id, large(1, "x"), large(1, "y")))
	r, data := l.shrink(id, someRow())
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
	f.Add((&row{due: 1, digest: make([]byte, seal.BlindBytes)}).encode())
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
