package tree

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/internal/radix"
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
// wraps [ErrClass], [ErrWeight] or [ErrLength]; [ErrEmpty] if nothing has any weight.
// Columns may all be constant, or none.
//
// Cost: sorting each number column once, then for each node O(rows + classes) a number
// column and O(rows + levels·classes) a category column, with an order of the levels; with
// more than two classes O(levels·classes²) and an order for each class. All that runs on
// all workers, which look at ctx once a column and once an order. Memory: 16 bytes for
// every number, 8 bytes a class for every node, and levels·classes floats while a category
// column is looked at.
func Fit[K comparable](ctx context.Context, t *table.Table[K], classes []int32, opts *Options) (*Tree, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if opts == nil {
		opts = &Options{}
	}
	n := t.Rows()
	if len(classes) != n {
		return nil, fmt.Errorf("%w: %d classes for %d rows", ErrLength, len(classes), n)
	}
	if opts.Weights != nil && len(opts.Weights) != n {
		return nil, fmt.Errorf("%w: %d weights for %d rows", ErrLength, len(opts.Weights), n)
	}
	k := int32(0)
	for row, c := range classes {
		if c < 0 || c >= MaxClasses {
			return nil, fmt.Errorf("%w: row %d", ErrClass, row)
		}
		k = max(k, c+1)
	}
	g := &grower{ctx: ctx, o: opts, workers: parallel.Workers(opts.Workers), class: classes, weight: opts.Weights, k: int(k)}
	for row := range n {
		if g.weight == nil || g.weight[row] > 0 {
			g.rows = append(g.rows, int32(row))
		}
	}
	if len(g.rows) == 0 {
		return nil, ErrEmpty
	}
	if g.weight != nil && t.IDs != nil && t.Compare != nil {
		slices.SortFunc(g.rows, func(a, b int32) int { return t.Compare(t.IDs[a], t.IDs[b]) })
	}
	if err := g.prepare(t.Columns, n); err != nil {
		return nil, err
	}
	tree := &Tree{classes: int(k), columns: make([]column, len(t.Columns))}
	for i := range t.Columns {
		c := &t.Columns[i]
		tree.columns[i] = newColumn(c.Name, c.Kind, c.Levels)
	}
	weights := g.count(0, len(g.rows))
	for _, w := range weights {
		g.total += w
	}
	if g.total > math.Sqrt(math.MaxFloat64)/2 {
		return nil, fmt.Errorf("%w: the square of their sum overflows", ErrWeight)
	}
	if err := g.grow(0, len(g.rows), 0, weights); err != nil {
		return nil, err
	}
	tree.nodes = g.nodes
	tree.index()
	return tree, nil
}

// entry is a number of a column with its row and the class of that.
type entry struct {
	value float64
	row   int32
	class int32
}

// grower grows a tree. The rows of a node are one range [lo, hi) of rows and of every
// sorted column: a question parts the range into that of the left and that of the right
// node, each still sorted.
type grower struct {
	ctx     context.Context
	o       *Options
	workers int
	class   []int32
	weight  []float64 // nil: 1 each
	k       int
	total   float64

	rows    []int32
	numbers [][]entry // of each column ascending by value, missing ones last; nil: a category
	codes   [][]int32 // of each column; nil: a number
	levels  []int
	side    []bool // of each row of the table: left
	scratch [][]entry
	nodes   []node
}

func (g *grower) prepare(columns []table.Column, n int) error {
	g.numbers, g.codes = make([][]entry, len(columns)), make([][]int32, len(columns))
	g.levels = make([]int, len(columns))
	parallel.For(g.workers, len(columns), func(i int) {
		c := &columns[i]
		if c.Kind == table.Category {
			g.codes[i], g.levels[i] = c.Code, len(c.Levels)
			return
		}
		if g.ctx.Err() != nil {
			return
		}
		values := make([]float64, len(g.rows))
		for at, row := range g.rows {
			values[at] = c.Num[row]
		}
		g.numbers[i] = make([]entry, len(g.rows))
		for to, at := range radix.Order(values) {
			row := g.rows[at]
			g.numbers[i][to] = entry{values[at], row, g.class[row]}
		}
	})
	g.side = make([]bool, n)
	g.scratch = make([][]entry, max(1, min(g.workers, len(columns))))
	for i := range g.scratch {
		g.scratch[i] = make([]entry, len(g.rows))
	}
	return g.ctx.Err()
}

