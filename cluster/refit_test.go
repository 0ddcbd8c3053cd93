package cluster_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

// refitShop is n customers of four kinds, whose sizes are in proportion to sizes: their
// spend and visits, which are moved by moved, and for some their favourite category.
func refitShop(seed uint64, n int, moved float64, categories bool, sizes ...int) (*table.Table[int], []int32) {
	random := rand.New(rand.NewPCG(seed, 60))
	total := 0
	for _, s := range sizes {
		total += s
	}
	t := &table.Table[int]{Compare: cmp.Compare[int]}
	spend, visits, level, kind := make([]float64, n), make([]float64, n), make([]string, n), make([]int32, n)
	for i := range n {
		at := random.IntN(total)
		for at >= sizes[kind[i]] {
			at -= sizes[kind[i]]
			kind[i]++
		}
		k := float64(kind[i])
		spend[i] = 100 + 100*k + 12*random.NormFloat64() + moved
		visits[i] = 10 + 30*math.Mod(k, 2) + 4*random.NormFloat64() + moved/10
		level[i] = []string{"food", "toys", "books", "tools"}[(int(kind[i])+random.IntN(5)/4)%4]
		t.IDs = append(t.IDs, i)
	}
	t.Columns = []table.Column{table.NumberColumn("spend", spend...), table.NumberColumn("visits", visits...)}
	if categories {
		t.Columns = append(t.Columns, table.CategoryColumn("favourite", level...))
	}
	return t, kind
}

// refitOptions are those of every method that can be refitted.
func refitOptions() map[string]cluster.Options {
	return map[string]cluster.Options{
		"kmeans":            {K: 4, Method: cluster.KMeans},
		"kmeans, log":       {K: 4, Prepare: cluster.Preparation{Power: cluster.Log1p, Scale: cluster.Robust, Winsorize: 0.001}},
		"prototypes":        {K: 4, Method: cluster.Prototypes},
		"trimmed":           {K: 4, Method: cluster.Trimmed},
		"mixture":           {K: 4, Method: cluster.Mixture},
		"mixture, diagonal": {K: 4, Method: cluster.Mixture, Covariance: cluster.DiagonalCovariance},
	}
}

// refitHolds requires what holds of every result: its model assigns its labels, also after
// a trip through JSON.
func refitHolds(t *testing.T, r *cluster.Result, rows *table.Table[int]) {
	t.Helper()
	text, err := json.Marshal(r.Model)
	require.NoError(t, err)
	var read cluster.Model
	require.NoError(t, json.Unmarshal(text, &read))
	for _, m := range []*cluster.Model{r.Model, &read} {
		a, err := cluster.Assign(t.Context(), m, rows, nil)
		require.NoError(t, err)
		require.Equal(t, r.Assignment, *a)
	}
}

func TestRefitOnTheSameRows(t *testing.T) {
	for name, o := range refitOptions() {
		for _, relearn := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, relearn %t", name, relearn), func(t *testing.T) {
				rows, _ := refitShop(1, 1500, 0, o.Method == cluster.Prototypes, 5, 4, 3, 2)
				o.Tolerance = -1
				first, err := cluster.Fit(t.Context(), rows, &o)
				require.NoError(t, err)
				again, err := cluster.Refit(t.Context(), first.Model, rows, &cluster.RefitOptions{Relearn: relearn, Tolerance: -1})
				require.NoError(t, err)
				require.Equal(t, first.Labels, again.Labels)
				require.Equal(t, first.Model.K(), again.Model.K())
				require.Equal(t, first.Model.Report().Gamma, again.Model.Report().Gamma)
				require.InEpsilon(t, first.Model.Report().Inertia, again.Model.Report().Inertia, 1e-9)
				refitHolds(t, again, rows)
			})
		}
	}
}

