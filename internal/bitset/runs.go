package bitset

import (
	"iter"
	"math/bits"
	"slices"

	"github.com/clientele-go/clientele/internal/kernel"
)

// runs iterates over first and last position of the runs of a set of any kind.
func (s Set) runs() iter.Seq2[int, int] {
	switch s.kind {
	case bitmapKind:
		return wordRuns(s.words())
	case runsKind:
		return runsOf(s.list())
	default:
		return listRuns(s.list())
	}
}

// countRuns is the number of runs of s, or some number above limit if it is above.
func (s Set) countRuns(limit int) int {
	switch s.kind {
	case bitmapKind:
		return countRuns(s.words(), limit)
	case runsKind:
		return int(s.size) / 2
	default:
		return countListRuns(s.list(), limit)
	}
}

// runsOf iterates over first and last position of runs with the given bounds.
func runsOf(bounds []uint16) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for ; len(bounds) >= 2; bounds = bounds[2:] {
			if !yield(int(bounds[0]), int(bounds[1])) {
				return
			}
		}
	}
}

// listRuns iterates over first and last position of the runs among ascending positions.
func listRuns(positions []uint16) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for i := 0; i < len(positions); {
			first, last := int(positions[i]), int(positions[i])
			for i++; i < len(positions) && int(positions[i]) == last+1; i++ {
				last++
			}
			if !yield(first, last) {
				return
			}
		}
	}
}

// countListRuns is the number of runs among ascending positions, or some number
// above limit if it is above.
func countListRuns(positions []uint16, limit int) int {
	if len(positions) == 0 {
		return 0
	}
	runs := 1
	for i := 1; i < len(positions) && runs <= limit; {
		for end := min(i+32, len(positions)); i < end; i++ {
			if positions[i]-positions[i-1] != 1 {
				runs++
			}
		}
	}
	return runs
}

// wordRuns iterates over first and last position of the runs in w.
func wordRuns(w *kernel.Words) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for at := 0; ; {
			first := next(w, at, 0)
			if first == kernel.Bits {
				return
			}
			at = next(w, first, ^uint64(0))
			if !yield(first, at-1) {
				return
			}
		}
	}
}

// next is the first position from p on in w with all words XORed with flip, or
// 65,536 if there is none.
func next(w *kernel.Words, p int, flip uint64) int {
	if p == kernel.Bits {
		return p
	}
	i := p >> 6
	x := (w[i] ^ flip) &^ (1<<(p&63) - 1)
	for x == 0 {
		if i++; i == len(w) {
			return kernel.Bits
		}
		x = w[i] ^ flip
	}
	return i<<6 + bits.TrailingZeros64(x)
}

// countRuns is the number of runs in w, or some number above limit if it is above.
func countRuns(w *kernel.Words, limit int) int {
	runs, before := 0, uint64(0)
	for _, x := range w {
		runs += bits.OnesCount64(x &^ (x<<1 | before))
		if runs > limit {
			break
		}
		before = x >> 63
	}
	return runs
}

// everything is the one run of a full chunk.
var everything = []uint16{0, kernel.Bits - 1}

// runsSet keeps n positions as runs with the given bounds.
func runsSet(n int, bounds []uint16) Set {
	if n == kernel.Bits {
		bounds = everything
	}
	return listSet(runsKind, n, bounds)
}

// ofBounds is the set of the n positions of runs with the given bounds, which it
// does not keep.
func ofBounds(bounds []uint16, n, dense int) Set {
	if n == 0 {
		return Set{}
	}
	if len(bounds)/2 <= runLimit(n) {
		return runsSet(n, slices.Clone(bounds))
	}
	w := new(kernel.Words)
	fill(w, bounds)
	return ofWords(w, n, dense, true)
}

// boundsIn is first and last position of the runs in w, n of them, in a row.
func boundsIn(w *kernel.Words, n int) []uint16 {
	list := make([]uint16, 2*n)
	list[2*n-1] = kernel.Bits - 1 // unless the last run ends before
	i, before := 0, uint64(0)
	for k, x := range w {
		// A run begins where a bit differs from the one below, and the next one ends it.
		for edges := x ^ (x<<1 | before); edges != 0; edges &= edges - 1 {
			list[i] = uint16(k<<6 + bits.TrailingZeros64(edges) - i&1)
			i++
		}
		before = x >> 63
	}
	return list
}

// bounds is first and last position of n runs in a row.
func bounds(runs iter.Seq2[int, int], n int) []uint16 {
	list := make([]uint16, 0, 2*n)
	for first, last := range runs {
		list = append(list, uint16(first), uint16(last))
	}
	return list
}

// fill adds the positions of runs to w.
func fill(w *kernel.Words, bounds []uint16) {
	for first, last := range runsOf(bounds) {
		kernel.FillRange(w, first, last+1)
	}
}
