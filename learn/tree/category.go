package tree

import (
	"cmp"
	"math/bits"
	"slices"
)

// exactLevels is the largest number of levels of which all sets are tried where there are
// more than two classes.
const exactLevels = 10

// bestLevels returns the best question about category column i.
func (g *grower) bestLevels(i, lo, hi int, all *tally, s *scratch) split {
	weights := s.levelWeights(g.levels[i] * g.k) // of each class, level by level
	missing := s.missing
	clear(missing)
	codes, none := g.codes[i], true
	for _, row := range g.rows[lo:hi] {
		if code := int(codes[row]); code < 0 {
			missing[g.class[row]] += g.weightOf(row)
			none = false
		} else {
			weights[code*g.k+int(g.class[row])] += g.weightOf(row)
		}
	}
	c := &categories{
		g: g, column: i, weights: weights, missing: g.measure.tally(missing), none: none, all: all, best: split{column: -1},
		with: s.left, rest: s.right, present: slices.Grow(s.present[:0], min(g.levels[i], hi-lo)),
	}
	for level := range g.levels[i] {
		if t := g.measure.tally(weights[level*g.k : (level+1)*g.k]); t.sum > 0 {
			c.present = append(c.present, presentLevel{level, t})
		}
	}
	s.present = c.present
	if len(c.present) > 1 {
		if g.k > 2 && len(c.present) <= exactLevels {
			c.trySets()
		} else {
			c.tryOrders()
		}
	}
	if !none && len(c.present) > 0 {
		left := make([]float64, g.k)
		for _, p := range c.present {
			c.addTo(left, p)
		}
		c.consider(left, c.present, false)
	}
	if c.best.column >= 0 {
		c.best.levels = c.set()
	}
	return c.best
}

// categories looks for the best question about the levels of a column.
type categories struct {
	g       *grower
	column  int
	weights []float64
	missing tally
	none    bool // no value is missing
	all     *tally
	present []presentLevel // levels that the rows have, ascending
	best    split          // without levels
	chosen  []presentLevel // those that go left
	with    []float64      // of both
	rest    []float64      // of consider
}

// presentLevel is a level with the weights of its rows.
type presentLevel struct {
	level int
	tally tally
}

func (c *categories) addTo(dst []float64, p presentLevel) {
	for class, w := range p.tally.weights {
		dst[class] += w
	}
}

// both considers a set of levels on the left, whose rows have the weights left, with
// missing values on either side. The levels must not change afterwards.
func (c *categories) both(left []float64, levels []presentLevel) {
	if !c.none {
		copy(c.with, left)
		c.addTo(c.with, presentLevel{tally: c.missing})
		c.consider(c.with, levels, true)
	}
	c.consider(left, levels, false)
}

// consider considers a set of levels whose rows, and those without value if missing is
// true, have the weights left. The levels must not change afterwards.
func (c *categories) consider(left []float64, levels []presentLevel, missing bool) {
	for class, w := range c.all.weights {
		c.rest[class] = w - left[class]
	}
	l, r := c.g.measure.tally(left), c.g.measure.tally(c.rest)
	if !c.best.consider(c.g, &l, &r) {
		return
	}
	if c.none {
		missing = l.plain >= r.plain
	}
	c.best = split{column: c.column, purity: c.best.purity, missing: missing}
	c.chosen = levels
}

// set tells of each level of the column whether it goes left; levels without rows go with
// missing values.
func (c *categories) set() []bool {
	set := make([]bool, c.g.levels[c.column])
	if c.best.missing {
		for i := range set {
			set[i] = true
		}
		for _, p := range c.present {
			set[p.level] = false
		}
	}
	for _, p := range c.chosen {
		set[p.level] = true
	}
	return set
}

// tryOrders tries the sets that begin an order of the levels by the share of a class.
func (c *categories) tryOrders() {
	left := make([]float64, c.g.k)
	for class := range c.g.k {
		if c.g.k == 2 && class == 0 {
			continue // the reverse of the other
		}
		if c.g.ctx.Err() != nil {
			return
		}
		order := slices.Clone(c.present)
		slices.SortFunc(order, func(a, b presentLevel) int {
			return cmp.Or(
				cmp.Compare(a.tally.weights[class]/a.tally.sum, b.tally.weights[class]/b.tally.sum),
				cmp.Compare(a.level, b.level),
			)
		})
		clear(left)
		for n, p := range order[:len(order)-1] {
			c.addTo(left, p)
			c.both(left, order[:n+1])
		}
	}
}

// trySets tries every set of levels that is without the last one; the others are their
// complements.
func (c *categories) trySets() {
	for set := uint(1); set < 1<<(len(c.present)-1); set++ {
		left := make([]float64, c.g.k)
		levels := make([]presentLevel, 0, exactLevels)
		for rest := set; rest != 0; rest &= rest - 1 {
			p := c.present[bits.TrailingZeros(rest)]
			c.addTo(left, p)
			levels = append(levels, p)
		}
		c.both(left, levels)
	}
}
