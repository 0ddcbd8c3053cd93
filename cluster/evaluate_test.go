package cluster

import (
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/nearest"
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
		again, err := Assign(t.Context(), fitted.Model, data, nil)
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
			labels, err := Assign(t.Context(), &back, data, nil)
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
	for i, out := range fitted.Outliers {
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

// evaluateRows are rows with two category columns, of which the fit did not know every
// code, and d numbers.
func evaluateRows(random *rand.Rand, n, d, k int) (r *rows, label []int32) {
	points, label := labelledPoints(random, n, max(1, d), k)
	r = wardRows(points, nil)
	if d == 0 {
		r = newRows(n, 0)
	}
	r.levels, r.costs = []int{3, 40}, []float64{2, 0.5}
	for c, levels := range r.levels {
		codes := make([]int32, n)
		for i := range codes {
			codes[i] = random.Int32N(int32(levels + 1))
			if c == 0 && random.IntN(3) > 0 {
				codes[i] = label[i] % 4
			}
		}
		r.codes = append(r.codes, codes)
	}
	return r, label
}

// embedded returns rows whose squared distances are those of r and gamma times the costs of
// the codes in which two rows differ: each code becomes an indicator for each of its
// levels, and one for those that no row of the fit had.
func (r *rows) embedded(gamma float64) *rows {
	if len(r.codes) == 0 {
		return r
	}
	d := r.d
	for _, levels := range r.levels {
		d += levels + 1
	}
	e := newRows(r.n, d)
	e.weight, e.total, e.order = r.weight, r.total, r.order
	for i := range r.n {
		b, at := i/nearest.Block, i%nearest.Block
		from, to := r.block(b), e.block(b)
		for j := range r.d {
			to[j*nearest.Block+at] = from[j*nearest.Block+at]
		}
		first := r.d
		for c, codes := range r.codes {
			to[(first+int(codes[i]))*nearest.Block+at] = math.Sqrt(gamma * r.costs[c] / 2)
			first += r.levels[c] + 1
		}
	}
	return e
}

// The indices of codes are those of a row in which each code is an indicator.
func TestEvaluateEqualsThatOfEmbeddedRows(t *testing.T) {
	const gamma = 1.5
	random := rand.New(rand.NewPCG(3, 5))
	for round := range 24 {
		n, d, k := 20+random.IntN(500), random.IntN(3), 1+random.IntN(5)
		r, label := evaluateRows(random, n, d, k)
		switch round % 4 {
		case 1:
			r.weight = make([]float64, n)
			for i := range r.weight {
				r.weight[i] = float64(random.IntN(4)) * random.Float64()
			}
		case 2: // groups of one code each
			for i, g := range label {
				r.codes[0][i], r.codes[1][i] = g%4, g
			}
		case 3: // and one row that has another
			for i := range label {
				r.codes[1][i] = 7
			}
			r.codes[1][n/2] = 40
		}
		for _, sample := range []int{n, n / 2} {
			want, err := evaluate(t.Context(), r.embedded(gamma), 0, label, k+1, sample, 1, 2)
			require.NoError(t, err)
			got, err := evaluate(t.Context(), r, gamma, label, k+1, sample, 1, 2)
			require.NoError(t, err)
			requireClose(t, want.Groups, got.Groups, 1e-9)
			require.Equal(t, want.Rows == nil, got.Rows == nil)
			requireClose(t, want.Rows, got.Rows, 1e-9)
			requireClose(t, figuresOf(want), figuresOf(got), 1e-9)
		}
	}
}

// figuresOf has those of the whole table, in place of infinity and what is no number
// others that are not among them.
func figuresOf(x *Indices) []float64 {
	figures := []float64{x.Inertia, x.CalinskiHarabasz, x.DaviesBouldin, x.Simplified, x.Silhouette, x.SilhouetteError}
	for i, v := range figures {
		switch {
		case math.IsNaN(v):
			figures[i] = -100
		case math.IsInf(v, 0) || v > 1e12:
			figures[i] = -200
		}
	}
	return figures
}

// A level costs memory once a group, not once a row.
func TestEvaluateOfManyLevels(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 5))
	const n, levels = 4000, 1000
	r, label := evaluateRows(random, n, 1, 3)
	r.levels[1] = levels
	for i := range r.codes[1] {
		r.codes[1][i] = random.Int32N(levels)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := evaluate(t.Context(), r, 1, label, 3, 500, 1, 1)
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(n*levels), "an eighth of a number for each row and level")
}

func TestZeroModelReturnsErrors(t *testing.T) {
	data := evaluateTable(20)
	for name, call := range map[string]func(m *Model) error{
		"Assign":        func(m *Model) error { _, err := Assign(t.Context(), m, data, nil); return err },
		"AssignRow":     func(m *Model) error { _, err := m.AssignRow(nil, nil); return err },
		"Evaluate":      func(m *Model) error { _, err := Evaluate(t.Context(), m, data, nil); return err },
		"Memberships":   func(m *Model) error { _, err := Memberships(t.Context(), m, data); return err },
		"MembershipRow": func(m *Model) error { return m.MembershipRow(nil, nil, nil) },
		"Drift":         func(m *Model) error { _, err := Drift(t.Context(), m, data, nil); return err },
		"Refit":         func(m *Model) error { _, err := Refit(t.Context(), m, data, nil); return err },
		"Relearn": func(m *Model) error {
			_, err := Refit(t.Context(), m, data, &RefitOptions{Relearn: true})
			return err
		},
		"Cut": func(m *Model) error { _, err := m.Cut(1); return err },
	} {
		t.Run(name, func(t *testing.T) {
			require.NotPanics(t, func() {
				require.ErrorContains(t, call(new(Model)), "cluster:")
			})
		})
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
		"negative workers":    {Workers: -3},
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
