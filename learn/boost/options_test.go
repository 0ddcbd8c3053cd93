package boost_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// rarely draws rows of which those with a true label are kept one in so many.
func rarely(seed uint64, n, one int) (*table.Table[int], []bool) {
	t, labels, _ := draw(seed, 4*n)
	var rows []int
	trues := 0
	for row, label := range labels {
		if label {
			trues++
		}
		if len(rows) < n && (!label || trues%one == 0) {
			rows = append(rows, row)
		}
	}
	return t.Take(rows), pick(labels, rows)
}

// TestSmallData: on few rows, or few of one label among many, what is chosen from them predicts new
// rows better than 100 trees of 31 leaves, on average over five tables.
func TestSmallData(t *testing.T) {
	measures(t)
	for _, c := range []struct {
		name      string
		rows, one int
	}{{"250 rows", 250, 1}, {"1000 rows", 1000, 1}, {"2500 rows, few true", 2500, 25}} {
		t.Run(c.name, func(t *testing.T) {
			var auc, loss [2]float64
			for seed := range uint64(5) {
				fit, labels := rarely(60+seed, c.rows, c.one)
				fresh, truth := rarely(80+seed, 4000, c.one)
				for i, o := range []*boost.Options{nil, {Rounds: 100, LearningRate: 0.1, MaxLeaves: 31}} {
					m, err := boost.Fit(t.Context(), fit, labels, o)
					require.NoError(t, err)
					p, err := boost.Predict(t.Context(), m, fresh, nil)
					require.NoError(t, err)
					b, err := score.NewBinary(p, truth, nil)
					require.NoError(t, err)
					auc[i] += b.AUC().Value / 5
					loss[i] += b.LogLoss().Value / 5
				}
			}
			require.Greater(t, auc[0], auc[1]+0.01)
			require.Less(t, loss[0], 0.9*loss[1])
		})
	}
}
