package kernel

// BetweenFloats sets dst to the positions with lo <= value <= hi, so never to
// those of NaN. It panics if there are more than Bits values.
func BetweenFloats(dst *Words, values []float64, lo, hi float64) {
	clear(dst[(len(values)+63)/64:])
	betweenFloats(dst[:], values, lo, hi)
}

func betweenFloatsGo(dst []uint64, values []float64, lo, hi float64) {
	for i := 0; len(values) > 0; i++ {
		block := values[:min(64, len(values))]
		values = values[len(block):]
		var w uint64
		b := 0
		for ; len(block) >= 4; b += 4 {
			w |= (bit(lo <= block[0])&bit(block[0] <= hi) | bit(lo <= block[1])&bit(block[1] <= hi)<<1 |
				bit(lo <= block[2])&bit(block[2] <= hi)<<2 | bit(lo <= block[3])&bit(block[3] <= hi)<<3) << (b & 63)
			block = block[4:]
		}
		for j, v := range block {
			w |= (bit(lo <= v) & bit(v <= hi)) << ((b + j) & 63)
		}
		dst[i] = w
	}
}
