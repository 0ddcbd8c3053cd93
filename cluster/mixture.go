package cluster

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/internal/nearest"
)

// Properties of the fit of a mixture.
const (
	// mixtureRidge times the variance of a feature is added to its variance within each
	// part, so that no part collapses onto a few rows or a feature that is constant there.
	mixtureRidge = 1e-6
	// mixtureLost is the share of the weight below which a part is lost: it keeps its mean
	// and covariance, has share 0 from then on and gets no row.
	mixtureLost = 1e-12
)

// mixture is what a Mixture model has beside its means, the centres: K normal
// distributions with shares.
type mixture struct {
	Covariance Covariance `json:"covariance"`
	// Weights has the share of each part; they sum to 1.
	Weights []float64 `json:"weights"`
	// Covariances has those of each part, the ridge included. FullCovariance: the lower
	// triangle, row after row, d(d+1)/2 numbers. DiagonalCovariance: the d variances.
	Covariances [][]float64 `json:"covariances"`

	// means has the d numbers of each part, which are the centres of the model.
	means []float64
	// whiten has the inverse of the Cholesky factor of each covariance, in the same form:
	// the squared Mahalanobis distance is the squared length of whiten·(x-mean).
	whiten [][]float64
	// base has ln(weight·density at the mean) of each part.
	base []float64
}

// validate returns an error if m is not that of k parts of d numbers. It completes a
// mixture that has been read, but for means, and must be called before any other method.
func (m *mixture) validate(k, d int) error {
	size := covarianceSize(m.Covariance, d)
	switch {
	case m.Covariance != FullCovariance && m.Covariance != DiagonalCovariance:
		return fmt.Errorf("mixture has unknown covariance %d", m.Covariance)
	case len(m.Weights) != k || len(m.Covariances) != k:
		return fmt.Errorf("mixture has %d weights and %d covariances for %d parts", len(m.Weights), len(m.Covariances), k)
	}
	sum := 0.0
	for g, w := range m.Weights {
		if !(w >= 0 && w <= 1) {
			return fmt.Errorf("mixture part %d has a weight outside [0, 1]", g)
		}
		sum += w
	}
	if math.Abs(sum-1) > 1e-9 {
		return errors.New("mixture weights do not sum to 1")
	}
	m.whiten, m.base = make([][]float64, k), make([]float64, k)
	for g, c := range m.Covariances {
		if len(c) != size {
			return fmt.Errorf("mixture part %d has %d covariances, not %d", g, len(c), size)
		}
		if !m.complete(g, d) {
			return fmt.Errorf("mixture part %d has a covariance that is not positive definite", g)
		}
	}
	return nil
}

// complete sets whiten and base of part g from its covariance, and reports false if that
// is not positive definite.
func (m *mixture) complete(g, d int) bool {
	whiten := make([]float64, len(m.Covariances[g]))
	logDet, ok := 0.0, true
	if m.Covariance == FullCovariance {
		logDet, ok = invertCholesky(whiten, m.Covariances[g], d)
	} else {
		for j, v := range m.Covariances[g] {
			whiten[j] = 1 / math.Sqrt(v)
			logDet += math.Log(whiten[j])
			ok = ok && v > 0
		}
	}
	m.whiten[g] = whiten
	m.base[g] = math.Log(m.Weights[g]) + logDet - float64(d)*math.Log(2*math.Pi)/2
	return ok && !math.IsNaN(logDet) && !math.IsInf(logDet, 0)
}

// covarianceSize returns the numbers that the covariance of d features takes.
func covarianceSize(c Covariance, d int) int {
	if c == FullCovariance {
		return d * (d + 1) / 2
	}
	return d
}

// invertCholesky sets dst to W, the inverse of the lower triangular L with LLᵀ = a, and
// returns ln det W, or false if a is not positive definite. The lower triangles are
// stored row after row.
func invertCholesky(dst, a []float64, d int) (float64, bool) {
	factor := make([]float64, len(a))
	at := func(i, j int) int { return i*(i+1)/2 + j }
	logDet := 0.0
	for i := range d {
		for j := range i + 1 {
			s := a[at(i, j)]
			for m := range j {
				s = math.FMA(-factor[at(i, m)], factor[at(j, m)], s)
			}
			if i > j {
				factor[at(i, j)] = s / factor[at(j, j)]
				continue
			}
			if !(s > 0) {
				return 0, false
			}
			factor[at(i, i)] = math.Sqrt(s)
			logDet -= math.Log(factor[at(i, i)])
		}
	}
	for i := range d {
		for j := range i {
			s := 0.0
			for m := j; m < i; m++ {
				s = math.FMA(factor[at(i, m)], dst[at(m, j)], s)
			}
			dst[at(i, j)] = -s / factor[at(i, i)]
		}
		dst[at(i, i)] = 1 / factor[at(i, i)]
	}
	return logDet, true
}

