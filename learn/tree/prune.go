package tree

import (
	"container/heap"
	"math"

	"github.com/clientele-go/clientele/internal/enum"
)

// Risk is what a pruned tree pays for being small. Safe for concurrent use.
type Risk uint8

// The risks, per weight of rows.
const (
	// Impurity is that of the leaves by the criterion of the tree. On rows that the tree has
	// not seen it is measured by the Brier score: the mean of Σ (y - p)² over the classes, p
	// being a probability and y 1 for the class of the row and 0 for others, without class
	// weights. Where some class is rare, as leaving is, no leaf may have it as its class: only this risk sees what such
	// a tree is worth.
	Impurity Risk = iota
	// Errors is the share of rows of another class than that of their leaf, both of weights
	// times class weights, as in Breiman et al. chapter 3.
	Errors
)

var riskNames = []string{"impurity", "errors"}

// String returns "impurity" or "errors".
func (r Risk) String() string { return enum.Name(riskNames, r) }

// MarshalText returns the text of String.
func (r Risk) MarshalText() ([]byte, error) { return enum.Marshal("tree", "risk", riskNames, r) }

// UnmarshalText reads what MarshalText wrote.
func (r *Risk) UnmarshalText(text []byte) error {
	return enum.Unmarshal("tree", "risk", riskNames, text, r)
}

// Step is one of the trees that pruning passes. A plain value: safe for concurrent reads.
type Step struct {
	Alpha  float64 // the least price of a leaf that prunes so far
	Leaves int     // number of leaves
	Risk   float64 // on the rows of the fit
	// HeldOut is the risk on rows that the tree has not seen, and StdErr its standard error:
	// from CrossValidate and HoldOut, otherwise 0.
	HeldOut, StdErr float64
}

// Sequence returns the trees that minimise risk + alpha·leaves as the price alpha of a leaf
// grows from 0, the largest first: pruning cuts the weakest link, the question whose
// branch lowers the risk least for each leaf that it has more than one, then the next
// (Breiman et al. section 3.3). Equally weak links are one step; those that lower nothing
// are cut at alpha 0. The last step is the root alone. Cost: O(nodes·(log nodes + depth)).
func (t *Tree) Sequence(risk Risk) []Step {
	steps, _ := t.sequence(risk)
	return steps
}

// Prune returns the smallest of the trees that minimise risk + alpha·leaves: t with every
// branch cut that is not worth that price. Prune(s.Alpha) of a step s of Sequence is the
// tree of that step. t is as before. It panics if alpha is NaN. Cost: that of Sequence.
func (t *Tree) Prune(alpha float64, risk Risk) *Tree {
	if math.IsNaN(alpha) {
		panic("tree: alpha is NaN")
	}
	_, cut := t.sequence(risk)
	pruned := &Tree{columns: t.columns, classes: t.classes, measure: t.measure, smoothing: t.smoothing}
	type place struct{ node, parent int } // parent of a right side, in pruned; otherwise -1
	for todo := []place{{0, -1}}; len(todo) > 0; {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		n, at := t.nodes[p.node], len(pruned.nodes)
		if p.parent >= 0 {
			pruned.nodes[p.parent].right = at
		}
		if n.column >= 0 && cut[p.node] <= alpha {
			n = node{column: -1, weights: n.weights}
		}
		if n.column >= 0 {
			todo = append(todo, place{n.right, at}, place{p.node + 1, -1})
		}
		pruned.nodes = append(pruned.nodes, n)
	}
	pruned.index()
	return pruned
}

// links are the questions of a tree that is being pruned, the weakest on top.
type links struct {
	nodes  []int     // a heap by worth, then by index
	worth  []float64 // of each node: what its branch lowers the risk by, a leaf
	risk   []float64 // of each node as a leaf
	branch []float64 // of each node: the risk of its leaves
	leaves []int     // of each node
}

func (l *links) Len() int { return len(l.nodes) }
func (l *links) Less(i, j int) bool {
	a, b := l.nodes[i], l.nodes[j]
	return l.worth[a] < l.worth[b] || l.worth[a] == l.worth[b] && a < b
}
func (l *links) Swap(i, j int) { l.nodes[i], l.nodes[j] = l.nodes[j], l.nodes[i] }
func (l *links) Push(any)      { panic("tree: links only go") }
func (l *links) Pop() any      { l.nodes = l.nodes[:len(l.nodes)-1]; return nil }

func (l *links) value(i int) float64 {
	return max(0, (l.risk[i]-l.branch[i])/float64(l.leaves[i]-1))
}

// sequence returns the steps and of each node the alpha from which it is a leaf, +Inf of
// those whose branch goes with that of a node above them.
func (t *Tree) sequence(risk Risk) (steps []Step, cut []float64) {
	n := len(t.nodes)
	floats := make([]float64, 4*n)
	l := &links{worth: floats[:n], risk: floats[n : 2*n], branch: floats[2*n : 3*n], leaves: make([]int, n)}
	cut = floats[3*n:]
	parent := make([]int, n)
	parent[0] = -1
	total := 0.0
	for i := n - 1; i >= 0; i-- { // children before parents
		node := &t.nodes[i]
		all := t.measure.tally(node.weights)
		if total = all.sum; risk == Impurity {
			l.risk[i] = t.impurity(&all)
		} else {
			class, _, _ := t.answer(node)
			l.risk[i] = all.sum - float64(node.weights[class]*t.factorOf(int(class)))
		}
		if node.column < 0 {
			l.branch[i], l.leaves[i] = l.risk[i], 1
			continue
		}
		left, right := i+1, node.right
		parent[left], parent[right] = i, i
		l.branch[i], l.leaves[i] = l.branch[left]+l.branch[right], l.leaves[left]+l.leaves[right]
		l.worth[i], cut[i] = l.value(i), math.Inf(1)
		l.nodes = append(l.nodes, i)
	}
	heap.Init(l)
	alpha := 0.0
	steps = []Step{{}}
	fill := func() {
		s := &steps[len(steps)-1]
		s.Alpha, s.Leaves, s.Risk = alpha/total, l.leaves[0], l.branch[0]/total
	}
	fill()
	for l.leaves[0] > 1 {
		i := l.nodes[0]
		if gone(cut, parent, i) {
			heap.Pop(l)
			continue
		}
		if now := l.value(i); now > l.worth[i] { // branches below have been cut, the weaker ones
			l.worth[i] = now
			heap.Fix(l, 0)
			continue
		}
		heap.Pop(l)
		if l.worth[i] > float64(alpha*(1+1e-12))+float64(total*roundoff) {
			alpha = l.worth[i]
			steps = append(steps, Step{})
		}
		cut[i] = alpha / total
		lower, fewer := l.risk[i]-l.branch[i], l.leaves[i]-1
		for up := i; up >= 0; up = parent[up] {
			l.branch[up] += lower
			l.leaves[up] -= fewer
		}
		fill()
	}
	return steps, cut
}

// gone reports whether a branch above a node has been cut.
func gone(cut []float64, parent []int, i int) bool {
	for up := parent[i]; up >= 0; up = parent[up] {
		if !math.IsInf(cut[up], 1) {
			return true
		}
	}
	return false
}
