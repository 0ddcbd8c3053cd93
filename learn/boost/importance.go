package boost

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// Importance returns for each of Columns its share of what all questions gained in the fit;
// all 0 if there is no question. Cost: O(nodes).
func (m *Model) Importance() []float64 {
	gains, sum := make([]float64, len(m.columns)), 0.0
	for i := range m.nodes {
		if n := &m.nodes[i]; !m.isLeaf(int32(i)) {
			gains[n.column] += m.facts[i].gain
			sum += m.facts[i].gain
		}
	}
	for i := range gains {
		if sum > 0 {
			gains[i] /= sum
		}
	}
	return gains
}

// PermutationOptions say how Permutation measures. A plain value: safe for concurrent reads.
type PermutationOptions struct {
	// Repeats is the number of permutations of each column. 0: 5.
	Repeats int
	// Weights has one weight for each row, at least 0 and not all 0: a row of weight 2 counts as
	// two equal rows, on average over permutations. Nil: 1 each.
	Weights []float64
	// Seed is of the permutations. 0: DefaultSeed.
	Seed uint64
	// Workers is the number of goroutines. 0: GOMAXPROCS. The result does not depend on it.
	Workers int
}

// Validate reports every fault of the options at once, each wrapping [ErrOptions] or, of a weight, [ErrWeight]. Nil options are
// valid.
func (o *PermutationOptions) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	if o.Repeats < 0 {
		faults = append(faults, fmt.Errorf("%w: PermutationOptions.Repeats is negative", ErrOptions))
	}
	if o.Workers < 0 {
		faults = append(faults, fmt.Errorf("%w: PermutationOptions.Workers is negative", ErrOptions))
	}
	return errors.Join(append(faults, validWeights(o.Weights))...)
}

// Increase is by how much the loss rises when a column is shuffled. A plain value: safe for
// concurrent reads.
type Increase struct {
	Column string
	Mean   float64 // of the mean log loss, over the permutations; at or below 0: of no use
	SD     float64 // between permutations; NaN of one
}

// Permutation returns for each of the columns of a model of Fit by how much the mean log loss
// over rows rises when the values of the column are permuted among them (Breiman 2001, section
// 10). Rows that the fit has not seen tell what the column is worth; rows of the fit tell what
// the model makes of it. The permutations are of the rows by id where ids compare. A model whose
// scores are not log-odds is an error; other errors are those of Scores, and wrap [ErrLength],
// [ErrWeight] or [ErrNoRows]. Cost: that of Scores,
// times repeats and columns that the model asks about.
func Permutation[K comparable](ctx context.Context, m *Model, t *table.Table[K], labels []bool, opts *PermutationOptions) ([]Increase, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if !m.logistic {
		return nil, errors.New("boost: Permutation of a model whose scores are not log-odds")
	}
	o := PermutationOptions{}
	if opts != nil {
		o = *opts
	}
	if o.Repeats == 0 {
		o.Repeats = 5
	}
	if o.Seed == 0 {
		o.Seed = DefaultSeed
	}
	columns, err := bind(m, t)
	if err != nil {
		return nil, err
	}
	n := t.Rows()
	if len(labels) != n || o.Weights != nil && len(o.Weights) != n {
		return nil, fmt.Errorf("%w: %d rows, %d labels, %d weights", ErrLength, n, len(labels), len(o.Weights))
	}
	rows := &rowsOf{target: targetOf(labels), weight: o.Weights, n: n}
	for i := range columns {
		rows.columns = append(rows.columns, columns[i].Column)
	}
	order := weighted(o.Weights, n)
	if len(order) == 0 {
		return nil, ErrNoRows
	}
	if t.IDs != nil && t.Compare != nil {
		slices.SortFunc(order, func(a, b int32) int { return t.Compare(t.IDs[a], t.IDs[b]) })
	}
	rows.take(order)
	rows.n = len(order)
	if err := rows.weigh(); err != nil {
		return nil, err
	}
	for i := range columns {
		columns[i].Column = rows.columns[i]
	}
	p := &permuting{m: m, columns: columns, rows: rows}
	return p.run(ctx, &o)
}

// permuting is Permutation on its way.
type permuting struct {
	m       *Model
	columns feature.Rows
	rows    *rowsOf
	raw     []float64 // scores with nothing permuted
}

func (p *permuting) run(ctx context.Context, o *PermutationOptions) ([]Increase, error) {
	workers := parallel.Workers(o.Workers)
	asked := make([]bool, len(p.columns))
	for i := range p.m.nodes {
		if n := &p.m.nodes[i]; !p.m.isLeaf(int32(i)) {
			asked[n.column] = true
		}
	}
	p.raw = p.scores(len(p.columns), nil)
	rises := make([]float64, len(p.columns)*o.Repeats)
	parallel.For(workers, len(rises), func(task int) {
		if column := task / o.Repeats; ctx.Err() == nil && asked[column] {
			rises[task] = p.rise(column, rand.New(rand.NewPCG(o.Seed, streamPermutation+uint64(task)<<8)).Perm(p.rows.n))
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	found := make([]Increase, len(p.columns))
	for i := range found {
		found[i] = Increase{Column: p.columns[i].Name, SD: math.NaN()}
		sum, squares := 0.0, 0.0
		for _, rise := range rises[i*o.Repeats : (i+1)*o.Repeats] {
			sum += rise
			squares += rise * rise
		}
		k := float64(o.Repeats)
		if found[i].Mean = sum / k; o.Repeats > 1 {
			found[i].SD = math.Sqrt(max(0, squares-sum*sum/k) / (k - 1))
		}
	}
	return found, nil
}

// rise returns by how much the mean loss is above what it was with the values of a column in another
// order. A row with the value of another stands for as many as the product of their weights: so
// many pairs there are of their copies, were weights copies.
func (p *permuting) rise(column int, order []int) float64 {
	pairs := &rowsOf{n: p.rows.n, total: p.rows.total}
	if p.rows.weight != nil {
		pairs.weight, pairs.total = make([]float64, pairs.n), 0
		one := p.rows.total / float64(pairs.n)
		for row, other := range order {
			w := p.rows.weight[row] / one * (p.rows.weight[other] / one)
			pairs.weight[row] = w
			pairs.total += w
		}
		if pairs.total == 0 {
			return 0
		}
	}
	loss := func(raw []float64) float64 {
		return meanLoss(nil, pairs, func(weight []float64, lo, hi int) float64 {
			return Logistic{}.Loss(raw[lo:hi], p.rows.target[lo:hi], weight)
		})
	}
	return loss(p.scores(column, order)) - loss(p.raw)
}

// scores returns scores with the values of a column in another order; beyond the last column, as they are.
func (p *permuting) scores(column int, order []int) []float64 {
	n, width := p.rows.n, len(p.columns)
	raw, rows := make([]float64, n), make([]float64, chunkRows*width)
	for lo := 0; lo < n; lo += chunkRows {
		hi := min(lo+chunkRows, n)
		p.columns.Fill(rows, lo, hi)
		for row := lo; row < hi && column < width; row++ {
			rows[(row-lo)*width+column] = p.columns[column].At(order[row])
		}
		p.m.scores(raw[lo:hi], rows)
	}
	return raw
}
