package logistic_test

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/logistic"
)

var update = flag.Bool("update", false, "write golden files")

func TestGolden(t *testing.T) {
	tab, labels := draw(30, 200)
	tab.Columns = tab.Columns[:2]
	for name, o := range map[string]logistic.Options{
		"l2": {Knots: 1}, "l1": {L1: 2, Balanced: true}, "unpenalized": {Unpenalized: true},
	} {
		m := fit(t, tab, labels, &o)
		file := "testdata/model_v1_" + name + ".json"
		if *update {
			got, err := json.MarshalIndent(m, "", " ")
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(file, append(got, '\n'), 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		var read logistic.Model
		require.NoError(t, json.Unmarshal(want, &read))
		again, err := json.MarshalIndent(&read, "", " ")
		require.NoError(t, err)
		require.Equal(t, string(want), string(again)+"\n")
		require.Equal(t, m.Columns(), read.Columns())
		for i := range 80 {
			row := rowOf(m, tab, i)
			require.InDelta(t, m.LogOdds(row), read.LogOdds(row), 1e-9, "the model of today's code")
		}
	}
}

// TestJSON: a model that was written and read again is the same in everything.
func TestJSON(t *testing.T) {
	tab, labels := draw(31, 400)
	for name, o := range kinds {
		t.Run(name, func(t *testing.T) {
			m := fit(t, tab, labels, &o)
			text := jsonOf(t, m)
			var read logistic.Model
			require.NoError(t, json.Unmarshal([]byte(text), &read))
			require.Equal(t, text, jsonOf(t, &read))
			a, b := m.Terms(), read.Terms()
			for i := range a {
				for j, x := range []float64{a[i].StdErr, a[i].OriginalStdErr, a[i].Original, a[i].Z, a[i].P, a[i].VIF, a[i].Knot} {
					y := []float64{b[i].StdErr, b[i].OriginalStdErr, b[i].Original, b[i].Z, b[i].P, b[i].VIF, b[i].Knot}[j]
					require.Equal(t, math.Float64bits(x), math.Float64bits(y), "%+v", a[i])
				}
			}
			for i := range 20 {
				row := rowOf(m, tab, i)
				require.Equal(t, m.LogOdds(row), read.LogOdds(row))
				x, bx := m.Contributions(nil, row)
				y, by := read.Contributions(nil, row)
				require.Equal(t, x, y)
				require.Equal(t, bx, by)
			}
		})
	}
}

const validJSON = `{"version":1,"kind":"logistic.Model",` +
	`"columns":[{"name":"x","kind":"number"},{"name":"c","kind":"category","levels":["a","b"]}],"terms":[` +
	`{"column":-1,"part":"intercept","mean":0,"scale":1,"coefficient":0.5,"std_err":1,"original":0.25},` +
	`{"column":0,"part":"line","mean":3,"scale":2,"coefficient":1},` +
	`{"column":0,"part":"hinge","knot":2,"mean":1,"scale":2,"coefficient":1},` +
	`{"column":0,"part":"hinge","knot":4,"mean":1,"scale":2,"coefficient":0,"aliased":true},` +
	`{"column":0,"part":"missing","mean":0.125,"scale":1,"coefficient":1},` +
	`{"column":1,"part":"level","level":"b","mean":0.5,"scale":1,"coefficient":-1}],` +
	`"report":{"rows":8,"weight":8,"positive":3,"iterations":5,"stop":"converged","objective":4,"gap":0,"deviance":8,"null_deviance":9,"constant":["c"]}}`

func TestUnmarshalRefuses(t *testing.T) {
	var read logistic.Model
	require.NoError(t, json.Unmarshal([]byte(validJSON), &read))
	before := jsonOf(t, &read)
	for name, replace := range map[string][2]string{
		"another kind":                {"logistic.Model", "tree.Tree"},
		"another version":             {`"version":1`, `"version":2`},
		"unknown kind of column":      {`"kind":"number"`, `"kind":"text"`},
		"levels of a number":          {`"kind":"number"`, `"kind":"number","levels":["a"]`},
		"a level twice":               {`["a","b"]`, `["a","a"]`},
		"a level without term":        {`["a","b"]`, `["a","c","b"]`},
		"terms of other levels":       {`["a","b"]`, `["a","c"]`},
		"no levels":                   {`["a","b"]`, `[]`},
		"a name twice":                {`"name":"c"`, `"name":"x"`},
		"no intercept":                {`{"column":-1,"part":"intercept","mean":0,"scale":1,"coefficient":0.5,"std_err":1,"original":0.25},`, ``},
		"two intercepts":              {`{"column":0,"part":"line","mean":3`, `{"column":-1,"part":"intercept","original":1,"mean":3`},
		"an intercept without column": {`"original":0.25`, `"aliased":false`},
		"original of another":         {`"part":"line"`, `"part":"line","original":1`},
		"no line":                     {`"part":"line"`, `"part":"hinge"`},
		"unknown part":                {`"part":"line"`, `"part":"curve"`},
		"a column that is not":        {`{"column":1`, `{"column":2`},
		"a negative column":           {`{"column":1`, `{"column":-2`},
		"terms out of order":          {`{"column":0,"part":"line"`, `{"column":1,"part":"line"`},
		"knots that do not ascend":    {`"knot":4`, `"knot":2`},
		"knot of a line":              {`"part":"line"`, `"part":"line","knot":1`},
		"level of a line":             {`"part":"line"`, `"part":"line","level":"a"`},
		"a level of a number":         {`"part":"line"`, `"part":"level"`},
		"scale of nothing":            {`"scale":2`, `"scale":0`},
		"scale of a level":            {`"mean":0.5,"scale":1`, `"mean":0.5,"scale":2`},
		"share above 1":               {`"mean":0.5`, `"mean":1.5`},
		"aliased with a coefficient":  {`"coefficient":0,"aliased"`, `"coefficient":1,"aliased"`},
		"negative standard error":     {`"std_err":1`, `"std_err":-1`},
		"original that overflows":     {`"scale":2,"coefficient":1}`, `"scale":1e-300,"coefficient":1e300}`},
		"a huge coefficient":          {`"coefficient":0.5`, `"coefficient":1e101`},
		"a huge product":              {`"mean":3,"scale":2,"coefficient":1}`, `"mean":1e90,"scale":1e-90,"coefficient":1e90}`},
		"a huge knot":                 {`"knot":4,"mean":1`, `"knot":1.7e308,"mean":1.7e308`},
		"one row":                     {`"rows":8`, `"rows":1`},
		"one class":                   {`"positive":3`, `"positive":8`},
		"no iterations":               {`"iterations":5`, `"iterations":0`},
		"unknown stop":                {`"converged"`, `"tired"`},
		"negative deviance":           {`"deviance":8`, `"deviance":-8`},
		"constant that is no column":  {`["c"]`, `["d"]`},
		"a string for a number":       {`"mean":3`, `"mean":"3"`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, validJSON, replace[0])
			text := strings.Replace(validJSON, replace[0], replace[1], 1)
			require.Error(t, json.Unmarshal([]byte(text), &read))
			require.Equal(t, before, jsonOf(t, &read))
		})
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, name := range []string{"l2", "l1", "unpenalized"} {
		golden, err := os.ReadFile("testdata/model_v1_" + name + ".json")
		require.NoError(f, err)
		f.Add(golden)
	}
	f.Add([]byte(validJSON))
	f.Add([]byte(`{"version":1,"kind":"logistic.Model","columns":null,"terms":[{"column":-1,"part":"intercept","mean":0,"scale":1,"coefficient":0,"original":0}],"report":{"rows":2,"weight":2,"positive":1,"iterations":1,"stop":"precision","objective":0,"gap":0,"deviance":0,"null_deviance":0}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m logistic.Model
		if json.Unmarshal(data, &m) != nil {
			return
		}
		again, err := json.Marshal(&m)
		require.NoError(t, err)
		var second logistic.Model
		require.NoError(t, json.Unmarshal(again, &second))
		third, err := json.Marshal(&second)
		require.NoError(t, err)
		require.Equal(t, string(again), string(third))
		row := make([]float64, len(m.Columns()))
		require.Equal(t, m.LogOdds(row), second.LogOdds(row))
		p := m.PredictRow(row)
		require.True(t, p >= 0 && p <= 1, "%v", p)
		m.Contributions(nil, row)
		m.Terms()
		m.Report()
	})
}
