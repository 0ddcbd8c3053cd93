//go:build !purego

package kernel

import "github.com/clientele-go/clientele/internal/simd"

//go:noescape
func matchCodes8AVX2(dst *uint64, codes *uint8, n int, rows *[32]uint8)

//go:noescape
func choose8AVX512(dst *[blockBits + 64]uint8, codes *[blockBits]uint8, words *[blockWords]uint64) int

//go:noescape
func choose16AVX512(dst *[blockBits + 64]uint16, codes *[blockBits]uint16, words *[blockWords]uint64) int

// In words of codes and values, the assembly takes all whole words and the form
// in Go the rest.

func matchCodes8(dst []uint64, codes []uint8, table *[256]uint8) {
	if n := len(codes) / 64; n > 0 && simd.InUse != simd.Go {
		var rows [32]uint8
		for c, t := range table {
			rows[c>>3&16|c&15] |= t << (c >> 4 & 7)
		}
		matchCodes8AVX2(&dst[0], &codes[0], n, &rows)
		dst, codes = dst[n:], codes[n*64:]
	}
	matchCodes8Go(dst, codes, table)
}

func countCodes8(t *tally, codes *[blockBits]uint8, words *[blockWords]uint64) {
	if simd.InUse != simd.AVX512 {
		countCodes8Go(t, codes, words)
		return
	}
	t.add(t.members[:choose8AVX512(&t.members, codes, words)])
}

func choose16(dst *[blockBits + 64]uint16, codes *[blockBits]uint16, words *[blockWords]uint64) int {
	if simd.InUse != simd.AVX512 {
		return chooseGo(dst, codes, words)
	}
	return choose16AVX512(dst, codes, words)
}
