// Package tree answers which of a few classes a row belongs to by a few questions about
// its features, questions that a person can read.
//
//	model, err := tree.Fit(ctx, t, left, &tree.Options{MaxDepth: 2}) // or FitPruned
//	...
//	fmt.Print(model) // recency <= 117 or missing: class 0, 100.0% of 4 ...
//	class := model.PredictRow([]float64{200, 1, model.Code(2, "app")})
//
// The package example has it whole; docs/theory/trees.md has the formulas and where they mislead.
//
// [Fit] grows a classification tree (CART, Breiman, Friedman, Olshen and Stone 1984) over
// a table: each question is about one column, "recency <= 29.5?" or "channel in {app,
// web}?", and is the one after which the classes are purest, by [Gini] or [Entropy].
// [Tree.Leaves] gives the answers as paths of conditions, from which rules are made.
//
// # How large a tree
//
// A tree that grows until its leaves are pure knows the rows of its fit by heart.
// [FitPruned] grows one and cuts the branches that are not worth their leaves on rows held
// out, by cost-complexity pruning and cross-validation in which the rows of one customer
// stay together. [Tree.Sequence], [Tree.Prune], [CrossValidate], [HoldOut] and [Rule] are its
// steps, for choosing by eye or on a later slice of time.
//
// # Probabilities and what they are made of
//
// [Tree.Probability] is the share of a class in the leaf of a row. Weights of classes change
// which questions are asked, never these shares. [Tree.Contributions] splits a probability
// into what each column adds, [Tree.Path] gives the rule that a row fell under,
// [Tree.Importance] what each column did for the tree.
//
// # Missing values and unknown levels
//
// A question sends missing values to one of its sides, and where the rows of a fit have
// any, to the side that makes the classes purer; "is it known?" is a question as well.
// Where a question saw none, they go where more weight went. A level of a category that
// a question has not seen goes the way of missing values.
//
// # The same tree every time
//
// A tree depends on the rows, classes and weights, not on goroutines. It does not depend
// on the order of the rows either, where weights are whole numbers or rows have ids that
// compare. Of equally good questions the one about the first column is taken, of those
// the one that sends missing values left, of those the lowest threshold.
package tree

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/clientele-go/clientele/internal/feature"
)

// Tree is a fitted tree. Safe for concurrent use.
type Tree struct {
	columns feature.Columns
	classes int
	measure
	smoothing float64
	nodes     []node // in preorder: the left child of node i is i+1
	leaves    []int  // the nodes that are leaves, from left to right
}

// node is a question, or a leaf.
type node struct {
	column  int       // -1: a leaf
	upTo    float64   // number: values up to it go left; +Inf: all do
	levels  levelSet  // category: those that go left; of a number of 0
	missing bool      // missing values go left
	right   int       // the node on the right; of a leaf the number of the leaf
	weights []float64 // weight of each class
}

// Classes returns the number of classes: one more than the largest in the fit.
func (t *Tree) Classes() int { return t.classes }

// Columns returns the names of the columns of the fit, in their order.
func (t *Tree) Columns() []string {
	return t.columns.Names()
}

// Depth returns the largest number of questions before an answer. Cost: O(nodes).
func (t *Tree) Depth() int {
	depth := 0
	t.walk(func(_, level, _ int) { depth = max(depth, level) })
	return depth
}

// walk calls f for every node, its level and the question that leads to it, -1 for the root,
// in preorder.
func (t *Tree) walk(f func(i, level, parent int)) {
	type place struct{ node, level, parent int }
	for todo := []place{{0, 0, -1}}; len(todo) > 0; {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		f(p.node, p.level, p.parent)
		if n := &t.nodes[p.node]; n.column >= 0 {
			todo = append(todo, place{n.right, p.level + 1, p.node}, place{p.node + 1, p.level + 1, p.node})
		}
	}
}

// maxIndent is the deepest level that String indents.
const maxIndent = 50

// String returns the tree as text, a line a question or answer, indented by level. Of an
// answer it shows class, share of that class and weight. Lines below level 50 are indented
// as those of it and begin with their level, "[51] ". Cost: O(nodes·classes), and O(levels) a
// question about a category.
func (t *Tree) String() string {
	var b strings.Builder
	t.walk(func(i, level, parent int) {
		if parent >= 0 {
			b.WriteString(strings.Repeat("  ", min(level-1, maxIndent)))
			if level-1 > maxIndent {
				fmt.Fprintf(&b, "[%d] ", level-1)
			}
			q, left := &t.nodes[parent], i == parent+1
			question, _ := t.condition(q, left, mostLevels).text(q.levels.count(left))
			b.WriteString(question)
		}
		n := &t.nodes[i]
		switch {
		case n.column < 0:
			class, share, weight := t.answer(n)
			if parent >= 0 {
				b.WriteString(": ")
			}
			fmt.Fprintf(&b, "class %d, %.1f%% of %s\n", class, 100*share, strconv.FormatFloat(weight, 'g', 6, 64))
		case parent >= 0:
			b.WriteByte('\n')
		}
	})
	return b.String()
}

// answer returns the class of most weight times class weight, the lowest of several, its
// share of the weight, and the weight.
func (t *Tree) answer(n *node) (class int32, share, weight float64) {
	most := 0.0
	for c, w := range n.weights {
		weight += w
		if s := float64(w * t.factorOf(c)); s > most {
			class, most = int32(c), s
		}
	}
	return class, n.weights[class] / weight, weight
}

// index numbers the leaves. It is called once, when all nodes are there.
func (t *Tree) index() {
	for i := range t.nodes {
		if n := &t.nodes[i]; n.column < 0 {
			n.right = len(t.leaves)
			t.leaves = append(t.leaves, i)
		}
	}
}

// left reports whether a value goes left: of a category its code, or NaN.
func (n *node) left(value float64) bool {
	if n.levels.of == 0 {
		if math.IsNaN(value) {
			return n.missing
		}
		return value <= n.upTo
	}
	if !(value >= 0 && value < float64(n.levels.of)) {
		return n.missing
	}
	return n.levels.has(int32(value))
}
