package score

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

// slowProfit integrates the best profit over the share of acceptance in small steps.
func slowProfit(b *Binary, o ProfitOptions) (p Profit) {
	const steps = 4_000
	acceptance := distuv.Beta{Alpha: o.Alpha, Beta: o.Beta}
	curve := b.Curve()
	base := b.Positives() / b.Rows()
	for i := range steps {
		share := acceptance.Quantile((float64(i) + 0.5) / steps)
		best, target := 0.0, 0.0
		for _, point := range curve {
			leavers, others := base*point.Recall, (1-base)*point.FalseAlarms
			gain := leavers*(share*(o.Value-o.Offer)-o.Contact) - others*(o.Offer+o.Contact)
			if gain > best {
				best, target = gain, point.Alerted
			}
		}
		p.PerRow += best / steps
		p.Target += target / steps
	}
	return p
}

func TestProfitByQuadrature(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	for name, o := range map[string]ProfitOptions{
		"of the paper":  {6, 14, 200, 10, 1},
		"nothing costs": {2, 2, 50, 0, 0},
		"few stay":      {1, 30, 100, 10, 2},
		"dear":          {6, 14, 20, 15, 5},
		"many stay":     {14, 6, 1000, 5, 0.5},
		"all or nobody": {0.5, 0.5, 200, 10, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var scores, weights []float64
			var labels []bool
			for i := range 30 {
				labels = append(labels, i%3 == 0)
				weights = append(weights, float64(1+i%2))
				scores = append(scores, float64(random.IntN(9)))
				if labels[i] {
					scores[i] += 3
				}
			}
			b, err := NewBinary(scores, labels, &BinaryOptions{Weights: weights})
			require.NoError(t, err)
			have, err := b.ExpectedMaximumProfit(&o)
			require.NoError(t, err)
			want := slowProfit(b, o)
			require.InDelta(t, want.PerRow, have.PerRow, 1e-3*o.Value/10)
			require.InDelta(t, want.Target, have.Target, 5e-4)

			most, err := b.MaximumProfit(&o)
			require.NoError(t, err)
			mean := o.Alpha / (o.Alpha + o.Beta)
			best := 0.0
			for _, p := range b.Curve() {
				base := b.Positives() / b.Rows()
				best = max(best, base*p.Recall*(mean*(o.Value-o.Offer)-o.Contact)-(1-base)*p.FalseAlarms*(o.Offer+o.Contact))
			}
			require.InDelta(t, best, most.PerRow, 1e-12)
			require.LessOrEqual(t, most.PerRow, have.PerRow+1e-12) // Jensen
		})
	}
}

func TestProfitOptions(t *testing.T) {
	b := tied(t)
	paper, err := b.ExpectedMaximumProfit(&ProfitOptions{6, 14, 200, 10, 1})
	require.NoError(t, err)
	byDefault, err := b.ExpectedMaximumProfit(nil)
	require.NoError(t, err)
	require.Equal(t, paper, byDefault)
	cents, err := b.ExpectedMaximumProfit(&ProfitOptions{6, 14, 20000, 1000, 100})
	require.NoError(t, err)
	require.InDelta(t, 100*paper.PerRow, cents.PerRow, 1e-9)
	require.InDelta(t, paper.Target, cents.Target, 1e-12)

	err = (&ProfitOptions{Alpha: 0, Beta: 1, Value: 1, Offer: 1, Contact: -1}).Validate()
	require.ErrorContains(t, err, "Alpha")
	require.ErrorContains(t, err, "Contact")
	require.ErrorContains(t, err, "Value")
	for _, o := range []ProfitOptions{
		{math.NaN(), 1, 2, 1, 0},
		{1, math.Inf(1), 2, 1, 0},
		{1, 1, math.NaN(), 1, 0},
		{1, 1, 2, math.NaN(), 0},
		{1, 1, 2, 1, math.Inf(1)},
		{1, 1, math.Inf(1), 1, 0},
		{},
	} {
		require.ErrorIs(t, o.Validate(), ErrOptions)
		_, err = b.MaximumProfit(&o)
		require.Error(t, err)
		_, err = b.ExpectedMaximumProfit(&o)
		require.Error(t, err)
	}
}
