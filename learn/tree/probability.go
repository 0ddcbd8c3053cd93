package tree

import (
	"context"

	"github.com/clientele-go/clientele/table"
)

// Probability returns the share of a class among the rows of the fit that came to the leaf
// of a row, which is as for ApplyRow. Shares are of Weights without ClassWeights, joined by
// the Smoothing of the options. A class that the fit did not have has probability 0. Cost:
// O(depth + classes), no allocation.
func (t *Tree) Probability(row []float64, class int32) float64 {
	return t.share(t.leaves[t.ApplyRow(row)], class)
}

// Probabilities returns the probability of a class for each row of a table, as of
// Probability. Errors and cost are those of Apply.
func Probabilities[K comparable](ctx context.Context, tree *Tree, t *table.Table[K], class int32) ([]float64, error) {
	leaves, err := Apply(ctx, tree, t)
	if err != nil {
		return nil, err
	}
	of := make([]float64, len(tree.leaves))
	for i, at := range tree.leaves {
		of[i] = tree.share(at, class)
	}
	probabilities := make([]float64, len(leaves))
	for row, leaf := range leaves {
		probabilities[row] = of[leaf]
	}
	return probabilities, nil
}

// Contributions appends to dst, for each of Columns, what its questions on the path of a
// row change the probability of a class by, and returns the base, the share of the class
// in the root: each question changes it from that of its node to that of the side the row
// goes to (Saabas 2014). base + Σ contributions is Probability, up to rounding (1e-9). The row is
// as for ApplyRow; it panics if the row has another length. Cost: O(depth·classes), no
// allocation if dst has room.
//
// What a column contributes depends on the order of the questions as well: a column that
// says the same as one asked before contributes little.
func (t *Tree) Contributions(dst, row []float64, class int32) (contributions []float64, base float64) {
	t.checkRow(row)
	from := len(dst)
	for range t.columns {
		dst = append(dst, 0)
	}
	of := dst[from:]
	base = t.share(0, class)
	share := base
	for i := 0; t.nodes[i].column >= 0; {
		column := t.nodes[i].column
		i = t.next(i, row[column])
		below := t.share(i, class)
		of[column] += below - share
		share = below
	}
	return dst, base
}

// share is the probability of a class in a node.
func (t *Tree) share(i int, class int32) float64 {
	if class < 0 || int(class) >= t.classes {
		return 0
	}
	n, sum := &t.nodes[i], 0.0
	for _, w := range n.weights {
		sum += w
	}
	if t.smoothing == 0 {
		return n.weights[class] / sum
	}
	root, all := &t.nodes[0], 0.0
	for _, w := range root.weights {
		all += w
	}
	return (n.weights[class] + float64(t.smoothing*(root.weights[class]/all))) / (sum + t.smoothing)
}

// Importance returns for each of Columns what its questions lower the impurity of the rows
// of the fit by in all: Σ share of the weight · (impurity - that of its sides), by the
// criterion and with the class weights of the options. Together that is the impurity of
// the root less the Impurity of the leaves. Columns of many different values are favoured
// even where they say nothing, unless the tree is pruned. Cost: O(nodes·classes).
func (t *Tree) Importance() []float64 {
	importance := make([]float64, len(t.columns))
	of := func(i int) float64 {
		all := t.measure.tally(t.nodes[i].weights)
		return t.impurity(&all)
	}
	root := t.measure.tally(t.nodes[0].weights)
	for i := range t.nodes {
		if n := &t.nodes[i]; n.column >= 0 {
			importance[n.column] += (of(i) - of(i+1) - of(n.right)) / root.sum
		}
	}
	return importance
}
