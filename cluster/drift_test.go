package cluster_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/table"
)

// driftModel is a model of a shop in which country has next to no effect.
func driftModel(t *testing.T) *cluster.Model {
	t.Helper()
	rows, _ := refitShop(20, 4000, 0, true, 4, 3, 2, 1)
	driftCountry(rows, 21, 0.5)
	result, err := cluster.Fit(t.Context(), rows, &cluster.Options{K: 4, Columns: map[string]cluster.Preparation{
		"country": {Weight: 1e-3}, "spend": {Missing: cluster.Impute}, "favourite": {Missing: cluster.Impute},
	}})
	require.NoError(t, err)
	return result.Model
}

// driftCountry adds a column with the share of Germans.
func driftCountry(rows *table.Table[int], seed uint64, share float64) {
	random := rand.New(rand.NewPCG(seed, 61))
	country := make([]string, rows.Rows())
	for i := range country {
		country[i] = "France"
		if random.Float64() < share {
			country[i] = "Germany"
		}
	}
	rows.Columns = append(rows.Columns, table.CategoryColumn("country", country...))
}

func driftColumn(t *testing.T, r *cluster.DriftReport, name string) cluster.Shift {
	t.Helper()
	for _, s := range r.Columns {
		if s.Column == name {
			return s
		}
	}
	t.Fatalf("no column %s", name)
	return cluster.Shift{}
}

func TestDrift(t *testing.T) {
	m := driftModel(t)
	for _, test := range []struct {
		name    string
		change  func(rows *table.Table[int])
		verdict cluster.DriftLevel
		worst   string
		check   func(t *testing.T, r *cluster.DriftReport)
	}{
		{name: "nothing"},
		{
			name: "spend up", verdict: cluster.DriftStrong, worst: "spend",
			change: func(rows *table.Table[int]) {
				for i := range rows.Columns[0].Num {
					rows.Columns[0].Num[i] += 70
				}
			},
			check: func(t *testing.T, r *cluster.DriftReport) {
				require.Equal(t, cluster.DriftStrong, r.Distances.Verdict)
				require.Greater(t, r.Far, 3*r.FarBefore)
			},
		},
		{
			name: "spend often missing", verdict: cluster.DriftStrong, worst: "spend",
			change: func(rows *table.Table[int]) {
				for i := range rows.Columns[0].Num {
					if i%4 == 0 {
						rows.Columns[0].Num[i] = math.NaN()
					}
				}
			},
			check: func(t *testing.T, r *cluster.DriftReport) {
				s := driftColumn(t, r, "spend")
				require.Zero(t, s.MissingBefore)
				require.InDelta(t, 0.25, s.Missing, 1e-12)
			},
		},
		{
			name: "toys become games", verdict: cluster.DriftStrong, worst: "favourite",
			change: func(rows *table.Table[int]) {
				for code, level := range rows.Columns[2].Levels {
					if level == "toys" {
						rows.Columns[2].Levels[code] = "games"
					}
				}
			},
			check: func(t *testing.T, r *cluster.DriftReport) {
				s := driftColumn(t, r, "favourite")
				require.Equal(t, []string{"games"}, s.NewLevels)
				require.InDelta(t, 0.31, s.NewShare, 0.03)
			},
		},
		{
			name: "more Germans", verdict: cluster.DriftModerate, worst: "country",
			change: func(rows *table.Table[int]) {
				rows.Columns = rows.Columns[:3]
				driftCountry(rows, 22, 0.7)
			},
			check: func(t *testing.T, r *cluster.DriftReport) {
				require.Empty(t, driftColumn(t, r, "country").NewLevels)
				for _, s := range r.Columns[1:] {
					require.Equal(t, cluster.DriftSteady, s.Verdict)
				}
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, _ := refitShop(23, 3000, 0, true, 4, 3, 2, 1)
			driftCountry(rows, 24, 0.5)
			if test.change != nil {
				test.change(rows)
			}
			r, err := cluster.Drift(t.Context(), m, rows, nil)
			require.NoError(t, err)
			require.Equal(t, test.verdict, r.Verdict)
			if test.worst != "" {
				require.Equal(t, test.worst, r.Columns[0].Column)
				require.Equal(t, test.verdict, r.Columns[0].Verdict)
			} else {
				require.InDelta(t, r.FarBefore, r.Far, 0.006)
			}
			require.Len(t, r.Groups, 4)
			if test.check != nil {
				test.check(t, r)
			}
			text, err := json.Marshal(r)
			require.NoError(t, err)
			var back cluster.DriftReport
			require.NoError(t, json.Unmarshal(text, &back))
			require.Equal(t, *r, back)
		})
	}
}

