package score_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/score"
)

func TestPSIByHand(t *testing.T) {
	// 0.3·ln(0.8/0.5) - 0.3·ln(0.2/0.5), and Pearson's statistic of [[50 50] [160 40]].
	s := score.PSI([]float64{50, 50}, []float64{160, 40}, 100, 200)
	require.InDelta(t, 0.3*math.Log(1.6)-0.3*math.Log(0.4), s.PSI, 1e-15)
	require.InDelta(t, 1./100+1./200, s.Noise, 1e-15)
	require.Equal(t, 2, s.Classes)
	chi2 := 20.*20/70 + 20.*20/30 + 20.*20/140 + 20.*20/60
	require.InDelta(t, math.Erfc(math.Sqrt(chi2/2)), s.P, 1e-15)
}

func TestPSICases(t *testing.T) {
	for _, test := range []struct {
		name      string
		base, now []float64
		n, m      float64
		psi, p    float64
		classes   int
	}{
		{"no change", []float64{1, 2, 3}, []float64{10, 20, 30}, 100, 100, 0, 1, 3},
		{"empty in both", []float64{1, 0, 1}, []float64{2, 0, 2}, 100, 100, 0, 1, 2},
		{"one class", []float64{5}, []float64{7}, 5, 7, 0, 1, 1},
		{"empty now", []float64{9, 1}, []float64{50, 0}, 10, 50, 0.1*math.Log(1/0.9) + (0.01-0.1)*math.Log(0.01/0.1), -1, 2},
		{"empty in the base", []float64{10, 0}, []float64{45, 5}, 10, 50, -0.1*math.Log(0.9) + (0.1-0.05)*math.Log(0.1/0.05), -1, 2},
		{"no rows now", []float64{1, 1}, []float64{0, 0}, 10, 0, 0, 1, 0},
		{"no classes", nil, nil, 1, 1, 0, 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := score.PSI(test.base, test.now, test.n, test.m)
			require.InDelta(t, test.psi, s.PSI, 1e-12)
			require.Equal(t, test.classes, s.Classes)
			if test.p >= 0 {
				require.InDelta(t, test.p, s.P, 1e-12)
			} else {
				require.Greater(t, s.P, 0.0)
				require.Less(t, s.P, 1.0)
			}
		})
	}
	require.Panics(t, func() { score.PSI([]float64{1}, nil, 1, 1) })
	for _, x := range []float64{math.NaN(), -0.5, math.Inf(1)} {
		require.Panics(t, func() { score.PSI([]float64{0.5, 0.5}, []float64{0.5, x}, 10, 10) })
		require.Panics(t, func() { score.PSI([]float64{x, 1.5}, []float64{0.5, 0.5}, 10, 10) })
	}
}

// TestPSIWithoutChange measures what PSI does where nothing has changed: base and now come
// from one distribution, and the bins are quantiles of the base itself.
func TestPSIWithoutChange(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	draw := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = random.ExpFloat64()
		}
		return x
	}
	count := func(bins score.Bins, values []float64) []float64 {
		n := make([]float64, len(bins)+1)
		for _, x := range values {
			n[bins.Of(x)]++
		}
		return n
	}
	for _, size := range [][2]int{{1000, 400}, {400, 1000}, {200, 200}} {
		const rounds = 600
		psi, noise, alarms, over := 0.0, 0.0, 0, 0
		for range rounds {
			base, now := draw(size[0]), draw(size[1])
			bins := score.QuantileBins(base, nil, 10)
			s := score.PSI(count(bins, base), count(bins, now), float64(size[0]), float64(size[1]))
			psi += s.PSI / rounds
			noise = s.Noise
			if s.P < 0.05 {
				alarms++
			}
			// 16.919 is the 95 % quantile of chi-square with 9 degrees of freedom.
			if s.PSI > 16.919*s.Noise/9 {
				over++
			}
		}
		t.Logf("rows %v: mean PSI %.5f, noise %.5f, share with P below 0.05: %.3f, with PSI over its 95 %% quantile: %.3f",
			size, psi, noise, float64(alarms)/rounds, float64(over)/rounds)
		require.InEpsilon(t, noise, psi, 0.08)
		require.InDelta(t, 0.05, float64(alarms)/rounds, 0.02)
		require.InDelta(t, 0.05, float64(over)/rounds, 0.03)
	}
}
