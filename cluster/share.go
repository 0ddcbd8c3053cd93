package cluster

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/parallel"
)

// ShareError is returned where no prices were found with which every group has a share
// within the bounds of Options. Safe for concurrent reads.
type ShareError struct {
	Option string  // "MinShare" or "MaxShare"
	Bound  float64 // its value
	Share  float64 // the share of the group that misses it most
}

// Error returns the sentence.
func (e *ShareError) Error() string {
	return fmt.Sprintf("cluster: a group has a share of %.4g, against %s %.4g", e.Share, e.Option, e.Bound)
}

// bounds are the least and the most weight of a group.
type bounds struct{ least, most float64 }

func boundsOf(r *rows, o *Options) bounds {
	b := bounds{o.MinShare * r.total, r.total}
	if o.MaxShare > 0 {
		b.most = o.MaxShare * r.total
	}
	if r.weight == nil { // whole rows
		const slack = 1e-9
		b.least, b.most = math.Ceil(b.least-slack), math.Floor(b.most+slack)
	}
	return b
}

// check returns the error of the weight that misses the bounds by more than slack and by
// the most. A group without weight is never within a least one.
func (b bounds) check(r *rows, o *Options, weight []float64, slack float64) error {
	var err error
	slack += float64(1e-9 * r.total)
	for _, w := range weight {
		if w == 0 && b.least > 0 {
			return &ShareError{"MinShare", o.MinShare, 0}
		}
		if miss := b.least - w; miss > slack {
			slack, err = miss, &ShareError{"MinShare", o.MinShare, w / r.total}
		}
		if miss := w - b.most; miss > slack {
			slack, err = miss, &ShareError{"MaxShare", o.MaxShare, w / r.total}
		}
	}
	return err
}

// withinShares goes on from s until the groups have shares within MinShare and MaxShare. A
// pass finds the cheapest division of the rows within the bounds for the present centres,
// by prices added to squared distances, and moves the centres to the means (Bradley,
// Bennett and Demiriz 2000). The labels are those that the prices give. So rows that no
// prices tell apart, equal ones above all, are in one group, and a bound may be missed
// by their weight, or by that of one row where rows have weights.
//
// Cost of a pass beside that of k-means: O(k²) for each row that prices move, of a sample
// and then of the rows nearest to a change, and O(k²) memory.
func withinShares(ctx context.Context, r *rows, s *solution, o *Options, pass func()) (*solution, error) {
	b := boundsOf(r, o)
	if b.check(r, o, weightsByGroup(r, s.label, s.k), 0) == nil {
		return s, nil
	}
	if k := float64(s.k); k*b.least > r.total*(1+1e-9) {
		return nil, &ShareError{"MinShare", o.MinShare, math.Floor(r.total/k) / r.total}
	} else if k*b.most < r.total*(1-1e-9) {
		return nil, &ShareError{"MaxShare", o.MaxShare, math.Ceil(r.total/k) / r.total}
	}
	m := originOf(r, o.Workers)
	n := newSums(r, m, s.k, o.Workers)
	was, next, dual := make([]int32, r.n), make([]float64, len(s.centers)), make([]float64, s.k)
	for moved := math.Inf(1); ; {
		copy(was, s.label)
		var err error
		if s.offset, dual, err = prices(ctx, r, s.centers, dual, b, o, priceEntries); err != nil {
			return nil, err
		}
		s.Inertia = assignRows(r, s.centers, s.offset, s.label, s.dist, o.Workers)
		s.Iterations++
		s.History = append(s.History, s.Inertia)
		pass()
		changed := 0
		for i, g := range s.label {
			if g != was[i] {
				changed++
			}
		}
		switch {
		case changed == 0:
			s.Stopped = Unchanged
			return s, nil
		case moved <= o.Tolerance*m.variance:
			s.Stopped = Tolerance
			return s, nil
		case s.Iterations >= o.MaxIterations:
			s.Stopped = Cap
			return s, nil
		}
		n.resum(s.label, nil, 0)
		n.means(next, s.centers)
		n.refine(next, s.label, nil, 0)
		moved = squaredDistance(next, s.centers)
		s.centers, next = next, s.centers
	}
}

// priceEntries is about how many distances of rows to centres are in memory while prices
// are found.
const priceEntries = 1 << 21

// prices finds a price for each centre with which the rows divide within the bounds at the
// smallest sum of squared distances, and what is to be passed as dual, at first zeros,
// for centres that have moved a little. Where the rows are many, prices are found on a
// sample first and then mended with the rows that are nearest to a change.
func prices(ctx context.Context, r *rows, centers, dual []float64, b bounds, o *Options, entries int) (price, next []float64, err error) {
	k := len(centers) / r.d
	size := max(entries/max(k, 64), 4*k)
	if size >= r.n {
		m := newMarket(r, centers, dual, b)
		if err := m.clear(ctx); err != nil {
			return nil, nil, err
		}
		dual, price = m.prices()
		weight, tied := divided(r, centers, price, o.Workers)
		return price, dual, b.check(r, o, weight, tied)
	}
	if slices.Max(dual) == slices.Min(dual) {
		part := r.take(newRandom(o.Seed, 0).sample(r.n, size))
		scale := originOf(part, o.Workers).weight / r.total
		m := newMarket(part, centers, dual, bounds{math.Floor(b.least * scale), math.Ceil(b.most * scale)})
		if err := m.clear(ctx); err != nil {
			return nil, nil, err
		}
		dual, _ = m.prices()
	}
	const rounds = 100
	for round := 1; ; round++ {
		m := newMarketOf(r, centers, dual, b, min(1<<10, max(4, 4*entries/(k*k*k))), o.Workers)
		if err := m.clear(ctx); err != nil {
			return nil, nil, err
		}
		dual, price = m.prices()
		if m.short && round < rounds {
			continue
		}
		weight, tied := divided(r, centers, price, o.Workers)
		if b.check(r, o, weight, 0) != nil && round < 8 {
			continue
		}
		return price, dual, b.check(r, o, weight, tied)
	}
}

// divided returns the weight of each group at the prices, and the weight that may be in
// the wrong group: of rows that rounding may move, and of the heaviest row.
func divided(r *rows, centers, price []float64, workers int) (weight []float64, tied float64) {
	blocks := (r.n + nearest.Block - 1) / nearest.Block
	label, ties := make([]int32, r.n), make([]float64, blocks)
	parallel.For(parallel.Workers(workers), blocks, func(b int) {
		var dist, second [nearest.Block]float64
		lo, hi := b*nearest.Block, min(r.n, (b+1)*nearest.Block)
		nearest.Nearest2(label[lo:hi], dist[:hi-lo], second[:hi-lo], r.block(b), centers, price, r.d)
		for i := range hi - lo {
			if second[i]-dist[i] <= 1e-12*math.Abs(dist[i]) {
				ties[b] += r.weightOf(lo + i)
			}
		}
	})
	tied = sumOf(ties)
	if r.weight != nil {
		tied += slices.Max(r.weight)
	}
	return weightsByGroup(r, label, len(price)), tied
}
