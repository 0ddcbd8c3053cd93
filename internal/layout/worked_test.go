package layout_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/learn/survival"
	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/rfm"
	"github.com/clientele-go/clientele/table"
)

// What the pages of docs/theory work out by hand, other than examples of their packages, is what the code gives.
func TestWorkedByHand(t *testing.T) {
	t.Run("rfm", func(t *testing.T) { // the customers of the first example
		var list []rfm.Customer[int]
		for i, v := range []rfm.Values{{Recency: 10, Frequency: 3}, {Recency: 166, Frequency: 1}, {Recency: 139, Frequency: 2}, {Recency: 2, Frequency: 1}} {
			list = append(list, rfm.Customer[int]{ID: i, Values: v})
		}
		a, err := rfm.AnalyzeCustomers(t.Context(), list, nil, nil)
		require.NoError(t, err)
		var r, f []uint8
		for _, c := range a.Customers {
			r, f = append(r, c.Scores.R), append(f, c.Scores.F)
		}
		require.Equal(t, []uint8{4, 1, 2, 5}, r)
		require.Equal(t, []uint8{5, 2, 4, 2}, f)
	})
	t.Run("ingest", func(t *testing.T) {
		price, err := ingest.ParseDecimal("0.125")
		require.NoError(t, err)
		cents, err := price.Amount(1, 2)
		require.NoError(t, err)
		require.EqualValues(t, 12, cents, "half to even")
	})
	t.Run("tree", func(t *testing.T) {
		tr, err := tree.Fit(t.Context(), &table.Table[int]{Columns: []table.Column{table.NumberColumn("silent", 10, 20, 30, 60, 90, 120)}}, []int32{0, 0, 0, 1, 0, 1}, nil)
		require.NoError(t, err)
		steps := tr.Sequence(tree.Impurity)
		require.Len(t, steps, 3)
		for i, want := range []tree.Step{{Leaves: 4}, {Alpha: 1. / 9, Leaves: 2, Risk: 2. / 9}, {Alpha: 2. / 9, Leaves: 1, Risk: 4. / 9}} {
			require.Equal(t, want.Leaves, steps[i].Leaves)
			require.InDelta(t, want.Alpha, steps[i].Alpha, 1e-15)
			require.InDelta(t, want.Risk, steps[i].Risk, 1e-15)
		}
	})
	t.Run("boost", func(t *testing.T) {
		m, err := boost.Fit(t.Context(), &table.Table[int]{Columns: []table.Column{table.NumberColumn("orders", 1, 1, 2, 2, 3, 7, 8, 8, 9, 9)}},
			[]bool{true, true, true, true, false, false, false, false, false, true}, &boost.Options{Rounds: 1, LearningRate: 1, MinLeaf: 1, L2: 1})
		require.NoError(t, err)
		require.Zero(t, m.Base())
		for orders, want := range map[float64]float64{1: 1, 2: 1, 3: -1, 8: -1, 9: 0} {
			require.InDelta(t, want, m.LogOdds([]float64{orders}), 1e-12)
		}
		require.InDelta(t, 0.73, m.PredictRow([]float64{1}), 0.005)
	})
	t.Run("survival", func(t *testing.T) {
		curves, err := survival.KaplanMeier(&survival.Data{
			Exit: []float64{30, 45, 45, 60, 90}, Event: []bool{true, false, true, true, false},
		}, 0.95)
		require.NoError(t, err)
		for i, want := range []float64{0.8, 0.6, 0.3} {
			require.InDelta(t, want, curves[0].Steps[i].Survival, 1e-15)
		}
		median, _, _ := curves[0].Quantile(0.5)
		require.EqualValues(t, 60, median)
		mean, _ := curves[0].Mean(90)
		require.InDelta(t, 60, mean, 1e-12)
	})
	t.Run("score", func(t *testing.T) {
		b, err := score.NewBinary([]float64{0.9, 0.8, 0.4, 0.3, 0.1}, []bool{true, false, true, false, false}, nil)
		require.NoError(t, err)
		require.InDelta(t, 5./6, b.AUC().Value, 1e-15)
		require.InDelta(t, 5./6, b.AveragePrecision().Value, 1e-15)
		require.InDelta(t, 0.222, b.Brier().Value, 1e-15)
		two := b.At(0.4)
		require.InDeltaSlice(t, []float64{0.5, 0.5, 1.25}, []float64{two.Precision.Value, two.Recall.Value, two.Lift.Value}, 1e-15)
		require.InDelta(t, 0.18, score.PSI(slices.Repeat([]float64{10}, 10), slices.Repeat([]float64{10}, 10), 100, 100).Noise, 1e-12)
	})
	t.Run("logistic", func(t *testing.T) {
		require.InDelta(t, 0.81, 1/(1+math.Exp(-1.47)), 0.005)
		require.InDelta(t, 3.3, math.Pow(1.020, 60), 0.05)
	})
	t.Run("churn", func(t *testing.T) {
		e := churn.Economics{Contact: 1, Offer: 5, Acceptance: 0.3, Margin: 0.25}
		require.InDelta(t, 32.10, e.Profit(0.6, 800), 1e-9)
	})
}
