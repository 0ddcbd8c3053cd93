package cluster

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/parallel"
)

// gapStream is the first of the streams of random numbers that references take.
const gapStream = 1 << 34

// gap is the gap statistic of one k: how much smaller the logarithm of the inertia is
// than among rows without groups, and its error.
type gap struct{ value, err float64 }

// gapStatistics are those of each of ks (Tibshirani, Walther and Hastie 2001): the rows,
// and references uniform in the box along the principal components of the rows, as many
// rows each, are fitted with the same options. NaN where there is no inertia.
func gapStatistics(ctx context.Context, r *rows, o *Options, ks []int, references, size int, done func()) ([]gap, error) {
	if size < r.n {
		r = r.take(newRandom(o.Seed, gapStream).sample(r.n, size))
	}
	box := newPrincipalBox(r)
	logs := make([][]float64, references+1) // of the rows, then of each reference
	errs := make([]error, len(logs))
	parallel.For(parallel.Workers(o.Workers), len(logs), func(b int) {
		random := newRandom(o.Seed, gapStream+1+uint64(b))
		fit := *o
		fit.Seed, fit.Workers = random.source.Uint64(), 1
		data := r
		if b > 0 {
			data = box.draw(r.n, random)
		}
		parts, err := solveEach(ctx, data, &fit, ks)
		logs[b], errs[b] = make([]float64, len(ks)), err
		for i, part := range parts {
			logs[b][i] = math.Log(part.inertia / data.total)
		}
		done()
	})
	if err := firstError(errs); err != nil {
		return nil, err
	}
	gaps := make([]gap, len(ks))
	among := make([]float64, references)
	for i := range ks {
		for b := range among {
			among[b] = logs[b+1][i]
		}
		mean, deviation := stat.PopMeanStdDev(among, nil)
		gaps[i] = gap{mean - logs[0][i], deviation * math.Sqrt(1+1/float64(references))}
		if math.IsInf(logs[0][i], 0) || math.IsNaN(gaps[i].value) {
			gaps[i] = gap{math.NaN(), math.NaN()}
		}
	}
	return gaps, nil
}

// principalBox is the smallest box along the principal components that holds all rows.
type principalBox struct {
	axes      *mat.Dense // a column an axis
	low, high []float64
}

func newPrincipalBox(r *rows) *principalBox {
	x := mat.NewDense(r.n, r.d, nil)
	for i := range r.n {
		r.row(x.RawRowView(i), i)
	}
	var covariance mat.SymDense
	stat.CovarianceMatrix(&covariance, x, r.evenWeights())
	var eigen mat.EigenSym
	box := &principalBox{axes: mat.NewDense(r.d, r.d, nil), low: make([]float64, r.d), high: make([]float64, r.d)}
	if eigen.Factorize(&covariance, true) {
		eigen.VectorsTo(box.axes)
	} else { // does not converge: along the features
		for j := range r.d {
			box.axes.Set(j, j, 1)
		}
	}
	var along mat.Dense
	along.Mul(x, box.axes)
	for j := range r.d {
		box.low[j], box.high[j] = math.Inf(1), math.Inf(-1)
		for i := range r.n {
			v := along.At(i, j)
			box.low[j], box.high[j] = min(box.low[j], v), max(box.high[j], v)
		}
	}
	return box
}

// draw returns n rows uniform in the box.
func (b *principalBox) draw(n int, random *random) *rows {
	d := len(b.low)
	along := mat.NewVecDense(d, nil)
	var x mat.VecDense
	r := newRows(n, d)
	for i := range n {
		for j := range d {
			along.SetVec(j, b.low[j]+random.float()*(b.high[j]-b.low[j]))
		}
		x.MulVec(b.axes, along)
		for j, v := range x.RawVector().Data {
			r.block(i / nearest.Block)[j*nearest.Block+i%nearest.Block] = v
		}
	}
	return r
}

// evenWeights are the weights in proportion, 1 on average; nil: 1 each.
func (r *rows) evenWeights() []float64 {
	if r.weight == nil {
		return nil
	}
	even := make([]float64, r.n)
	for i, w := range r.weight {
		even[i] = w / r.total * float64(r.n)
	}
	return even
}
