package tree

import (
	"context"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// Fit grows a tree that tells the class of a row from its features. classes has a class
// for each row, 0 to MaxClasses-1.
//
// A question about a number column is "x <= c" with c halfway between two neighbouring
// values. One about a category is "x in S": with two classes S is the best of all sets of
// levels (levels in order of their share of one class, Breiman et al. section 4.2.2), and
// so with more classes up to 10 levels; beyond, it is the best of those that begin any of
// the orders of the levels by their share of one class. A node whose rows are all of one
// class asks nothing. One class in all gives a tree of one leaf.
//
// A fault of the table is a [*table.Fault], a wrong class, weight or length an error that
// wraps [ErrClass], [ErrWeight] or [ErrLength]; [ErrNoRows] if nothing has any weight.
// Columns may all be constant, or none.
//
// Cost: sorting each number column once, then for each node O(rows + classes) a number
// column, O(rows·classes) by Entropy or with any weights, and O(rows + levels·classes) a
// category column, with an order of the levels; with more than two classes
// O(levels·classes²) and an order for each class. Columns of large nodes, and small
// branches, run on all workers, which look at ctx once a column and once an order. Memory:
// 16 bytes for every number, for each worker 20 bytes a row and levels·classes floats, for
// every node 8 bytes a class, and 4 for each level on the side of a question that has fewer.
func Fit[K comparable](ctx context.Context, t *table.Table[K], classes []int32, opts *Options) (*Tree, error) {
	d, err := prepare(ctx, t, classes, opts, false)
	if err != nil {
		return nil, err
	}
	return d.tree(ctx)
}

// prepare checks the input of a fit and sorts it; rows by id where weights make sums
// depend on their order, or always.
func prepare[K comparable](ctx context.Context, t *table.Table[K], classes []int32, opts *Options, always bool) (*data, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if opts == nil {
		opts = &Options{}
	}
	d := &data{o: opts, workers: parallel.Workers(opts.Workers), columns: t.Columns, class: classes, weight: opts.Weights}
	k, err := countClasses(classes, d.weight, t.Rows())
	if err != nil {
		return nil, err
	}
	d.k = k
	d.measure = measure{criterion: opts.Criterion}
	if opts.ClassWeights != nil {
		if len(opts.ClassWeights) < k {
			return nil, fmt.Errorf("%w: %d class weights for %d classes", ErrLength, len(opts.ClassWeights), k)
		}
		d.factor = slices.Clone(opts.ClassWeights)
	}
	for row := range classes {
		if d.weightOf(int32(row)) > 0 {
			d.rows = append(d.rows, int32(row))
		}
	}
	if len(d.rows) == 0 {
		return nil, ErrNoRows
	}
	if (always || d.weight != nil) && ordered(t) {
		slices.SortFunc(d.rows, func(a, b int32) int { return t.Compare(t.IDs[a], t.IDs[b]) })
	}
	weights := make([]float64, k)
	for _, row := range d.rows {
		weights[classes[row]] += d.weightOf(row)
	}
	if all := d.measure.tally(weights); unusable(all.plain) || unusable(all.sum) {
		return nil, errSum
	}
	return d, d.sort(ctx)
}

// errSum is the error of weights that are unusable together.
var errSum = fmt.Errorf("%w: their sum, or that times class weights, is below 1e-280 or above 6e153", ErrWeight)

// ordered reports whether rows have ids that compare.
func ordered[K comparable](t *table.Table[K]) bool { return t.IDs != nil && t.Compare != nil }

// countClasses checks classes and weights of n rows and returns the number of classes.
func countClasses(classes []int32, weights []float64, n int) (int, error) {
	if len(classes) != n {
		return 0, fmt.Errorf("%w: %d classes for %d rows", ErrLength, len(classes), n)
	}
	if weights != nil && len(weights) != n {
		return 0, fmt.Errorf("%w: %d weights for %d rows", ErrLength, len(weights), n)
	}
	k := 0
	for row, c := range classes {
		if c < 0 || c >= MaxClasses {
			return 0, fmt.Errorf("%w: row %d", ErrClass, row)
		}
		k = max(k, int(c)+1)
	}
	return k, nil
}

// tree grows the tree of d, which it uses up.
func (d *data) tree(ctx context.Context) (*Tree, error) {
	t := &Tree{classes: d.k, measure: d.measure, smoothing: d.o.Smoothing, columns: make(feature.Columns, len(d.columns))}
	for i := range d.columns {
		c := &d.columns[i]
		t.columns[i] = feature.New(c.Name, c.Kind, slices.Clone(c.Levels))
	}
	var err error
	if t.nodes, err = d.grow(ctx); err != nil {
		return nil, err
	}
	t.index()
	return t, nil
}
