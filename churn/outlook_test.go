package churn_test

import (
	"cmp"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/synth"
)

// TestLookAhead compares it with its steps, one by one.
func TestLookAhead(t *testing.T) {
	ctx := t.Context()
	shop, err := synth.New(3, &synth.Options{Location: time.UTC, Customers: 800})
	require.NoError(t, err)
	log, err := churn.NewLog(ctx, shopEvents(shop), &churn.LogOptions[int64]{Location: time.UTC, Until: shop.Until(), Compare: cmp.Compare[int64]})
	require.NoError(t, err)
	plan := &churn.Plan{Window: 120, Gap: 3, Horizon: 60, Step: 28}
	label := churn.Absent{}
	features := &churn.Features[int64]{Own: []churn.Own[int64]{{
		Name: "odd", Group: "id", Feature: churn.FeatureFunc[int64](func(id int64, _ *churn.History) float64 { return float64(id % 2) }),
	}}}
	opts := &churn.OutlookOptions[int64]{
		Fit: &churn.FitOptions{Seed: 7}, Evaluate: &churn.EvaluateOptions{Share: 0.2}, Alerts: &churn.AlertOptions[int64]{Capacity: 9},
	}
	got, err := churn.LookAhead(ctx, log, plan, label, features, opts)
	require.NoError(t, err)

	rows, err := churn.Snapshots(ctx, log, plan, label, features)
	require.NoError(t, err)
	split, err := rows.Split(nil)
	require.NoError(t, err)
	early, err := churn.Fit(ctx, split.Train, split.Calibrate, opts.Fit)
	require.NoError(t, err)
	test, err := churn.Evaluate(ctx, early, split.Test, opts.Evaluate)
	require.NoError(t, err)
	require.Equal(t, test.String(), got.Test.String())
	known, err := rows.SplitAsOf(log.Until())
	require.NoError(t, err)
	model, err := churn.Fit(ctx, known.Train, known.Calibrate, opts.Fit)
	require.NoError(t, err)
	now, err := churn.SnapshotAt(ctx, log, log.Until(), label, model, features.Own)
	require.NoError(t, err)
	list, err := churn.Alerts(ctx, model, now, nil, opts.Alerts)
	require.NoError(t, err)
	require.Equal(t, list, got.List)
	require.Len(t, list.Alerts, 9)
	for i, a := range list.Alerts {
		row, err := churn.Row(model, now, a.Row, nil)
		require.NoError(t, err)
		reasons, err := got.Reasons(i, nil)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(model.Reasons(row, nil)), fmt.Sprint(reasons)) // NaN is not equal to itself
	}

	_, err = churn.LookAhead(ctx, log, nil, label, nil, nil)
	require.ErrorIs(t, err, churn.ErrOptions)
	_, err = churn.LookAhead(ctx, log, &churn.Plan{Window: 3000, Gap: 3, Horizon: 60, Step: 28}, label, nil, nil)
	require.ErrorIs(t, err, churn.ErrNoRows)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = churn.LookAhead(cancelled, log, plan, label, nil, nil)
	require.ErrorIs(t, err, context.Canceled)
}
