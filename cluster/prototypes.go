package cluster

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/parallel"
)

// prototypes are the centres and modes of groups, and what tells how far a row is from
// them: the squared distance of the numbers, to which each category column that differs
// adds its penalty (Huang 1998, equation 3).
type prototypes struct {
	centers []float64 // d numbers each
	modes   [][]int32 // for each group the code of each category column
	penalty []float64 // of each category column: gamma times its squared weight
}

// nearest sets label[i] to the group nearest to row i of a block, of equally near ones the
// first, and dist[i] to how far it is. codes has the codes of each category column; one
// that no mode has differs from all.
func (p *prototypes) nearest(label []int32, dist, block []float64, codes [][]int32) {
	var at [nearest.Block]float64
	sum := at[:len(label)]
	for g := range p.modes {
		p.distances(sum, g, block, codes)
		if g == 0 {
			clear(label)
			copy(dist, sum)
			continue
		}
		for i, s := range sum {
			if s < dist[i] {
				label[i], dist[i] = int32(g), s
			}
		}
	}
}

// distances sets dst[i] to the distance of row i of a block from group g.
func (p *prototypes) distances(dst []float64, g int, block []float64, codes [][]int32) {
	d := len(p.centers) / len(p.modes)
	clear(dst)
	if d > 0 {
		nearest.Distances(dst, block, p.centers[g*d:][:d])
	}
	for c, mode := range p.modes[g] {
		cost := [2]float64{p.penalty[c], 0} // a branch would often be predicted wrongly
		for i, code := range codes[c][:len(dst)] {
			same := 0
			if code == mode {
				same = 1
			}
			dst[i] += cost[same]
		}
	}
}

// solvePrototypes is k-prototypes: Lloyd's iteration from the best of several starts on a
// sample, as k-means does it.
func solvePrototypes(ctx context.Context, r *rows, o *Options) (*solution, error) {
	gamma, err := gammaOf(ctx, r, o)
	if err != nil {
		return nil, err
	}
	penalty := make([]float64, len(r.costs))
	for c, cost := range r.costs {
		penalty[c] = gamma * cost
	}
	s, err := prototypesFromSample(ctx, r, o, penalty, counted(o.Progress))
	if err != nil {
		return nil, err
	}
	s.gamma = gamma
	return s, nil
}

// gammaOf returns Options.Gamma, or its default: the mean variance of the numbers over the
// mean impurity of the categories, and 1 if one of them is 0 or there are none.
func gammaOf(ctx context.Context, r *rows, o *Options) (float64, error) {
	if o.Gamma != 0 || len(r.codes) == 0 {
		return cmp.Or(o.Gamma, 1), nil
	}
	_, variances, err := columnMoments(ctx, r, o.Workers)
	if err != nil {
		return 0, err
	}
	impurity := 0.0
	for c, codes := range r.codes {
		share := make([]float64, r.levels[c])
		for i, code := range codes {
			share[code] += r.weightOf(i)
		}
		total := sumOf(share)
		for _, w := range share {
			impurity += w / total * ((total - w) / total)
		}
	}
	gamma := sumOf(variances) / float64(len(variances)) / (impurity / float64(len(r.codes)))
	if !(gamma > 0) || math.IsInf(gamma, 1) {
		return 1, nil
	}
	return gamma, nil
}

// prototypesFromSample tries o.Starts starts on the sample and goes on with all rows from
// the best, the first of equals.
func prototypesFromSample(ctx context.Context, r *rows, o *Options, penalty []float64, pass func()) (*solution, error) {
	part, passed := r, pass
	sample := cmp.Or(o.Sample, SampleRows(o.K))
	if sample < r.n {
		part, passed = r.take(newRandom(o.Seed, 0).sample(r.n, sample)), func() {}
	}
	found, errs := make([]*solution, o.Starts), make([]error, o.Starts)
	one := *o
	one.Workers = max(1, parallel.Workers(o.Workers)/o.Starts)
	parallel.For(parallel.Workers(o.Workers), o.Starts, func(i int) {
		start, err := drawPrototypes(ctx, part, o.K, penalty, newRandom(o.Seed, uint64(1+i)))
		if err == nil {
			found[i], err = iteratePrototypes(ctx, part, start, &one, passed)
		}
		errs[i] = err
	})
	for _, err := range errs {
		if few := new(TooFewDistinctError); sample < r.n && errors.As(err, &few) {
			all := *o
			all.Sample = r.n
			return prototypesFromSample(ctx, r, &all, penalty, pass)
		}
		if err != nil {
			return nil, err
		}
	}
	best := slices.MinFunc(found, func(a, b *solution) int { return cmp.Compare(a.Inertia, b.Inertia) })
	starts := make([]float64, len(found))
	for i, s := range found {
		starts[i] = s.Inertia
	}
	if sample < r.n {
		var err error
		from := &prototypes{best.centers, best.modes, penalty}
		if best, err = iteratePrototypes(ctx, r, from, o, pass); err != nil {
			return nil, err
		}
	}
	best.Sample, best.Starts = part.n, starts
	return best, nil
}

// drawPrototypes chooses k rows as greedy k-means++ does: the first by weight, each
// further one as the best of 2+⌊ln k⌋ rows drawn by weight times distance from the
// nearest so far.
func drawPrototypes(ctx context.Context, r *rows, k int, penalty []float64, random *random) (*prototypes, error) {
	p := &prototypes{penalty: penalty}
	near, weighed := make([]float64, r.n), make([]float64, r.n)
	tried, best := make([]float64, r.n), make([]float64, r.n)
	for i := range near {
		near[i] = math.Inf(1)
		weighed[i] = r.weightOf(i)
	}
	total, codes := r.total, make([][]int32, len(r.codes))
	for g := range k {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if total == 0 {
			return nil, &TooFewDistinctError{Distinct: g, K: k}
		}
		p.centers, p.modes = append(p.centers, make([]float64, r.d)...), append(p.modes, nil)
		trials := 1
		if g > 0 {
			trials += 1 + int(math.Log(float64(k)))
		}
		least, chosen := math.Inf(1), 0
		for range trials {
			row := random.weighted(weighed, total)
			p.set(g, r, row)
			sum := 0.0
			for b := range r.blockCount() {
				first, n := b*nearest.Block, r.inBlock(b)
				to := tried[first : first+n]
				p.distances(to, g, r.block(b), r.codesIn(codes, b))
				for i, x := range to {
					to[i] = min(x, near[first+i])
					sum = math.FMA(r.weightOf(first+i), to[i], sum)
				}
			}
			if sum < least {
				least, chosen = sum, row
				tried, best = best, tried
			}
		}
		p.set(g, r, chosen)
		near, best = best, near
		total = 0
		for i, x := range near {
			weighed[i] = float64(r.weightOf(i) * x)
			total += weighed[i]
		}
	}
	return p, nil
}

// set makes row i of r the prototype of group g.
func (p *prototypes) set(g int, r *rows, i int) {
	r.row(p.centers[g*r.d:][:r.d], i)
	modes := make([]int32, len(r.codes))
	for c, codes := range r.codes {
		modes[c] = codes[i]
	}
	p.modes[g] = modes
}
