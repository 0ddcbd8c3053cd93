// Package boost answers how likely something is, by many small trees that each correct the
// ones before.
//
//	m, err := boost.Fit(ctx, rows, left, &boost.Options{
//		Rising: []string{"recency"}, // the longer silent, the likelier gone
//		Later:  &boost.Slice{Columns: later.Columns, Labels: laterLeft},
//	})
//	...
//	p := m.PredictRow([]float64{150, m.Code(1, "web")})
//	effects, base := m.Contributions(nil, []float64{150, m.Code(1, "web")}) // why
//
// The package example has it whole; docs/theory/trees.md has the formulas and where they mislead.
//
// [Fit] learns from rows of a [table.Table] and whether it came true for each, [FitTarget] any
// target and [Objective]: histogram gradient boosting (Friedman 2001; Ke et al. 2017), each
// tree grown on the derivatives of the loss at the scores so far. The table goes in as it
// is: numbers on any scale, categories, missing values. The [Model] answers for a table,
// [Predict], and for one row, [Model.PredictRow].
//
// [FitForest] grows a random forest with the same questions, whose score is a share.
//
// [Model.Contributions] tells what each column adds to the score of a row, and [Model.Interactions]
// what it does so alone and with each other one. [Shapley] tells it for a table, also as against
// a background of other rows.
//
// # How much to learn
//
// Options that are zero are chosen from the number of rows of the rarer label, however many the
// others are: small data, and rare labels, get few small trees. Where there are rows of a later time, Options.Later stops the fit by
// them, which is better than any guess. [Model.Report] has the loss after each round.
//
// # Missing values and unknown levels
//
// Each question sends missing values to the side where they did better in the fit, or
// where it saw none to the heavier one. A level that the fit has not seen is as a missing value,
// and so are in a node the levels too light to be told apart there.
//
// # The same model every time
//
// A model depends on the rows, targets and options alone, not on goroutines, and not on the
// order of the rows where they have ids that compare and differ: the rows are sorted by them, and
// sums over rows are of integers, to which derivatives are rounded in each round: for a million
// rows to 2^-40 of the largest gradient and 2^-20 of the largest hessian, or 2^-14 with weights
// that are not whole numbers. Hessians, and weights, are rounded up or down by the place of the
// row, so that light rows count together as what they weigh. Of equally good questions the one
// about the first column is taken.
//
// # When it misleads
//
//  1. Trees do not extrapolate: beyond the values of the fit the score stays what it was.
//  2. Probabilities of many rounds are too sure; look at score.Binary, calibrate on later rows.
//  3. Importance by gain favours columns of many values; [Permutation] on rows that the fit has
//     not seen does not, but columns that say the same share theirs.
//  4. Importance tells what goes together with the label, not what would change it.
//
// # Models of other tools
//
// [ReadXGBoost] and [ReadLightGBM] read models that were fitted elsewhere: they predict, explain
// and are saved as any other.
package boost

import (
	"math"
	"slices"
	"sync/atomic"

	"github.com/clientele-go/clientele/internal/feature"
)

// Model is a sum of trees, that were fitted or read. Safe for concurrent use.
type Model struct {
	logistic bool // scores are log-odds
	columns  feature.Columns
	base     float64
	roots    []int32 // of the trees
	nodes    []node
	facts    []fact // of the nodes
	sets     []uint64
	report   Report
	shares   *atomic.Pointer[shares] // of the trees, found when they are first asked for
}

// node is a question, or a leaf. Of a number "x <= upTo" goes left; "x < c" is the same as
// "x <= math.Nextafter(c, -Inf)". A leaf asks a question that leads all to itself, so that
// several trees can be walked in step.
type node struct {
	upTo    float64 // number; +Inf: all but missing values
	child   int32   // the left one, the right one is the next; of a leaf itself
	column  int32
	set     int32 // category: where its set of levels begins in sets; number: -1, or 0 where zero is missing too
	missing int32 // side of missing values: 0 left, 1 right
}

// isLeaf reports whether a node has no question.
func (m *Model) isLeaf(i int32) bool { return m.nodes[i].child == i }

// fact is what is known of a node beside the question.
type fact struct {
	value float64 // that it adds to the score as a leaf, with the learning rate
	cover float64 // weight of the rows of the fit
	gain  float64 // of the question
}