// parameters returns the number of free parameters of k parts of d numbers.
func (m *mixture) parameters(d int) int {
	k := len(m.Weights)
	return k - 1 + k*d + k*covarianceSize(m.Covariance, d)
}

// reorder makes part order[g] part g. It does not change the slices that m shares with
// others.
func (m *mixture) reorder(order []int) {
	m.Weights = permuted(m.Weights, order, 1)
	m.means = permuted(m.means, order, len(m.means)/len(order))
	m.base = permuted(m.base, order, 1)
	covariances, whiten := m.Covariances, m.whiten
	m.Covariances, m.whiten = make([][]float64, len(order)), make([][]float64, len(order))
	for to, from := range order {
		m.Covariances[to], m.whiten[to] = covariances[from], whiten[from]
	}
}

// memberships sets dst[g] to the posterior of each part g for a row, and returns the part
// for which it is largest, of equal ones the first, and the squared Mahalanobis distance
// to it.
func (m *mixture) memberships(dst, x []float64) (label int32, dist float64) {
	best := math.Inf(-1)
	for g := range dst {
		squared := m.mahalanobis(g, x)
		dst[g] = m.base[g] - squared/2
		if dst[g] > best {
			label, dist, best = int32(g), squared, dst[g]
		}
	}
	sum := 0.0
	for g, v := range dst {
		dst[g] = expNegative(v - best)
		sum += dst[g]
	}
	for g := range dst {
		dst[g] /= sum
	}
	return label, dist
}

// mahalanobis returns the squared Mahalanobis distance of a row to part g, no more than
// MaxFloat64.
func (m *mixture) mahalanobis(g int, x []float64) float64 {
	mean, whiten := m.means[g*len(x):][:len(x)], m.whiten[g]
	squared := 0.0
	for i := range x {
		if m.Covariance == DiagonalCovariance {
			y := whiten[i] * (x[i] - mean[i])
			squared += float64(y * y)
			continue
		}
		y := 0.0
		for j, w := range whiten[:i+1] {
			y += float64(w * (x[j] - mean[j]))
		}
		whiten = whiten[i+1:]
		squared += float64(y * y)
	}
	return capped(squared)
}

// capped returns x, which is not negative, or MaxFloat64 if x has overflowed.
func capped(x float64) float64 {
	if x <= math.MaxFloat64 {
		return x
	}
	return math.MaxFloat64
}

// mixtureBlock has room for what a block of rows needs: k times Block numbers.
type mixtureBlock struct {
	squared []float64 // squared Mahalanobis distances to each part
	share   []float64 // posteriors
	shifted []float64 // d times Block: rows minus a mean
	y       [nearest.Block]float64
	best    [nearest.Block]float64 // ln(weight·density) of the likeliest part
	sum     [nearest.Block]float64 // density of all parts, divided by that of the likeliest
}

func newMixtureBlock(k, d int) *mixtureBlock {
	return &mixtureBlock{
		squared: make([]float64, k*nearest.Block),
		share:   make([]float64, k*nearest.Block),
		shifted: make([]float64, d*nearest.Block),
	}
}

// expect sets label and dist as memberships returns them, for the first len(label) rows of
// a block. The squared distances to all parts and best stay in w.
func (m *mixture) expect(label []int32, dist, block []float64, w *mixtureBlock) {
	n := len(label)
	best := w.best[:n]
	for i := range best {
		best[i], label[i] = math.Inf(-1), 0
	}
	for g := range m.whiten {
		squared := w.squared[g*nearest.Block:][:n]
		m.mahalanobisBlock(squared, g, block, w)
		base := m.base[g]
		for i, s := range squared {
			if v := base - s/2; v > best[i] {
				best[i], label[i], dist[i] = v, int32(g), s
			}
		}
	}
}

// shares sets w.share to the posteriors of the first n rows of a block, part after part.
// expect must have filled w.
func (m *mixture) shares(n int, w *mixtureBlock) {
	best, sum := w.best[:n], w.sum[:n]
	clear(sum)
	for g, base := range m.base {
		share := w.share[g*nearest.Block:][:n]
		for i, s := range w.squared[g*nearest.Block:][:n] {
			share[i] = expNegative(base - s/2 - best[i])
			sum[i] += share[i]
		}
	}
	for g := range m.base {
		share := w.share[g*nearest.Block:][:n]
		for i, s := range sum {
			share[i] /= s
		}
	}
}

