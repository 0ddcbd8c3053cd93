package cluster_test

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/table"
)

// mixedTable has n rows of three kinds: two number columns and two category columns.
func mixedTable(seed uint64, n int) *table.Table[int] {
	random := rand.New(rand.NewPCG(seed, 7))
	spend, visits := make([]float64, n), make([]float64, n)
	channel, plan := make([]string, n), make([]string, n)
	ids := make([]int, n)
	for i := range n {
		kind := random.IntN(3)
		ids[i] = 10 * i
		spend[i] = math.Exp(3 + float64(kind) + 0.3*random.NormFloat64())
		visits[i] = 4 + 5*float64(kind%2) + random.NormFloat64()
		channel[i] = []string{"app", "shop", "web"}[kind]
		if random.IntN(5) == 0 {
			channel[i] = "phone"
		}
		plan[i] = []string{"basic", "gold"}[min(1, kind*random.IntN(3))]
	}
	return &table.Table[int]{IDs: ids, Compare: cmp.Compare[int], Columns: []table.Column{
		table.NumberColumn("spend", spend...), table.NumberColumn("visits", visits...),
		table.CategoryColumn("channel", channel...), table.CategoryColumn("plan", plan...),
	}}
}

func mixedMethods() map[string]cluster.Options {
	logs := cluster.Preparation{Power: cluster.Log1p}
	columns := map[string]cluster.Preparation{"spend": logs, "plan": {Weight: 0.5}}
	ignored := cluster.Preparation{Ignore: true}
	numbers := map[string]cluster.Preparation{"spend": logs, "channel": ignored, "plan": ignored}
	return map[string]cluster.Options{
		"prototypes":         {K: 3, Method: cluster.Prototypes, Columns: columns},
		"modes":              {K: 3, Method: cluster.Prototypes, Columns: map[string]cluster.Preparation{"spend": ignored, "visits": ignored}},
		"prototypes, sample": {K: 3, Method: cluster.Prototypes, Columns: columns, Sample: 100, Tolerance: -1},
		"mixture":            {K: 3, Method: cluster.Mixture, Columns: numbers},
		"mixture, diagonal":  {K: 3, Method: cluster.Mixture, Covariance: cluster.DiagonalCovariance, Columns: numbers},
		"mixture, one-hot":   {K: 3, Method: cluster.Mixture, Columns: columns},
	}
}

func mixedFit(t *testing.T, data *table.Table[int], o cluster.Options) *cluster.Result {
	t.Helper()
	result, err := cluster.Fit(t.Context(), data, &o)
	require.NoError(t, err)
	return result
}

func TestMixedLabelsAreAssigned(t *testing.T) {
	data := mixedTable(1, 1500)
	for name, o := range mixedMethods() {
		t.Run(name, func(t *testing.T) {
			result := mixedFit(t, data, o)
			again, err := cluster.Assign(t.Context(), result.Model, data, nil)
			require.NoError(t, err)
			require.Equal(t, result.Labels, again.Labels)
			require.Equal(t, result.Distances, again.Distances)
			features := result.Model.Features()
			for i := range data.Rows() {
				num, levels := mixedRow(data, features, i)
				one, err := result.Model.AssignRow(num, levels)
				require.NoError(t, err)
				require.EqualValues(t, result.Labels[i], one.Label)
				require.Equal(t, result.Distances[i], one.Distance)
			}
			num, levels := mixedRow(data, features, 0)
			mixedZeroAllocs(t, func() {
				if _, err := result.Model.AssignRow(num, levels); err != nil {
					panic(err)
				}
			})
			total := 0.0
			for _, x := range result.Distances {
				total += x
			}
			require.InEpsilon(t, total+1, result.Model.Report().Inertia+1, 1e-9)
		})
	}
}

// mixedZeroAllocs requires that f allocates nothing, unless the race detector is on, with
// which a sync.Pool forgets.
func mixedZeroAllocs(t *testing.T, f func()) {
	t.Helper()
	if race.Enabled {
		return
	}
	require.Zero(t, testing.AllocsPerRun(100, f))
}

// mixedRow returns row i of data as AssignRow wants it.
func mixedRow(data *table.Table[int], features []cluster.Feature, i int) (num []float64, levels []string) {
	for _, f := range features {
		c, _ := data.Column(f.Name)
		if f.Kind == table.Number {
			num = append(num, c.Num[i])
		} else {
			levels = append(levels, c.Level(i))
		}
	}
	return num, levels
}

func TestMixedOrderAndGoroutinesDoNotMatter(t *testing.T) {
	data := mixedTable(2, 34_000) // three chunks
	order := rand.New(rand.NewPCG(1, 1)).Perm(data.Rows())
	weights, shuffledWeights := make([]float64, data.Rows()), make([]float64, data.Rows())
	for i := range weights {
		weights[i] = 0.1 + float64(i%7)/3
	}
	for i, at := range order {
		shuffledWeights[i] = weights[at]
	}
	methods := mixedMethods()
	for _, name := range []string{"prototypes", "mixture", "mixture, diagonal"} {
		t.Run(name, func(t *testing.T) {
			o := methods[name]
			o.MaxIterations, o.Workers, o.Starts, o.Sample = 2, 1, 2, 1000
			o.Weights = weights
			one := mixedFit(t, data, o)
			for _, workers := range []int{2, 3, 8} {
				if workers != 3 && race.Enabled {
					continue
				}
				o.Workers = workers
				require.Equal(t, one, mixedFit(t, data, o), "%d goroutines", workers)
			}
			o.Weights = shuffledWeights
			shuffled := mixedFit(t, data.Take(order), o)
			require.Equal(t, one.Model, shuffled.Model)
			for i, at := range order {
				require.Equal(t, one.Labels[at], shuffled.Labels[i])
			}
		})
	}
}

