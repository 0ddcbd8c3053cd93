package cluster_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/table"
)

// fitBlobs is a table of n rows in k round groups of different sizes, of d numbers.
func fitBlobs(n, k, d int, offset float64) *table.Table[int] {
	r := rand.New(rand.NewPCG(uint64(n), uint64(k*d)))
	group, t := make([]int, n), &table.Table[int]{}
	for i := range group {
		group[i] = min(r.IntN(k), r.IntN(k))
	}
	for j := range d {
		values := make([]float64, n)
		for i := range values {
			values[i] = offset + 9*math.Sin(float64(7*group[i]*(j+1))) + r.NormFloat64()
		}
		t.Columns = append(t.Columns, table.NumberColumn("x"+strconv.Itoa(j), values...))
	}
	return t
}

// fitMixed is fitBlobs with gaps and category columns.
func fitMixed(n int) *table.Table[int] {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	t := fitBlobs(n, 4, 3, 50)
	for i := range n / 10 {
		t.Columns[1].Num[i*10] = math.NaN()
	}
	texts := make([]string, n)
	for i := range texts {
		texts[i] = []string{"", "web", "shop", "phone", "shop"}[(r.IntN(3)+int(t.Columns[0].Num[i])+100)%5]
	}
	t.Columns = append(t.Columns, table.CategoryColumn("channel", texts...), table.CategoryColumn("tier", slices.Repeat([]string{"b", "a", "c", "a"}, (n+3)/4)[:n]...))
	return t
}

// fitCase is a way to fit and the table for it.
type fitCase struct {
	options cluster.Options
	data    func(n int) *table.Table[int]
}

func fitCases() map[string]fitCase {
	blobs := func(n int) *table.Table[int] { return fitBlobs(n, 5, 3, 0) }
	far := func(n int) *table.Table[int] { return fitBlobs(n, 5, 3, 1.7e9) }
	// times are in Unix nanoseconds, most of them late, which takes powers to 1e108.
	times := func(n int) *table.Table[int] {
		t := &table.Table[int]{Columns: []table.Column{table.NumberColumn("at", make([]float64, n)...)}}
		r := rand.New(rand.NewPCG(uint64(n), 4))
		for i := range t.Columns[0].Num {
			t.Columns[0].Num[i] = 1.76e18 - 365*86_400e9*math.Pow(r.Float64(), 4)
		}
		return t
	}
	large := func(n int) *table.Table[int] {
		t := fitMixed(n)
		for _, c := range t.Columns[:3] {
			for i := range c.Num {
				c.Num[i] *= 1e89
			}
		}
		return t
	}
	unscaled := cluster.Preparation{Scale: cluster.Unscaled}
	impute := cluster.Preparation{Missing: cluster.Impute}
	return map[string]fitCase{
		"kmeans":              {cluster.Options{K: 5}, blobs},
		"kmeans, far":         {cluster.Options{K: 5, Prepare: unscaled}, far},
		"kmeans, shares":      {cluster.Options{K: 4, MinShare: 0.15, MaxShare: 0.4}, blobs},
		"kmeans, far, shares": {cluster.Options{K: 4, MinShare: 0.15, Prepare: unscaled}, far},
		"kmeans, mixed":       {cluster.Options{K: 4, Prepare: impute}, fitMixed},
		"kmeans, all of it": {cluster.Options{K: 4, Prepare: cluster.Preparation{
			Missing: cluster.ImputeFlag, Winsorize: 0.02, Power: cluster.YeoJohnson, Scale: cluster.Robust, Weight: 2,
		}}, fitMixed},
		"prototypes":          {cluster.Options{K: 4, Method: cluster.Prototypes, Prepare: cluster.Preparation{Missing: cluster.ImputeFlag}}, fitMixed},
		"prototypes, numbers": {cluster.Options{K: 4, Method: cluster.Prototypes}, blobs},
		"prototypes, levels": {cluster.Options{K: 3, Method: cluster.Prototypes, Prepare: impute}, func(n int) *table.Table[int] {
			t := fitMixed(n)
			t.Columns = t.Columns[3:]
			return t
		}},
		"kmeans, times":     {cluster.Options{K: 3, Prepare: cluster.Preparation{Power: cluster.YeoJohnson}}, times},
		"prototypes, large": {cluster.Options{K: 4, Method: cluster.Prototypes, Prepare: cluster.Preparation{Missing: cluster.Impute, Scale: cluster.Unscaled}}, large},
		"trimmed":           {cluster.Options{K: 5, Method: cluster.Trimmed}, blobs},
		"trimmed, far":      {cluster.Options{K: 5, Method: cluster.Trimmed, Prepare: unscaled}, far},
		"ward":              {cluster.Options{K: 5, Method: cluster.Ward, Leaves: 100}, blobs},
		"ward, far":         {cluster.Options{K: 5, Method: cluster.Ward, Leaves: 100, Prepare: unscaled}, far},
		"mixture":           {cluster.Options{K: 5, Method: cluster.Mixture}, blobs},
		"mixture, far":      {cluster.Options{K: 5, Method: cluster.Mixture, Prepare: unscaled}, far},
		"mixture, diagonal": {cluster.Options{K: 4, Method: cluster.Mixture, Covariance: cluster.DiagonalCovariance, Prepare: impute}, fitMixed},
	}
}

