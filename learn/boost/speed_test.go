package boost_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/table"
)

// normals returns rows of 28 normal columns and labels of which a few of them tell.
func normals(rows int) (*table.Table[int], []bool) {
	r := rand.New(rand.NewPCG(1, 1))
	t, labels := &table.Table[int]{}, make([]bool, rows)
	for i := range 28 {
		t.Columns = append(t.Columns, table.NumberColumn(fmt.Sprint(i), make([]float64, rows)...))
		for row := range rows {
			t.Columns[i].Num[row] = r.NormFloat64()
		}
	}
	for row := range rows {
		x, y, z := t.Columns[0].Num[row], t.Columns[1].Num[row], t.Columns[2].Num[row]
		labels[row] = x*x+y+max(z, 0)-1+r.NormFloat64() > 0
	}
	return t, labels
}

func BenchmarkFit(b *testing.B) {
	for _, rows := range []int{5000, 16_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			t, labels := normals(rows)
			for b.Loop() {
				_, err := boost.Fit(b.Context(), t, labels, &boost.Options{Rounds: 20, MaxLeaves: 31, LearningRate: 0.1})
				require.NoError(b, err)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/20*1000, "ms/tree")
		})
	}
}

func BenchmarkPredict(b *testing.B) {
	t, labels := normals(20_000)
	m, err := boost.Fit(b.Context(), t, labels, &boost.Options{Rounds: 100, MaxLeaves: 31, LearningRate: 0.1})
	require.NoError(b, err)
	b.Run("row", func(b *testing.B) {
		rows := make([][]float64, 512)
		for i := range rows {
			for c := range t.Columns {
				rows[i] = append(rows[i], t.Columns[c].Num[i])
			}
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			m.PredictRow(rows[i%len(rows)])
		}
	})
	b.Run("rows=20000", func(b *testing.B) {
		for b.Loop() {
			_, err := boost.Predict(b.Context(), m, t, nil)
			require.NoError(b, err)
		}
	})
}
