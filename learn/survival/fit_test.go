package survival

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// withCategory adds a category column of three levels.
func withCategory(rng *rand.Rand, t *table.Table[int]) {
	texts := make([]string, len(t.IDs))
	for i := range texts {
		texts[i] = []string{"gold", "silver", "wood"}[rng.IntN(3)]
	}
	t.Columns = append(t.Columns, table.CategoryColumn("tier", texts...))
}

func marshalled(t *testing.T, m *Cox) string {
	t.Helper()
	data, err := json.Marshal(m)
	require.NoError(t, err)
	return string(data)
}

func TestCoxDoesNotDependOnOrderOrWorkers(t *testing.T) {
	cases(t, func(t *testing.T, rng *rand.Rand, entry, strata, weights, ties bool) {
		const n = 2000
		tab, d := randomCox(rng, n, 3, entry, strata, weights, ties)
		withCategory(rng, tab)
		opts := &Options{Workers: 1}
		for i := range n {
			opts.Cluster = append(opts.Cluster, i/3*7)
		}
		want, err := FitCox(t.Context(), tab, d, opts)
		require.NoError(t, err)
		order := rng.Perm(n)
		other, otherData := tab.Take(order), &Data{}
		otherOpts := &Options{Workers: 3}
		for _, row := range order {
			otherData.Exit, otherData.Event = append(otherData.Exit, d.Exit[row]), append(otherData.Event, d.Event[row])
			otherOpts.Cluster = append(otherOpts.Cluster, opts.Cluster[row])
			if entry {
				otherData.Entry = append(otherData.Entry, d.Entry[row])
			}
			if strata {
				otherData.Strata = append(otherData.Strata, d.Strata[row])
			}
			if weights {
				otherData.Weights = append(otherData.Weights, d.Weights[row])
			}
		}
		got, err := FitCox(t.Context(), other, otherData, otherOpts)
		require.NoError(t, err)
		require.Equal(t, marshalled(t, want), marshalled(t, got))
		for _, g := range []Transform{KM, Identity} {
			a, err := ProportionalHazards(t.Context(), want, tab, d, g, 1)
			require.NoError(t, err)
			b, err := ProportionalHazards(t.Context(), got, other, otherData, g, 3)
			require.NoError(t, err)
			require.Equal(t, a, b)
		}
	})
}

func TestWeightTwoIsRowTwice(t *testing.T) {
	cases(t, func(t *testing.T, rng *rand.Rand, entry, strata, _, ties bool) {
		tab, d := randomCox(rng, 120, 2, entry, strata, true, ties)
		var order []int
		for i := range d.Weights {
			d.Weights[i] = float64(rng.IntN(3))
			for range int(d.Weights[i]) {
				order = append(order, i)
			}
		}
		many := &table.Table[int]{}
		for _, c := range tab.Columns {
			x := make([]float64, len(order))
			for to, row := range order {
				x[to] = c.Num[row]
			}
			many.Columns = append(many.Columns, table.NumberColumn(c.Name, x...))
		}
		twice := &Data{}
		for _, row := range order {
			twice.Exit, twice.Event = append(twice.Exit, d.Exit[row]), append(twice.Event, d.Event[row])
			if entry {
				twice.Entry = append(twice.Entry, d.Entry[row])
			}
			if strata {
				twice.Strata = append(twice.Strata, d.Strata[row])
			}
		}
		a, err := FitCox(t.Context(), tab, d, &Options{Ties: Breslow})
		require.NoError(t, err)
		b, err := FitCox(t.Context(), many, twice, &Options{Ties: Breslow})
		require.NoError(t, err)
		for j := range a.Terms() {
			near(t, a.Terms()[j].Coefficient, b.Terms()[j].Coefficient)
			near(t, a.Terms()[j].StdErr, b.Terms()[j].StdErr)
			near(t, a.Terms()[j].Mean, b.Terms()[j].Mean)
		}
		for s := range a.Baselines() {
			nearAll(t, a.Baselines()[s].Hazard, b.Baselines()[s].Hazard)
		}
		groups := func(rows int, of func(int) int) []string {
			g := make([]string, rows)
			for i := range g {
				g[i] = string(rune('a' + of(i)%3))
			}
			return g
		}
		x, err := LogRank(d, groups(len(d.Exit), func(i int) int { return i }))
		require.NoError(t, err)
		y, err := LogRank(twice, groups(len(order), func(i int) int { return order[i] }))
		require.NoError(t, err)
		near(t, x.Statistic, y.Statistic)
	})
}

