package churn_test

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/learn/survival"
	"github.com/clientele-go/clientele/synth"
)

// In a shop whose customers buy by a Poisson process until they leave, with rates of their own, the probability to
// buy within 30 days is known exactly given all purchases (synth.Shop.Silent). Forecasts that learned from the
// log up to a day are set beside it, on the cut-offs after that day.
func TestForecastsOfAShopWithKnownTruth(t *testing.T) {
	if race.Enabled {
		t.Skip("the figures are the same with the race detector, and take long with it")
	}
	ctx := t.Context()
	shop, err := synth.New(2, &synth.Options{Location: time.UTC, Customers: 2500, Season: &synth.Season{}})
	require.NoError(t, err)
	log, err := churn.NewLog(ctx, shopEvents(shop), &churn.LogOptions[int64]{Location: time.UTC, Until: shop.Until(), Compare: cmp.Compare[int64]})
	require.NoError(t, err)
	bought := map[int64][]time.Time{}
	for e := range shopEvents(shop) {
		if e.Kind == churn.Purchase {
			bought[e.Customer] = append(bought[e.Customer], e.Time)
		}
	}
	// Buyers, as nothing is known of the rate of others.
	label := churn.Among{Label: churn.Happens{}, Who: "buyers", Is: churn.Absent{}.Subject}
	spans, err := churn.Durations(ctx, log, &churn.Plan{Gap: churn.NoGap, Horizon: 180, Step: 30}, label, nil)
	require.NoError(t, err)
	train, test, err := spans.Split(log.Until() - 90)
	require.NoError(t, err)

	n := test.Rows.Rows()
	var rows []int // that were watched for 30 days, or bought in them
	var came []bool
	for i := range n {
		if yes := test.Data.Event[i] && test.Data.Exit[i] <= 30; yes || test.Data.Exit[i] >= 30 {
			rows, came = append(rows, i), append(came, yes)
		}
	}
	require.Len(t, rows, n)
	came30 := 0.0
	for _, yes := range came {
		if yes {
			came30 += 1 / float64(n)
		}
	}
	judge := func(name string, within []float64) (concordance, ece float64) {
		t.Helper()
		a, err := survival.Concordance(test.Data, within)
		require.NoError(t, err)
		sum := 0.0
		for _, p := range within {
			sum += p
		}
		b, err := score.NewBinary(within, came, nil)
		require.NoError(t, err)
		ece = b.ECE(score.WidthBins(10)).Value
		t.Logf("%-18s C %.4f ± %.4f, mean %.4f (came %.4f), ECE %.4f", name, a.C, a.StdErr, sum/float64(n), came30, ece)
		return a.C, ece
	}
	truth := make([]float64, n)
	for i, id := range test.Rows.Table.IDs {
		truth[i] = 1 - shop.Silent(bought[id.Customer], id.Cutoff.Start(time.UTC), (id.Cutoff+30).Start(time.UTC))
	}
	fit := func(opts *churn.TimeOptions) []float64 {
		m, err := churn.FitTime(ctx, train, opts)
		require.NoError(t, err)
		forecasts, err := churn.Forecasts(ctx, m, test.Rows)
		require.NoError(t, err)
		within := make([]float64, n)
		for i, f := range forecasts {
			within[i] = f.Within(0, 30)
		}
		return within
	}
	cox, discrete := fit(nil), discreteWithin(t, train, test)
	bestC, _ := judge("truth", truth)
	coxC, coxECE := judge("Cox", cox)
	discreteC, discreteECE := judge("discrete hazards", discrete)
	recencyC, recencyECE := judge("Cox of recency", fit(&churn.TimeOptions{Columns: []string{"purchase_days_since_log"}}))

	for name, within := range map[string][]float64{"Cox": cox, "discrete hazards": discrete} {
		// Rows of one customer go together: the standard error is over sums of customers.
		off := make([]float64, 1+slices.Max(test.Cluster))
		total, squares := 0.0, 0.0
		for i, p := range within {
			x := -p
			if came[i] {
				x++
			}
			off[test.Cluster[i]] += x
			total += x
		}
		for _, x := range off {
			squares += x * x
		}
		require.Less(t, math.Abs(total), 2.5*math.Sqrt(squares), name)
	}
	require.Less(t, coxECE, 0.02)
	require.Less(t, discreteECE, 0.02)
	require.Greater(t, recencyECE, 2*coxECE)
	require.Greater(t, coxC, recencyC+0.015)
	require.InDelta(t, bestC, coxC, 0.01, "nearly as good as who knows the shop")
	require.InDelta(t, coxC, discreteC, 0.01)
	apart, off := 0.0, 0.0
	for i, p := range cox {
		apart += math.Abs(p-discrete[i]) / float64(n)
		off += math.Abs(p-truth[i]) / float64(n)
	}
	t.Logf("on average Cox and discrete hazards are %.4f apart, Cox and truth %.4f", apart, off)
	require.Less(t, apart, 0.015)
	require.Less(t, off, 0.03)
}

// discreteWithin gives the probability of 30 days by hazards of periods from a logistic regression.
func discreteWithin(t *testing.T, train, test *churn.Spans[int64]) []float64 {
	t.Helper()
	columns := []string{
		"purchase_days_since_log", "purchase_days_since_first_log", "purchase_days_log", "purchase_rate_log",
		"silence_surprise", "silence_surprise_log",
	}
	from, err := train.Rows.Table.Select(columns...)
	require.NoError(t, err)
	periods := &survival.Periods{Ends: []float64{15, 30, 60, 120, 180}, Category: true}
	e, err := survival.Expand(from, train.Data, periods)
	require.NoError(t, err)
	m, err := logistic.Fit(t.Context(), e.Table, e.Ended, nil)
	require.NoError(t, err)
	d, err := survival.NewDiscrete(m, periods)
	require.NoError(t, err)
	to, err := test.Rows.Table.Select(columns...)
	require.NoError(t, err)
	within := make([]float64, to.Rows())
	row := make([]float64, len(columns))
	for i := range within {
		for j, c := range to.Columns {
			row[j] = c.Num[i]
		}
		within[i] = d.Forecast(row).Within(0, 30)
	}
	return within
}
