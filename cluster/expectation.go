package cluster

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/nearest"
)

// expectation is a run of expectation maximisation (Dempster, Laird and Rubin 1977).
type expectation struct {
	ctx     context.Context
	r       *rows
	o       *Options
	k, size int       // parts; numbers of a covariance
	ridge   []float64 // added to the variance of each feature
	done    int64     // passes that came before, for Progress

	mixture *mixture
	label   []int32
	dist    []float64
}

// newExpectation returns a run in which parts that no row belongs to at the start lie at
// centers and are as wide as all rows.
func newExpectation(ctx context.Context, r *rows, o *Options, centers, variance, ridge []float64) *expectation {
	k, size := o.K, covarianceSize(o.Covariance, r.d)
	e := &expectation{
		ctx: ctx, r: r, o: o, k: k, size: size, ridge: ridge,
		label: make([]int32, r.n), dist: make([]float64, r.n),
		mixture: &mixture{Covariance: o.Covariance, Covariances: make([][]float64, k), means: centers},
	}
	for g := range k {
		c := make([]float64, size)
		for j, v := range variance {
			c[covarianceDiagonal(o.Covariance, j)] = v + ridge[j]
		}
		e.mixture.Covariances[g] = c
	}
	return e
}

// covarianceDiagonal returns where the variance of feature j is in a covariance.
func covarianceDiagonal(c Covariance, j int) int {
	if c == FullCovariance {
		return j * (j + 3) / 2
	}
	return j
}

// solve runs from the parts that rows have labels of until the mean log-likelihood grows
// by less than the tolerance.
func (e *expectation) solve(labels []int32) (*solution, error) {
	sums, err := e.pass(labels)
	if err != nil {
		return nil, err
	}
	s := &solution{k: e.k, cutoff: math.Inf(1)}
	last := math.Inf(-1)
	for {
		if err = e.maximise(sums); err != nil {
			return nil, err
		}
		if sums, err = e.pass(nil); err != nil {
			return nil, err
		}
		s.Iterations++
		mean := sums.likelihood / e.r.total
		s.History = append(s.History, mean)
		if e.o.Progress != nil {
			e.o.Progress(e.done+int64(s.Iterations), -1)
		}
		grown := mean - last
		last = mean
		if grown < e.o.Tolerance || grown <= 0 {
			s.Stop = StopTolerance
			break
		}
		if s.Iterations >= e.o.MaxIterations {
			s.Stop = StopCap
			break
		}
	}
	s.centers, s.mixture, s.label, s.dist = e.mixture.means, e.mixture, e.label, e.dist
	s.Inertia = sums.inertia
	s.Likelihood = sums.likelihood
	s.BIC = -2*sums.likelihood + float64(e.mixture.parameters(e.r.d))*math.Log(e.r.total)
	return s, nil
}

// mixtureSums are what the rows of a block, a chunk or all blocks add to each part.
type mixtureSums struct {
	weight     []float64
	mean       []float64 // d for each part
	scatter    []float64 // sums of products of deviations from mean, as covariances are stored
	likelihood float64
	inertia    float64
	lone, lean []float64 // of a block: mean and scatter of one part
	by         []float64 // d times Block: deviations times weights
	*mixtureBlock
}

func (e *expectation) newSums() *mixtureSums {
	d := e.r.d
	return &mixtureSums{
		weight: make([]float64, e.k), mean: make([]float64, e.k*d), scatter: make([]float64, e.k*e.size),
		lone: make([]float64, d), lean: make([]float64, e.size),
		by:           make([]float64, d*nearest.Block),
		mixtureBlock: newMixtureBlock(e.k, d),
	}
}

func (s *mixtureSums) reset() {
	clear(s.weight)
	clear(s.mean)
	clear(s.scatter)
	s.likelihood, s.inertia = 0, 0
}

// pass labels all rows and returns the sums that their posteriors weigh; with labels not
// nil those are 1 and 0, and rows are not labelled.
func (e *expectation) pass(labels []int32) (*mixtureSums, error) {
	total := e.newSums()
	err := sumChunks(e.ctx, e.r, e.o.Workers, e.newSums,
		func(s *mixtureSums, lo, hi int) {
			s.reset()
			for b := lo; b < hi; b++ {
				first, n := b*nearest.Block, e.r.inBlock(b)
				if labels == nil {
					e.expect(s, b, first, n)
				} else {
					clear(s.share)
					for i, g := range labels[first : first+n] {
						s.share[int(g)*nearest.Block+i] = e.r.weightOf(first + i)
					}
				}
				for g := range e.k {
					e.gather(s, g, b, n)
				}
			}
		},
		func(s *mixtureSums) {
			for g := range e.k {
				total.join(g, s.weight[g], s.mean[g*e.r.d:][:e.r.d], s.scatter[g*e.size:][:e.size], e.o.Covariance)
			}
			total.likelihood += s.likelihood
			total.inertia += s.inertia
		})
	return total, err
}

