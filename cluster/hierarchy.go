package cluster

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// hierarchy is what a Ward model has beside its leaves, which are its centers.
type hierarchy struct {
	Dendrogram Dendrogram `json:"dendrogram"`
	Means      []float64  `json:"means,omitempty"` // of the leaves, row-major; nil: their centers
	Far        []float64  `json:"far,omitempty"`   // weight of the rows of each leaf that baseline.Far counts
}

// validate checks a hierarchy that was read for a model whose leaves are centers.
func (h *hierarchy) validate(centers []float64, d int) error {
	if err := h.Dendrogram.validate(); err != nil {
		return err
	}
	leaves := len(h.Dendrogram.Weights)
	bad := func(x float64) bool { return !(math.Abs(x) <= largest) }
	switch {
	case leaves*d != len(centers):
		return fmt.Errorf("%w: %d leaves of %d centers", errDendrogram, leaves, len(centers)/max(d, 1))
	case h.Means != nil && (len(h.Means) != len(centers) || slices.ContainsFunc(h.Means, bad)):
		return fmt.Errorf("%w: means", errDendrogram)
	case h.Far != nil && len(h.Far) != leaves:
		return fmt.Errorf("%w: far rows", errDendrogram)
	}
	for leaf, far := range h.Far {
		if !(far >= 0 && far <= h.Dendrogram.Weights[leaf]*(1+1e-9)) {
			return fmt.Errorf("%w: far rows of leaf %d", errDendrogram, leaf)
		}
	}
	return nil
}

// countFar notes which leaves have rows whose squared distance is above far.
func (h *hierarchy) countFar(leaf []int32, dist []float64, r *rows, far float64) {
	h.Far = make([]float64, len(h.Dendrogram.Weights))
	for i, c := range leaf {
		if dist[i] > far {
			h.Far[c] += r.weightOf(i)
		}
	}
}

// Dendrogram returns the joins of a Ward model, or nil for a model of another method. It
// is a copy. Cost: O(leaves).
func (m *Model) Dendrogram() *Dendrogram {
	if m.tree == nil {
		return nil
	}
	d := m.tree.Dendrogram
	d.Weights, d.Merges = slices.Clone(d.Weights), slices.Clone(d.Merges)
	return &d
}

// Cut returns the model of k groups from the same dendrogram, which is the one that [Fit]
// would find with Options.K of k. Each of its groups is part of one group of any model cut
// at a smaller k. m does not change. A model of another method than Ward is an error, and
// so is k outside 1 to the number of leaves or [MaxK]. Cost: O(leaves * prepared numbers).
func (m *Model) Cut(k int) (*Model, error) {
	if m.tree == nil {
		return nil, fmt.Errorf("cluster: a model of method %v has no dendrogram", m.method)
	}
	if most := min(len(m.tree.Dendrogram.Weights), MaxK); k < 1 || k > most {
		return nil, fmt.Errorf("cluster: cut at %d groups, want 1 to %d", k, most)
	}
	cut := *m
	cut.group(k)
	return &cut, nil
}

// group cuts the hierarchy at k groups and puts them into canonical order.
func (m *Model) group(k int) {
	h := m.tree
	leaf := h.Dendrogram.Groups(k)
	points := h.Means
	if points == nil {
		points = m.centers
	}
	weight, far, mean := make([]float64, k), make([]float64, k), make([]float64, k*m.d)
	total := 0.0
	for c, g := range leaf {
		w := h.Dendrogram.Weights[c]
		weight[g] += w
		total += w
		if h.Far != nil {
			far[g] += h.Far[c]
		}
		for j, x := range points[c*m.d:][:m.d] {
			at := &mean[int(g)*m.d+j]
			*at += float64((x - *at) * (w / weight[g]))
		}
	}
	order := make([]int, k)
	for g := range order {
		order[g] = g
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(weight[b], weight[a]), slices.Compare(mean[a*m.d:][:m.d], mean[b*m.d:][:m.d]))
	})
	m.k, m.report.Inertia = k, h.Dendrogram.inertia(k)
	m.means = permuted(mean, order, m.d)
	m.baseline.Shares, m.baseline.Far = make([]float64, k), make([]float64, k)
	label := make([]int32, k)
	for to, from := range order {
		label[from] = int32(to)
		m.baseline.Shares[to], m.baseline.Far[to] = weight[from]/total, far[from]/weight[from]
	}
	for c, g := range leaf {
		leaf[c] = label[g]
	}
	m.leaf = leaf
}
