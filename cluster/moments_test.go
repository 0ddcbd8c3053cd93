package cluster

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// exactMoments are the mean and the variance in 200-bit arithmetic.
func exactMoments(values, weights []float64) (mean, variance float64) {
	number := func(x float64) *big.Float { return new(big.Float).SetPrec(200).SetFloat64(x) }
	total, sum, squares := number(0), number(0), number(0)
	weight := func(i int) *big.Float {
		if weights == nil {
			return number(1)
		}
		return number(weights[i])
	}
	for i, x := range values {
		if !math.IsNaN(x) {
			total.Add(total, weight(i))
			sum.Add(sum, number(0).Mul(weight(i), number(x)))
		}
	}
	m := number(0).Quo(sum, total)
	for i, x := range values {
		if !math.IsNaN(x) {
			d := number(0).Sub(number(x), m)
			squares.Add(squares, d.Mul(d.Mul(d, d), weight(i)))
		}
	}
	mean, _ = m.Float64()
	variance, _ = squares.Quo(squares, total).Float64()
	return mean, variance
}

func TestMomentsAreExactAtAnyOffset(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, offset := range []float64{1, 1.7e9, -1e15} {
		for _, n := range []int{1, 3, 4, 1000, chunkRows + 5} {
			values, weights := make([]float64, n), make([]float64, n)
			for i := range values {
				values[i] = offset + r.NormFloat64()
				weights[i] = float64(r.IntN(3)) + 0.5
			}
			for _, w := range [][]float64{nil, weights} {
				m := momentsOf(2, values, w)
				mean, variance := exactMoments(values, w)
				require.InDelta(t, mean, m.mean, 4e-16*math.Abs(offset)+1e-14)
				// A mean is off by rounding, e, which adds e² and its product with what the
				// means of chunks differ by.
				e := 4e-16 * math.Abs(offset)
				require.InDelta(t, variance, m.variance(), 1e-12*variance+e*e+e/100)
				require.Equal(t, m, momentsOf(3, values, w), "workers")
			}
		}
	}
}

func TestMomentsOfWeightsOne(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	values, ones := make([]float64, chunkRows+100), make([]float64, chunkRows+100)
	for i := range values {
		values[i], ones[i] = r.NormFloat64()+100, 1
	}
	require.Equal(t, momentsOf(1, values, nil), momentsOf(1, values, ones))
	values[7] = math.NaN()
	m := momentsOf(1, values, nil)
	require.Equal(t, m, momentsOf(1, values, ones))
	require.Equal(t, 1, m.gaps)
	require.Equal(t, float64(len(values)-1), m.weight)
	mean, variance := exactMoments(values, nil)
	require.InDelta(t, mean, m.mean, 1e-12)
	require.InDelta(t, variance, m.variance(), 1e-12)
}

func TestMomentsOfAConstant(t *testing.T) {
	values := make([]float64, 3*chunkRows)
	for i := range values {
		values[i] = 0.1
	}
	m := momentsOf(2, values, nil)
	require.Equal(t, 0.1, m.mean)
	require.Zero(t, m.square)
	require.Equal(t, m.lo, m.hi)
}

func TestMomentsOfWeightZero(t *testing.T) {
	m := momentsOf(1, []float64{5, 1, 3, -7}, []float64{0, 1, 1, 0})
	require.Equal(t, moments{weight: 2, mean: 2, square: 2, lo: 1, hi: 3, least: -7, most: 5}, m)
	none := momentsOf(1, []float64{5}, []float64{0})
	require.Zero(t, none.variance())
	require.Greater(t, none.lo, none.hi)
}
