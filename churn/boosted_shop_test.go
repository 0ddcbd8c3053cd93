package churn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/internal/race"
)

// All that can be done with a model can be done with a boosted one, and on a generated shop it
// predicts a later slice not worse than the logistic regression, up to chance.
func TestBoostedOnAShop(t *testing.T) {
	if race.Enabled {
		t.Skip("other tests run all goroutines")
	}
	ctx, l, label := t.Context(), generatedShop(), churn.Absent{}
	plan := &churn.Plan{Window: 365, Gap: 3, Horizon: 30}
	d, err := churn.Snapshots(ctx, l, plan, label, nil)
	require.NoError(t, err)
	split, err := d.Split(nil)
	require.NoError(t, err)
	loss := map[churn.Method]float64{}
	models := map[churn.Method]*churn.Model{}
	for _, method := range []churn.Method{churn.Logistic, churn.Boosted} {
		m, err := churn.Fit(ctx, split.Train, split.Calibrate, &churn.FitOptions{Method: method})
		require.NoError(t, err)
		report, err := churn.Evaluate(ctx, m, split.Test, nil)
		require.NoError(t, err)
		var names []string
		for _, c := range report.Contenders {
			names = append(names, c.Name)
		}
		require.Equal(t, []string{"model", "logistic baseline", "silent for 60 days", "share so far", "nobody"}, names)
		require.Greater(t, report.Contenders[0].AUC.Value, report.Contenders[2].AUC.Value, "better than the rule")
		loss[method], models[method] = report.Contenders[0].LogLoss.Value, m
	}
	t.Logf("log loss %.4f, of the logistic regression %.4f, %d rows\n%s", loss[churn.Boosted], loss[churn.Logistic], split.Test.Rows(), models[churn.Boosted])
	require.Less(t, loss[churn.Boosted], loss[churn.Logistic]+0.01)

	m := models[churn.Boosted]
	today, err := churn.SnapshotAt(ctx, l, l.Until(), label, m, nil)
	require.NoError(t, err)
	row, err := churn.Row(m, today, 16, nil)
	require.NoError(t, err)
	require.Len(t, m.Reasons(row, nil), 3)
	p := m.PredictRow(row)
	require.Greater(t, p, 0.8, "two hundred days of silence")
	changes, err := churn.Changes(m, l, today.Table.IDs[16], nil, p-0.05)
	require.NoError(t, err)
	for _, c := range changes {
		require.Equal(t, p, c.Before)
		require.LessOrEqual(t, c.After, p-0.05)
	}
	require.NotEmpty(t, changes)
	alerts, err := churn.Alerts(ctx, m, today, nil, &churn.AlertOptions[int64]{Capacity: 10})
	require.NoError(t, err)
	require.Len(t, alerts.Alerts, 10)
	for _, a := range alerts.Alerts {
		require.Positive(t, a.Probability)
	}

	past, err := churn.Backtest(ctx, l, plan, label, nil, &churn.BacktestOptions[int64]{Fit: &churn.FitOptions{Method: churn.Boosted}, Refit: math.MaxInt32})
	require.NoError(t, err)
	require.Greater(t, past.Total.AUC.Low, 0.6)
}
