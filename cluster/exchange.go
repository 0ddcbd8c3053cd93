package cluster

import (
	"context"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/nearest"
)

// exchanged tells that rows and groups are few enough for starts to be improved by
// exchange, which goes row by row.
func exchanged(n, k, d int) bool { return n*k*max(d, 16) <= 1<<22 }

// exchange moves single rows to other groups, with the two means following at once, while
// that makes the sum of squares smaller (Hartigan 1975). What it ends in is also an end of
// lloyd, and better than most of them. It reports whether the sum of squares is smaller
// than that of s now, be it by moves or since the labels have other means than the
// centres. Then the labels of s are the new ones, the centres their means, and all else is
// to be found by iteration; otherwise s is as it was.
func exchange(ctx context.Context, r *rows, s *solution) (better bool, err error) {
	const passes, grain = 100, 1e-12
	labels, centers := slices.Clone(s.label), slices.Clone(s.centers)
	weight := weightsByGroup(r, labels, s.k)
	row := make([]float64, r.d)
	meansByGroup(r, labels, centers, row)
	var label [nearest.Block]int32
	var dist, second [nearest.Block]float64
	enough := s.Inertia * (1 - 1e-9) // as means of the same labels differ by rounding
	for range passes {
		again, lightest := false, 0.0
		for i, from := range labels {
			at := i % nearest.Block
			if at == 0 { // where rows of the block stand now
				if err := ctx.Err(); err != nil {
					return false, err
				}
				n := min(nearest.Block, r.n-i)
				lightest = slices.Min(weight)
				nearest.Nearest2(label[:n], dist[:n], second[:n], r.block(i/nearest.Block), centers, nil, r.d)
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
				squares := squaredDistance(row, centers[g*r.d:][:r.d])
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
			a, b := centers[int(from)*r.d:][:r.d], centers[int(to)*r.d:][:r.d]
			for j, x := range row {
				a[j] -= float64((x - a[j]) * (w / weight[from]))
				b[j] += float64((x - b[j]) * (w / weight[to]))
			}
			labels[i] = to
			again, enough = true, s.Inertia
		}
		if !again {
			break
		}
	}
	sum := 0.0
	for i, g := range labels {
		r.row(row, i)
		sum += float64(r.weightOf(i) * squaredDistance(row, centers[int(g)*r.d:][:r.d]))
	}
	if better = sum < enough; better {
		s.label, s.centers = labels, centers
	}
	return better, nil
}

// meansByGroup makes the centres the means of the labels, a row at a time. Groups without
// weight keep theirs.
func meansByGroup(r *rows, label []int32, centers, row []float64) {
	sum := make([]float64, len(centers)/r.d)
	for i, g := range label {
		w := r.weightOf(i)
		if w == 0 {
			continue
		}
		r.row(row, i)
		center := centers[int(g)*r.d:][:r.d]
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
