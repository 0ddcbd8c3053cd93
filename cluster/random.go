package cluster

import (
	"math/bits"
	"math/rand/v2"
)

// random draws what is random in a fit. It uses nothing of math/rand/v2 but the
// generator, so that how numbers become draws is decided here and a fit with the same seed
// is the same with every version of Go. Not safe for concurrent use.
type random struct{ source *rand.PCG }

// newRandom returns the given stream of a seed. Different streams are independent.
func newRandom(seed, stream uint64) *random {
	return &random{rand.NewPCG(seed, stream)}
}

// below returns a number in [0, n), all alike likely (Lemire 2019). n must be positive.
func (r *random) below(n int) int {
	bound := uint64(n)
	high, low := bits.Mul64(r.source.Uint64(), bound)
	if low < bound {
		for unfair := -bound % bound; low < unfair; {
			high, low = bits.Mul64(r.source.Uint64(), bound)
		}
	}
	return int(high)
}

// float returns a multiple of 2⁻⁵³ in [0, 1), all alike likely.
func (r *random) float() float64 {
	return float64(r.source.Uint64()>>11) * 0x1p-53
}

// sample returns m different numbers in [0, n), ascending, every such set alike likely
// (Floyd's algorithm; Bentley 1987). m must be at most n.
func (r *random) sample(n, m int) []int {
	taken := make([]uint64, (n+63)/64)
	for last := n - m; last < n; last++ {
		i := r.below(last + 1)
		if taken[i/64]>>(i%64)&1 != 0 {
			i = last
		}
		taken[i/64] |= 1 << (i % 64)
	}
	index := make([]int, 0, m)
	for word, set := range taken {
		for ; set != 0; set &= set - 1 {
			index = append(index, word*64+bits.TrailingZeros64(set))
		}
	}
	return index
}

// weighted returns the index of a weight, each as likely as it is large. total is the sum
// of the weights, which are not negative and not all 0.
func (r *random) weighted(weights []float64, total float64) int {
	i, _ := locate(weights, r.float()*total)
	return i
}

// locate lays the weights side by side from 0 and returns the index of the one that covers
// x, and how far in x is. A weight of 0 covers nothing; beyond the end is the last
// other.
func locate(weights []float64, x float64) (i int, rest float64) {
	last := 0
	for i, w := range weights {
		if w <= 0 {
			continue
		}
		if x < w {
			return i, x
		}
		x -= w
		last = i
	}
	return last, weights[last]
}
