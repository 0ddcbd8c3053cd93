package churn_test

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/synth"
)

// watchedShop is a generated shop with the seasons of four years, and a model of its first two.
var watchedShop = sync.OnceValues(func() (*churn.Log[int64], *churn.Model) { return shopToWatch(3) })

func shopToWatch(seed uint64) (*churn.Log[int64], *churn.Model) {
	ctx := context.Background()
	shop, err := synth.New(seed, &synth.Options{
		Location: time.UTC, Customers: 1500, Since: time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		panic(err)
	}
	log, err := churn.NewLog(ctx, shopEvents(shop), &churn.LogOptions[int64]{Location: time.UTC, Until: shop.Until(), Compare: cmp.Compare[int64]})
	if err != nil {
		panic(err)
	}
	plan := &churn.Plan{Window: 365, Gap: 3, Horizon: 30, First: churn.Date(2022, 1, 5), Last: churn.Date(2023, 6, 28)}
	rows, err := churn.Snapshots(ctx, log, plan, churn.Absent{}, nil)
	if err != nil {
		panic(err)
	}
	split, err := rows.Split(&churn.SplitOptions{Calibrate: churn.Date(2023, 2, 5), Test: churn.Date(2023, 6, 25)})
	if err != nil {
		panic(err)
	}
	model, err := churn.Fit(ctx, split.Train, split.Calibrate, nil)
	if err != nil {
		panic(err)
	}
	return log, model
}

// A season is no shift, the month of a single cut-off among those of a year least of all; a broken
// feed is one.
func TestWatchShop(t *testing.T) {
	race.Skip(t)
	log, model := watchedShop()
	for _, day := range []churn.Day{
		churn.Date(2023, 8, 1), churn.Date(2023, 10, 1), churn.Date(2023, 12, 1), churn.Date(2023, 12, 20), churn.Date(2024, 3, 1), churn.Date(2024, 8, 1), churn.Date(2024, 12, 15),
	} {
		today, err := churn.SnapshotAt(t.Context(), log, day, churn.Absent{}, model, nil)
		require.NoError(t, err)
		r, err := churn.Watch(t.Context(), model, today, nil, nil)
		require.NoError(t, err)
		require.Zero(t, r.Shifted, "%s", r)
		require.NotEqual(t, churn.DriftShifted, r.Score.Drift, "%s", r)
		require.Equal(t, 15, r.Past)
		require.Equal(t, 14, r.Independent)

		for _, c := range today.Table.Columns {
			if c.Name == "purchase_mean" {
				for row := range c.Num {
					c.Num[row] *= 7 // another currency
				}
			}
		}
		r, err = churn.Watch(t.Context(), model, today, nil, nil)
		require.NoError(t, err)
		require.Equal(t, 1, r.Shifted)
		require.Equal(t, "purchase_mean", r.Columns[0].Name)
	}
}

func TestMatured(t *testing.T) {
	ctx := t.Context()
	log, model := watchedShop()
	past, err := churn.Matured(ctx, log, nil, churn.Absent{}, model, nil)
	require.NoError(t, err)
	cutoffs := past.Report.Cutoffs
	last := log.Until() - 33
	require.Equal(t, last, cutoffs[len(cutoffs)-1].Cutoff, "the latest that is complete")
	require.Equal(t, 1, past.Report.Incomplete, "a step later")
	for i, c := range cutoffs {
		require.Equal(t, last-churn.Day(30*(len(cutoffs)-1-i)), c.Cutoff)
		require.GreaterOrEqual(t, c.Cutoff, churn.Date(2023, 4, 29)+33, "no day in common with the labels of the calibration")
	}
	require.Less(t, cutoffs[0].Cutoff, churn.Date(2023, 4, 29)+33+30)

	// The same rows as those of Snapshots at these cut-offs.
	again, err := churn.Matured(ctx, log, []churn.Day{log.Until(), last, last - 7, last + 1, last}, churn.Absent{}, model, nil)
	require.NoError(t, err)
	require.Equal(t, 2, again.Report.Incomplete)
	require.Len(t, again.Report.Cutoffs, 2)
	direct, err := churn.Snapshots(ctx, log, &churn.Plan{Window: 365, Gap: 3, Horizon: 30, Step: 7, First: last - 7, Last: last}, churn.Absent{}, nil)
	require.NoError(t, err)
	require.Equal(t, direct.Table.IDs, again.Table.IDs)
	require.Equal(t, direct.Labels, again.Labels)

	r, err := churn.Watch(ctx, model, past, again, nil)
	require.NoError(t, err)
	require.Equal(t, 2, r.Performance.Immature)
	require.Equal(t, last, r.Performance.Last)
	require.Contains(t, r.String(), "later cut-offs whose horizon has not ended: 2")

	for name, test := range map[string]struct {
		cutoffs []churn.Day
		label   churn.Label
		model   *churn.Model
		want    error
	}{
		"no label":    {nil, nil, model, churn.ErrOptions},
		"no model":    {nil, churn.Absent{}, nil, churn.ErrOptions},
		"other label": {nil, churn.Absent{Kinds: []string{"visit"}}, model, churn.ErrSchema},
		"too late":    {[]churn.Day{log.Until() + 1}, churn.Absent{}, model, churn.ErrCutoff},
		"too early":   {[]churn.Day{churn.Date(2020, 1, 1)}, churn.Absent{}, model, churn.ErrCutoff},
		"seen":        {[]churn.Day{churn.Date(2023, 4, 29)}, churn.Absent{}, model, churn.ErrOptions},
		"half seen":   {[]churn.Day{churn.Date(2023, 4, 29) + 32}, churn.Absent{}, model, churn.ErrOptions},
		"immature":    {[]churn.Day{log.Until()}, churn.Absent{}, model, churn.ErrNoRows},
		"none":        {[]churn.Day{}, churn.Absent{}, model, churn.ErrNoRows},
	} {
		_, err := churn.Matured(ctx, log, test.cutoffs, test.label, test.model, nil)
		require.ErrorIs(t, err, test.want, name)
		require.True(t, strings.HasPrefix(err.Error(), "churn: "), name)
	}
}

// Does the model still fit the customers of today, and was it right about those of the last months?
func ExampleWatch() {
	ctx := context.Background()
	log, model := watchedShop()
	today, err := churn.SnapshotAt(ctx, log, churn.Date(2024, 9, 1), churn.Absent{}, model, nil)
	if err != nil {
		panic(err)
	}
	lists := []churn.Day{churn.Date(2024, 5, 1), churn.Date(2024, 6, 1), churn.Date(2024, 7, 1)} // of those days are looked at again
	past, err := churn.Matured(ctx, log, lists, churn.Absent{}, model, nil)
	if err != nil {
		panic(err)
	}
	report, err := churn.Watch(ctx, model, today, past, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(report.Alarm, report.Summary.EN)
	fmt.Println(report.Summary.ZH)
	fmt.Println("labels are complete up to", report.Performance.Last)

	// A change of the data upstream: half of the silences are not known any more.
	for i := range today.Table.Columns {
		if c := &today.Table.Columns[i]; c.Name == "purchase_days_since" {
			for row := range c.Num {
				if row%2 == 0 {
					c.Num[row] = 0
				}
			}
		}
	}
	if report, err = churn.Watch(ctx, model, today, past, nil); err != nil {
		panic(err)
	}
	for _, f := range report.Findings {
		fmt.Println(f.Code+":", f.Text.EN)
	}
	// Output:
	// false 0 of 74 columns shifted, probabilities stable, AUC 0.81 [0.78, 0.83], at the fit 0.81, came true 82.6%, predicted 85.4%
	// 74列中0列漂移，预测概率稳定，AUC为0.81 [0.78, 0.83]，训练时为0.81，实际发生率82.6%，预测85.4%
	// labels are complete up to 2024-07-01
	// columns: 1 of 74 columns shifted, with 7.0% of what columns add to scores: purchase_days_since
}
