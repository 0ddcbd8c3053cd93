package boost

import (
	"math"

	"github.com/clientele-go/clientele/internal/parallel"
)

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
		root.groups = g.build(rows)
		g.ask([]*leaf{root}, nil, nil)
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
	parallel.Ranges(g.workers, len(rows), len(parts), func(part, lo, hi int) {
		var sum cell
		for _, row := range rows[lo:hi] {
			sum.g += g.pairs[row].g
			sum.hw += g.pairs[row].hw
		}
		parts[part] = sum
	})
	for _, p := range parts[1:] {
		parts[0].g += p.g
		parts[0].hw += p.hw
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
	right = &leaf{limits: l.limits, hi: l.hi, depth: l.depth + 1, sum: cell{l.sum.g - s.left.g, l.sum.hw - s.left.hw}}
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
	if hi-lo >= parallelWork/lanes {
		parts = 16
	}
	type part struct{ lo, left, right int }
	done := make([]part, parts)
	parallel.Ranges(g.workers, hi-lo, parts, func(p, from, to int) {
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
	built := g.build(g.ready[less.lo:less.hi])
	var leaves []*leaf
	if askMore {
		more.groups, l.groups = l.groups, nil
		leaves = append(leaves, more)
	}
	if askLess {
		less.groups = built
		leaves = append(leaves, less)
	}
	g.ask(leaves, more, built)
	if !askLess {
		g.give(built)
	}
}

// ask finds the questions of leaves. From the histogram of one of them, if there, another is
// subtracted first.
func (g *grower) ask(leaves []*leaf, from *leaf, what []group) {
	found := make([]split, len(leaves)*g.stride)
	workers, work := 1, 0
	for _, n := range g.counts {
		work += n
	}
	if work >= 2048 {
		workers = g.workers
	}
	parallel.For(workers, len(found), func(task int) {
		which, of := task/g.stride, task%g.stride
		l := leaves[which]
		best := split{column: -1, gain: g.base(l)}
		best.gain += float64(1e-12 * math.Abs(best.gain))
		for i := of * lanes; g.used[of] && i < min((of+1)*lanes, len(g.counts)); i++ {
			cells := &l.groups[of][i%lanes]
			if l == from {
				subtract(cells, &what[of][i%lanes], g.counts[i])
			}
			if g.chosen[i] {
				g.column(l, cells, i, &best)
			}
		}
		found[task] = best
	})
	for which, l := range leaves {
		l.best = split{column: -1}
		for _, s := range found[which*g.stride : (which+1)*g.stride] {
			if s.column >= 0 && (l.best.column < 0 || s.gain > l.best.gain) {
				l.best = s
			}
		}
		if l.best.column >= 0 {
			l.best.gain -= g.base(l) - g.o.MinGain
		}
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
