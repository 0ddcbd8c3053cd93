package boost_test

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/boost"
)

var update = flag.Bool("update", false, "write golden files")

// TestGolden: files of version 1 stay what they are, of a fit, a forest, and models of other tools.
func TestGolden(t *testing.T) {
	tab, labels, weights := draw(40, 400)
	few, _, _ := draw(41, 50)
	for file, model := range map[string]func() (*boost.Model, error){
		"model_v1.json": func() (*boost.Model, error) {
			return boost.Fit(t.Context(), tab, labels, &boost.Options{Rounds: 4, MaxLeaves: 6, Weights: weights, RowShare: 0.8})
		},
		"forest_v1.json": func() (*boost.Model, error) {
			return boost.FitForest(t.Context(), tab, labels, &boost.ForestOptions{Trees: 3, MinLeaf: 40})
		},
		"lightgbm_v1.json": func() (*boost.Model, error) {
			return boost.ReadLightGBM(strings.NewReader(strings.Replace(lgbModel, "decision_type=8 1 2", "decision_type=4 1 2", 1)), nil)
		},
		"xgboost_v1.json": func() (*boost.Model, error) {
			return boost.ReadXGBoost(strings.NewReader(xgbSets()), &boost.ReadOptions{Levels: map[string][]string{"recency": strings.Split("a b c d e f g h i", " ")}})
		},
	} {
		t.Run(file, func(t *testing.T) {
			m, err := model()
			require.NoError(t, err)
			got, err := json.MarshalIndent(m, "", " ")
			require.NoError(t, err)
			got = append(got, '\n')
			file := filepath.Join("testdata", file)
			if *update {
				require.NoError(t, os.WriteFile(file, got, 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
			var read boost.Model
			require.NoError(t, json.Unmarshal(want, &read))
			require.Equal(t, text(t, m), text(t, &read))
			require.Equal(t, m.Importance(), read.Importance())
			values, row := append([]float64{math.NaN(), -1, 0, 1e-36}, few.Columns[2].Num...), make([]float64, len(m.Columns()))
			for i := range values {
				for k := range row {
					row[k] = math.Floor(values[(i+7*k)%len(values)] * float64(1+i*k%30))
				}
				require.Equal(t, m.PredictRow(row), read.PredictRow(row))
			}
		})
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	const valid = `{"version":1,"kind":"boost.Model","logistic":true,"base":0.5,"columns":[{"name":"x","kind":"number"},{"name":"c","kind":"category","levels":["a","b"]}],` +
		`"trees":[[{"value":0,"cover":9,"ask":{"column":0,"up_to":25,"missing":true,"gain":2}},{"value":1,"cover":7,"ask":{"column":1,"left":[0],"gain":1}},{"value":2,"cover":3},{"value":3,"cover":4},{"value":4,"cover":2}]]}`
	var read boost.Model
	require.NoError(t, json.Unmarshal([]byte(valid), &read))
	require.Equal(t, valid, text(t, &read))
	require.Equal(t, 2.5, read.LogOdds([]float64{math.NaN(), read.Code(1, "a")}))
	require.Equal(t, 3.5, read.LogOdds([]float64{25, read.Code(1, "other")}))
	require.Equal(t, 4.5, read.LogOdds([]float64{25.5, 0}))
	before := text(t, &read)
	for name, replace := range map[string][2]string{
		"another kind":              {"boost.Model", "tree.Tree"},
		"another version":           {`"version":1`, `"version":2`},
		"a base too large":          {`"base":0.5`, `"base":1e99`},
		"unknown kind of column":    {`"kind":"number"`, `"kind":"text"`},
		"levels of a number":        {`"kind":"number"`, `"kind":"number","levels":["a"]`},
		"a level twice":             {`["a","b"]`, `["a","a"]`},
		"a name twice":              {`"name":"c"`, `"name":"x"`},
		"a column that is not":      {`"column":1`, `"column":2`},
		"a negative column":         {`"column":0`, `"column":-1`},
		"a value too large":         {`"value":2`, `"value":1e99`},
		"no cover":                  {`"cover":3`, `"cover":0`},
		"negative cover":            {`"cover":3`, `"cover":-1`},
		"cover of others":           {`"cover":3`, `"cover":5`},
		"negative gain":             {`"gain":1`, `"gain":-1`},
		"nothing goes right":        {`"up_to":25,"missing":true`, `"missing":true`},
		"left levels of a number":   {`"up_to":25`, `"up_to":25,"left":[0]`},
		"threshold of a category":   {`"left":[0]`, `"left":[0],"up_to":1`},
		"levels that do not ascend": {`"left":[0]`, `"left":[1,0]`},
		"a level that is not":       {`"left":[0]`, `"left":[2]`},
		"all to one side":           {`"left":[0]`, `"left":[0,1],"missing":true`},
		"none to the left":          {`"left":[0]`, `"left":[]`},
		"a node too many":           {`"cover":2}]`, `"cover":2},{"value":1,"cover":1}]`},
		"a node too few":            {`,{"value":4,"cover":2}]`, `]`},
		"a tree without nodes":      {`"trees":[[`, `"trees":[[],[`},
		"a string for a number":     {`"up_to":25`, `"up_to":"25"`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, valid, replace[0])
			require.Error(t, json.Unmarshal([]byte(strings.Replace(valid, replace[0], replace[1], 1)), &read))
			require.Equal(t, before, text(t, &read))
		})
	}
}

// TestUnmarshalMemory: sets of many levels are short as text and long in memory.
func TestUnmarshalMemory(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"version":1,"kind":"boost.Model","base":0,"columns":[{"name":"c","kind":"category","levels":[""`)
	for i := range 30_000 {
		b.WriteString(`,"` + strings.Repeat("x", i%7) + string(rune('一'+i/7)) + `"`)
	}
	b.WriteString(`]}],"trees":[[{"value":0,"cover":2,"ask":{"column":0,"left":[1]}},{"value":0,"cover":1},{"value":0,"cover":1}]`)
	b.WriteString(strings.Repeat(`,[{"value":0,"cover":2,"ask":{"column":0,"left":[1]}},{"value":0,"cover":1},{"value":0,"cover":1}]`, 10_000) + "]}")
	var read boost.Model
	require.ErrorContains(t, json.Unmarshal([]byte(b.String()), &read), "too large")
}

func FuzzUnmarshal(f *testing.F) {
	golden, err := os.ReadFile("testdata/model_v1.json")
	require.NoError(f, err)
	f.Add(golden)
	f.Add([]byte(`{"version":1,"kind":"boost.Model","columns":[],"trees":[[{"value":2,"cover":1}]]}`))
	f.Add([]byte(`{"version":1,"kind":"boost.Model","columns":[{"name":"","kind":"category"}],"trees":[[{"cover":2,"ask":{"column":0}},{"cover":1},{"cover":1}]]}`))
	f.Add([]byte(`{"version":1,"kind":"boost.Model","columns":[{"name":"x","kind":"number"}],"trees":[[{"cover":2,"ask":{"column":0}},{"value":1,"cover":1},{"value":2,"cover":1}]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m boost.Model
		if json.Unmarshal(data, &m) != nil {
			return
		}
		again, err := json.Marshal(&m)
		require.NoError(t, err)
		var second boost.Model
		require.NoError(t, json.Unmarshal(again, &second))
		require.Equal(t, text(t, &m), text(t, &second))
		row := make([]float64, len(m.Columns()))
		for i, x := range []float64{0, math.NaN(), -1, 1e9} {
			for c := range row {
				row[c] = x * float64(i+c)
			}
			f := m.LogOdds(row)
			require.False(t, math.IsNaN(f) || math.IsInf(f, 0))
			require.Equal(t, f, second.LogOdds(row))
			checkExplained(t, &m, &second, row)
		}
		require.Len(t, m.Importance(), len(row))
	})
}
