package logistic_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/table"
)

// noise returns n normal numbers.
func noise(seed uint64, n int) []float64 {
	r := rand.New(rand.NewPCG(seed, 2))
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

func TestSeparation(t *testing.T) {
	const n = 200
	x, y := noise(1, n), noise(2, n)
	above, diagonal, random, corner := make([]bool, n), make([]bool, n), make([]bool, n), make([]bool, n)
	shop := make([]string, n)
	gap := append([]float64(nil), y...)
	for i := range n {
		above[i], diagonal[i] = x[i] > 0.3, x[i]+y[i] > 0
		random[i] = (i*7)%5 < 2
		shop[i] = "web"
		if i%9 == 0 {
			shop[i], random[i] = "app", true
			gap[i] = math.NaN()
		}
		// Where y is above 1 the label is true, elsewhere it is anything.
		corner[i] = y[i] > 1 || random[i] && y[i] < 0.5
	}
	edge := make([]float64, n) // 0, where labels overlap, or how far y is above 1
	for i := range edge {
		edge[i] = max(0, y[i]-1)
	}
	slanted := make([]float64, n)
	for i := range slanted {
		slanted[i] = 5*edge[i] - 2*x[i]
	}
	columns := []table.Column{table.NumberColumn("noise", noise(3, n)...), table.NumberColumn("x", x...), table.NumberColumn("y", y...)}
	complete := func(want bool) func(t *testing.T, e *logistic.SeparationError) {
		return func(t *testing.T, e *logistic.SeparationError) { require.Equal(t, want, e.Complete) }
	}
	for name, c := range map[string]struct {
		columns []table.Column
		labels  []bool
		want    []string
		check   func(t *testing.T, e *logistic.SeparationError)
	}{
		"one number":           {columns, above, []string{"x"}, complete(true)},
		"two numbers":          {columns, diagonal, []string{"x", "y"}, complete(true)},
		"a level":              {append(columns[:2:2], table.CategoryColumn("shop", shop...)), random, []string{"shop"}, complete(false)},
		"a missing one":        {append(columns[:2:2], table.NumberColumn("gap", gap...)), random, []string{"gap"}, complete(false)},
		"some, by two numbers": {append(columns[:2:2], table.NumberColumn("slanted", slanted...)), corner, []string{"x", "slanted"}, complete(false)},
		"a bound of both":      {[]table.Column{table.NumberColumn("x", 1, 2, 2, 3), table.NumberColumn("constant", 1, math.NaN(), 1, math.NaN())}, []bool{false, false, true, true}, []string{"x"}, complete(false)},
		"one value each":       {[]table.Column{table.NumberColumn("x", 1, 1, 2, 2)}, []bool{false, false, true, true}, []string{"x"}, complete(true)},
		"some rows": {append(columns[:2:2], table.NumberColumn("edge", edge...)), corner, []string{"edge"}, func(t *testing.T, e *logistic.SeparationError) {
			require.False(t, e.Complete)
			rows := 0
			for _, x := range edge {
				rows += int(b2f(x > 0))
			}
			require.Equal(t, rows, e.Rows)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			tab := &table.Table[int]{Columns: c.columns}
			_, err := logistic.Fit(t.Context(), tab, c.labels, &logistic.Options{Unpenalized: true})
			var e *logistic.SeparationError
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.want, e.Columns)
			c.check(t, e)
			require.ErrorContains(t, err, "separate")
			m, err := logistic.Fit(t.Context(), tab, c.labels, nil)
			require.NoError(t, err, "a penalty cures it")
			require.Equal(t, logistic.StopConverged, m.Report().Stop)
		})
	}
}

// TestNearlySeparated: one row between the others is enough for an answer.
func TestNearlySeparated(t *testing.T) {
	const n = 200
	x, labels := noise(4, n), make([]bool, n)
	for i := range labels {
		labels[i] = x[i] > 0
	}
	x[0], labels[0] = -0.9, true
	m, err := logistic.Fit(t.Context(), &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", x...)}}, labels, &logistic.Options{Unpenalized: true})
	require.NoError(t, err)
	require.Equal(t, logistic.StopConverged, m.Report().Stop)
	require.Greater(t, m.Terms()[1].Coefficient, 2.0)
}

// TestAliased: what earlier columns determine is left out, and the others are as without it.
func TestAliased(t *testing.T) {
	const n = 300
	x, y := noise(5, n), noise(6, n)
	labels, shop, same := make([]bool, n), make([]string, n), make([]string, n)
	sum, scaled, constant := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		labels[i] = (i*7)%5 < 2
		sum[i], scaled[i], constant[i] = 3*x[i]-y[i]+2, -1e9*y[i]+1e12, 7
		shop[i] = string(rune('a' + i%3))
		same[i] = map[string]string{"a": "x", "b": "y", "c": "z"}[shop[i]]
	}
	all := []table.Column{
		table.NumberColumn("x", x...), table.NumberColumn("y", y...), table.CategoryColumn("shop", shop...),
		table.NumberColumn("sum", sum...), table.NumberColumn("scaled", scaled...), table.CategoryColumn("same", same...), table.NumberColumn("constant", constant...),
	}
	o := &logistic.Options{Unpenalized: true}
	fit := func(columns []table.Column, o *logistic.Options) *logistic.Model {
		m, err := logistic.Fit(t.Context(), &table.Table[int]{Columns: columns}, labels, o)
		require.NoError(t, err)
		return m
	}
	m, plain := fit(all, o), fit(all[:3], o)
	want := plain.Terms()
	for i, term := range m.Terms() {
		if i >= len(want) {
			require.True(t, term.Aliased, term.Column)
			require.Zero(t, term.Coefficient)
			require.True(t, math.IsNaN(term.StdErr) && math.IsNaN(term.Z) && math.IsNaN(term.P) && math.IsNaN(term.VIF))
			continue
		}
		require.False(t, term.Aliased, term.Column)
		require.InDelta(t, want[i].Coefficient, term.Coefficient, 1e-9)
		require.InDelta(t, want[i].StdErr, term.StdErr, 1e-9)
	}
	require.Equal(t, []string{"constant"}, m.Report().Constant)
	require.InDelta(t, plain.Report().AIC, m.Report().AIC, 1e-9)

	// With a penalty they share the effect.
	terms := fit([]table.Column{all[1], all[4]}, nil).Terms()
	require.InDelta(t, terms[1].Coefficient, -terms[2].Coefficient, 1e-6)
	require.True(t, math.IsNaN(terms[2].VIF))
}
