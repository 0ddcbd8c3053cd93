package boost_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/table"
)

// draw returns a table with missing values, labels that depend on it, and weights.
func draw(seed uint64, n int) (*table.Table[int], []bool, []float64) {
	r := rand.New(rand.NewPCG(seed, 1))
	ids, labels, weights := make([]int, n), make([]bool, n), make([]float64, n)
	x, y, z := make([]float64, n), make([]float64, n), make([]float64, n)
	few, many := make([]string, n), make([]string, n)
	for i := range n {
		ids[i] = i
		x[i], y[i], z[i] = r.NormFloat64(), math.Floor(10*r.Float64()), r.ExpFloat64()
		a, b := r.IntN(3), r.IntN(12)
		few[i], many[i] = string(rune('a'+a)), string(rune('A'+b))
		f := math.Sin(2*x[i]) + 0.2*y[i] + float64(a%2) + float64(b*5%12)/6 - 2.5
		if r.IntN(6) == 0 {
			x[i] = math.NaN()
		}
		if r.IntN(8) == 0 {
			many[i], f = "", f+1
		}
		labels[i] = r.Float64() < 1/(1+math.Exp(-f))
		weights[i] = float64(1+r.IntN(3)) / 2
	}
	return &table.Table[int]{IDs: ids, Compare: cmp.Compare[int], Columns: []table.Column{
		table.NumberColumn("x", x...), table.NumberColumn("y", y...), table.NumberColumn("z", z...),
		table.CategoryColumn("few", few...), table.CategoryColumn("many", many...),
	}}, labels, weights
}

func pick[E any](values []E, rows []int) []E {
	picked := make([]E, len(rows))
	for i, row := range rows {
		picked[i] = values[row]
	}
	return picked
}

func text(t *testing.T, m *boost.Model) string {
	t.Helper()
	data, err := json.Marshal(m)
	require.NoError(t, err)
	return string(data)
}

func numbers(columns ...[]float64) *table.Table[int] {
	t := &table.Table[int]{}
	for i, values := range columns {
		t.Columns = append(t.Columns, table.NumberColumn(fmt.Sprintf("x%d", i), values...))
	}
	return t
}

