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

// missed is the weight by which groups are beyond where they should be at the prices: one
// with a positive price at its most, with a negative one at its least.
func (b bounds) missed(held, price []float64) float64 {
	sum := 0.0
	for g, held := range held {
		switch {
		case price[g] > 0 || price[g] == 0 && held > b.most:
			sum += math.Abs(held - b.most)
		case price[g] < 0 || held < b.least:
			sum += math.Abs(held - b.least)
		}
	}
	return sum
}

// withinShares goes on from s until the groups have shares within MinShare and MaxShare. A
// pass finds the cheapest division of the rows within the bounds for the present centres,
// by prices added to squared distances, and moves the centres to the means (Bradley,
// Bennett and Demiriz 2000). The labels are those that the prices give. So rows that no
// prices tell apart, equal ones above all, are in one group, and a bound may be missed
// by their weight, or by that of one row where rows have weights. With weights divisions
// may come back in turn: the fit ends then as it does where no label changes.
//
// Cost of a pass beside that of k-means: O(k²+k·log n) for each row that prices move, of
// samples first where many are to be moved, and O(k³) memory.
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
	n.ctx = ctx
	was, earlier := make([]int32, r.n), slices.Clone(s.label)
	next, dual := make([]float64, len(s.centers)), make([]float64, s.k)
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
		if s.ended(slices.Equal(s.label, was) || slices.Equal(s.label, earlier), moved, m.variance, o) {
			return s, nil
		}
		if s.Iterations&(s.Iterations-1) == 0 { // then any round of divisions ends (Brent 1980)
			copy(earlier, s.label)
		}
		n.resum(s.label, nil, 0)
		n.means(next, s.centers)
		n.refine(next, s.label, nil, 0)
		moved = squaredDistance(next, s.centers)
		s.centers, next = next, s.centers
	}
}

// priceEntries is about how many distances of rows to centres are in memory where all rows
// may be moved.
const priceEntries = 1 << 18

// prices finds a price for each centre with which the rows divide within the bounds at the
// smallest sum of squared distances, and what is to be passed as dual, at first zeros,
// for centres that have moved a little. Where many rows are in the wrong group at the
// prices dual, it goes on from those that an eighth of the rows need. Of many rows, only
// those nearest to a change of group take part: more of them, where they do not do.
func prices(ctx context.Context, r *rows, centers, dual []float64, b bounds, o *Options, entries int) (price, next []float64, err error) {
	k := len(centers) / r.d
	size := max(entries/max(k, 64), 4*k)
	label := make([]int32, r.n)
	held, _, _ := divided(r, centers, dual, label, o.Workers)
	wrong := b.missed(held, dual) / r.total
	if size < r.n && wrong > 4/math.Sqrt(float64(r.n)) {
		part := r.take(newRandom(o.Seed, 0).sample(r.n, max(size, r.n/8)))
		scale := part.total / r.total
		of := bounds{b.least * scale, b.most * scale}
		if r.weight == nil {
			of = bounds{math.Floor(of.least), math.Ceil(of.most)}
		}
		if _, dual, _ = prices(ctx, part, centers, dual, of, o, entries); ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		held, _, _ = divided(r, centers, dual, label, o.Workers)
		wrong = b.missed(held, dual) / r.total
	}
	for round, count := 0, 4+int(wrong*float64(r.n)/2); ; round, count = round+1, 2*count {
		var m *market
		all := r.n <= size && count > r.n/8
		if all {
			m = newMarket(r, centers, dual, b)
		} else {
			m = newMarketOf(r, centers, dual, b, label, held, count, o.Workers)
		}
		if err := m.clear(ctx); err != nil {
			return nil, nil, err
		}
		dual, price = m.prices()
		at := price
		if m.short {
			at = dual
		}
		var heaviest, tied float64
		held, heaviest, tied = divided(r, centers, at, label, o.Workers)
		if m.short || !all && round < 4 && b.check(r, o, held, heaviest) != nil {
			continue
		}
		return price, dual, b.check(r, o, held, heaviest+tied)
	}
}

// divided sets the labels to the groups at the prices. It returns the weight of each, that
// of the heaviest row, 0 for rows without weights, and that of the rows that rounding may
// move.
func divided(r *rows, centers, price []float64, label []int32, workers int) (weight []float64, heaviest, tied float64) {
	blocks := (r.n + nearest.Block - 1) / nearest.Block
	ties := make([]float64, blocks)
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
	if r.weight != nil {
		heaviest = slices.Max(r.weight)
	}
	return weightsByGroup(r, label, len(price)), heaviest, sumOf(ties)
}
