//go:build !purego

package histogram

import "github.com/clientele-go/clientele/internal/simd"

func add(g *Group, columns int, rows []int32, pairs []Cell, words []uint64, stride int) {
	const most = 1 << 14 // rows in one call, as it cannot be preempted
	if simd.InUse == simd.Go {
		addGo(g, columns, rows, pairs, words, stride)
		return
	}
	for lo := 0; lo < len(rows); lo += most {
		n := min(most, len(rows)-lo)
		if columns <= Lanes/2 {
			addFourAVX2(&g[0][0].G, &rows[lo], n, &pairs[0].G, &words[0], stride)
		} else {
			addEightAVX2(&g[0][0].G, &rows[lo], n, &pairs[0].G, &words[0], stride)
		}
	}
}

func subtract(g, less *Group, bins int) {
	if simd.InUse == simd.Go {
		subtractGo(g, less, bins)
		return
	}
	subtractAVX2(&g[0][0].G, &less[0][0].G, bins)
}

// node is a Node as the assembly reads it.
type node struct {
	sum         Cell
	shift       int64
	mask        int64 // of units in HW
	units       int64
	hessian, l2 float64
}

// raise raises bounds to the gains of thresholds with sums on the left that begin with start.
func raise(bounds *[Lanes]float64, g *Group, start *[Lanes]Cell, bins int, n *Node) {
	of := node{sum: n.Sum, shift: n.Shift, mask: 1<<n.Shift - 1, units: n.MinUnits, hessian: n.MinHessian, l2: n.L2}
	order := [Lanes]int{0, 2, 1, 3, 4, 6, 5, 7} // in which the assembly has the columns
	if simd.InUse == simd.AVX512 {
		order = [Lanes]int{0, 4, 1, 5, 2, 6, 3, 7}
	}
	var found [Lanes]float64
	for i, lane := range order {
		found[i] = bounds[lane]
	}
	if simd.InUse == simd.AVX512 {
		boundsAVX512(&found, &g[0][0].G, &start[0].G, bins, &of.sum.G)
	} else {
		boundsAVX2(&found, &g[0][0].G, &start[0].G, bins, &of.sum.G)
	}
	for i, lane := range order {
		bounds[lane] = found[i]
	}
}
