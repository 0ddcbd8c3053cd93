// Package histogram adds up integers of rows by the bins that their columns are in, of eight
// columns at a time, and bounds what a node of a tree gains by dividing its rows between two bins.
//
// Sums are the same in every form, in Go or in assembly. Bounds are there in assembly alone:
// they save a search the columns in which it would find nothing, and cost more than they save
// where one bin is looked at after the other.
//
// The assembly is for AVX2 with FMA and BMI2 and for AVX-512, chosen once at start by what the
// processor has. The build tag purego leaves it out.
package histogram

import (
	"math"

	"github.com/clientele-go/clientele/internal/simd"
)

const (
	// Lanes is the number of columns of a group, whose bins are in one word, the first lowest.
	Lanes = 8
	// Missing is the bin of missing values, the last one.
	Missing = 255
)

// Cell has the sums over the rows of a bin: G of gradients, HW of hessians, shifted left, and
// below them of units of weight. A plain value: safe for concurrent reads.
type Cell struct{ G, HW int64 }

// Group has the cells of each bin, of eight columns. A plain value: safe for concurrent reads.
type Group [Missing + 1][Lanes]Cell

// Clear empties the first bins and that of missing values.
func (g *Group) Clear(bins int) {
	clear(g[:bins])
	clear(g[Missing:])
}

// Add adds to each cell of the first columns the pairs of those of the rows that are in its bin:
// words[row*stride] has the bins of a row. It does more columns than asked for where that is
// quicker. It does not check that rows are rows of pairs and words.
func (g *Group) Add(columns int, rows []int32, pairs []Cell, words []uint64, stride int) {
	if len(rows) > 0 {
		add(g, columns, rows, pairs, words, stride)
	}
}

// Merge adds the first bins, and that of missing values, of another group.
func (g *Group) Merge(more *Group, bins int) {
	join := func(to, from *[Lanes]Cell) {
		for lane := range to {
			to[lane].G += from[lane].G
			to[lane].HW += from[lane].HW
		}
	}
	for b := range bins {
		join(&g[b], &more[b])
	}
	join(&g[Missing], &more[Missing])
}

// Subtract subtracts the first bins, and that of missing values, of another group.
func (g *Group) Subtract(less *Group, bins int) {
	if bins > 0 {
		subtract(g, less, bins)
	}
	for lane := range less[Missing] {
		g[Missing][lane].G -= less[Missing][lane].G
		g[Missing][lane].HW -= less[Missing][lane].HW
	}
}

// Column copies the first bins, and that of missing values, of one column.
func (g *Group) Column(to *[Missing + 1]Cell, lane, bins int) {
	for b := range bins {
		to[b] = g[b][lane]
	}
	to[Missing] = g[Missing][lane]
}

// Node is what bounds need to know of a node. A plain value: safe for concurrent reads.
type Node struct {
	Sum        Cell    // over its rows
	Shift      int64   // of hessians in HW
	MinUnits   int64   // of a side, at least 1
	MinHessian float64 // of a side, above 0, as an integer of a cell counts
	L2         float64 // added to the hessian of a side, as an integer of a cell counts
}

// Bounds sets the bound of each column to the largest gain, G²/(H+L2) of both sides in units of
// cells, of a threshold after one of the first bins with missing values on either side: -Inf where
// no threshold has sides that are heavy enough. A bound is within 1e-14 of that gain, a share.
// It returns false, and sets nothing, where there is no assembly or numbers are out of its range.
func (g *Group) Bounds(bounds *[Lanes]float64, bins int, n *Node) bool {
	const far = 1 << 100
	if simd.InUse == simd.Go || bins == 0 || !(n.MinHessian >= 1.0/far && n.MinHessian <= far && n.L2 <= far) {
		return false
	}
	for lane := range bounds {
		bounds[lane] = math.Inf(-1)
	}
	var none [Lanes]Cell
	raise(bounds, g, &none, bins, n)
	if g[Missing] != none {
		raise(bounds, g, &g[Missing], bins, n)
	}
	return true
}