func TestMixedProgressGrowsByOne(t *testing.T) {
	data := mixedTable(7, 600)
	for name, o := range mixedMethods() {
		t.Run(name, func(t *testing.T) {
			last := int64(0)
			o.Progress = func(done, total int64) {
				require.Equal(t, last+1, done)
				require.EqualValues(t, -1, total)
				last = done
			}
			mixedFit(t, data, o)
			require.Positive(t, last)
		})
	}
}

func TestMixedModelsAreReadBack(t *testing.T) {
	data := mixedTable(3, 800)
	for name, o := range mixedMethods() {
		t.Run(name, func(t *testing.T) {
			result := mixedFit(t, data, o)
			raw, err := json.Marshal(result.Model)
			require.NoError(t, err)
			var read cluster.Model
			require.NoError(t, json.Unmarshal(raw, &read))
			again, err := cluster.Assign(t.Context(), &read, data, nil)
			require.NoError(t, err)
			require.Equal(t, result.Assignment, *again)
			twice, err := json.Marshal(&read)
			require.NoError(t, err)
			require.Equal(t, string(raw), string(twice))
		})
	}
}

func TestPrototypesTakeUnknownLevels(t *testing.T) {
	data := mixedTable(4, 500)
	model := mixedFit(t, data, mixedMethods()["prototypes"]).Model
	known, err := model.AssignRow([]float64{20, 4}, []string{"app", "basic"})
	require.NoError(t, err)
	unknown, err := model.AssignRow([]float64{20, 4}, []string{"fax", "basic"})
	require.NoError(t, err)
	require.InDelta(t, known.Distance+model.Report().Gamma, unknown.Distance, 1e-12)
	other, err := cluster.Assign(t.Context(), model, &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("spend", 20), table.NumberColumn("visits", 4),
		table.CategoryColumn("channel", "fax"), table.CategoryColumn("plan", "basic"),
	}}, nil)
	require.NoError(t, err)
	require.EqualValues(t, unknown.Label, other.Labels[0])
	require.Equal(t, unknown.Distance, other.Distances[0])
}

func TestMemberships(t *testing.T) {
	data := mixedTable(5, 1000)
	result := mixedFit(t, data, mixedMethods()["mixture"])
	shares, err := cluster.Memberships(t.Context(), result.Model, data)
	require.NoError(t, err)
	require.Len(t, shares, 1000)
	one := make([]float64, 3)
	total := make([]float64, 3)
	for i, share := range shares {
		sum := 0.0
		for g, p := range share {
			sum += p
			total[g] += p
		}
		require.InDelta(t, 1, sum, 1e-12)
		require.Equal(t, slices.Max(share), share[result.Labels[i]])
		num, levels := mixedRow(data, result.Model.Features(), i)
		require.NoError(t, result.Model.MembershipRow(one, num, levels))
		require.Equal(t, share, one)
	}
	require.InDelta(t, 1000, total[0]+total[1]+total[2], 1e-9)
	num, levels := mixedRow(data, result.Model.Features(), 0)
	mixedZeroAllocs(t, func() {
		if err := result.Model.MembershipRow(one, num, levels); err != nil {
			panic(err)
		}
	})
}

func TestMembershipErrors(t *testing.T) {
	data := mixedTable(6, 300)
	model := mixedFit(t, data, mixedMethods()["mixture"]).Model
	t.Run("no mixture", func(t *testing.T) {
		model := mixedFit(t, data, mixedMethods()["prototypes"]).Model
		_, err := cluster.Memberships(t.Context(), model, data)
		require.ErrorIs(t, err, cluster.ErrNoMembership)
		require.ErrorIs(t, model.MembershipRow(make([]float64, 3), []float64{1, 2}, []string{"app", "gold"}), cluster.ErrNoMembership)
	})
	t.Run("no column", func(t *testing.T) {
		other, err := data.Select("visits")
		require.NoError(t, err)
		_, err = cluster.Memberships(t.Context(), model, other)
		require.ErrorIs(t, err, table.ErrNoColumn)
	})
	t.Run("missing value", func(t *testing.T) {
		other := &table.Table[int]{Columns: []table.Column{table.NumberColumn("spend", 1, 2), table.NumberColumn("visits", 1, math.NaN())}}
		_, err := cluster.Memberships(t.Context(), model, other)
		fault := new(table.Fault)
		require.ErrorAs(t, err, &fault)
		require.ErrorIs(t, err, cluster.ErrMissing)
		require.Equal(t, "visits", fault.Column)
		require.Equal(t, 1, fault.Row)
		require.ErrorIs(t, model.MembershipRow(make([]float64, 3), []float64{math.NaN(), 1}, nil), cluster.ErrMissing)
	})
	t.Run("lengths", func(t *testing.T) {
		require.EqualError(t, model.MembershipRow(make([]float64, 2), []float64{1, 1}, nil), "cluster: memberships go into 3 numbers, not 2")
		require.Error(t, model.MembershipRow(make([]float64, 3), []float64{1}, nil))
	})
	t.Run("context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := cluster.Memberships(ctx, model, data)
		require.ErrorIs(t, err, context.Canceled)
	})
}
