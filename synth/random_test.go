package synth

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestElementaryFunctions(t *testing.T) {
	s := newStream(1, forBulk, 0)
	worst := func(got, want float64) float64 { return math.Abs(got-want) / max(math.Abs(want), 1e-300) }
	var inLn, inExp float64
	for range 500_000 {
		x := exp(1400*s.uniform() - 700)
		u := s.uniform()
		inLn = max(inLn, worst(ln(x), math.Log(x)), worst(ln(u), math.Log(u)))
		y := 1400*s.uniform() - 700
		inExp = max(inExp, worst(exp(y), math.Exp(y)))
	}
	require.Less(t, inLn, 6e-16)
	require.Less(t, inExp, 6e-16)
	require.Zero(t, ln(1))
	require.Equal(t, 1.0, exp(0))
	require.Zero(t, exp(-1e9))
	require.Equal(t, math.Inf(1), exp(1e9))
	require.Zero(t, exp(math.Inf(-1)))
}

// kolmogorov returns sqrt(n) times the largest distance between the empirical
// distribution of n draws and the given one.
func kolmogorov(n int, draw func() float64, cdf func(float64) float64) float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = draw()
	}
	slices.Sort(x)
	d := 0.0
	for i, v := range x {
		p := cdf(v)
		d = max(d, p-float64(i)/float64(n), float64(i+1)/float64(n)-p)
	}
	return d * math.Sqrt(float64(n))
}

// TestDistributions compares every sampler with the distribution function of
// gonum by the statistic of Kolmogorov and Smirnov: 2.2 is exceeded with
// probability 2 exp(-2*2.2^2) = 1.3e-4 a case, and the seed is fixed.
func TestDistributions(t *testing.T) {
	gamma := func(a float64) func(float64) float64 { return distuv.Gamma{Alpha: a, Beta: 1}.CDF }
	s := newStream(7, forRate, 3)
	cases := []struct {
		name string
		draw func() float64
		cdf  func(float64) float64
	}{
		{"uniform", s.uniform, func(x float64) float64 { return x }},
		{"exponential", s.exponential, distuv.Exponential{Rate: 1}.CDF},
		{"normal", s.normal, distuv.UnitNormal.CDF},
		{"gamma 0.05", func() float64 { return s.gamma(0.05) }, gamma(0.05)},
		{"gamma 0.553", func() float64 { return s.gamma(0.553) }, gamma(0.553)},
		{"gamma 1", func() float64 { return s.gamma(1) }, gamma(1)},
		{"gamma 6.25", func() float64 { return s.gamma(6.25) }, gamma(6.25)},
		{"gamma 300", func() float64 { return s.gamma(300) }, gamma(300)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			require.Less(t, kolmogorov(40_000, c.draw, c.cdf), 2.2)
		})
	}
}

// TestStreamsAreIndependent looks at the first numbers of neighbouring streams:
// uniform as a set, and without correlation between neighbours.
func TestStreamsAreIndependent(t *testing.T) {
	const n = 40_000
	first := func(p purpose) func() float64 {
		i := int64(-1)
		return func() float64 { i++; s := newStream(1, p, i); return s.uniform() }
	}
	require.Less(t, kolmogorov(n, first(forRate), func(x float64) float64 { return x }), 2.2)
	a, b := first(forRate), first(forDropout)
	var sum, cross, last float64
	for range n {
		u, v := a()-0.5, b()-0.5
		sum += u * last
		cross += u * v
		last = u
	}
	// The product of two centred uniforms has standard deviation 1/12.
	bound := 4 * math.Sqrt(n) / 12
	require.InDelta(t, 0, sum, bound)
	require.InDelta(t, 0, cross, bound)
}

func TestBelow(t *testing.T) {
	s := newStream(1, forBulk, 1)
	count := make([]float64, 7)
	for range 70_000 {
		count[s.below(7)]++
	}
	for _, c := range count {
		require.InDelta(t, 10_000, c, 4*math.Sqrt(10_000))
	}
}
