package cluster

import (
	"context"
	"math"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/parallel"
)

// tile is the number of rows that are compared with one block at a time.
const tile = 32

// neighbourhood is rows by their groups, to which the mean distances of other rows are
// taken. Each group begins a block of its own. Rows of weight 0 are left out.
type neighbourhood struct {
	*rows
	first  []int     // block of each group, and one more for the end
	count  []int     // rows of each group
	sum    []float64 // of their weights
	factor []float64 // rows of the group that each stands for, beside itself; nil: 1
}

// newNeighbourhood copies the rows.
func newNeighbourhood(r *rows, label []int32, k int) *neighbourhood {
	h := &neighbourhood{first: make([]int, k+1), count: make([]int, k), sum: make([]float64, k)}
	for i, g := range label {
		if w := r.weightOf(i); w > 0 {
			h.count[g]++
			h.sum[g] += w
		}
	}
	at := make([]int, k) // slot of the next row
	for g, n := range h.count {
		at[g] = h.first[g] * nearest.Block
		h.first[g+1] = h.first[g] + (n+nearest.Block-1)/nearest.Block
	}
	h.rows = newRows(h.first[k]*nearest.Block, r.d)
	h.costs = r.costs
	for range r.codes {
		h.codes = append(h.codes, make([]int32, h.n))
	}
	if r.weight != nil {
		h.weight = make([]float64, h.n)
	}
	for i, g := range label {
		w := r.weightOf(i)
		if w == 0 {
			continue
		}
		slot := at[g]
		at[g]++
		from, to := r.block(i/nearest.Block), h.block(slot/nearest.Block)
		for j := range r.d {
			to[j*nearest.Block+slot%nearest.Block] = from[j*nearest.Block+i%nearest.Block]
		}
		for c, codes := range r.codes {
			h.codes[c][slot] = codes[i]
		}
		if h.weight != nil {
			h.weight[slot] = w
		}
	}
	return h
}

// inGroup returns the number of rows in block b, which is one of group g.
func (h *neighbourhood) inGroup(g, b int) int {
	return min(nearest.Block, h.count[g]-(b-h.first[g])*nearest.Block)
}

// squares sets dst to the squared distances of the first rows of block b to row i of r,
// whose numbers are point: those of the numbers, and the costs of the codes that differ.
func (h *neighbourhood) squares(dst []float64, b int, point []float64, r *rows, i int) {
	clear(dst)
	if len(point) > 0 {
		nearest.Distances(dst, h.block(b), point)
	}
	for c, codes := range h.codes {
		code := r.codes[c][i]
		cost := [2]float64{h.costs[c], 0} // a branch would often be predicted wrongly
		for j, other := range codes[b*nearest.Block:][:len(dst)] {
			same := 0
			if other == code {
				same = 1
			}
			dst[j] += cost[same]
		}
	}
}

// lengths returns the weighted sum of the distances of row i of r, whose numbers are
// point, to the rows in block b of group g.
func (h *neighbourhood) lengths(g, b int, point []float64, r *rows, i int) float64 {
	n := h.inGroup(g, b)
	if h.weight == nil && len(h.codes) == 0 {
		return nearest.SumLengths(h.block(b), point, n)
	}
	var at [nearest.Block]float64
	h.squares(at[:n], b, point, r, i)
	sum := 0.0
	for j, square := range at[:n] {
		sum += float64(h.weightOf(b*nearest.Block+j) * math.Sqrt(square))
	}
	return sum
}

// width is the silhouette of a row and what it is made of.
type width struct {
	own, other     float64 // mean distances to the rows of the group and of the nearest other
	group, near    int32   // these groups; near is -1 if there is no other
	among          float64 // weight by which the sum of distances was divided for own
	value          float64
	byOwn, byOther float64 // derivatives of value
}

// width makes the width of a row of weight w in group g from the sums of its distances to
// the rows of each group.
func (h *neighbourhood) width(sums []float64, g int32, w float64) width {
	x := width{group: g, near: -1}
	factor := 1.0
	if h.factor != nil {
		factor = h.factor[g]
	}
	// Of a row that stands for w rows w-1 others are at distance 0.
	x.among = h.sum[g] - w + (w-min(1, w))/factor
	for other, sum := range sums {
		if int32(other) == g || h.sum[other] == 0 {
			continue
		}
		if mean := sum / h.sum[other]; x.near < 0 || mean < x.other {
			x.near, x.other = int32(other), mean
		}
	}
	if x.near < 0 || !(x.among > 0) {
		return x
	}
	x.own = sums[g] / x.among
	switch {
	case x.own < x.other:
		x.value, x.byOwn, x.byOther = 1-x.own/x.other, -1/x.other, x.own/x.other/x.other
	case x.own > x.other:
		x.value, x.byOwn, x.byOther = x.other/x.own-1, -x.other/x.own/x.own, 1/x.own
	}
	return x
}

