package score_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/score"
)

func TestQuantileBins(t *testing.T) {
	nan := math.NaN()
	below := func(x float64) float64 { return math.Nextafter(x, math.Inf(-1)) }
	for _, test := range []struct {
		name            string
		values, weights []float64
		n               int
		want            score.Bins
	}{
		{"quarters", []float64{8, 7, 6, 5, 4, 3, 2, 1}, nil, 4, score.Bins{2, 4, 6}},
		{"not divisible", []float64{1, 2, 3, 4, 5}, nil, 2, score.Bins{3}},
		{"one bin", []float64{1, 2, 3}, nil, 1, score.Bins{}},
		{"missing", []float64{nan, 1, 2, nan, 3, 4}, nil, 2, score.Bins{2}},
		{"nothing", []float64{nan}, nil, 10, score.Bins{}},
		{"constant", []float64{7, 7, 7}, nil, 10, score.Bins{below(7), 7}},
		{"mostly zero", []float64{0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, nil, 5, score.Bins{below(0), 0, 2}},
		{"two values", []float64{0, 1, 0, 1}, nil, 10, score.Bins{below(0), 0, 1}},
		{"more bins than values", []float64{1, 2}, nil, 4, score.Bins{below(1), 1, 2}},
		{"weights", []float64{1, 2, 3, 4}, []float64{1, 1, 1, 5}, 2, score.Bins{4}},
		{"weight zero", []float64{-9, 1, 2, 3, 4}, []float64{0, 1, 1, 1, 1}, 2, score.Bins{2}},
		{"next to no weight", []float64{1, 2}, []float64{5e-324, 0}, 10, score.Bins{below(1), 1}},
		{"no weight", []float64{1, 2}, []float64{0, 0}, 2, score.Bins{}},
		{"nothing below", []float64{-math.MaxFloat64, -math.MaxFloat64}, nil, 2, score.Bins{-math.MaxFloat64}},
	} {
		t.Run(test.name, func(t *testing.T) {
			kept := slices.Clone(test.values)
			got := score.QuantileBins(test.values, test.weights, test.n)
			require.Equal(t, test.want, got)
			require.True(t, slices.EqualFunc(kept, test.values, func(a, b float64) bool {
				return math.Float64bits(a) == math.Float64bits(b)
			}))
		})
	}
	require.Panics(t, func() { score.QuantileBins([]float64{1}, nil, 0) })
	require.Panics(t, func() { score.QuantileBins([]float64{1}, []float64{}, 2) })
}

func TestQuantileBinsProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	for range 200 {
		n, k, levels := 1+random.IntN(60), 1+random.IntN(12), 1+random.IntN(80)
		values, weights := make([]float64, n), make([]float64, n)
		var repeated []float64
		for i := range values {
			values[i], weights[i] = float64(random.IntN(levels)), float64(random.IntN(3))
			for range int(weights[i]) {
				repeated = append(repeated, values[i])
			}
		}
		bins := score.QuantileBins(values, weights, k)
		require.Equal(t, score.QuantileBins(repeated, nil, k), bins, "weight 2 is two rows")
		require.True(t, slices.IsSorted(bins))
		require.LessOrEqual(t, len(bins), k)
		for _, x := range values {
			bin := 0
			for _, edge := range bins {
				if edge < x {
					bin++
				}
			}
			require.Equal(t, bin, bins.Of(x))
		}
		require.Equal(t, len(bins)+1, bins.Of(math.NaN()))
		require.Equal(t, len(bins), bins.Of(math.Inf(1)))
		require.Equal(t, 0, bins.Of(math.Inf(-1)))
	}
}
