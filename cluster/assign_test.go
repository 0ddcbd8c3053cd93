package cluster_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

// rowOf is a row of a table as AssignRow wants it.
func rowOf(t *table.Table[int], row int) (num []float64, levels []string) {
	for _, c := range t.Columns {
		if c.Kind == table.Number {
			num = append(num, c.Num[row])
		} else {
			levels = append(levels, c.Level(row))
		}
	}
	return num, levels
}

func TestAssignIsAFunctionOfTheRow(t *testing.T) {
	for name, c := range fitCases() {
		t.Run(name, func(t *testing.T) {
			result, err := cluster.Fit(t.Context(), c.data(700), &c.options)
			require.NoError(t, err)
			data := c.data(1003)
			want, err := cluster.Assign(t.Context(), result.Model, data, nil)
			require.NoError(t, err)

			r := rand.New(rand.NewPCG(3, 4))
			for _, n := range []int{0, 1, 2, 255, 256, 257, 800} {
				rows := make([]int, n)
				for i := range rows {
					rows[i] = r.IntN(1003)
				}
				batch := data.Take(rows)
				slices.Reverse(batch.Columns)
				batch.Columns = append(batch.Columns, table.NumberColumn("another", make([]float64, n)...))
				got, err := cluster.Assign(t.Context(), result.Model, batch, nil)
				require.NoError(t, err)
				require.Len(t, got.Labels, n)
				for i, row := range rows {
					require.Equal(t, want.Labels[row], got.Labels[i])
					require.Equal(t, want.Distances[row], got.Distances[i])
				}
			}
			for row := range 300 {
				num, levels := rowOf(data, row)
				one, err := result.Model.AssignRow(num, levels)
				require.NoError(t, err)
				require.Equal(t, int(want.Labels[row]), one.Label)
				if c.options.Method == cluster.Mixture {
					require.InDelta(t, want.Distances[row], one.Distance, 1e-9)
				} else {
					require.Equal(t, want.Distances[row], one.Distance)
				}
				require.Equal(t, want.Outliers != nil && want.Outliers[row], one.Outlier)
				require.True(t, one.Margin >= 0 && one.Margin <= 1, "%v", one.Margin)
			}
		})
	}
}

func TestAssignRowAllocatesNothing(t *testing.T) {
	for name, c := range fitCases() {
		t.Run(name, func(t *testing.T) {
			data := c.data(600)
			result, err := cluster.Fit(t.Context(), data, &c.options)
			require.NoError(t, err)
			num, levels := rowOf(data, 5)
			require.Zero(t, testing.AllocsPerRun(200, func() {
				_, _ = result.Model.AssignRow(num, levels)
			}))
		})
	}
}

func TestAssignMargin(t *testing.T) {
	data := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", 0, 0, 0, 10, 10)}}
	o := cluster.Options{K: 2, Prepare: cluster.Preparation{Scale: cluster.Unscaled}}
	result, err := cluster.Fit(t.Context(), data, &o)
	require.NoError(t, err)
	for x, want := range map[float64]cluster.Assigned{
		0: {Label: 0, Distance: 0, Margin: 1}, 2: {Label: 0, Distance: 4, Margin: 0.75}, 5: {Label: 0, Distance: 25},
		6: {Label: 1, Distance: 16, Margin: 1 - 4.0/6}, 10: {Label: 1, Distance: 0, Margin: 1},
	} {
		got, err := result.Model.AssignRow([]float64{x}, nil)
		require.NoError(t, err)
		require.InDelta(t, want.Margin, got.Margin, 1e-15)
		got.Margin = want.Margin
		require.Equal(t, want, got)
	}
	o.K = 1
	result, err = cluster.Fit(t.Context(), data, &o)
	require.NoError(t, err)
	got, err := result.Model.AssignRow([]float64{8}, nil)
	require.NoError(t, err)
	require.Equal(t, cluster.Assigned{Distance: 16, Margin: 1}, got)
}

func TestAssignOfUnknownLevels(t *testing.T) {
	for _, method := range []cluster.Method{cluster.KMeans, cluster.Prototypes} {
		data := &table.Table[int]{Columns: []table.Column{
			table.NumberColumn("x", 0, 0, 1, 9, 9, 10),
			table.CategoryColumn("c", "a", "a", "a", "b", "b", "b"),
		}}
		o := cluster.Options{K: 2, Method: method, Prepare: cluster.Preparation{Scale: cluster.Unscaled}}
		result, err := cluster.Fit(t.Context(), data, &o)
		require.NoError(t, err)
		known, err := result.Model.AssignRow([]float64{9}, []string{"b"})
		require.NoError(t, err)
		unknown, err := result.Model.AssignRow([]float64{9}, []string{"new"})
		require.NoError(t, err)
		require.Equal(t, known.Label, unknown.Label)
		cost := 0.5 // an indicator less
		if method == cluster.Prototypes {
			cost = result.Model.Report().Gamma
		}
		require.InDelta(t, known.Distance+cost, unknown.Distance, 1e-12)

		levels := []string{"unused", "new", "b"} // in another order than in the fit
		a, err := cluster.Assign(t.Context(), result.Model, &table.Table[int]{Columns: []table.Column{
			{Name: "c", Kind: table.Category, Levels: levels, Code: []int32{2, 1}}, table.NumberColumn("x", 9, 9),
		}}, nil)
		require.NoError(t, err)
		require.Equal(t, []float64{known.Distance, unknown.Distance}, a.Distances)
	}
}

