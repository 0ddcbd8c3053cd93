package cluster

import (
	"cmp"
	"encoding/csv"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/table"
)

// telcoCustomers are the 7,043 customers of IBM's Telco customer churn: what they have, how
// they pay, for how many months they have been customers and what they pay a month.
func telcoCustomers(t *testing.T) *table.Table[string] {
	t.Helper()
	z := dataset.Open(t, "churn-telco/Telco-Customer-Churn.csv.gz")
	records, err := csv.NewReader(z).ReadAll()
	require.NoError(t, err)
	rows := &table.Table[string]{Compare: cmp.Compare[string]}
	for c, name := range records[0] {
		var texts []string
		var values []float64
		for _, record := range records[1:] {
			texts = append(texts, record[c])
			if name == "tenure" || name == "MonthlyCharges" {
				x, err := strconv.ParseFloat(record[c], 64)
				require.NoError(t, err)
				values = append(values, x)
			}
		}
		switch name {
		case "customerID":
			rows.IDs = texts
		case "tenure", "MonthlyCharges":
			rows.Columns = append(rows.Columns, table.NumberColumn(name, values...))
		case "InternetService", "Contract", "PaymentMethod", "PaperlessBilling", "Partner":
			rows.Columns = append(rows.Columns, table.CategoryColumn(name, texts...))
		}
	}
	return rows
}

// TestTelcoHalves fits one half of the customers at random and holds the other against it:
// nothing has changed, and the groups go on.
func TestTelcoHalves(t *testing.T) {
	rows := telcoCustomers(t)
	order := rand.New(rand.NewPCG(71, 72)).Perm(rows.Rows())
	one, other := rows.Take(order[:len(order)/2]), rows.Take(order[len(order)/2:])
	first, err := Fit(t.Context(), one, &Options{K: 4, Method: Prototypes})
	require.NoError(t, err)
	report, err := Drift(t.Context(), first.Model, other, nil)
	require.NoError(t, err)
	require.Equal(t, DriftSteady, report.Verdict)
	require.InDelta(t, 0.01, report.Far, 0.01)
	for _, s := range append(report.Columns, report.Shares, report.Distances) {
		require.Less(t, s.PSI, 4*s.Noise, s.Column)
	}

	next, err := Refit(t.Context(), first.Model, other, nil)
	require.NoError(t, err)
	was, err := Assign(t.Context(), first.Model, other, nil)
	require.NoError(t, err)
	m, err := Migrate(other.IDs, was.Labels, other.IDs, next.Labels)
	require.NoError(t, err)
	require.Greater(t, m.Stayed(), 0.9)
	for _, f := range Compare(was.Labels, next.Labels).Before {
		require.Equal(t, VerdictKept, f.Verdict)
		require.Equal(t, f.Group, f.Match)
	}
}

// TestTelcoNewcomers holds the customers of the first year against all others.
func TestTelcoNewcomers(t *testing.T) {
	rows := telcoCustomers(t)
	var young, old []int
	tenure, _ := rows.Column("tenure")
	for row, months := range tenure.Num {
		if months <= 12 {
			young = append(young, row)
		} else {
			old = append(old, row)
		}
	}
	first, err := Fit(t.Context(), rows.Take(old), &Options{K: 4})
	require.NoError(t, err)
	report, err := Drift(t.Context(), first.Model, rows.Take(young), nil)
	require.NoError(t, err)
	require.Equal(t, DriftStrong, report.Verdict)
	require.Equal(t, "tenure", report.Columns[0].Column)
	require.Equal(t, DriftStrong, report.Columns[0].Verdict)
}
