package boost_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/table"
)

// checkRead holds a model that was read to what holds of any: finite scores, the same after
// being written and read.
func checkRead(t *testing.T, m *boost.Model) {
	t.Helper()
	row := make([]float64, len(m.Columns()))
	for _, name := range m.Columns() {
		if !utf8.ValidString(name) {
			return
		}
	}
	again := throughJSON(t, m)
	for i, x := range []float64{0, math.NaN(), 1, -1, 1e-36, 1e9, math.Inf(-1)} {
		for c := range row {
			row[c] = x * float64(1+i*c%3)
		}
		f := m.LogOdds(row)
		require.False(t, math.IsNaN(f) || math.IsInf(f, 0))
		require.Equal(t, f, again.LogOdds(row))
		checkExplained(t, m, again, row)
	}
}

// oneRow is a row as a table, which has no infinities, with a level that no model knows in each category.
func oneRow(t *testing.T, m *boost.Model, row []float64) *table.Table[int] {
	t.Helper()
	var j struct{ Columns []struct{ Name, Kind string } }
	require.NoError(t, json.Unmarshal([]byte(text(t, m)), &j))
	one := &table.Table[int]{IDs: []int{1}}
	for i, c := range j.Columns {
		column := table.NumberColumn(c.Name, max(-math.MaxFloat64, min(row[i], math.MaxFloat64)))
		if c.Kind == "category" {
			column = table.CategoryColumn(c.Name, "no level")
		}
		one.Columns = append(one.Columns, column)
	}
	return one
}

// checkExplained holds what is said of a row to be numbers, and the same of the same model; of many
// columns pairs and a background would take long.
func checkExplained(t *testing.T, m, again *boost.Model, row []float64) {
	t.Helper()
	values, base := m.Contributions(nil, row)
	require.Len(t, values, len(row))
	all := append([]float64{base}, values...)
	if len(row) < 100 && !slices.Contains(m.Columns(), "") { // which no table has
		pairs, of := m.Interactions(nil, row)
		require.Equal(t, base, of)
		shapley, mean, err := boost.Shapley(t.Context(), m, oneRow(t, m, row), &boost.ShapleyOptions{Background: oneRow(t, m, make([]float64, len(row))).Columns, Workers: 1})
		require.NoError(t, err)
		all = append(append(append(all, pairs...), shapley...), mean)
	}
	for _, x := range all {
		require.False(t, math.IsNaN(x) || math.IsInf(x, 0), "%v", x)
	}
	same, sameBase := again.Contributions(nil, row)
	require.Equal(t, values, same)
	require.Equal(t, base, sameBase)
}

// TestUnmarshalImported: what only models of other tools have is checked as all else.
func TestUnmarshalImported(t *testing.T) {
	const valid = `{"version":1,"kind":"boost.Model","logistic":false,"base":0,"columns":[{"name":"x","kind":"number"},{"name":"c","kind":"category","levels":["a"],"others":true}],` +
		`"trees":[[{"value":0,"cover":0,"ask":{"column":0,"up_to":5,"missing":true,"zero":true,"gain":0}},{"value":1,"cover":0,"ask":{"column":1,"left":[0],"missing":true,"gain":0}},{"value":2,"cover":0},{"value":3,"cover":0},{"value":4,"cover":0}]]}`
	var m boost.Model
	require.NoError(t, json.Unmarshal([]byte(valid), &m))
	require.Equal(t, valid, text(t, &m))
	for _, c := range []struct{ x, code, want float64 }{
		{0, m.Code(1, "a"), 2}, {0, m.Code(1, "b"), 3}, {0, math.NaN(), 2}, {0, -1, 2}, {0, 2, 2}, {math.NaN(), 0, 2}, {5, 0, 2}, {-5, 0, 2}, {5.5, 0, 4},
	} {
		require.Equal(t, c.want, m.LogOdds([]float64{c.x, c.code}), "%v", c)
	}
	for name, replace := range map[string][2]string{
		"others of a number":     {`"kind":"number"`, `"kind":"number","others":true`},
		"zero of a category":     {`"left":[0]`, `"left":[0],"zero":true`},
		"a level beyond others":  {`"left":[0]`, `"left":[2]`},
		"all levels and missing": {`"left":[0]`, `"left":[0,1]`},
		"a cover without sides":  {`{"value":4,"cover":0}`, `{"value":4,"cover":1}`},
	} {
		require.Contains(t, valid, replace[0])
		require.Error(t, json.Unmarshal([]byte(strings.Replace(valid, replace[0], replace[1], 1)), &m), name)
	}
}
