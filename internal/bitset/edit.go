package bitset

import "github.com/clientele-go/clientele/internal/kernel"

// Edit is s without the positions of remove and with those of add; a position in
// both is a member. Both are ascending and distinct, and not kept. For dense see
// [Of]; scratch is all zero, before and after. Without any positions it is s. Cost:
// for a few positions of a bitmap that of copying a short list.
func (s Set) Edit(add, remove []uint16, dense int, scratch *kernel.Words) Set {
	switch {
	case len(add) == 0 && len(remove) == 0:
		return s
	case s.kind == bitmapKind || s.kind == flippedKind:
		return s.editBitmap(add, remove, dense)
	case s.kind == arrayKind && len(remove) < maxDense && len(add) < maxDense:
		s = AndNot(s, listSet(arrayKind, len(remove), remove), dense, scratch)
		if s.IsEmpty() {
			return OfSorted(add, dense)
		}
		return Or(s, listSet(arrayKind, len(add), add), dense, scratch)
	}
	s.Or(scratch)
	kernel.Erase(scratch, remove)
	kernel.Scatter(scratch, add)
	edited := Of(scratch, dense)
	*scratch = kernel.Words{}
	return edited
}
