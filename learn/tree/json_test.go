package tree_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
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
		"too few class weights":     {`[1,2]`, `[1]`},
		"weights of no square":      {`[1,2]`, `[1e200,1e200]`},
		"weights that vanish":       {`[1,2]`, `[1e-290,1e-290]`},
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

// chain is the JSON of a tree of a question below the right side of another, and so on.
func chain(columns string, questions int, ask func(i int) string) []byte {
	var b strings.Builder
	b.WriteString(`{"version":2,"kind":"tree.Tree","criterion":"gini","classes":1,"columns":[` + columns + `],"nodes":[`)
	for i := range questions {
		fmt.Fprintf(&b, `{"weights":[%d],"ask":{"column":0,%s}},{"weights":[1]},`, questions-i+1, ask(i))
	}
	return []byte(b.String() + `{"weights":[1]}]}`)
}

// TestLevelsTakeLittleMemory reads many questions about a category of many levels; they
// took a byte for each level.
func TestLevelsTakeLittleMemory(t *testing.T) {
	const n = 10_000
	levels := make([]string, n)
	for i := range levels {
		levels[i] = fmt.Sprintf(`"%x"`, i)
	}
	data := chain(`{"name":"c","kind":"category","levels":[`+strings.Join(levels, ",")+`]}`, n, func(i int) string {
		return fmt.Sprintf(`"left":[%d]`, i)
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var tr tree.Tree
	require.NoError(t, json.Unmarshal(data, &tr))
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64*len(data)))
	require.Equal(t, n, tr.Depth())
	require.Equal(t, 7, tr.ApplyRow([]float64{7}))
	text := tr.String()
	require.Less(t, len(text), 200*2*n)
	require.True(t, strings.HasPrefix(text, "c = 0: class 0, 100.0% of 1\nc in {1, 2, 3 and 9996 more} or missing\n"), text[:100])
}

// TestDeepTree reads a tree as deep as its JSON allows; its text took the square of the
// depth, its leaves the square in time.
func TestDeepTree(t *testing.T) {
	const n = 10_000
	var tr tree.Tree
	require.NoError(t, json.Unmarshal(chain(`{"name":"x","kind":"number"}`, n, func(i int) string {
		return fmt.Sprintf(`"up_to":%d`, i)
	}), &tr))
	text := tr.String()
	require.Less(t, len(text), 200*2*n)
	for _, line := range []string{
		"\n" + strings.Repeat("  ", 50) + "x <= 50: class 0, 100.0% of 1\n",
		"\n" + strings.Repeat("  ", 50) + "[51] x <= 51: class 0, 100.0% of 1\n",
	} {
		require.Contains(t, text, line)
	}
	leaves := tr.Leaves()
	require.Len(t, leaves, n+1)
	require.Equal(t, "15 < x <= 16", leaves[16].Path[0].String())
	require.Equal(t, leaves[n].Path, tr.Path([]float64{n}))
	require.Len(t, tr.Prune(math.Inf(1), tree.Impurity).Leaves(), 1)
	require.Equal(t, &tr, tr.Prune(-1, tree.Impurity))
}

// TestFewFaults: a text of many faults is refused with few.
func TestFewFaults(t *testing.T) {
	data := `{"version":2,"kind":"tree.Tree","criterion":"gini","classes":1,"nodes":[{}` + strings.Repeat(`,{}`, 20_000) + `]}`
	var tr tree.Tree
	err := json.Unmarshal([]byte(data), &tr)
	require.Error(t, err)
	require.Less(t, len(err.Error()), 1000)
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
	f.Add([]byte(`{"version":2,"kind":"tree.Tree","criterion":"entropy","classes":2,"class_weights":[1e-200,1],"smoothing":1.7e308,"columns":[{"name":"a","kind":"number"}],"nodes":[{"weights":[6e100,1],"ask":{"column":0,"up_to":-1}},{"weights":[6e100,1e-300]},{"weights":[0,1]}]}`))
	f.Add([]byte(`{"version":2,"kind":"tree.Tree","criterion":"gini","classes":2,"class_weights":[1e-200,1e-20],"columns":[{"name":"a","kind":"number"}],"nodes":[{"weights":[1,1],"ask":{"column":0,"up_to":1}},{"weights":[1,0]},{"weights":[0,1]}]}`))
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
		leaf := leaves[tr.ApplyRow(row)]
		require.Equal(t, leaf.Class, tr.PredictRow(row))
		require.Equal(t, leaf.Path, tr.Path(row))
		require.Less(t, tr.Depth(), len(leaves))
		for class := range int32(tr.Classes()) {
			sum, base := tr.Contributions(nil, row, class)
			for _, c := range sum {
				base += c
			}
			require.InDelta(t, tr.Probability(row, class), base, 1e-9)
		}
		for _, worth := range tr.Importance() {
			require.False(t, math.IsNaN(worth) || math.IsInf(worth, 0))
		}
		for _, risk := range []tree.Risk{tree.Impurity, tree.Errors} {
			steps := tr.Sequence(risk)
			require.Equal(t, 1, steps[len(steps)-1].Leaves)
			for i, s := range steps {
				require.False(t, math.IsNaN(s.Risk) || math.IsInf(s.Risk, 0))
				require.True(t, i == 0 && s.Alpha == 0 || i > 0 && s.Alpha > steps[i-1].Alpha && s.Alpha <= math.MaxFloat64)
			}
			for _, s := range []tree.Step{steps[0], steps[len(steps)/2], steps[len(steps)-1]} {
				require.Len(t, tr.Prune(s.Alpha, risk).Leaves(), s.Leaves)
			}
		}
	})
}
