package kernel

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/simd"
)

// FuzzForms computes everything from the bytes in every form and compares with
// the form in Go, which the other tests compare with slow versions.
func FuzzForms(f *testing.F) {
	f.Add([]byte{}, uint64(0), uint64(0), 0)
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, uint64(3), uint64(200), 8)
	f.Add([]byte{0xff}, uint64(1)<<40, uint64(math.MaxUint64), 64)
	f.Add([]byte("\x00\xff\xff\xff\xff\xff\xff\xff\x7f\x80\x01"), uint64(1), uint64(1)<<19, 20)
	f.Add(make([]byte, 511), uint64(1), uint64(0), 1)
	f.Fuzz(func(t *testing.T, data []byte, lo, hi uint64, width int) {
		width &= 127
		if width > 64 {
			width -= 64
		}
		raw := repeat(data, lo)
		t.Cleanup(func() { simd.InUse = simd.Best })
		simd.InUse = simd.Go
		want := compute(raw, lo, hi, width)
		for _, form := range simd.All()[1:] {
			simd.InUse = form
			require.True(t, slices.Equal(want, compute(raw, lo, hi, width)), "%s differs", form)
		}
	})
}

// repeat fills 16 KiB of words with the bytes, changed by a seed each time.
func repeat(data []byte, seed uint64) []uint64 {
	words := make([]uint64, 2*Size)
	if len(data) == 0 {
		return words
	}
	var b []byte
	for len(b) < 16*Size {
		b = append(b, data...)
	}
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(b[8*i:])
		if seed&1 == 1 {
			words[i] ^= seed * uint64(i/64)
		}
	}
	return words
}

// compute gives the results of everything that has more than one form.
func compute(raw []uint64, lo, hi uint64, width int) []uint64 {
	var result []uint64
	words := func(w *Words) { result = append(result, w[:]...) }
	numbers := func(all ...int) {
		for _, n := range all {
			result = append(result, uint64(n))
		}
	}
	a, b := (*Words)(raw), (*Words)(raw[Size:])
	var dst Words
	for _, op := range []func(dst, a, b *Words) bool{And, AndNot, Xor} {
		numbers(int(bit(op(&dst, a, b))))
		words(&dst)
	}
	Or(&dst, a, b)
	words(&dst)
	c := *a
	Xor(&c, a, b)
	Or4(&c, &c, &Words{3: lo}, &Words{1020: hi}, &Words{5: lo, 6: hi})
	words(&c)
	numbers(Count(a), AndCount(a, b), AndNotCount(a, b))

	length := int(hi % (Bits + 1))
	values := make([]uint64, length)
	codes8, codes16, floats := make([]uint8, length), make([]uint16, length), make([]float64, length)
	for p := range values {
		values[p] = raw[p%len(raw)] * uint64(p|1)
		codes8[p], codes16[p] = uint8(values[p]>>20), uint16(values[p]>>20)
		floats[p] = math.Float64frombits(values[p])
	}
	columns := make([]uint64, width*Size)
	Encode(columns, values)
	result = append(result, columns...)
	Between(&dst, columns, lo, hi)
	words(&dst)
	Split(&c, &dst, columns, lo, hi)
	words(&c)
	words(&dst)
	counts := make([]uint64, width)
	SliceCounts(counts, a, columns)
	result = append(result, counts...)

	var table [256]uint8
	for c := range table {
		table[c] = uint8(hi >> (c & 63) & 1)
	}
	MatchCodes8(&dst, codes8, &table)
	words(&dst)
	many := make([]uint32, Bits)
	CountCodes8(many, b, codes8)
	CountCodes16(many, b, codes16)
	for _, n := range many {
		result = append(result, uint64(n))
	}
	BetweenFloats(&dst, floats, math.Float64frombits(lo), math.Float64frombits(hi))
	words(&dst)

	found := make([]uint16, max(Count(a), length))
	list := func(n int) {
		numbers(n)
		for _, p := range found[:n] {
			result = append(result, uint64(p))
		}
	}
	list(Extract(found, a))
	list(Probe(found, codes16, b))
	list(ProbeNot(found, codes16, b))
	numbers(ProbeCount(codes16, b))
	return result
}