// TestOneSplit: the base is the mean 3, so that G of the sides is 3 and -3 and H is 3 and 1;
// the question gains 3²/(3+2) + 3²/(1+2) and the values are half of -3/(3+2) and 3/(1+2).
func TestOneSplit(t *testing.T) {
	x := numbers([]float64{1, 2, 3, 10})
	m, err := boost.FitTarget(t.Context(), x, []float64{2, 2, 2, 6}, boost.SquaredError{}, &boost.Options{
		Rounds: 1, LearningRate: 0.5, MaxLeaves: 2, MinLeaf: 1, L2: 2,
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"version":1,"kind":"boost.Model","logistic":false,"base":3,"columns":[{"name":"x0","kind":"number"}],"trees":[[
		{"value":0,"cover":4,"ask":{"column":0,"up_to":6.5,"missing":true,"gain":4.8}},{"value":-0.3,"cover":3},{"value":0.5,"cover":1}]]}`, text(t, m))
	scores, err := boost.Scores(t.Context(), m, numbers([]float64{6.5, math.Nextafter(6.5, 7), math.NaN()}), nil)
	require.NoError(t, err)
	require.Equal(t, []float64{2.7, 3.5, 2.7}, scores)
	require.Equal(t, 1, m.Trees())
	require.Equal(t, 3.0, m.Base())
	require.InDelta(t, (0.7*0.7*3+2.5*2.5)/8, m.Report().Rounds[0].Training, 1e-15)
}

// TestLogisticLeaf: with as many true as false labels p = 1/2, g = ±1/2 and h = 1/4.
func TestLogisticLeaf(t *testing.T) {
	m, err := boost.Fit(t.Context(), numbers([]float64{1, 1, 1, 2, 2, 2}), []bool{true, false, false, true, true, false}, &boost.Options{
		Rounds: 1, LearningRate: 1, MaxLeaves: 2, MinLeaf: 3, L2: 1e-20,
	})
	require.NoError(t, err)
	require.InDelta(t, -0.5/0.75, m.LogOdds([]float64{1}), 1e-15)
	require.InDelta(t, 0.5/0.75, m.LogOdds([]float64{2}), 1e-15)
	require.InDelta(t, 1/(1+math.Exp(-0.5/0.75)), m.PredictRow([]float64{2}), 1e-15)
}

// TestSameForAnyWorkers is of enough rows and bins that all steps are shared out.
func TestSameForAnyWorkers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	tab, labels, weights := draw(1, 17_000)
	later, laterLabels, _ := draw(2, 4500)
	for i := range 8 {
		for _, t := range []*table.Table[int]{tab, later} {
			c := table.NumberColumn(fmt.Sprint(i), slices.Clone(t.Columns[2].Num)...)
			for row, x := range t.Columns[0].Num {
				c.Num[row] += math.Sin(float64(i) * x)
			}
			t.Columns = append(t.Columns, c)
		}
	}
	for name, o := range map[string]boost.Options{
		"plain":   {Rounds: 2, MaxLeaves: 16},
		"weights": {Rounds: 1, Weights: weights},
		"drawn":   {Rounds: 2, RowShare: 0.97, ColumnShare: 0.5, Later: &boost.Slice{Columns: later.Columns, Labels: laterLabels}},
	} {
		t.Run(name, func(t *testing.T) {
			var want string
			var report boost.Report
			for _, workers := range []int{1, 3, 8} {
				o.Workers = workers
				m, err := boost.Fit(t.Context(), tab, labels, &o)
				require.NoError(t, err)
				if workers == 1 {
					want, report = text(t, m), m.Report()
				}
				require.Equal(t, want, text(t, m))
				require.Equal(t, fmt.Sprint(report), fmt.Sprint(m.Report()))
			}
		})
	}
}

func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	tab, labels, weights := draw(3, 2000)
	o := boost.Options{Rounds: 10, RowShare: 0.7, Weights: weights}
	m, err := boost.Fit(t.Context(), tab, labels, &o)
	require.NoError(t, err)
	order := rand.New(rand.NewPCG(4, 4)).Perm(2000)
	o.Weights = pick(weights, order)
	other, err := boost.Fit(t.Context(), tab.Take(order), pick(labels, order), &o)
	require.NoError(t, err)
	require.Equal(t, text(t, m), text(t, other))
}

func TestWeights(t *testing.T) {
	tab, labels, _ := draw(5, 600)
	tab.IDs = nil
	var rows []int
	weights := make([]float64, 600)
	for row := range weights {
		weights[row] = float64(row % 3)
		for range row % 3 {
			rows = append(rows, row)
		}
	}
	m, err := boost.Fit(t.Context(), tab, labels, &boost.Options{Rounds: 20, Weights: weights})
	require.NoError(t, err)
	twice, err := boost.Fit(t.Context(), tab.Take(rows), pick(labels, rows), &boost.Options{Rounds: 20})
	require.NoError(t, err)
	got, err := boost.Scores(t.Context(), m, tab, nil)
	require.NoError(t, err)
	want, err := boost.Scores(t.Context(), twice, tab, nil)
	require.NoError(t, err)
	require.InDeltaSlice(t, want, got, 1e-9)
	require.InDelta(t, twice.Report().Rounds[19].Training, m.Report().Rounds[19].Training, 1e-12)

	for row := range weights { // all weights by one factor
		weights[row] *= 0.3
	}
	scaled, err := boost.Fit(t.Context(), tab, labels, &boost.Options{Rounds: 20, Weights: weights, MinLeaf: 6, MinHessian: 3e-4, L2: 0.3, LevelWeight: 3, LevelSmoothing: 3, MaxLeaves: m.Report().MaxLeaves})
	require.NoError(t, err)
	got, err = boost.Scores(t.Context(), scaled, tab, nil)
	require.NoError(t, err)
	require.InDeltaSlice(t, want, got, 1e-4)
}

// TestRisingAndFalling moves one column of random rows up, others equal.
func TestRisingAndFalling(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for seed := range uint64(3) {
		tab, labels, _ := draw(10+seed, 800)
		fit := func(o *boost.Options) *boost.Model {
			m, err := boost.Fit(t.Context(), tab, labels, o)
			require.NoError(t, err)
			return m
		}
		against := func(m *boost.Model, column int, sign float64) int {
			count := 0
			for range 1000 {
				row := []float64{2 * r.NormFloat64(), 12 * r.Float64(), 3 * r.ExpFloat64(), float64(r.IntN(4) - 1), float64(r.IntN(13) - 1)}
				before := m.LogOdds(row)
				row[column] += r.ExpFloat64()
				if sign*(m.LogOdds(row)-before) < 0 {
					count++
				}
			}
			return count
		}
		free := &boost.Options{Rounds: 12, MaxLeaves: 16, LearningRate: 0.3}
		bound := *free
		bound.Rising, bound.Falling = []string{"x", "y"}, []string{"z"}
		require.Positive(t, against(fit(free), 0, 1))
		require.Positive(t, against(fit(free), 2, -1))
		m := fit(&bound)
		for column, sign := range []float64{1, 1, -1} {
			require.Zero(t, against(m, column, sign))
		}
		require.NotZero(t, m.Importance()[0])
	}
}

func TestMissing(t *testing.T) {
	nan := math.NaN()
	o := &boost.Options{Rounds: 1, LearningRate: 1, MaxLeaves: 2, MinLeaf: 1, LevelWeight: 1}
	for _, c := range []struct {
		name   string
		x      []float64
		target []float64
		want   [3]float64 // of 0, 9 and missing
	}{
		{"with the low ones", []float64{1, 2, 5, 6, nan}, []float64{0, 0, 4, 4, 0}, [3]float64{0, 4, 0}},
		{"with the high ones", []float64{1, 2, 5, 6, nan}, []float64{0, 0, 4, 4, 4}, [3]float64{0, 4, 4}},
		{"alone", []float64{1, 2, 5, 6, nan}, []float64{1, 1, 1, 1, 9}, [3]float64{1, 1, 9}},
		{"none, more are low", []float64{1, 2, 3, 5, 6}, []float64{0, 0, 0, 4, 4}, [3]float64{0, 4, 0}},
		{"none, more are high", []float64{1, 2, 5, 6, 7}, []float64{0, 0, 4, 4, 4}, [3]float64{0, 4, 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := boost.FitTarget(t.Context(), numbers(c.x), c.target, boost.SquaredError{}, o)
			require.NoError(t, err)
			for i, x := range []float64{0, 9, nan} {
				require.InDelta(t, c.want[i], m.LogOdds([]float64{x}), 1e-12)
			}
		})
	}
	t.Run("levels", func(t *testing.T) {
		tab := &table.Table[int]{Columns: []table.Column{table.CategoryColumn("c", "a", "a", "b", "b", "", "")}}
		m, err := boost.FitTarget(t.Context(), tab, []float64{0, 0, 4, 4, 4, 4}, boost.SquaredError{}, o)
		require.NoError(t, err)
		other := &table.Table[int]{Columns: []table.Column{table.CategoryColumn("c", "", "a", "b", "new", "Z")}}
		scores, err := boost.Scores(t.Context(), m, other, nil)
		require.NoError(t, err)
		require.InDeltaSlice(t, []float64{4, 0, 4, 4, 4}, scores, 1e-12)
		require.Equal(t, -1.0, m.Code(0, "new"))
		require.InDelta(t, 4, m.LogOdds([]float64{m.Code(0, "new")}), 1e-12)
	})
}

// TestLevelsEqualBruteForce compares the gain of the best question with that of all sets of
// levels: for many levels without smoothing or L2, for few always.
func TestLevelsEqualBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for trial := range 60 {
		levels, l2 := 2+r.IntN(8), 0.0
		if levels <= 4 {
			l2 = 3
		}
		n := 80
		codes, target := make([]int32, n), make([]float64, n)
		names := make([]string, levels)
		for i := range names {
			names[i] = string(rune('a' + i))
		}
		mean := 0.0
		for row := range n {
			codes[row], target[row] = int32(r.IntN(levels+trial%2)-trial%2), math.Floor(20*r.Float64())
			mean += target[row] / float64(n)
		}
		best := 0.0
		for set := range 1 << (levels + 1) {
			var g, h [2]float64
			for row, code := range codes {
				side := set >> (code + 1) & 1
				g[side] += mean - target[row]
				h[side]++
			}
			if min(h[0], h[1]) > 0 {
				best = max(best, g[0]*g[0]/(h[0]+l2)+g[1]*g[1]/(h[1]+l2))
			}
		}
		tab := &table.Table[int]{Columns: []table.Column{{Name: "c", Kind: table.Category, Code: codes, Levels: names}}}
		m, err := boost.FitTarget(t.Context(), tab, target, boost.SquaredError{}, &boost.Options{
			Rounds: 1, MaxLeaves: 2, MinLeaf: 1, LevelWeight: 1, LevelSmoothing: 1e-12, L2: l2,
		})
		require.NoError(t, err)
		var read struct {
			Trees [][]struct{ Ask struct{ Gain float64 } }
		}
		require.NoError(t, json.Unmarshal([]byte(text(t, m)), &read))
		if trial%2 == 1 && levels > 4 { // missing values are tried on both sides of an order, so not as a level
			require.LessOrEqual(t, read.Trees[0][0].Ask.Gain, best*(1+1e-9))
			require.Greater(t, read.Trees[0][0].Ask.Gain, 0.9*best)
		} else {
			require.InEpsilon(t, best, read.Trees[0][0].Ask.Gain, 1e-9)
		}
	}
}

func TestLater(t *testing.T) {
	tab, labels, _ := draw(8, 800)
	later, truth, weights := draw(9, 800)
	slices.Reverse(later.Columns)
	o := &boost.Options{LearningRate: 0.3, MaxLeaves: 16, Patience: 15, Later: &boost.Slice{Columns: later.Columns, Labels: truth, Weights: weights}}
	calls := 0
	o.Progress = func(done, total int64) {
		calls++
		require.EqualValues(t, calls, done)
		require.EqualValues(t, 1000, total)
	}
	m, err := boost.Fit(t.Context(), tab, labels, o)
	require.NoError(t, err)
	r := m.Report()
	require.Equal(t, boost.StopPatience, r.Stop)
	require.Len(t, r.Rounds, r.Best+15)
	require.Len(t, r.Rounds, calls)
	require.Equal(t, r.Best, m.Trees())
	for round, l := range r.Rounds {
		require.GreaterOrEqual(t, l.Later, r.Rounds[r.Best-1].Later)
		require.True(t, round == 0 || l.Training < r.Rounds[round-1].Training)
	}
	p, err := boost.Predict(t.Context(), m, later, nil)
	require.NoError(t, err)
	sum, total := 0.0, 0.0
	for row, w := range weights {
		total += w
		if q := p[row]; truth[row] {
			sum -= w * math.Log(q)
		} else {
			sum -= w * math.Log(1-q)
		}
	}
	require.InDelta(t, sum/total, r.Rounds[r.Best-1].Later, 1e-12)
	o.Later, o.Patience, o.Rounds, o.Progress = nil, 0, r.Best, nil
	same, err := boost.Fit(t.Context(), tab, labels, o)
	require.NoError(t, err)
	require.Equal(t, text(t, same), text(t, m))
}

func TestPredictByName(t *testing.T) {
	tab, labels, _ := draw(21, 1000)
	m, err := boost.Fit(t.Context(), tab, labels, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"x", "y", "z", "few", "many"}, m.Columns())
	want, err := boost.Predict(t.Context(), m, tab, &boost.PredictOptions{Workers: 1})
	require.NoError(t, err)
	other := &table.Table[int]{Columns: slices.Clone(tab.Columns)}
	slices.Reverse(other.Columns)
	c := &other.Columns[0] // many, with its levels the other way round
	c.Levels, c.Code = slices.Clone(c.Levels), slices.Clone(c.Code)
	slices.Reverse(c.Levels)
	for i, code := range c.Code {
		if code >= 0 {
			c.Code[i] = int32(len(c.Levels)) - 1 - code
		}
	}
	got, err := boost.Predict(t.Context(), m, other, &boost.PredictOptions{Workers: 3})
	require.NoError(t, err)
	require.Equal(t, want, got)
	for i := range 1000 {
		row := []float64{tab.Columns[0].Num[i], tab.Columns[1].Num[i], tab.Columns[2].Num[i], math.NaN(), math.NaN()}
		for k := 3; k < 5; k++ {
			if level := tab.Columns[k].Level(i); level != "" {
				row[k] = m.Code(k, level)
			}
		}
		require.Equal(t, want[i], m.PredictRow(row))
	}
	_, err = boost.Predict(t.Context(), m, tab, &boost.PredictOptions{Workers: -1})
	require.ErrorIs(t, err, boost.ErrOptions)
	require.ErrorContains(t, err, "PredictOptions.Workers is negative")
	_, err = boost.Predict(t.Context(), m, numbers([]float64{1}), nil)
	require.ErrorIs(t, err, boost.ErrColumn)
	require.Panics(t, func() { m.LogOdds(make([]float64, 4)) })
	row := make([]float64, 5)
	require.Zero(t, testing.AllocsPerRun(10, func() { m.PredictRow(row) }))
}

func TestNothingToLearn(t *testing.T) {
	for name, tab := range map[string]*table.Table[int]{
		"no columns":     {IDs: []int{1, 2, 3, 4}},
		"a constant":     numbers([]float64{1, 1, 1, 1}),
		"all missing":    numbers([]float64{math.NaN(), math.NaN(), math.NaN(), math.NaN()}),
		"too few a leaf": numbers([]float64{1, 2, 3, 4}),
	} {
		t.Run(name, func(t *testing.T) {
			m, err := boost.Fit(t.Context(), tab, []bool{true, false, true, true}, nil)
			require.NoError(t, err)
			require.Equal(t, boost.StopNothing, m.Report().Stop)
			p, err := boost.Predict(t.Context(), m, tab, nil)
			require.NoError(t, err)
			require.InDeltaSlice(t, []float64{0.75, 0.75, 0.75, 0.75}, p, 1e-15)
			var read boost.Model
			require.NoError(t, json.Unmarshal([]byte(text(t, m)), &read))
		})
	}
}

func TestErrors(t *testing.T) {
	tab, labels, _ := draw(30, 50)
	fit := func(o *boost.Options) error {
		_, err := boost.Fit(t.Context(), tab, labels, o)
		return err
	}
	zero := make([]float64, 50)
	require.ErrorIs(t, fit(&boost.Options{Weights: zero}), boost.ErrNoRows)
	require.ErrorIs(t, fit(&boost.Options{Weights: zero[1:]}), boost.ErrLength)
	require.ErrorIs(t, fit(&boost.Options{Rising: []string{"few"}}), boost.ErrColumn)
	require.ErrorIs(t, fit(&boost.Options{Later: &boost.Slice{Labels: labels}}), boost.ErrNoRows)
	require.ErrorIs(t, fit(&boost.Options{Later: &boost.Slice{Columns: tab.Columns, Labels: labels[1:]}}), boost.ErrLength)
	require.ErrorIs(t, fit(&boost.Options{Later: &boost.Slice{Columns: tab.Columns[:2], Labels: labels}}), boost.ErrColumn)
	require.ErrorIs(t, fit(&boost.Options{Later: &boost.Slice{Columns: tab.Columns, Labels: labels, Weights: zero}}), boost.ErrNoRows)
	require.ErrorIs(t, fit(&boost.Options{Later: &boost.Slice{Columns: tab.Columns, Target: zero}}), boost.ErrLength)
	both := &boost.Options{Later: &boost.Slice{Columns: tab.Columns, Labels: labels, Target: zero}}
	require.ErrorIs(t, fit(both), boost.ErrLength)
	_, err := boost.FitTarget(t.Context(), tab, zero, boost.SquaredError{}, both)
	require.ErrorIs(t, err, boost.ErrLength)
	for range 20 { // names before labels, and those of Rising first
		_, err = boost.Fit(t.Context(), tab, make([]bool, 50), &boost.Options{Falling: []string{"q"}, Rising: []string{"p"}})
		require.ErrorContains(t, err, `"p"`)
	}
	_, err = boost.Fit(t.Context(), tab, make([]bool, 50), nil)
	require.Equal(t, boost.ErrOneClass, err)
	_, err = boost.Fit(t.Context(), tab, labels[1:], nil)
	require.ErrorIs(t, err, boost.ErrLength)
	zero[7] = math.NaN()
	_, err = boost.FitTarget(t.Context(), tab, zero, boost.SquaredError{}, nil)
	require.ErrorIs(t, err, boost.ErrTarget)
	require.ErrorContains(t, err, "row 7")
	var fault *table.Fault
	_, err = boost.Fit(t.Context(), numbers([]float64{math.Inf(1)}), []bool{true}, nil)
	require.ErrorAs(t, err, &fault)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = boost.Fit(ctx, tab, labels, nil)
	require.ErrorIs(t, err, context.Canceled)

	err = (&boost.Options{
		Rounds: -1, LearningRate: 2, MaxLeaves: 1, MaxDepth: -1, MinLeaf: -1, MinHessian: math.NaN(), MinGain: math.Inf(1), L2: -1, Bins: 256,
		RowShare: -1, ColumnShare: 3, LevelWeight: -1, LevelSmoothing: -1, Patience: 3, Workers: -1, Rising: []string{"a"}, Falling: []string{"a"}, Weights: []float64{-1},
	}).Validate()
	require.ErrorIs(t, err, boost.ErrOptions)
	for _, name := range []string{
		"Rounds", "LearningRate", "MaxLeaves", "MaxDepth", "MinLeaf", "MinHessian", "MinGain", "L2", "Bins",
		"RowShare", "ColumnShare", "LevelWeight", "LevelSmoothing", "Patience", "Workers", `"a"`, "row 0",
	} {
		require.ErrorContains(t, err, name)
	}
	require.NoError(t, (*boost.Options)(nil).Validate())
	require.NoError(t, (&boost.Options{}).Validate())
}

func TestStop(t *testing.T) {
	for s, name := range []string{"rounds", "patience", "nothing"} {
		data, err := boost.Stop(s).MarshalText()
		require.NoError(t, err)
		require.Equal(t, name, string(data))
		require.Equal(t, name, boost.Stop(s).String())
		var read boost.Stop
		require.NoError(t, read.UnmarshalText(data))
		require.Equal(t, boost.Stop(s), read)
	}
}
