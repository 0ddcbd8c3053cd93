//go:build !amd64 || purego

package histogram

func add(g *Group, columns int, rows []int32, pairs []Cell, words []uint64, stride int) {
	addGo(g, columns, rows, pairs, words, stride)
}

func subtract(g, less *Group, bins int) { subtractGo(g, less, bins) }

func raise(*[Lanes]float64, *Group, *[Lanes]Cell, int, *Node) { panic("histogram: no bounds in Go") }
