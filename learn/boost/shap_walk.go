package boost

import (
	"math"
	"sync"
)

// abreast is the number of points of a quadrature that go through a tree together.
const abreast = 4

// point is one of a quadrature over [0, 1].
type point struct{ at, rest, weight float64 } // rest is 1 - at

// enoughPoints returns how many points a tree needs whose paths ask about up to d columns. Half as
// many are exact. But the integrand is a mean of t^a·(1-t)^b with a+b < d, which on the ellipse
// with foci 0 and 1 and sum of the axes e^l is at most cosh(l/2)^(2d), so that the error of n
// points is below 64/15·exp(d·l²/4-2nl)/(1-exp(-2l)) (Trefethen 2013, theorem 19.3): with l =
// 4n/d and n = 3.3·√d it is below 1e-17 for any d below 100,000.
func enoughPoints(d int) int {
	n := min(float64(d)/2, 3.3*math.Sqrt(float64(d)))
	return max(1, int(math.Ceil(n/abreast))) * abreast
}

// quadrature returns the n points of Gauss and Legendre, which are exact for polynomials of a
// degree below 2n.
func quadrature(n int) []point {
	points := make([]point, n)
	for i := range (n + 1) / 2 {
		x := math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5)) // of [-1, 1]
		slope := 0.0
		for range 100 {
			p, before := 1.0, 0.0
			for k := range n {
				p, before = (float64(2*k+1)*x*p-float64(k)*before)/float64(k+1), p
			}
			slope = float64(n) * (x*p - before) / (x*x - 1)
			step := p / slope
			if x -= step; math.Abs(step) < 1e-15 {
				break
			}
		}
		weight := 1 / ((1 - x*x) * slope * slope)
		points[i] = point{(1 - x) / 2, (1 + x) / 2, weight}
		points[n-1-i] = point{(1 + x) / 2, (1 - x) / 2, weight}
	}
	return points
}

// walk is the memory of a way through the trees.
//
// A leaf of value v whose path asks about d columns is the game v·Π f, where the factor of a
// known column is 1 if the row passes its questions, else 0, and of an unknown one
// the share z of the rows of the fit that pass. The Shapley value of a column is then
// v·(o-z)·∫ Π (z(1-t)+o·t) dt over t in [0, 1], the product over the other columns, o being 1
// or 0: t is how likely another column is to be known. The integral of a polynomial of degree
// d-1 is a sum over points, all of whose terms are of one sign, and of which each goes through
// the tree alone: down with the product above a node, up with the sum below it.
type walk struct {
	nodes []walked  // of a tree
	sums  []float64 // contributions, for Interactions
}

type walked struct {
	above [abreast]float64 // weight of the point times the factors of the path
	below [abreast]float64 // Σ value times the factors further down
	side  int32            // to which the row goes
	on    bool             // the row passes the last question and those above about its column
}

var walks = sync.Pool{New: func() any { return new(walk) }}

// prepare makes the leaves of a tree.
func (w *walk) prepare(m *Model, tree *treeShares) {
	n := int(tree.to - tree.from)
	if cap(w.nodes) < n {
		w.nodes = make([]walked, n)
	}
	w.nodes = w.nodes[:n]
	for i := range w.nodes {
		if from := tree.from + int32(i); m.isLeaf(from) {
			v := m.facts[from].value
			w.nodes[i].below = [abreast]float64{v, v, v, v}
		}
	}
}

// add adds the contributions of a row to dst, and if pairs is not nil the interactions of
// columns i < j to pairs[i·columns+j], of a tree for which w is prepared.
func (w *walk) add(m *Model, s *shares, tree *treeShares, dst, pairs, row []float64) {
	for at := 0; at < len(tree.points); at += abreast {
		p := (*[abreast]point)(tree.points[at:])
		w.down(m, s, tree, p, row)
		w.up(m, s, tree, p, dst, pairs)
	}
}

