package cluster_test

import (
	"cmp"
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

func TestMatrix(t *testing.T) {
	dense := mat.NewDense(3, 2, []float64{1, 2, 3, 4, 5, 6})
	want := []table.Column{table.NumberColumn("spend", 1, 3, 5), table.NumberColumn("x1", 2, 4, 6)}
	got := cluster.Matrix(dense, "spend")
	require.NoError(t, got.Validate())
	require.Equal(t, want, got.Columns)
	require.Nil(t, got.IDs)
	require.Equal(t, want, cluster.Matrix(mat.DenseCopyOf(dense).T().T(), "spend").Columns)
	dense.Set(0, 0, 99)
	require.Equal(t, want, got.Columns, "the values are copied")

	part := dense.Slice(1, 3, 1, 2)
	require.Equal(t, []table.Column{table.NumberColumn("x0", 4, 6)}, cluster.Matrix(part).Columns, "with a stride")
	require.Equal(t, []table.Column{table.NumberColumn("x0", 3, 5), table.NumberColumn("x1", 4, 6)}, cluster.Matrix(dense.Slice(1, 3, 0, 2)).Columns)
	require.Equal(t, cluster.Matrix(dense).Columns, cluster.Matrix(mat.Matrix(dense.T()).T()).Columns)
	require.Panics(t, func() { cluster.Matrix(dense, "a", "b", "c") })
}

func TestFitFaults(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	number, category := table.NumberColumn, table.CategoryColumn
	two := cluster.Options{K: 2}
	with := func(p cluster.Preparation) cluster.Options { return cluster.Options{K: 2, Prepare: p} }
	many := make([]string, 1001)
	for i := range many {
		many[i] = string(rune('一' + i))
	}
	for name, c := range map[string]struct {
		options cluster.Options
		columns []table.Column
		want    []string
		is      error
	}{
		"missing":                {two, []table.Column{number("a", 1, 2, 3), number("b", 1, nan, nan)}, []string{`column 1 "b": 2 rows, the first is 1: cluster: value is missing`}, cluster.ErrMissing},
		"missing category":       {two, []table.Column{category("a", "x", "", "y")}, []string{`column 0 "a": row 1: cluster: value is missing`}, cluster.ErrMissing},
		"missing twice":          {two, []table.Column{number("a", 1, nan, 3), number("b", nan, 1, 2)}, []string{`"a": row 1`, `"b": row 0`}, cluster.ErrMissing},
		"nothing to impute from": {with(cluster.Preparation{Missing: cluster.Impute}), []table.Column{number("a", nan, nan)}, []string{`"a": 2 rows`}, cluster.ErrMissing},
		"no category to impute":  {with(cluster.Preparation{Missing: cluster.Impute}), []table.Column{category("a", "", "")}, []string{`"a": 2 rows`}, cluster.ErrMissing},
		"infinite":               {two, []table.Column{number("a", 1, 2), number("b", inf, 1)}, []string{`column 1 "b": row 0: value is infinite`}, nil},
		"infinite, ignored":      {cluster.Options{K: 2, Columns: map[string]cluster.Preparation{"b": {Ignore: true}}}, []table.Column{number("a", 1, 2), number("b", inf, 1)}, []string{`column 1 "b": row 0: value is infinite`}, nil},
		"infinite at weight 0":   {cluster.Options{K: 1, Weights: []float64{1, 1, 0}}, []table.Column{number("a", 1, 2, inf)}, []string{`"a": row 2: value is infinite`}, nil},
		"too large":              {two, []table.Column{number("a", 1, -1e300)}, []string{`"a": row 1: cluster: number is too large`}, cluster.ErrTooLarge},
		"too large, prepared":    {with(cluster.Preparation{Scale: cluster.Unscaled, Weight: 1e60}), []table.Column{number("a", 1, 1e50)}, []string{`"a": row 1: cluster: number is too large once prepared`}, cluster.ErrTooLarge},
		"too large, weighted":    {with(cluster.Preparation{Weight: 1e100}), []table.Column{number("a", 0, 0, 0, 0, 1)}, []string{`"a": row 4: cluster: number is too large once prepared`}, cluster.ErrTooLarge},
		"too large, flag":        {with(cluster.Preparation{Weight: 1e100, Missing: cluster.ImputeFlag}), []table.Column{number("a", 1, 2, 1, 2, nan)}, []string{`"a": row 4: cluster: number is too large once prepared`}, cluster.ErrTooLarge},
		"collapsed":              {with(cluster.Preparation{Scale: cluster.Unscaled, Weight: 1e-300}), []table.Column{number("a", 1e-30, 2e-30)}, []string{`"a": cluster: the prepared numbers are all equal`}, nil},
		"too large, costs":       {cluster.Options{K: 2, Method: cluster.Prototypes, Gamma: 1e150, Prepare: cluster.Preparation{Weight: 1e50}}, []table.Column{category("a", "x", "y")}, []string{`"a": cluster: number is too large: Gamma`}, cluster.ErrTooLarge},
		"too large, found costs": {cluster.Options{K: 2, Method: cluster.Prototypes, Prepare: cluster.Preparation{Scale: cluster.Unscaled}, Columns: map[string]cluster.Preparation{"b": {Weight: 1e50}}}, []table.Column{number("a", 1e80, 3e80), category("b", "x", "y")}, []string{`cluster: number is too large: Gamma times the square of Weight, column "b"`}, cluster.ErrTooLarge},
		"lengths":                {two, []table.Column{number("a", 1, 2), number("b", 1)}, []string{`"b": has 1 values in a table of 2 rows`}, nil},
		"codes":                  {two, []table.Column{{Name: "a", Kind: table.Category, Code: []int32{0, 1}, Levels: []string{"x"}}}, []string{`"a": row 1: code`}, nil},
		"no kind":                {two, []table.Column{{Name: "a"}}, []string{`"a": has no valid kind`}, nil},
		"one name":               {two, []table.Column{number("a", 1, 2), number("a", 1, 2)}, []string{`column 1 "a": has the name`}, nil},
		"no rows":                {two, []table.Column{number("a")}, []string{"cluster: no rows"}, cluster.ErrNoRows},
		"no columns":             {two, nil, []string{"cluster: no rows"}, cluster.ErrNoRows},
		"constant":               {two, []table.Column{number("a", 4, 4), category("b", "x", "x")}, []string{"no column takes part"}, cluster.ErrNoColumns},
		"ignored":                {with(cluster.Preparation{Ignore: true}), []table.Column{number("a", 4, 5)}, []string{"no column takes part"}, cluster.ErrNoColumns},
		"unknown column":         {cluster.Options{K: 2, Columns: map[string]cluster.Preparation{"z": {}, "y": {}}}, []table.Column{number("a", 4, 5)}, []string{`no such column: "y"`, `no such column: "z"`}, table.ErrNoColumn},
		"few rows":               {cluster.Options{K: 3}, []table.Column{number("a", 4, 5)}, []string{"K is 3, the table has 2 rows"}, nil},
		"weights":                {cluster.Options{K: 2, Weights: []float64{1}}, []table.Column{number("a", 4, 5)}, []string{"Weights are 1, the table has 2 rows"}, nil},
		"centers":                {cluster.Options{K: 2, Centers: [][]float64{{1}, {1, 2, 3}}}, []table.Column{number("a", 4, 5), number("b", 4, 5)}, []string{"Centers[0] has 1 numbers, the table has 2", "Centers[1] has 3"}, nil},
		"centers, categories":    {cluster.Options{K: 2, Centers: [][]float64{{1}, {1}}}, []table.Column{number("a", 4, 5), category("b", "x", "y")}, []string{"Centers do not go with category columns"}, nil},
		"levels":                 {two, []table.Column{category("a", many...)}, []string{`"a": cluster: more than 1000 levels`, "ignore the column, or use Prototypes"}, nil},
		"several":                {cluster.Options{K: 9, Weights: []float64{1}, Columns: map[string]cluster.Preparation{"z": {}}}, []table.Column{number("a", 4, 5)}, []string{"K is 9", "Weights are 1", `"z"`}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, compare := range []func(a, b int) int{nil, cmp.Compare[int], func(a, b int) int { return cmp.Compare(b, a) }} {
				data := &table.Table[int]{Columns: c.columns}
				if compare != nil && len(c.columns) > 0 {
					data.Compare = compare
					for i := range c.columns[0].Len() {
						data.IDs = append(data.IDs, i)
					}
					if data.IDs == nil {
						continue
					}
				}
				result, err := cluster.Fit(t.Context(), data, &c.options)
				require.Nil(t, result)
				for _, text := range c.want {
					require.ErrorContains(t, err, text)
				}
				if c.is != nil {
					require.ErrorIs(t, err, c.is)
				}
			}
		})
	}
	t.Run("same ids", func(t *testing.T) {
		data := &table.Table[int]{IDs: []int{3, 1, 3}, Columns: []table.Column{number("a", 1, 2, 9)}}
		for _, compare := range []func(a, b int) int{nil, cmp.Compare[int]} {
			data.Compare = compare
			_, err := cluster.Fit(t.Context(), data, &two)
			require.ErrorIs(t, err, table.ErrDuplicateID)
			require.ErrorContains(t, err, "row 2")
		}
	})
	t.Run("no context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := cluster.Fit(ctx, &table.Table[int]{Columns: []table.Column{number("a", 1, 2)}}, &two)
		require.ErrorIs(t, err, context.Canceled)
	})
}
