package cluster

import (
	"context"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
)

// bootstrapStream is the first of the streams of random numbers that samples take.
const bootstrapStream = 1 << 33

// bootstrapStability is, for each k, how well each group is found again in samples with
// replacement (Hennig, "Cluster-wise assessment of cluster stability", 2007): the mean
// over the samples of the largest Jaccard coefficient that the group has with a group
// fitted on the sample, among the rows drawn. A sample without a row of a group says
// nothing of it; a group of which none says anything has 0, and so have all in a sample
// with fewer different rows than groups.
func bootstrapStability(ctx context.Context, r *rows, o *Options, ks []int, labels [][]int32, samples, size int, done func()) ([][]float64, error) {
	found := make([][][]float64, samples) // for each k, the coefficient of each group
	errs := make([]error, samples)
	parallel.For(parallel.Workers(o.Workers), samples, func(s int) {
		found[s], errs[s] = recovery(ctx, r, o, ks, labels, size, s)
		done()
	})
	if err := firstError(errs); err != nil {
		return nil, err
	}
	means := make([][]float64, len(ks))
	for i, k := range ks {
		means[i] = make([]float64, k)
		for c := range means[i] {
			sum, count := 0.0, 0
			for s := range found {
				if v := found[s][i][c]; !math.IsNaN(v) {
					sum += v
					count++
				}
			}
			means[i][c] = sum / float64(max(count, 1))
		}
	}
	return means, nil
}

// recovery fits on one bootstrap sample and returns, for each k, the largest Jaccard
// coefficient of each group, NaN where the sample has no row of it.
func recovery(ctx context.Context, r *rows, o *Options, ks []int, labels [][]int32, size, number int) ([][]float64, error) {
	random := newRandom(o.Seed, bootstrapStream+uint64(number))
	drawn := make([]int, size)
	for i := range drawn {
		drawn[i] = random.below(r.n)
	}
	slices.Sort(drawn)
	weight := make([]float64, 0, size)
	distinct := drawn[:0]
	for _, row := range drawn {
		if len(distinct) == 0 || distinct[len(distinct)-1] != row {
			distinct, weight = append(distinct, row), append(weight, 0)
		}
		weight[len(weight)-1] += r.weightOf(row)
	}
	sample := r.take(distinct)
	sample.weight, sample.total = weight, 0
	for _, w := range weight {
		sample.total += w
	}
	fit := *o
	fit.Seed, fit.Workers = random.source.Uint64(), 1
	parts, err := solveEach(ctx, sample, &fit, ks)
	if err != nil {
		return nil, err
	}
	found := make([][]float64, len(ks))
	for i, k := range ks {
		found[i] = bestJaccard(r, distinct, labels[i], parts[i].label, k)
	}
	return found, nil
}

// bestJaccard returns the largest Jaccard coefficient of each group of label with a group
// of again, among the rows drawn, which again labels in their order. A nil again finds no
// group.
func bestJaccard(r *rows, drawn []int, label, again []int32, k int) []float64 {
	common := make([]float64, k*k)
	before, after := make([]float64, k), make([]float64, k)
	for i, row := range drawn {
		w := r.weightOf(row)
		before[label[row]] += w
		if again != nil {
			after[again[i]] += w
			common[int(label[row])*k+int(again[i])] += w
		}
	}
	best := make([]float64, k)
	for a := range best {
		if before[a] == 0 {
			best[a] = math.NaN()
			continue
		}
		for b, w := range common[a*k:][:k] {
			if w > 0 {
				best[a] = max(best[a], w/(before[a]+after[b]-w))
			}
		}
	}
	return best
}