func TestFitLabelsAreThoseOfAssign(t *testing.T) {
	for name, c := range fitCases() {
		t.Run(name, func(t *testing.T) {
			data := c.data(1500)
			result, err := cluster.Fit(t.Context(), data, &c.options)
			require.NoError(t, err)
			again, err := cluster.Assign(t.Context(), result.Model, data, nil)
			require.NoError(t, err)
			require.Equal(t, result.Assignment, *again)

			require.Equal(t, c.options.K, result.Model.K())
			require.Equal(t, c.options.Method, result.Model.Method())
			report := result.Model.Report()
			require.Equal(t, 1500, report.Rows)
			require.Equal(t, 1500.0, report.Weight)
			sizes := make([]int, c.options.K)
			for _, label := range result.Labels {
				sizes[label]++
			}
			require.True(t, slices.IsSortedFunc(sizes, func(a, b int) int { return b - a }), "%v", sizes)
			require.Positive(t, sizes[len(sizes)-1])
		})
	}
}

func TestFitDoesNotDependOnTheOrderOfIDs(t *testing.T) {
	race.Skip(t)
	for name, c := range fitCases() {
		t.Run(name, func(t *testing.T) {
			data := c.data(600)
			data.Compare = cmp.Compare[int]
			for i := range 600 {
				data.IDs = append(data.IDs, 7*i)
			}
			weights := make([]float64, 600)
			for i := range weights {
				weights[i] = float64(1 + i%3)
			}
			if c.options.MinShare == 0 {
				c.options.Weights = weights
			}
			want, err := cluster.Fit(t.Context(), data, &c.options)
			require.NoError(t, err)

			shuffled := rand.New(rand.NewPCG(1, 2)).Perm(600)
			o := c.options
			if o.Workers = 3; o.Weights != nil {
				o.Weights = nil
				for _, row := range shuffled {
					o.Weights = append(o.Weights, weights[row])
				}
			}
			got, err := cluster.Fit(t.Context(), data.Take(shuffled), &o)
			require.NoError(t, err)
			wantJSON, err := want.Model.MarshalJSON()
			require.NoError(t, err)
			gotJSON, err := got.Model.MarshalJSON()
			require.NoError(t, err)
			require.Equal(t, string(wantJSON), string(gotJSON))
			for i, row := range shuffled {
				require.Equal(t, want.Labels[row], got.Labels[i])
				require.Equal(t, want.Distances[row], got.Distances[i])
			}
			require.Equal(t, 0, data.IDs[0], "the table stays as it is")
		})
	}
}

func TestFitDoesNotDependOnUnits(t *testing.T) {
	data := fitBlobs(900, 4, 3, 10)
	want, err := cluster.Fit(t.Context(), data, &cluster.Options{K: 4})
	require.NoError(t, err)
	for _, scale := range []float64{0.25, 1024, -2} {
		scaled := fitBlobs(900, 4, 3, 10)
		for i := range scaled.Columns[1].Num {
			scaled.Columns[1].Num[i] *= scale
		}
		got, err := cluster.Fit(t.Context(), scaled, &cluster.Options{K: 4})
		require.NoError(t, err)
		require.Equal(t, want.Labels, got.Labels)
		require.Equal(t, want.Distances, got.Distances)
	}
}

