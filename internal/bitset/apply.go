package bitset

import (
	"math/bits"

	"github.com/clientele-go/clientele/internal/kernel"
)

// Load sets dst to s.
func (s Set) Load(dst *kernel.Words) {
	switch s.kind {
	case bitmapKind:
		*dst = *s.words()
		return
	case flippedKind:
		s.flipped().load(dst)
		return
	}
	*dst = kernel.Words{}
	s.Or(dst)
}

// Or adds the members of s to dst.
func (s Set) Or(dst *kernel.Words) {
	switch s.kind {
	case bitmapKind:
		kernel.Or(dst, dst, s.words())
	case flippedKind:
		s.flipped().apply(or, dst)
	case runsKind:
		fill(dst, s.list())
	default:
		kernel.Scatter(dst, s.list())
	}
}

// Union sets dst to the positions that are in any of the sets: of four bitmaps at a
// time, so that dst is written less often than sets are read.
func Union(dst *kernel.Words, sets []Set) {
	var group [4]*kernel.Words
	n := 0
	for _, s := range sets {
		w := s.Words()
		if w == nil {
			continue
		}
		if group[n] = w; n == len(group)-1 {
			kernel.Or4(dst, group[0], group[1], group[2], group[3])
			group[0], n = dst, 0
		}
		n++
	}
	switch {
	case n == 0:
		*dst = kernel.Words{}
	case n == 1 && group[0] != dst:
		*dst = *group[0]
	case n == 2:
		kernel.Or(dst, group[0], group[1])
	case n == 3:
		kernel.Or4(dst, group[0], group[1], group[2], group[2])
	}
	for _, s := range sets {
		if s.kind != bitmapKind {
			s.Or(dst)
		}
	}
}

// LoadAnd sets dst to the members of both a and b and reports whether there are any.
func LoadAnd(dst *kernel.Words, a, b Set) (any bool) {
	if a.kind == bitmapKind && b.kind == bitmapKind {
		return kernel.And(dst, a.words(), b.words())
	}
	a.Load(dst)
	return b.And(dst)
}

// And takes all but the members of s out of dst and reports whether any are left.
func (s Set) And(dst *kernel.Words) (any bool) {
	switch s.kind {
	case bitmapKind:
		return kernel.And(dst, dst, s.words())
	case flippedKind:
		return s.flipped().apply(and, dst)
	case runsKind:
		at := 0
		for first, last := range runsOf(s.list()) {
			kernel.ClearRange(dst, at, first)
			at = last + 1
		}
		kernel.ClearRange(dst, at, kernel.Bits)
		return anyIn(dst)
	}
	// A few positions at a time: remember which of them are in dst, clear dst up
	// to the last of them, put those back.
	var buf [256]uint16
	at := 0
	for list := s.list(); len(list) > 0; {
		part := list[:min(len(buf), len(list))]
		list = list[len(part):]
		hits := buf[:kernel.Probe(buf[:], part, dst)]
		last := int(part[len(part)-1])
		kernel.ClearRange(dst, at, last+1)
		kernel.Scatter(dst, hits)
		any = any || len(hits) > 0
		at = last + 1
	}
	kernel.ClearRange(dst, at, kernel.Bits)
	return any
}

// AndNot takes the members of s out of dst and reports whether any are left.
func (s Set) AndNot(dst *kernel.Words) (any bool) {
	switch s.kind {
	case bitmapKind:
		return kernel.AndNot(dst, dst, s.words())
	case flippedKind:
		return s.flipped().apply(andNot, dst)
	case runsKind:
		for first, last := range runsOf(s.list()) {
			kernel.ClearRange(dst, first, last+1)
		}
	default:
		kernel.Erase(dst, s.list())
	}
	return anyIn(dst)
}

// AndCount is the number of members of s in w.
func (s Set) AndCount(w *kernel.Words) int {
	switch s.kind {
	case bitmapKind:
		return kernel.AndCount(s.words(), w)
	case flippedKind:
		return s.flipped().andCount(w)
	case runsKind:
		n := 0
		for first, last := range runsOf(s.list()) {
			n += kernel.CountRange(w, first, last+1)
		}
		return n
	default:
		return kernel.ProbeCount(s.list(), w)
	}
}

// RankedCount is AndCount of w, whose ranks r holds: runs are counted faster.
func (s Set) RankedCount(w *kernel.Words, r *kernel.Ranks) int {
	if s.kind != runsKind {
		return s.AndCount(w)
	}
	n := 0
	for list := s.list(); len(list) >= 2; list = list[2:] {
		n += r.CountRange(w, int(list[0]), int(list[1])+1)
	}
	return n
}

// Among tells which of at most 64 positions, ascending, are members: bit i of the
// result is set if it is in of and positions[i] is a member.
func (s Set) Among(positions []uint16, of uint64) (found uint64) {
	switch {
	case s.n == kernel.Bits:
		return of
	case s.kind == bitmapKind:
		return among(s.words(), positions, of)
	case s.kind == flippedKind:
		return s.flipped().among(positions, of)
	}
	for m := of; m != 0; m &= m - 1 {
		if i := bits.TrailingZeros64(m) & 63; s.Contains(positions[i]) {
			found |= 1 << i
		}
	}
	return found
}

func among(w *kernel.Words, positions []uint16, of uint64) (found uint64) {
	for m := of; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m) & 63
		p := positions[i]
		found |= w[p>>6] >> (p & 63) & 1 << i
	}
	return found
}

// AndNotCount is the number of positions in w that are not members of s.
func (s Set) AndNotCount(w *kernel.Words) int {
	if s.kind == bitmapKind {
		return kernel.AndNotCount(w, s.words())
	}
	return kernel.Count(w) - s.AndCount(w)
}

func anyIn(w *kernel.Words) bool {
	for _, x := range w {
		if x != 0 {
			return true
		}
	}
	return false
}
