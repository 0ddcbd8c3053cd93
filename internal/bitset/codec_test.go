package bitset

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSetBytes(t *testing.T) {
	for _, sample := range samples() {
		t.Run(sample.name, func(t *testing.T) {
			data := AppendSet(nil, OfSorted(sample.sorted, maxDense))
			for _, dense := range denses {
				s := OfSorted(sample.sorted, dense)
				require.Equal(t, append([]byte("head"), data...), AppendSet([]byte("head"), s), "equal sets, equal bytes")
				got, n, err := ReadSet(append(data, "tail"...), dense)
				require.NoError(t, err)
				require.Equal(t, len(data), n)
				require.True(t, got.Equal(s))
				require.Equal(t, s.kind, got.kind)
			}
			require.LessOrEqual(t, len(data), 3+min(2*len(sample.sorted), bitmapBytes))
			for n := 0; n < len(data); n += 1 + n/50 {
				_, _, err := ReadSet(data[:n], maxDense)
				require.ErrorIs(t, err, ErrFormat)
				require.ErrorContains(t, err, "cut short")
			}
		})
	}
}

// The format, byte by byte.
func TestSetFormat(t *testing.T) {
	require.Equal(t, []byte{0, 0, 0}, AppendSet(nil, Set{}))
	require.Equal(t, append([]byte{0}, le16(3, 5, 6, 65535)...), AppendSet(nil, OfSorted([]uint16{5, 6, 65535}, 1)))
	require.Equal(t, append([]byte{2}, le16(1, 0, 65535)...), AppendSet(nil, Full(65536)))
	require.Equal(t, append([]byte{2}, le16(1, 0, 99)...), AppendSet(nil, Full(100)))
	words := make([]byte, 1+8192)
	words[0] = 1
	for i := range 8192 {
		words[1+i] = 0b01010101
	}
	require.Equal(t, words, AppendSet(nil, OfSorted(new(members).add(0, 65536, 2).sorted(), 1)))
}

func TestReadSetRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		text string
	}{
		"nothing":        {nil, "byte 0: cut short"},
		"kind":           {[]byte{3, 0, 0}, "byte 0: kind 3"},
		"large array":    {append([]byte{0}, le16(4097)...), "byte 3: an array of 4097 positions"},
		"array equal":    {append([]byte{0}, le16(2, 7, 7)...), "byte 3: positions of an array that do not ascend"},
		"runs touch":     {append([]byte{2}, le16(2, 7, 1, 9, 0)...), "byte 1: runs that overlap, touch or do not ascend"},
		"run beyond end": {append([]byte{2}, le16(1, 65535, 1)...), "byte 1: runs that overlap, touch or do not ascend"},
	} {
		t.Run(name, func(t *testing.T) {
			_, n, err := ReadSet(c.data, maxDense)
			require.ErrorIs(t, err, ErrFormat)
			require.ErrorContains(t, err, c.text)
			require.Zero(t, n)
		})
	}
}

func FuzzReadSet(f *testing.F) {
	for _, sample := range samples() {
		f.Add(AppendSet(nil, OfSorted(sample.sorted, maxDense)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, n, err := ReadSet(data, 1000)
		if err != nil {
			require.ErrorIs(t, err, ErrFormat)
			return
		}
		require.LessOrEqual(t, n, len(data))
		again := AppendSet(nil, s)
		require.LessOrEqual(t, len(again), max(n, 3))
		got, n, err := ReadSet(again, 1000)
		require.NoError(t, err)
		require.Equal(t, len(again), n)
		require.True(t, s.Equal(got))
		require.Equal(t, s.Len(), len(s.Positions(nil)))
	})
}
