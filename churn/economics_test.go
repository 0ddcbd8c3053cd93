package churn

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/score"
)

func TestEconomicsProfit(t *testing.T) {
	for _, test := range []struct {
		name         string
		economics    Economics
		p, value     float64
		profit, cost float64
		breakEven    float64
	}{
		// 0.5·0.4·(100-10) - 0.5·10 - 1 = 18 - 5 - 1
		{"all stayers take the offer", Economics{Contact: 1, Offer: 10, Acceptance: 0.4}, 0.5, 100, 12, 1 + 10*(0.2+0.5), 6 / 45.0},
		{"default acceptance", Economics{Contact: 1, Offer: 10}, 0.5, 100, 0.5*0.3*90 - 6, 1 + 10*0.65, 6 / 45.0},
		{"a quarter declines", Economics{Contact: 1, Offer: 10, Acceptance: 0.4, Decline: 0.25}, 0.5, 100, 18 - 3.75 - 1, 1 + 10*(0.2+0.375), 4.75 / 45},
		{"margin", Economics{Contact: 1, Offer: 10, Acceptance: 0.4, Margin: 0.2}, 0.5, 100, 0.5*0.4*10 - 6, 8, 6 / 5.0},
		{"free", Economics{}, 0.5, 100, 15, 0, 0},
		{"nobody leaves", Economics{Contact: 1, Offer: 10}, 0, 100, -11, 11, math.MaxFloat64},
		{"everybody leaves", Economics{Contact: 1, Offer: 10, Acceptance: 1}, 1, 100, 89, 11, 1 / 90.0},
		{"not worth the offer", Economics{Contact: 1, Offer: 10}, 1, 10, -1, 4, math.MaxFloat64},
		{"costs more than it brings", Economics{Contact: 1}, 0.5, -100, -16, 1, math.MaxFloat64},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.InDelta(t, test.profit, test.economics.Profit(test.p, test.value), 1e-12)
			require.InDelta(t, test.cost, test.economics.Cost(test.p), 1e-12)
			if test.breakEven == math.MaxFloat64 {
				require.Equal(t, test.breakEven, test.economics.BreakEven(test.p, test.value))
			} else {
				require.InDelta(t, test.breakEven, test.economics.BreakEven(test.p, test.value), 1e-12)
			}
		})
	}
}

// The campaign of Neslin et al. 2006: N customers of whom a share alpha is contacted, of whom
// a share leaves, earn N·alpha·([γ·V + δ·(1-γ)]·share - δ - c).
func TestEconomicsIsNeslin(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		e := Economics{Contact: random.Int64N(20), Offer: random.Int64N(100), Acceptance: 0.01 + 0.99*random.Float64()}
		value, n := 1000*random.Float64(), 1+random.IntN(50)
		total, share := 0.0, 0.0
		for range n {
			p := random.Float64()
			total += e.Profit(p, value)
			share += p / float64(n)
		}
		offer := float64(e.Offer)
		want := float64(n) * ((e.Acceptance*value+offer*(1-e.Acceptance))*share - offer - float64(e.Contact))
		require.InDelta(t, want, total, 1e-8)
	}
}

// With what came true in place of probabilities, the best prefix of a ranking earns the maximum
// profit of Verbraken et al. 2013, which package score computes from the ROC curve.
func TestEconomicsIsVerbraken(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	e := Economics{Contact: 1, Offer: 10} // acceptance 6/(6+14) = 0.3
	for range 20 {
		const n = 60
		scores, labels := make([]float64, n), make([]bool, n)
		for i := range scores {
			scores[i] = float64(n - i)
			labels[i] = i == 0 || random.Float64() < 0.6-0.01*float64(i)
		}
		labels[n-1] = false
		best, sum := 0.0, 0.0
		for _, label := range labels {
			p := 0.0
			if label {
				p = 1
			}
			sum += e.Profit(p, 200)
			best = max(best, sum/n)
		}
		b, err := score.NewBinary(scores, labels, nil)
		require.NoError(t, err)
		want, err := b.MaximumProfit(nil)
		require.NoError(t, err)
		require.InDelta(t, want.PerRow, best, 1e-9)
	}
}

func TestEconomicsBruteForce(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		e := Economics{
			Contact: random.Int64N(20), Offer: 1 + random.Int64N(100),
			Acceptance: 0.01 + 0.99*random.Float64(), Decline: random.Float64(), Margin: 0.01 + 0.99*random.Float64(),
		}
		p, value := random.Float64(), 2000*random.Float64()-200
		offer, contact := float64(e.Offer), float64(e.Contact)
		mean, square, cost := 0.0, 0.0, 0.0
		for _, outcome := range []struct{ probability, earned, spent float64 }{
			{p * e.Acceptance, e.Margin*value - offer - contact, offer + contact},
			{p * (1 - e.Acceptance), -contact, contact},
			{(1 - p) * (1 - e.Decline), -offer - contact, offer + contact},
			{(1 - p) * e.Decline, -contact, contact},
		} {
			mean += outcome.probability * outcome.earned
			square += outcome.probability * outcome.earned * outcome.earned
			cost += outcome.probability * outcome.spent
		}
		require.InDelta(t, mean, e.Profit(p, value), 1e-9)
		require.InDelta(t, cost, e.Cost(p), 1e-9)
		require.InEpsilon(t, 1+square-mean*mean, 1+e.money().variance(p, value), 1e-9)
		if at := e.BreakEven(p, value); at > 0 && at <= 1 {
			e.Acceptance = at
			require.InDelta(t, 0, e.Profit(p, value), 1e-9)
			e.Acceptance = at * 0.99
			require.Negative(t, e.Profit(p, value))
		}
	}
}

func TestEconomicsValidate(t *testing.T) {
	require.NoError(t, Economics{}.Validate())
	require.NoError(t, Economics{Contact: 1, Offer: 1, Acceptance: 1, Decline: 1, Margin: 1}.Validate())
	err := Economics{Contact: -1, Offer: -1, Acceptance: 2, Decline: math.NaN(), Margin: -1}.Validate()
	require.ErrorIs(t, err, ErrOptions)
	for _, field := range []string{"Contact", "Offer", "Acceptance", "Decline", "Margin"} {
		require.ErrorContains(t, err, "Economics."+field)
	}
}
