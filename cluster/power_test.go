package cluster

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPowersAreUndone(t *testing.T) {
	for _, p := range []Power{Identity, Log1p, YeoJohnson} {
		for _, lambda := range []float64{-1, 0, 0.3, 1, 1.7, 2, 3} {
			last := math.Inf(-1)
			for _, x := range []float64{-900, -3, -1, -0.5, -1e-9, 0, 1e-9, 0.5, 1, 3, 900} {
				y := p.of(x, lambda)
				require.InDelta(t, x, p.inverse(y, lambda), 1e-9*math.Abs(x), "%v λ=%v x=%v", p, lambda, x)
				require.Greater(t, y, last)
				last = y
			}
			require.True(t, math.IsNaN(p.of(math.NaN(), lambda)))
		}
	}
}

// The formula of Yeo and Johnson (2000), as it is printed.
func TestYeoJohnsonFormula(t *testing.T) {
	for _, lambda := range []float64{-1.5, 0, 0.5, 1, 2, 2.5} {
		for _, x := range []float64{-4, -0.3, 0, 0.3, 4} {
			var want float64
			switch {
			case x >= 0 && lambda != 0:
				want = (math.Pow(x+1, lambda) - 1) / lambda
			case x >= 0:
				want = math.Log(x + 1)
			case lambda != 2:
				want = -(math.Pow(1-x, 2-lambda) - 1) / (2 - lambda)
			default:
				want = -math.Log(1 - x)
			}
			require.InDelta(t, want, yeoJohnson(x, lambda), 1e-14*math.Max(1, math.Abs(want)))
		}
	}
}

func TestYeoJohnsonLambda(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	normal := make([]float64, 4000)
	for i := range normal {
		normal[i] = r.NormFloat64()
	}
	through := func(f func(x float64) float64) []float64 {
		out := make([]float64, len(normal))
		for i, x := range normal {
			out[i] = f(x)
		}
		return out
	}
	t.Run("finds the lambda that was undone", func(t *testing.T) {
		for _, lambda := range []float64{-0.2, 0.4, 1, 1.8} {
			got := yeoJohnsonLambda(1, through(func(x float64) float64 { return yeoJohnsonInverse(x/2, lambda) }), nil)
			require.InDelta(t, lambda, got, 0.1)
		}
	})
	t.Run("mirrors", func(t *testing.T) {
		skew := through(func(x float64) float64 { return math.Exp(x) - 0.5 })
		minus := through(func(x float64) float64 { return -(math.Exp(x) - 0.5) })
		require.InDelta(t, 2-yeoJohnsonLambda(1, skew, nil), yeoJohnsonLambda(1, minus, nil), 1e-6)
	})
	t.Run("counts a weight of 2 as two rows", func(t *testing.T) {
		values, weights := through(math.Exp)[:100], make([]float64, 100)
		var twice []float64
		for i, x := range values {
			weights[i] = float64(1 + i%2)
			twice = append(twice, x)
			if i%2 == 1 {
				twice = append(twice, x)
			}
		}
		require.InDelta(t, yeoJohnsonLambda(1, twice, nil), yeoJohnsonLambda(1, values, weights), 1e-6)
	})
	t.Run("leaves alone what it cannot help", func(t *testing.T) {
		require.Equal(t, 1.0, yeoJohnsonLambda(1, through(func(x float64) float64 { return 1.7e9 + x }), nil))
		require.Equal(t, 1.0, yeoJohnsonLambda(1, []float64{5, 5, 5}, nil))
	})
	t.Run("keeps values apart", func(t *testing.T) {
		for _, f := range []func(x float64) float64{
			func(x float64) float64 { return 1.7e9 + 1e7*math.Exp(2*x) },
			func(x float64) float64 { return -1.7e9 - 1e7*math.Exp(2*x) },
			func(x float64) float64 { return 1e90 * math.Exp(3*x) },
		} {
			values := through(f)
			lambda := yeoJohnsonLambda(2, values, nil)
			m := momentsOf(1, through(func(x float64) float64 { return yeoJohnson(f(x), lambda) }), nil)
			require.Greater(t, math.Sqrt(m.variance()), 1e-9*math.Abs(m.mean), "λ = %v", lambda)
		}
	})
	t.Run("is the best of a grid", func(t *testing.T) {
		for _, values := range [][]float64{through(math.Exp)[:300], through(func(x float64) float64 { return x*x*x + x })[:300]} {
			l := newLikelihood(1, values, nil)
			best := yeoJohnsonLambda(1, values, nil)
			for lambda := -4.0; lambda <= 6; lambda += 0.01 {
				require.LessOrEqual(t, l.at(lambda), l.at(best)+1e-12)
			}
		}
	})
}

func TestYeoJohnsonLambdaOfManyRows(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	values := make([]float64, 3*lambdaSample)
	for i := range values {
		values[i] = r.ExpFloat64()
		if i%3 == 0 { // a third of the rows, which is the sample, is of another shape
			values[i] = r.NormFloat64() * 0.1
		}
	}
	want, _ := brentMaximum(newLikelihood(1, values, nil).at, -4, 6, 1e-9)
	require.InDelta(t, want, yeoJohnsonLambda(2, values, nil), 2e-5)
}