// mahalanobisBlock is mahalanobis for the first len(dst) rows of a block.
func (m *mixture) mahalanobisBlock(dst []float64, g int, block []float64, w *mixtureBlock) {
	n, d := len(dst), len(w.shifted)/nearest.Block
	shifted := func(j int) []float64 { return w.shifted[j*nearest.Block:][:n] }
	for j, c := range m.means[g*d:][:d] {
		t := shifted(j)
		for i, x := range block[j*nearest.Block:][:n] {
			t[i] = x - c
		}
	}
	clear(dst)
	whiten, y := m.whiten[g], w.y[:n]
	for j := range d {
		if m.Covariance == DiagonalCovariance {
			for i, t := range shifted(j) {
				v := whiten[j] * t
				dst[i] += float64(v * v)
			}
			continue
		}
		clear(y)
		l := 0
		for ; l+4 <= j+1; l += 4 {
			w0, w1, w2, w3 := whiten[l], whiten[l+1], whiten[l+2], whiten[l+3]
			t0, t1, t2, t3 := shifted(l), shifted(l+1), shifted(l+2), shifted(l+3)
			for i, v := range y {
				y[i] = v + float64(w0*t0[i]) + float64(w1*t1[i]) + float64(w2*t2[i]) + float64(w3*t3[i])
			}
		}
		for ; l <= j; l++ {
			for i, t := range shifted(l) {
				y[i] += float64(whiten[l] * t)
			}
		}
		whiten = whiten[j+1:]
		for i, v := range y {
			dst[i] += float64(v * v)
		}
	}
	for i, s := range dst {
		dst[i] = capped(s)
	}
}

// expNegative returns e^x for x <= 0, within 1 unit in the last place, and 0 below -708.
// math.Exp does not give the same bits on every processor.
func expNegative(x float64) float64 {
	if !(x >= -708) {
		return 0
	}
	const round = 3 << 51 // numbers of this size have no fraction
	n := x*math.Log2E + round - round
	r := math.FMA(n, -0x1.62e42fefap-1, x)
	r = math.FMA(n, -0x1.cf79abc9e3b39p-40, r)
	s := 1.0 / 6227020800 // 1/13!
	s = math.FMA(s, r, 1.0/479001600)
	s = math.FMA(s, r, 1.0/39916800)
	s = math.FMA(s, r, 1.0/3628800)
	s = math.FMA(s, r, 1.0/362880)
	s = math.FMA(s, r, 1.0/40320)
	s = math.FMA(s, r, 1.0/5040)
	s = math.FMA(s, r, 1.0/720)
	s = math.FMA(s, r, 1.0/120)
	s = math.FMA(s, r, 1.0/24)
	s = math.FMA(s, r, 1.0/6)
	s = math.FMA(s, r, 1.0/2)
	s = math.FMA(s, r, 1)
	s = math.FMA(s, r, 1)
	return s * math.Float64frombits(uint64(1023+int64(n))<<52)
}

func solveMixture(ctx context.Context, r *rows, o *Options) (*solution, error) {
	start := *o
	start.Method = KMeans
	passes := int64(0)
	if o.Progress != nil {
		start.Progress = func(done, total int64) {
			passes = done
			o.Progress(done, total)
		}
	}
	first, err := solveKMeans(ctx, r, &start)
	if err != nil {
		return nil, err
	}
	_, variance, err := columnMoments(ctx, r, o.Workers)
	if err != nil {
		return nil, err
	}
	e := newExpectation(ctx, r, o, first.centers, variance, ridgeOf(variance))
	e.done = passes
	s, err := e.solve(first.label)
	if err != nil {
		return nil, err
	}
	s.Sample, s.Starts, s.Repaired = first.Sample, first.Starts, first.Repaired
	return s, nil
}

// ridgeOf returns what is added to the variance of each feature: mixtureRidge times its
// variance, for a constant feature the mean variance, and 1 if all are constant.
func ridgeOf(variance []float64) []float64 {
	mean := 0.0
	for _, v := range variance {
		mean += v / float64(len(variance))
	}
	if mean == 0 {
		mean = 1
	}
	ridge := make([]float64, len(variance))
	for j, v := range variance {
		if v == 0 {
			v = mean
		}
		ridge[j] = mixtureRidge * v
	}
	return ridge
}
