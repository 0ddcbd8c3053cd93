package cluster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// take takes over what a method found, and assigns the rows by it. A row that is equally
// near to two groups goes to the first in canonical order, perhaps not the one that the
// method chose, whereupon the order is made again. Such rows go to larger groups only, so
// that this ends.
func (m *Model) take(ctx context.Context, s *solution, r *rows, workers int) (*Assignment, error) {
	for {
		m.settle(s, r)
		m.complete()
		if err := m.checkCosts(); err != nil {
			return nil, err
		}
		a, err := m.assignRows(ctx, r, workers)
		if err != nil || m.tree != nil || slices.Equal(s.label, a.Labels) {
			return a, err
		}
		weight := weightsByGroup(r, a.Labels, m.k)
		if slices.IsSortedFunc(weight, func(x, y float64) int { return cmp.Compare(y, x) }) {
			return a, nil
		}
		s.label, s.centers, s.offset, s.modes, s.mixture = a.Labels, m.centers, m.offset, m.modes, m.mixture
	}
}

// checkCosts refuses costs of differing categories that cannot be added to squared
// distances.
func (m *Model) checkCosts() error {
	for i := range m.features {
		if f := &m.features[i]; f.native >= 0 && beyond(largestCost)(m.prototypes.penalty[f.native]) {
			return fmt.Errorf("%w, column %q", errCostly, f.Name)
		}
	}
	return nil
}

// settle takes over what a method found, the groups in canonical order: by weight
// descending, then by centre, then by modes.
func (m *Model) settle(s *solution, r *rows) {
	if s.tree != nil {
		m.tree, m.centers, m.cutoff = s.tree, s.centers, s.cutoff
		m.group(s.k)
		return
	}
	weight := weightsByGroup(r, s.label, s.k)
	order := make([]int, s.k) // of the solution, by canonical label
	for g := range order {
		order[g] = g
	}
	slices.SortStableFunc(order, func(a, b int) int {
		c := cmp.Or(cmp.Compare(weight[b], weight[a]), slices.Compare(s.centers[a*r.d:(a+1)*r.d], s.centers[b*r.d:(b+1)*r.d]))
		if c == 0 && s.modes != nil {
			c = slices.Compare(s.modes[a], s.modes[b])
		}
		return c
	})
	m.centers, m.cutoff = permuted(s.centers, order, r.d), s.cutoff
	m.means = m.centers
	if s.offset != nil {
		m.offset = permuted(s.offset, order, 1)
	}
	if s.mixture != nil {
		parts := *s.mixture
		parts.reorder(order)
		m.mixture = &parts
	}
	if s.modes != nil {
		m.modes = make([][]int32, s.k)
		for label, g := range order {
			m.modes[label] = slices.Clone(s.modes[g])
		}
	}
}

// permuted are the groups of d numbers in an order.
func permuted(values []float64, order []int, d int) []float64 {
	out := make([]float64, 0, len(values))
	for _, g := range order {
		out = append(out, values[g*d:(g+1)*d]...)
	}
	return out
}

// add adds from to to.
func add(to, from []float64) {
	for i, x := range from {
		to[i] += x
	}
}
