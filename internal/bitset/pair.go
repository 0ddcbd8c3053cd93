package bitset

import (
	"github.com/clientele-go/clientele/internal/kernel"
)

// AndCount is the number of members of both a and b. scratch is all zero, before
// and after.
func AndCount(a, b Set, scratch *kernel.Words) int {
	if a.n == 0 || b.n == 0 {
		return 0
	}
	return overlap(a, b, scratch)
}

// And is the set of the members of both a and b. For dense see [Of]; scratch is
// all zero, before and after.
func And(a, b Set, dense int, scratch *kernel.Words) Set {
	if a.n == 0 || b.n == 0 {
		return Set{}
	}
	return and.combine(a, b, dense, scratch)
}

// Or is the set of the members of a or b, and one of the two itself if the other
// is empty. See [And].
func Or(a, b Set, dense int, scratch *kernel.Words) Set {
	switch {
	case b.n == 0:
		return a
	case a.n == 0:
		return b
	}
	return or.combine(a, b, dense, scratch)
}

// AndNot is the set of the members of a that are not in b, and a itself if b is
// empty. See [And].
func AndNot(a, b Set, dense int, scratch *kernel.Words) Set {
	if a.n == 0 || b.n == 0 {
		return a
	}
	return andNot.combine(a, b, dense, scratch)
}

// An op is a truth table: bit i&1 | j<<1 tells whether a position belongs to the
// result that is i times (0 or 1) in the first and j times in the second set.
type op uint8

const (
	onlyFirst  op = 1 << 1
	onlySecond op = 1 << 2
	both       op = 1 << 3

	and    = both
	or     = onlyFirst | onlySecond | both
	andNot = onlyFirst
)

// holds reports whether a position i times in the first set and j times in the
// second, of which the lowest bit counts, belongs to the result.
func (o op) holds(i, j int) bool { return o>>(i&1|j&1<<1)&1 != 0 }

// size is the number of members of the result if the sets share c.
func (o op) size(a, b Set, c int) int {
	return int(o>>1&1)*(a.Len()-c) + int(o>>2&1)*(b.Len()-c) + int(o>>3&1)*c
}

// apply sets w to the result for w and s.
func (o op) apply(w *kernel.Words, s Set) {
	switch o {
	case and:
		s.And(w)
	case or:
		s.Or(w)
	case andNot:
		s.AndNot(w)
	}
}

// words sets dst to the result for a and b and returns the number of positions in it.
func (o op) words(dst, a, b *kernel.Words) int {
	switch o {
	case and:
		return kernel.CountedAnd(dst, a, b)
	case or:
		return kernel.CountedOr(dst, a, b)
	default:
		return kernel.CountedAndNot(dst, a, b)
	}
}

// bitmaps combines two bitmaps. Where they would make a bitmap if they had nothing
// to do with each other, its words are the first that are written.
func (o op) bitmaps(a, b Set, dense int, scratch *kernel.Words) Set {
	w, own := scratch, o.size(a, b, (a.Len()>>8)*(b.Len()>>8)) >= dense
	if own {
		w = new(kernel.Words)
	}
	s := ofWords(w, o.words(w, a.words(), b.words()), dense, own)
	if !own {
		*scratch = kernel.Words{}
	}
	return s
}

// combine makes the set of the result for two sets that are not empty.
func (o op) combine(a, b Set, dense int, scratch *kernel.Words) Set {
	a, b, dense = a.flat(), b.flat(), clampDense(dense)
	switch {
	case a.kind == arrayKind && b.kind == arrayKind:
		return o.arrays(a, b, dense, scratch)
	case a.kind == runsKind && b.kind == runsKind:
		return o.runs(a.list(), b.list(), dense)
	case o == and && b.kind == arrayKind:
		return filtered(b, a, true, dense)
	case a.kind == arrayKind && o != or:
		return filtered(a, b, o == and, dense)
	case a.kind == bitmapKind && b.kind == bitmapKind:
		return o.bitmaps(a, b, dense, scratch)
	}
	n := o.size(a, b, overlap(a, b, scratch))
	w := scratch
	if n >= dense {
		w = new(kernel.Words)
	}
	a.Load(w)
	o.apply(w, b)
	s := ofWords(w, n, dense, true)
	if w == scratch {
		*scratch = kernel.Words{}
	}
	return s
}

// filtered is the set of the members of an array that are in s, or are not. s is
// a bitmap or runs.
func filtered(array, s Set, in bool, dense int) Set {
	buf := listBuffers.Get().(*listBuffer)
	defer listBuffers.Put(buf)
	positions, n := array.list(), 0
	switch {
	case s.kind == runsKind:
		n = filterRuns(buf[:], positions, s.list(), in)
	case in:
		n = kernel.Probe(buf[:], positions, s.words())
	default:
		n = kernel.ProbeNot(buf[:], positions, s.words())
	}
	return OfSorted(buf[:n], dense)
}

// overlap is the number of members of both a and b. scratch is needed for two
// arrays only.
func overlap(a, b Set, scratch *kernel.Words) int {
	if b.kind == flippedKind {
		a, b = b, a
	}
	switch {
	case a.kind == flippedKind && b.kind == bitmapKind:
		return a.flipped().andCount(b.words())
	case a.kind == flippedKind:
		var w kernel.Words
		a.flipped().load(&w)
		return b.AndCount(&w)
	case a.kind == arrayKind && b.kind == arrayKind:
		return arraysShare(a.list(), b.list(), scratch)
	case b.kind == bitmapKind:
		return a.AndCount(b.words())
	case a.kind == bitmapKind:
		return b.AndCount(a.words())
	case a.kind == arrayKind:
		return arrayRunsShare(a.list(), b.list())
	case b.kind == arrayKind:
		return arrayRunsShare(b.list(), a.list())
	}
	return runsShare(a.list(), b.list())
}