// TestRefitKeepsLabels moves the kinds of customers and turns their sizes around, so that
// the canonical order would give every group another number.
func TestRefitKeepsLabels(t *testing.T) {
	for name, o := range refitOptions() {
		for _, relearn := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, relearn %t", name, relearn), func(t *testing.T) {
				categories := o.Method == cluster.Prototypes
				before, kind := refitShop(2, 1500, 0, categories, 5, 4, 3, 2)
				first, err := cluster.Fit(t.Context(), before, &o)
				require.NoError(t, err)
				require.Greater(t, cluster.Compare(kind, first.Labels).AdjustedRand, 0.98)
				label := make([]int32, 4) // of each kind
				for i, k := range kind {
					label[k] = first.Labels[i]
				}
				after, kind := refitShop(3, 2000, 25, categories, 2, 3, 4, 5)
				next, err := cluster.Refit(t.Context(), first.Model, after, &cluster.RefitOptions{Relearn: relearn})
				require.NoError(t, err)
				kept := 0
				for i, k := range kind {
					if next.Labels[i] == label[k] {
						kept++
					}
				}
				require.Greater(t, float64(kept)/float64(len(kind)), 0.98)
				require.NotEqual(t, first.Model.Centers(), next.Model.Centers())
				refitHolds(t, next, after)
				if o.Method == cluster.KMeans {
					require.LessOrEqual(t, next.Model.Report().Iterations, 6, "it goes on from near")
				}
			})
		}
	}
}

func TestRefitDoesNotDependOnOrderOrWorkers(t *testing.T) {
	for name, o := range refitOptions() {
		t.Run(name, func(t *testing.T) {
			categories := o.Method == cluster.Prototypes
			before, _ := refitShop(4, 900, 0, categories, 5, 4, 3, 2)
			first, err := cluster.Fit(t.Context(), before, &o)
			require.NoError(t, err)
			after, _ := refitShop(5, 17_000, 30, categories, 2, 3, 4, 5)
			weights := make([]float64, len(after.IDs))
			random := rand.New(rand.NewPCG(6, 60))
			for i := range weights {
				weights[i] = random.Float64()
			}
			next, err := cluster.Refit(t.Context(), first.Model, after, &cluster.RefitOptions{Workers: 1, Weights: weights, MaxIterations: 4})
			require.NoError(t, err)
			want, err := json.Marshal(next.Model)
			require.NoError(t, err)
			order := random.Perm(len(weights))
			shuffled, moved := after.Take(order), make([]float64, len(weights))
			for i, row := range order {
				moved[i] = weights[row]
			}
			other, err := cluster.Refit(t.Context(), first.Model, shuffled, &cluster.RefitOptions{Workers: 3, Weights: moved, MaxIterations: 4})
			require.NoError(t, err)
			got, err := json.Marshal(other.Model)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
			for i, row := range order {
				require.Equal(t, next.Labels[row], other.Labels[i])
			}
		})
	}
}

// TestRefitLevels has levels that are new, gone and missing.
func TestRefitLevels(t *testing.T) {
	for _, method := range []cluster.Method{cluster.KMeans, cluster.Prototypes} {
		for _, missing := range []cluster.Missing{cluster.Impute, cluster.ImputeFlag} {
			for _, relearn := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, relearn %t", method, missing, relearn), func(t *testing.T) {
					o := cluster.Options{K: 4, Method: method, Prepare: cluster.Preparation{Missing: missing}}
					before, _ := refitShop(7, 800, 0, true, 4, 3, 2, 1)
					for i := range 60 {
						before.Columns[0].Num[i*3] = math.NaN()
						before.Columns[2].Code[i*5] = -1
					}
					first, err := cluster.Fit(t.Context(), before, &o)
					require.NoError(t, err)
					after, _ := refitShop(8, 800, 10, true, 4, 3, 2, 1)
					favourite := &after.Columns[2]
					favourite.Levels = []string{"art", "wine", "tools", "toys"} // no books, no food
					for i := range 40 {
						favourite.Code[i*7] = -1
					}
					next, err := cluster.Refit(t.Context(), first.Model, after, &cluster.RefitOptions{Relearn: relearn})
					require.NoError(t, err)
					refitHolds(t, next, after)
					again, err := cluster.Refit(t.Context(), next.Model, before, nil)
					require.NoError(t, err)
					refitHolds(t, again, before)
				})
			}
		}
	}
}

