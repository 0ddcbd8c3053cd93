package cluster

import (
	"context"
	"math"
)

func solveTrimmed(ctx context.Context, r *rows, o *Options) (*solution, error) {
	return fromStarts(ctx, r, o, o.Trim, counted(o.Progress), trimmed)
}

// trimmed is k-means-- (Chawla and Gionis 2013): as lloyd, but the means leave out the
// rows beyond the cutoff, which each pass sets so that they have at most the share Trim of
// the weight and any smaller one would leave out more. Rows at the same distance are
// left out together or not at all.
func trimmed(ctx context.Context, r *rows, m *origin, centers []float64, o *Options, pass func()) (*solution, error) {
	n := newSums(r, m, len(centers)/r.d, o.Workers)
	n.ctx = ctx
	s := &solution{k: n.k, centers: centers, label: make([]int32, r.n), dist: make([]float64, r.n)}
	next, was := make([]float64, len(centers)), make([]int32, r.n)
	for {
		if err := s.assignTrimmed(ctx, r, o, o.Trim*m.weight); err != nil {
			return nil, err
		}
		if s.Iterations++; s.Iterations > 1 {
			s.History = append(s.History, s.Inertia)
		}
		pass()
		changed := 0
		for i, g := range s.label {
			if s.dist[i] > s.cutoff {
				g = ^g
			}
			if was[i] != g || s.Iterations == 1 {
				was[i] = g
				changed++
			}
		}
		n.resum(s.label, s.dist, s.cutoff)
		if !n.means(next, s.centers) {
			moved, err := n.repair(s)
			if err != nil {
				return nil, err
			}
			changed += len(moved)
			n.resum(s.label, s.dist, s.cutoff)
			n.means(next, s.centers)
		}
		moved := squaredDistance(next, s.centers)
		s.centers, next = next, s.centers
		if !s.ended(changed == 0, moved, m.variance, o) {
			continue
		}
		n.refine(s.centers, s.label, s.dist, s.cutoff)
		assign := func() error { return s.assignTrimmed(ctx, r, o, o.Trim*m.weight) }
		if err := assign(); err != nil {
			return nil, err
		}
		if err := n.fill(s, assign); err != nil {
			return nil, err
		}
		s.History = append(s.History, s.Inertia)
		return s, nil
	}
}

// assignTrimmed gives rows their nearest centre and sets the cutoff anew, beyond which are
// rows of at most the weight allowed.
func (s *solution) assignTrimmed(ctx context.Context, r *rows, o *Options, allowed float64) error {
	assignUntil(ctx, r, s.centers, nil, s.label, s.dist, o.Workers)
	if err := ctx.Err(); err != nil {
		return err
	}
	s.cutoff = cutoffOf(r, s.dist, allowed)
	s.Inertia = 0
	for i, x := range s.dist {
		if x <= s.cutoff {
			s.Inertia += float64(r.weightOf(i) * x)
		}
	}
	return nil
}

// cutoffOf returns the smallest of the distances beyond which the rows have a weight of at
// most allowed, or infinity if all have no more. Cost: O(rows), expected.
func cutoffOf(r *rows, dist []float64, allowed float64) float64 {
	type row struct{ dist, weight float64 }
	left := make([]row, 0, len(dist))
	for i, x := range dist {
		if w := r.weightOf(i); w > 0 {
			left = append(left, row{x, w})
		}
	}
	allowed *= 1 + 1e-12 // 0.29 of 100 rows are 29
	random := newRandom(0, 0)
	for len(left) > 0 {
		drawn := func() float64 { return left[random.below(len(left))].dist }
		a, b, c := drawn(), drawn(), drawn()
		pivot := max(min(a, b), min(max(a, b), c))
		// Farther rows come to lie below far, nearer ones from near on.
		far, near := 0, len(left)
		beyond, equal := 0.0, 0.0
		for i := 0; i < near; {
			switch row := left[i]; {
			case row.dist > pivot:
				beyond += row.weight
				left[i], left[far] = left[far], left[i]
				far++
				i++
			case row.dist < pivot:
				near--
				left[i], left[near] = left[near], left[i]
			default:
				equal += row.weight
				i++
			}
		}
		switch {
		case beyond > allowed:
			left = left[:far]
		case beyond+equal > allowed:
			return pivot
		default:
			allowed -= beyond + equal
			left = left[near:]
		}
	}
	return math.Inf(1)
}
