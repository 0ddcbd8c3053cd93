package histogram

// addGo gathers rows of a block first, in a loop that waits for many of them at a time.
func addGo(g *Group, columns int, rows []int32, pairs []Cell, words []uint64, stride int) {
	const block = 512
	var of [block]uint64
	for lo := 0; lo < len(rows); lo += block {
		part := rows[lo:min(lo+block, len(rows))]
		for i, row := range part {
			of[i] = words[int(row)*stride]
		}
		if columns <= Lanes/2 {
			addFourGo(g, part, pairs, of[:len(part)])
		} else {
			addEightGo(g, part, pairs, of[:len(part)])
		}
	}
}

func addFourGo(g *Group, rows []int32, pairs []Cell, words []uint64) {
	for i, w := range words {
		p := pairs[rows[i]]
		c := &g[uint8(w)][0]
		c.G += p.G
		c.HW += p.HW
		c = &g[uint8(w>>8)][1]
		c.G += p.G
		c.HW += p.HW
		c = &g[uint8(w>>16)][2]
		c.G += p.G
		c.HW += p.HW
		c = &g[uint8(w>>24)][3]
		c.G += p.G
		c.HW += p.HW
	}
}

func addEightGo(g *Group, rows []int32, pairs []Cell, words []uint64) {
	for i, w := range words {
		p := pairs[rows[i]]
		c := &g[uint8(w)][0]
		c.G += p.G
		c.HW += p.HW
		c = &g[uint8(w>>8)][1]
		c.G += p.G
		c.HW += p.HW
		c = &g[uint8(w>>16)][2]
		c.G += p.G
		c.HW += p.HW
		c = &g[uint8(w>>24)][3]
		c.G += p.G
		c.HW += p.HW
		c = &g[uint8(w>>32)][4]
		c.G += p.G
		c.HW += p.HW
		c = &g[uint8(w>>40)][5]
		c.G += p.G
		c.HW += p.HW
		c = &g[uint8(w>>48)][6]
		c.G += p.G
		c.HW += p.HW
		c = &g[uint8(w>>56)][7]
		c.G += p.G
		c.HW += p.HW
	}
}

func subtractGo(g, less *Group, bins int) {
	for b := range bins {
		to, from := &g[b], &less[b]
		for lane := range to {
			to[lane].G -= from[lane].G
			to[lane].HW -= from[lane].HW
		}
	}
}
