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
	"github.com/clientele-go/clientele/synth"
)

// silentIn returns the exact probability that a customer of this history makes no purchase from g until g+h weeks
// after t: if alive at t, the rates are Gamma(R+x, Alpha+t) and Gamma(S, Beta+t), and the first purchase of the window comes
// u weeks after its beginning with the density E[λ exp(-λu)] E[exp(-μ(g+u))].
func silentIn(p *synth.ParetoNBD, x int, tx, t, g, h float64) float64 {
	density := func(u float64) float64 {
		r, a := p.R+float64(x), p.Alpha+t
		return r / a * math.Pow(a/(a+u), r+1) * math.Pow((p.Beta+t)/(p.Beta+t+g+u), p.S)
	}
	const n = 64 // Simpson
	sum := density(0) + density(h)
	for i := 1; i < n; i++ {
		sum += float64(2+2*(i%2)) * density(h*float64(i)/n)
	}
	return 1 - p.Alive(x, tx, t)*sum*h/(3*n)
}

func TestSilentInIsThePosteriorWithoutAGap(t *testing.T) {
	p := synth.DefaultPurchasing()
	for _, c := range []struct {
		x     int
		tx, t float64
	}{{0, 0, 20}, {3, 10, 20}, {40, 99, 100}, {7, 3, 60}} {
		require.InDelta(t, p.Silent(c.x, c.tx, c.t, 8), silentIn(p, c.x, c.tx, c.t, 0, 8), 1e-7)
	}
}

// How good is the list where the best there can be is known? The exact posterior of a
// generated shop sees the same purchases, and besides knows the shop's laws and its clock.
func TestListIsNearlyAsGoodAsThePosterior(t *testing.T) {
	customers, least, bound := 60_000, 10_000, 0.02
	if slow := race.Enabled; slow || testing.Short() {
		customers, least, bound = 6_000, 500, 0.08
	}
	loc, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	start := time.Date(2021, 1, 1, 0, 0, 0, 0, loc)
	shop, err := synth.New(3, &synth.Options{Location: loc, Customers: customers, Since: start, Until: start.AddDate(4, 0, 0)})
	require.NoError(t, err)
	log, err := churn.NewLog(t.Context(), shopEvents(shop), &churn.LogOptions[int64]{
		Location: loc, Since: shop.Since(), Until: shop.Until(), Compare: cmp.Compare[int64],
	})
	require.NoError(t, err)
	// Who bought within 80% of their own gaps: the long silent are too easy.
	label := churn.Among{Label: churn.Absent{}, Who: "customers in their rhythm", Is: churn.OwnGap{Quantile: 0.8}.Subject}
	plan := &churn.Plan{Gap: 3, Horizon: 60, Step: 14, First: churn.DayOf(start.AddDate(1, 0, 0), loc)}
	rows, err := churn.Snapshots(t.Context(), log, plan, label, nil)
	require.NoError(t, err)
	split, err := rows.Split(&churn.SplitOptions{
		Calibrate: churn.DayOf(start.AddDate(1, 10, 0), loc), Test: churn.DayOf(start.AddDate(2, 1, 0), loc),
	})
	require.NoError(t, err)
	model, err := churn.Fit(t.Context(), split.Train, split.Calibrate, nil)
	require.NoError(t, err)
	test := split.Test
	scores, err := churn.Predict(t.Context(), model, test)
	require.NoError(t, err)

	exact := make([]float64, test.Rows())
	bought := map[int64][]time.Time{}
	for e := range shopEvents(shop) {
		if e.Kind == churn.Purchase {
			bought[e.Customer] = append(bought[e.Customer], e.Time)
		}
	}
	for i, s := range test.Table.IDs {
		all := bought[s.Customer]
		cutoff := s.Cutoff.Start(loc)
		n, _ := slices.BinarySearchFunc(all, cutoff, time.Time.Compare)
		birth, now := shop.Clock(all[0]), shop.Clock(cutoff)
		from, to := shop.Clock((s.Cutoff + churn.Day(plan.Gap)).Start(loc)), shop.Clock((s.Cutoff + churn.Day(plan.Gap+plan.Horizon)).Start(loc))
		exact[i] = silentIn(synth.DefaultPurchasing(), n-1, shop.Clock(all[n-1])-birth, now-birth, from-now, to-from)
	}
	alerts, ours := listPrecision(test, scores)
	_, best := listPrecision(test, exact)
	silence, _ := test.Table.Column("purchase_days_since")
	_, rule := listPrecision(test, silence.Num)
	positive := 0
	for _, y := range test.Labels {
		if y {
			positive++
		}
	}
	t.Logf("%d alerts of %d rows, %d came true: precision %.4f, of the exact posterior %.4f, of the longest silence %.4f", alerts, test.Rows(), positive, ours, best, rule)
	require.GreaterOrEqual(t, alerts, least)
	require.InDelta(t, best, ours, bound)
}

// listPrecision makes a list of the twentieth of the rows of each cut-off with the highest scores, and returns the
// number of alerts and the share that came true.
func listPrecision(d *churn.Dataset[int64], scores []float64) (alerts int, precision float64) {
	at := map[churn.Day][]int{}
	for row, s := range d.Table.IDs {
		at[s.Cutoff] = append(at[s.Cutoff], row)
	}
	hits := 0
	for _, rows := range at {
		slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
		for _, row := range rows[:len(rows)/20] {
			alerts++
			if d.Labels[row] {
				hits++
			}
		}
	}
	return alerts, float64(hits) / float64(alerts)
}
