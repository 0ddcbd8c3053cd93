package score

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// slowAUC is the area and the structural components from all pairs of rows.
func slowAUC(scores []float64, labels []bool, weights []float64) (area float64, component []float64) {
	component = make([]float64, len(scores))
	against := make([]float64, len(scores))
	pairs := 0.0
	for i, x := range scores {
		for j, y := range scores {
			if !labels[i] || labels[j] {
				continue
			}
			psi := 0.0
			switch {
			case x > y:
				psi = 1
			case x == y:
				psi = 0.5
			}
			area += weights[i] * weights[j] * psi
			pairs += weights[i] * weights[j]
			component[i] += weights[j] * psi
			component[j] += weights[i] * psi
			against[i] += weights[j]
			against[j] += weights[i]
		}
	}
	for i := range component {
		component[i] /= against[i]
	}
	return area / pairs, component
}

// slowVariance is the covariance of two areas as in Obuchowski 1997, section 2; without
// clusters that of DeLong, DeLong and Clarke-Pearson 1988.
func slowVariance(labels []bool, weights []float64, groups []int32, area float64, component []float64) float64 {
	type cluster struct{ v10, v01, m, n float64 }
	clusters := map[int32]*cluster{}
	m, n := 0.0, 0.0
	for i, g := range groups {
		c := clusters[g]
		if c == nil {
			c = &cluster{}
			clusters[g] = c
		}
		if labels[i] {
			c.v10 += weights[i] * component[i]
			c.m += weights[i]
			m += weights[i]
		} else {
			c.v01 += weights[i] * component[i]
			c.n += weights[i]
			n += weights[i]
		}
	}
	i10, i01, s10, s01, s11 := 0.0, 0.0, 0.0, 0.0, 0.0
	for _, c := range clusters {
		if c.m > 0 {
			i10++
		}
		if c.n > 0 {
			i01++
		}
		a, b := c.v10-c.m*area, c.v01-c.n*area
		s10 += a * a
		s01 += b * b
		s11 += a * b
	}
	all := float64(len(clusters))
	s10 *= i10 / ((i10 - 1) * m)
	s01 *= i01 / ((i01 - 1) * n)
	s11 *= all / (all - 1)
	return s10/m + s01/n + 2*s11/(m*n)
}

func TestAUCOfAllPairs(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	for range 60 {
		n := 8 + random.IntN(60)
		scores, other, weights, labels, groups := make([]float64, n), make([]float64, n), make([]float64, n), make([]bool, n), make([]int32, n)
		weighted, clustered := random.IntN(2) == 0, random.IntN(2) == 0
		for i := range scores {
			weights[i], groups[i] = 1, int32(i)
			if weighted {
				weights[i] = float64(1+random.IntN(5)) / 4
			}
			if clustered {
				groups[i] = int32(random.IntN(n/2 + 2))
			}
			labels[i] = i%4 == 0
			scores[i], other[i] = float64(random.IntN(8)), float64(random.IntN(20))
			if labels[i] {
				scores[i] += 2
			}
		}
		opts := &BinaryOptions{Weights: weights, Groups: groups, Replicates: 2}
		a, err := NewBinary(scores, labels, opts)
		require.NoError(t, err)
		b, err := NewBinary(other, labels, opts)
		require.NoError(t, err)
		areaA, componentA := slowAUC(scores, labels, weights)
		areaB, componentB := slowAUC(other, labels, weights)
		require.InDelta(t, areaA, a.AUC().Value, 1e-13)

		c := a.components(a.area())
		variance := slowVariance(labels, weights, groups, areaA, componentA)
		require.InDelta(t, variance, c.variance(), 1e-13)
		half := 1.959963984540054 * math.Sqrt(variance) / (areaA * (1 - areaA))
		require.InDelta(t, math.Log(areaA/(1-areaA))-half, logit(a.AUC().Low), 1e-9)
		require.InDelta(t, math.Log(areaA/(1-areaA))+half, logit(a.AUC().High), 1e-9)

		difference, p, err := AUCDifference(a, b)
		require.NoError(t, err)
		for i := range componentA {
			componentA[i] -= componentB[i]
		}
		se := math.Sqrt(slowVariance(labels, weights, groups, areaA-areaB, componentA))
		require.InDelta(t, areaA-areaB, difference.Value, 1e-13)
		require.InDelta(t, max(areaA-areaB-1.959963984540054*se, -1), difference.Low, 1e-10)
		require.InDelta(t, 2*(1-0.5*math.Erfc(-math.Abs(areaA-areaB)/se/math.Sqrt2)), p, 1e-10)
		back, q, err := AUCDifference(b, a)
		require.NoError(t, err)
		require.InDelta(t, -difference.Low, back.High, 1e-13)
		require.InDelta(t, p, q, 1e-12)
	}
}

