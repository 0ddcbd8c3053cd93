package boost

import "math"

// leaf is a node that may still be divided.
type leaf struct {
	limits
	node   int
	lo, hi int // its rows
	depth  int
	sum    cell
	groups []group // nil: it is not to be divided
	best   split
}

// grown is a node of a tree as it grows.
type grown struct {
	split         // column -1: a leaf
	left, right   int
	lo, hi        int
	value, weight float64
}

// grower grows trees.
type grower struct {
	search
	histograms
	spare []int32 // as many as rows
	ready []int32 // rows of the tree, divided among the leaves
}

// grow grows a tree over rows, the leaf of most gain first, and leaves them in the order of the
// leaves.
func (g *grower) grow(rows []int32) []grown {
	g.ready = rows
	root := &leaf{hi: len(rows), limits: limits{math.Inf(-1), math.Inf(1)}}
	root.sum = g.sum(rows)
	nodes := []grown{g.node(root)}
	if g.divisible(root) {
		b := g.build(rows)
		root.groups = b.parts[0]
		g.ask(b, nil, root)
	}
	open := []*leaf{root}
	for len(open) < g.o.MaxLeaves {
		at := -1
		for i, l := range open {
			if l.groups != nil && l.best.column >= 0 && (at < 0 || l.best.gain > open[at].best.gain) {
				at = i
			}
		}
		if at < 0 {
			break
		}
		l := open[at]
		left, right := g.divide(l)
		left.node, right.node = len(nodes), len(nodes)+1
		n := &nodes[l.node]
		n.split, n.left, n.right = l.best, left.node, right.node
		nodes = append(nodes, g.node(left), g.node(right))
		open[at] = left
		if open = append(open, right); len(open) < g.o.MaxLeaves {
			g.follow(l, left, right)
		}
		g.give(l.groups)
	}
	for _, l := range open {
		g.give(l.groups)
	}
	return nodes
}

// sum adds up the pairs of rows.
func (g *grower) sum(rows []int32) cell {
	parts := make([]cell, 16)
	g.ranges(len(rows), len(parts), func(part, lo, hi int) {
		var sum cell
		for _, row := range rows[lo:hi] {
			sum.G += g.pairs[row].G
			sum.HW += g.pairs[row].HW
		}
		parts[part] = sum
	})
	for _, p := range parts[1:] {
		parts[0].G += p.G
		parts[0].HW += p.HW
	}
	return parts[0]
}

func (g *grower) node(l *leaf) grown {
	return grown{
		split: split{column: -1}, lo: l.lo, hi: l.hi, value: g.value(l.sum, l.limits), weight: g.weight(l.sum),
	}
}

func (g *grower) divisible(l *leaf) bool {
	return l.depth < g.o.MaxDepth && g.units(l.sum) >= 2*g.minUnits && g.hessian(l.sum) >= 2*g.o.MinHessian
}

// divide sends the rows of a leaf to its sides.
func (g *grower) divide(l *leaf) (left, right *leaf) {
	s := &l.best
	left = &leaf{limits: l.limits, lo: l.lo, depth: l.depth + 1, sum: s.left}
	right = &leaf{limits: l.limits, hi: l.hi, depth: l.depth + 1, sum: cell{G: l.sum.G - s.left.G, HW: l.sum.HW - s.left.HW}}
	left.hi = l.lo + g.partition(l.lo, l.hi, s)
	right.lo = left.hi
	known := int(s.bin) == g.bins[s.column]-1 // known, or not: no order
	if sign := g.sign[s.column]; sign != 0 && !known {
		middle := (g.value(left.sum, l.limits) + g.value(right.sum, l.limits)) / 2
		low, high := left, right
		if sign < 0 {
			low, high = right, left
		}
		low.high, high.low = middle, middle
	}
	return left, right
}

// partition puts rows that go left before the others, both in their order, and returns
// their number.
func (g *grower) partition(lo, hi int, s *split) int {
	var goes [256]uint8
	for b := range goes {
		if s.goesLeft(uint8(b), g.category[s.column]) {
			goes[b] = 1
		}
	}
	parts := 1
	if hi-lo >= 1<<12 { // fewer are not worth sharing out
		parts = 16
	}
	type part struct{ lo, left, right int }
	done := make([]part, parts)
	g.ranges(hi-lo, parts, func(p, from, to int) {
		from, to = from+lo, to+lo
		bins := g.columns[s.column]
		rows, spare := g.ready[from:to], g.spare[from:to]
		left, right := 0, 0
		for _, row := range rows {
			l := int(goes[bins[row]])
			rows[left], spare[right] = row, row
			left += l
			right += 1 - l
		}
		done[p] = part{from, left, right}
	})
	at := lo
	for _, p := range done {
		at += copy(g.ready[at:], g.ready[p.lo:p.lo+p.left])
	}
	left := at - lo
	for _, p := range done {
		at += copy(g.ready[at:], g.spare[p.lo:p.lo+p.right])
	}
	return left
}

// follow finds the questions of the sides of a node that was just divided: it builds the
// histogram of the one with fewer rows, and that of the other is what is left of the
// node's.
func (g *grower) follow(l, left, right *leaf) {
	less, more := left, right
	if right.hi-right.lo < left.hi-left.lo {
		less, more = right, left
	}
	askLess, askMore := g.divisible(less), g.divisible(more)
	if !askLess && !askMore {
		return
	}
	b := g.build(g.ready[less.lo:less.hi])
	var leaves []*leaf
	if askMore {
		more.groups, l.groups = l.groups, nil
		leaves = append(leaves, more)
	} else {
		more = nil
	}
	if askLess {
		less.groups = b.parts[0]
		leaves = append(leaves, less)
	}
	g.ask(b, more, leaves...)
	if !askLess {
		g.give(b.parts[0])
	}
}

// walk returns the leaf of a row of a matrix.
func (g *grower) walk(nodes []grown, m *matrix, row int32) int {
	i := 0
	for nodes[i].column >= 0 {
		n := &nodes[i]
		if n.goesLeft(m.columns[n.column][row], g.category[n.column]) {
			i = n.left
		} else {
			i = n.right
		}
	}
	return i
}