func TestDriftOfGroups(t *testing.T) {
	m := driftModel(t)
	rows, kind := refitShop(25, 3000, 0, true, 1, 2, 3, 4)
	driftCountry(rows, 31, 0.5)
	r, err := cluster.Drift(t.Context(), m, rows, nil)
	require.NoError(t, err)
	require.Equal(t, cluster.DriftStrong, r.Shares.Verdict)
	size := make([]float64, 4)
	for _, k := range kind {
		size[k] += 1. / 3000
	}
	for g, group := range r.Groups {
		require.InDelta(t, 0.4-0.1*float64(g), group.ShareBefore, 0.03, "the order of the groups is that of the kinds")
		require.InDelta(t, size[g], group.Share, 0.01)
	}
	require.InDelta(t, r.FarBefore, r.Far, 0.02, "the groups are where they were")
}

// TestDriftByChance measures how often rows of the distribution of the fit raise an alarm,
// whatever their size.
func TestDriftByChance(t *testing.T) {
	m := driftModel(t)
	const rounds, alarm = 200, 0.05
	for _, n := range []int{60, 1000} {
		alarms, moderate := 0, 0
		for round := range rounds {
			rows, _ := refitShop(uint64(1000+round), n, 0, true, 4, 3, 2, 1)
			driftCountry(rows, uint64(2000+round), 0.5)
			r, err := cluster.Drift(t.Context(), m, rows, &cluster.DriftOptions{Alarm: alarm, Moderate: 1e-9})
			require.NoError(t, err)
			if r.Verdict != cluster.DriftSteady {
				alarms++
			}
			if r, err = cluster.Drift(t.Context(), m, rows, nil); err != nil || r.Verdict != cluster.DriftSteady {
				moderate++
			}
		}
		t.Logf("%d rows: %d of %d reports with an alarm of %g, %d by default", n, alarms, rounds, alarm, moderate)
		require.LessOrEqual(t, float64(alarms)/rounds, alarm+0.04)
		require.LessOrEqual(t, moderate, 4)
	}
}

// driftNoise is n rows of independent normal numbers.
func driftNoise(random *rand.Rand, n, d int) *table.Table[int] {
	rows := &table.Table[int]{}
	for j := range d {
		x := make([]float64, n)
		for i := range x {
			x[i] = random.NormFloat64()
		}
		rows.Columns = append(rows.Columns, table.NumberColumn(string(rune('a'+j)), x...))
	}
	return rows
}

// TestDriftAlarm measures how often rows of the distribution of the fit raise an alarm by
// default, with a fit of its own each time: its rows are nearer to their centres than
// others, and the bins are quantiles of few rows.
func TestDriftAlarm(t *testing.T) {
	if race.Enabled {
		t.Skip("there are as many alarms with the race detector, and they take long with it")
	}
	total := 0
	for _, c := range []struct {
		method      cluster.Method
		before, now int
		d, k        int
	}{
		{cluster.KMeans, 60, 60, 5, 10},
		{cluster.KMeans, 60, 2000, 5, 3},
		{cluster.KMeans, 200, 30, 5, 3},
		{cluster.KMeans, 200, 200, 5, 10},
		{cluster.KMeans, 500, 500, 10, 5},
		{cluster.Trimmed, 300, 300, 3, 3},
		{cluster.Prototypes, 300, 300, 3, 3},
		{cluster.Mixture, 300, 300, 3, 3},
		{cluster.Ward, 60, 60, 3, 4},
		{cluster.Ward, 300, 300, 3, 4},
	} {
		const rounds = 50
		alarms, distances := 0, 0
		for round := range rounds {
			random := rand.New(rand.NewPCG(uint64(round), 99))
			result, err := cluster.Fit(t.Context(), driftNoise(random, c.before, c.d), &cluster.Options{K: c.k, Method: c.method})
			require.NoError(t, err)
			r, err := cluster.Drift(t.Context(), result.Model, driftNoise(random, c.now, c.d), nil)
			require.NoError(t, err)
			if r.Verdict != cluster.DriftSteady {
				alarms++
			}
			if r.Distances.Verdict != cluster.DriftSteady {
				distances++
			}
		}
		t.Logf("%+v: %d alarms of %d, %d of distances", c, alarms, rounds, distances)
		require.LessOrEqual(t, alarms, 3, "%+v", c)
		total += alarms
		require.LessOrEqual(t, distances, 4, "%+v", c)
		if c.method == cluster.Ward {
			require.Zero(t, distances)
		}
	}
	require.LessOrEqual(t, total, 10, "1 % of all reports and what chance adds")
}

// TestDriftDistancesCount has rows of the same columns and shares that are elsewhere.
func TestDriftDistancesCount(t *testing.T) {
	random := rand.New(rand.NewPCG(33, 60))
	before, after := driftNoise(random, 2000, 2), driftNoise(random, 2000, 2)
	for i, x := range before.Columns[0].Num {
		before.Columns[1].Num[i] = x + 0.05*before.Columns[1].Num[i]
	}
	for n, want := range map[int]cluster.DriftLevel{2000: cluster.DriftStrong, 150: cluster.DriftSteady} {
		rows := make([]int, n)
		for i := range rows {
			rows[i] = i
		}
		result, err := cluster.Fit(t.Context(), before.Take(rows), &cluster.Options{K: 2})
		require.NoError(t, err)
		r, err := cluster.Drift(t.Context(), result.Model, after, nil)
		require.NoError(t, err)
		require.Equal(t, cluster.DriftStrong, r.Distances.Verdict)
		require.Equal(t, want, r.Verdict)
	}
}

