package tree

import (
	"context"
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
)

// grower grows a tree. The rows of a node are one range [lo, hi) of rows and of every
// sorted column: a question parts the range into that of the left and that of the right
// node, each still sorted.
type grower struct {
	*data
	ctx       context.Context
	total     float64 // weight, that of classes applied
	side      []bool  // of each row of the table: left
	scratches []*scratch
	alone     int // nodes of fewer numbers grow on one goroutine with all below them
	branches  []*branch
}

// branch is a part of a tree that grows on one goroutine, or on top of the others.
type branch struct {
	g       *grower
	scratch *scratch // nil: on top
	nodes   []node
	lo, hi  int
	depth   int
	at      int // place of its first node among those on top
	err     error
}

// scratch is the memory of a goroutine.
type scratch struct {
	entries                    []entry
	rows                       []int32
	left, right, missing, zero []float64 // one a class
	heavier                    bool      // missing values go to the heavier side
	weights                    []float64
	present                    []presentLevel
}

// levelWeights returns n zeros.
func (s *scratch) levelWeights(n int) []float64 {
	if cap(s.weights) < n {
		s.weights = make([]float64, n)
	}
	s.weights = s.weights[:n]
	clear(s.weights)
	return s.weights
}

// grow returns the nodes of a tree. It uses up the rows and numbers of d.
func (d *data) grow(ctx context.Context) ([]node, error) {
	g := &grower{data: d, ctx: ctx, side: make([]bool, len(d.class))}
	n := len(d.rows)
	g.alone = max(1<<13, n*len(d.columns)/(8*d.workers))
	entries := n
	if !slices.ContainsFunc(d.numbers, func(column []entry) bool { return column != nil }) {
		entries = 0
	}
	for range d.workers {
		per := make([]float64, 4*d.k)
		g.scratches = append(g.scratches, &scratch{
			entries: make([]entry, entries), rows: make([]int32, n),
			left: per[:d.k:d.k], right: per[d.k : 2*d.k : 2*d.k], missing: per[2*d.k : 3*d.k : 3*d.k], zero: per[3*d.k:],
		})
	}
	weights := g.count(0, n)
	all := g.measure.tally(weights)
	g.total = all.sum
	top := &branch{g: g}
	if d.workers == 1 {
		top.scratch = g.scratches[0]
	}
	if err := top.grow(0, n, 0, weights); err != nil {
		return nil, err
	}
	g.states(len(g.branches), func(s *scratch, i int) {
		b := g.branches[i]
		b.scratch = s
		b.err = b.grow(b.lo, b.hi, b.depth, g.count(b.lo, b.hi))
	})
	for _, b := range g.branches {
		if b.err != nil {
			return nil, b.err
		}
	}
	return top.join(g.branches), nil
}

// states calls f on all workers, each with memory of its own.
func (g *grower) states(n int, f func(s *scratch, i int)) {
	taken := 0
	fresh := func() *scratch { taken++; return g.scratches[taken-1] }
	parallel.States(g.workers, n, fresh, f)
}

// join puts branches into their places.
func (b *branch) join(branches []*branch) []node {
	if len(branches) == 0 {
		return b.nodes
	}
	place := make([]int, len(b.nodes))
	rest, length := branches, 0
	for i := range b.nodes {
		place[i] = length
		if len(rest) > 0 && rest[0].at == i {
			length += len(rest[0].nodes)
			rest = rest[1:]
		} else {
			length++
		}
	}
	nodes := make([]node, 0, length)
	for i, n := range b.nodes {
		if len(branches) > 0 && branches[0].at == i {
			from := len(nodes)
			for _, n := range branches[0].nodes {
				n.right += from
				nodes = append(nodes, n)
			}
			branches = branches[1:]
			continue
		}
		n.right = place[n.right]
		nodes = append(nodes, n)
	}
	return nodes
}

// count returns the weight of each class in a range.
func (g *grower) count(lo, hi int) []float64 {
	weights := make([]float64, g.k)
	for _, row := range g.rows[lo:hi] {
		weights[g.class[row]] += g.weightOf(row)
	}
	return weights
}

