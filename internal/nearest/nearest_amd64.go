//go:build !purego

package nearest

import "golang.org/x/sys/cpu"

// best is the best form this processor has. Of AVX-512 it takes what Ice Lake and Zen 4
// were the first to have; those before them run slower for it.
var best = func() form {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return formGo
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VPOPCNTDQ && x.HasAVX512VBMI2:
		return formAVX512
	}
	return formAVX2
}()

const (
	lanes = 16      // points of which a multiple is compared in one call
	work  = 1 << 20 // squares added up in one call at most, as it cannot be preempted; lanes times the numbers of the centres may be more
)

func nearest(label []int32, dist, block, centers, offset []float64, d int) {
	if inUse == formGo || len(centers) == 0 {
		nearestGo(label, dist, nil, block, centers, offset, d)
		return
	}
	start, k := first(offset), len(centers)/d
	compare := func(label *int32, dist, block *float64, n int) {
		if inUse == formAVX512 {
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
	if inUse == formGo || len(centers) == 0 {
		nearestGo(label, dist, second, block, centers, offset, d)
		return
	}
	start, k := first(offset), len(centers)/d
	compare := func(label *int32, dist, second, block *float64, n int) {
		if inUse == formAVX512 {
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
	if inUse == formGo {
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
	if inUse == formGo {
		return sumLengthsGo(sum, block, point, n)
	}
	n &^= 15
	if n > 0 {
		sumLengthsAVX2(sum, &block[0], &point[0], n, len(point))
	}
	return n
}
