package tree

import (
	"context"
	"fmt"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// Predict returns the class of each row of a table: that of most weight times class weight
// in its leaf.
// Errors and cost are those of Apply.
func Predict[K comparable](ctx context.Context, tree *Tree, t *table.Table[K]) ([]int32, error) {
	leaves, err := Apply(ctx, tree, t)
	if err != nil {
		return nil, err
	}
	classes := make([]int32, len(tree.leaves))
	for i, at := range tree.leaves {
		classes[i], _, _ = tree.answer(&tree.nodes[at])
	}
	for row, leaf := range leaves {
		leaves[row] = classes[leaf]
	}
	return leaves, nil
}

// Apply returns the leaf of each row of a table, an index into Leaves. Columns and levels
// are found by name; the table may have others, which are ignored. A column that is not
// there, or of another kind, is an error that wraps [ErrColumn], a fault of the table a
// [*table.Fault]. Cost: O(rows·depth), and a pass to validate the table.
func Apply[K comparable](ctx context.Context, tree *Tree, t *table.Table[K]) ([]int32, error) {
	columns, err := bind(tree, t)
	if err != nil {
		return nil, err
	}
	leaves := make([]int32, t.Rows())
	const chunk = 16384
	chunks := (len(leaves) + chunk - 1) / chunk
	parallel.Ranges(parallel.Workers(0), len(leaves), chunks, func(_, lo, hi int) {
		if ctx.Err() != nil {
			return
		}
		for row := lo; row < hi; row++ {
			leaves[row] = int32(tree.leaf(func(column int) float64 { return columns[column].At(row) }))
		}
	})
	return leaves, ctx.Err()
}

// bind finds the columns of a tree in a table.
func bind[K comparable](tree *Tree, t *table.Table[K]) (feature.Rows, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	rows, err := tree.columns.Bind(t.Columns)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrColumn, err)
	}
	return rows, nil
}

// leaf returns the number of the leaf of a row.
func (t *Tree) leaf(value func(column int) float64) int {
	i := 0
	for t.nodes[i].column >= 0 {
		i = t.next(i, value(t.nodes[i].column))
	}
	return t.nodes[i].right
}

// next returns the side of a question to which a value goes.
func (t *Tree) next(i int, value float64) int {
	if n := &t.nodes[i]; !n.left(value) {
		return n.right
	}
	return i + 1
}

// ApplyRow returns the leaf of one row, an index into Leaves. The row has a value for
// each of Columns: a number, or of a category what Code returns; NaN is missing. It panics
// if the row has another length. Cost: O(depth), no allocation.
func (t *Tree) ApplyRow(row []float64) int {
	t.checkRow(row)
	return t.leaf(func(column int) float64 { return row[column] })
}

func (t *Tree) checkRow(row []float64) {
	if len(row) != len(t.columns) {
		panic(fmt.Sprintf("tree: row of %d values for %d columns", len(row), len(t.columns)))
	}
}

// PredictRow returns the class of one row, which is as for ApplyRow. Cost: O(depth +
// classes), no allocation.
func (t *Tree) PredictRow(row []float64) int32 {
	class, _, _ := t.answer(&t.nodes[t.leaves[t.ApplyRow(row)]])
	return class
}

// Code returns what stands for a level in a row of ApplyRow: its index among the levels
// of column i of the fit, or -1, which does as missing, where they do not have it. It
// panics if i is out of range; for a number column it returns -1.
func (t *Tree) Code(i int, level string) float64 {
	return float64(t.columns[i].Code(level))
}
