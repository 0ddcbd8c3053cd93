package cluster

import (
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
// squares.
func lloyd(ctx context.Context, r *rows, m *origin, centers []float64, o *Options, pass func()) (*solution, error) {
	n := newSums(r, m, len(centers)/r.d, o.Workers)
	s := &solution{k: n.k, centers: centers, cutoff: math.Inf(1), label: make([]int32, r.n)}
	for i := range s.label {
		s.label[i] = -1
	}
	next := make([]float64, len(centers))
	for resum := true; ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		changed, inertia := n.assign(s.label, s.centers, resum || s.Iterations%resumAfter == 0)
		resum = false
		if s.Iterations++; s.Iterations > 1 {
			s.History = append(s.History, inertia)
		}
		pass()
		if !n.means(next, s.centers) {
			s.dist = make([]float64, r.n)
			assignRows(r, s.centers, nil, s.label, s.dist, o.Workers)
			moved, err := n.repair(ctx, s)
			if err != nil {
				return nil, err
			}
			s.Repaired += moved
			changed += moved
			n.resum(s.label, nil, 0)
			n.means(next, s.centers)
		}
		moved := squaredDistance(next, s.centers)
		s.centers, next = next, s.centers
		switch {
		case changed == 0:
			s.Stopped = Unchanged
		case moved <= o.Tolerance*m.variance:
			s.Stopped = Tolerance
		case s.Iterations >= o.MaxIterations:
			s.Stopped = Cap
		default:
			continue
		}
		n.refine(s.centers, s.label, nil, 0)
		if s.dist == nil {
			s.dist = make([]float64, r.n)
		}
		s.Inertia = assignRows(r, s.centers, nil, s.label, s.dist, o.Workers)
		if s.Iterations < o.MaxIterations && n.lost(s.label) {
			resum = true
			continue
		}
		s.History = append(s.History, s.Inertia)
		return s, nil
	}
}

// lost reports whether a group has no weight under the labels.
func (n *sums) lost(label []int32) bool {
	return slices.Contains(weightsByGroup(n.r, label, n.k), 0)
}

// repair gives every group of s without rows of weight the farthest row of the group whose
// sum of squares is the largest, the lowest such group and row. Rows beyond the cutoff of
// s are not there. s has the distances of the rows to the present centres. It returns the
// number of rows moved, or an error that the rows do not have as many different ones.
func (n *sums) repair(ctx context.Context, s *solution) (moved int, err error) {
	count, squares := make([]int, n.k), make([]float64, n.k)
	for i, g := range s.label {
		if w := n.r.weightOf(i); w > 0 && s.dist[i] <= s.cutoff {
			count[g]++
			squares[g] += float64(w * s.dist[i])
		}
	}
	for empty := range n.k {
		if count[empty] > 0 {
			continue
		}
		for {
			donor := 0
			for g, sum := range squares {
				if sum > squares[donor] {
					donor = g
				}
			}
			if squares[donor] <= 0 {
				return moved, n.tooFew(ctx)
			}
			far, differ := n.farthest(s, int32(donor))
			if !differ {
				squares[donor] = 0
				continue
			}
			squares[donor] -= float64(n.r.weightOf(far) * s.dist[far])
			count[empty]++
			s.label[far], s.dist[far] = int32(empty), 0
			moved++
			break
		}
	}
	return moved, nil
}

// farthest returns the row of the group that is farthest from its centre, the lowest of
// equals, and whether the group has rows that differ from it.
func (n *sums) farthest(s *solution, group int32) (far int, differ bool) {
	far = -1
	member := func(i int) bool {
		return s.label[i] == group && s.dist[i] <= s.cutoff && n.r.weightOf(i) > 0
	}
	for i, x := range s.dist {
		if member(i) && (far < 0 || x > s.dist[far]) {
			far = i
		}
	}
	a, b := make([]float64, n.r.d), make([]float64, n.r.d)
	n.r.row(a, far)
	for i := range n.r.n {
		if member(i) {
			if n.r.row(b, i); !slices.Equal(a, b) {
				return far, true
			}
		}
	}
	return far, false
}

// tooFew returns the error of rows that leave a group empty.
func (n *sums) tooFew(ctx context.Context) error {
	centers, err := plusPlus(ctx, n.r, n.k, 0, newRandom(0, 0), n.workers)
	if err != nil {
		return err
	}
	return &TooFewDistinctError{Distinct: min(len(centers)/n.r.d, n.k-1), K: n.k}
}
