package boost

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/table"
)

// ErrUnsupported is wrapped by the error of [ReadXGBoost] and [ReadLightGBM] for a model that
// may be sound but has what a [Model] does not: the error names it.
var ErrUnsupported = errors.New("boost: model has what cannot be read")

// ReadOptions say how a model of another tool is read. A plain value: safe for concurrent reads.
type ReadOptions struct {
	// Levels has the text of each code of a category, from 0 on, by the name of the feature:
	// tools count categories, a table names them. Of a column of a pandas frame it is
	// list(frame[name].cat.categories), of the frame of the fit. Nil: what the file says.
	Levels map[string][]string
}

// foreign is a model of another tool on its way to a Model.
type foreign struct {
	model    Model
	names    []string
	category []bool     // whether the feature is one of categories
	texts    [][]string // of the codes of a feature; nil: not known
	others   bool       // a code that no set has is not as a missing value
	trees    [][]foreignNode
	nodes    int // of all trees
}

// foreignNode is a node whose codes are not levels yet.
type foreignNode struct {
	drawing
	codes []int32 // of categories that go left; nil: a number
}

// setsRoom is how many words the sets of a model may have, or as many as its text has bytes: reading
// takes memory in the length of the text, but for these 32 MB.
const setsRoom = 4 << 20

// options puts the texts of the options in.
func (f *foreign) options(o *ReadOptions) error {
	if o == nil {
		return nil
	}
	seen := 0
	for i, name := range f.names {
		texts, ok := o.Levels[name]
		if !ok {
			continue
		}
		seen++
		f.texts[i], f.category[i] = append([]string{}, texts...), true
	}
	if seen < len(o.Levels) {
		return fmt.Errorf("%w: ReadOptions.Levels names what is not a feature", ErrOptions)
	}
	return nil
}

// features takes the names of the features.
func (f *foreign) features(names []string) error {
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if seen[name] {
			return fmt.Errorf("boost: feature %d has the name of another", i)
		}
		seen[name] = true
	}
	f.names, f.category, f.texts = names, make([]bool, len(names)), make([][]string, len(names))
	return nil
}

// add checks a tree, whose first node is the root, and makes the cover of each question that of
// its sides: sums in single precision, or over other rows, differ a little.
func (f *foreign) add(nodes []foreignNode) error {
	if len(nodes) == 0 {
		return errors.New("no nodes")
	}
	if f.nodes += len(nodes); f.nodes > math.MaxInt32 {
		return errors.New("too many nodes")
	}
	seen := make([]bool, len(nodes))
	var order []int
	for open := []int{0}; len(open) > 0; {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		if i < 0 || i >= len(nodes) || seen[i] {
			return errors.New("nodes are not a tree")
		}
		seen[i] = true
		order = append(order, i)
		n := &nodes[i]
		switch {
		case n.column < 0:
			if !(math.Abs(n.value) <= largest) {
				return fmt.Errorf("node %d: value is out of range", i)
			}
			if !(n.cover >= 0 && n.cover <= largest) {
				return fmt.Errorf("node %d: cover is out of range", i)
			}
			continue
		case n.column >= len(f.names):
			return fmt.Errorf("node %d: no such feature", i)
		case n.codes == nil && !(math.Abs(n.upTo) <= math.MaxFloat64):
			return fmt.Errorf("node %d: threshold is not finite", i)
		case n.codes != nil && len(n.codes) == 0:
			return fmt.Errorf("node %d: no categories", i)
		}
		if !(n.gain >= 0 && n.gain <= largest) {
			n.gain = 0
		}
		open = append(open, n.right, n.left)
	}
	for _, i := range slices.Backward(order) {
		if n := &nodes[i]; n.column >= 0 {
			l, r := &nodes[n.left], &nodes[n.right]
			if n.cover = l.cover + r.cover; n.cover > largest {
				return fmt.Errorf("node %d: cover is out of range", i)
			}
			if n.value = (l.value + r.value) / 2; n.cover > 0 {
				n.value = (l.value*l.cover + r.value*r.cover) / n.cover
			}
			n.value = max(-largest, min(largest, n.value))
		}
	}
	f.trees = append(f.trees, nodes)
	return nil
}

// build returns the model of the trees, that come of a text of a length.
func (f *foreign) build(length int) (*Model, error) {
	listed, err := f.list(length)
	if err != nil {
		return nil, err
	}
	m := &f.model
	for i, name := range f.names {
		column := feature.New(name, table.Number, nil)
		if f.category[i] {
			if column, err = f.levels(i, listed[i]); err != nil {
				return nil, err
			}
		}
		m.columns = append(m.columns, column)
	}
	room := max(length, setsRoom)
	for _, tree := range f.trees {
		drawings := make([]drawing, len(tree))
		for i := range tree {
			n := &tree[i]
			if n.codes != nil {
				words := setWords(len(m.columns[n.column].Levels))
				if room -= words; room < 0 {
					return nil, errors.New("boost: sets of categories are too large")
				}
				n.set = make([]uint64, words)
				for _, code := range n.codes {
					level := listed[n.column][code]
					n.set[level/64] |= 1 << (level % 64)
				}
			}
			drawings[i] = n.drawing
		}
		m.place(drawings)
	}
	return m, nil
}

// list returns the codes in the sets of each feature, and marks those features as of categories.
func (f *foreign) list(length int) ([]map[int32]int, error) {
	listed, numbers := make([]map[int32]int, len(f.names)), make([]bool, len(f.names))
	all := 0
	for _, tree := range f.trees {
		for i := range tree {
			n := &tree[i]
			switch {
			case n.column < 0:
				continue
			case n.codes == nil:
				numbers[n.column] = true
			case listed[n.column] == nil:
				listed[n.column], f.category[n.column] = make(map[int32]int), true
			}
			codes := listed[n.column]
			before := len(codes)
			for _, code := range n.codes {
				// A set of 32 may be ten digits long, but a sound file names each category once more.
				if codes[code] = 0; all+len(codes)-before > length/3 {
					return nil, errors.New("boost: too many categories")
				}
			}
			all += len(codes) - before
		}
	}
	for i := range numbers {
		if numbers[i] && f.category[i] {
			return nil, fmt.Errorf("boost: feature %d is one of numbers and of categories", i)
		}
	}
	return listed, nil
}

// levels returns the column of a feature of categories, and the level of each code that a set
// has.
func (f *foreign) levels(i int, listed map[int32]int) (feature.Column, error) {
	codes, texts := slices.Sorted(maps.Keys(listed)), f.texts[i]
	for level, code := range codes {
		switch {
		case texts != nil && int(code) >= len(texts):
			return feature.Column{}, fmt.Errorf("boost: feature %d has more categories than levels", i)
		case texts != nil:
			level = int(code)
		case f.others:
			return feature.Column{}, fmt.Errorf("boost: categories of feature %d have no levels: name them in ReadOptions.Levels", i)
		}
		listed[code] = level
	}
	if texts == nil {
		for _, code := range codes {
			texts = append(texts, strconv.Itoa(int(code)))
		}
	}
	c := feature.New(f.names[i], table.Category, texts)
	if !c.Distinct() {
		return feature.Column{}, fmt.Errorf("boost: feature %d has a level twice", i)
	}
	if f.others {
		addOthers(&c)
	}
	return c, nil
}