func TestAssignFaults(t *testing.T) {
	nan := math.NaN()
	data := &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("x", 0, 1, 5, 9, 10), table.NumberColumn("same", 4, 4, 4, 4, 4),
		table.CategoryColumn("c", "a", "b", "b", "a", "a"),
	}}
	x := func(values ...float64) table.Column { return table.NumberColumn("x", values...) }
	same, c := table.NumberColumn("same", nan, 1e300), table.CategoryColumn("c", "a", "b")
	for _, method := range []cluster.Method{cluster.KMeans, cluster.Prototypes, cluster.Trimmed, cluster.Ward, cluster.Mixture} {
		result, err := cluster.Fit(t.Context(), data, &cluster.Options{K: 2, Method: method})
		require.NoError(t, err)
		for name, f := range map[string]struct {
			columns []table.Column
			want    string
			is      error
		}{
			"fine":           {[]table.Column{same, x(1, 2), c}, "", nil},
			"column":         {[]table.Column{x(1, 2), same}, `no such column: "c"`, table.ErrNoColumn},
			"kind":           {[]table.Column{x(1, 2), same, table.NumberColumn("c", 1, 2)}, `column 2 "c": cluster: is not a category`, nil},
			"missing":        {[]table.Column{same, x(nan, 2), c}, `column 1 "x": row 0: cluster: value is missing`, cluster.ErrMissing},
			"missing level":  {[]table.Column{same, x(1, 2), table.CategoryColumn("c", "a", "")}, `column 2 "c": row 1: cluster: value is missing`, cluster.ErrMissing},
			"infinite":       {[]table.Column{same, x(1, math.Inf(-1)), c}, `column 1 "x": row 1: value is infinite`, nil},
			"too large":      {[]table.Column{same, x(1, -1e200), c}, `column 1 "x": row 1: cluster: number is too large`, cluster.ErrTooLarge},
			"names":          {[]table.Column{x(1, 2), same, c, x(2, 1)}, `column 3 "x": cluster: has the name of an earlier column`, nil},
			"other names":    {[]table.Column{x(1, 2), same, c, table.NumberColumn("y", 1, 2), table.NumberColumn("y", 1, 2)}, `column 4 "y"`, nil},
			"length":         {[]table.Column{same, x(1), c}, `has 1 values in a table of 2 rows`, nil},
			"codes":          {[]table.Column{same, x(1, 2), {Name: "c", Kind: table.Category, Code: []int32{5, 0}, Levels: []string{"a"}}}, "code is not", nil},
			"negative codes": {[]table.Column{same, x(1, 2), {Name: "c", Kind: table.Category, Code: []int32{-2, 0}, Levels: []string{"a"}}}, "code is not", nil},
		} {
			t.Run(method.String()+" "+name, func(t *testing.T) {
				batch := &table.Table[int]{Columns: f.columns}
				_, err := cluster.Assign(t.Context(), result.Model, batch, &cluster.AssignOptions{Workers: -1})
				require.ErrorContains(t, err, "Workers is negative")
				a, err := cluster.Assign(t.Context(), result.Model, batch, &cluster.AssignOptions{Workers: 1})
				if f.want == "" {
					require.NoError(t, err)
					return
				}
				require.Nil(t, a)
				require.ErrorContains(t, err, f.want)
				if f.is != nil {
					require.ErrorIs(t, err, f.is)
				}
			})
		}
		for name, f := range map[string]struct {
			num    []float64
			levels []string
			want   string
			is     error
		}{
			"numbers":       {[]float64{1}, []string{"a"}, "the row has 1 numbers and 1 levels, the model 2 and 1", nil},
			"levels":        {[]float64{1, 2}, nil, "2 numbers and 0 levels", nil},
			"swapped":       {[]float64{1}, []string{"a", "b"}, "1 numbers and 2 levels", nil},
			"missing":       {[]float64{nan, 4}, []string{"a"}, `column 0 "x": cluster: value is missing`, cluster.ErrMissing},
			"missing level": {[]float64{1, 4}, []string{""}, `column 2 "c": cluster: value is missing`, cluster.ErrMissing},
			"infinite":      {[]float64{math.Inf(1), 4}, []string{"a"}, `column 0 "x": cluster: number is too large`, cluster.ErrTooLarge},
		} {
			t.Run(method.String()+" row "+name, func(t *testing.T) {
				_, err := result.Model.AssignRow(f.num, f.levels)
				require.ErrorContains(t, err, f.want)
				if f.is != nil {
					require.ErrorIs(t, err, f.is)
				}
			})
		}
		_, err = result.Model.AssignRow([]float64{3, nan}, []string{"a"})
		require.NoError(t, err, "a constant column takes no part")
	}
}

func TestAssignRowOfManyNumbers(t *testing.T) {
	data := fitBlobs(300, 3, 70, 0)
	for _, method := range []cluster.Method{cluster.KMeans, cluster.Prototypes} {
		result, err := cluster.Fit(t.Context(), data, &cluster.Options{K: 3, Method: method})
		require.NoError(t, err)
		for row := range 300 {
			num, _ := rowOf(data, row)
			one, err := result.Model.AssignRow(num, nil)
			require.NoError(t, err)
			require.Equal(t, int(result.Labels[row]), one.Label)
			require.Equal(t, result.Distances[row], one.Distance)
		}
	}
}
