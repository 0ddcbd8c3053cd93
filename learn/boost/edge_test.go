package boost_test

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/table"
)

// TestRareLabels: a flag that is true for some positives and one negative. The log-odds of its
// rows must come near those of the share, 25 of 26 or 2500 of 2600, and not run away, for which
// L2 alone is enough with few rows and not with many.
func TestRareLabels(t *testing.T) {
	for name, times := range map[string]int{"few": 1, "many": 100} {
		t.Run(name, func(t *testing.T) {
			n := 1000 // rows of weight 100·times make up for the others
			flag, labels, weights := make([]float64, n), make([]bool, n), make([]float64, n)
			for i := range n {
				weights[i] = float64(100 * times)
				if i < 61 {
					weights[i] = float64(times)
				}
				labels[i] = i < 60
				if i < 25 || i == 60 {
					flag[i] = 1
				}
			}
			m, err := boost.Fit(t.Context(), numbers(flag), labels, &boost.Options{Weights: weights})
			require.NoError(t, err)
			p := m.PredictRow([]float64{1})
			require.Greater(t, p, 0.5)
			require.Less(t, p, 25.0/26+0.01)
			r := m.Report()
			for i, l := range r.Rounds {
				before := r.Start.Training
				if i > 0 {
					before = r.Rounds[i-1].Training
				}
				require.Less(t, l.Training, before)
			}
		})
	}
}

// TestLightRows: 2000 rows of weight 1 beside 50 of 20 million, which are whole numbers or
// not.
func TestLightRows(t *testing.T) {
	for name, factor := range map[string]float64{"whole": 1, "not whole": 1.0000001} {
		t.Run(name, func(t *testing.T) {
			n := 2050
			w, x, labels := make([]float64, n), make([]float64, n), make([]bool, n)
			for i := range n {
				switch {
				case i < 50:
					w[i], x[i], labels[i] = 2e7*factor, 0, i%2 == 0
				case i < 1050:
					w[i], x[i], labels[i] = factor, 1, i%20 == 0
				default:
					w[i], x[i], labels[i] = factor, 2, i%5 == 0
				}
			}
			m, err := boost.Fit(t.Context(), numbers(x), labels, &boost.Options{Weights: w, Rounds: 60, LearningRate: 0.2, MaxLeaves: 4})
			require.NoError(t, err)
			require.InDelta(t, 0.5, m.PredictRow([]float64{0}), 0.001)
			require.InDelta(t, 0.05, m.PredictRow([]float64{1}), 0.005)
			require.InDelta(t, 0.2, m.PredictRow([]float64{2}), 0.01)
		})
	}
}

// TestMinLeafIsExact where weights are whole numbers.
func TestMinLeafIsExact(t *testing.T) {
	x := make([]float64, 40_000)
	for i := range 19_998 {
		x[i] = 1
	}
	for least, trees := range map[float64]int{20_000: 0, 19_998: 1} {
		m, err := boost.FitTarget(t.Context(), numbers(x), x, boost.SquaredError{}, &boost.Options{Rounds: 1, MinLeaf: least})
		require.NoError(t, err)
		require.Equal(t, trees, m.Trees())
	}
}

// TestKnownOrNot: the question whether a value is known has no direction, and a value that its
// node has not seen is known.
func TestKnownOrNot(t *testing.T) {
	nan := math.NaN()
	o := boost.Options{Rounds: 1, LearningRate: 1, MaxLeaves: 8, MinLeaf: 1}
	for name, change := range map[string]func(*boost.Options){
		"rising": func(o *boost.Options) { o.Rising = []string{"x0"} }, "falling": func(o *boost.Options) { o.Falling = []string{"x0"} },
	} {
		for _, high := range []float64{0, 1} {
			t.Run(name, func(t *testing.T) {
				o := o
				change(&o)
				m, err := boost.FitTarget(t.Context(), numbers([]float64{1, nan, 1, nan}), []float64{high, 1 - high, high, 1 - high}, boost.SquaredError{}, &o)
				require.NoError(t, err)
				require.Equal(t, high, m.LogOdds([]float64{1}))
				require.Equal(t, 1-high, m.LogOdds([]float64{nan}))
			})
		}
	}
	t.Run("values not seen", func(t *testing.T) {
		m, err := boost.FitTarget(t.Context(), numbers([]float64{0, 0, 0, 0, 1, 1, 1, 1}, []float64{1, 5, 8, 9, 1, 2, nan, nan}),
			[]float64{50, 50, 50, 50, 0, 0, 1, 1}, boost.SquaredError{}, &o)
		require.NoError(t, err)
		require.InDelta(t, 0, m.LogOdds([]float64{1, 9}), 1e-12)
		require.InDelta(t, 1, m.LogOdds([]float64{1, nan}), 1e-12)
	})
}

