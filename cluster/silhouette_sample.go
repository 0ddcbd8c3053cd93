package cluster

import (
	"context"
	"math"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/parallel"
)

// fewest is the number of rows that a group has at least in a sample, if the sample is
// large enough for that; half of the sample goes to no group for this reason.
const fewest = 30

const silhouetteStream = 0x73696c68 // "silh"

// silhouetteSampled estimates groupMeans of silhouettes, and the standard error of the
// mean, from about sample rows: as many of each group as are its part of the rows, but at
// least 2, and fewest if the sample allows, drawn by the seed. Distances are taken among
// them alone. The error is that of the linearised estimate, in which a row of the sample
// counts by its own silhouette and by what it adds to the silhouettes of the others. With
// sample at or above the number of rows it is 0 and all is exact. Cost: O(sample²(d + category
// columns)).
func silhouetteSampled(ctx context.Context, r *rows, label []int32, k, sample int, seed uint64, workers int) (mean, stderr float64, groups []float64, err error) {
	drawn, size := drawByGroup(r, label, k, sample, newRandom(seed, silhouetteStream))
	part := r.take(drawn)
	partLabel := make([]int32, len(drawn))
	for i, row := range drawn {
		partLabel[i] = label[row]
	}
	h := newNeighbourhood(part, partLabel, k)
	h.factor = make([]float64, k)
	weight := make([]float64, k) // of all rows
	for i, g := range label {
		weight[g] += r.weightOf(i)
	}
	for g, n := range h.count {
		h.factor[g] = 1
		if n > 1 {
			h.factor[g] = float64(size[g]-1) / float64(n-1)
		}
	}
	all, err := h.widths(ctx, part, partLabel, workers)
	if err != nil {
		return 0, 0, nil, err
	}
	values := make([]float64, part.n)
	for i, x := range all {
		values[i] = x.value
	}
	_, groups = groupMeans(part, partLabel, k, values)
	total := sumOf(weight)
	for g, w := range weight {
		if w > 0 {
			mean += float64(w / total * groups[g])
		}
	}
	// Part of each row of the sample in the mean.
	share := make([]float64, part.n)
	for i, g := range partLabel {
		share[i] = weight[g] / total * (part.weightOf(i) / h.sum[g])
	}
	variance := make([]float64, k)
	parallel.For(parallel.Workers(workers), k, func(g int) {
		if n := h.count[g]; n > 1 && n < size[g] && ctx.Err() == nil {
			variance[g] = h.variance(g, part, all, share, groups[g]) * float64(n) / float64(n-1) * (1 - float64(n)/float64(size[g]))
		}
	})
	return mean, math.Sqrt(sumOf(variance)), groups, ctx.Err()
}

// variance returns the sum of squares of what the rows of group g add to the mean, about
// their mean. The rows of part are by group and in the order of h.
//
// Row j adds its own silhouette, and to each mean distance of a row i to the rows of g, of
// which j is one, by how much its distance differs from that mean.
func (h *neighbourhood) variance(g int, part *rows, all []width, share []float64, mean float64) float64 {
	adds, alone := make([]float64, h.count[g]), make([]float64, 0, h.count[g])
	point := make([]float64, part.d)
	var at [nearest.Block]float64
	first := -1 // row of part in g
	base := 0.0
	for i, x := range all {
		by, length, among := 0.0, 0.0, 1.0
		switch int32(g) {
		case x.group:
			if first < 0 {
				first = i
			}
			by, length, among = x.byOwn, x.own, x.among
		case x.near:
			by, length, among = x.byOther, x.other, h.sum[g]
		}
		if by != 0 {
			by *= share[i] / among
			part.row(point, i)
			for b := h.first[g]; b < h.first[g+1]; b++ {
				n := h.inGroup(g, b)
				h.squares(at[:n], b, point, part, i)
				sums := adds[(b-h.first[g])*nearest.Block:][:n]
				for j, square := range at[:n] {
					sums[j] += float64(by * math.Sqrt(square))
				}
			}
			base += float64(by * length)
		}
		if x.group == int32(g) {
			alone = append(alone, by*length) // it is not among the rows of its own mean
		}
	}
	center := 0.0
	for j, sum := range adds {
		i := first + j
		adds[j] = float64(part.weightOf(i)*(sum-base+alone[j])) + float64(share[i]*(all[i].value-mean))
		center += (adds[j] - center) / float64(j+1)
	}
	squares := 0.0
	for _, x := range adds {
		squares += float64((x - center) * (x - center))
	}
	return squares
}

// drawByGroup draws about sample of the rows that have a weight, without replacement
// within each group, and returns them by group and then ascending, with the number of
// rows of each group.
func drawByGroup(r *rows, label []int32, k, sample int, random *random) (drawn, size []int) {
	members := make([][]int, k)
	n := 0
	for i, g := range label {
		if r.weightOf(i) > 0 {
			members[g] = append(members[g], i)
			n++
		}
	}
	least := max(2, min(fewest, sample/(2*k)))
	size = make([]int, k)
	for g, rows := range members {
		size[g] = len(rows)
		take := len(rows)
		if sample < n {
			take = max(least, int(math.Round(float64(sample)*(float64(take)/float64(n)))))
		}
		drawn = append(drawn, random.some(rows, take)...)
	}
	return drawn, size
}

// some draws n of the rows, every such set alike likely, and keeps their order. It draws
// nothing if there are not more.
func (r *random) some(rows []int, n int) []int {
	if n >= len(rows) {
		return rows
	}
	drawn := r.sample(len(rows), n)
	for i, at := range drawn {
		drawn[i] = rows[at]
	}
	return drawn
}
