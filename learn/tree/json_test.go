package tree_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/tree"
)

var update = flag.Bool("update", false, "write golden files")

func TestGolden(t *testing.T) {
	tab, classes, weights := draw(rand.New(rand.NewPCG(9, 10)), 60, 3, 4, 0.15)
	tr, err := tree.Fit(t.Context(), tab, classes, &tree.Options{
		MaxDepth: 3, Weights: weights, Criterion: tree.Entropy, ClassWeights: []float64{3, 2, 1}, Smoothing: 2,
	})
	require.NoError(t, err)
	got, err := json.MarshalIndent(tr, "", " ")
	require.NoError(t, err)
	got = append(got, '\n')
	const file = "testdata/tree_v2.json"
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))

	var read tree.Tree
	require.NoError(t, json.Unmarshal(want, &read))
	require.Equal(t, tr, &read)
}

// TestReadsVersion1 reads a tree as it was written before there were criteria.
func TestReadsVersion1(t *testing.T) {
	data, err := os.ReadFile("testdata/tree_v1.json")
	require.NoError(t, err)
	var read tree.Tree
	require.NoError(t, json.Unmarshal(data, &read))
	tab, classes, weights := draw(rand.New(rand.NewPCG(9, 10)), 60, 3, 4, 0.15)
	tr, err := tree.Fit(t.Context(), tab, classes, &tree.Options{MaxDepth: 3, Weights: weights})
	require.NoError(t, err)
	require.Equal(t, tr, &read)
}

func TestUnmarshalRefuses(t *testing.T) {
	const valid = `{"version":2,"kind":"tree.Tree","criterion":"gini","classes":2,"class_weights":[1,2],"smoothing":3,"columns":[{"name":"x","kind":"number"},{"name":"c","kind":"category","levels":["a","b"]}],` +
		`"nodes":[{"weights":[2,1],"ask":{"column":0,"up_to":25,"missing":true}},{"weights":[1,1],"ask":{"column":1,"left":[0]}},{"weights":[1,0]},{"weights":[0,1]},{"weights":[1,0]}]}`
	var read tree.Tree
	require.NoError(t, json.Unmarshal([]byte(valid), &read))
	before := read
	for name, replace := range map[string][2]string{
		"another kind":              {"tree.Tree", "forest.Forest"},
		"another version":           {`"version":2`, `"version":3`},
		"version 0":                 {`"version":2`, `"version":0`},
		"no criterion":              {`"criterion":"gini",`, ``},
		"an unknown criterion":      {`"gini"`, `"twoing"`},
		"class weights of others":   {`[1,2]`, `[1,2,3]`},
		"a class weight of 0":       {`[1,2]`, `[1,0]`},
		"negative smoothing":        {`"smoothing":3`, `"smoothing":-3`},
		"no classes":                {`"classes":2`, `"classes":0`},
		"too many classes":          {`"classes":2`, `"classes":99999`},
		"unknown kind of column":    {`"kind":"number"`, `"kind":"text"`},
		"levels of a number":        {`"kind":"number"`, `"kind":"number","levels":["a"]`},
		"a level twice":             {`["a","b"]`, `["a","a"]`},
		"a name twice":              {`"name":"c"`, `"name":"x"`},
		"a column that is not":      {`"column":1`, `"column":2`},
		"a negative column":         {`"column":0`, `"column":-1`},
		"negative weight":           {`[2,1]`, `[3,-1]`},
		"no weight":                 {`{"weights":[0,1]}`, `{"weights":[0,0]}`},
		"weights of other classes":  {`[2,1]`, `[2,1,0]`},
		"weights that do not add":   {`[2,1]`, `[2,2]`},
		"nothing goes right":        {`"up_to":25,"missing":true`, `"missing":true`},
		"left levels of a number":   {`"up_to":25`, `"up_to":25,"left":[0]`},
		"threshold of a category":   {`"left":[0]`, `"left":[0],"up_to":1`},
		"levels that do not ascend": {`"left":[0]`, `"left":[1,0]`},
		"a level that is not":       {`"left":[0]`, `"left":[2]`},
		"all levels to one side":    {`"left":[0]`, `"left":[0,1],"missing":true`},
		"a node too many":           {`{"weights":[1,0]}]`, `{"weights":[1,0]},{"weights":[1,0]}]`},
		"a node too few":            {`,{"weights":[1,0]}]`, `]`},
		"no nodes":                  {`"nodes":[`, `"nodes":[],"more":[`},
		"a string for a number":     {`"up_to":25`, `"up_to":"25"`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, valid, replace[0])
			require.Error(t, json.Unmarshal([]byte(strings.Replace(valid, replace[0], replace[1], 1)), &read))
			require.Equal(t, before, read)
		})
	}
}

func FuzzUnmarshal(f *testing.F) {
	golden, err := os.ReadFile("testdata/tree_v1.json")
	require.NoError(f, err)
	f.Add(golden)
	golden, err = os.ReadFile("testdata/tree_v2.json")
	require.NoError(f, err)
	f.Add(golden)
	f.Add([]byte(`{"version":1,"kind":"tree.Tree","classes":1,"columns":null,"nodes":[{"weights":[2]}]}`))
	f.Add([]byte(`{"version":1,"kind":"tree.Tree","classes":1,"columns":[{"name":"","kind":"category"}],"nodes":[{"weights":[2],"ask":{"column":0}},{"weights":[1]},{"weights":[1]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var tr tree.Tree
		if json.Unmarshal(data, &tr) != nil {
			return
		}
		again, err := json.Marshal(&tr)
		require.NoError(t, err)
		var second tree.Tree
		require.NoError(t, json.Unmarshal(again, &second))
		require.Equal(t, tr.String(), second.String())
		leaves := tr.Leaves()
		require.NotEmpty(t, leaves)
		row := make([]float64, len(tr.Columns()))
		require.Equal(t, leaves[tr.ApplyRow(row)].Class, tr.PredictRow(row))
		require.Less(t, tr.Depth(), len(leaves))
	})
}
