//go:build !amd64 || purego

package kernel

func and(dst, a, b *Words) bool    { return andGo(dst, a, b) }
func andNot(dst, a, b *Words) bool { return andNotGo(dst, a, b) }
func or(dst, a, b *Words)          { orGo(dst, a, b) }
func or4(dst, a, b, c, d *Words)   { or4Go(dst, a, b, c, d) }
func xor(dst, a, b *Words) bool    { return xorGo(dst, a, b) }
func count(a *Words) int           { return countGo(a) }
func andCount(a, b *Words) int     { return andCountGo(a, b) }
func andNotCount(a, b *Words) int  { return andNotCountGo(a, b) }

func countedAnd(dst, a, b *Words) int    { return countedAndGo(dst, a, b) }
func countedAndNot(dst, a, b *Words) int { return countedAndNotGo(dst, a, b) }
func countedOr(dst, a, b *Words) int     { return countedOrGo(dst, a, b) }

func bound(atLeast, above, slice *Words, lo, hi bool) { boundGo(atLeast, above, slice, lo, hi) }
func sliceCount(filter, slice *Words) int             { return andCountGo(filter, slice) }

func encode(rows *[64][8]uint64, values *[512]uint64, width int) { encodeGo(rows, values, width) }

func share(_, _ []uint16) (n int, ok bool)                { return 0, false }
func probe(dst, positions []uint16, w *Words) int         { return probeGo(dst, positions, w) }
func probeNot(dst, positions []uint16, w *Words) int      { return probeNotGo(dst, positions, w) }
func probeCount(positions []uint16, w *Words) int         { return probeCountGo(positions, w) }
func extract(dst []uint16, words []uint64, first int) int { return extractGo(dst, words, first) }

func matchCodes8(dst []uint64, codes []uint8, table *[256]uint8) { matchCodes8Go(dst, codes, table) }

func countCodes8(t *tally, codes *[blockBits]uint8, words *[blockWords]uint64) {
	countCodes8Go(t, codes, words)
}

func choose16(dst *[blockBits + 64]uint16, codes *[blockBits]uint16, words *[blockWords]uint64) int {
	return chooseGo(dst, codes, words)
}

func betweenFloats(dst []uint64, values []float64, lo, hi float64) {
	betweenFloatsGo(dst, values, lo, hi)
}
