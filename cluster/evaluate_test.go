package cluster

import (
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// evaluateTable has points about 4 centres and a category that goes with them, by ids that
// do not ascend.
func evaluateTable(n int) *table.Table[int] {
	random := rand.New(rand.NewPCG(1, 5))
	points, label := labelledPoints(random, n, 3, 4)
	t := &table.Table[int]{IDs: random.Perm(n), Compare: cmp.Compare[int]}
	for j, name := range []string{"a", "b", "c"} {
		values := make([]float64, n)
		for i := range values {
			values[i] = points[i][j]
		}
		t.Columns = append(t.Columns, table.NumberColumn(name, values...))
	}
	levels := make([]string, n)
	for i, g := range label {
		levels[i] = []string{"w", "x", "y", "z", "w"}[int(g)+random.IntN(2)]
	}
	t.Columns = append(t.Columns, table.CategoryColumn("level", levels...))
	return t
}

func TestWardThroughFit(t *testing.T) {
	data := evaluateTable(600)
	for _, leaves := range []int{0, 50} {
		o := &Options{K: 5, Method: Ward, Leaves: leaves}
		fitted, err := Fit(t.Context(), data, o)
		require.NoError(t, err)
		again, err := Assign(t.Context(), fitted.Model, data)
		require.NoError(t, err)
		require.Equal(t, fitted.Labels, again.Labels)
		require.Equal(t, fitted.Distances, again.Distances)
		for _, k := range []int{1, 3, 5, 50} {
			want, err := Fit(t.Context(), data, &Options{K: k, Method: Ward, Leaves: leaves})
			require.NoError(t, err)
			cut, err := fitted.Model.Cut(k)
			require.NoError(t, err)
			wantJSON, err := json.Marshal(want.Model)
			require.NoError(t, err)
			cutJSON, err := json.Marshal(cut)
			require.NoError(t, err)
			require.JSONEq(t, string(wantJSON), string(cutJSON))
			var back Model
			require.NoError(t, json.Unmarshal(cutJSON, &back))
			labels, err := Assign(t.Context(), &back, data)
			require.NoError(t, err)
			require.Equal(t, want.Labels, labels.Labels)
		}
	}
}

func TestEvaluateOfPermutedRows(t *testing.T) {
	data := evaluateTable(400)
	permuted := data.Take(rand.New(rand.NewPCG(2, 5)).Perm(400))
	for _, method := range []Method{KMeans, Trimmed, Ward} {
		fitted, err := Fit(t.Context(), data, &Options{K: 4, Method: method})
		require.NoError(t, err)
		for _, sample := range []int{0, 150} {
			a, err := Evaluate(t.Context(), fitted.Model, data, &EvaluateOptions{Sample: sample, Workers: 1})
			require.NoError(t, err)
			b, err := Evaluate(t.Context(), fitted.Model, permuted, &EvaluateOptions{Sample: sample, Workers: 3})
			require.NoError(t, err)
			require.Equal(t, sample > 0, a.Rows == nil)
			require.Equal(t, sample > 0, a.SilhouetteError > 0)
			byID := map[int]float64{}
			for i, x := range a.Rows {
				byID[data.IDs[i]] = x
			}
			for i, x := range b.Rows {
				require.Equal(t, byID[permuted.IDs[i]], x)
			}
			a.Rows, b.Rows = nil, nil
			require.Equal(t, a, b)
			if method == Ward {
				require.InEpsilon(t, fitted.Model.Report().Inertia, a.Inertia, 1e-9)
			}
			_, err = json.Marshal(a)
			require.NoError(t, err)
		}
	}
}

func TestEvaluateLeavesOutliersOut(t *testing.T) {
	data := evaluateTable(300)
	fitted, err := Fit(t.Context(), data, &Options{K: 4, Method: Trimmed, Trim: 0.1})
	require.NoError(t, err)
	all, err := Evaluate(t.Context(), fitted.Model, data, nil)
	require.NoError(t, err)
	weights := make([]float64, 300)
	var kept []int
	for i, out := range fitted.Outlier {
		if !out {
			weights[i] = 1
			kept = append(kept, i)
		}
	}
	require.Less(t, len(kept), 300)
	weighted, err := Evaluate(t.Context(), fitted.Model, data, &EvaluateOptions{Weights: weights})
	require.NoError(t, err)
	require.Equal(t, all, weighted)
	part, err := Evaluate(t.Context(), fitted.Model, data.Take(kept), nil)
	require.NoError(t, err)
	require.InDelta(t, all.Silhouette, part.Silhouette, 1e-12)
	require.InEpsilon(t, all.CalinskiHarabasz, part.CalinskiHarabasz, 1e-12)
}

func TestEmbeddedRowsHaveTheDistancesOfPrototypes(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	r := wardRows(randomPoints(random, 300, 2), nil)
	r.levels, r.costs = []int{3, 4}, []float64{2, 0.5}
	for _, levels := range r.levels {
		codes := make([]int32, r.n)
		for i := range codes {
			codes[i] = random.Int32N(int32(levels + 1)) // one the fit did not know
		}
		r.codes = append(r.codes, codes)
	}
	const gamma = 1.5
	e := r.embedded(gamma)
	p, q := make([]float64, r.d), make([]float64, r.d)
	x, y := make([]float64, e.d), make([]float64, e.d)
	for range 200 {
		i, j := random.IntN(r.n), random.IntN(r.n)
		r.row(p, i)
		r.row(q, j)
		e.row(x, i)
		e.row(y, j)
		want := squaredDistance(p, q)
		for c, codes := range r.codes {
			if codes[i] != codes[j] {
				want += gamma * r.costs[c]
			}
		}
		require.InDelta(t, want, squaredDistance(x, y), 1e-12*want)
	}
}

func TestIndicesToJSON(t *testing.T) {
	data, err := json.Marshal(&Indices{Inertia: 2, CalinskiHarabasz: math.NaN(), DaviesBouldin: math.Inf(1), Groups: []float64{0}})
	require.NoError(t, err)
	require.JSONEq(t, `{"inertia":2,"simplified":0,"silhouette":0,"silhouette_error":0,"groups":[0]}`, string(data))
	data, err = json.Marshal(Indices{CalinskiHarabasz: 1.5, DaviesBouldin: 0.5, Rows: []float64{1}})
	require.NoError(t, err)
	require.JSONEq(t, `{"inertia":0,"calinski_harabasz":1.5,"davies_bouldin":0.5,"simplified":0,"silhouette":0,"silhouette_error":0,"groups":null,"rows":[1]}`, string(data))
}

func TestEvaluateRefuses(t *testing.T) {
	data := evaluateTable(50)
	fitted, err := Fit(t.Context(), data, &Options{K: 2, Method: Ward})
	require.NoError(t, err)
	for name, o := range map[string]*EvaluateOptions{
		"a negative sample":   {Sample: -1},
		"a negative weight":   {Weights: append(make([]float64, 49), -1)},
		"a weight of NaN":     {Weights: append(make([]float64, 49), math.NaN())},
		"an infinite weight":  {Weights: append(make([]float64, 49), math.Inf(1))},
		"weights of 0":        {Weights: make([]float64, 50)},
		"too few weights":     {Weights: []float64{1}},
		"no weights but some": {Weights: []float64{}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Evaluate(t.Context(), fitted.Model, data, o)
			require.Error(t, err)
		})
	}
	_, err = Evaluate(t.Context(), fitted.Model, &table.Table[int]{Columns: data.Columns[:2]}, nil)
	require.ErrorIs(t, err, table.ErrNoColumn)
}
