package tree

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/table"
)

// treeVersion is the version of a tree's JSON. Version 1 has no criterion, which was Gini,
// no class weights and no smoothing.
const treeVersion = 2

type treeJSON struct {
	Version      int          `json:"version"`
	Kind         string       `json:"kind"`
	Criterion    *Criterion   `json:"criterion,omitempty"`
	Classes      int          `json:"classes"`
	ClassWeights []float64    `json:"class_weights,omitempty"`
	Smoothing    float64      `json:"smoothing,omitempty"`
	Columns      []columnJSON `json:"columns"`
	Nodes        []nodeJSON   `json:"nodes"` // in preorder
}

type columnJSON struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`
	Levels []string `json:"levels,omitempty"`
}

type nodeJSON struct {
	Weights []float64     `json:"weights"`
	Ask     *questionJSON `json:"ask,omitempty"` // nil: a leaf
}

type questionJSON struct {
	Column  int      `json:"column"`
	UpTo    *float64 `json:"up_to,omitempty"`   // number; nil: whether it is known
	Left    []int32  `json:"left,omitempty"`    // category: the levels that go left, ascending
	Missing bool     `json:"missing,omitempty"` // missing values go left
}

// MarshalJSON writes the tree with its schema version; equal trees give equal bytes.
func (t *Tree) MarshalJSON() ([]byte, error) {
	j := treeJSON{
		Version: treeVersion, Kind: "tree.Tree", Criterion: &t.criterion, Classes: t.classes,
		ClassWeights: t.factor, Smoothing: t.smoothing,
	}
	for i := range t.columns {
		c := &t.columns[i]
		j.Columns = append(j.Columns, columnJSON{c.Name, c.Kind.String(), c.Levels})
	}
	for i := range t.nodes {
		n := &t.nodes[i]
		node := nodeJSON{Weights: n.weights}
		if n.column >= 0 {
			node.Ask = &questionJSON{Column: n.column, Missing: n.missing}
			if n.levels.of > 0 {
				node.Ask.Left = n.levels.levels(true, n.levels.of)
			} else if !math.IsInf(n.upTo, 1) {
				node.Ask.UpTo = &n.upTo
			}
		}
		j.Nodes = append(j.Nodes, node)
	}
	return json.Marshal(j)
}

// maxFaults is the number of faults after which UnmarshalJSON looks for no more.
const maxFaults = 10

// UnmarshalJSON reads what MarshalJSON wrote, now or in an earlier version, into a Tree that
// nobody uses yet. Anything that is not a tree of a known version, or not consistent in
// itself, is an error, and t is unchanged.
//
// The memory of the tree is in proportion to data, from whomever that comes, and all that
// is computed from it is finite. Names, levels and depth are limited by data alone, so what
// Leaves and String return can grow by the square of data.
func (t *Tree) UnmarshalJSON(data []byte) error {
	var j treeJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("tree: %w", err)
	}
	if j.Kind != "tree.Tree" || j.Version < 1 || j.Version > treeVersion {
		return fmt.Errorf("tree: not a tree.Tree of version 1 to %d", treeVersion)
	}
	if j.Version == 1 {
		j.Criterion, j.ClassWeights, j.Smoothing = new(Criterion), nil, 0
	}
	if j.Classes < 1 || j.Classes > MaxClasses {
		return fmt.Errorf("tree: %d classes, want 1 to %d", j.Classes, MaxClasses)
	}
	if j.Criterion == nil {
		return errors.New("tree: no criterion")
	}
	o := Options{ClassWeights: j.ClassWeights, Smoothing: j.Smoothing}
	if err := o.Validate(); err != nil || j.ClassWeights != nil && len(j.ClassWeights) < j.Classes {
		return errors.New("tree: wrong class weights or smoothing")
	}
	read := Tree{classes: j.Classes, measure: measure{*j.Criterion, j.ClassWeights}, smoothing: j.Smoothing}
	var faults []error
	var r feature.Reader
	for i, c := range j.Columns {
		if len(faults) >= maxFaults {
			break
		}
		column, err := r.Read(c.Name, c.Kind, c.Levels)
		if err != nil {
			faults = append(faults, fmt.Errorf("tree: column %d %w", i, err))
		}
		read.columns = append(read.columns, column)
	}
	for i, n := range j.Nodes {
		if len(faults) >= maxFaults {
			break
		}
		node, err := read.node(n)
		if err != nil {
			faults = append(faults, fmt.Errorf("tree: node %d: %w", i, err))
		}
		read.nodes = append(read.nodes, node)
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	if len(read.nodes) > 0 {
		if all := read.measure.tally(read.nodes[0].weights); unusable(all.plain) || unusable(all.sum) {
			return errors.New("tree: weights are too small or too large")
		}
	}
	if err := read.connect(); err != nil {
		return err
	}
	read.index()
	*t = read
	return nil
}

// node checks a node by itself.
func (t *Tree) node(j nodeJSON) (node, error) {
	n := node{column: -1, weights: j.Weights}
	for _, w := range n.weights {
		if w < 0 {
			return n, errors.New("negative weight")
		}
	}
	if len(n.weights) != t.classes {
		return n, errors.New("weights of other classes")
	}
	if all := t.measure.tally(n.weights); !(all.plain > 0 && all.sum > 0) || math.IsInf(all.plain, 1) || math.IsInf(all.sum, 1) {
		return n, errors.New("wrong weights")
	}
	q := j.Ask
	if q == nil {
		return n, nil
	}
	if q.Column < 0 || q.Column >= len(t.columns) {
		return n, errors.New("no such column")
	}
	n.column, n.missing, n.upTo = q.Column, q.Missing, math.Inf(1)
	c := &t.columns[n.column]
	if c.Kind == table.Number {
		switch {
		case q.UpTo != nil:
			n.upTo = *q.UpTo
		case q.Missing:
			return n, errors.New("nothing goes right")
		}
		if q.Left != nil {
			return n, errors.New("levels of a number")
		}
		return n, nil
	}
	for i, level := range q.Left {
		if level < 0 || int(level) >= len(c.Levels) || i > 0 && level <= q.Left[i-1] {
			return n, errors.New("levels do not ascend, or are not of the column")
		}
	}
	left, right := n.missing || len(q.Left) > 0, !n.missing || len(q.Left) < len(c.Levels)
	if !left || !right || q.UpTo != nil {
		return n, errors.New("nothing goes one way, or a threshold of a category")
	}
	n.upTo, n.levels = 0, newLevelSet(q.Left, len(c.Levels))
	return n, nil
}

// connect finds the right child of every question and checks that nodes are one tree in
// preorder, in which the weights of a node are those of its children together.
func (t *Tree) connect() error {
	var open []int // questions whose right side is still to come, or being read
	for i := range t.nodes {
		if i > 0 {
			if len(open) == 0 {
				return errors.New("tree: nodes after the end")
			}
			if p := &t.nodes[open[len(open)-1]]; open[len(open)-1] != i-1 {
				p.right = i
				open = open[:len(open)-1]
			}
		}
		if t.nodes[i].column >= 0 {
			open = append(open, i)
		}
	}
	if len(open) > 0 || len(t.nodes) == 0 {
		return errors.New("tree: nodes are missing")
	}
	for i := range t.nodes {
		n := &t.nodes[i]
		if n.column < 0 {
			continue
		}
		total := 0.0
		for _, w := range n.weights {
			total += w
		}
		left, right := t.nodes[i+1].weights, t.nodes[n.right].weights
		for c, w := range n.weights {
			if math.Abs(left[c]+right[c]-w) > 1e-9*total {
				return fmt.Errorf("tree: node %d: weights are not those of its sides", i)
			}
		}
	}
	return nil
}
