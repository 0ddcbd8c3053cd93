package tree

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/clientele-go/clientele/table"
)

// Condition is what the questions on a path ask of one column. A plain value: safe for
// concurrent reads.
type Condition struct {
	Column string     // name
	Kind   table.Kind // which of the fields below count
	// Above and UpTo bound the values of a Number column: Above < x <= UpTo, -Inf and +Inf
	// where there is no bound. Above of +Inf: no value does.
	Above, UpTo float64
	// Levels are those that do of a Category column, in the order of its levels.
	Levels []string
	// Missing tells whether missing values do.
	Missing bool
}

// Leaf is an answer of a tree. A plain value: safe for concurrent reads.
type Leaf struct {
	// Class is that of most weight times class weight; the lowest of several.
	Class int32
	// Weights has the weight of each class among the rows of the fit, without class weights.
	Weights []float64
	// Path has the conditions that together lead here, one a column, in the order of the
	// questions. None: the tree asks nothing.
	Path []Condition
}

// Leaves returns the answers from left to right; Apply numbers them so. They belong to
// the caller. Cost and memory: O(nodes·(classes + conditions)), of which a path has one for
// each column that it asks about, and for those about a category one string for each level
// that does: much for a deep tree over many columns or levels.
func (t *Tree) Leaves() []Leaf {
	leaves := make([]Leaf, 0, len(t.leaves))
	var paths [][]Condition // of each level, down to the node
	t.walk(func(i, level, parent int) {
		n := &t.nodes[i]
		paths = append(paths[:level], nil)
		if parent >= 0 {
			paths[level] = t.narrow(slices.Clone(paths[level-1]), &t.nodes[parent], i == parent+1)
		}
		if n.column >= 0 {
			return
		}
		path := paths[level]
		for c := range path {
			path[c].Levels = slices.Clone(path[c].Levels)
		}
		class, _, _ := t.answer(n)
		leaves = append(leaves, Leaf{Class: class, Weights: slices.Clone(n.weights), Path: path})
	})
	return leaves
}

// Path returns the conditions that lead a row to its leaf, one a column, in the order of
// the questions, as in the Path of that leaf: the rule by which the row is answered. The
// row is as for ApplyRow; it panics if the row has another length. Cost:
// O(depth·conditions), and O(levels) a question about a category.
func (t *Tree) Path(row []float64) []Condition {
	t.checkRow(row)
	var path []Condition
	for i := 0; t.nodes[i].column >= 0; {
		n := &t.nodes[i]
		next := t.next(i, row[n.column])
		path = t.narrow(path, n, next == i+1)
		i = next
	}
	return path
}

// narrow adds one side of a question to the conditions of a path. Levels of conditions are
// replaced, not changed.
func (t *Tree) narrow(path []Condition, n *node, left bool) []Condition {
	c := t.condition(n, left, n.levels.of)
	at := slices.IndexFunc(path, func(m Condition) bool { return m.Column == c.Column })
	if at < 0 {
		return append(path, c)
	}
	m := &path[at]
	m.Above, m.UpTo = max(m.Above, c.Above), min(m.UpTo, c.UpTo)
	m.Missing = m.Missing && c.Missing
	var both []string
	for _, level := range m.Levels {
		if n.levels.has(t.columns[n.column].Code(level)) == left {
			both = append(both, level)
		}
	}
	m.Levels = both
	return path
}

// condition is that of one side of a question, with at most some of its levels.
func (t *Tree) condition(n *node, left bool, most int) Condition {
	column := &t.columns[n.column]
	c := Condition{Column: column.Name, Kind: column.Kind, Missing: n.missing == left}
	if c.Kind == table.Number {
		c.Above, c.UpTo = math.Inf(-1), math.Inf(1)
		if left {
			c.UpTo = n.upTo
		} else {
			c.Above = n.upTo
		}
		return c
	}
	for _, level := range n.levels.levels(left, most) {
		c.Levels = append(c.Levels, column.Levels[level])
	}
	return c
}

// A set of more than mostLevels levels is written as the first shownLevels.
const mostLevels, shownLevels = 5, 3

// String returns the condition as text that may stand between others: "recency <= 29.5",
// "(channel in {app, web} or missing)", and of more than 5 levels "city in {Bath, Bonn,
// Brno and 97 more}".
func (c Condition) String() string {
	text, several := c.text(len(c.Levels))
	if several {
		return "(" + text + ")"
	}
	return text
}

// text is the condition where it stands alone, and whether it is two, joined by "or". Of n
// levels, c has the first ones at least.
func (c Condition) text(n int) (text string, several bool) {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	switch low, high := !math.IsInf(c.Above, -1), !math.IsInf(c.UpTo, 1); {
	case c.Kind == table.Category && n == 0, c.Kind == table.Number && math.IsInf(c.Above, 1):
		return c.Column + " is missing", false
	case c.Kind == table.Category && n == 1:
		text = c.Column + " = " + c.Levels[0]
	case c.Kind == table.Category:
		if n > mostLevels {
			text = fmt.Sprintf("%s and %d more", strings.Join(c.Levels[:shownLevels], ", "), n-shownLevels)
		} else {
			text = strings.Join(c.Levels, ", ")
		}
		text = c.Column + " in {" + text + "}"
	case low && high:
		text = number(c.Above) + " < " + c.Column + " <= " + number(c.UpTo)
	case low:
		text = c.Column + " > " + number(c.Above)
	case high:
		text = c.Column + " <= " + number(c.UpTo)
	default:
		return c.Column + " is known", false
	}
	if c.Missing {
		return text + " or missing", true
	}
	return text, false
}
