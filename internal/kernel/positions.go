package kernel

import "math/bits"

// Scatter adds the positions, in any order, to w.
func Scatter(w *Words, positions []uint16) {
	for _, p := range positions {
		w[p>>6] |= 1 << (p & 63)
	}
}

// Erase takes the positions, in any order, out of w.
func Erase(w *Words, positions []uint16) {
	for _, p := range positions {
		w[p>>6] &^= 1 << (p & 63)
	}
}

// Flip adds to w those of the positions, in any order, that are not in w and
// takes out the others. A position given twice is flipped twice.
func Flip(w *Words, positions []uint16) {
	for _, p := range positions {
		w[p>>6] ^= 1 << (p & 63)
	}
}

// Probe writes those of the positions that are in w to dst, in the order given,
// and returns how many. It writes scratch beyond them; dst may be positions. It
// panics if dst is shorter than positions.
func Probe(dst, positions []uint16, w *Words) int {
	return probe(dst[:len(positions)], positions, w)
}

func probeGo(dst, positions []uint16, w *Words) int {
	n := 0
	for _, p := range positions {
		dst[n] = p
		n += int(bit(w[p>>6]&(1<<(p&63)) != 0))
	}
	return n
}

// ProbeNot writes those of the positions that are not in w to dst, in the order
// given, and returns how many. It writes scratch beyond them; dst may be
// positions. It panics if dst is shorter than positions.
func ProbeNot(dst, positions []uint16, w *Words) int {
	return probeNot(dst[:len(positions)], positions, w)
}

func probeNotGo(dst, positions []uint16, w *Words) int {
	n := 0
	for _, p := range positions {
		dst[n] = p
		n += int(bit(w[p>>6]&(1<<(p&63)) == 0))
	}
	return n
}

// ProbeCount is how many of the positions are in w.
func ProbeCount(positions []uint16, w *Words) int { return probeCount(positions, w) }

func probeCountGo(positions []uint16, w *Words) int {
	var n uint64
	for _, p := range positions {
		n += bit(w[p>>6]&(1<<(p&63)) != 0)
	}
	return int(n)
}

// fewShared is the number of positions that registers hold.
const fewShared = 128

// Share is how many positions are in both of two short lists, in each of which all
// are different. ok is false where there is nothing better than to scatter one and
// to probe the other: a list has more than 128, or there is no assembly for it.
func Share(x, y []uint16) (n int, ok bool) {
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(x) == 0 {
		return 0, true
	}
	return share(x, y)
}

// Extract writes the positions in w to dst, ascending, and returns how many. It
// panics if dst is shorter than that; if it is longer, scratch is written beyond,
// and it is faster with room for a hundred more.
func Extract(dst []uint16, w *Words) int {
	return extract(dst, w[:], 0)
}

// extractGo is Extract for words that begin at position first. While dst has
// room for all of a word, four positions are written without asking whether
// there are as many: a wrong guess of their number costs more.
func extractGo(dst []uint16, words []uint64, first int) int {
	n := 0
	for _, x := range words {
		if more := bits.OnesCount64(x); n+64 <= len(dst) {
			d := (*[64]uint16)(dst[n:])
			n += more
			for c := 0; ; c += 4 {
				d[c&60] = uint16(first + bits.TrailingZeros64(x))
				x &= x - 1
				d[c&60+1] = uint16(first + bits.TrailingZeros64(x))
				x &= x - 1
				d[c&60+2] = uint16(first + bits.TrailingZeros64(x))
				x &= x - 1
				d[c&60+3] = uint16(first + bits.TrailingZeros64(x))
				x &= x - 1
				if c+4 >= more {
					break
				}
			}
		} else {
			for ; x != 0; x &= x - 1 {
				dst[n] = uint16(first + bits.TrailingZeros64(x))
				n++
			}
		}
		first += 64
	}
	return n
}

// bit is 1 for true; the compiler makes it free of branches.
func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
