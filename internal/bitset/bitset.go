// Package bitset answers: which positions of a chunk of 65,536 belong to a set,
// kept in little memory and combined fast?
//
// A [Set] is immutable. It is kept in one of three kinds, chosen when it is made:
//
//   - runs, if there are at most 128 and the members are at least 4 times as
//     many: then runs take at most half the memory of any other kind. A full
//     chunk is one run.
//   - otherwise a bitmap of 8 KiB, from a number of members on that the caller
//     states: dense, at most 4,096, where a bitmap becomes smaller than an array.
//     Below, a bitmap is larger and faster.
//   - otherwise an array of positions, ascending.
//
// So the kind depends on the members and on dense only, not on how a set came
// about, except that an operation which leaves a set as it is may return it with
// the kind it has, and that [Set.Edit] keeps a bitmap of which little has changed
// as what it was and what has changed.
//
// Plans work chunk by chunk on a [kernel.Words], to which sets are applied
// one after the other by the methods And, Or and AndNot; the functions of
// the same names combine two sets where just two are wanted.
//
// A scratch, where one is asked for, is all zero before and after a call. It
// must not be used by two calls at a time.
//
// Many chunks in a row are written and read in the portable format of Roaring
// bitmaps by [ToRoaring] and [ReadRoaring], one by [AppendSet] and [ReadSet].
package bitset

import (
	"iter"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/clientele-go/clientele/internal/kernel"
)

// A kind says how the members of a set are kept.
type kind uint8

const (
	arrayKind   kind = iota // positions, ascending; the empty set too
	bitmapKind              // a kernel.Words
	runsKind                // first and last position of each run, ascending, at least one apart
	flippedKind             // a flipped: a bitmap that has been edited
)

const (
	// maxDense is the number of members from which a bitmap is smaller than an array.
	maxDense = kernel.Size * 8 / 2
	// maxRuns bounds the runs of a set in memory: to apply one takes 10 to 20 ns, a
	// whole bitmap, if in cache, 100 ns.
	maxRuns = 128
)

// A Set is an immutable set of positions 0 to 65,535. The zero value is empty.
// It takes 16 bytes and is passed by value; copies share the memory of the
// members and are ==, while [Set.Equal] compares members.
// Safe for concurrent use.
type Set struct {
	data unsafe.Pointer // a *kernel.Words or *flipped, or the first element of the list
	n    uint32         // number of members
	size uint16         // number of elements of the list: positions, bounds of runs, or what is flipped
	kind kind
}

// listSet keeps list: the members of an array, or the n members as bounds of runs.
func listSet(k kind, n int, list []uint16) Set {
	return Set{unsafe.Pointer(unsafe.SliceData(list)), uint32(n), uint16(len(list)), k}
}

// bitmapSet keeps w, which has n members.
func bitmapSet(w *kernel.Words, n int) Set {
	return Set{unsafe.Pointer(w), uint32(n), 0, bitmapKind}
}

// list is the positions of an array or the bounds of runs.
func (s Set) list() []uint16 { return unsafe.Slice((*uint16)(s.data), int(s.size)) }

// words is the bitmap of a bitmap.
func (s Set) words() *kernel.Words { return (*kernel.Words)(s.data) }

// Len is the number of members.
func (s Set) Len() int { return int(s.n) }

// IsEmpty reports whether there are no members.
func (s Set) IsEmpty() bool { return s.n == 0 }

// Words is the bitmap that s is kept in, or nil if it is kept otherwise. It must
// not be changed.
func (s Set) Words() *kernel.Words {
	if s.kind != bitmapKind {
		return nil
	}
	return s.words()
}

// Runs is the number of runs that s is kept in, or 0 if it is kept otherwise.
func (s Set) Runs() int {
	if s.kind != runsKind {
		return 0
	}
	return int(s.size) / 2
}

// Contains reports whether p is a member.
func (s Set) Contains(p uint16) bool {
	if s.n == kernel.Bits {
		return true
	}
	switch s.kind {
	case bitmapKind:
		return s.words()[p>>6]>>(p&63)&1 != 0
	case runsKind:
		// At an even index p is before a run or the first of it, at an odd one in it.
		list := s.list()
		i := search(list, p)
		return i&1 != 0 || i < len(list) && list[i] == p
	case flippedKind:
		return s.flipped().contains(p)
	default:
		list := s.list()
		i := search(list, p)
		return i < len(list) && list[i] == p
	}
}

// Select is the member of rank i: with i members below it. It panics unless
// 0 <= i < Len. Cost: O(1) for an array, O(runs), or up to 1,024 words.
func (s Set) Select(i int) uint16 {
	if i < 0 || i >= s.Len() {
		panic("bitset: Select: rank out of range")
	}
	switch s = s.flat(); s.kind {
	case bitmapKind:
		for k, x := range s.words() {
			c := bits.OnesCount64(x)
			if i >= c {
				i -= c
				continue
			}
			for ; i > 0; i-- {
				x &= x - 1
			}
			return uint16(k<<6 + bits.TrailingZeros64(x))
		}
	case runsKind:
		for first, last := range runsOf(s.list()) {
			if i <= last-first {
				return uint16(first + i)
			}
			i -= last + 1 - first
		}
	}
	return s.list()[i]
}

// Positions is the members, ascending. An array returns its own memory, which
// must not be changed; otherwise the members are written to the memory of buf
// from its start, or to more if it has no room.
func (s Set) Positions(buf []uint16) []uint16 {
	if s = s.flat(); s.kind == arrayKind {
		return s.list()
	}
	if s.kind == bitmapKind {
		buf = slices.Grow(buf[:0], s.Len()+64) // Extract is faster with room to spare
		return buf[:kernel.Extract(buf[:cap(buf)], s.words())]
	}
	buf = slices.Grow(buf[:0], s.Len())[:s.n]
	i := 0
	for first, last := range runsOf(s.list()) {
		for p := first; p <= last; p++ {
			buf[i] = uint16(p)
			i++
		}
	}
	return buf
}

// All iterates over the members, ascending.
func (s Set) All() iter.Seq[uint16] {
	return func(yield func(uint16) bool) {
		switch s := s.flat(); s.kind {
		case bitmapKind:
			for i, x := range s.words() {
				for ; x != 0; x &= x - 1 {
					if !yield(uint16(i<<6 + bits.TrailingZeros64(x))) {
						return
					}
				}
			}
		case runsKind:
			for first, last := range runsOf(s.list()) {
				for p := first; p <= last; p++ {
					if !yield(uint16(p)) {
						return
					}
				}
			}
		default:
			for _, p := range s.list() {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// Equal reports whether s and t have the same members, of whatever kind they are.
func (s Set) Equal(t Set) bool {
	if s.n != t.n {
		return false
	}
	if s, t = s.flat(), t.flat(); s.kind != t.kind {
		return overlap(s, t, nil) == s.Len()
	}
	if s.kind == bitmapKind {
		return s.data == t.data || *s.words() == *t.words()
	}
	return slices.Equal(s.list(), t.list())
}

// Bytes is the memory that s holds, its own 16 bytes included.
func (s Set) Bytes() int {
	const own = int(unsafe.Sizeof(Set{}))
	switch s.kind {
	case bitmapKind:
		return own + int(unsafe.Sizeof(kernel.Words{}))
	case flippedKind:
		return own + int(unsafe.Sizeof(flipped{})) + int(unsafe.Sizeof(kernel.Words{}))
	}
	return own + 2*int(s.size)
}
