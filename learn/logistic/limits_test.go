package logistic_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/table"
)

// TestBalancedHasNoErrors: weights of classes are no numbers of rows.
func TestBalancedHasNoErrors(t *testing.T) {
	tab, labels := draw(3, 500)
	for _, term := range fit(t, tab, labels, &logistic.Options{Unpenalized: true, Balanced: true}).Terms() {
		_, low, high := term.OddsRatio(0.95)
		for _, x := range []float64{term.StdErr, term.OriginalStdErr, term.Z, term.P, low, high} {
			require.True(t, math.IsNaN(x))
		}
	}
}

// TestInflationOfManyLevels: a column of that many levels has a determinant beyond any float.
func TestInflationOfManyLevels(t *testing.T) {
	const n, levels = 1800, 300
	r := rand.New(rand.NewPCG(5, 6))
	x, code, labels := make([]float64, n), make([]string, n), make([]bool, n)
	for i := range n {
		x[i], code[i], labels[i] = r.NormFloat64(), fmt.Sprint(i%levels), r.IntN(2) == 0
	}
	tab := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", x...), table.CategoryColumn("code", code...)}}
	m := fit(t, tab, labels, nil)
	jsonOf(t, m)
	terms := m.Terms()
	require.Greater(t, terms[1].VIF, 1.)
	// Fox and Monette: that of one of two blocks is that of the other.
	require.InEpsilon(t, terms[1].VIF, terms[2].VIF, 1e-6)
}

// TestUndetermined: what rounding leaves undetermined has no standard error of 0.
func TestUndetermined(t *testing.T) {
	x := noise(3, 300)
	labels := make([]bool, len(x))
	for i, y := range noise(4, len(x)) {
		labels[i] = x[i]+2*y > 0
	}
	tab := &table.Table[int]{Columns: []table.Column{table.NumberColumn("a", x...), table.NumberColumn("b", x...)}}
	terms := fit(t, tab, labels, &logistic.Options{L2: 1e-300}).Terms()
	require.Positive(t, terms[1].StdErr)
	require.True(t, math.IsNaN(terms[2].StdErr))
	require.True(t, math.IsNaN(terms[0].OriginalStdErr))
}

// TestVanishingClass: the weight of one class is lost in the sum of both.
func TestVanishingClass(t *testing.T) {
	tab := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", 1, 2, 3, 5)}}
	for _, labels := range [][]bool{{true, false, true, false}, {false, true, false, true}} {
		m, err := logistic.Fit(t.Context(), tab, labels, &logistic.Options{Weights: []float64{1, 1e-17, 1, 1e-17}})
		require.NoError(t, err)
		require.InDelta(t, 17*math.Ln10, math.Abs(m.LogOdds([]float64{2})), 1)
		var again logistic.Model
		require.NoError(t, json.Unmarshal([]byte(jsonOf(t, m)), &again))
	}
}

// TestAbsolutePenaltyWithKnots: hinges of correlated columns say nearly the same.
func TestAbsolutePenaltyWithKnots(t *testing.T) {
	const n, p = 2000, 20
	r := rand.New(rand.NewPCG(7, 8))
	columns, labels := make([]table.Column, p), make([]bool, n)
	for j := range columns {
		columns[j] = table.NumberColumn(fmt.Sprint("x", j), make([]float64, n)...)
	}
	for i := range n {
		common := r.NormFloat64()
		for j := range columns {
			columns[j].Num[i] = math.Exp(common + 0.3*r.NormFloat64())
		}
		labels[i] = r.Float64() < 1/(1+math.Exp(-common))
	}
	m := fit(t, &table.Table[int]{Columns: columns}, labels, &logistic.Options{L1: 0.1, Knots: 5})
	require.LessOrEqual(t, m.Report().Gap, 1e-10)
}

// TestMillionLevels: a column of ids is refused before it takes memory for terms.
func TestMillionLevels(t *testing.T) {
	const n = 100_000
	c := table.Column{Name: "id", Kind: table.Category, Levels: make([]string, n), Code: make([]int32, n)}
	labels := make([]bool, n)
	for i := range n {
		c.Levels[i], c.Code[i], labels[i] = fmt.Sprint(i), int32(i), i%2 == 0
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := logistic.Fit(t.Context(), &table.Table[int]{Columns: []table.Column{c}}, labels, nil)
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, logistic.ErrTooMany)
	require.ErrorContains(t, err, "100000 of column")
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20))
}

// TestFarAndFractional: numbers beyond all and codes between levels.
func TestFarAndFractional(t *testing.T) {
	tab, labels := draw(4, 500)
	m := fit(t, tab, labels, &logistic.Options{Knots: 3})
	for _, x := range []float64{math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64} {
		require.False(t, math.IsNaN(m.PredictRow([]float64{0, x, 0, x})))
		require.False(t, math.IsNaN(m.PredictRow([]float64{0, x, 0, -x})))
	}
	require.Equal(t, m.LogOdds([]float64{-1, 1000, 0, 1}), m.LogOdds([]float64{1.5, 1000, 0, 1}))
}

// TestJSONWithoutAReason: a part or a stop that is not there is not the first of them.
func TestJSONWithoutAReason(t *testing.T) {
	tab, labels := draw(4, 300)
	text := jsonOf(t, fit(t, tab, labels, nil))
	for _, field := range []string{"part", "stop"} {
		var tree map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &tree))
		if field == "stop" {
			delete(tree["report"].(map[string]any), field)
		} else {
			delete(tree["terms"].([]any)[0].(map[string]any), field)
		}
		data, err := json.Marshal(tree)
		require.NoError(t, err)
		require.Error(t, new(logistic.Model).UnmarshalJSON(data), field)
	}
}

// TestSeparatedRows counts the rows that a column tells apart where the others are noise.
func TestSeparatedRows(t *testing.T) {
	const n = 400
	x, y, labels := noise(11, n), noise(12, n), make([]bool, n)
	edge, want := make([]float64, n), 0
	for i := range n {
		edge[i] = max(0, y[i]-1.5) * max(0, y[i]-1.5)
		labels[i] = y[i] > 1.5 || x[i] > 0 && i%3 > 0 || i%7 == 0
		if edge[i] > 1e-4 {
			want++
		}
	}
	tab := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", x...), table.NumberColumn("edge", edge...)}}
	_, err := logistic.Fit(t.Context(), tab, labels, &logistic.Options{Unpenalized: true})
	e, ok := errors.AsType[*logistic.SeparationError](err)
	require.True(t, ok)
	require.InDelta(t, want, e.Rows, 2)
}
