//go:build !amd64 || purego

package nearest

func nearest(label []int32, dist, block, centers, offset []float64, d int) {
	nearestGo(label, dist, nil, block, centers, offset, d)
}

func nearest2(label []int32, dist, second, block, centers, offset []float64, d int) {
	nearestGo(label, dist, second, block, centers, offset, d)
}

func distances(dst, block, center []float64) { distancesGo(dst, block, center) }

func sumLengths(sum *[16]float64, block, point []float64, n int) int {
	return sumLengthsGo(sum, block, point, n)
}
