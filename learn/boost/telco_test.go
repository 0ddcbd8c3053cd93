package boost_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// telco reads the Telco data: rows whose index is a multiple of 5 are the test, the others
// the training rows. A blank total is 0. With ordinal, categories become the number of their
// level, and charges whole steps of 1 and 40. The data is not part of the repository: where it is absent the test is skipped.
func telco(t *testing.T, ordinal bool) (train, test *table.Table[int], trainLabels, testLabels []bool) {
	t.Helper()
	z := dataset.Open(t, "churn-telco/Telco-Customer-Churn.csv.gz")
	records, err := csv.NewReader(z).ReadAll()
	require.NoError(t, err)
	header, records := records[0], records[1:]
	all := &table.Table[int]{}
	for i, name := range header[1 : len(header)-1] {
		texts := make([]string, len(records))
		for row, record := range records {
			texts[row] = record[i+1]
		}
		category := table.CategoryColumn(name, texts...)
		values := make([]float64, len(texts))
		switch name {
		case "SeniorCitizen", "tenure", "MonthlyCharges", "TotalCharges":
			for row, text := range texts {
				values[row], _ = strconv.ParseFloat(text, 64)
				if ordinal && name == "TotalCharges" {
					values[row] /= 40
				}
				if ordinal {
					values[row] = math.Floor(values[row])
				}
			}
		default:
			if !ordinal {
				all.Columns = append(all.Columns, category)
				continue
			}
			for row, code := range category.Code {
				values[row] = float64(code)
			}
		}
		all.Columns = append(all.Columns, table.NumberColumn(name, values...))
	}
	var rows [2][]int
	var labels [2][]bool
	for row, record := range records {
		part := 0
		if row%5 == 0 {
			part = 1
		}
		rows[part], labels[part] = append(rows[part], row), append(labels[part], record[len(header)-1] == "Yes")
	}
	return all.Take(rows[0]), all.Take(rows[1]), labels[0], labels[1]
}

func auc(t *testing.T, m *boost.Model, test *table.Table[int], labels []bool) float64 {
	t.Helper()
	p, err := boost.Predict(t.Context(), m, test, nil)
	require.NoError(t, err)
	b, err := score.NewBinary(p, labels, nil)
	require.NoError(t, err)
	return b.AUC().Value
}

// TestTelco: with automatic settings the area under the ROC curve of the test rows is 0.8387; 100
// trees of 31 leaves and a learning rate of 0.1 come to 0.8244 here.
func TestTelco(t *testing.T) {
	train, test, labels, truth := telco(t, false)
	m, err := boost.Fit(t.Context(), train, labels, nil)
	require.NoError(t, err)
	require.Greater(t, auc(t, m, test, truth), 0.838)
}

// TestTelcoEqualsPeers compares with HistGradientBoosting of scikit-learn 1.2.1 and
// xgboost 1.7.4 at equal settings, categories as numbers of their levels; testdata/telco.py.
func TestTelcoEqualsPeers(t *testing.T) {
	measures(t)
	train, test, labels, truth := telco(t, true)
	for _, c := range []struct {
		leaves, rounds       int
		rate                 float64
		scikitLearn, xgboost float64
	}{
		{31, 10, 0.1, 0.8364945925, 0.8360331705},
		{8, 25, 0.1, 0.8373033771, 0.8376766624},
	} {
		t.Run(fmt.Sprintf("%d trees of %d leaves", c.rounds, c.leaves), func(t *testing.T) {
			o := &boost.Options{Rounds: c.rounds, MaxLeaves: c.leaves, LearningRate: c.rate, L2: 1e-12}
			m, err := boost.Fit(t.Context(), train, labels, o)
			require.NoError(t, err)
			a := auc(t, m, test, truth)
			o.L2, o.MinHessian, o.MinLeaf = 1, 5, 1
			m, err = boost.Fit(t.Context(), train, labels, o)
			require.NoError(t, err)
			b := auc(t, m, test, truth)
			require.InDelta(t, c.scikitLearn, a, 1e-5)
			require.InDelta(t, c.xgboost, b, 1e-5)
		})
	}
}
