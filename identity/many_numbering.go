package identity

import (
	"encoding/binary"
	"hash/maphash"
)

// A numbering gives blinds numbers from 0, in the order in which they come. It is a hash
// table that hashes nothing, since a blind is a hash; the factor keeps others from choosing
// values that fall together where there is no key.
type numbering struct {
	factor uint64  // odd and random
	names  []blind // by number
	slots  []int32 // number plus 1, 0 where there is none; a power of two of them

	touched byte // what was read ahead; without a use the reads would be optimised away
}

// newNumbering has room for n blinds, and grows.
func newNumbering(n int) *numbering {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return &numbering{factor: maphash.String(maphash.MakeSeed(), "numbering") | 1, names: make([]blind, 0, n), slots: make([]int32, size)}
}

// number returns the number of a blind, and whether it had one already.
func (t *numbering) number(h blind) (n int32, known bool) {
	at := t.slot(&h)
	if n := t.slots[at]; n > 0 {
		return n - 1, true
	}
	t.names = append(t.names, h)
	t.slots[at] = int32(len(t.names))
	if 2*len(t.names) > len(t.slots) {
		t.slots = make([]int32, 2*len(t.slots))
		for i := range t.names {
			t.slots[t.slot(&t.names[i])] = int32(i) + 1
		}
	}
	return int32(len(t.names) - 1), false
}

// appendNumbers numbers blinds. What memory they need is read for many at once, so that waiting
// for it is not one after the other.
func (t *numbering) appendNumbers(numbers []int32, hs []blind) []int32 {
	const block = 32
	for len(hs) > 0 {
		some := hs[:min(block, len(hs))]
		hs = hs[len(some):]
		var slots [block]int32
		for i := range some {
			slots[i] = t.slots[t.first(&some[i])]
		}
		for _, n := range slots {
			if n > 0 {
				t.touched ^= t.names[n-1][0]
			}
		}
		for i := range some {
			n, _ := t.number(some[i])
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// first is where a blind is looked for first.
func (t *numbering) first(h *blind) int {
	return int(binary.LittleEndian.Uint64(h[4:])*t.factor>>32) & (len(t.slots) - 1)
}

// slot is where a blind is, or where it belongs.
func (t *numbering) slot(h *blind) int {
	mask := len(t.slots) - 1
	at := t.first(h)
	for t.slots[at] > 0 && t.names[t.slots[at]-1] != *h {
		at = (at + 1) & mask
	}
	return at
}