// TestFaultyRows: rows are those of the caller, whatever their order and weights.
func TestFaultyRows(t *testing.T) {
	tab := numbers([]float64{1, 2, 3, 4})
	tab.IDs, tab.Compare = []int{4, 3, 2, 1}, cmp.Compare[int]
	target := []float64{0, 1, 0, 1e51}
	for _, objective := range []boost.Objective{boost.Logistic{}, boost.SquaredError{}, &boost.SquaredError{}} {
		_, err := boost.FitTarget(t.Context(), tab, target, objective, &boost.Options{Weights: []float64{0, 1, 1, 1}})
		require.ErrorIs(t, err, boost.ErrTarget)
		require.ErrorContains(t, err, "row 3")
		o := &boost.Options{Later: &boost.Slice{Columns: tab.Columns, Target: target, Weights: []float64{0, 1, 1, 1}}}
		_, err = boost.FitTarget(t.Context(), tab, []float64{0, 1, 0, 1}, objective, o)
		require.ErrorIs(t, err, boost.ErrTarget)
		require.ErrorContains(t, err, "row 3")
		require.ErrorContains(t, err, "Later")
		o.Later.Weights = []float64{1, 1, 1, 0} // a row of weight 0 may be anything
		_, err = boost.FitTarget(t.Context(), tab, []float64{0, 1, 0, 1}, objective, o)
		require.NoError(t, err)
	}
}

// faulty is a squared error with a fault.
type faulty struct {
	boost.SquaredError
	start, hessian, loss float64
}

func (f faulty) Start([]float64, []float64) (float64, error) { return f.start, nil }

func (f faulty) Gradients(gradient, hessian, raw, target []float64) {
	f.SquaredError.Gradients(gradient, hessian, raw, target)
	for i := range hessian {
		hessian[i] *= f.hessian
	}
}

func (f faulty) Loss(raw, target, weight []float64) float64 {
	return f.loss * f.SquaredError.Loss(raw, target, weight)
}

func TestFaultyObjective(t *testing.T) {
	x := numbers([]float64{1, 2, 3, 4})
	target := []float64{1, 2, 3, 1e50}
	for name, f := range map[string]faulty{
		"start":    {start: math.Inf(-1), hessian: 1, loss: 1},
		"hessian":  {hessian: -1, loss: 1},
		"infinite": {hessian: math.Inf(1), loss: 1},
		"loss":     {hessian: 1, loss: math.NaN()},
		"no loss":  {hessian: 1, loss: math.Inf(1)},
		"leaf":     {hessian: 1e-30, loss: 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := boost.FitTarget(t.Context(), x, target, f, &boost.Options{MinLeaf: 1, L2: 1e-30, MinHessian: 1e-31})
			require.ErrorIs(t, err, boost.ErrObjective)
		})
	}
	m, err := boost.FitTarget(t.Context(), x, target, boost.SquaredError{}, &boost.Options{MinLeaf: 1})
	require.NoError(t, err)
	var read boost.Model
	require.NoError(t, json.Unmarshal([]byte(text(t, m)), &read))
	_, err = boost.Permutation(t.Context(), m, x, make([]bool, 4), nil)
	require.ErrorContains(t, err, "log-odds")
}

// rowScaled is half of s(y-F)², where s is 1 for whole targets and otherwise scale.
type rowScaled struct{ scale float64 }

func (rowScaled) Start([]float64, []float64) (float64, error) { return 0, nil }

func (o rowScaled) Gradients(gradient, hessian, raw, target []float64) {
	for i, f := range raw {
		y := math.Floor(target[i])
		if hessian[i] = o.scale; target[i] == y {
			hessian[i] = 1
		}
		gradient[i] = hessian[i] * (f - y)
	}
}

func (rowScaled) Loss(_, _, _ []float64) float64 { return 0 }

