//go:build long

package churn_test

import (
	"bufio"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/synth"
)

// TestMethodsLong is the table "Which method" of docs/theory/churn.md: each method is fitted, calibrated on
// a later slice and judged on one later still. Boosting is nowhere worse than the default by more
// than 0.003 of the mean log loss, and a single tree is worse everywhere.
func TestMethodsLong(t *testing.T) {
	for _, c := range []struct {
		name      string
		customers int
		seed      uint64
		leaving   float64 // share of customers who call before they leave
	}{
		{"generated, 2,000 customers", 2000, 1, 0},
		{"generated, 2,000 customers", 2000, 2, 0},
		{"generated, 2,000 customers", 2000, 3, 0},
		{"generated, 10,000 customers", 10_000, 4, 0},
		{"generated, 10,000 customers, complaints", 10_000, 4, 0.3},
		{"generated, 10,000 customers, complaints", 10_000, 5, 0.3},
		{"generated, 40,000 customers, complaints", 40_000, 7, 0.3},
	} {
		t.Run(fmt.Sprintf("%s, seed %d", c.name, c.seed), func(t *testing.T) {
			d := methodsShop(t, c.seed, c.customers, c.leaving, 30, churn.Absent{})
			split, err := d.Split(nil)
			require.NoError(t, err)
			compareMethods(t, []*churn.Split[int64]{split})
		})
	}
	t.Run("generated, 10,000 customers in their rhythm, seed 6", func(t *testing.T) {
		label := churn.Among{Label: churn.Absent{}, Who: "customers in their rhythm", Is: churn.OwnGap{Quantile: 0.8}.Subject}
		split, err := methodsShop(t, 6, 10_000, 0, 60, label).Split(nil)
		require.NoError(t, err)
		compareMethods(t, []*churn.Split[int64]{split})
	})
	for _, horizon := range []int{30, 60} {
		t.Run(fmt.Sprintf("Online Retail, %d days", horizon), func(t *testing.T) {
			loc, err := time.LoadLocation("Europe/London")
			require.NoError(t, err)
			l, err := churn.NewLog(t.Context(), slices.Values(retailEvents(t, loc)), &churn.LogOptions[string]{
				Location: loc, Until: time.Date(2011, 12, 9, 0, 0, 0, 0, loc), Compare: strings.Compare,
			})
			require.NoError(t, err)
			compareMethods(t, walked(t, l, &churn.Plan{Window: 120, Gap: 3, Horizon: horizon, Step: 7}, 3))
		})
	}
	t.Run("CDNOW, 30 days", func(t *testing.T) {
		l, err := churn.NewLog(t.Context(), slices.Values(methodsCDNOW(t)), &churn.LogOptions[string]{
			Location: time.UTC, Until: time.Date(1998, 7, 1, 0, 0, 0, 0, time.UTC), Compare: strings.Compare,
		})
		require.NoError(t, err)
		compareMethods(t, walked(t, l, &churn.Plan{Window: 180, Gap: 3, Horizon: 30, Step: 30}, 4))
	})
}

// methodsShop returns the rows of a generated shop of three years.
func methodsShop(t *testing.T, seed uint64, customers int, leaving float64, horizon int, label churn.Label) *churn.Dataset[int64] {
	t.Helper()
	start := time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	rates := synth.DefaultRates()
	rates.ContactLeaving = leaving
	shop, err := synth.New(seed, &synth.Options{Location: time.UTC, Customers: customers, Since: start, Until: start.AddDate(3, 0, 0), Rates: rates})
	require.NoError(t, err)
	l, err := churn.NewLog(t.Context(), shopEvents(shop), &churn.LogOptions[int64]{
		Location: time.UTC, Since: shop.Since(), Until: shop.Until(), Compare: cmp.Compare[int64],
	})
	require.NoError(t, err)
	d, err := churn.Snapshots(t.Context(), l, &churn.Plan{Window: 365, Gap: 3, Horizon: horizon, Step: 30}, label, nil)
	require.NoError(t, err)
	return d
}