// grow appends the node of a range and all below it; on top, a small range is left for
// a branch of its own.
func (b *branch) grow(lo, hi, depth int, weights []float64) error {
	g := b.g
	if err := g.ctx.Err(); err != nil {
		return err
	}
	at := len(b.nodes)
	b.nodes = append(b.nodes, node{column: -1, weights: weights})
	all := g.measure.tally(weights)
	if g.o.MaxDepth > 0 && depth == g.o.MaxDepth || all.plain < g.o.MinSplit || pure(weights) {
		return nil
	}
	if b.scratch == nil && (hi-lo)*len(g.columns) < g.alone {
		g.branches = append(g.branches, &branch{g: g, lo: lo, hi: hi, depth: depth, at: at})
		return nil
	}
	best := b.best(lo, hi, &all)
	if err := g.ctx.Err(); err != nil {
		return err // best may not have seen everything
	}
	if best.column < 0 {
		return nil
	}
	b.nodes[at] = node{column: best.column, upTo: best.upTo, levels: best.set(), missing: best.missing, weights: weights}
	middle := b.part(lo, hi, &b.nodes[at])
	if err := b.grow(lo, middle, depth+1, g.count(lo, middle)); err != nil {
		return err
	}
	b.nodes[at].right = len(b.nodes)
	return b.grow(middle, hi, depth+1, g.count(middle, hi))
}

// pure reports whether fewer than two classes have any weight.
func pure(weights []float64) bool {
	some := 0
	for _, w := range weights {
		if w > 0 {
			some++
		}
	}
	return some < 2
}

// best returns the best question about a range, of column -1 if there is none.
func (b *branch) best(lo, hi int, all *tally) split {
	g := b.g
	best := split{column: -1}
	better := func(s *split) {
		if s.column >= 0 && (best.column < 0 || s.purity > best.purity) {
			best = *s
		}
	}
	if b.scratch != nil {
		for i := range g.columns {
			s := g.bestOf(i, lo, hi, all, b.scratch)
			better(&s)
		}
	} else {
		found := make([]split, len(g.columns))
		g.states(len(found), func(s *scratch, i int) { found[i] = g.bestOf(i, lo, hi, all, s) })
		for i := range found {
			better(&found[i])
		}
	}
	if gain := (best.purity - g.purity(all)) / g.total; best.column < 0 || gain < g.o.MinGain-roundoff {
		return split{column: -1}
	}
	return best
}

// roundoff is what a gain of 0 may come out below it.
const roundoff = 1e-15

// bestOf returns the best question about a column.
func (g *grower) bestOf(i, lo, hi int, all *tally, s *scratch) split {
	switch {
	case g.ctx.Err() != nil:
		return split{column: -1}
	case g.codes[i] != nil:
		return g.bestLevels(i, lo, hi, all, s)
	}
	return g.bestThreshold(i, lo, hi, all, s)
}

// part puts the rows of a range that go left before those that go right, each in their
// order, and returns where the latter begin.
func (b *branch) part(lo, hi int, n *node) int {
	g := b.g
	if codes := g.codes[n.column]; codes != nil {
		for _, row := range g.rows[lo:hi] {
			g.side[row] = n.left(float64(codes[row]))
		}
	} else {
		for _, e := range g.numbers[n.column][lo:hi] {
			g.side[e.row] = n.left(e.value)
		}
	}
	one := func(s *scratch, i int) {
		if i == len(g.numbers) {
			partition(g.rows[lo:hi], s.rows, func(row int32) bool { return g.side[row] })
		} else if g.numbers[i] != nil {
			partition(g.numbers[i][lo:hi], s.entries, func(e entry) bool { return g.side[e.row] })
		}
	}
	middle := lo
	for _, row := range g.rows[lo:hi] {
		if g.side[row] {
			middle++
		}
	}
	if b.scratch == nil {
		g.states(len(g.numbers)+1, one)
	} else {
		for i := range len(g.numbers) + 1 {
			one(b.scratch, i)
		}
	}
	return middle
}

// partition puts those that go left before the others.
func partition[E any](all, scratch []E, left func(E) bool) {
	l, r := 0, 0
	for _, e := range all {
		if left(e) {
			all[l] = e
			l++
		} else {
			scratch[r] = e
			r++
		}
	}
	copy(all[l:], scratch[:r])
}
