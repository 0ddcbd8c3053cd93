package kernel

import "math/bits"

// FillRange adds the positions lo <= p < hi to w. It panics unless
// 0 <= lo and hi <= Bits; lo >= hi adds none.
func FillRange(w *Words, lo, hi int) {
	if lo >= hi {
		return
	}
	first, last, head, tail := ends(lo, hi)
	if first == last {
		w[first] |= head & tail
		return
	}
	w[first] |= head
	inner := w[first+1 : last]
	for i := range inner {
		inner[i] = ^uint64(0)
	}
	w[last] |= tail
}

// ClearRange takes the positions lo <= p < hi out of w. It panics unless
// 0 <= lo and hi <= Bits; lo >= hi takes none out.
func ClearRange(w *Words, lo, hi int) {
	if lo >= hi {
		return
	}
	first, last, head, tail := ends(lo, hi)
	if first == last {
		w[first] &^= head & tail
		return
	}
	w[first] &^= head
	clear(w[first+1 : last])
	w[last] &^= tail
}

// CountRange is the number of positions lo <= p < hi in w. It panics unless
// 0 <= lo and hi <= Bits; lo >= hi counts none.
func CountRange(w *Words, lo, hi int) int {
	switch {
	case lo >= hi:
		return 0
	case lo == 0 && hi == Bits:
		return Count(w)
	}
	first, last, head, tail := ends(lo, hi)
	if first == last {
		return bits.OnesCount64(w[first] & head & tail)
	}
	n := bits.OnesCount64(w[first]&head) + bits.OnesCount64(w[last]&tail)
	for _, x := range w[first+1 : last] {
		n += bits.OnesCount64(x)
	}
	return n
}

// Ranks holds how many positions of some words are below each word, for who counts
// many ranges of the same words. Safe for concurrent reads.
type Ranks [Size]uint16

// Rank sets r to the ranks of w and returns the number of positions in w.
func (r *Ranks) Rank(w *Words) int {
	n := 0
	for i, x := range w {
		r[i] = uint16(n)
		n += bits.OnesCount64(x)
	}
	return n
}

// CountRange is that of w, whose ranks r holds, for 0 <= lo < hi <= Bits: beyond, it
// may panic.
func (r *Ranks) CountRange(w *Words, lo, hi int) int {
	first, last, head, tail := ends(lo, hi)
	return int(r[last]-r[first]) + bits.OnesCount64(w[last]&tail) - bits.OnesCount64(w[first]&^head)
}

// ends gives the first and last word of lo <= p < hi and the bits of them inside.
func ends(lo, hi int) (first, last int, head, tail uint64) {
	return lo >> 6, (hi - 1) >> 6, ^uint64(0) << (lo & 63), ^uint64(0) >> (-hi & 63)
}
