package bitset

import (
	"math/bits"
	"slices"

	"github.com/clientele-go/clientele/internal/kernel"
)

// Of is the set of the positions in w, which it does not keep. dense is the
// number of members, clamped to 1..4,096, from which a bitmap is kept.
func Of(w *kernel.Words, dense int) Set { return ofWords(w, kernel.Count(w), dense, false) }

// ofWords is the set of the n positions in w. If own, w belongs to it.
func ofWords(w *kernel.Words, n, dense int, own bool) Set {
	dense = clampDense(dense)
	if n < dense && n <= sparse {
		buf := listBuffers.Get().(*listBuffer)
		defer listBuffers.Put(buf)
		extractSparse(buf[:], w)
		return OfSorted(buf[:n], dense)
	}
	limit := runLimit(n)
	if runs := countRuns(w, limit); runs <= limit {
		return runsSet(n, boundsIn(w, runs))
	}
	if n < dense {
		buf := listBuffers.Get().(*listBuffer)
		defer listBuffers.Put(buf)
		kernel.Extract(buf[:], w) // faster with room to spare
		return listSet(arrayKind, n, slices.Clone(buf[:n]))
	}
	if !own {
		shared := w
		w = new(kernel.Words)
		*w = *shared
	}
	return bitmapSet(w, n)
}

// sparse is the number of positions up to which extractSparse is faster than
// Extract.
const sparse = kernel.Size / 8

// extractSparse is Extract for few positions: it passes over four empty words at
// a time.
func extractSparse(dst []uint16, w *kernel.Words) {
	n := 0
	for i := 0; i < len(w); i += 4 {
		if w[i]|w[i+1]|w[i+2]|w[i+3] == 0 {
			continue
		}
		for k := i; k < i+4; k++ {
			for x := w[k]; x != 0; x &= x - 1 {
				dst[n] = uint16(k<<6 + bits.TrailingZeros64(x))
				n++
			}
		}
	}
}

// OfSorted is the set of the positions, which must be ascending and distinct and
// are not kept. For dense see [Of].
func OfSorted(positions []uint16, dense int) Set {
	if s, ok := condensed(positions, dense); ok {
		return s
	}
	list := make([]uint16, len(positions))
	copy(list, positions)
	return listSet(arrayKind, len(list), list)
}

// OwnSorted is [OfSorted], but keeps the positions themselves if the set is an
// array: the caller must not change them any more. Many sets may share the
// memory of one large slice, which stays as long as one of them does.
func OwnSorted(positions []uint16, dense int) Set {
	if s, ok := condensed(positions, dense); ok {
		return s
	}
	return listSet(arrayKind, len(positions), positions)
}

// Full is the set of the positions 0 to n-1. It panics unless 0 <= n <= 65,536.
func Full(n int) Set {
	if n < 0 || n > kernel.Bits {
		panic("bitset: Full: number of positions out of range")
	}
	if n < 4 {
		return OfSorted([]uint16{0, 1, 2}[:n], maxDense)
	}
	return runsSet(n, []uint16{0, uint16(n - 1)})
}

func clampDense(dense int) int { return min(max(dense, 1), maxDense) }

// runLimit is the largest number of runs that a set of n members is kept in.
func runLimit(n int) int { return min(maxRuns, n/4) }

// condensed makes a set of ascending positions unless it is to be an array.
func condensed(positions []uint16, dense int) (Set, bool) {
	n := len(positions)
	limit := runLimit(n)
	switch runs := countListRuns(positions, limit); {
	case n == 0:
		return Set{}, true
	case runs <= limit:
		return runsSet(n, bounds(listRuns(positions), runs)), true
	case n < clampDense(dense):
		return Set{}, false
	}
	w := new(kernel.Words)
	kernel.Scatter(w, positions)
	return bitmapSet(w, n), true
}