// setWords is the length of a set of levels.
func setWords(levels int) int { return (levels + 63) / 64 }

// addOthers adds a level for all texts that are not a level, which otherwise are as missing
// values. It has no text.
func addOthers(c *feature.Column) {
	c.Levels, c.Other = append(slices.Clip(c.Levels), ""), int32(len(c.Levels))
}

// drawing is a node of a tree whose nodes are not placed yet: children are indexes among
// those of the tree, of which the first is the root.
type drawing struct {
	fact
	column      int // -1: a leaf
	upTo        float64
	set         []uint64 // nil: a number
	missing     bool
	zero        bool // of a number zero is missing too
	left, right int
}

// place adds a tree. Pairs of children are in preorder of their parents.
func (m *Model) place(tree []drawing) {
	m.shares = new(atomic.Pointer[shares])
	m.roots = append(m.roots, int32(len(m.nodes)))
	type todo struct{ from, to int }
	put := func(n fact) {
		leaf := node{upTo: math.Inf(1), child: int32(len(m.nodes)), set: -1}
		m.nodes, m.facts = append(m.nodes, leaf), append(m.facts, n)
	}
	put(tree[0].fact)
	for open := []todo{{0, len(m.nodes) - 1}}; len(open) > 0; {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		d := &tree[at.from]
		if d.column < 0 {
			continue
		}
		child := len(m.nodes)
		put(tree[d.left].fact)
		put(tree[d.right].fact)
		n := &m.nodes[at.to]
		*n = node{upTo: d.upTo, child: int32(child), column: int32(d.column), set: -1}
		if !d.missing {
			n.missing = 1
		}
		if d.set != nil {
			n.set = int32(len(m.sets))
			m.sets = append(m.sets, d.set...)
		} else if d.zero {
			n.set = 0
		}
		open = append(open, todo{d.right, child + 1}, todo{d.left, child})
	}
}

// newModel is a model without trees.
func (f *fitting) newModel(base float64) *Model {
	m := &Model{base: base, logistic: f.isLogistic()}
	for i := range f.columns {
		m.columns = append(m.columns, feature.New(f.columns[i].Name, f.columns[i].Kind, f.binnings[i].levels))
	}
	return m
}

// add adds a tree that has grown.
func (f *fitting) add(nodes []grown) {
	tree := make([]drawing, len(nodes))
	for i := range nodes {
		n := &nodes[i]
		d := &tree[i]
		*d = drawing{fact: fact{value: n.value, cover: n.weight}, column: n.column, left: n.left, right: n.right}
		if n.column < 0 {
			continue
		}
		b := &f.binnings[n.column]
		d.gain, d.missing = n.gain, n.missing
		switch {
		case f.grower.category[n.column]:
			d.set = slices.Clone(n.set[:setWords(len(b.levels))])
		case int(n.bin) < len(b.upper):
			d.upTo = b.upper[n.bin]
		default:
			d.upTo = math.Inf(1)
		}
	}
	f.model.place(tree)
}

// cut removes all trees but the first.
func (m *Model) cut(trees int) {
	if trees == len(m.roots) {
		return
	}
	m.shares = new(atomic.Pointer[shares])
	end, sets := m.roots[trees], 0
	m.roots, m.nodes, m.facts = m.roots[:trees], m.nodes[:end], m.facts[:end]
	for i := range m.nodes {
		if n := &m.nodes[i]; n.set >= 0 {
			sets = max(sets, int(n.set)+setWords(len(m.columns[n.column].Levels)))
		}
	}
	m.sets = m.sets[:sets]
}

// Columns returns the names of the columns of the fit, in their order.
func (m *Model) Columns() []string {
	return m.columns.Names()
}

// Trees returns the number of trees.
func (m *Model) Trees() int { return len(m.roots) }

// Base returns the score of a model without trees: of Fit the log-odds of the mean label.
func (m *Model) Base() float64 { return m.base }

// Code returns what stands for a level in a row: its index among the levels of column i that
// the fit saw, or -1, which is as a missing value; of a model of XGBoost, where other levels are
// not as missing values, the number of levels. It panics if i is out of range; for a number
// column it returns -1.
func (m *Model) Code(i int, level string) float64 {
	return float64(m.columns[i].Code(level))
}
