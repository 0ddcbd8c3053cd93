//go:build !purego

package kernel

import "github.com/clientele-go/clientele/internal/simd"

//go:noescape
func andAVX2(dst, a, b *Words) bool

//go:noescape
func andAVX512(dst, a, b *Words) bool

//go:noescape
func andNotAVX2(dst, a, b *Words) bool

//go:noescape
func andNotAVX512(dst, a, b *Words) bool

//go:noescape
func orAVX2(dst, a, b *Words)

//go:noescape
func orAVX512(dst, a, b *Words)

//go:noescape
func or4AVX2(dst, a, b, c, d *Words)

//go:noescape
func or4AVX512(dst, a, b, c, d *Words)

//go:noescape
func xorAVX2(dst, a, b *Words) bool

//go:noescape
func xorAVX512(dst, a, b *Words) bool

//go:noescape
func countAVX2(a *Words) int

//go:noescape
func countAVX512(a *Words) int

//go:noescape
func andCountAVX2(a, b *Words) int

//go:noescape
func andCountAVX512(a, b *Words) int

//go:noescape
func andNotCountAVX2(a, b *Words) int

//go:noescape
func andNotCountAVX512(a, b *Words) int

func and(dst, a, b *Words) bool {
	switch simd.InUse {
	case simd.AVX512:
		return andAVX512(dst, a, b)
	case simd.AVX2:
		return andAVX2(dst, a, b)
	}
	return andGo(dst, a, b)
}

func andNot(dst, a, b *Words) bool {
	switch simd.InUse {
	case simd.AVX512:
		return andNotAVX512(dst, a, b)
	case simd.AVX2:
		return andNotAVX2(dst, a, b)
	}
	return andNotGo(dst, a, b)
}

func or(dst, a, b *Words) {
	switch simd.InUse {
	case simd.AVX512:
		orAVX512(dst, a, b)
	case simd.AVX2:
		orAVX2(dst, a, b)
	default:
		orGo(dst, a, b)
	}
}

func or4(dst, a, b, c, d *Words) {
	switch simd.InUse {
	case simd.AVX512:
		or4AVX512(dst, a, b, c, d)
	case simd.AVX2:
		or4AVX2(dst, a, b, c, d)
	default:
		or4Go(dst, a, b, c, d)
	}
}

func xor(dst, a, b *Words) bool {
	switch simd.InUse {
	case simd.AVX512:
		return xorAVX512(dst, a, b)
	case simd.AVX2:
		return xorAVX2(dst, a, b)
	}
	return xorGo(dst, a, b)
}

func count(a *Words) int {
	switch simd.InUse {
	case simd.AVX512:
		return countAVX512(a)
	case simd.AVX2:
		return countAVX2(a)
	}
	return countGo(a)
}

func andCount(a, b *Words) int {
	switch simd.InUse {
	case simd.AVX512:
		return andCountAVX512(a, b)
	case simd.AVX2:
		return andCountAVX2(a, b)
	}
	return andCountGo(a, b)
}

func andNotCount(a, b *Words) int {
	switch simd.InUse {
	case simd.AVX512:
		return andNotCountAVX512(a, b)
	case simd.AVX2:
		return andNotCountAVX2(a, b)
	}
	return andNotCountGo(a, b)
}

// Assembly counts so fast what it has just written that it needs no form for both.

func countedAnd(dst, a, b *Words) int {
	if simd.InUse == simd.Go {
		return countedAndGo(dst, a, b)
	}
	if !and(dst, a, b) {
		return 0
	}
	return count(dst)
}

func countedAndNot(dst, a, b *Words) int {
	if simd.InUse == simd.Go {
		return countedAndNotGo(dst, a, b)
	}
	if !andNot(dst, a, b) {
		return 0
	}
	return count(dst)
}

func countedOr(dst, a, b *Words) int {
	if simd.InUse == simd.Go {
		return countedOrGo(dst, a, b)
	}
	or(dst, a, b)
	return count(dst)
}
