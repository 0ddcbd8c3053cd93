package survival

import (
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/cholesky"

	"github.com/clientele-go/clientele/internal/gram"
	"github.com/clientele-go/clientele/internal/parallel"
)

// infer sets coefficients, standard errors and tests.
func (f *fitting) infer(m *Cox, l *likelihood, best *maximum, at0 *moments) {
	p, all := f.rows.p, len(f.terms)
	inverse := cholesky.Inverse(best.factor, p)
	unit := f.rows.unit
	for i := range inverse {
		if inverse[i] /= unit; best.lost {
			inverse[i] = math.NaN()
		}
	}
	covariance := inverse
	if f.o.Cluster != nil {
		covariance, m.report.Clusters = l.robust(inverse, f.o.Cluster)
	}
	r := &m.report
	r.LikelihoodRatio = newChiSquare(max(0, 2*(r.LogLikelihood-r.NullLogLikelihood)), p)
	r.Score = newChiSquare(unit*quadratic(at0.information, p, at0.gradient), p)
	r.Wald = newChiSquare(quadratic(covariance, p, best.b), p)
	m.covariance = make([]float64, all*all)
	for i := range m.terms {
		t := &m.terms[i]
		t.StdErr, t.ModelStdErr, t.Z, t.P = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	}
	for i, k := range f.kept {
		t := &m.terms[k]
		t.Coefficient = best.b[i] / t.Scale
		t.ModelStdErr = math.Sqrt(inverse[i*(p+1)] / t.Scale / t.Scale)
		t.StdErr = math.Sqrt(max(0, covariance[i*(p+1)]) / t.Scale / t.Scale)
		t.test()
		for j, q := range f.kept {
			x := covariance[i*p+j] / t.Scale / m.terms[q].Scale
			if i == j {
				x = max(0, x)
			}
			m.covariance[k*all+q] = x
		}
	}
}

// test sets Z and P.
func (t *Term) test() {
	t.Z = t.Coefficient / t.StdErr
	t.P = math.Erfc(math.Abs(t.Z) / math.Sqrt2)
}

// quadratic returns xᵀ·a⁻¹·x for a symmetric a of which the lower triangle is given, NaN if a is singular.
func quadratic(a []float64, p int, x []float64) float64 {
	factor, x := slices.Clone(a), slices.Clone(x)
	scale := make([]float64, p)
	for j := range p {
		scale[j] = a[j*(p+1)]
	}
	singular := false
	cholesky.Factor(factor, p, scale, 1e-13, func(int) { singular = true })
	if singular {
		return math.NaN()
	}
	cholesky.Forward(factor, p, x)
	return cholesky.Dot(x, x)
}

// robust returns the covariance Σ u·uᵀ over the clusters, where u is what a cluster moves the coefficients by, the
// inverse information times the sum of the score residuals of its rows, and the number of
// clusters. The score residual of a row is
//
//	w·(x - m) if it is an event, less Σ r·(x - m)·hazard over the slots in which it is at risk.
func (l *likelihood) robust(inverse []float64, cluster []int) (covariance []float64, clusters int) {
	l.firsts()
	r := l.rows
	p, slots := r.p, len(l.s0)
	index := map[int]int32{}
	of := make([]int32, r.n)
	for i, row := range r.timeline.rows {
		k, ok := index[cluster[row]]
		if !ok {
			k = int32(len(index))
			index[cluster[row]] = k
		}
		of[i] = k
	}
	clusters = len(index)
	hazard := l.hazard(nil)
	// Of each feature, the residuals summed by cluster.
	score := make([]float64, p*clusters)
	parallel.For(r.workers, p, func(j int) {
		to := score[j*clusters:][:clusters]
		mean, weighted := l.meanOf(j, slots)
		for i := range r.n {
			x := r.feature(i/gram.Block, j)[i%gram.Block]
			at := r.at[i]
			u := -float64(l.risk[i] * (float64(x*r.over(hazard, i)) - r.over(weighted, i)))
			if r.event[i] {
				u += float64(r.weight[i] * (x - mean[at]))
			}
			to[of[i]] += u
		}
	})
	meat := make([]float64, p*p)
	for i := range p {
		for j := range i + 1 {
			x := cholesky.Dot(score[i*clusters:][:clusters], score[j*clusters:][:clusters]) * r.unit * r.unit
			meat[i*p+j], meat[j*p+i] = x, x
		}
	}
	return multiply(multiply(inverse, meat, p), inverse, p), clusters
}

// meanOf returns of feature j the mean over the draws of each slot of what rows at risk have, and the running sum
// of the hazard times it.
func (l *likelihood) meanOf(j, slots int) (mean []float64, weighted *running) {
	mean = make([]float64, slots)
	weighted = l.rows.run(func(q int) (adds, less float64) {
		s1, d1 := l.s1[j*slots+q], 0.0
		if l.d1 != nil {
			d1 = l.d1[j*slots+q]
		}
		mean[q] = (float64(s1*l.e1[q]) - float64(d1*l.f1[q])) / l.rows.dead[q]
		return float64(s1*l.e2[q]) - float64(d1*l.f2[q]), float64(s1*l.f2[q]) - float64(d1*l.g2[q])
	})
	return mean, weighted
}

// multiply returns a·b.
func multiply(a, b []float64, p int) []float64 {
	c := make([]float64, p*p)
	for i := range p {
		for k := range p {
			for j := range p {
				c[i*p+j] += float64(a[i*p+k] * b[k*p+j])
			}
		}
	}
	return c
}
