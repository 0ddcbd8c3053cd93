package kernel

import "math/bits"

// The bit slices of an unsigned column of one chunk: bit k of the values at all
// positions is slices[k*Size:(k+1)*Size]. The width, len(slices)/Size, is 0 to
// 64; at width 0 all values are 0. A position without a value has value 0 here.

// Between sets dst to the positions with lo <= value <= hi: none if lo > hi, all
// those from lo on if no value of the width is over hi. The lowest slices are not
// read while they cannot decide. dst must not be one of the slices.
//
// It goes from the lowest slice up. Over the bits seen so far, value >= lo is:
// with bit 1 of lo, the bit of the value and what was before; with bit 0, the
// bit of the value or what was before. value <= hi is the mirror image. (The
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
	between(dst, dst, slices, lo, hi, first)
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
		between(below, within, slices, lo, hi, first)
	}
}

// maxOf is the largest value of a width.
func maxOf(width int) uint64 { return ^uint64(0) >> (64 - width) }

// betweenGo is Split from slice first on, for lo <= hi within the width, or Between
// if below and dst are the same. Four slices a pass keep the two results of a block
// of words in registers.
func betweenGo(below, dst *Words, slices []uint64, lo, hi uint64, first int) {
	var least, most Words
	fill(&least)
	fill(&most)
	for k := first; k*Size < len(slices); k += 4 {
		group := slices[k*Size : min((k+4)*Size, len(slices))]
		for i := 0; i < Size; i += 4 {
			g, l := (*[4]uint64)(least[i:]), (*[4]uint64)(most[i:])
			g0, g1, g2, g3 := g[0], g[1], g[2], g[3]
			l0, l1, l2, l3 := l[0], l[1], l[2], l[3]
			from, to := lo>>k, hi>>k
			for at := i; at < len(group)-3; at += Size {
				s := (*[4]uint64)(group[at:])
				if from&1 == 1 {
					g0, g1, g2, g3 = g0&s[0], g1&s[1], g2&s[2], g3&s[3]
				} else {
					g0, g1, g2, g3 = g0|s[0], g1|s[1], g2|s[2], g3|s[3]
				}
				if to&1 == 1 {
					l0, l1, l2, l3 = l0|^s[0], l1|^s[1], l2|^s[2], l3|^s[3]
				} else {
					l0, l1, l2, l3 = l0&^s[0], l1&^s[1], l2&^s[2], l3&^s[3]
				}
				from, to = from>>1, to>>1
			}
			g[0], g[1], g[2], g[3] = g0, g1, g2, g3
			l[0], l[1], l[2], l[3] = l0, l1, l2, l3
		}
	}
	if below != dst {
		for i, x := range &least {
			below[i] = ^x
		}
	}
	andGo(dst, &least, &most)
}

// SliceCounts adds to counts[k] the number of positions in filter whose value
// has bit k. So the sum of the values in filter is the sum of counts[k]<<k. It
// panics if counts is shorter than the width.
func SliceCounts(counts []uint64, filter *Words, slices []uint64) {
	sliceCounts(counts[:len(slices)/Size], filter, slices)
}

// sliceCountsGo is SliceCounts in blocks of words, so that the memory brings all
// slices side by side.
func sliceCountsGo(counts []uint64, filter *Words, slices []uint64) {
	const block = 32
	for i := 0; i < Size; i += block {
		f := (*[block]uint64)(filter[i:])
		for k := range counts {
			s := (*[block]uint64)(slices[k*Size+i:])
			n := 0
			for j := 0; j < block; j += 4 {
				n += bits.OnesCount64(f[j] & s[j])
				n += bits.OnesCount64(f[j+1] & s[j+1])
				n += bits.OnesCount64(f[j+2] & s[j+2])
				n += bits.OnesCount64(f[j+3] & s[j+3])
			}
			counts[k] += uint64(n)
		}
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

// fill sets all bits of w.
func fill(w *Words) {
	for i := range w {
		w[i] = ^uint64(0)
	}
}
