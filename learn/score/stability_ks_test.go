package score_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/score"
)

// slowKS is the distance by looking at both samples below and at every value.
func slowKS(x, y []float64) float64 {
	below := func(values []float64, at float64) float64 {
		n := 0.0
		for _, v := range values {
			if v <= at {
				n++
			}
		}
		return n / float64(len(values))
	}
	d := 0.0
	for _, at := range slices.Concat(x, y) {
		d = max(d, math.Abs(below(x, at)-below(y, at)))
	}
	return d
}

// binned counts two samples in bins of edges.
func binned(edges score.Bins, x, y []float64) (base, now []float64) {
	base, now = make([]float64, len(edges)+1), make([]float64, len(edges)+1)
	for _, v := range x {
		base[edges.Of(v)]++
	}
	for _, v := range y {
		now[edges.Of(v)]++
	}
	return base, now
}

func TestKSOfScipy(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "stability_ks.json"))
	require.NoError(t, err)
	var f struct {
		Samples []struct {
			X, Y            []float64
			Distance, Exact float64
		}
		Tail []struct{ N, M, Distance, Exact float64 }
	}
	require.NoError(t, json.Unmarshal(data, &f))
	require.NotEmpty(t, f.Samples)
	for _, c := range f.Samples {
		edges := slices.Concat(c.X, c.Y)
		slices.Sort(edges)
		edges = slices.Compact(edges)
		base, now := binned(edges, c.X, c.Y)
		require.InDelta(t, c.Distance, score.KSDistance(base, now), 1e-12)
		p := score.KSPValue(c.Distance, float64(len(c.X)), float64(len(c.Y)))
		require.Greater(t, p, 0.99*c.Exact)
		require.Less(t, p, 1.6*c.Exact)
	}
	require.NotEmpty(t, f.Tail)
	for _, c := range f.Tail {
		p := score.KSPValue(c.Distance, c.N, c.M)
		require.Greater(t, p, 0.99*c.Exact)
		require.Less(t, p, 1.3*c.Exact)
	}
}

func TestKSDistance(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for round := range 50 {
		x, y := make([]float64, 1+random.IntN(60)), make([]float64, 1+random.IntN(60))
		for _, values := range [][]float64{x, y} {
			for i := range values {
				values[i] = math.Round(random.NormFloat64() * 4)
			}
		}
		edges := slices.Compact(slices.Sorted(slices.Values(slices.Concat(x, y))))
		base, now := binned(edges, x, y)
		exact := slowKS(x, y)
		require.InDelta(t, exact, score.KSDistance(base, now), 1e-12, "each value has its bin")
		require.InDelta(t, exact, score.KSDistance(now, base), 1e-12, "either way")
		coarse := score.QuantileBins(x, nil, 5)
		base, now = binned(coarse, x, y)
		d := score.KSDistance(base, now)
		require.LessOrEqual(t, d, exact+1e-12)
		require.GreaterOrEqual(t, d, exact-max(slices.Max(base)/float64(len(x)), slices.Max(now)/float64(len(y)))-1e-12, round)
	}
	require.InDelta(t, 0.3, score.KSDistance([]float64{50, 50}, []float64{160, 40}), 1e-15)
	require.Zero(t, score.KSDistance([]float64{0, 0}, []float64{1, 2}))
	require.Zero(t, score.KSDistance(nil, nil))
	require.Panics(t, func() { score.KSDistance([]float64{1}, nil) })
	require.Panics(t, func() { score.KSDistance([]float64{1}, []float64{math.NaN()}) })
	require.Panics(t, func() { score.KSDistance([]float64{-1}, []float64{1}) })
}

func TestKSP(t *testing.T) {
	// scipy.special.kolmogorov of scipy 1.10.1.
	for x, want := range map[float64]float64{0.5: 0.9639452437, 0.8: 0.5441424116, 1: 0.2699996717, 1.2: 0.1122496667, 1.36: 0.0494858768, 1.63: 0.0098463649, 2: 0.0006709253} {
		require.InDelta(t, want, score.KSPValue(x/math.Sqrt(5000), 1e4, 1e4), 2e-10)
	}
	last := 1.0
	for i := range 400 {
		p := score.KSPValue(float64(i)/200, 1, 1)
		require.LessOrEqual(t, p, last)
		require.GreaterOrEqual(t, p, 0.0)
		last = p
	}
	require.Equal(t, 1.0, score.KSPValue(0.5, 0, 10))
	require.Equal(t, 1.0, score.KSPValue(0, 10, 10))
	require.Equal(t, 1.0, score.KSPValue(math.NaN(), 10, 10))
}
