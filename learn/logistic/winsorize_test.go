package logistic

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

func TestWinsorizeIsAFitOnValuesKeptWithin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 500
	money, weights, labels := make([]float64, n), make([]float64, n), make([]bool, n)
	rare := make([]float64, n) // not 0 in fewer rows than are cut off
	for i := range n {
		money[i] = math.Exp(3 * r.NormFloat64())
		if r.IntN(10) == 0 {
			money[i] = math.NaN()
		}
		weights[i], labels[i] = float64(r.IntN(3)), r.IntN(2) == 0
	}
	rare[7], weights[7] = 1, 1
	raw := &table.Table[int]{Columns: []table.Column{table.NumberColumn("money", money...), table.NumberColumn("rare", rare...)}}
	for _, w := range [][]float64{nil, weights} {
		// The bounds by repeating rows: the value at or above which the shares lie.
		var values []float64
		for i, x := range money {
			for range int(weightAt(w, i)) {
				if !math.IsNaN(x) {
					values = append(values, x)
				}
			}
		}
		slices.Sort(values)
		const q = 0.05
		low := values[int(math.Ceil(q*float64(len(values))))-1]
		high := values[int(math.Ceil((1-q)*float64(len(values))-1e-9))-1]
		kept := make([]float64, n)
		for i, x := range money {
			kept[i] = min(max(x, low), high)
		}
		clipped := &table.Table[int]{Columns: []table.Column{table.NumberColumn("money", kept...), raw.Columns[1]}}
		want, err := Fit(t.Context(), clipped, labels, &Options{Knots: 2, Weights: w})
		require.NoError(t, err)
		got, err := Fit(t.Context(), raw, labels, &Options{Knots: 2, Weights: w, Winsorize: q})
		require.NoError(t, err)
		for i, term := range got.Terms() {
			if term.Column == "money" && term.Part != Missing {
				require.Equal(t, [2]float64{low, high}, [2]float64{term.Low, term.High})
			}
			require.Equal(t, want.Terms()[i].Coefficient, term.Coefficient)
		}
		data, err := json.Marshal(got)
		require.NoError(t, err)
		var read Model
		require.NoError(t, json.Unmarshal(data, &read))
		requireSame(t, got.Terms(), read.Terms())
		for _, m := range []*Model{got, &read} {
			for i := range n {
				require.Equal(t, want.LogOdds([]float64{kept[i], rare[i]}), m.LogOdds([]float64{money[i], rare[i]}))
			}
			require.Equal(t, want.LogOdds([]float64{high, 0}), m.LogOdds([]float64{1e300, 0}))
			require.Equal(t, want.LogOdds([]float64{low, 0}), m.LogOdds([]float64{math.Inf(-1), 0}))
		}
	}
}

func weightAt(weights []float64, i int) float64 {
	if weights == nil {
		return 1
	}
	return weights[i]
}

// requireSame compares terms whose unknown figures are NaN.
func requireSame(t *testing.T, want, got []Term) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		for _, pair := range [][2]float64{
			{want[i].Low, got[i].Low},
			{want[i].High, got[i].High},
			{want[i].Coefficient, got[i].Coefficient},
			{want[i].Knot, got[i].Knot},
		} {
			require.Equal(t, pair[0], pair[1])
		}
	}
}
