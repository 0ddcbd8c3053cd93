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
// the caller. Cost: O(leaves·depth).
func (t *Tree) Leaves() []Leaf {
	leaves := make([]Leaf, 0, len(t.leaves))
	var path []*node
	var sides []bool
	var visit func(i int)
	visit = func(i int) {
		n := &t.nodes[i]
		if n.column < 0 {
			class, _, _ := t.answer(n)
			leaves = append(leaves, Leaf{Class: class, Weights: slices.Clone(n.weights), Path: t.conditions(path, sides)})
			return
		}
		for _, left := range []bool{true, false} {
			path, sides = append(path, n), append(sides, left)
			if left {
				visit(i + 1)
			} else {
				visit(n.right)
			}
			path, sides = path[:len(path)-1], sides[:len(sides)-1]
		}
	}
	visit(0)
	return leaves
}

// Path returns the conditions that lead a row to its leaf, one a column, in the order of
// the questions, as in the Path of that leaf: the rule by which the row is answered. The
// row is as for ApplyRow; it panics if the row has another length. Cost: O(depth²).
func (t *Tree) Path(row []float64) []Condition {
	t.checkRow(row)
	var path []*node
	var sides []bool
	for i := 0; t.nodes[i].column >= 0; {
		n := &t.nodes[i]
		next := t.next(i, row[n.column])
		path, sides = append(path, n), append(sides, next == i+1)
		i = next
	}
	return t.conditions(path, sides)
}

// conditions merges the questions of a path column by column.
func (t *Tree) conditions(path []*node, sides []bool) []Condition {
	var merged []Condition
	for i, n := range path {
		c := t.condition(n, sides[i])
		at := slices.IndexFunc(merged, func(m Condition) bool { return m.Column == c.Column })
		if at < 0 {
			merged = append(merged, c)
			continue
		}
		m := &merged[at]
		m.Above, m.UpTo = max(m.Above, c.Above), min(m.UpTo, c.UpTo)
		rest := c.Levels // in the same order
		m.Levels = slices.DeleteFunc(m.Levels, func(level string) bool {
			at := t.columns[n.column].code[level]
			for len(rest) > 0 && t.columns[n.column].code[rest[0]] < at {
				rest = rest[1:]
			}
			return len(rest) == 0 || rest[0] != level
		})
		m.Missing = m.Missing && c.Missing
	}
	return merged
}

// condition is that of one side of a question.
func (t *Tree) condition(n *node, left bool) Condition {
	column := &t.columns[n.column]
	c := Condition{Column: column.name, Kind: column.kind, Missing: n.missing == left}
	if c.Kind == table.Number {
		c.Above, c.UpTo = math.Inf(-1), math.Inf(1)
		if left {
			c.UpTo = n.upTo
		} else {
			c.Above = n.upTo
		}
		return c
	}
	for code, level := range column.levels {
		if n.levels[code] == left {
			c.Levels = append(c.Levels, level)
		}
	}
	return c
}

// shownLevels is how many levels of a set of more than 5 are written.
const shownLevels = 3

// String returns the condition as text that may stand between others: "recency <= 29.5",
// "(channel in {app, web} or missing)", and of more than 5 levels "city in {Bath, Bonn,
// Brno and 97 more}".
func (c Condition) String() string {
	text, several := c.text()
	if several {
		return "(" + text + ")"
	}
	return text
}

// text is the condition where it stands alone, and whether it is two, joined by "or".
func (c Condition) text() (text string, several bool) {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	switch low, high := !math.IsInf(c.Above, -1), !math.IsInf(c.UpTo, 1); {
	case c.Kind == table.Category && len(c.Levels) == 0, c.Kind == table.Number && math.IsInf(c.Above, 1):
		return c.Column + " is missing", false
	case c.Kind == table.Category && len(c.Levels) == 1:
		text = c.Column + " = " + c.Levels[0]
	case c.Kind == table.Category:
		text = strings.Join(c.Levels, ", ")
		if n := len(c.Levels); n > 5 {
			text = fmt.Sprintf("%s and %d more", strings.Join(c.Levels[:shownLevels], ", "), n-shownLevels)
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
