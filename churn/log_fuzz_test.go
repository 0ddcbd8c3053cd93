package churn

import (
	"cmp"
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/table"
)

// FuzzNewLogColumns reads columns of any lengths with any values: an error or a log that
// adds up and equals that of the same events one by one, and never a panic.
func FuzzNewLogColumns(f *testing.F) {
	f.Add([]byte{}, uint8(0), uint8(0))
	f.Add([]byte("0123456789abcdef0123456789abcdef0123456789abcdef"), uint8(0), uint8(31))
	f.Add(slices.Repeat([]byte{0xff, 0, 0x80, 1}, 40), uint8(2), uint8(31))
	f.Add(binary.LittleEndian.AppendUint64(make([]byte, 32), 1<<63), uint8(1), uint8(7))
	f.Fuzz(func(t *testing.T, data []byte, cut, given uint8) {
		const width = 1 + 1 + 8 + 8 + 1 + 1 + 1
		c := &table.Events[int]{KindNames: []string{"", "b", "a"}, ChannelNames: []string{"web"}, CategoryNames: []string{"x", "", "x"}}
		wild := func(size byte, v uint64) int64 { // near 2024, or anything
			if size%4 > 0 {
				return at(1, 0).Unix() + int64(v)%(40*86400)
			}
			return int64(v)
		}
		for ; len(data) >= width; data = data[width:] {
			c.Customers = append(c.Customers, int(data[0]%4))
			c.Times = append(c.Times, wild(data[1], binary.LittleEndian.Uint64(data[2:])))
			c.Arrived = append(c.Arrived, wild(data[1]>>2, binary.LittleEndian.Uint64(data[10:])))
			c.Amounts = append(c.Amounts, wild(data[1]>>4, uint64(data[4])<<56))
			c.Kinds = append(c.Kinds, int32(int8(data[18]))%4)
			c.Channels = append(c.Channels, int32(int8(data[19]))%2)
			c.Categories = append(c.Categories, int32(int8(data[20]))%4)
		}
		n := len(c.Customers)
		shorter := n - min(n, int(cut%3))
		for i, column := range []*[]int64{&c.Arrived, &c.Amounts} {
			if given>>i&1 == 0 {
				*column = nil
			}
		}
		for i, column := range []*[]int32{&c.Kinds, &c.Channels, &c.Categories} {
			if given>>(2+i)&1 == 0 {
				*column = nil
			}
		}
		if cut&4 != 0 && c.Kinds != nil {
			c.Kinds = c.Kinds[:shorter]
		} else {
			c.Times = c.Times[:shorter]
		}
		o := &LogOptions[int]{Location: time.UTC, Until: at(32, 0), Compare: cmp.Compare[int]}
		if given&32 != 0 {
			o.Since = at(3, 0)
		}
		l, err := NewLogColumns(t.Context(), c, o)
		if err != nil {
			require.Nil(t, l)
			require.True(t, errors.Is(err, ErrEvents) || errors.Is(err, ErrOptions), err)
			return
		}
		requireAddsUp(t, l)
		one, err := NewLog(t.Context(), fromColumns(c), o)
		require.NoError(t, err)
		sameLog(t, l, one)
	})
}

// fromColumns yields the events of columns, which have no faults.
func fromColumns(c *table.Events[int]) iter.Seq[Event[int]] {
	text := func(names []string, column []int32, i int) string {
		if column == nil || column[i] < 0 {
			return ""
		}
		return names[column[i]]
	}
	at := func(unix int64) time.Time {
		if unix == civil.NoTime {
			return time.Time{}
		}
		return time.Unix(unix, 0)
	}
	return func(yield func(Event[int]) bool) {
		for i, id := range c.Customers {
			e := Event[int]{
				Customer: id, Time: at(c.Times[i]), Kind: text(c.KindNames, c.Kinds, i),
				Channel: text(c.ChannelNames, c.Channels, i), Category: text(c.CategoryNames, c.Categories, i),
			}
			if c.Arrived != nil {
				e.Arrived = at(c.Arrived[i])
			}
			if c.Amounts != nil {
				e.Amount = c.Amounts[i]
			}
			if !yield(e) {
				return
			}
		}
	}
}