func TestRefitConstantColumn(t *testing.T) {
	before, _ := refitShop(9, 400, 0, true, 1, 1, 1, 1)
	after, _ := refitShop(10, 400, 0, true, 1, 1, 1, 1)
	for i := range before.Columns[1].Num {
		before.Columns[1].Num[i] = 7
		before.Columns[2].Code[i] = 1
	}
	o := cluster.Options{K: 4}
	varied, err := cluster.Fit(t.Context(), after, &o)
	require.NoError(t, err)
	constant, err := cluster.Fit(t.Context(), before, &o)
	require.NoError(t, err)
	for _, relearn := range []bool{false, true} {
		next, err := cluster.Refit(t.Context(), constant.Model, after, &cluster.RefitOptions{Relearn: relearn})
		require.NoError(t, err)
		require.Equal(t, !relearn, len(next.Model.Report().Constant) == 2)
		refitHolds(t, next, after)
		next, err = cluster.Refit(t.Context(), varied.Model, before, &cluster.RefitOptions{Relearn: relearn})
		require.NoError(t, err)
		require.Equal(t, relearn, len(next.Model.Report().Constant) == 2)
		refitHolds(t, next, before)
	}
}

func TestRefitWithinShares(t *testing.T) {
	before, _ := refitShop(11, 600, 0, false, 6, 3, 2, 1)
	first, err := cluster.Fit(t.Context(), before, &cluster.Options{K: 4})
	require.NoError(t, err)
	next, err := cluster.Refit(t.Context(), first.Model, before, &cluster.RefitOptions{MinShare: 0.2})
	require.NoError(t, err)
	size := make([]int, 4)
	for _, g := range next.Labels {
		size[g]++
	}
	for _, n := range size {
		require.GreaterOrEqual(t, n, 119)
	}
	refitHolds(t, next, before)
}

func TestRefitFaults(t *testing.T) {
	rows, _ := refitShop(12, 200, 0, false, 1, 1, 1, 1)
	first, err := cluster.Fit(t.Context(), rows, &cluster.Options{K: 4})
	require.NoError(t, err)
	refit := func(m *cluster.Model, rows *table.Table[int], o *cluster.RefitOptions) error {
		_, err := cluster.Refit(t.Context(), m, rows, o)
		return err
	}
	ward, err := cluster.Fit(t.Context(), rows, &cluster.Options{K: 4, Method: cluster.Ward})
	require.NoError(t, err)
	require.Equal(t, cluster.ErrNoRefit, refit(ward.Model, rows, nil))
	spend, err := rows.Select("spend")
	require.NoError(t, err)
	require.ErrorIs(t, refit(first.Model, spend, nil), table.ErrNoColumn)
	require.ErrorContains(t, refit(first.Model, rows, &cluster.RefitOptions{Weights: []float64{1}}), "Options.Weights are 1")
	err = refit(first.Model, rows, &cluster.RefitOptions{Weights: []float64{-1}, Trim: 0.1, MinShare: 2})
	require.ErrorContains(t, err, "negative weight")
	require.ErrorContains(t, err, "Trim")
	require.ErrorContains(t, err, "MinShare")
	require.Error(t, refit(first.Model, rows.Take([]int{0, 1, 2}), nil), "fewer rows than groups")
	twice := rows.Take([]int{0, 1, 2, 3, 3, 4})
	require.ErrorIs(t, refit(first.Model, twice, nil), table.ErrDuplicateID)
	rows.Columns[0].Num[7] = math.NaN()
	require.ErrorIs(t, refit(first.Model, rows, nil), cluster.ErrMissing)
}

