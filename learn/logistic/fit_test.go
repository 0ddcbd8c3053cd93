package logistic_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/table"
)

// draw draws n rows with ids, two numbers, one of them with missing values, and categories of few and many levels; the
// label depends on most of them.
func draw(seed uint64, n int) (*table.Table[int], []bool) {
	r := rand.New(rand.NewPCG(seed, 1))
	ids, labels := r.Perm(n), make([]bool, n)
	x, y := make([]float64, n), make([]float64, n)
	few, many := make([]string, n), make([]string, n)
	for i := range n {
		x[i], y[i] = 1000+3*r.NormFloat64(), math.Exp(r.NormFloat64())
		z := (x[i]-1000)/3 - 0.5*y[i]
		if r.IntN(10) == 0 {
			y[i] = math.NaN()
		}
		a, b := r.IntN(3), r.IntN(20)
		few[i], many[i] = string(rune('a'+a)), string(rune('a'+b))
		if r.IntN(10) == 0 {
			few[i] = ""
		}
		labels[i] = r.Float64() < 1/(1+math.Exp(-z-float64(a)/2+float64(b)/10))
	}
	return &table.Table[int]{IDs: ids, Compare: cmp.Compare[int], Columns: []table.Column{
		table.CategoryColumn("few", few...), table.NumberColumn("x", x...),
		table.CategoryColumn("many", many...), table.NumberColumn("y", y...),
	}}, labels
}

func fit(t *testing.T, tab *table.Table[int], labels []bool, o *logistic.Options) *logistic.Model {
	t.Helper()
	m, err := logistic.Fit(t.Context(), tab, labels, o)
	require.NoError(t, err)
	return m
}

func jsonOf(t *testing.T, m *logistic.Model) string {
	t.Helper()
	data, err := json.Marshal(m)
	require.NoError(t, err)
	return string(data)
}

// kinds are options that take different ways.
var kinds = map[string]logistic.Options{
	"l2":          {},
	"l1":          {L1: 3},
	"elastic net": {L1: 2, L2: 1},
	"unpenalized": {Unpenalized: true},
	"balanced":    {Balanced: true, Knots: 3},
}

// TestSameModel: neither the order of rows with ids nor the number of goroutines changes a bit.
func TestSameModel(t *testing.T) {
	tab, labels := draw(1, 3000)
	weights := make([]float64, len(labels))
	for i := range weights {
		weights[i] = 0.1 + float64(tab.IDs[i]%7)
	}
	for name, o := range kinds {
		t.Run(name, func(t *testing.T) {
			o.Weights, o.Workers = weights, 1
			want := jsonOf(t, fit(t, tab, labels, &o))
			for _, workers := range []int{2, 3, 8} {
				o.Workers = workers
				require.Equal(t, want, jsonOf(t, fit(t, tab, labels, &o)))
			}
			order := rand.New(rand.NewPCG(5, 5)).Perm(len(labels))
			moved, movedLabels := tab.Take(order), make([]bool, len(labels))
			o.Weights = make([]float64, len(labels))
			for to, from := range order {
				movedLabels[to], o.Weights[to] = labels[from], weights[from]
			}
			require.Equal(t, want, jsonOf(t, fit(t, moved, movedLabels, &o)))
		})
	}
}

// TestSampleFirst: where most steps are made on a sample, the end is the same.
func TestSampleFirst(t *testing.T) {
	tab, labels := draw(2, 4<<14+1)
	tab.IDs, tab.Columns = nil, tab.Columns[:2]
	for _, o := range []logistic.Options{{}, {L1: 30}, {Unpenalized: true}} {
		o.Workers = 1
		m := fit(t, tab, labels, &o)
		r := m.Report()
		require.Equal(t, logistic.StopConverged, r.Stop)
		require.Less(t, r.Gap, 1e-14)
		require.LessOrEqual(t, r.Iterations, 8)
		o.Workers = 3
		require.Equal(t, jsonOf(t, m), jsonOf(t, fit(t, tab, labels, &o)))
		l2 := 1.0
		if o.Unpenalized || o.L1 > 0 {
			l2 = 0
		}
		requireMinimum(t, m, tab, labels, o.L1, l2, 1e-3)
	}
}

