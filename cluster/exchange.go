package cluster

import (
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/nearest"
)

// exchangeEntries is the number of rows times groups up to which starts are improved by
// exchange, which goes row by row.
const exchangeEntries = 1 << 18

// exchange moves single rows to other groups, with the two means following at once, while
// that makes the sum of squares smaller (Hartigan 1975). What it ends in is also an end of
// lloyd, and better than most of them. It changes the centres, which become the means of
// the labels, and the labels of s, and reports whether there was a move.
func exchange(r *rows, s *solution) (moved bool) {
	const passes, grain = 100, 1e-12
	weight := weightsByGroup(r, s.label, s.k)
	row := make([]float64, r.d)
	meansByGroup(r, s, row)
	var label [nearest.Block]int32
	var dist, second [nearest.Block]float64
	for range passes {
		again, lightest := false, 0.0
		for i, from := range s.label {
			at := i % nearest.Block
			if at == 0 { // where rows of the block stand now
				n := min(nearest.Block, r.n-i)
				lightest = slices.Min(weight)
				nearest.Nearest2(label[:n], dist[:n], second[:n], r.block(i/nearest.Block), s.centers, nil, r.d)
			}
			w := r.weightOf(i)
			if w == 0 || weight[from] <= w*(1+grain) {
				continue
			}
			if label[at] == from && second[at]*(1-grain) >= dist[at]*(weight[from]/(weight[from]-w))*(1+w/lightest) {
				continue // no group is cheap enough, at what it costs at least
			}
			r.row(row, i)
			to, least := from, math.Inf(1)
			leave := 0.0
			for g := range s.k {
				squares := squaredDistance(row, s.centers[g*r.d:][:r.d])
				if g == int(from) {
					leave = squares * (weight[g] / (weight[g] - w))
				} else if cost := squares * (weight[g] / (weight[g] + w)); cost < least {
					to, least = int32(g), cost
				}
			}
			if least >= leave*(1-grain) {
				continue
			}
			weight[from] -= w
			weight[to] += w
			a, b := s.centers[int(from)*r.d:][:r.d], s.centers[int(to)*r.d:][:r.d]
			for j, x := range row {
				a[j] -= float64((x - a[j]) * (w / weight[from]))
				b[j] += float64((x - b[j]) * (w / weight[to]))
			}
			s.label[i] = to
			moved, again = true, true
		}
		if !again {
			break
		}
	}
	return moved
}

// meansByGroup makes the centres of s the means of its labels, a row at a time. Groups
// without weight keep theirs.
func meansByGroup(r *rows, s *solution, row []float64) {
	sum := make([]float64, s.k)
	for i, g := range s.label {
		w := r.weightOf(i)
		if w == 0 {
			continue
		}
		r.row(row, i)
		center := s.centers[int(g)*r.d:][:r.d]
		if sum[g] == 0 {
			copy(center, row)
			sum[g] = w
			continue
		}
		sum[g] += w
		for j, x := range row {
			center[j] += float64((x - center[j]) * (w / sum[g]))
		}
	}
}