// walked fits anew every few cut-offs, on what was known by then.
func walked(t *testing.T, l *churn.Log[string], plan *churn.Plan, every int) (splits []*churn.Split[string]) {
	t.Helper()
	d, err := churn.Snapshots(t.Context(), l, plan, churn.Absent{}, nil)
	require.NoError(t, err)
	var cutoffs []churn.Day
	for _, c := range d.Report.Cutoffs {
		cutoffs = append(cutoffs, c.Cutoff)
	}
	for lo := 0; lo < len(cutoffs); lo += every {
		s, err := d.SplitAsOf(cutoffs[lo])
		if err != nil {
			continue // too early
		}
		var rows []int
		for row, id := range d.Table.IDs {
			if id.Cutoff >= cutoffs[lo] && id.Cutoff <= cutoffs[min(lo+every, len(cutoffs))-1] {
				rows = append(rows, row)
			}
		}
		s.Test = d.Take(rows)
		splits = append(splits, s)
	}
	return splits
}

// methodsCDNOW are the purchases of CDNOW (Fader and Hardie 2001).
func methodsCDNOW(t *testing.T) (events []churn.Event[string]) {
	t.Helper()
	z := dataset.Open(t, "cdnow/CDNOW_master.txt.gz")
	lines := bufio.NewScanner(z)
	lines.Scan() // names of the columns
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		when, err := time.Parse("20060102", fields[1])
		require.NoError(t, err)
		dollars, err := strconv.ParseFloat(fields[3], 64)
		require.NoError(t, err)
		events = append(events, churn.Event[string]{Customer: fields[0], Time: when, Kind: churn.Purchase, Amount: int64(math.Round(dollars * 100))})
	}
	require.NoError(t, lines.Err())
	return events
}

// compareMethods fits each method on each split, and judges it on all tests together.
func compareMethods[K comparable](t *testing.T, splits []*churn.Split[K]) {
	t.Helper()
	require.NotEmpty(t, splits)
	var labels []bool
	var groups []int32
	number := map[K]int32{}
	for _, s := range splits {
		labels = append(labels, s.Test.Labels...)
		for _, id := range s.Test.Table.IDs {
			if _, ok := number[id.Customer]; !ok {
				number[id.Customer] = int32(len(number))
			}
			groups = append(groups, number[id.Customer])
		}
	}
	var plain *score.Binary
	var plainLoss []float64
	for _, method := range []churn.Method{churn.Logistic, churn.Tree, churn.Boosted} {
		var probabilities, loss []float64
		for _, s := range splits {
			m, err := churn.Fit(t.Context(), s.Train, s.Calibrate, &churn.FitOptions{Method: method})
			require.NoError(t, err)
			p, err := churn.Predict(t.Context(), m, s.Test)
			require.NoError(t, err)
			probabilities = append(probabilities, p...)
		}
		for i, p := range probabilities {
			if !labels[i] {
				p = 1 - p
			}
			loss = append(loss, -math.Log(max(p, 1e-15)))
		}
		b, err := score.NewBinary(probabilities, labels, &score.BinaryOptions{Groups: groups})
		require.NoError(t, err)
		if method == churn.Logistic {
			plain, plainLoss = b, loss
		}
		gain, _, err := score.AUCDifference(b, plain)
		require.NoError(t, err)
		more, half := lossDifference(loss, plainLoss, groups, len(number))
		list := b.At(0.05).Precision
		t.Logf("%-8s %6d rows: AUC %.4f (%+.4f, %+.4f to %+.4f) Brier %.4f log loss %.4f (%+.4f ± %.4f) precision %.3f (%.3f to %.3f)", method, len(labels),
			b.AUC().Value, gain.Value, gain.Low, gain.High, b.Brier().Value, b.LogLoss().Value, more, half, list.Value, list.Low, list.High)
		switch method {
		case churn.Boosted:
			require.Less(t, more, 0.003)
		case churn.Tree:
			require.Positive(t, more)
		}
	}
}

// lossDifference is the mean of a - b, and half its 95% interval with the rows of a customer as one draw.
func lossDifference(a, b []float64, groups []int32, n int) (mean, half float64) {
	sums, counts := make([]float64, n), make([]float64, n)
	for i, g := range groups {
		sums[g] += a[i] - b[i]
		counts[g]++
		mean += (a[i] - b[i]) / float64(len(a))
	}
	for g, sum := range sums {
		half += (sum - mean*counts[g]) * (sum - mean*counts[g])
	}
	return mean, 1.96 * math.Sqrt(half) / float64(len(a))
}
