package cluster

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
)

func TestQuantileCountsWeights(t *testing.T) {
	race.Skip(t)
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		n := 1 + r.IntN(12)
		values, weights, tiny := make([]float64, n), make([]float64, n), make([]float64, n)
		var repeated []float64
		for i := range values {
			values[i] = float64(r.IntN(8))
			weights[i] = float64(1 + r.IntN(3))
			tiny[i] = weights[i] / 1024
			for range int(weights[i]) {
				repeated = append(repeated, values[i])
			}
		}
		// One of weight 1 makes the smallest weight 1, so that the tiny ones scale to the same.
		values, weights, tiny = append(values, 3), append(weights, 1), append(tiny, 1.0/1024)
		repeated = append(repeated, 3)
		values, weights, tiny = append(values, math.NaN(), 99), append(weights, 5, 0), append(tiny, 5, 0)
		for _, p := range []float64{0, 0.05, 0.25, 0.5, 0.75, 0.999, 1} {
			want := rank(1, repeated, nil).quantile(p)
			require.InDelta(t, want, rank(1, values, weights).quantile(p), 1e-12)
			require.InDelta(t, want, rank(1, values, tiny).quantile(p), 1e-12)
		}
	}
}

// Weights that halve down to the smallest number there is: the last rows do not count
// beside the first.
func TestQuantileOfDecayingWeights(t *testing.T) {
	const n = 1075
	values, weights := make([]float64, n), make([]float64, n)
	for i := range values {
		values[i], weights[i] = float64(i), math.Ldexp(1, -i)
	}
	require.Positive(t, weights[n-1])
	r := rank(1, values, weights)
	require.InDelta(t, 0x1p53, r.upTo[n-1], 2)
	for p, want := range map[float64]float64{0: 0, 0.3: 0, 0.6: 1, 0.8: 2, 0.99: 6} {
		require.Equal(t, want, r.quantile(p), "%v", p)
	}
	require.InDelta(t, 54, r.quantile(1), 2)
}

func TestQuantileOfOneValue(t *testing.T) {
	for _, weights := range [][]float64{nil, {1}, {7.5}, {0.25}} {
		r := rank(1, []float64{42}, weights)
		for _, p := range []float64{0, 0.3, 1} {
			require.Equal(t, 42.0, r.quantile(p))
		}
	}
}

func TestAscending(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	values := []float64{0, -1, 1, math.MaxFloat64, -math.MaxFloat64, 5e-324, -5e-324}
	for range 1000 {
		values = append(values, r.NormFloat64(), float64(r.IntN(3)))
	}
	want := slices.Sorted(slices.Values(values))
	require.Equal(t, want, ascending(2, append(values, math.NaN(), math.Copysign(math.NaN(), -1))))
	require.Empty(t, ascending(1, nil))
}
