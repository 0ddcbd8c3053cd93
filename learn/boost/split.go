package boost

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// split is a question about a node and what it gains.
type split struct {
	column  int       // -1: none
	bin     uint8     // number: bins up to it go left
	set     [4]uint64 // category: bins that go left
	missing bool      // missing values go left
	gain    float64   // G²/(H+L2) of both sides; once chosen, less that of all
	left    cell
}

func (s *split) goesLeft(bin uint8, category bool) bool {
	switch {
	case bin == missing:
		return s.missing
	case category:
		return s.set[bin/64]>>(bin%64)&1 == 1
	}
	return bin <= s.bin
}

// limits bound the value of a node.
type limits struct{ low, high float64 }

func (l limits) clip(value float64) float64 { return min(max(value, l.low), l.high) }

// search looks for questions.
type search struct {
	o *Options
	scale
	minUnits int64   // of MinLeaf
	most     float64 // size of a value
	bins     []int   // of each column
	category []bool
	sign     []int8 // +1: rising, -1: falling
	chosen   []bool // columns of the tree
}

// value is that of a node, before the learning rate.
func (s *search) value(sum cell, l limits) float64 {
	h := s.hessian(sum) + s.o.L2
	if h == 0 {
		return l.clip(0)
	}
	return l.clip(min(max(-s.gradient(sum)/h, -s.most), s.most))
}

// mostLogistic is the largest size of a value of Logistic before the learning rate. Where labels
// are rare the hessian is so much smaller than the gradient that a Newton step would go far
// beyond the log-odds it is to reach, where hessians are 0 and no tree can bring it back.
const mostLogistic = 20

// base is what a question must gain: what the node is worth as it is, and MinGain.
func (s *search) base(n *leaf) float64 {
	h := s.hessian(n.sum) + s.o.L2
	if h == 0 {
		return s.o.MinGain
	}
	return s.worth(s.gradient(n.sum), h, n.limits) + s.o.MinGain
}

// worth is twice the loss that a value within limits saves, h with L2: G²/(H+L2) if they
// leave it free.
func (s *search) worth(g, h float64, l limits) float64 {
	v := l.clip(-g / h)
	return float64(-2*g*v) - float64(h*v*v)
}

// column looks for a better question about column i.
func (s *search) column(n *leaf, cells *[256]cell, i int, best *split) {
	switch {
	case s.category[i]:
		s.levels(n, cells, i, best)
	case s.units(cells[missing]) == 0:
		s.scan(n, cells, i, false, best)
	default:
		s.scan(n, cells, i, true, best)
		s.scan(n, cells, i, false, best)
	}
}

// scan tries the thresholds of a number, with missing values on one side.
func (s *search) scan(n *leaf, cells *[256]cell, i int, missingLeft bool, best *split) {
	var l cell
	last, some := s.bins[i]-1, s.units(cells[missing]) > 0
	if missingLeft {
		l = cells[missing]
	} else if some {
		last++ // known, or not
	}
	free := s.sign[i] == 0 && n.limits == limits{math.Inf(-1), math.Inf(1)}
	most, l2 := best.gain, s.o.L2
	for b := range last {
		c := cells[b]
		if c.HW == 0 && c.G == 0 {
			continue
		}
		l.G += c.G
		l.HW += c.HW
		if s.units(l) < s.minUnits {
			continue
		}
		r := cell{G: n.sum.G - l.G, HW: n.sum.HW - l.HW}
		if s.units(r) < s.minUnits {
			break
		}
		hl, hr := s.hessian(l), s.hessian(r)
		if hl < s.o.MinHessian {
			continue
		} else if hr < s.o.MinHessian {
			break
		}
		hl, hr = hl+l2, hr+l2
		gl, gr := s.gradient(l), s.gradient(r)
		if free && !(float64(gl*gl*hr)+float64(gr*gr*hl) > most*hl*hr) {
			continue
		}
		bin, sign := uint8(b), s.sign[i]
		if some && !missingLeft && r == cells[missing] { // known, or not: no order
			bin, sign = uint8(last-1), 0
		}
		if free {
			gain := gl*gl/hl + gr*gr/hr
			if !(gain > most) {
				continue
			}
			most = gain
		} else if gain, ok := s.bounded(n, gl, hl, gr, hr, sign); ok && gain > most {
			most = gain
		} else {
			continue
		}
		*best = split{column: i, bin: bin, missing: missingLeft, gain: most, left: l}
		if !some {
			best.missing = s.units(l) >= s.units(r)
		}
	}
}