// TestRefitTrim refits models that left out other rows than the default.
func TestRefitTrim(t *testing.T) {
	rows, _ := refitShop(16, 400, 0, false, 1, 1, 1, 1)
	fit := func(trim float64, weights []float64) *cluster.Result {
		result, err := cluster.Fit(t.Context(), rows, &cluster.Options{K: 4, Method: cluster.Trimmed, Trim: trim, Weights: weights})
		require.NoError(t, err)
		return result
	}
	none := fit(0.001, nil)
	require.Zero(t, none.Model.Report().Outliers)
	next, err := cluster.Refit(t.Context(), none.Model, rows, nil)
	require.NoError(t, err)
	require.Zero(t, next.Model.Report().Outliers, "not the default")

	again, err := cluster.Refit(t.Context(), none.Model, rows, &cluster.RefitOptions{Trim: 0.1})
	require.NoError(t, err)
	require.Equal(t, 40, again.Model.Report().Outliers)
	text, err := json.Marshal(again.Model)
	require.NoError(t, err)
	require.Contains(t, string(text), `"trim":0.1,`)
	var read cluster.Model
	require.NoError(t, json.Unmarshal(text, &read))
	for i := range 200 { // so many outliers are another share of 200 rows
		rows.Columns[0].Num[i] += float64(i%2) * 1e4
	}
	half := rows.Take(slices.Collect(func(yield func(int) bool) {
		for i := 200; i < 400 && yield(i); i++ {
		}
	}))
	next, err = cluster.Refit(t.Context(), &read, half, nil)
	require.NoError(t, err)
	require.Equal(t, 20, next.Model.Report().Outliers)

	// Two thirds of the rows have no weight and are far away.
	weights := make([]float64, 400)
	for i := range weights {
		if i%3 == 0 {
			weights[i] = 1
		} else {
			rows.Columns[0].Num[i] = 1e4 * float64(i)
		}
	}
	weighted := fit(0.05, weights)
	require.Greater(t, weighted.Model.Report().Outliers, 200)
	_, err = cluster.Refit(t.Context(), weighted.Model, rows, &cluster.RefitOptions{Weights: weights})
	require.NoError(t, err)
	for _, trim := range []string{"-0.1", "0.6"} {
		spoilt := strings.Replace(string(text), `"trim":0.1,`, `"trim":`+trim+`,`, 1)
		require.ErrorContains(t, json.Unmarshal([]byte(spoilt), &read), "trim")
	}
}

func TestMatchByCenters(t *testing.T) {
	for name, o := range refitOptions() {
		t.Run(name, func(t *testing.T) {
			categories := o.Method == cluster.Prototypes
			before, kind := refitShop(13, 800, 0, categories, 5, 4, 3, 2)
			after, kindAfter := refitShop(14, 800, 10, categories, 2, 3, 4, 5)
			after.Columns[0], after.Columns[1] = after.Columns[1], after.Columns[0]
			first, err := cluster.Fit(t.Context(), before, &o)
			require.NoError(t, err)
			second, err := cluster.Fit(t.Context(), after, &o)
			require.NoError(t, err)
			partner, distance, err := first.Model.Match(second.Model)
			require.NoError(t, err)
			other, labels := cluster.Compare(kind, first.Labels), cluster.Compare(kindAfter, second.Labels)
			for k := range 4 {
				require.Equal(t, labels.Before[k].Match, partner[other.Before[k].Match])
			}
			for _, x := range distance {
				require.Positive(t, x)
				require.Less(t, x, 0.5)
			}
			partner, distance, err = first.Model.Match(first.Model)
			require.NoError(t, err)
			require.Equal(t, []int{0, 1, 2, 3}, partner)
			require.Equal(t, make([]float64, 4), distance)

			o.K = 2
			coarse, err := cluster.Fit(t.Context(), before, &o)
			require.NoError(t, err)
			partner, distance, err = first.Model.Match(coarse.Model)
			require.NoError(t, err)
			unpaired := 0
			for i, j := range partner {
				require.Equal(t, j < 0, math.IsInf(distance[i], 1))
				if j < 0 {
					unpaired++
				}
			}
			require.Equal(t, 2, unpaired)
		})
	}
}

func TestMatchOtherColumns(t *testing.T) {
	rows, _ := refitShop(15, 100, 0, true, 1, 1, 1, 1)
	fit := func(o cluster.Options, rows *table.Table[int]) *cluster.Model {
		result, err := cluster.Fit(t.Context(), rows, &o)
		require.NoError(t, err)
		return result.Model
	}
	whole, prototypes := fit(cluster.Options{K: 2}, rows), fit(cluster.Options{K: 2, Method: cluster.Prototypes}, rows)
	spend := rows.Take([]int{0, 1, 2, 3, 4, 5})
	spend.Columns = spend.Columns[:2]
	less := fit(cluster.Options{K: 2}, spend)
	other := rows.Take([]int{0, 1, 2, 3, 4, 5})
	other.Columns[0] = table.CategoryColumn("spend", "a", "b", "a", "b", "a", "c")
	for _, pair := range [][2]*cluster.Model{{whole, less}, {less, whole}} {
		_, _, err := pair[0].Match(pair[1])
		require.ErrorIs(t, err, table.ErrNoColumn)
	}
	_, _, err := whole.Match(prototypes)
	require.ErrorContains(t, err, "Prototypes")
	_, _, err = whole.Match(fit(cluster.Options{K: 2}, other))
	require.ErrorContains(t, err, "spend")
}
