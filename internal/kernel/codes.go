package kernel

// MatchCodes8 sets dst to the positions whose code has 1 in the table, which
// holds 0 and 1 only. It panics if there are more than Bits codes.
func MatchCodes8(dst *Words, codes []uint8, table *[256]uint8) {
	clear(dst[(len(codes)+63)/64:])
	matchCodes8(dst[:], codes, table)
}

func matchCodes8Go(dst []uint64, codes []uint8, table *[256]uint8) {
	for i := 0; len(codes) > 0; i++ {
		block := codes[:min(64, len(codes))]
		codes = codes[len(block):]
		var w uint64
		b := 0
		for ; len(block) >= 4; b += 4 {
			w |= uint64(table[block[0]]|table[block[1]]<<1|table[block[2]]<<2|table[block[3]]<<3) << (b & 63)
			block = block[4:]
		}
		for j, c := range block {
			w |= uint64(table[c]) << ((b + j) & 63)
		}
		dst[i] = w
	}
}

// MatchCodes16 sets dst to the positions whose code has 1 in the table, which
// holds 0 and 1 only; codes beyond the table have 0. It panics if there are more
// than Bits codes.
func MatchCodes16(dst *Words, codes []uint16, table []uint8) {
	clear(dst[(len(codes)+63)/64:])
	for i := 0; len(codes) > 0; i++ {
		block := codes[:min(64, len(codes))]
		codes = codes[len(block):]
		var w uint64
		b := 0
		for ; len(block) >= 4; b += 4 {
			w |= uint64(entry(table, block[0])|entry(table, block[1])<<1|entry(table, block[2])<<2|entry(table, block[3])<<3) << (b & 63)
			block = block[4:]
		}
		for j, c := range block {
			w |= uint64(entry(table, c)) << ((b + j) & 63)
		}
		dst[i] = w
	}
}

// entry is what the table holds for code c, 0 beyond it.
func entry(table []uint8, c uint16) uint8 {
	if int(c) < len(table) {
		return table[c]
	}
	return 0
}