func TestFitOfWeights(t *testing.T) {
	data := fitBlobs(400, 4, 2, 0)
	o := cluster.Options{K: 4, Weights: make([]float64, 400), Centers: [][]float64{{0, 0}, {9, 9}, {-9, 9}, {9, -9}}}
	var rows []int
	for i := range 400 {
		o.Weights[i] = float64(i % 3)
		for range i % 3 {
			rows = append(rows, i)
		}
	}
	weighted, err := cluster.Fit(t.Context(), data, &o)
	require.NoError(t, err)
	o.Weights = nil
	repeated, err := cluster.Fit(t.Context(), data.Take(rows), &o)
	require.NoError(t, err)
	for i, row := range rows {
		require.Equal(t, weighted.Labels[row], repeated.Labels[i])
		require.InDelta(t, weighted.Distances[row], repeated.Distances[i], 1e-9)
	}
	require.InDelta(t, repeated.Model.Report().Inertia, weighted.Model.Report().Inertia, 1e-9*weighted.Model.Report().Inertia)
	for g, center := range repeated.Model.Centers() {
		require.InDeltaSlice(t, center, weighted.Model.Centers()[g], 1e-9)
	}
}

func TestFitOrderOfEqualGroups(t *testing.T) {
	for range 3 {
		data := &table.Table[int]{Columns: []table.Column{
			table.NumberColumn("x", 5, 1, 5, 1, 9, 9, 9),
			table.NumberColumn("y", 0, 0, 0, 0, 3, 3, 3),
		}}
		result, err := cluster.Fit(t.Context(), data, &cluster.Options{K: 3, Prepare: cluster.Preparation{Scale: cluster.Unscaled}})
		require.NoError(t, err)
		require.Equal(t, []int32{2, 1, 2, 1, 0, 0, 0}, result.Labels)
		require.Equal(t, [][]float64{{9, 3}, {1, 0}, {5, 0}}, result.Model.Centers())
		require.Zero(t, result.Model.Report().Inertia)
	}
}

func TestFitReports(t *testing.T) {
	data := fitMixed(300)
	data.Columns = append(data.Columns, table.NumberColumn("same", slices.Repeat([]float64{3}, 300)...), table.NumberColumn("unused", make([]float64, 300)...))
	o := cluster.Options{K: 3, Prepare: cluster.Preparation{Missing: cluster.Impute}, Columns: map[string]cluster.Preparation{"unused": {Ignore: true}}}
	result, err := cluster.Fit(t.Context(), data, &o)
	require.NoError(t, err)
	report := result.Model.Report()
	require.Equal(t, []string{"same"}, report.Constant)
	require.Equal(t, "x1", report.Imputed[0].Column)
	require.Equal(t, cluster.Imputed{Column: "x1", Rows: 30}, report.Imputed[0])
	require.Equal(t, "channel", report.Imputed[1].Column)
	report.Constant[0] = "changed"
	require.Equal(t, []string{"same"}, result.Model.Report().Constant)

	features := result.Model.Features()
	require.Len(t, features, 6)
	require.Equal(t, cluster.Feature{Name: "x0", Kind: table.Number}, features[0])
	require.Equal(t, cluster.Feature{Name: "channel", Kind: table.Category, Levels: []string{"phone", "shop", "web"}}, features[3])
	require.Equal(t, "same", features[5].Name)
	for _, center := range result.Model.Centers() {
		require.Len(t, center, 4, "x0, x1, x2, same")
		require.Equal(t, 3.0, center[3])
	}
}

func TestFitFromCenters(t *testing.T) {
	data := fitBlobs(500, 4, 2, 1000)
	data.Columns = append(data.Columns, table.NumberColumn("same", slices.Repeat([]float64{3}, 500)...))
	first, err := cluster.Fit(t.Context(), data, &cluster.Options{K: 4, Tolerance: -1})
	require.NoError(t, err)
	again, err := cluster.Fit(t.Context(), data, &cluster.Options{K: 4, Tolerance: -1, Centers: first.Model.Centers()})
	require.NoError(t, err)
	require.Equal(t, first.Labels, again.Labels)
	require.LessOrEqual(t, again.Model.Report().Iterations, 2)
	_, err = cluster.Fit(t.Context(), data, &cluster.Options{K: 1, Centers: [][]float64{{1e100, 0, 0}}, Prepare: cluster.Preparation{Weight: 1e9}})
	require.ErrorIs(t, err, cluster.ErrTooLarge)
}
