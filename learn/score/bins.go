package score

import (
	"cmp"
	"math"
	"slices"
)

// Bins are the edges, strictly ascending, that divide numbers into len(Bins)+1 bins: bin
// i has the numbers above edge i-1 and not above edge i. Safe for concurrent reads.
type Bins []float64

// QuantileBins returns bins that have, as nearly as ties allow, equal weights of the
// values: edge i is the least value at or below which lies the share (i+1)/n of the
// weight. Equal edges are one, so that values with many ties have fewer bins. Where the
// lowest bin has one value alone, a bin without values is put below it, and where the
// highest edge is the greatest value there is a bin without values above it: what was
// never below or above that value would stand out there.
//
// NaN and values of weight 0 are left out; weights nil is 1 each. Without values there is
// one bin. The result is never nil, which would stand for other bins elsewhere. It panics if n < 1 or weights have another length than values.
// Cost: O(len(values) log len(values)).
func QuantileBins(values, weights []float64, n int) Bins {
	if n < 1 || weights != nil && len(weights) != len(values) {
		panic("score: QuantileBins needs at least one bin and a weight for each value")
	}
	sorted, weightOf, total := weighted(values, weights)
	if len(sorted) == 0 {
		return Bins{}
	}
	edges := Bins{}
	below, at := 0.0, 0
	for i := 1; i < n && at < len(sorted); i++ {
		// Edges of shares that were passed already are no new ones; rounded well downward.
		if next := below/total*float64(n)*(1-1e-12) - 2; next > float64(i) {
			i = int(next)
		}
		// At least one value: the share of a total next to 0 can be 0.
		for at < len(sorted) && (at == 0 || below < total*float64(i)/float64(n)) {
			below += weightOf(at)
			at++
		}
		if x := sorted[at-1]; len(edges) == 0 || x > edges[len(edges)-1] {
			edges = append(edges, x)
		}
	}
	if least := sorted[0]; len(edges) > 0 && edges[0] == least {
		if below := math.Nextafter(least, math.Inf(-1)); !math.IsInf(below, 0) {
			edges = slices.Insert(edges, 0, below)
		}
	}
	return edges
}

// weighted returns the values that are not NaN and have weight ascending, the weight of
// each and the sum of the weights.
func weighted(values, weights []float64) (sorted []float64, weightOf func(i int) float64, total float64) {
	if weights == nil {
		sorted = slices.DeleteFunc(slices.Clone(values), math.IsNaN)
		slices.Sort(sorted)
		return sorted, func(int) float64 { return 1 }, float64(len(sorted))
	}
	type item struct{ x, w float64 }
	var items []item
	for i, w := range weights {
		if w > 0 && !math.IsNaN(values[i]) {
			items = append(items, item{values[i], w})
		}
	}
	slices.SortFunc(items, func(a, b item) int {
		return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.w, b.w))
	})
	for _, it := range items {
		sorted = append(sorted, it.x)
		total += it.w
	}
	return sorted, func(i int) float64 { return items[i].w }, total
}

// Of returns the bin of x: the number of edges below it. NaN has none: its result is
// len(b)+1.
func (b Bins) Of(x float64) int {
	if math.IsNaN(x) {
		return len(b) + 1
	}
	at, n := 0, len(b)
	for n > 1 {
		half := n / 2
		if b[at+half-1] < x {
			at += half
		}
		n -= half
	}
	if n == 1 && b[at] < x {
		at++
	}
	return at
}