func TestAUCWithoutOverlap(t *testing.T) {
	labels := []bool{false, false, false, true, true}
	above, err := NewBinary([]float64{1, 2, 3, 4, 5}, labels, nil)
	require.NoError(t, err)
	require.Equal(t, wilson(1, 2, above.z), above.AUC())
	requireEstimate(t, 1, above.AveragePrecision())
	ks, at := above.KS()
	requireEstimate(t, 1, ks)
	require.InDelta(t, 4, at, 0)
	below, err := NewBinary([]float64{5, 4, 3, 2, 1}, labels, nil)
	require.NoError(t, err)
	require.Equal(t, wilson(0, 2, below.z), below.AUC())
	ks, at = below.KS()
	requireEstimate(t, 1, ks)
	require.InDelta(t, 3, at, 0)
	equal, err := NewBinary(make([]float64, 5), labels, nil)
	require.NoError(t, err)
	requireEstimate(t, 0.5, equal.AUC())
	requireEstimate(t, 0.4, equal.AveragePrecision())
	ks, _ = equal.KS()
	requireEstimate(t, 0, ks)

	one, err := NewBinary([]float64{1, 2, 3, 2}, []bool{false, false, false, true}, nil)
	require.NoError(t, err)
	require.Equal(t, Estimate{0.5, 0, 1}, one.AUC())
	difference, p, err := AUCDifference(one, one)
	require.NoError(t, err)
	require.Equal(t, Estimate{0, -1, 1}, difference)
	require.InDelta(t, 1, p, 0)

	difference, p, err = AUCDifference(above, below)
	require.NoError(t, err)
	require.Equal(t, Estimate{1, 1, 1}, difference)
	require.InDelta(t, 0, p, 0)
	difference, p, err = AUCDifference(above, above)
	require.NoError(t, err)
	require.Equal(t, Estimate{}, difference)
	require.InDelta(t, 1, p, 0)
}

func TestNotTheSameRows(t *testing.T) {
	scores, labels := []float64{1, 2, 3, 2}, []bool{false, false, false, true}
	a, err := NewBinary(scores, labels, nil)
	require.NoError(t, err)
	weights := []float64{1, 1, 0, 1}
	for name, b := range map[string]func() (*Binary, error){
		"fewer rows":           func() (*Binary, error) { return NewBinary(scores[1:], labels[1:], nil) },
		"other labels":         func() (*Binary, error) { return NewBinary(scores, []bool{true, false, false, false}, nil) },
		"a row without weight": func() (*Binary, error) { return NewBinary(scores, labels, &BinaryOptions{Weights: weights}) },
		"other weights": func() (*Binary, error) {
			return NewBinary(scores, labels, &BinaryOptions{Weights: []float64{1, 1, 2, 1}})
		},
		"groups": func() (*Binary, error) {
			return NewBinary(scores, labels, &BinaryOptions{Groups: []int32{1, 2, 3, 4}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			x, err := b()
			require.NoError(t, err)
			_, _, err = AUCDifference(a, x)
			require.ErrorIs(t, err, ErrPaired)
			_, _, err = AUCDifference(x, a)
			require.ErrorIs(t, err, ErrPaired)
		})
	}
}
