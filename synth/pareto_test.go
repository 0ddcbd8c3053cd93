package synth_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/synth"
)

// TestParetoNBDPublished compares with the R package BTYD on CDNOW, as its
// manual prints and the tests of lifetimes 0.11.3 repeat: P(alive) of (26,
// 30.86, 31) is .9979 and log L is -39.13 at (.5534, 10.5802, .6061, 11.6562),
// to more digits here from the formulas of the paper; E[X(t)] for t = 1 to 9 at
// (.55, 10.56, .61, 11.64).
func TestParetoNBDPublished(t *testing.T) {
	p := synth.ParetoNBD{R: .5534, Alpha: 10.5802, S: .6061, Beta: 11.6562}
	require.InDelta(t, .997917766552, p.Alive(26, 30.86, 31), 1e-11)
	require.InDelta(t, -39.1321278835, p.LogLikelihood(26, 30.86, 31), 1e-9)
	p = synth.ParetoNBD{R: .55, Alpha: 10.56, S: .61, Beta: 11.64}
	want := []float64{.0507782, .0991609, .1454251, .1897993, .2324747, .2736127, .3133516, .3518102, .3890921}
	for i, w := range want {
		require.InDelta(t, w, p.Mean(float64(i+1)), 6e-8)
	}
}

// likelihood integrates the likelihood of a history over the time of leaving by
// Simpson's rule: L = G(r+x)/G(r) a^r b^s [ (a+t)^-(r+x) (b+t)^-s + s Int_tx^t
// (a+y)^-(r+x) (b+y)^-(s+1) dy ].
func likelihood(p synth.ParetoNBD, x int, tx, t float64) (stay, left float64) {
	k := p.R + float64(x)
	stay = math.Pow(p.Alpha+t, -k) * math.Pow(p.Beta+t, -p.S)
	const n = 20_000
	h := (t - tx) / n
	for i := range n + 1 {
		y := tx + h*float64(i)
		w := 2.0 + 2*float64(i%2)
		if i == 0 || i == n {
			w = 1
		}
		left += w * math.Pow(p.Alpha+y, -k) * math.Pow(p.Beta+y, -p.S-1)
	}
	c := math.Gamma(k) / math.Gamma(p.R) * math.Pow(p.Alpha, p.R) * math.Pow(p.Beta, p.S)
	return c * stay, c * p.S * left * h / 3
}

func TestParetoNBDAgainstQuadrature(t *testing.T) {
	race.Skip(t)
	models := map[string]synth.ParetoNBD{
		"default":       *synth.DefaultPurchasing(),
		"alpha above":   {R: .8, Alpha: 30, S: 1.4, Beta: 4},
		"equal":         {R: 1.2, Alpha: 7, S: .5, Beta: 7},
		"far apart":     {R: .5, Alpha: .3, S: .9, Beta: 60},
		"far apart too": {R: .5, Alpha: 60, S: .9, Beta: .3},
	}
	histories := []struct {
		x     int
		tx, t float64
	}{{0, 0, 0}, {0, 0, 52}, {1, 3, 52}, {4, 50, 52}, {4, 52, 52}, {12, 10, 80}, {30, 2, 3}}
	for name, p := range models {
		t.Run(name, func(t *testing.T) {
			for _, h := range histories {
				stay, left := likelihood(p, h.x, h.tx, h.t)
				require.InEpsilon(t, stay/(stay+left), p.Alive(h.x, h.tx, h.t), 1e-7, h)
				require.InDelta(t, math.Log(stay+left), p.LogLikelihood(h.x, h.tx, h.t), 1e-7, h)
				later, gone := likelihood(p, h.x, h.tx, h.t+9)
				require.InEpsilon(t, (later+gone)/(stay+left), p.Silent(h.x, h.tx, h.t, 9), 1e-7, h)
			}
		})
	}
}

func TestParetoNBDLimits(t *testing.T) {
	p := *synth.DefaultPurchasing()
	require.Equal(t, 0.0, p.Mean(0))
	require.Equal(t, 1.0, p.Survival(0))
	require.Equal(t, 1.0, p.Silent(3, 5, 9, 0))
	near := p
	p.S, near.S = 1, 1+1e-6
	require.InEpsilon(t, p.Mean(50), near.Mean(50), 1e-5)
	near.S = 1 + 1e-12
	require.InEpsilon(t, p.Mean(50), near.Mean(50), 1e-9)
	for _, h := range []struct {
		x     int
		tx, t float64
	}{{-1, 0, 1}, {1, 2, 1}, {1, -1, 1}, {1, math.NaN(), 1}, {1, 1, math.NaN()}, {1, 1, math.Inf(1)}} {
		require.True(t, math.IsNaN(p.Alive(h.x, h.tx, h.t)), h)
		require.True(t, math.IsNaN(p.Silent(h.x, h.tx, h.t, 1)), h)
	}
	require.True(t, math.IsNaN(synth.ParetoNBD{R: 1, Alpha: 0, S: 1, Beta: 1}.Alive(1, 1, 2)))
	heavy := synth.ParetoNBD{R: .5143, Alpha: 2.8845, S: .2856, Beta: 14.1087}
	require.False(t, math.IsNaN(heavy.Alive(254, 97.14, 97.28)), "no overflow for heavy buyers")
	require.InDelta(t, 0, heavy.Alive(2000, 50, 97), 1e-12)
}

// TestGammaGammaPublished: E[M | 2, 22.35] = 24.66 and the mean of 35.22 at the
// CDNOW estimates, Fader and Hardie, "The Gamma-Gamma model of monetary value"
// (2013), recomputed to more digits.
func TestGammaGammaPublished(t *testing.T) {
	g := *synth.DefaultSpend()
	require.InDelta(t, 24.66371391, g.MeanGiven(2, 22.35), 1e-8)
	require.InDelta(t, 35.2189781, g.Mean(), 1e-7)
	require.InDelta(t, g.Mean(), g.MeanGiven(0, 0), 1e-12)
}
