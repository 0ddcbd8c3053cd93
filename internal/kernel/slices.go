package kernel

import (
	"math/bits"
	"unsafe"
)

// The bit slices of an unsigned column of one chunk: bit k of the values at all
// positions is slices[k*Size:(k+1)*Size]. The width, len(slices)/Size, is 0 to
// 64; at width 0 all values are 0. A position without a value has value 0 here.

// Between sets dst to the positions with lo <= value <= hi: none if lo > hi, all
// those from lo on if no value of the width is over hi. The lowest slices are not
// read while they cannot decide. dst must not be one of the slices.
//
// It goes from the lowest slice up. Over the bits seen so far, value >= lo is:
// with bit 1 of lo, the bit of the value and what was before; with bit 0, the
// bit of the value or what was before; value > hi likewise, beginning with none. (The
// algorithm RangeEval-Opt of Chan and Ioannidis, "Bitmap index design and
// evaluation", SIGMOD 1998, for base 2.)
func Between(dst *Words, slices []uint64, lo, hi uint64) {
	most := maxOf(len(slices) / Size)
	if hi = min(hi, most); lo > hi {
		*dst = Words{}
		return
	}
	// Below first, every value is at least lo and at most hi.
	first := min(bits.TrailingZeros64(lo), bits.TrailingZeros64(^hi))
	if hi == most {
		first = bits.TrailingZeros64(lo)
	}
	if first*Size >= len(slices) {
		fill(dst)
		return
	}
	// Vectors of 64 bytes that lie across two lines of memory are half as quick.
	var room [Size + 8]uint64
	atLeast := (*Words)(room[-uintptr(unsafe.Pointer(&room))&63/8:])
	compare(atLeast, dst, slices, lo, hi, first)
}

// Split sets within to what Between does, and below to the positions with
// value < lo, in one pass over the slices. The two must not be the same.
func Split(below, within *Words, slices []uint64, lo, hi uint64) {
	most := maxOf(len(slices) / Size)
	switch hi = min(hi, most); {
	case lo == 0:
		*below = Words{}
		Between(within, slices, lo, hi)
	case lo > hi:
		*within = Words{}
		Between(below, slices, 0, lo-1)
	default:
		first := bits.TrailingZeros64(lo)
		if hi < most {
			first = min(first, bits.TrailingZeros64(^hi))
		}
		compare(below, within, slices, lo, hi, first)
		for i, x := range below {
			below[i] = ^x
		}
	}
}

// maxOf is the largest value of a width.
func maxOf(width int) uint64 { return ^uint64(0) >> (64 - width) }

// compare sets atLeast to the positions with value >= lo, and within to those of
// them with value <= hi, from slice first on, for lo <= hi within the width. One
// slice is read after the other, as memory is quickest in order; both results so
// far stay in the nearest cache.
func compare(atLeast, within *Words, slices []uint64, lo, hi uint64, first int) {
	fill(atLeast)
	above := within
	*above = Words{}
	for k := first; k*Size < len(slices); k++ {
		bound(atLeast, above, (*Words)(slices[k*Size:]), lo>>k&1 == 1, hi>>k&1 == 1)
	}
	andNot(within, atLeast, above)
}

// boundGo takes the next higher slice into both results: with bit 1 of the bound
// the two are combined by and, with bit 0 by or.
func boundGo(atLeast, above, slice *Words, lo, hi bool) {
	for i := 0; i < Size; i += 8 {
		s, g, l := (*[8]uint64)(slice[i:]), (*[8]uint64)(atLeast[i:]), (*[8]uint64)(above[i:])
		s0, s1, s2, s3, s4, s5, s6, s7 := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
		if lo {
			g[0], g[1], g[2], g[3] = g[0]&s0, g[1]&s1, g[2]&s2, g[3]&s3
			g[4], g[5], g[6], g[7] = g[4]&s4, g[5]&s5, g[6]&s6, g[7]&s7
		} else {
			g[0], g[1], g[2], g[3] = g[0]|s0, g[1]|s1, g[2]|s2, g[3]|s3
			g[4], g[5], g[6], g[7] = g[4]|s4, g[5]|s5, g[6]|s6, g[7]|s7
		}
		if hi {
			l[0], l[1], l[2], l[3] = l[0]&s0, l[1]&s1, l[2]&s2, l[3]&s3
			l[4], l[5], l[6], l[7] = l[4]&s4, l[5]&s5, l[6]&s6, l[7]&s7
		} else {
			l[0], l[1], l[2], l[3] = l[0]|s0, l[1]|s1, l[2]|s2, l[3]|s3
			l[4], l[5], l[6], l[7] = l[4]|s4, l[5]|s5, l[6]|s6, l[7]|s7
		}
	}
}

// SliceCounts adds to counts[k] the number of positions in filter whose value
// has bit k. So the sum of the values in filter is the sum of counts[k]<<k. It
// panics if counts is shorter than the width.
func SliceCounts(counts []uint64, filter *Words, slices []uint64) {
	for k := range counts[:len(slices)/Size] {
		counts[k] += uint64(sliceCount(filter, (*Words)(slices[k*Size:])))
	}
}

// Value is the value at one position.
func Value(slices []uint64, p int) uint64 {
	var v uint64
	i, bit := p>>6, p&63
	for k := 0; i < len(slices); k++ {
		v |= slices[i] >> bit & 1 << k
		i += Size
	}
	return v
}

// fill sets all bits of w: some one by one, the others by copies of those, which are quicker.
func fill(w *Words) {
	n := 64
	for i := range w[:n] {
		w[i] = ^uint64(0)
	}
	for ; n < Size; n *= 2 {
		copy(w[n:], w[:n])
	}
}
