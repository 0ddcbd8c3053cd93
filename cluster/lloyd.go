package cluster

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// resumAfter is the number of passes after which sums that followed the changes of labels
// are made anew.
const resumAfter = 32

// lloyd is k-means from given centres (Lloyd 1982): rows go to the nearest centre, centres
// to the mean of their rows, until no label changes or the centres hardly move, as
// scikit-learn 1.2.1 decides it, with the variance weighted. It takes centers over.
//
// A group that lost all rows gets the farthest row of the group with the largest sum of
// squares. Where the last pass empties it, that row becomes its centre.
func lloyd(ctx context.Context, r *rows, m *origin, centers []float64, o *Options, pass func()) (*solution, error) {
	n := newSums(r, m, len(centers)/r.d, o.Workers)
	n.ctx = ctx
	s := &solution{k: n.k, centers: centers, cutoff: math.Inf(1), label: make([]int32, r.n)}
	for i := range s.label {
		s.label[i] = -1
	}
	next := make([]float64, len(centers))
	for resum := true; ; {
		changed, inertia := n.assign(s.label, s.centers, resum || s.Iterations%resumAfter == 0)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		resum = false
		if s.Iterations++; s.Iterations > 1 {
			s.History = append(s.History, inertia)
		}
		pass()
		if !n.means(next, s.centers) {
			s.dist = make([]float64, r.n)
			assignUntil(ctx, r, s.centers, nil, s.label, s.dist, o.Workers)
			moved, err := n.repair(s)
			if err != nil {
				return nil, err
			}
			changed += len(moved)
			n.resum(s.label, nil, 0)
			n.means(next, s.centers)
		}
		moved := squaredDistance(next, s.centers)
		s.centers, next = next, s.centers
		if !s.ended(changed == 0, moved, m.variance, o) {
			continue
		}
		n.refine(s.centers, s.label, nil, 0)
		if s.dist == nil {
			s.dist = make([]float64, r.n)
		}
		assign := func() error {
			s.Inertia = assignUntil(ctx, r, s.centers, nil, s.label, s.dist, o.Workers)
			return ctx.Err()
		}
		if err := assign(); err != nil {
			return nil, err
		}
		if s.Iterations < o.MaxIterations && n.lost(s.label) {
			resum = true
			continue
		}
		if err := n.fill(s, assign); err != nil {
			return nil, err
		}
		s.History = append(s.History, s.Inertia)
		return s, nil
	}
}

// lost reports whether a group has no weight under the labels.
func (n *sums) lost(label []int32) bool {
	return slices.Contains(weightsByGroup(n.r, label, n.k), 0)
}

// fill puts the centres of groups of s without rows of weight on the rows that repair
// finds and assigns the rows again, until there are none: a centre on a row keeps it.
func (n *sums) fill(s *solution, assign func() error) error {
	for {
		moved, err := n.repair(s)
		if len(moved) == 0 || err != nil {
			return err
		}
		for _, i := range moved {
			n.r.row(s.centers[int(s.label[i])*n.r.d:][:n.r.d], i)
		}
		if err := assign(); err != nil {
			return err
		}
	}
}

// repair gives every group of s without rows of weight the farthest row of the group whose
// sum of squares is the largest, the lowest such group and row. Rows beyond the cutoff of
// s are not there. s has the distances of the rows to the present centres. It returns the
// rows moved, or an error: that of the context, or that the rows do not have as many
// different ones.
func (n *sums) repair(s *solution) (moved []int, err error) {
	if err := n.ctx.Err(); err != nil {
		return nil, err
	}
	count, squares := make([]int, n.k), make([]float64, n.k)
	there := func(i int) bool { return n.r.weightOf(i) > 0 && s.dist[i] <= s.cutoff }
	for i, g := range s.label {
		if there(i) {
			count[g]++
			squares[g] += float64(n.r.weightOf(i) * s.dist[i])
		}
	}
	if !slices.Contains(count, 0) {
		return nil, nil
	}
	members := make([][]int, n.k) // of donors, farthest first
	for empty := range n.k {
		for count[empty] == 0 {
			if err := n.ctx.Err(); err != nil {
				return nil, err
			}
			donor := 0
			for g, sum := range squares {
				if sum > squares[donor] {
					donor = g
				}
			}
			if squares[donor] <= 0 {
				return nil, n.tooFew(n.ctx)
			}
			if members[donor] == nil {
				members[donor] = s.farthestFirst(int32(donor), there)
			}
			if !n.differ(s, members[donor]) {
				squares[donor] = 0
				continue
			}
			far := members[donor][0]
			members[donor] = members[donor][1:]
			squares[donor] -= float64(n.r.weightOf(far) * s.dist[far])
			count[empty]++
			s.label[far], s.dist[far] = int32(empty), 0
			moved = append(moved, far)
		}
	}
	s.Repaired += len(moved)
	return moved, nil
}

// farthestFirst returns the rows of a group that are there by distance, descending.
func (s *solution) farthestFirst(group int32, there func(i int) bool) []int {
	var members []int
	for i, g := range s.label {
		if g == group && there(i) {
			members = append(members, i)
		}
	}
	slices.SortStableFunc(members, func(a, b int) int { return cmp.Compare(s.dist[b], s.dist[a]) })
	return members
}

// differ reports whether rows, given by distance, are not all the same.
func (n *sums) differ(s *solution, members []int) bool {
	if s.dist[members[0]] != s.dist[members[len(members)-1]] {
		return true
	}
	a, b := make([]float64, n.r.d), make([]float64, n.r.d)
	n.r.row(a, members[0])
	return slices.ContainsFunc(members[1:], func(i int) bool {
		n.r.row(b, i)
		return !slices.Equal(a, b)
	})
}

// tooFew returns the error of rows that leave a group empty.
func (n *sums) tooFew(ctx context.Context) error {
	centers, err := plusPlus(ctx, n.r, n.k, 0, newRandom(0, 0), n.workers)
	if err != nil {
		return err
	}
	return &TooFewDistinctError{Distinct: min(len(centers)/n.r.d, n.k-1), K: n.k}
}