// TestSmallHessians: each of a million rows has less than half a unit of what hessians are
// rounded to, because of a few rows of which it is much larger.
func TestSmallHessians(t *testing.T) {
	x, y := make([]float64, 1<<20), make([]float64, 1<<20)
	for i := 100; i < len(x); i++ {
		x[i], y[i] = float64(1+i%2), float64(i%2)+0.5
	}
	m, err := boost.FitTarget(t.Context(), numbers(x), y, rowScaled{2e-7}, &boost.Options{Rounds: 1, LearningRate: 1, L2: 1e-12})
	require.NoError(t, err)
	for value, want := range []float64{0, 0, 1} {
		require.InDelta(t, want, m.LogOdds([]float64{float64(value)}), 1e-3)
	}
}

// TestHugeSums: weights and derivatives that are each within bounds, but not their sums.
func TestHugeSums(t *testing.T) {
	x, y, w := make([]float64, 100), make([]float64, 100), slices.Repeat([]float64{1e50}, 100)
	for i := range x {
		x[i], y[i] = float64(i%2), float64(i%2)+0.5
	}
	fit := func(scale float64) (*boost.Model, error) {
		return boost.FitTarget(t.Context(), numbers(x), y, rowScaled{scale}, &boost.Options{Rounds: 1, LearningRate: 1, L2: 1e-12, Weights: w})
	}
	m, err := fit(1e30)
	require.NoError(t, err)
	require.InDelta(t, 1, m.LogOdds([]float64{1}), 1e-6)
	_, err = fit(1e55)
	require.ErrorIs(t, err, boost.ErrObjective)
}

// TestPointers to objectives are as the objectives.
func TestPointers(t *testing.T) {
	tab, labels, _ := draw(50, 300)
	target := make([]float64, len(labels))
	for i, label := range labels {
		if label {
			target[i] = 1
		}
	}
	for _, objectives := range [][2]boost.Objective{{boost.Logistic{}, &boost.Logistic{}}, {boost.SquaredError{}, &boost.SquaredError{}}} {
		a, err := boost.FitTarget(t.Context(), tab, target, objectives[0], &boost.Options{Rounds: 3})
		require.NoError(t, err)
		b, err := boost.FitTarget(t.Context(), tab, target, objectives[1], &boost.Options{Rounds: 3})
		require.NoError(t, err)
		require.Equal(t, text(t, a), text(t, b))
		require.Equal(t, a.PredictRow(make([]float64, 5)), b.PredictRow(make([]float64, 5)))
	}
}

func TestJSONOfOddModels(t *testing.T) {
	t.Run("a tree without cover", func(t *testing.T) {
		w, x := slices.Repeat([]float64{1e-9}, 60), make([]float64, 60)
		for i := range x {
			x[i] = float64(i % 7)
		}
		w[0] = 1e6
		m, err := boost.FitTarget(t.Context(), numbers(x), x, boost.SquaredError{}, &boost.Options{Weights: w, RowShare: 0.5, Rounds: 6})
		require.NoError(t, err)
		require.Contains(t, text(t, m), `"cover":0}`)
		var read boost.Model
		require.NoError(t, json.Unmarshal([]byte(text(t, m)), &read))
		require.Equal(t, text(t, m), text(t, &read))
	})
	t.Run("levels that are not UTF-8", func(t *testing.T) {
		levels, labels := slices.Repeat([]string{"ok", "\xb1\xb1"}, 50), slices.Repeat([]bool{true, false}, 50)
		m, err := boost.Fit(t.Context(), &table.Table[int]{Columns: []table.Column{table.CategoryColumn("c", levels...)}}, labels, nil)
		require.NoError(t, err)
		_, err = json.Marshal(m)
		require.ErrorContains(t, err, "UTF-8")
	})
}

// TestNoneHelped: later rows that say the opposite.
func TestNoneHelped(t *testing.T) {
	x, labels, opposite := make([]float64, 100), make([]bool, 100), make([]bool, 100)
	for i := range x {
		x[i], labels[i], opposite[i] = float64(i), i >= 50, i < 50
	}
	m, err := boost.Fit(t.Context(), numbers(x), labels, &boost.Options{Later: &boost.Slice{Columns: numbers(x).Columns, Labels: opposite}})
	require.NoError(t, err)
	require.Zero(t, m.Report().Best)
	require.Zero(t, m.Trees())
	require.InDelta(t, 0.5, m.PredictRow([]float64{0}), 1e-15)
}