func (g *grower) weightOf(row int32) float64 {
	if g.weight == nil {
		return 1
	}
	return g.weight[row]
}

// count returns the weight of each class in a range.
func (g *grower) count(lo, hi int) []float64 {
	weights := make([]float64, g.k)
	for _, row := range g.rows[lo:hi] {
		weights[g.class[row]] += g.weightOf(row)
	}
	return weights
}

// grow appends the node of a range and all below it.
func (g *grower) grow(lo, hi, depth int, weights []float64) error {
	if err := g.ctx.Err(); err != nil {
		return err
	}
	at := len(g.nodes)
	g.nodes = append(g.nodes, node{column: -1, weights: weights})
	if g.o.MaxDepth > 0 && depth == g.o.MaxDepth {
		return nil
	}
	best := g.best(lo, hi, newTally(weights))
	if err := g.ctx.Err(); err != nil {
		return err // best may not have seen everything
	}
	if best.column < 0 {
		return nil
	}
	g.nodes[at] = node{column: best.column, upTo: best.upTo, levels: best.levels, missing: best.missing, weights: weights}
	middle := g.part(lo, hi, &g.nodes[at])
	if err := g.grow(lo, middle, depth+1, g.count(lo, middle)); err != nil {
		return err
	}
	g.nodes[at].right = len(g.nodes)
	return g.grow(middle, hi, depth+1, g.count(middle, hi))
}

// best returns the best question about a range, of column -1 if there is none.
func (g *grower) best(lo, hi int, all tally) split {
	none := split{column: -1}
	pure := 0
	for _, w := range all.weights {
		if w > 0 {
			pure++
		}
	}
	if pure < 2 {
		return none
	}
	found := make([]split, len(g.numbers))
	parallel.For(g.workersFor(hi-lo), len(found), func(i int) {
		if g.ctx.Err() != nil {
			return
		}
		if g.codes[i] != nil {
			found[i] = g.bestLevels(i, lo, hi, all)
		} else {
			found[i] = g.bestThreshold(i, lo, hi, all)
		}
	})
	best := none
	for _, s := range found {
		if s.column >= 0 && (best.column < 0 || s.purity > best.purity) {
			best = s
		}
	}
	if gain := (best.purity - all.purity()) / g.total; best.column < 0 || gain < g.o.MinGain-1e-15 {
		return none
	}
	return best
}

// workersFor is the number of goroutines that rows of a node are worth.
func (g *grower) workersFor(rows int) int {
	if rows*len(g.numbers) < 1<<14 {
		return 1
	}
	return g.workers
}

// part puts the rows of a range that go left before those that go right, each in their
// order, and returns where the latter begin.
func (g *grower) part(lo, hi int, n *node) int {
	if codes := g.codes[n.column]; codes != nil {
		for _, row := range g.rows[lo:hi] {
			g.side[row] = n.left(float64(codes[row]))
		}
	} else {
		for _, e := range g.numbers[n.column][lo:hi] {
			g.side[e.row] = n.left(e.value)
		}
	}
	taken := 0
	fresh := func() []entry { taken++; return g.scratch[taken-1] }
	parallel.States(g.workersFor(hi-lo), len(g.numbers), fresh, func(scratch []entry, i int) {
		if g.numbers[i] != nil {
			partition(g.numbers[i][lo:hi], scratch, func(e entry) bool { return g.side[e.row] })
		}
	})
	right := make([]int32, hi-lo)
	return lo + partition(g.rows[lo:hi], right, func(row int32) bool { return g.side[row] })
}

// partition puts those that go left before the others and returns their number.
func partition[E any](all, scratch []E, left func(E) bool) int {
	l, r := 0, 0
	for _, e := range all {
		if left(e) {
			all[l] = e
			l++
		} else {
			scratch[r] = e
			r++
		}
	}
	copy(all[l:], scratch[:r])
	return l
}