// widths returns the width of every row of r. Cost: O(n * rows of h * (d + category columns)).
func (h *neighbourhood) widths(ctx context.Context, r *rows, label []int32, workers int) ([]width, error) {
	k := len(h.count)
	all := make([]width, r.n)
	type scratch struct{ points, sums []float64 }
	parallel.States(parallel.Workers(workers), (r.n+tile-1)/tile,
		func() *scratch { return &scratch{make([]float64, tile*r.d), make([]float64, tile*k)} },
		func(s *scratch, t int) {
			if ctx.Err() != nil {
				return
			}
			lo := t * tile
			n := min(tile, r.n-lo)
			clear(s.sums)
			for i := range n {
				r.row(s.points[i*r.d:][:r.d], lo+i)
			}
			for g := range k {
				for b := h.first[g]; b < h.first[g+1]; b++ {
					for i := range n {
						s.sums[i*k+g] += h.lengths(g, b, s.points[i*r.d:][:r.d], r, lo+i)
					}
				}
			}
			for i := range n {
				all[lo+i] = h.width(s.sums[i*k:][:k], label[lo+i], r.weightOf(lo+i))
			}
		})
	return all, ctx.Err()
}

// silhouettes returns the silhouette of every row: (b-a)/max(a,b), where a is the mean
// distance to the other rows of its group and b that to those of the nearest other group.
// It is 0 for a row alone in its group, where there is one group, and where a and b are 0.
// A row of weight w counts as w equal rows, of which min(1, w) is not among the others.
// Rousseeuw 1987, doi 10.1016/0377-0427(87)90125-7. Cost: O(n²(d + category columns)).
func silhouettes(ctx context.Context, r *rows, label []int32, k, workers int) ([]float64, error) {
	all, err := newNeighbourhood(r, label, k).widths(ctx, r, label, workers)
	if err != nil {
		return nil, err
	}
	values := make([]float64, r.n)
	for i, x := range all {
		values[i] = x.value
	}
	return values, nil
}

// groupMeans returns the weighted means of values of all rows and of those of each group,
// 0 where there is no weight.
func groupMeans(r *rows, label []int32, k int, values []float64) (mean float64, groups []float64) {
	groups = make([]float64, k)
	weight := make([]float64, k)
	for i, g := range label {
		w := r.weightOf(i)
		groups[g] += float64(w * values[i])
		weight[g] += w
	}
	sum, total := 0.0, 0.0
	for g, w := range weight {
		sum, total = sum+groups[g], total+w
		if w > 0 {
			groups[g] /= w
		}
	}
	if total > 0 {
		mean = sum / total
	}
	return mean, groups
}

// silhouetteSimplified is the silhouette with distances to the means of the groups in
// place of mean distances to their rows, a row alone in its group counting 0. Hruschka,
// de Castro and Campello 2004, doi 10.1109/ICDM.2004.10073. Cost: O(n*k*(d + category
// columns)).
func silhouetteSimplified(ctx context.Context, r *rows, label []int32, s *spread, workers int) (mean float64, groups []float64, err error) {
	k := len(s.weight)
	values := make([]float64, r.n)
	if s.groups() > 1 {
		parallel.For(parallel.Workers(workers), r.blockCount(), func(b int) {
			if ctx.Err() == nil {
				first, n := b*nearest.Block, r.inBlock(b)
				s.simplified(values[first:first+n], r, label[first:first+n], b)
			}
		})
	}
	mean, groups = groupMeans(r, label, k, values)
	return mean, groups, ctx.Err()
}

// simplified sets values to the simplified silhouettes of the rows of block b.
func (s *spread) simplified(values []float64, r *rows, label []int32, b int) {
	var at, own, other [nearest.Block]float64
	for i := range values {
		other[i] = math.Inf(1)
	}
	for g, w := range s.weight {
		if w == 0 {
			continue
		}
		s.distances(at[:len(values)], r, b, g)
		for i, x := range at[:len(values)] {
			if label[i] == int32(g) {
				own[i] = x
			} else {
				other[i] = min(other[i], x)
			}
		}
	}
	for i, g := range label {
		if s.weight[g] > min(1, r.weightOf(b*nearest.Block+i)) && max(own[i], other[i]) > 0 {
			a, b := math.Sqrt(own[i]), math.Sqrt(other[i])
			values[i] = (b - a) / max(a, b)
		}
	}
}
