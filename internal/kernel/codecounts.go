package kernel

import "math/bits"

const (
	// Codes are counted in blocks of so many words.
	blockWords = 64
	blockBits  = 64 * blockWords

	// Fewer members than this are counted one by one.
	few = 256
)

// CountCodes8 adds to counts[c] the number of positions in filter with code c.
// Positions beyond the codes have none. It panics if such a code is not below
// len(counts) or if there are more than Bits codes.
func CountCodes8(counts []uint32, filter *Words, codes []uint8) {
	if countFew(counts, filter, codes) {
		return
	}
	var t tally
	for at := 0; len(codes) > 0; at += blockWords {
		words := (*[blockWords]uint64)(filter[at:])
		block := codes[:min(blockBits, len(codes))]
		codes = codes[len(block):]
		switch {
		case len(block) < blockBits:
			t.add(t.members[:chooseTail(&t.members, block, words)])
		case full(words):
			t.add(block)
		default:
			countCodes8(&t, (*[blockBits]uint8)(block), words)
		}
	}
	for c := range 256 {
		if n := t.counts[0][c] + t.counts[1][c] + t.counts[2][c] + t.counts[3][c]; n > 0 {
			counts[c] += n
		}
	}
}

// A tally counts codes. Equal codes often follow one another: with four tables, an
// increment need not wait for the one before.
type tally struct {
	counts  [4][256]uint32
	members [blockBits + 64]uint8 // codes of a block on their way
}

// add counts codes.
func (t *tally) add(codes []uint8) {
	for ; len(codes) >= 4; codes = codes[4:] {
		t.counts[0][codes[0]]++
		t.counts[1][codes[1]]++
		t.counts[2][codes[2]]++
		t.counts[3][codes[3]]++
	}
	for _, c := range codes {
		t.counts[0][c]++
	}
}

// countCodes8Go counts the codes at the positions in words. Four at a time are
// counted without asking whether there are: of nothing, TrailingZeros64 is 64, and
// what is added to some code is 0.
func countCodes8Go(t *tally, codes *[blockBits]uint8, words *[blockWords]uint64) {
	for i, x := range words {
		from := (*[64]uint8)(codes[64*i:])
		for x != 0 {
			a := bits.TrailingZeros64(x)
			x &= x - 1
			b := bits.TrailingZeros64(x)
			x &= x - 1
			c := bits.TrailingZeros64(x)
			x &= x - 1
			d := bits.TrailingZeros64(x)
			x &= x - 1
			t.counts[0][from[a&63]]++
			t.counts[1][from[b&63]] += 1 - uint32(b>>6)
			t.counts[2][from[c&63]] += 1 - uint32(c>>6)
			t.counts[3][from[d&63]] += 1 - uint32(d>>6)
		}
	}
}

// CountCodes16 adds to counts[c] the number of positions in filter with code c.
// Positions beyond the codes have none. It panics if such a code is not below
// len(counts) or if there are more than Bits codes.
func CountCodes16(counts []uint32, filter *Words, codes []uint16) {
	if countFew(counts, filter, codes) {
		return
	}
	var members [blockBits + 64]uint16
	for at := 0; len(codes) > 0; at += blockWords {
		words := (*[blockWords]uint64)(filter[at:])
		chosen := codes[:min(blockBits, len(codes))]
		codes = codes[len(chosen):]
		if len(chosen) < blockBits {
			chosen = members[:chooseTail(&members, chosen, words)]
		} else if !full(words) {
			chosen = members[:choose16(&members, (*[blockBits]uint16)(chosen), words)]
		}
		for _, c := range chosen {
			counts[c]++
		}
	}
}

// countFew counts the codes of the members one by one if they are few, and
// reports whether.
func countFew[C uint8 | uint16](counts []uint32, filter *Words, codes []C) bool {
	_ = filter[:(len(codes)+63)/64]
	if Count(filter) >= few {
		return false
	}
	for i, x := range filter {
		for ; x != 0; x &= x - 1 {
			if p := i<<6 + bits.TrailingZeros64(x); p < len(codes) {
				counts[codes[p]]++
			}
		}
	}
	return true
}

// chooseGo writes the codes at the positions in words to dst and returns how
// many. As in extractGo, four are written without asking whether there are.
func chooseGo(dst *[blockBits + 64]uint16, codes *[blockBits]uint16, words *[blockWords]uint64) int {
	n := 0
	for i, x := range words {
		more := bits.OnesCount64(x)
		from, to := (*[64]uint16)(codes[64*i:]), (*[64]uint16)(dst[n:])
		n += more
		for c := 0; ; c += 4 {
			to[c&60] = from[bits.TrailingZeros64(x)&63]
			x &= x - 1
			to[c&60+1] = from[bits.TrailingZeros64(x)&63]
			x &= x - 1
			to[c&60+2] = from[bits.TrailingZeros64(x)&63]
			x &= x - 1
			to[c&60+3] = from[bits.TrailingZeros64(x)&63]
			x &= x - 1
			if c+4 >= more {
				break
			}
		}
	}
	return n
}

// chooseTail is chooseGo for a block of fewer codes.
func chooseTail[C uint8 | uint16](dst *[blockBits + 64]C, codes []C, words *[blockWords]uint64) int {
	n := 0
	for i, x := range words {
		for ; x != 0; x &= x - 1 {
			p := i<<6 + bits.TrailingZeros64(x)
			if p >= len(codes) {
				return n
			}
			dst[n] = codes[p]
			n++
		}
	}
	return n
}

// full reports whether all bits are set.
func full(words *[blockWords]uint64) bool {
	for _, x := range words {
		if x != ^uint64(0) {
			return false
		}
	}
	return true
}