func TestCoxScalesWithItsColumns(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	tab, d := randomCox(rng, 200, 3, true, true, true, true)
	a, err := FitCox(t.Context(), tab, d, nil)
	require.NoError(t, err)
	scaled := &table.Table[int]{}
	factors := []float64{1e6, -1e-6, 3}
	for j, c := range tab.Columns {
		x := slices.Clone(c.Num)
		for i := range x {
			x[i] = x[i]*factors[j] + factors[j]*1000
		}
		scaled.Columns = append(scaled.Columns, table.NumberColumn(c.Name, x...))
	}
	b, err := FitCox(t.Context(), scaled, d, nil)
	require.NoError(t, err)
	near(t, a.Report().LogLikelihood, b.Report().LogLikelihood)
	for j := range factors {
		near(t, a.Terms()[j].Coefficient, b.Terms()[j].Coefficient*factors[j])
		near(t, a.Terms()[j].P, b.Terms()[j].P)
	}
	// Time may be measured by any clock that keeps the order.
	later := &Data{Event: d.Event, Weights: d.Weights, Strata: d.Strata}
	for i := range d.Exit {
		later.Exit, later.Entry = append(later.Exit, math.Exp(d.Exit[i])), append(later.Entry, math.Exp(d.Entry[i]))
	}
	c, err := FitCox(t.Context(), tab, later, nil)
	require.NoError(t, err)
	require.Equal(t, a.Terms(), c.Terms())
}

func TestCoxSplitRowsAreOneRow(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 5))
	tab, d := randomCox(rng, 150, 2, false, false, false, true)
	whole, err := FitCox(t.Context(), tab, d, nil)
	require.NoError(t, err)
	split := &Data{}
	var rows, customer []int
	for i, exit := range d.Exit {
		at := 0.0
		for _, cut := range []float64{.3 * exit, .7 * exit, exit} {
			split.Entry, split.Exit = append(split.Entry, at), append(split.Exit, cut)
			split.Event = append(split.Event, cut == exit && d.Event[i])
			rows, customer, at = append(rows, i), append(customer, i), cut
		}
	}
	bare := table.Table[int]{Columns: tab.Columns}
	parts, err := FitCox(t.Context(), bare.Take(rows), split, &Options{Cluster: customer})
	require.NoError(t, err)
	robust, err := FitCox(t.Context(), tab, d, &Options{Cluster: customer[:0:0]})
	require.ErrorIs(t, err, ErrLength)
	require.Nil(t, robust)
	own := make([]int, len(d.Exit))
	for i := range own {
		own[i] = -i
	}
	robust, err = FitCox(t.Context(), tab, d, &Options{Cluster: own})
	require.NoError(t, err)
	near(t, whole.Report().LogLikelihood, parts.Report().LogLikelihood)
	require.Equal(t, 150, parts.Report().Clusters)
	for j, term := range parts.Terms() {
		near(t, whole.Terms()[j].Coefficient, term.Coefficient)
		near(t, whole.Terms()[j].StdErr, term.ModelStdErr)
		near(t, robust.Terms()[j].StdErr, term.StdErr)
	}
}

func TestCoxLeavesOutWhatOthersDetermine(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 5))
	tab, d := randomCox(rng, 300, 2, false, true, false, true)
	sum, constant, stratum := make([]float64, 300), make([]float64, 300), make([]float64, 300)
	for i := range sum {
		sum[i] = 3*tab.Columns[0].Num[i] - tab.Columns[1].Num[i]/7 + 4
		constant[i] = 5
		stratum[i] = float64(d.Strata[i][0])
	}
	plain, err := FitCox(t.Context(), tab, d, nil)
	require.NoError(t, err)
	tab.Columns = append(tab.Columns, table.NumberColumn("constant", constant...), table.NumberColumn("sum", sum...),
		table.NumberColumn("stratum", stratum...), table.CategoryColumn("one", slices.Repeat([]string{"a"}, 300)...))
	m, err := FitCox(t.Context(), tab, d, nil)
	require.NoError(t, err)
	terms := m.Terms()
	require.Len(t, terms, 5)
	for j := range 2 {
		require.Equal(t, plain.Terms()[j], terms[j])
	}
	for _, term := range terms[2:] {
		require.True(t, term.Aliased, term.Column)
		require.Zero(t, term.Coefficient)
		require.True(t, math.IsNaN(term.StdErr) && math.IsNaN(term.P))
	}
	require.Equal(t, 2, m.Report().Wald.DF)
	tests, err := ProportionalHazards(t.Context(), m, tab, d, KM, 0)
	require.NoError(t, err)
	want, err := ProportionalHazards(t.Context(), plain, tab, d, KM, 0)
	require.NoError(t, err)
	require.Equal(t, want[2], tests[6])
	require.Zero(t, tests[3].DF)
	require.True(t, math.IsNaN(tests[3].P))
	require.Equal(t, marshalled(t, m), marshalled(t, again(t, m)))
}