// down finds which way the row goes, and the factors above each node.
func (w *walk) down(m *Model, s *shares, tree *treeShares, p *[abreast]point, row []float64) {
	nodes, questions, shares := w.nodes, m.nodes[tree.from:tree.to], s.nodes[tree.from:tree.to]
	for k := range p {
		nodes[0].above[k] = p[k].weight
	}
	for i := range questions {
		n := &questions[i]
		child := n.child - tree.from
		if child == int32(i) {
			continue
		}
		here, q := &nodes[i], &shares[i]
		side := n.side(row[n.column])
		if n.set >= 0 {
			side = m.levelSide(n, row[n.column])
		}
		here.side = side
		on, off := &nodes[child+side], &nodes[child+1-side]
		on.on, off.on = true, false
		z := q.sides[1-side]
		switch {
		case q.asked < 0:
			for k := range here.above {
				a := here.above[k]
				b := a * z * p[k].rest
				on.above[k], off.above[k] = a-b, b
			}
		case nodes[q.asked].on:
			for k := range here.above {
				a := here.above[k]
				b := a * z * q.before * p[k].rest / (q.before*p[k].rest + p[k].at)
				on.above[k], off.above[k] = a-b, b
			}
		default: // it fails already
			on.on = false
			for k := range here.above {
				a := here.above[k]
				on.above[k], off.above[k] = a*q.sides[side], a*z
			}
		}
	}
}

// up finds the sums below each node, and with them what its question adds.
func (w *walk) up(m *Model, s *shares, tree *treeShares, p *[abreast]point, dst, pairs []float64) {
	nodes, questions, shares := w.nodes, m.nodes[tree.from:tree.to], s.nodes[tree.from:tree.to]
	for i := len(questions) - 1; i >= 0; i-- {
		n := &questions[i]
		child := n.child - tree.from
		if child == int32(i) {
			continue
		}
		here, q := &nodes[i], &shares[i]
		on, off := &nodes[child+here.side], &nodes[child+1-here.side]
		z := q.sides[1-here.side]
		var terms [abreast]float64
		switch {
		case q.asked < 0:
			for k := range here.below {
				b := on.below[k]
				more := (b - off.below[k]) * z
				terms[k] = here.above[k] * more
				here.below[k] = b - more*p[k].rest
			}
		case nodes[q.asked].on:
			for k := range here.below {
				b, factor := on.below[k], 1/(q.before*p[k].rest+p[k].at)
				more := (b - off.below[k]) * (z * q.before * factor)
				terms[k] = here.above[k] * factor * more
				here.below[k] = b - more*p[k].rest
			}
		default:
			for k := range here.below {
				here.below[k] = on.below[k]*q.sides[here.side] + off.below[k]*z
			}
			continue
		}
		dst[n.column] += (terms[0] + terms[1]) + (terms[2] + terms[3])
		if pairs != nil {
			w.pair(questions, shares, p, i, &terms, pairs)
		}
	}
}

// pair adds what the question of a node adds together with each of those above.
func (w *walk) pair(questions []node, shares []share, p *[abreast]point, i int, terms *[abreast]float64, pairs []float64) {
	columns, column := int(math.Sqrt(float64(len(pairs)))+0.5), int(questions[i].column)
	for at := int32(i); at > 0; {
		up := shares[at].parent
		q, c := &shares[up], int(questions[up].column)
		if c != column && (q.asked < 0 || w.nodes[q.asked].on) {
			sum := 0.0
			for k, term := range terms {
				factor := q.before*p[k].rest + p[k].at
				if w.nodes[at].on {
					side := w.nodes[up].side
					sum += term * q.before * q.sides[1-side] / (factor * (q.before*q.sides[side]*p[k].rest + p[k].at))
				} else {
					sum -= term / (factor * p[k].rest)
				}
			}
			pairs[min(c, column)*columns+max(c, column)] += sum / 2
		}
		at = up
	}
}
