// Package nearest answers which of a few centres is nearest to each of many points.
//
// Points come in blocks of 256, feature by feature. Every form of an operation, in Go or
// in assembly, adds up a squared distance in the same way, so that all give the same bits:
// from the offset of the centre (or zero), one feature after the other, t = x-c, then
// sum = fma(t, t, sum). Of equal distances that to the first centre wins. Numbers must be
// finite.
//
// The assembly is for AVX2 with FMA and for AVX-512, chosen once at start by what the
// processor has. The build tag purego leaves it out.
package nearest

import "math"

// Block is the number of points of a block: feature j of point i is block[j*Block+i].
const Block = 256

// Nearest sets label[i] to the index of the centre nearest to point i of the block and
// dist[i] to that distance, for the points below n = len(label) = len(dist) <= Block. A
// centre has d numbers in centers; offset has the number from which the sum of each centre
// starts, nil: 0. It panics if lengths do not fit.
func Nearest(label []int32, dist, block, centers, offset []float64, d int) {
	check(len(label), len(dist), block, centers, offset, d)
	nearest(label, dist, block, centers, offset, d)
}

// Nearest2 is Nearest and sets second[i] to the distance of the second nearest centre,
// +Inf if there is one centre.
func Nearest2(label []int32, dist, second, block, centers, offset []float64, d int) {
	check(len(label), len(second), block, centers, offset, d)
	check(len(label), len(dist), block, centers, offset, d)
	nearest2(label, dist, second, block, centers, offset, d)
}

// Distances sets dst[i] to the squared distance of point i of the block to the one center,
// for the points below len(dst) <= Block.
func Distances(dst, block, center []float64) {
	check(len(dst), len(dst), block, center, nil, len(center))
	distances(dst, block, center)
}

// SumLengths is the sum of the distances, not squared, of point to the first n points of
// the block. Point i goes into sum i%16; the 16 sums are added in pairs, i and i+8, then
// i and i+4, i and i+2, i and i+1.
func SumLengths(block, point []float64, n int) float64 {
	check(n, n, block, point, nil, len(point))
	var sum [16]float64
	whole := sumLengths(&sum, block, point, n)
	if whole < n {
		var dst [16]float64
		rest := dst[:n-whole]
		distancesGo(rest, block[whole:], point)
		for i, x := range rest {
			sum[i] += math.Sqrt(x)
		}
	}
	for half := 8; half > 0; half /= 2 {
		for i := range half {
			sum[i] += sum[i+half]
		}
	}
	return sum[0]
}

// check panics if lengths do not fit.
func check(n, same int, block, centers, offset []float64, d int) {
	switch {
	case n > Block || n != same:
		panic("nearest: number of points")
	case d < 1 || len(block) < Block*d:
		panic("nearest: length of block")
	case len(centers)%d != 0 || offset != nil && len(offset) != len(centers)/d:
		panic("nearest: number of centres")
	}
}
