package nearest

import "math"

// nearestGo is Nearest2, and with no second Nearest.
func nearestGo(label []int32, dist, second, block, centers, offset []float64, d int) {
	var sums [Block]float64
	sum, dist := sums[:len(label)], dist[:len(label)]
	for i := range label {
		label[i], dist[i] = 0, math.Inf(1)
	}
	if second != nil {
		second = second[:len(label)]
	}
	for i := range second {
		second[i] = math.Inf(1)
	}
	for c := range len(centers) / d {
		start := 0.0
		if offset != nil {
			start = offset[c]
		}
		for i := range sum {
			sum[i] = start
		}
		addSquares(sum, block, centers[c*d:][:d])
		if second == nil {
			for i, s := range sum {
				if s < dist[i] {
					label[i], dist[i] = int32(c), s
				}
			}
			continue
		}
		for i, s := range sum {
			if s < dist[i] {
				label[i], dist[i], second[i] = int32(c), s, dist[i]
			} else if s < second[i] {
				second[i] = s
			}
		}
	}
}

// addSquares adds to sum the squared differences to center, four features in one go.
func addSquares(sum, block, center []float64) {
	column := func(j int) []float64 { return block[j*Block:][:len(sum)] }
	j := 0
	for ; j+4 <= len(center); j += 4 {
		c0, c1, c2, c3 := center[j], center[j+1], center[j+2], center[j+3]
		x0, x1, x2, x3 := column(j), column(j+1), column(j+2), column(j+3)
		for i, s := range sum {
			t := x0[i] - c0
			s = math.FMA(t, t, s)
			t = x1[i] - c1
			s = math.FMA(t, t, s)
			t = x2[i] - c2
			s = math.FMA(t, t, s)
			t = x3[i] - c3
			sum[i] = math.FMA(t, t, s)
		}
	}
	for ; j < len(center); j++ {
		c := center[j]
		for i, x := range column(j) {
			t := x - c
			sum[i] = math.FMA(t, t, sum[i])
		}
	}
}

func distancesGo(dst, block, center []float64) {
	clear(dst)
	addSquares(dst, block, center)
}

// sumLengthsGo adds up the lengths of the first n points and returns n.
func sumLengthsGo(sum *[16]float64, block, point []float64, n int) int {
	var dst [Block]float64
	distancesGo(dst[:n], block, point)
	for i, x := range dst[:n] {
		sum[i%16] += math.Sqrt(x)
	}
	return n
}
