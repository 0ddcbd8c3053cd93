package boost

import (
	"math"
	"slices"
)

// Contributions appends to dst what each column adds to the score of a row, its Shapley value
// (Lundberg et al. 2020, path-dependent TreeSHAP), and returns the base, the mean score of the
// rows of the fit as the trees have it: base + Σ contributions = LogOdds, to 1e-9 of the
// sizes of the leaves. The row is as for LogOdds; it panics if the row has another length.
//
// A column is known or not, and the value of a set of known columns is the score where a question
// about another column sends the row both ways, in the shares of the rows of the fit, halves
// where none came. A contribution is the mean of what its column adds to the sets without
// it, over all orders of the columns. See [Shapley] for what else could be meant.
//
// It allocates nothing if dst has room, but for the first rows. Cost: O(nodes·min(d, √d·7)/8), d
// being the most columns that one path of a tree asks about; memory: 32 bytes a node of the
// model, and 72 a node of the largest tree for each row at a time.
func (m *Model) Contributions(dst, row []float64) (contributions []float64, base float64) {
	m.check(row)
	at := len(dst)
	dst = slices.Grow(dst, len(row))[:at+len(row)]
	clear(dst[at:])
	s := m.known()
	if s == nil {
		return dst, m.base
	}
	w := walks.Get().(*walk)
	defer walks.Put(w)
	for i := range s.trees {
		w.prepare(m, &s.trees[i])
		w.add(m, s, &s.trees[i], dst[at:], nil, row)
	}
	return dst, s.base
}

// Interactions appends to dst the contributions of Contributions divided among pairs of columns,
// and returns its base: a square of as many rows as Columns, one after the other, which is
// symmetric and whose rows add up to the contributions. Beside the diagonal is half of what two
// columns do together beyond what they do apart, the Shapley interaction index
// (Lundberg, Erion and Lee 2018; Fujimoto et al. 2006), on it what is left for the column
// alone. The row is as for LogOdds; it panics if the row has another length. It allocates
// nothing if dst has room, but for the first rows. Cost: that of Contributions times the depth, and
// O(columns²), also in memory: of 131,072 columns, which a model that somebody else has written may
// have, the square is 137 GB.
func (m *Model) Interactions(dst, row []float64) (interactions []float64, base float64) {
	m.check(row)
	n, at := len(row), len(dst)
	dst = slices.Grow(dst, n*n)[:at+n*n]
	square := dst[at:]
	clear(square)
	s := m.known()
	if s == nil {
		return dst, m.base
	}
	w := walks.Get().(*walk)
	defer walks.Put(w)
	w.sums = append(w.sums[:0], row...)
	clear(w.sums)
	for i := range s.trees {
		w.prepare(m, &s.trees[i])
		w.add(m, s, &s.trees[i], w.sums, square, row)
	}
	for i := range n {
		rest := w.sums[i]
		for j := range n {
			if j < i {
				square[i*n+j] = square[j*n+i]
			}
			if j != i {
				rest -= square[i*n+j]
			}
		}
		square[i*n+i] = rest
	}
	return dst, s.base
}

// shares is what the rows of the fit say about the trees of a model beside their questions.
type shares struct {
	base  float64 // mean score
	nodes []share // of the nodes of the model
	trees []treeShares
}

// share is of a node.
type share struct {
	// sides are the shares of its rows that go left and right.
	sides [2]float64
	// before is the share of rows that the questions above about the column of this one let
	// pass, the product of those on the path: 1 if there are none.
	before float64
	// asked is the node, counted from the root, to which the last question above about the
	// same column leads; -1: there is none.
	asked int32
	// parent is the node above, counted from the root.
	parent int32
}

type treeShares struct {
	from, to int32   // nodes
	most     int     // columns that a path asks about
	points   []point // of the quadrature, in fours
}

// known returns the shares of a model, nil if it has no trees.
func (m *Model) known() *shares {
	if len(m.roots) == 0 {
		return nil
	}
	s := m.shares.Load()
	if s == nil { // two that come first find the same
		s = m.newShares()
		m.shares.Store(s)
	}
	return s
}

func (m *Model) newShares() *shares {
	s := &shares{base: m.base, nodes: make([]share, len(m.nodes)), trees: make([]treeShares, len(m.roots))}
	above := make([]asked, len(m.columns))
	for i := range above {
		above[i].node = -1
	}
	rules := map[int][]point{}
	for i, root := range m.roots {
		end := int32(len(m.nodes))
		if i+1 < len(m.roots) {
			end = m.roots[i+1]
		}
		most := s.measure(m, root, above)
		n := enoughPoints(most)
		if rules[n] == nil {
			rules[n] = quadrature(n)
		}
		s.trees[i] = treeShares{root, end, most, rules[n]}
		s.base += s.mean(m, root, end)
	}
	return s
}

// asked is where the last question about a column leads.
type asked struct {
	node  int32   // counted from the root; -1: no question yet
	share float64 // of rows that all of them so far let pass
}

// measure finds the shares of a tree and returns the most columns that a path asks about.
func (s *shares) measure(m *Model, root int32, above []asked) int {
	type visit struct {
		node, parent int32
		left         bool // the way back up
		was          asked
	}
	most, columns := 0, 0
	for open := []visit{{node: root, parent: -1}}; len(open) > 0; {
		v := &open[len(open)-1]
		if v.parent >= 0 {
			s.nodes[v.node].parent = v.parent - root
			q, column := &s.nodes[v.parent], m.nodes[v.parent].column
			if v.left {
				if above[column] = v.was; v.was.node < 0 {
					columns--
				}
			} else {
				if v.was = above[column]; v.was.node < 0 {
					columns++
				}
				above[column] = asked{v.node - root, q.before * q.sides[v.node-m.nodes[v.parent].child]}
			}
		}
		if v.left {
			open = open[:len(open)-1]
			continue
		}
		v.left = true
		if m.isLeaf(v.node) {
			most = max(most, columns)
			continue
		}
		i, n := v.node, &m.nodes[v.node]
		q := &s.nodes[i]
		q.before, q.sides, q.asked = 1, [2]float64{0.5, 0.5}, above[n.column].node
		if q.asked >= 0 {
			q.before = above[n.column].share
		}
		l, r := m.facts[n.child].cover, m.facts[n.child+1].cover
		if sum := l + r; l >= 0 && r >= 0 && sum > 0 && !math.IsInf(sum, 1) {
			q.sides = [2]float64{l / sum, r / sum}
		}
		open = append(open, visit{node: n.child + 1, parent: i}, visit{node: n.child, parent: i})
	}
	return most
}

// mean returns what a tree adds in the mean over the rows of the fit.
func (s *shares) mean(m *Model, from, to int32) float64 {
	means := make([]float64, to-from)
	for i := to - 1; i >= from; i-- {
		if m.isLeaf(i) {
			means[i-from] = m.facts[i].value
			continue
		}
		at := m.nodes[i].child - from
		means[i-from] = s.nodes[i].sides[0]*means[at] + s.nodes[i].sides[1]*means[at+1]
	}
	return means[0]
}
