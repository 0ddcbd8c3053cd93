package cluster_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

// driftModel is a model of a shop in which country takes no part.
func driftModel(t *testing.T) *cluster.Model {
	t.Helper()
	rows, _ := refitShop(20, 4000, 0, true, 4, 3, 2, 1)
	driftCountry(rows, 21, 0.5)
	result, err := cluster.Fit(t.Context(), rows, &cluster.Options{K: 4, Columns: map[string]cluster.Preparation{
		"country": {Ignore: true}, "spend": {Missing: cluster.Impute}, "favourite": {Missing: cluster.Impute},
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
		verdict cluster.Drifted
		worst   string
		check   func(t *testing.T, r *cluster.DriftReport)
	}{
		{name: "nothing"},
		{
			name: "spend up", verdict: cluster.Strong, worst: "spend",
			change: func(rows *table.Table[int]) {
				for i := range rows.Columns[0].Num {
					rows.Columns[0].Num[i] += 70
				}
			},
			check: func(t *testing.T, r *cluster.DriftReport) {
				require.Equal(t, cluster.Strong, r.Distances.Verdict)
				require.Greater(t, r.Far, 3*r.FarBefore)
			},
		},
		{
			name: "spend often missing", verdict: cluster.Strong, worst: "spend",
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
			name: "toys become games", verdict: cluster.Strong, worst: "favourite",
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
			name: "more Germans", verdict: cluster.Moderate, worst: "country",
			change: func(rows *table.Table[int]) {
				rows.Columns = rows.Columns[:3]
				driftCountry(rows, 22, 0.7)
			},
			check: func(t *testing.T, r *cluster.DriftReport) {
				require.Empty(t, driftColumn(t, r, "country").NewLevels)
				for _, s := range r.Columns[1:] {
					require.Equal(t, cluster.Steady, s.Verdict)
				}
			},
		},
		{
			name:   "country is gone, which took no part",
			change: func(rows *table.Table[int]) { rows.Columns = rows.Columns[:3] },
			check:  func(t *testing.T, r *cluster.DriftReport) { require.Len(t, r.Columns, 3) },
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
	r, err := cluster.Drift(t.Context(), m, rows, nil)
	require.NoError(t, err)
	require.Equal(t, cluster.Strong, r.Shares.Verdict)
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
			if r.Verdict != cluster.Steady {
				alarms++
			}
			if r, err = cluster.Drift(t.Context(), m, rows, nil); err != nil || r.Verdict != cluster.Steady {
				moderate++
			}
		}
		t.Logf("%d rows: %d of %d reports with an alarm of %g, %d by default", n, alarms, rounds, alarm, moderate)
		require.LessOrEqual(t, float64(alarms)/rounds, alarm+0.04)
		require.LessOrEqual(t, moderate, 4)
	}
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
	drift := func(rows *table.Table[int], o *cluster.DriftOptions) error {
		_, err := cluster.Drift(t.Context(), m, rows, o)
		return err
	}
	require.NoError(t, drift(rows, &cluster.DriftOptions{}))
	require.Equal(t, cluster.ErrNoRows, drift(rows.Take(nil), nil))
	require.ErrorContains(t, drift(rows, &cluster.DriftOptions{Weights: make([]float64, 3)}), "all 0")
	require.ErrorContains(t, drift(rows, &cluster.DriftOptions{Weights: []float64{1}}), "Weights are 1")
	err := drift(rows, &cluster.DriftOptions{Weights: []float64{math.NaN()}, Alarm: 1, Moderate: -1, Strong: math.NaN(), Workers: -1})
	for _, part := range []string{"Weights", "Alarm", "Moderate", "Workers"} {
		require.ErrorContains(t, err, part)
	}
	require.ErrorContains(t, drift(rows, &cluster.DriftOptions{Moderate: 0.3}), "more than Strong")
	spend, err := rows.Select("spend")
	require.NoError(t, err)
	require.ErrorIs(t, drift(spend, nil), table.ErrNoColumn)
	driftCountry(rows, 30, 0.5)
	rows.Columns[3].Code[5] = 9
	require.Error(t, drift(rows, nil), "also in a column that takes no part")
	rows.Columns = rows.Columns[:3]
	rows.Columns[1].Num[3] = math.NaN()
	require.ErrorIs(t, drift(rows, nil), cluster.ErrMissing)
}
