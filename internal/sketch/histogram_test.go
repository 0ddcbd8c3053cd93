package sketch

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// generators are distributions of numbers.
var generators = map[string]func(*rand.Rand) float64{
	"one":        func(*rand.Rand) float64 { return 42 },
	"cents":      func(r *rand.Rand) float64 { return float64(r.IntN(100_000)) },
	"lognormal":  func(r *rand.Rand) float64 { return math.Exp(3 * r.NormFloat64()) },
	"both signs": func(r *rand.Rand) float64 { return 1000 * r.NormFloat64() },
	"few":        func(r *rand.Rand) float64 { return float64(r.IntN(5) - 2) },
	"any": func(r *rand.Rand) float64 {
		for {
			x := math.Float64frombits(r.Uint64())
			if !math.IsNaN(x) && !math.IsInf(x, 0) {
				return x
			}
		}
	},
	"tiny": func(r *rand.Rand) float64 { return math.Float64frombits(r.Uint64N(1<<53) | r.Uint64()<<63) },
	"ends of buckets": func(r *rand.Rand) float64 {
		k := int32(r.IntN(2*keys) - keys)
		x := math.Float64frombits(uint64(max(k, ^k)) << cut)
		return math.Copysign([]float64{x, math.Nextafter(x, 0)}[r.IntN(2)], float64(k))
	},
}

// shares are quantiles that are asked for.
var shares = []float64{0, 1e-9, 0.01, 0.05, 0.07, 0.1, 0.25, 1.0 / 3, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1}

// slowRank is ceil(q*n) of q as people write it, but at least 1.
func slowRank(q float64, n int) int {
	p, ok := new(big.Rat).SetString(strconv.FormatFloat(q, 'g', -1, 64))
	if !ok {
		panic("not a number")
	}
	p.Mul(p, new(big.Rat).SetInt64(int64(n)))
	whole, rest := new(big.Int).QuoRem(p.Num(), p.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	return max(int(whole.Int64()), 1)
}

// bound is how far off a quantile may be.
func bound(x float64) float64 {
	if math.Abs(x) < 0x1p-1022 {
		return 0x1p-1028
	}
	return math.Abs(x) / 128
}

func TestQuantile(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	worst := 0.0
	for name, generate := range generators {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{1, 2, 3, 10, 100, 1000} {
				var h Histogram
				list := make([]float64, n)
				for i := range list {
					list[i] = generate(rng)
					h.Add(list[i])
				}
				slices.Sort(list)
				require.EqualValues(t, n, h.Len())
				for _, q := range append(shares, rng.Float64()) {
					want, got := list[slowRank(q, n)-1], h.Quantile(q)
					off := math.Abs(got/2 - want/2)
					if off > bound(want)/2 {
						t.Fatalf("quantile %g of %d: %g, want %g", q, n, got, want)
					}
					if math.Abs(want) >= 0x1p-1022 {
						worst = max(worst, 2*off/math.Abs(want))
					}
				}
				require.Equal(t, list[0], h.Quantile(0))
				require.Equal(t, list[n-1], h.Quantile(1))
			}
		})
	}
	t.Logf("worst relative error %.6f, bound %.6f", worst, 1.0/128)
	require.Greater(t, worst, 0.9/128, "the bound is far from what there is")
}

func TestQuantileEnds(t *testing.T) {
	var h Histogram
	require.True(t, math.IsNaN(h.Quantile(0.5)))
	for _, x := range []float64{-5, math.Copysign(0, -1), 0, 0, 7} {
		h.Add(x)
	}
	require.Equal(t, -5.0, h.Quantile(0.2))
	require.Equal(t, 0.0, h.Quantile(0.21))
	require.Equal(t, 0.0, h.Quantile(0.8))
	require.Equal(t, 7.0, h.Quantile(0.81))
	require.Len(t, h.buckets, 3)

	h = Histogram{}
	h.Add(math.Copysign(0, -1))
	require.False(t, math.Signbit(h.Quantile(0)))
}

func TestRank(t *testing.T) {
	for _, n := range []int{1, 7, 10, 99, 100, 365, 1_000, 12_345, 1_000_000, 1 << 30} {
		for p := range 1001 {
			q := float64(p) / 1000
			require.Equal(t, slowRank(q, n), int(Rank(q, uint64(n))), "%g of %d", q, n)
		}
	}
}

