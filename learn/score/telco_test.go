package score_test

import (
	"cmp"
	"encoding/csv"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// telco returns the customers of IBM's Telco customer churn and who left. A blank
// TotalCharges is 0. The data is not part of the repository.
func telco(t *testing.T) (*table.Table[string], []bool) {
	t.Helper()
	z := dataset.Open(t, "churn-telco/Telco-Customer-Churn.csv.gz")
	records, err := csv.NewReader(z).ReadAll()
	require.NoError(t, err)
	customers := &table.Table[string]{Compare: cmp.Compare[string]}
	var left []bool
	for c, name := range records[0] {
		var texts []string
		for _, record := range records[1:] {
			texts = append(texts, strings.TrimSpace(record[c]))
		}
		switch name {
		case "customerID":
			customers.IDs = texts
		case "tenure", "MonthlyCharges", "TotalCharges":
			values := make([]float64, len(texts))
			for i, text := range texts {
				values[i], err = strconv.ParseFloat(cmp.Or(text, "0"), 64)
				require.NoError(t, err)
			}
			customers.Columns = append(customers.Columns, table.NumberColumn(name, values...))
		case "Churn":
			left, err = score.Labels(table.CategoryColumn(name, texts...), "Yes")
			require.NoError(t, err)
		default:
			customers.Columns = append(customers.Columns, table.CategoryColumn(name, texts...))
		}
	}
	return customers, left
}

// TestTelco has the measures of L2 logistic regression with C = 1 where every fifth customer
// is for the test: scikit-learn 1.2.1 gives them, and integration in 20,001 steps the profit,
// as 10.11339 and 0.53209.
func TestTelco(t *testing.T) {
	customers, left := telco(t)
	var rows [2][]int
	var labels [2][]bool
	for i, l := range left {
		part := min(i%5, 1)
		rows[part], labels[part] = append(rows[part], i), append(labels[part], l)
	}
	test, train := customers.Take(rows[0]), customers.Take(rows[1])
	fit := func(balanced bool) *logistic.Model {
		m, err := logistic.Fit(t.Context(), train, labels[1], &logistic.Options{L2: 1, Balanced: balanced})
		require.NoError(t, err)
		return m
	}
	predict := func(m *logistic.Model, on *table.Table[string]) []float64 {
		p, err := logistic.Predict(t.Context(), m, on, nil)
		require.NoError(t, err)
		return p
	}
	judge := func(p []float64, labels []bool) *score.Binary {
		b, err := score.NewBinary(p, labels, nil)
		require.NoError(t, err)
		return b
	}
	const digits = 1e-6 // all digits that are known

	plain := fit(false)
	b := judge(predict(plain, train), labels[1])
	require.InDelta(t, 0.851009, b.AUC().Value, digits)
	require.InDelta(t, 0.411356, b.LogLoss().Value, digits)
	require.InDelta(t, 0.132885, b.Brier().Value, digits)
	require.InDelta(t, 0.012031, b.ECE(nil).Value, digits)
	require.InDelta(t, 0.665641, b.AveragePrecision().Value, digits)

	b = judge(predict(plain, test), labels[0])
	require.InDelta(t, 0.835456, b.AUC().Value, digits)
	require.InDelta(t, 0.425861, b.LogLoss().Value, digits)
	require.InDelta(t, 0.140045, b.Brier().Value, digits)
	require.InDelta(t, 0.033410, b.ECE(nil).Value, digits)
	require.InDelta(t, 0.635067, b.AveragePrecision().Value, digits)
	require.InDelta(t, 2.7596, b.At(140./1409).Lift.Value, 5e-5)
	require.Len(t, b.Hull(), 23)
	expected, err := b.ExpectedMaximumProfit(nil)
	require.NoError(t, err)
	require.InDelta(t, 10.113404, expected.PerRow, digits)
	require.InDelta(t, 0.532082, expected.Target, digits)
	most, err := b.MaximumProfit(nil)
	require.NoError(t, err)
	require.InDelta(t, 10.028389, most.PerRow, digits)
	require.InDelta(t, 0.540809, most.Target, digits)

	// Predict has undone the balance of the classes.
	balanced := fit(true)
	corrected := predict(balanced, test)
	b = judge(corrected, labels[0])
	require.InDelta(t, 0.835267, b.AUC().Value, digits)
	require.InDelta(t, 0.425608, b.LogLoss().Value, digits)
	require.InDelta(t, 0.030141, b.ECE(nil).Value, digits)
	share := 0.0
	for _, l := range labels[1] {
		if l {
			share += 1 / float64(len(labels[1]))
		}
	}
	for i, p := range corrected {
		corrected[i] = score.ShiftPrior(p, share, 0.5)
	}
	b = judge(corrected, labels[0])
	require.InDelta(t, 0.835267, b.AUC().Value, digits)
	require.InDelta(t, 0.499087, b.LogLoss().Value, digits)
	require.InDelta(t, 0.147568, b.ECE(nil).Value, digits)
}
