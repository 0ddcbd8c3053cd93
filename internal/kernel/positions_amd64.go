//go:build !purego

package kernel

import "github.com/clientele-go/clientele/internal/simd"

//go:noescape
func probeAVX2(dst, positions *uint16, n int, w *Words) int

//go:noescape
func probeNotAVX2(dst, positions *uint16, n int, w *Words) int

//go:noescape
func probeCountAVX2(positions *uint16, n int, w *Words) int

//go:noescape
func extractAVX512(dst *uint16, words *uint64, n, first int) int

//go:noescape
func shareAVX512(x *uint16, n int, y *uint16, m int) int

func share(x, y []uint16) (n int, ok bool) {
	if simd.InUse != simd.AVX512 || len(y) > fewShared {
		return 0, false
	}
	return shareAVX512(&x[0], len(x), &y[0], len(y)), true
}

func probe(dst, positions []uint16, w *Words) int {
	if simd.InUse == simd.Go || len(positions) == 0 {
		return probeGo(dst, positions, w)
	}
	return probeAVX2(&dst[0], &positions[0], len(positions), w)
}

func probeNot(dst, positions []uint16, w *Words) int {
	if simd.InUse == simd.Go || len(positions) == 0 {
		return probeNotGo(dst, positions, w)
	}
	return probeNotAVX2(&dst[0], &positions[0], len(positions), w)
}

func probeCount(positions []uint16, w *Words) int {
	if simd.InUse == simd.Go || len(positions) == 0 {
		return probeCountGo(positions, w)
	}
	return probeCountAVX2(&positions[0], len(positions), w)
}

// room is how far extractAVX512 may write beyond a word's positions.
const room = 32

func extract(dst []uint16, words []uint64, first int) int {
	done, n := 0, 0
	for simd.InUse == simd.AVX512 && done < len(words) {
		// As many words as are sure to fit.
		k := min((len(dst)-n-room)/64, len(words)-done)
		if k <= 0 {
			break
		}
		n += extractAVX512(&dst[n], &words[done], k, first+64*done)
		done += k
	}
	return n + extractGo(dst[n:], words[done:], first+64*done)
}
