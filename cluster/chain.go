package cluster

import (
	"context"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/nearest"
)

// chain joins weighted points by Ward's criterion with the nearest-neighbour chain of
// Benzécri (1982) and Juan (1982); see Murtagh and Legendre, Journal of Classification
// 31 (2014). It goes from a group to the one with which the sum of squares grows least,
// and on from there, until two are each other's nearest; these are joined in any optimal
// order of joins. Cost: O(m²d) for m points, and O(md) memory.
//
// Groups are in slots, in the order of their lowest leaves. Of equally near groups that
// before in the chain is taken, then that with the lowest leaf.
type chain struct {
	points *rows     // the means of the groups; points.n slots
	weight []float64 // of each slot; 0: the slot is free
	node   []int     // of each slot
	height []float64 // of the join that made each slot
	used   int       // slots that are not free
	path   []int     // slots, each nearest to the one before
	mean   []float64 // scratch

	lightest float64 // weight of a point
}

// wardJoins returns the joins of points with weights above 0, of which each names the
// leaves and earlier joins it joins. Heights of joins are at least those of what they join.
func wardJoins(ctx context.Context, points *rows, weights []float64) ([]Merge, error) {
	m := points.n
	c := &chain{
		points: points, weight: slices.Clone(weights), used: m,
		node: make([]int, m), height: make([]float64, m), mean: make([]float64, points.d),
		lightest: slices.Min(weights),
	}
	for i := range m {
		c.node[i] = i
	}
	joins := make([]Merge, 0, m-1)
	for c.used > 1 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if c.used <= c.points.n/2 {
			c.compact()
		}
		a, b, height := c.pair()
		joins = append(joins, c.join(a, b, height, m+len(joins)))
	}
	return joins, nil
}

// pair follows the path to two groups that are each other's nearest, takes them off it and
// returns their slots, the lower first.
func (c *chain) pair() (a, b int, height float64) {
	if len(c.path) == 0 {
		c.path = append(c.path, slices.IndexFunc(c.weight, func(w float64) bool { return w > 0 }))
	}
	for {
		last, before := c.path[len(c.path)-1], -1
		if len(c.path) > 1 {
			before = c.path[len(c.path)-2]
		}
		next, height := c.nearest(last, before)
		if next == before {
			c.path = c.path[:len(c.path)-2]
			return min(last, next), max(last, next), height
		}
		c.path = append(c.path, next)
	}
}

// nearest returns the slot with which that of a group joins at the least height; before, if
// that is one of them.
func (c *chain) nearest(slot, before int) (best int, least float64) {
	c.points.row(c.mean, slot)
	w := c.weight[slot]
	best, least = -1, math.Inf(1)
	// Below v·w/(v+w) for every weight v, however both are rounded.
	floor := joinedWeight(c.lightest, w) * (1 - 1e-12)
	var at [nearest.Block]float64
	for first := 0; first < c.points.n; first += nearest.Block {
		weight := c.weight[first:min(first+nearest.Block, c.points.n)]
		dist := at[:len(weight)]
		nearest.Distances(dist, c.points.block(first/nearest.Block), c.mean)
		for i, v := range weight {
			if dist[i]*floor > least || v == 0 || first+i == slot {
				continue
			}
			h := joinedWeight(v, w) * dist[i]
			if h < least || best < 0 || h == least && first+i == before {
				best, least = first+i, h
			}
		}
	}
	return best, least
}

// joinedWeight is v·w/(v+w), by which the squared distance of two groups of these weights
// is multiplied. It is the same for w and v, and does not underflow for small ones.
func joinedWeight(v, w float64) float64 {
	if v > w {
		v, w = w, v
	}
	return v * (w / (v + w))
}

// join puts the group of both slots into slot a.
func (c *chain) join(a, b int, height float64, node int) Merge {
	// Rounding may make a join a little lower than one of its parts.
	height = max(height, c.height[a], c.height[b])
	weight := c.weight[a] + c.weight[b]
	merge := Merge{Left: c.node[a], Right: c.node[b], Height: height, Weight: weight}

	light, heavy := a, b
	if c.weight[a] > c.weight[b] {
		light, heavy = b, a
	}
	part := c.weight[light] / weight
	for j := range c.points.d {
		x, y := *c.coordinate(heavy, j), *c.coordinate(light, j)
		*c.coordinate(a, j) = x + float64((y-x)*part)
	}
	c.weight[a], c.weight[b] = weight, 0
	c.node[a], c.height[a] = node, height
	c.used--
	// Rounding may also have led the path through a group twice.
	if i := slices.IndexFunc(c.path, func(slot int) bool { return slot == a || slot == b }); i >= 0 {
		c.path = c.path[:i]
	}
	return merge
}

// coordinate is where feature j of the mean of a slot is.
func (c *chain) coordinate(slot, j int) *float64 {
	return &c.points.block(slot / nearest.Block)[j*nearest.Block+slot%nearest.Block]
}

// compact leaves free slots out.
func (c *chain) compact() {
	var kept []int
	slot := make([]int, c.points.n) // by the old one
	for i, w := range c.weight {
		if w > 0 {
			slot[i] = len(kept)
			kept = append(kept, i)
		}
	}
	c.points = c.points.take(kept)
	for to, from := range kept {
		c.weight[to], c.node[to], c.height[to] = c.weight[from], c.node[from], c.height[from]
	}
	c.weight, c.node, c.height = c.weight[:len(kept)], c.node[:len(kept)], c.height[:len(kept)]
	for i, was := range c.path {
		c.path[i] = slot[was]
	}
}
