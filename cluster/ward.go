package cluster

import (
	"context"
	"encoding/binary"
	"math"

	"github.com/clientele-go/clientele/internal/nearest"
)

// Bounds of how micro-clusters are found.
const (
	leafRows   = 32 // rows of the sample for each of them
	leafPasses = 20 // of k-means over the sample

	wardStream = 0x77617264 // "ward"
)

// solveWard makes leaves of the rows, joins them all and cuts where o.K groups are left.
// Leaves are the distinct rows if these are at most o.Leaves. Otherwise they are the
// centres that leafPasses passes of k-means from one start find on a sample of leafRows
// rows for each, or the first of the distinct rows if the sample has too few of them;
// joined are then the means of all the rows nearest to each.
//
// Inertia is the sum of squares within the groups, about their means.
func solveWard(ctx context.Context, r *rows, o *Options) (*solution, error) {
	centers, all := distinctRows(r, o.Leaves)
	if len(centers) == 0 { // no row has a weight
		return nil, &TooFewDistinctError{Distinct: 0, K: o.K}
	}
	sample := 0
	if !all {
		part := r.take(newRandom(o.Seed, wardStream).some(weighty(r), leafRows*o.Leaves))
		sample = part.n
		micro, err := microClusters(ctx, part, o)
		if err != nil {
			return nil, err
		}
		if len(micro) == len(centers) {
			centers = micro
		}
	}
	s := &solution{k: o.K, cutoff: math.Inf(1), label: make([]int32, r.n), dist: make([]float64, r.n)}
	wide, err := s.spreadLeaves(ctx, r, centers, o.Workers)
	if err != nil {
		return nil, err
	}
	counted(o.Progress)()
	leaves := len(wide.weight)
	if leaves < o.K {
		return nil, &TooFewDistinctError{Distinct: leaves, K: o.K}
	}
	means, inertia := wide.means, wide.within()
	if all {
		means, inertia = s.centers, 0
	}
	joins, err := wardJoins(ctx, blocksOf(means, r.d), wide.weight)
	if err != nil {
		return nil, err
	}
	s.tree = &hierarchy{Dendrogram: *newDendrogram(wide.weight, joins, inertia)}
	if !all {
		s.tree.Means = means
	}
	s.leaf = s.tree.Dendrogram.Groups(o.K)
	s.micro = s.label
	s.label = make([]int32, r.n)
	for i, leaf := range s.micro {
		s.label[i] = s.leaf[leaf]
	}
	s.report = report{Iterations: 1, Stop: StopComplete, Inertia: s.tree.Dendrogram.inertia(o.K), Sample: sample}
	return s, nil
}

// microClusters returns o.Leaves centres of the rows, fewer if these have not as many
// different ones.
func microClusters(ctx context.Context, r *rows, o *Options) ([]float64, error) {
	centers, err := plusPlus(ctx, r, o.Leaves, 0, newRandom(o.Seed, wardStream+1), o.Workers)
	if err != nil || len(centers) < o.Leaves*r.d {
		return centers, err
	}
	micro := *o
	micro.MaxIterations = min(o.MaxIterations, leafPasses)
	s, err := lloyd(ctx, r, originOf(r, o.Workers), centers, &micro, func() {})
	if err != nil {
		return nil, err
	}
	return s.centers, nil
}

// spreadLeaves makes those of the centers to which a row with weight is nearest the
// centers of s, and label the nearest of them to each row.
func (s *solution) spreadLeaves(ctx context.Context, r *rows, centers []float64, workers int) (*spread, error) {
	for {
		s.centers = centers
		assignRows(r, centers, nil, s.label, s.dist, workers)
		wide, err := spreadOf(ctx, r, s.label, len(centers)/r.d, workers)
		if err != nil {
			return nil, err
		}
		centers = nil
		for leaf, w := range wide.weight {
			if w > 0 {
				centers = append(centers, s.centers[leaf*r.d:][:r.d]...)
			}
		}
		if len(centers) == len(s.centers) {
			return wide, nil
		}
	}
}

// weighty returns the rows that have a weight.
func weighty(r *rows) []int {
	var index []int
	for i := range r.n {
		if r.weightOf(i) > 0 {
			index = append(index, i)
		}
	}
	return index
}

// blocksOf returns the row-major points as rows.
func blocksOf(points []float64, d int) *rows {
	r := newRows(len(points)/d, d)
	for i := range r.n {
		block := r.block(i / nearest.Block)
		for j, x := range points[i*d:][:d] {
			block[j*nearest.Block+i%nearest.Block] = x
		}
	}
	return r
}

// distinctRows returns the first different ones of the rows that have a weight, row-major
// and in their order, and whether these are all: there are at most most.
func distinctRows(r *rows, most int) (values []float64, all bool) {
	seen := make(map[string]struct{}, min(r.n, most))
	row, key := make([]float64, r.d), make([]byte, 0, 8*r.d)
	for i := range r.n {
		if r.weightOf(i) == 0 {
			continue
		}
		r.row(row, i)
		key = key[:0]
		for j := range row {
			row[j] += 0 // -0 is 0
			key = binary.LittleEndian.AppendUint64(key, math.Float64bits(row[j]))
		}
		if _, ok := seen[string(key)]; ok {
			continue
		}
		if len(seen) == most {
			return values, false
		}
		seen[string(key)] = struct{}{}
		values = append(values, row...)
	}
	return values, true
}