// again is the model written and read.
func again(t *testing.T, m *Cox) *Cox {
	t.Helper()
	var read Cox
	require.NoError(t, json.Unmarshal([]byte(marshalled(t, m)), &read))
	return &read
}

func TestCoxWithoutColumnsIsTheBaseline(t *testing.T) {
	d := &Data{Exit: []float64{1, 2, 2, 3, 4}, Event: []bool{true, true, false, true, false}}
	m, err := FitCox(t.Context(), &table.Table[int]{}, d, &Options{Ties: Breslow})
	require.NoError(t, err)
	curves, err := KaplanMeier(d, .95)
	require.NoError(t, err)
	b := m.Baselines()[0]
	require.Equal(t, []float64{1, 2, 3}, b.Times)
	for i, s := range curves[0].Steps { // Breslow's hazard without columns is that of Nelson and Aalen
		near(t, s.Hazard, b.Hazard[i])
	}
	near(t, -math.Log(5*4*2), m.Report().LogLikelihood)
	f, err := m.Forecast(nil, "")
	require.NoError(t, err)
	near(t, math.Exp(-.2-.25), f.Survival(2.5))
}

func TestMonotoneLikelihood(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 5))
	for _, entry := range []bool{false, true} {
		tab, d := randomCox(rng, 200, 2, entry, false, false, true)
		t.Run("a level without events", func(t *testing.T) {
			texts := make([]string, 200)
			for i := range texts {
				texts[i] = []string{"a", "b", "c"}[i%3]
			}
			data := *d
			data.Event = slices.Clone(d.Event)
			for i := range texts {
				if texts[i] == "c" {
					data.Event[i] = false
				}
			}
			wide := &table.Table[int]{Columns: append(slices.Clone(tab.Columns), table.CategoryColumn("plan", texts...))}
			_, err := FitCox(t.Context(), wide, &data, nil)
			var monotone *MonotoneError
			require.ErrorAs(t, err, &monotone)
			require.Equal(t, []string{"plan"}, monotone.Columns)
			require.Equal(t, "c", monotone.Level)
			require.Contains(t, err.Error(), "plan")
		})
		t.Run("a number that is the time itself", func(t *testing.T) {
			wide := &table.Table[int]{Columns: append(slices.Clone(tab.Columns), table.NumberColumn("leak", d.Exit...))}
			_, err := FitCox(t.Context(), wide, d, nil)
			var monotone *MonotoneError
			require.ErrorAs(t, err, &monotone)
			require.Equal(t, []string{"leak"}, monotone.Columns)
		})
		t.Run("two numbers whose sum is the time", func(t *testing.T) {
			a, b := make([]float64, 200), make([]float64, 200)
			for i := range a {
				a[i] = rng.NormFloat64() * 10
				b[i] = d.Exit[i] - a[i]
			}
			wide := &table.Table[int]{Columns: append(slices.Clone(tab.Columns), table.NumberColumn("a", a...), table.NumberColumn("b", b...))}
			_, err := FitCox(t.Context(), wide, d, nil)
			var monotone *MonotoneError
			require.ErrorAs(t, err, &monotone)
			require.Equal(t, []string{"a", "b"}, monotone.Columns)
			require.Empty(t, monotone.Level)
		})
		t.Run("two levels that never end, in two columns", func(t *testing.T) {
			// Events happen only where neither mark is set: each is infinite by itself.
			a, b := make([]float64, 200), make([]float64, 200)
			data := *d
			data.Event = slices.Clone(d.Event)
			for i := range a {
				a[i], b[i] = float64(i%5/4), float64(i%7/6)
				data.Event[i] = d.Event[i] && a[i]+b[i] == 0
			}
			wide := &table.Table[int]{Columns: append(slices.Clone(tab.Columns), table.NumberColumn("a", a...), table.NumberColumn("b", b...))}
			_, err := FitCox(t.Context(), wide, &data, nil)
			var monotone *MonotoneError
			require.ErrorAs(t, err, &monotone)
			require.Equal(t, []string{"a", "b"}, monotone.Columns)
		})
	}
}

