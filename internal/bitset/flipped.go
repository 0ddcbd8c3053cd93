package bitset

import (
	"math/bits"
	"unsafe"

	"github.com/clientele-go/clientele/internal/kernel"
)

// maxFlips is the number of positions up to which an edited bitmap is kept as the
// one before and what was flipped in it: 144 bytes to copy an edit instead of
// 8 KiB, and no more than a few operations on words to apply.
const maxFlips = 64

// flipped is a bitmap in which at most maxFlips positions, ascending, are the
// other way round.
type flipped struct {
	words *kernel.Words
	n     int
	room  [maxFlips]uint16
}

// at is the positions that are the other way round.
func (f *flipped) at() []uint16 { return f.room[:f.n] }

// flipped is what a set of flippedKind is kept in.
func (s Set) flipped() *flipped { return (*flipped)(s.data) }

// flat is s, and a bitmap or runs if it was kept as flipped.
func (s Set) flat() Set {
	if s.kind != flippedKind {
		return s
	}
	w := new(kernel.Words)
	s.flipped().load(w)
	return ofWords(w, s.Len(), s.Len(), true)
}

func (f *flipped) load(dst *kernel.Words) {
	*dst = *f.words
	kernel.Flip(dst, f.at())
}

func (f *flipped) contains(p uint16) bool {
	i := search(f.at(), p)
	return (f.words[p>>6]>>(p&63)&1 != 0) != (i < f.n && f.room[i] == p)
}

// apply sets dst to the result of the op for dst and the members, and reports
// whether any are left.
func (f *flipped) apply(o op, dst *kernel.Words) (any bool) {
	var was, is [maxFlips]uint16
	n, m := 0, 0
	for _, p := range f.at() {
		in, member := int(dst[p>>6]>>(p&63)&1), int(^f.words[p>>6]>>(p&63)&1)
		if o.holds(in, member) {
			is[m] = p
			m++
		} else {
			was[n] = p
			n++
		}
	}
	switch o {
	case and:
		any = kernel.And(dst, dst, f.words)
	case or:
		kernel.Or(dst, dst, f.words)
		any = true
	case andNot:
		any = kernel.AndNot(dst, dst, f.words)
	}
	kernel.Scatter(dst, is[:m])
	if n == 0 || !any {
		return any || m > 0
	}
	kernel.Erase(dst, was[:n])
	return m > 0 || anyIn(dst)
}

// among is that of a Set.
func (f *flipped) among(positions []uint16, of uint64) (found uint64) {
	found = among(f.words, positions, of)
	flips := f.at()
	for m := of; m != 0 && len(flips) > 0; m &= m - 1 {
		i := bits.TrailingZeros64(m) & 63
		for len(flips) > 0 && flips[0] < positions[i] {
			flips = flips[1:]
		}
		if len(flips) > 0 && flips[0] == positions[i] {
			found ^= 1 << i
		}
	}
	return found
}

// andCount is the number of members in w.
func (f *flipped) andCount(w *kernel.Words) int {
	n := kernel.AndCount(f.words, w)
	for _, p := range f.at() {
		in, member := int(w[p>>6]>>(p&63)&1), int(f.words[p>>6]>>(p&63)&1)
		n += in * (1 - 2*member)
	}
	return n
}

// editBitmap is Edit for a bitmap, and for one that has been edited so before.
func (s Set) editBitmap(add, remove []uint16, dense int) Set {
	var f *flipped
	if s.kind == flippedKind {
		f = s.flipped()
	} else {
		f = &flipped{words: s.words()}
	}
	if len(add)+len(remove) <= maxFlips {
		n := s.Len()
		var buf [3 * maxFlips]uint16
		flips := buf[:0]
		note := func(p uint16, member bool) {
			if f.contains(p) == member {
				return
			}
			flips = append(flips, p)
			if n++; !member {
				n -= 2
			}
		}
		for len(add) > 0 || len(remove) > 0 {
			switch {
			case len(remove) == 0 || len(add) > 0 && add[0] < remove[0]:
				note(add[0], true)
				add = add[1:]
			case len(add) == 0 || remove[0] < add[0]:
				note(remove[0], false)
				remove = remove[1:]
			default: // in both
				remove = remove[1:]
			}
		}
		all := toggled(flips, f.at(), buf[len(flips):len(flips)])
		if len(all) <= maxFlips && n >= clampDense(dense) {
			next := &flipped{words: f.words, n: len(all)}
			copy(next.room[:], all)
			return Set{unsafe.Pointer(next), uint32(n), uint16(len(all)), flippedKind}
		}
		w := new(kernel.Words)
		*w = *f.words
		kernel.Flip(w, all)
		return ofWords(w, n, dense, true)
	}
	w := new(kernel.Words)
	f.load(w)
	kernel.Erase(w, remove)
	kernel.Scatter(w, add)
	return ofWords(w, kernel.Count(w), dense, true)
}

// toggled appends the positions that are in one of two lists to dst.
func toggled(a, b, dst []uint16) []uint16 {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			dst, a = append(dst, a[0]), a[1:]
		case b[0] < a[0]:
			dst, b = append(dst, b[0]), b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	return append(append(dst, a...), b...)
}