func TestBucketsAreInOrder(t *testing.T) {
	before := -math.MaxFloat64
	for key := int32(-keys); key < keys; key++ {
		x := middle(key)
		require.GreaterOrEqual(t, x, before)
		before = x
		if x != 0 {
			require.Equal(t, key, keyOf(x))
		}
	}
	require.EqualValues(t, keys-1, keyOf(math.MaxFloat64))
	require.EqualValues(t, -keys, keyOf(-math.MaxFloat64))
	require.Zero(t, keyOf(0))
	require.Zero(t, keyOf(math.SmallestNonzeroFloat64))
	require.EqualValues(t, -1, keyOf(-math.SmallestNonzeroFloat64))
}

func TestHistogramMerge(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for name, generate := range generators {
		t.Run(name, func(t *testing.T) {
			for range 50 {
				var all Histogram
				parts := make([]Histogram, 1+rng.IntN(5))
				for range rng.IntN(200) {
					x := generate(rng)
					all.Add(x)
					parts[rng.IntN(len(parts))].Add(x)
				}
				want, _ := all.AppendBinary(nil)
				var merged Histogram
				for _, i := range rng.Perm(len(parts)) {
					before, _ := parts[i].AppendBinary(nil)
					merged.Merge(&parts[i])
					after, _ := parts[i].AppendBinary(nil)
					require.Equal(t, before, after)
				}
				got, err := merged.AppendBinary(nil)
				require.NoError(t, err)
				require.Equal(t, want, got)
				var read Histogram
				require.NoError(t, read.UnmarshalBinary(got))
				require.Equal(t, all.n, read.n)
				if all.n > 0 {
					require.Equal(t, all.Quantile(0.3), read.Quantile(0.3))
				}
				again, _ := read.AppendBinary(nil)
				require.Equal(t, want, again)
			}
		})
	}
}

func FuzzHistogram(f *testing.F) {
	for _, list := range [][]float64{nil, {1}, {0, -3, 5, 5}, {-math.MaxFloat64, math.MaxFloat64}, {1, 1.001, 1.002}} {
		var h Histogram
		for _, x := range list {
			h.Add(x)
		}
		data, _ := h.AppendBinary(nil)
		f.Add(data)
		f.Add(append(data, 0))
		f.Add(data[:max(len(data), 1)-1])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var h Histogram
		if err := h.UnmarshalBinary(data); err != nil {
			require.Equal(t, ErrCorrupt, err)
			require.Equal(t, Histogram{}, h)
			return
		}
		again, _ := h.AppendBinary([]byte{})
		require.Equal(t, string(data), string(again))
		if h.Len() == 0 {
			return
		}
		before := h.Quantile(0)
		for _, q := range shares {
			x := h.Quantile(q)
			require.GreaterOrEqual(t, x, before)
			before = x
		}
		h.Add(before)
		h.Merge(&Histogram{})
	})
}

func BenchmarkHistogram(b *testing.B) {
	rng := rand.New(rand.NewPCG(9, 10))
	list := make([]float64, 1024)
	for i := range list {
		list[i] = math.Exp(rng.NormFloat64())
	}
	var h Histogram
	b.Run("Add", func(b *testing.B) {
		i := 0
		for b.Loop() {
			h.Add(list[i%len(list)])
			i++
		}
	})
	b.Run("Merge", func(b *testing.B) {
		for b.Loop() {
			var all Histogram
			all.Merge(&h)
			all.Merge(&h)
		}
	})
	b.Run("Quantile", func(b *testing.B) {
		for b.Loop() {
			h.Quantile(0.5)
		}
	})
}

// What was reset is as one that was never used.
func TestHistogramReset(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var used Histogram
	for _, n := range []int{0, 1, 2, 100, 3000, 1, 7} {
		var fresh Histogram
		used.Reset()
		for range n {
			x := r.NormFloat64()
			used.Add(x)
			fresh.Add(x)
		}
		want, err := fresh.AppendBinary(nil)
		require.NoError(t, err)
		got, err := used.AppendBinary(nil)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}
