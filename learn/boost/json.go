package boost

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/table"
)

const modelVersion = 1

type modelJSON struct {
	Version  int          `json:"version"`
	Kind     string       `json:"kind"`
	Logistic bool         `json:"logistic"`
	Base     float64      `json:"base"`
	Columns  []columnJSON `json:"columns"`
	Trees    [][]nodeJSON `json:"trees"` // each in preorder
}

type columnJSON struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`
	Levels []string `json:"levels,omitempty"`
	Others bool     `json:"others,omitempty"` // levels has one more, for all other texts
}

type nodeJSON struct {
	Value float64       `json:"value"`
	Cover float64       `json:"cover"`
	Ask   *questionJSON `json:"ask,omitempty"` // nil: a leaf
}

type questionJSON struct {
	Column  int      `json:"column"`
	UpTo    *float64 `json:"up_to,omitempty"`   // number; nil: whether it is known
	Left    []int    `json:"left,omitempty"`    // category: the levels that go left, ascending
	Missing bool     `json:"missing,omitempty"` // missing values go left
	Zero    bool     `json:"zero,omitempty"`    // number: zero is missing too
	Gain    float64  `json:"gain"`
}

// MarshalJSON writes the model with its schema version; equal models give equal bytes. The
// report is not part of it. A name or level that is not UTF-8 is an error, since JSON would
// change it.
func (m *Model) MarshalJSON() ([]byte, error) {
	j := modelJSON{
		Version: modelVersion, Kind: "boost.Model", Logistic: m.logistic, Base: m.base,
		Columns: make([]columnJSON, 0, len(m.columns)), Trees: make([][]nodeJSON, 0, len(m.roots)),
	}
	for i := range m.columns {
		c := &m.columns[i]
		if !utf8.ValidString(c.Name) || !allValid(c.Levels) {
			return nil, fmt.Errorf("boost: name or level of column %d is not UTF-8", i)
		}
		of := columnJSON{c.Name, c.Kind.String(), c.Levels, c.Other >= 0}
		if of.Others {
			of.Levels = c.Levels[:c.Other]
		}
		j.Columns = append(j.Columns, of)
	}
	for _, root := range m.roots {
		var tree []nodeJSON
		for open := []int32{root}; len(open) > 0; {
			i := open[len(open)-1]
			open = open[:len(open)-1]
			n, f := &m.nodes[i], &m.facts[i]
			node := nodeJSON{Value: f.value, Cover: f.cover}
			if !m.isLeaf(i) {
				node.Ask = m.question(n, f.gain)
				open = append(open, n.child+1, n.child)
			}
			tree = append(tree, node)
		}
		j.Trees = append(j.Trees, tree)
	}
	return json.Marshal(j)
}

func allValid(texts []string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return !utf8.ValidString(s) })
}

func (m *Model) question(n *node, gain float64) *questionJSON {
	q := &questionJSON{Column: int(n.column), Missing: n.missing == 0, Gain: gain}
	if m.columns[n.column].Kind == table.Number {
		if q.Zero = n.set >= 0; !math.IsInf(n.upTo, 1) {
			q.UpTo = &n.upTo
		}
		return q
	}
	for level := range m.columns[n.column].Levels {
		if m.levelSide(n, float64(level)) == 0 {
			q.Left = append(q.Left, level)
		}
	}
	return q
}

// UnmarshalJSON reads what MarshalJSON wrote into a Model that nobody uses yet. Anything that
// is not a model of a known version, or not consistent in itself, is an error, and m is
// unchanged. Time and memory grow with the length of data, whatever it says, but for 32 MB of sets
// of levels.
func (m *Model) UnmarshalJSON(data []byte) error {
	var j modelJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("boost: %w", err)
	}
	if j.Kind != "boost.Model" || j.Version != modelVersion {
		return fmt.Errorf("boost: not a boost.Model of version %d", modelVersion)
	}
	if !(math.Abs(j.Base) <= largest) {
		return errors.New("boost: base is too large")
	}
	read := Model{logistic: j.Logistic, base: j.Base}
	if err := read.readColumns(j.Columns); err != nil {
		return err
	}
	// Sets are much larger than their text where a column has many levels.
	room := max(len(data), setsRoom)
	for i, tree := range j.Trees {
		nodes, err := read.readTree(tree, &room)
		if err != nil {
			return fmt.Errorf("boost: tree %d: %w", i, err)
		}
		read.place(nodes)
	}
	*m = read
	return nil
}

func (m *Model) readColumns(columns []columnJSON) error {
	var r feature.Reader
	for i, c := range columns {
		column, err := r.Read(c.Name, c.Kind, c.Levels)
		if err != nil {
			return fmt.Errorf("boost: column %d %w", i, err)
		}
		if c.Others {
			if column.Kind == table.Number {
				return fmt.Errorf("boost: column %d is a number with levels", i)
			}
			addOthers(&column)
		}
		m.columns = append(m.columns, column)
	}
	return nil
}

// readTree checks the nodes of a tree in preorder and finds the children of each.
func (m *Model) readTree(tree []nodeJSON, room *int) ([]drawing, error) {
	nodes := make([]drawing, len(tree))
	var open []int // questions whose right side is still to come
	for i := range tree {
		j, n := &tree[i], &nodes[i]
		n.fact, n.column = fact{value: j.Value, cover: j.Cover}, -1 // of a model of another tool cover may be 0
		if !(math.Abs(n.value) <= largest) || !(n.cover >= 0 && n.cover <= largest) {
			return nil, fmt.Errorf("node %d: value or cover is out of range", i)
		}
		if j.Ask != nil {
			if err := m.readQuestion(j.Ask, n, room); err != nil {
				return nil, fmt.Errorf("node %d: %w", i, err)
			}
		}
		switch {
		case i == 0:
		case nodes[i-1].column >= 0:
			nodes[i-1].left = i
		case len(open) == 0:
			return nil, errors.New("nodes after the end")
		default:
			nodes[open[len(open)-1]].right = i
			open = open[:len(open)-1]
		}
		if n.column >= 0 {
			open = append(open, i)
		}
	}
	if len(open) > 0 || len(nodes) == 0 {
		return nil, errors.New("nodes are missing")
	}
	for i := range nodes {
		n := &nodes[i]
		if n.column >= 0 && math.Abs(nodes[n.left].cover+nodes[n.right].cover-n.cover) > 1e-4*n.cover {
			return nil, fmt.Errorf("node %d: cover is not that of its sides", i)
		}
	}
	return nodes, nil
}

func (m *Model) readQuestion(q *questionJSON, n *drawing, room *int) error {
	if q.Column < 0 || q.Column >= len(m.columns) {
		return errors.New("no such column")
	}
	if !(q.Gain >= 0) {
		return errors.New("negative gain")
	}
	n.column, n.missing, n.zero, n.gain = q.Column, q.Missing, q.Zero, q.Gain
	levels := len(m.columns[n.column].Levels)
	if m.columns[n.column].Kind == table.Number {
		switch {
		case q.Left != nil:
			return errors.New("levels of a number")
		case q.UpTo != nil:
			n.upTo = *q.UpTo
		case q.Missing:
			return errors.New("nothing goes right")
		default:
			n.upTo = math.Inf(1)
		}
		return nil
	}
	if q.UpTo != nil || q.Zero {
		return errors.New("threshold of a category")
	}
	if *room -= setWords(levels); *room < 0 {
		return errors.New("sets of levels are too large")
	}
	n.set = make([]uint64, setWords(levels))
	for i, level := range q.Left {
		if level < 0 || level >= levels || i > 0 && level <= q.Left[i-1] {
			return errors.New("levels do not ascend, or are not of the column")
		}
		n.set[level/64] |= 1 << (level % 64)
	}
	if q.Missing && len(q.Left) == levels || !q.Missing && len(q.Left) == 0 {
		return errors.New("nothing goes one way")
	}
	return nil
}