func TestFitErrors(t *testing.T) {
	d := func() *Data {
		return &Data{Exit: []float64{1, 2, 3, 4, 5, 6}, Event: []bool{true, false, true, true, false, true}}
	}
	tab := func() *table.Table[int] {
		return &table.Table[int]{Columns: []table.Column{
			table.NumberColumn("x", 1, 5, 2, 4, 3, 6), table.CategoryColumn("g", "a", "b", "a", "b", "b", "a"),
		}}
	}
	nan := math.NaN()
	for _, c := range []struct {
		name   string
		change func(*table.Table[int], *Data)
		err    error
		text   string
	}{
		{"negative exit", func(_ *table.Table[int], d *Data) { d.Exit[2] = -1 }, ErrDuration, "row 2"},
		{"exit that is no number", func(_ *table.Table[int], d *Data) { d.Exit[1] = nan }, ErrDuration, "row 1"},
		{"infinite exit", func(_ *table.Table[int], d *Data) { d.Exit[1] = math.Inf(1) }, ErrDuration, "row 1"},
		{"negative entry", func(_ *table.Table[int], d *Data) { d.Entry = []float64{0, 0, 0, -1, 0, 0} }, ErrDuration, "row 3"},
		{"entry that is no number", func(_ *table.Table[int], d *Data) { d.Entry = []float64{0, nan, 0, 0, 0, 0} }, ErrDuration, "row 1"},
		{"entry at exit", func(_ *table.Table[int], d *Data) { d.Entry = []float64{0, 0, 3, 0, 0, 0} }, ErrOrder, "row 2"},
		{"negative weight", func(_ *table.Table[int], d *Data) { d.Weights = []float64{1, 1, 1, 1, 1, -1} }, ErrWeight, "row 5"},
		{"weight that is no number", func(_ *table.Table[int], d *Data) { d.Weights = []float64{nan, 1, 1, 1, 1, 1} }, ErrWeight, "row 0"},
		{"weights 0", func(_ *table.Table[int], d *Data) { d.Weights = make([]float64, 6) }, ErrNoRows, ""},
		{"no rows", func(t *table.Table[int], d *Data) { *t, *d = table.Table[int]{}, Data{} }, ErrNoRows, ""},
		{"huge weights", func(_ *table.Table[int], d *Data) { d.Weights = []float64{1e99, 1e99, 1e101, 1, 1, 1} }, ErrWeight, ""},
		{"events of another length", func(_ *table.Table[int], d *Data) { d.Event = d.Event[:4] }, ErrLength, "4 events"},
		{"entries of another length", func(_ *table.Table[int], d *Data) { d.Entry = []float64{} }, ErrLength, "0 entries"},
		{"weights of another length", func(_ *table.Table[int], d *Data) { d.Weights = []float64{1} }, ErrLength, "1 weights"},
		{"strata of another length", func(_ *table.Table[int], d *Data) { d.Strata = []string{"a"} }, ErrLength, "1 strata"},
		{"table of another length", func(_ *table.Table[int], d *Data) { d.Exit, d.Event = d.Exit[:5], d.Event[:5] }, ErrLength, "6 rows"},
		{"no events", func(_ *table.Table[int], d *Data) { d.Event = make([]bool, 6) }, ErrNoEvents, ""},
		{"missing number", func(t *table.Table[int], _ *Data) { t.Columns[0].Num[4] = nan }, ErrMissing, `"x"`},
		{"missing category", func(t *table.Table[int], _ *Data) { t.Columns[1].Code[3] = -1 }, ErrMissing, `"g"`},
		{"huge number", func(t *table.Table[int], _ *Data) { t.Columns[0].Num[3] = 1e101 }, ErrTooLarge, `"x"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, d := tab(), d()
			c.change(tab, d)
			m, err := FitCox(t.Context(), tab, d, nil)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.text)
			require.Nil(t, m)
		})
	}
	m, err := FitCox(t.Context(), tab(), d(), &Options{MaxIterations: -1, Tolerance: 1, Workers: -1, Ties: 9})
	require.Nil(t, m)
	for _, text := range []string{"MaxIterations", "Tolerance", "Workers", "Ties"} {
		require.ErrorContains(t, err, text)
	}
	// A row of weight 0 may be anything.
	weightless, data := tab(), d()
	weightless.Columns[0].Num[1], data.Weights = nan, []float64{1, 0, 1, 1, 1, 1}
	_, err = FitCox(t.Context(), weightless, data, nil)
	require.NoError(t, err)
	// A chosen cap is a reason, not an error.
	m, err = FitCox(t.Context(), tab(), d(), &Options{MaxIterations: 1})
	require.NoError(t, err)
	require.Equal(t, 1, m.Report().Iterations)
	require.Positive(t, m.Report().Gap)
}

func TestCoxWithHugeNumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 5))
	tab, d := randomCox(rng, 100, 2, true, false, false, false)
	plain, err := FitCox(t.Context(), tab, d, nil)
	require.NoError(t, err)
	for i := range tab.Columns[0].Num {
		tab.Columns[0].Num[i] *= 1e90
	}
	m, err := FitCox(t.Context(), tab, d, nil)
	require.NoError(t, err)
	near(t, plain.Terms()[0].Coefficient, m.Terms()[0].Coefficient*1e90)
	near(t, plain.Report().LogLikelihood, m.Report().LogLikelihood)
}

func TestCoxAlwaysEnds(t *testing.T) {
	// Few rows and small whole numbers: about half of these have infinite coefficients, in all combinations.
	rng := rand.New(rand.NewPCG(10, 5))
	monotone, fits := 0, 0
	for range 800 {
		n, p := 5+rng.IntN(12), 1+rng.IntN(3)
		tab, d := randomCox(rng, n, p, rng.IntN(2) == 0, rng.IntN(2) == 0, rng.IntN(3) == 0, rng.IntN(2) == 0)
		for _, c := range tab.Columns {
			for i := range c.Num {
				c.Num[i] = float64(rng.IntN(3))
			}
		}
		m, err := FitCox(t.Context(), tab, d, &Options{Ties: Ties(rng.IntN(2))})
		if _, ok := errors.AsType[*MonotoneError](err); ok {
			monotone++
			continue
		}
		if errors.Is(err, ErrNoEvents) || errors.Is(err, ErrNoRows) {
			continue
		}
		require.NoError(t, err, "%v %v %v %v %v %v %v", tab.Columns, d, m.terms, m.report, tab.IDs, p, n)
		fits++
		b := make([]float64, p)
		for j, term := range m.Terms() {
			b[j] = term.Coefficient
			require.True(t, term.Aliased || term.StdErr > 0, "%+v %+v %+v %+v", tab, d, m.terms, m.report)
		}
		value, gradient := slowCox(tab, d, m.Ties(), b)
		near(t, value, m.Report().LogLikelihood)
		for _, g := range gradient {
			require.InDelta(t, 0, g, 1e-7)
		}
	}
	require.Greater(t, monotone, 100)
	require.Greater(t, fits, 100)
}

func TestCoxWithStrongEffects(t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 5))
	tab, d := randomCox(rng, 150, 2, true, false, false, false)
	for i := range d.Exit {
		at := d.Entry[i]
		d.Exit[i] = at + rng.ExpFloat64()*3*math.Exp(-6*tab.Columns[0].Num[i])
		d.Event[i] = true
	}
	m, err := FitCox(t.Context(), tab, d, nil)
	require.NoError(t, err)
	b := []float64{m.Terms()[0].Coefficient, m.Terms()[1].Coefficient}
	require.Greater(t, b[0], 4.)
	value, gradient := slowCox(tab, d, Efron, b)
	near(t, value, m.Report().LogLikelihood)
	for _, g := range gradient {
		require.InDelta(t, 0, g, 1e-8)
	}
}

func TestFewClusters(t *testing.T) {
	rng := rand.New(rand.NewPCG(18, 5))
	tab, d := randomCox(rng, 100, 3, false, false, false, true)
	cluster := make([]int, 100)
	for i := range cluster {
		cluster[i] = i % 3
	}
	m, err := FitCox(t.Context(), tab, d, &Options{Cluster: cluster})
	require.NoError(t, err)
	require.Equal(t, 3, m.Report().Clusters)
	require.True(t, math.IsNaN(m.Report().Wald.Statistic) && math.IsNaN(m.Report().Wald.P))
	require.Equal(t, marshalled(t, m), marshalled(t, again(t, m)))
}

func TestCoxThatDoesNotConverge(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 5))
	tab, d := randomCox(rng, 150, 2, false, false, false, false)
	m, err := FitCox(t.Context(), tab, d, &Options{Tolerance: 1e-300})
	e, ok := errors.AsType[*NotConvergedError](err)
	require.True(t, ok)
	require.Equal(t, 50, e.Iterations)
	require.EqualError(t, err, "survival: not converged after 50 iterations")
	require.NotNil(t, m)
}

func TestTooManyTerms(t *testing.T) {
	texts := make([]string, 2000)
	d := &Data{Exit: make([]float64, 2000), Event: make([]bool, 2000)}
	for i := range texts {
		texts[i], d.Exit[i], d.Event[i] = strconv.Itoa(i), float64(i), true
	}
	_, err := FitCox(t.Context(), &table.Table[int]{Columns: []table.Column{table.CategoryColumn("id", texts...)}}, d, nil)
	require.ErrorIs(t, err, ErrTooMany)
}