func TestDriftOfIgnoredColumn(t *testing.T) {
	rows, _ := refitShop(34, 500, 0, false, 4, 3, 2, 1)
	driftCountry(rows, 35, 0.5)
	result, err := cluster.Fit(t.Context(), rows, &cluster.Options{K: 4, Columns: map[string]cluster.Preparation{"country": {Ignore: true}}})
	require.NoError(t, err)
	rows.Columns = rows.Columns[:2]
	want, err := cluster.Drift(t.Context(), result.Model, rows, nil)
	require.NoError(t, err)
	require.Len(t, want.Columns, 2)
	driftCountry(rows, 36, 0.9)
	got, err := cluster.Drift(t.Context(), result.Model, rows, nil)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestDriftOutliers(t *testing.T) {
	rows, _ := refitShop(26, 2000, 0, false, 4, 3, 2, 1)
	result, err := cluster.Fit(t.Context(), rows, &cluster.Options{K: 4, Method: cluster.Trimmed, Trim: 0.02})
	require.NoError(t, err)
	for i := range 500 {
		rows.Columns[0].Num[i*4] = 5000
	}
	r, err := cluster.Drift(t.Context(), result.Model, rows, nil)
	require.NoError(t, err)
	require.InDelta(t, 0.25+0.75*0.02, r.Outliers, 0.01)
	require.Greater(t, r.Far, 0.25)
}

func TestDriftDoesNotDependOnOrderOrWorkers(t *testing.T) {
	m := driftModel(t)
	rows, _ := refitShop(27, 50_000, 20, true, 4, 3, 2, 1)
	driftCountry(rows, 32, 0.5)
	random := rand.New(rand.NewPCG(28, 60))
	weights := make([]float64, rows.Rows())
	for i := range weights {
		weights[i] = random.Float64()
	}
	want, err := cluster.Drift(t.Context(), m, rows, &cluster.DriftOptions{Weights: weights, Workers: 1})
	require.NoError(t, err)
	order := random.Perm(len(weights))
	moved, scaled := make([]float64, len(weights)), make([]float64, len(weights))
	for i, row := range order {
		moved[i] = weights[row]
		scaled[row] = 8 * weights[row]
	}
	got, err := cluster.Drift(t.Context(), m, rows.Take(order), &cluster.DriftOptions{Weights: moved, Workers: 3})
	require.NoError(t, err)
	require.Equal(t, want, got)
	got, err = cluster.Drift(t.Context(), m, rows, &cluster.DriftOptions{Weights: scaled})
	require.NoError(t, err)
	require.Equal(t, want, got, "weights matter by their proportion")
}

func TestDriftFaults(t *testing.T) {
	m := driftModel(t)
	rows, _ := refitShop(29, 100, 0, true, 1, 1, 1, 1)
	driftCountry(rows, 30, 0.5)
	drift := func(rows *table.Table[int], o *cluster.DriftOptions) error {
		_, err := cluster.Drift(t.Context(), m, rows, o)
		return err
	}
	require.NoError(t, drift(rows, &cluster.DriftOptions{}))
	require.Equal(t, cluster.ErrNoRows, drift(rows.Take(nil), nil))
	require.ErrorContains(t, drift(rows, &cluster.DriftOptions{Weights: make([]float64, 3)}), "all 0")
	require.ErrorContains(t, drift(rows, &cluster.DriftOptions{Weights: []float64{1}}), "Weights are 1")
	err := drift(rows, &cluster.DriftOptions{Weights: []float64{math.NaN()}, Alarm: 1, Moderate: -1, Strong: math.NaN(), Workers: -1})
	require.ErrorIs(t, err, cluster.ErrOptions)
	for _, part := range []string{"Weights", "Alarm", "Moderate", "Workers"} {
		require.ErrorContains(t, err, part)
	}
	require.ErrorContains(t, drift(rows, &cluster.DriftOptions{Moderate: 0.3}), "more than Strong")
	spend, err := rows.Select("spend")
	require.NoError(t, err)
	require.ErrorIs(t, drift(spend, nil), table.ErrNoColumn)
	rows.Columns = append(rows.Columns, table.CategoryColumn("other", make([]string, 100)...))
	rows.Columns[4].Code[5] = 9
	require.Error(t, drift(rows, nil), "also in a column that takes no part")
	rows.Columns = rows.Columns[:4]
	rows.Columns[1].Num[3] = math.NaN()
	require.ErrorIs(t, drift(rows, nil), cluster.ErrMissing)
}
