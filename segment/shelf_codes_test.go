package segment

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/wire"
)

// drawnEnums returns enums of the customers below n: draw returns the code of each, 0 for none.
func drawnEnums(n int, draw func() uint16) *enumColumn {
	var ed enumEditor
	for p := range n {
		ed.codes[p] = draw()
	}
	return ed.freeze(kernel.Size).(*enumColumn)
}

// shelvedEnums returns what would read the enums of chunk 2 of tag 7, where the customers below n exist, of so many texts.
func shelvedEnums(n, last int) *shelved {
	of := &shelvedTag{dense: kernel.Size, tag: 7, t: &Tag{Name: "e", Kind: Enum}, last: last, exist: make([]bitset.Set, 3)}
	of.exist[2] = bitset.Full(n)
	return &shelved{of: of, chunk: 2}
}

func TestShelvedEnums(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, c := range map[string]struct {
		n    int
		draw func() uint16
		sets bool // are smaller
	}{
		"few values":           {n: kernel.Bits, draw: func() uint16 { return uint16(1 + rng.IntN(3)) }},
		"forty values":         {n: kernel.Bits, draw: func() uint16 { return uint16(1 + rng.IntN(40)) }},
		"some have none":       {n: 50_000, draw: func() uint16 { return uint16(rng.IntN(40)) }},
		"many values":          {n: kernel.Bits, draw: func() uint16 { return uint16(1 + rng.IntN(3000)) }},
		"all values":           {n: kernel.Bits, draw: func() uint16 { return uint16(1 + rng.IntN(maxEnum-1)) }},
		"few customers":        {n: 5000, draw: func() uint16 { return uint16(1 + rng.IntN(40)) }, sets: true},
		"one value of all":     {n: kernel.Bits, draw: func() uint16 { return 200 }, sets: true},
		"hardly anybody has 1": {n: kernel.Bits, draw: func() uint16 { return uint16(2 - rng.IntN(1000)/999) }, sets: true},
	} {
		t.Run(name, func(t *testing.T) {
			want := drawnEnums(c.n, c.draw)
			data := encodeCodes(7, 2, want)
			if c.sets {
				require.Nil(t, data)
				return
			}
			top := want.codes[len(want.codes)-1]
			s := shelvedEnums(c.n, int(top))
			s.n = uint32(want.set.Len())
			require.NoError(t, s.take([][]byte{data}))
			s.read.Store(true)
			got := s.col.(*enumSlices)
			require.True(t, want.set.Equal(got.members()))
			for _, code := range want.codes[:min(len(want.codes), fewCodes+2)] { // the last ones have the whole column made
				require.True(t, want.of(code).Equal(got.of(code)), "%d", code)
				require.True(t, want.of(code).Equal(got.of(code)), "%d, again", code)
			}
			one, ok := got.oneOf([]uint32{uint32(top), maxEnum})
			require.True(t, ok)
			require.True(t, want.of(top).Equal(one))
			_, ok = got.oneOf([]uint32{uint32(want.codes[0]), uint32(top)})
			require.False(t, ok)
			require.Greater(t, s.bytes(), want.set.Bytes())

			col := s.column().(*enumColumn)
			require.Same(t, col, s.together())
			require.Equal(t, want.codes, col.codes)
			require.True(t, slices.EqualFunc(want.sets, col.sets, bitset.Set.Equal))
			require.Equal(t, [][]uint8{want.bytes8}, [][]uint8{col.bytes8})
			require.Equal(t, [][]uint16{want.words}, [][]uint16{col.words})
			require.Equal(t, data, encodeColumn(kindColumn, 7, 2, col))
			require.True(t, want.of(top).Equal(got.of(top)), "once the column is made")
		})
	}
}

func TestShelvedEnumsRefuse(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n, last = 40_000, 40
	want := drawnEnums(n, func() uint16 { return uint16(1 + rng.IntN(last)) })
	code := func(p int) int { return int(want.code(uint16(p))) }
	value := func(tag, chunk uint64, set bitset.Set, change func(words []uint64) []uint64) []byte {
		words := make([]uint64, 6*kernel.Size)
		codes := make([]uint64, n)
		for p := range codes {
			codes[p] = uint64(code(p))
		}
		kernel.Encode(words, codes)
		v := wire.New(kindCodes, shelfFormat)
		v.Uint(tag)
		v.Uint(chunk)
		v.Bytes(bitset.AppendSet(nil, set))
		writeWords(v, change(words))
		return v.Data()
	}
	same := func(words []uint64) []uint64 { return words }
	put := func(p, code int) func(words []uint64) []uint64 {
		return func(words []uint64) []uint64 {
			for k := range 6 {
				words[k*kernel.Size+p>>6] &^= 1 << (p & 63)
				words[k*kernel.Size+p>>6] |= uint64(code>>k&1) << (p & 63)
			}
			return words
		}
	}
	require.Equal(t, encodeCodes(7, 2, want), value(7, 2, want.set, same))
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"tag":                       {value(6, 2, want.set, same), errPlace},
		"chunk":                     {value(7, 1, want.set, same), errPlace},
		"code without text":         {value(7, 2, want.set, put(70, last+1)), errForm},
		"member without code":       {value(7, 2, want.set, put(70, 0)), errForm},
		"code without member":       {value(7, 2, want.set, put(n, 1)), errForm},
		"nobody":                    {value(7, 2, bitset.Set{}, func([]uint64) []uint64 { return nil }), errForm},
		"member who does not exist": {value(7, 2, bitset.Full(n+1), put(n, 1)), errForm},
		"slice of zeros":            {value(7, 2, want.set, func(w []uint64) []uint64 { return append(w, make([]uint64, kernel.Size)...) }), errForm},
		"too many slices":           {value(7, 2, want.set, func(w []uint64) []uint64 { return append(w, make([]uint64, 60*kernel.Size)...) }), errForm},
		"part of a slice":           {value(7, 2, want.set, func(w []uint64) []uint64 { return append(w, 1) }), errForm},
		"number of members":         {value(7, 2, bitset.Full(n), same), nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := shelvedEnums(n, last)
			s.n = n
			require.ErrorIs(t, s.take([][]byte{c.data}), c.want)
		})
	}
	s := shelvedEnums(n, last)
	s.n, s.times = n, true
	require.ErrorIs(t, s.take([][]byte{value(7, 2, want.set, same)}), errPlace)
	s = shelvedEnums(n, last)
	s.n, s.of.t.Kind = n, Integer
	require.ErrorIs(t, s.take([][]byte{value(7, 2, want.set, same)}), errPlace)
	s = shelvedEnums(n, last)
	s.n = n - 1
	require.ErrorIs(t, s.take([][]byte{value(7, 2, want.set, same)}), errForm)
}