// bounded returns the gain of sides with limits, and whether their values are in the order
// that sign asks for.
func (s *search) bounded(n *leaf, gl, hl, gr, hr float64, sign int8) (float64, bool) {
	if sign != 0 {
		if rise := n.clip(-gr/hr) - n.clip(-gl/hl); rise*float64(sign) < 0 {
			return 0, false
		}
	}
	return s.worth(gl, hl, n.limits) + s.worth(gr, hr, n.limits), true
}

// fewLevels is the largest number of levels of which all sets are tried.
const fewLevels = 4

// levelSum is a level that is told apart in a node.
type levelSum struct {
	cell
	bin uint8
	key float64
}

// levels tries sets of levels: all of up to fewLevels, which are one against the others and
// more, and of more levels those that begin their order by G/(H+LevelSmoothing), of which
// one is best where nothing is smoothed (Fisher 1958). What is missing or too light to be
// told apart is tried on both sides.
func (s *search) levels(n *leaf, cells *[256]cell, i int, best *split) {
	var room [maxBins]levelSum
	told, rest := room[:0], n.sum
	for b := range s.bins[i] {
		c := cells[b]
		if u := s.units(c); u > 0 && float64(u)*s.w >= s.o.LevelWeight*s.slack {
			told = append(told, levelSum{c, uint8(b), s.gradient(c) / (s.hessian(c) + s.o.LevelSmoothing)})
			rest.G -= c.G
			rest.HW -= c.HW
		}
	}
	if s.units(rest) == 0 {
		rest = cell{}
	}
	if len(told) <= fewLevels {
		sets := 1 << len(told)
		if s.units(rest) == 0 {
			sets /= 2 // the others are their complements
		}
		for set := 1; set < sets; set++ {
			var l cell
			for rest := uint(set); rest != 0; rest &= rest - 1 {
				c := told[bits.TrailingZeros(rest)]
				l.G += c.G
				l.HW += c.HW
			}
			if s.better(n, l, i, best) {
				s.choose(n, told, func(at int) bool { return set>>at&1 == 1 }, false, rest, best)
			}
		}
		return
	}
	slices.SortFunc(told, func(a, b levelSum) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.bin, b.bin)) })
	var l cell
	for k, c := range told {
		l.G += c.G
		l.HW += c.HW
		if s.better(n, l, i, best) {
			s.choose(n, told, func(at int) bool { return at <= k }, false, rest, best)
		}
		if s.units(rest) > 0 && s.better(n, cell{G: l.G + rest.G, HW: l.HW + rest.HW}, i, best) {
			s.choose(n, told, func(at int) bool { return at <= k }, true, rest, best)
		}
	}
}

// better reports whether rows with the sums l on the left gain more than best, and if so
// makes them best, without a set.
func (s *search) better(n *leaf, l cell, i int, best *split) bool {
	r := cell{G: n.sum.G - l.G, HW: n.sum.HW - l.HW}
	hl, hr := s.hessian(l), s.hessian(r)
	if min(s.units(l), s.units(r)) < s.minUnits || min(hl, hr) < s.o.MinHessian {
		return false
	}
	gain, _ := s.bounded(n, s.gradient(l), hl+s.o.L2, s.gradient(r), hr+s.o.L2, 0)
	if !(gain > best.gain) {
		return false
	}
	*best = split{column: i, gain: gain, left: l}
	return true
}

// choose fills the set of best. Levels not told apart go with missing values, which where
// there is none of all those go to the heavier side.
func (s *search) choose(n *leaf, told []levelSum, left func(at int) bool, missingLeft bool, rest cell, best *split) {
	if best.missing = missingLeft; s.units(rest) == 0 {
		best.missing = 2*s.units(best.left) >= s.units(n.sum)
	}
	if best.missing {
		for b := range s.bins[best.column] {
			best.set[b/64] |= 1 << (b % 64)
		}
	}
	for at, c := range told {
		if left(at) {
			best.set[c.bin/64] |= 1 << (c.bin % 64)
		} else {
			best.set[c.bin/64] &^= 1 << (c.bin % 64)
		}
	}
}
