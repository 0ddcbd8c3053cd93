package segbench

import (
	"math"
	"math/rand/v2"

	"github.com/RoaringBitmap/roaring/v2"
)

// shape is how values are spread over customers in order of arrival.
type shape string

const (
	uniform   shape = "uniform"   // all alike and independent
	zipf      shape = "Zipf"      // few values are frequent, few customers are in most sets
	clustered shape = "clustered" // neighbours are alike: numbers drift, flags and enums come in runs
)

var shapes = []shape{uniform, zipf, clustered}

const (
	burst  = 100 // mean length of a run in a clustered set or enum
	cycles = 3   // of a clustered number over its range
)

// source draws what customers have. It is not safe for concurrent use.
type source struct {
	shape shape
	n     int
	rng   *rand.Rand
}

func newSource(s shape, n int, salt uint64) *source {
	return &source{shape: s, n: n, rng: rand.New(rand.NewPCG(uint64(len(s)), salt))}
}

// words draws a set of about that share of the customers, as a bitmap.
func (s *source) words(share float64) []uint64 {
	w := make([]uint64, (s.n+63)/64)
	set := func(i int) { w[i>>6] |= 1 << (i & 63) }
	switch s.shape {
	case uniform:
		for i := s.gap(share) - 1; i < s.n; i += s.gap(share) {
			set(i)
		}
	case zipf:
		// Customers of a smaller u are drawn more often; a stride that has no divisor in common with n spreads them.
		stride := s.n*5/8 | 1
		for gcd(stride, s.n) > 1 {
			stride += 2
		}
		for left := int(share * float64(s.n)); left > 0; {
			u := s.rng.Float64()
			i := int(u*u*float64(s.n)) * stride % s.n
			if w[i>>6]>>(i&63)&1 == 0 {
				set(i)
				left--
			}
		}
	case clustered:
		apart := min(share/(1-share)/burst, 1)
		for i := s.gap(apart); i < s.n; i += s.gap(apart) {
			for run := s.gap(1.0 / burst); run > 0 && i < s.n; run-- {
				set(i)
				i++
			}
		}
	}
	return w
}

// gap draws how many trials it takes up to the first success of that probability.
func (s *source) gap(p float64) int {
	if p >= 1 {
		return 1
	}
	return 1 + int(-s.rng.ExpFloat64()/math.Log1p(-p))
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// flags draws a set as one bool for each customer.
func (s *source) flags(share float64) []bool { return bools(s.words(share), 0, s.n) }

// bools are the bits from to to of words.
func bools(words []uint64, from, to int) []bool {
	out := make([]bool, to-from)
	for i := range out {
		at := from + i
		out[i] = words[at>>6]>>(at&63)&1 != 0
	}
	return out
}

// codes draws one of n values for each customer.
func (s *source) codes(n int) []int32 {
	out := make([]int32, s.n)
	switch s.shape {
	case uniform:
		for i := range out {
			out[i] = s.rng.Int32N(int32(n))
		}
	case zipf:
		// Of exponent 1: a logarithm that is uniform.
		width := math.Log2(float64(n + 1))
		for i := range out {
			out[i] = int32(math.Exp2(s.rng.Float64()*width)) - 1
		}
	case clustered:
		for i := 0; i < s.n; {
			code := s.rng.Int32N(int32(n))
			for run := s.gap(1.0 / burst); run > 0 && i < s.n; run-- {
				out[i] = code
				i++
			}
		}
	}
	return out
}

// numbers draws a number below 2^width for each customer.
func (s *source) numbers(width int) []int64 {
	out := make([]int64, s.n)
	limit := float64(uint64(1) << width)
	for i := range out {
		u := s.rng.Float64()
		switch s.shape {
		case zipf:
			out[i] = int64(math.Exp2(u*float64(width))) - 1
			continue
		case clustered:
			_, at := math.Modf(float64(i) * cycles / float64(s.n))
			u = at*15/16 + u/16
		}
		out[i] = int64(u * limit)
	}
	return out
}

// bitmapOf is a set as a roaring bitmap, in runs where they are smaller.
func bitmapOf(words []uint64) *roaring.Bitmap {
	b := roaring.FromDense(words, true)
	b.RunOptimize()
	return b
}

func wordsOf(flags []bool) []uint64 {
	w := make([]uint64, (len(flags)+63)/64)
	for i, yes := range flags {
		if yes {
			w[i>>6] |= 1 << (i & 63)
		}
	}
	return w
}
