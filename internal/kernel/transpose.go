package kernel

import "math/bits"

// Decode writes the values of the positions 64*word to 64*word+63 to dst.
func Decode(dst *[64]uint64, slices []uint64, word int) {
	width := len(slices) / Size
	decodeHalf(dst, slices, word, min(32, width))
	if width > 32 {
		var upper [64]uint64
		decodeHalf(&upper, slices[32*Size:], word, width-32)
		for i, v := range upper {
			dst[i] |= v << 32
		}
	}
}

// decodeHalf is Decode for a width of at most 32.
func decodeHalf(dst *[64]uint64, slices []uint64, word, width int) {
	switch {
	case width <= 8:
		var x [8]uint64
		for r := range width {
			x[r&7] = slices[word+r*Size]
		}
		transpose8(&x)
		for r, b := range x {
			dst[r], dst[8+r], dst[16+r], dst[24+r] = b&0xff, b>>8&0xff, b>>16&0xff, b>>24&0xff
			dst[32+r], dst[40+r], dst[48+r], dst[56+r] = b>>32&0xff, b>>40&0xff, b>>48&0xff, b>>56
		}
	case width <= 16:
		var x [16]uint64
		for r := range width {
			x[r&15] = slices[word+r*Size]
		}
		transpose16(&x)
		for r, b := range x {
			dst[r], dst[16+r], dst[32+r], dst[48+r] = b&0xffff, b>>16&0xffff, b>>32&0xffff, b>>48
		}
	default:
		var x [32]uint64
		for r := range width {
			x[r&31] = slices[word+r*Size]
		}
		transpose32(&x)
		for r, b := range x {
			dst[r], dst[32+r] = b&0xffffffff, b>>32
		}
	}
}

// Encode overwrites slices with those of the values of the positions from 0 on;
// the other positions get value 0. Bits beyond the width of the slices are cut
// off. It panics if there are more than Bits values or 64 slices.
func Encode(slices []uint64, values []uint64) {
	if len(values) > Bits {
		panic("kernel: more values than positions")
	}
	// Whole lines of memory are written at a time: eight words of every slice.
	var rows [64][8]uint64
	width := len(slices) / Size
	at := 0
	for ; len(values) > 0; at += 8 {
		var short [512]uint64
		block := &short
		if len(values) >= len(block) {
			block = (*[512]uint64)(values)
		} else {
			copy(short[:], values)
		}
		encode(&rows, block, width)
		for k, row := range rows[:width] {
			*(*[8]uint64)(slices[k*Size+at:]) = row
		}
		values = values[min(len(block), len(values)):]
	}
	for k := range width {
		clear(slices[k*Size+at : (k+1)*Size])
	}
}

// encodeGo writes the first width slices of the values to rows.
func encodeGo(rows *[64][8]uint64, values *[512]uint64, width int) {
	for j := range 8 {
		block := (*[64]uint64)(values[64*j:])
		var all uint64
		for i := 0; i < 64; i += 4 {
			all |= block[i] | block[i+1] | block[i+2] | block[i+3]
		}
		need := min(width, bits.Len64(all))
		encodeHalf((*[32][8]uint64)(rows[:]), block, j, min(32, need))
		if need > 32 {
			var upper [64]uint64
			for i, v := range block {
				upper[i] = v >> 32
			}
			encodeHalf((*[32][8]uint64)(rows[32:]), &upper, j, need-32)
		}
		for k := need; k < width; k++ {
			rows[k&63][j] = 0
		}
	}
}

// encodeHalf writes to word j of rows the first width slices, at most 32, of the
// values of a block.
func encodeHalf(rows *[32][8]uint64, block *[64]uint64, j, width int) {
	j &= 7
	switch {
	case width <= 8:
		var x [8]uint64
		for r := range x {
			x[r] = block[r]&0xff | block[8+r]&0xff<<8 | block[16+r]&0xff<<16 | block[24+r]&0xff<<24 |
				block[32+r]&0xff<<32 | block[40+r]&0xff<<40 | block[48+r]&0xff<<48 | block[56+r]<<56
		}
		transpose8(&x)
		for r := range width {
			rows[r&7][j] = x[r&7]
		}
	case width <= 16:
		var x [16]uint64
		for r := range x {
			x[r] = block[r]&0xffff | block[16+r]&0xffff<<16 | block[32+r]&0xffff<<32 | block[48+r]<<48
		}
		transpose16(&x)
		for r := range width {
			rows[r&15][j] = x[r&15]
		}
	default:
		var x [32]uint64
		for r := range x {
			x[r] = block[r]&0xffffffff | block[32+r]<<32
		}
		transpose32(&x)
		for r := range width {
			rows[r&31][j] = x[r&31]
		}
	}
}

// The transpositions take x as bit matrices of equal place side by side, one
// row of each a word, as many rows as columns. (Warren, "Hacker's Delight",
// section 7-3.)

func transpose32(x *[32]uint64) {
	for r := range 16 {
		x[r], x[r+16] = swap(x[r], x[r+16], 16, 0x0000ffff0000ffff)
	}
	transpose16((*[16]uint64)(x[:16]))
	transpose16((*[16]uint64)(x[16:]))
}

func transpose16(x *[16]uint64) {
	for r := range 8 {
		x[r], x[r+8] = swap(x[r], x[r+8], 8, 0x00ff00ff00ff00ff)
	}
	transpose8((*[8]uint64)(x[:8]))
	transpose8((*[8]uint64)(x[8:]))
}

func transpose8(x *[8]uint64) {
	const m4, m2, m1 = 0x0f0f0f0f0f0f0f0f, 0x3333333333333333, 0x5555555555555555
	a, e := swap(x[0], x[4], 4, m4)
	b, f := swap(x[1], x[5], 4, m4)
	c, g := swap(x[2], x[6], 4, m4)
	d, h := swap(x[3], x[7], 4, m4)
	a, c = swap(a, c, 2, m2)
	b, d = swap(b, d, 2, m2)
	e, g = swap(e, g, 2, m2)
	f, h = swap(f, h, 2, m2)
	x[0], x[1] = swap(a, b, 1, m1)
	x[2], x[3] = swap(c, d, 1, m1)
	x[4], x[5] = swap(e, f, 1, m1)
	x[6], x[7] = swap(g, h, 1, m1)
}

// swap exchanges the high parts of a, of n bits, with the low parts of b.
func swap(a, b uint64, n int, low uint64) (uint64, uint64) {
	t := (a>>n ^ b) & low
	return a ^ t<<n, b ^ t
}