// TestRareClass: a sample may have no row of a rare class.
func TestRareClass(t *testing.T) {
	const n = 5 << 14
	x, labels := make([]float64, n), make([]bool, n)
	for i := range x {
		x[i] = float64(i % 17)
		labels[i] = i == 1 || i == 77 || i == 7777
	}
	m := fit(t, &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", x...)}}, labels, nil)
	require.Equal(t, logistic.StopConverged, m.Report().Stop)
	p, err := logistic.Predict(t.Context(), m, &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", x...)}}, 0)
	require.NoError(t, err)
	sum := 0.0
	for _, q := range p {
		sum += q
	}
	require.InDelta(t, 3, sum, 1e-6)
}

// TestWeights: a row of weight 2 is as two rows, one of weight 0 as none.
func TestWeights(t *testing.T) {
	tab, labels := draw(3, 400)
	tab.IDs = nil
	weights := make([]float64, 400)
	var rows []int
	var repeated []bool
	for i := range weights {
		weights[i] = float64(i % 3)
		for range i % 3 {
			rows, repeated = append(rows, i), append(repeated, labels[i])
		}
	}
	// What only rows without weight have must not matter.
	tab.Columns = append(tab.Columns, table.CategoryColumn("odd", slices.Repeat([]string{"never", "a", "b"}, 134)[:400]...))
	tab.Columns[1].Num[0], tab.Columns[3].Num[3] = 1e90, math.NaN()
	for name, o := range kinds {
		t.Run(name, func(t *testing.T) {
			many := fit(t, tab.Take(rows), repeated, &o)
			o.Weights = weights
			weighted := fit(t, tab, labels, &o)
			a, b := many.Terms(), weighted.Terms()
			require.Equal(t, len(a), len(b))
			for i := range a {
				require.InDelta(t, a[i].Coefficient, b[i].Coefficient, 1e-8, "%v", a[i])
				require.InDelta(t, a[i].Knot, b[i].Knot, 1e-12)
				if !math.IsNaN(a[i].StdErr) && o.L1 == 0 {
					require.InEpsilon(t, a[i].StdErr, b[i].StdErr, 1e-7)
					require.InEpsilon(t, a[i].OriginalStdErr, b[i].OriginalStdErr, 1e-7)
				}
			}
			require.InEpsilon(t, many.Report().Deviance, weighted.Report().Deviance, 1e-11)
			require.InEpsilon(t, many.Report().NullDeviance, weighted.Report().NullDeviance, 1e-11)
		})
	}
}

// TestUnits: another unit of a column changes its original coefficient alone.
func TestUnits(t *testing.T) {
	tab, labels := draw(4, 500)
	for name, o := range kinds {
		t.Run(name, func(t *testing.T) {
			a := fit(t, tab, labels, &o).Terms()
			other := *tab
			other.Columns = slices.Clone(tab.Columns)
			scaled := make([]float64, 500)
			for i, x := range tab.Columns[1].Num {
				scaled[i] = (x - 1000) * 1e6
			}
			other.Columns[1].Num = scaled
			b := fit(t, &other, labels, &o).Terms()
			for i := range a {
				require.InDelta(t, a[i].Coefficient, b[i].Coefficient, 1e-7)
				if i > 0 {
					unit := 1.0
					if a[i].Column == "x" {
						unit = 1e6
					}
					require.InDelta(t, a[i].Original, unit*b[i].Original, 1e-7)
				}
			}
		})
	}
}

// TestOriginal: the original scale says the same of a row as the prepared one.
func TestOriginal(t *testing.T) {
	tab, labels := draw(5, 600)
	m := fit(t, tab, labels, &logistic.Options{Knots: 4})
	for i := range 50 {
		z := 0.0
		for _, term := range m.Terms() {
			c, _ := tab.Column(term.Column)
			raw := prepared(&term, &c, i)
			if term.Part == logistic.Line || term.Part == logistic.Hinge {
				raw = term.Mean + term.Scale*raw
			}
			z += term.Original * raw
		}
		row := rowOf(m, tab, i)
		require.InDelta(t, m.LogOdds(row), z, 1e-8)
	}
}

// rowOf is a row of a table as a model takes it.
func rowOf[K comparable](m *logistic.Model, tab *table.Table[K], at int) []float64 {
	var row []float64
	for i, name := range m.Columns() {
		c, _ := tab.Column(name)
		switch {
		case c.Kind == table.Number:
			row = append(row, c.Num[at])
		case c.Missing(at):
			row = append(row, math.NaN())
		default:
			row = append(row, m.Code(i, c.Level(at)))
		}
	}
	return row
}

func TestBalanced(t *testing.T) {
	tab, labels := draw(6, 800)
	weights := make([]float64, 800)
	positive := 0.0
	for _, l := range labels {
		positive += b2f(l)
	}
	for i, l := range labels {
		weights[i] = 800 / (2 * (800 - positive))
		if l {
			weights[i] = 800 / (2 * positive)
		}
	}
	// Weights enter means and deviations, so that only an unpenalised fit is the same.
	balanced := fit(t, tab, labels, &logistic.Options{Unpenalized: true, Balanced: true})
	weighted := fit(t, tab, labels, &logistic.Options{Unpenalized: true, Weights: weights})
	r := balanced.Report()
	require.InEpsilon(t, math.Log(positive/(800-positive)), r.Shift, 1e-14)
	for i := range labels {
		row := rowOf(balanced, tab, i)
		require.InDelta(t, balanced.LogOdds(row), weighted.LogOdds(row)+r.Shift, 1e-8)
	}
	require.InEpsilon(t, weighted.Report().Objective, r.Objective, 1e-12)
	require.InEpsilon(t, weighted.Report().NullDeviance, r.NullDeviance, 1e-12)
	require.True(t, math.IsNaN(r.AIC))
}

// TestExtremes: whatever penalties, weights and tolerance are, a fit ends, and with finite numbers.
func TestExtremes(t *testing.T) {
	tab, labels := draw(12, 80)
	tab.Columns = tab.Columns[:2]
	apart := make([]bool, 80)
	for i := range apart {
		apart[i] = tab.Columns[1].Num[i] > 1000
	}
	for _, size := range []float64{1e-300, 1e-9, 1e300} {
		weights := make([]float64, 80)
		for i := range weights {
			weights[i] = max(1e-99, min(size, 1e97))
		}
		for _, o := range []logistic.Options{
			{L2: size}, {L1: size}, {L1: size, L2: 1}, {L1: 1, L2: size}, {Weights: weights}, {L1: 1, Weights: weights}, {L2: size, Tolerance: 1e-300},
		} {
			for _, l := range [][]bool{labels, apart} {
				m, err := logistic.Fit(t.Context(), tab, l, &o)
				var not *logistic.NotConvergedError
				if err != nil {
					require.ErrorAs(t, err, &not)
				}
				r := m.Report()
				require.False(t, math.IsNaN(r.Objective) || math.IsInf(r.Objective, 0) || !(r.Gap >= 0) || math.IsInf(r.Gap, 0), "%+v %+v", o, r)
				jsonOf(t, m)
				z := m.LogOdds(rowOf(m, tab, 0))
				require.False(t, math.IsNaN(z) || math.IsInf(z, 0))
			}
		}
	}
}

func TestNoColumns(t *testing.T) {
	m := fit(t, &table.Table[int]{IDs: []int{1, 2, 3, 4}}, []bool{true, false, false, false}, &logistic.Options{Unpenalized: true})
	require.InDelta(t, 0.25, m.PredictRow(nil), 1e-15)
	r := m.Report()
	require.InDelta(t, r.NullDeviance, r.Deviance, 1e-12)
	require.InDelta(t, r.Deviance+2, r.AIC, 1e-12)
	require.InEpsilon(t, math.Sqrt(1/(4*.25*.75)), m.Terms()[0].StdErr, 1e-12)
}

// TestWide: more columns than rows are no matter with a penalty.
func TestWide(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	tab := &table.Table[int]{}
	for j := range 60 {
		x := make([]float64, 20)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		tab.Columns = append(tab.Columns, table.NumberColumn(fmt.Sprint(j), x...))
	}
	labels, weights := make([]bool, 20), make([]float64, 20)
	for i := range labels {
		labels[i], weights[i] = i%3 == 0, 1
	}
	for _, o := range []logistic.Options{{}, {L1: 0.5}, {L1: 0.1, L2: 0.1}, {L2: 1e-6}, {L1: 1e-4}} {
		m := fit(t, tab, labels, &o)
		require.Equal(t, logistic.StopConverged, m.Report().Stop, "%+v", o)
		l2 := o.L2
		if o.L1+o.L2 == 0 {
			l2 = 1
		}
		requireOptimal(t, m, tab, labels, weights, o.L1, l2)
	}
	_, err := logistic.Fit(t.Context(), tab, labels, &logistic.Options{Unpenalized: true})
	require.ErrorIs(t, err, logistic.ErrTooFew)
}

// TestSparseNull: a large absolute penalty leaves the intercept alone.
func TestSparseNull(t *testing.T) {
	tab, labels := draw(9, 300)
	m := fit(t, tab, labels, &logistic.Options{L1: 1e4})
	for _, term := range m.Terms()[1:] {
		require.Zero(t, term.Coefficient)
	}
	require.InEpsilon(t, m.Report().NullDeviance, m.Report().Deviance, 1e-14)
}

func TestIterations(t *testing.T) {
	tab, labels := draw(10, 300)
	m := fit(t, tab, labels, &logistic.Options{MaxIterations: 3})
	r := m.Report()
	require.Equal(t, logistic.StopIterations, r.Stop)
	require.Equal(t, 3, r.Iterations)
	best := fit(t, tab, labels, nil).Report()
	require.InDelta(t, r.Objective-best.Objective, r.Gap*r.Objective, 0.2*r.Gap*r.Objective, "the gap is what is missing, to first order")
	loose := fit(t, tab, labels, &logistic.Options{Tolerance: 0.01}).Report()
	require.Less(t, loose.Iterations, best.Iterations)
	require.Less(t, loose.Objective, best.Objective*1.01)
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tab, labels := draw(11, 300)
	m := fit(t, tab, labels, nil)
	cancel()
	_, err := logistic.Fit(ctx, tab, labels, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = logistic.Predict(ctx, m, tab, 0)
	require.ErrorIs(t, err, context.Canceled)
}

func TestRefused(t *testing.T) {
	number := func(x ...float64) *table.Table[int] {
		return &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", x...)}}
	}
	many := make([]string, 5000)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	half := make([]bool, 5000)
	half[0] = true
	for name, c := range map[string]struct {
		tab    *table.Table[int]
		labels []bool
		o      logistic.Options
		want   error
	}{
		"labels":      {number(1, 2), []bool{true}, logistic.Options{}, logistic.ErrLength},
		"weights":     {number(1, 2), []bool{true, false}, logistic.Options{Weights: []float64{1}}, logistic.ErrLength},
		"negative":    {number(1, 2), []bool{true, false}, logistic.Options{Weights: []float64{1, -1}}, logistic.ErrWeight},
		"not finite":  {number(1, 2), []bool{true, false}, logistic.Options{Weights: []float64{1, math.NaN()}}, logistic.ErrWeight},
		"sum":         {number(1, 2), []bool{true, false}, logistic.Options{Weights: []float64{1e308, 1e308}}, logistic.ErrWeight},
		"light":       {number(1, 2), []bool{true, false}, logistic.Options{Weights: []float64{1e-200, 1e-200}}, logistic.ErrWeight},
		"no weight":   {number(1, 2), []bool{true, false}, logistic.Options{Weights: []float64{0, 0}}, logistic.ErrNoRows},
		"no rows":     {number(), nil, logistic.Options{}, logistic.ErrNoRows},
		"one class":   {number(1, 2), []bool{true, true}, logistic.Options{}, logistic.ErrOneClass},
		"by weight":   {number(1, 2), []bool{true, false}, logistic.Options{Weights: []float64{1, 0}}, logistic.ErrOneClass},
		"too large":   {number(1, -2e100), []bool{true, false}, logistic.Options{}, logistic.ErrTooLarge},
		"many levels": {&table.Table[int]{Columns: []table.Column{table.CategoryColumn("c", many...)}}, half, logistic.Options{}, logistic.ErrTooMany},
		"few rows":    {number(1, 2), []bool{true, false}, logistic.Options{Unpenalized: true}, logistic.ErrTooFew},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := logistic.Fit(t.Context(), c.tab, c.labels, &c.o)
			require.ErrorIs(t, err, c.want)
		})
	}
	var fault *table.Fault
	_, err := logistic.Fit(t.Context(), number(1, math.Inf(1)), []bool{true, false}, nil)
	require.ErrorAs(t, err, &fault)
	_, err = logistic.Fit(t.Context(), number(1, 2e100, 3e100), []bool{true, false, true}, nil)
	require.ErrorAs(t, err, &fault)
	require.Equal(t, table.Fault{Column: "x", Row: 1, Count: 2, Err: logistic.ErrTooLarge}, *fault)
}

func TestOptions(t *testing.T) {
	bad := logistic.Options{
		L1: -1, L2: math.NaN(), Unpenalized: true, Knots: 101, MaxIterations: -1, Tolerance: 1, Workers: -1, Weights: []float64{1, math.Inf(1)},
	}
	err := bad.Validate()
	require.ErrorIs(t, err, logistic.ErrWeight)
	for _, part := range []string{"L1 is", "L2 is", "Unpenalized", "Knots", "MaxIterations", "Tolerance", "Workers", "row 1"} {
		require.ErrorContains(t, err, part)
	}
	_, err = logistic.Fit(t.Context(), &table.Table[int]{}, nil, &bad)
	require.ErrorContains(t, err, "Workers")
	require.NoError(t, (*logistic.Options)(nil).Validate())
}
