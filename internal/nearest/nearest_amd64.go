//go:build !purego

package nearest

import "github.com/clientele-go/clientele/internal/simd"

const (
	lanes = 16      // points of which a multiple is compared in one call
	work  = 1 << 20 // squares added up in one call at most, as it cannot be preempted; lanes times the numbers of the centres may be more
)

func nearest(label []int32, dist, block, centers, offset []float64, d int) {
	if simd.InUse == simd.Go || len(centers) == 0 {
		nearestGo(label, dist, nil, block, centers, offset, d)
		return
	}
	start, k := first(offset), len(centers)/d
	compare := func(label *int32, dist, block *float64, n int) {
		if simd.InUse == simd.AVX512 {
			nearestAVX512(label, dist, block, &centers[0], start, n, k, d)
		} else {
			nearestAVX2(label, dist, block, &centers[0], start, n, k, d)
		}
	}
	whole, step := len(label)&^(lanes-1), stepOf(centers)
	for at := 0; at < whole; at += step {
		compare(&label[at], &dist[at], &block[at], min(step, whole-at))
	}
	if whole < len(label) {
		var l [lanes]int32
		var s [lanes]float64
		compare(&l[0], &s[0], &block[whole], lanes)
		copy(label[whole:], l[:])
		copy(dist[whole:], s[:])
	}
}

func nearest2(label []int32, dist, second, block, centers, offset []float64, d int) {
	if simd.InUse == simd.Go || len(centers) == 0 {
		nearestGo(label, dist, second, block, centers, offset, d)
		return
	}
	start, k := first(offset), len(centers)/d
	compare := func(label *int32, dist, second, block *float64, n int) {
		if simd.InUse == simd.AVX512 {
			nearest2AVX512(label, dist, second, block, &centers[0], start, n, k, d)
		} else {
			nearest2AVX2(label, dist, second, block, &centers[0], start, n, k, d)
		}
	}
	whole, step := len(label)&^(lanes-1), stepOf(centers)
	for at := 0; at < whole; at += step {
		compare(&label[at], &dist[at], &second[at], &block[at], min(step, whole-at))
	}
	if whole < len(label) {
		var l [lanes]int32
		var s, s2 [lanes]float64
		compare(&l[0], &s[0], &s2[0], &block[whole], lanes)
		copy(label[whole:], l[:])
		copy(dist[whole:], s[:])
		copy(second[whole:], s2[:])
	}
}

// stepOf is the number of points that are compared with the centres in one call.
func stepOf(centers []float64) int { return max(lanes, work/len(centers)&^(lanes-1)) }

func first(s []float64) *float64 {
	if len(s) == 0 {
		return nil
	}
	return &s[0]
}

func distances(dst, block, center []float64) {
	if simd.InUse == simd.Go {
		distancesGo(dst, block, center)
		return
	}
	const lanes = 32
	at := len(dst) &^ (lanes - 1)
	if at > 0 {
		distancesAVX2(&dst[0], &block[0], &center[0], at, len(center))
	}
	if at < len(dst) {
		var s [lanes]float64
		distancesAVX2(&s[0], &block[at], &center[0], lanes, len(center))
		copy(dst[at:], s[:])
	}
}

// sumLengths adds up the lengths of whole groups of 16 of the first n points and returns
// how many points these are.
func sumLengths(sum *[16]float64, block, point []float64, n int) int {
	if simd.InUse == simd.Go {
		return sumLengthsGo(sum, block, point, n)
	}
	n &^= 15
	if n > 0 {
		sumLengthsAVX2(sum, &block[0], &point[0], n, len(point))
	}
	return n
}