// expect labels the n rows of block b, of which first is the first, and sets s.share to
// their weighted posteriors.
func (e *expectation) expect(s *mixtureSums, b, first, n int) {
	label, dist := e.label[first:first+n], e.dist[first:first+n]
	e.mixture.expect(label, dist, e.r.block(b), s.mixtureBlock)
	e.mixture.shares(n, s.mixtureBlock)
	for i := range n {
		w := e.r.weightOf(first + i)
		s.likelihood = math.FMA(w, s.best[i]+math.Log(s.sum[i]), s.likelihood)
		s.inertia = math.FMA(w, dist[i], s.inertia)
	}
	if e.r.weight == nil {
		return
	}
	for g := range e.k {
		share := s.share[g*nearest.Block:][:n]
		for i := range share {
			share[i] *= e.r.weight[first+i]
		}
	}
}

// gather adds the n rows of block b to part g, each as often as s.share says.
func (e *expectation) gather(s *mixtureSums, g, b, n int) {
	share := s.share[g*nearest.Block:][:n]
	weight := 0.0
	for _, w := range share {
		weight += w
	}
	if weight == 0 {
		return
	}
	d, block := e.r.d, e.r.block(b)
	for j := range d {
		x, shifted, by := block[j*nearest.Block:][:n], s.shifted[j*nearest.Block:][:n], s.by[j*nearest.Block:][:n]
		origin := e.mixture.means[g*d+j]
		for i, v := range x {
			shifted[i] = v - origin
		}
		mean := dot(share, shifted) / weight
		for i, t := range shifted {
			shifted[i] = t - mean
			by[i] = shifted[i] * share[i]
		}
		s.lone[j] = origin + mean
		if e.o.Covariance == DiagonalCovariance {
			s.lean[j] = dot(by, shifted)
			continue
		}
		for l := range j + 1 {
			s.lean[j*(j+1)/2+l] = dot(by, s.shifted[l*nearest.Block:][:n])
		}
	}
	s.join(g, weight, s.lone, s.lean, e.o.Covariance)
}

// join adds to part g rows of the given weight, mean and scatter, as moments.join does.
func (s *mixtureSums) join(g int, weight float64, mean, scatter []float64, c Covariance) {
	if weight == 0 {
		return
	}
	d := len(mean)
	old := s.weight[g]
	s.weight[g] += weight
	share := weight / s.weight[g]
	at := s.mean[g*d:][:d]
	sum := s.scatter[g*len(scatter):][:len(scatter)]
	i := 0
	for j := range d {
		delta := mean[j] - at[j]
		by := delta * old * share
		if c == DiagonalCovariance {
			sum[j] += math.FMA(by, delta, scatter[j])
			continue
		}
		for l := range j + 1 {
			sum[i] += math.FMA(by, mean[l]-at[l], scatter[i])
			i++
		}
	}
	for j := range d {
		at[j] = math.FMA(mean[j]-at[j], share, at[j])
	}
}

// maximise makes the sums the new parts. A covariance that is not positive definite for
// all its ridge, by rounding, gets ten times as much until it is.
func (e *expectation) maximise(s *mixtureSums) error {
	d, last := e.r.d, e.mixture
	m := &mixture{
		Covariance: last.Covariance, Weights: make([]float64, e.k), Covariances: make([][]float64, e.k),
		means: slices.Clone(last.means), whiten: make([][]float64, e.k), base: make([]float64, e.k),
	}
	total := 0.0
	for _, w := range s.weight {
		total += w
	}
	kept := 0.0
	for _, w := range s.weight {
		if w > mixtureLost*total {
			kept += w
		}
	}
	for g, w := range s.weight {
		if w <= mixtureLost*total {
			m.Covariances[g] = last.Covariances[g]
			m.complete(g, d)
			continue
		}
		m.Weights[g] = w / kept
		copy(m.means[g*d:][:d], s.mean[g*d:])
		c := make([]float64, e.size)
		for i, v := range s.scatter[g*e.size:][:e.size] {
			c[i] = v / w
		}
		m.Covariances[g] = c
		for times := 1.0; ; times *= 10 {
			for j, v := range e.ridge {
				c[covarianceDiagonal(m.Covariance, j)] += times * v
			}
			if m.complete(g, d) {
				break
			}
			if times > 1e12 {
				return fmt.Errorf("cluster: part %d of the mixture has no positive definite covariance; scale the columns", g)
			}
		}
	}
	e.mixture = m
	return nil
}

// dot returns the inner product of equally long a and b. The conversions forbid fusing,
// which not every processor does.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	for len(a) >= 4 && len(b) >= 4 {
		s0 += float64(a[0] * b[0])
		s1 += float64(a[1] * b[1])
		s2 += float64(a[2] * b[2])
		s3 += float64(a[3] * b[3])
		a, b = a[4:], b[4:]
	}
	for i, x := range a {
		s0 += float64(x * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}
