package survival

import (
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

func oneNumber(x []float64) *table.Table[int] {
	return &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", x...)}}
}

// TestNumberThatRunsWithTime: in start-stop rows of equal spans, what a number is in all rows of a
// span alike cancels.
func TestNumberThatRunsWithTime(t *testing.T) {
	for _, ties := range []Ties{Efron, Breslow} {
		var want *Cox
		for _, step := range []float64{0, 1, 5, 10, 30} {
			rng := rand.New(rand.NewPCG(1, 1))
			d, opts := &Data{}, &Options{Ties: ties}
			var x []float64
			for customer := range 300 {
				z, ended := rng.NormFloat64(), false
				for k := 0; k < 12 && !ended; k++ {
					exit := math.Ceil(rng.ExpFloat64()*60*math.Exp(-z)) / 10
					ended = exit <= 1
					d.Entry, d.Exit = append(d.Entry, float64(k)), append(d.Exit, float64(k)+min(1, exit))
					d.Event, x = append(d.Event, ended), append(x, z+float64(k)*step)
					opts.Cluster = append(opts.Cluster, customer)
				}
			}
			m, err := FitCox(t.Context(), oneNumber(x), d, opts)
			require.NoError(t, err, "step %v", step)
			if step == 0 {
				want = m
				continue
			}
			a, b := want.Terms()[0], m.Terms()[0]
			relative(t, a.Coefficient, b.Coefficient, "step %v", step)
			relative(t, a.StdErr, b.StdErr, "step %v", step)
			relative(t, a.ModelStdErr, b.ModelStdErr, "step %v", step)
			near(t, want.Report().LogLikelihood, m.Report().LogLikelihood)
			for i, h := range want.Baselines()[0].Hazard[:1] {
				drift := b.Coefficient * (m.Terms()[0].Mean - want.Terms()[0].Mean)
				relative(t, h, m.Baselines()[0].Hazard[i]*math.Exp(-drift))
			}
		}
	}
}

// TestStrataFarApart: what a number is in all rows of a stratum alike cancels.
func TestStrataFarApart(t *testing.T) {
	for _, entry := range []bool{false, true} {
		var want *Cox
		for _, away := range []float64{0, 500, 3000, 1e6} {
			rng := rand.New(rand.NewPCG(2, 1))
			d := &Data{}
			x := make([]float64, 400)
			for i := range x {
				z := rng.NormFloat64()
				x[i] = z + away*float64(i%2)
				at := 0.0
				if entry {
					at = rng.Float64()
				}
				d.Entry, d.Exit = append(d.Entry, at), append(d.Exit, at+rng.ExpFloat64()*math.Exp(-z))
				d.Event, d.Strata = append(d.Event, rng.IntN(4) > 0), append(d.Strata, string(rune('a'+i%2)))
			}
			m, err := FitCox(t.Context(), oneNumber(x), d, nil)
			require.NoError(t, err)
			if away == 0 {
				want = m
				continue
			}
			require.InDelta(t, want.Terms()[0].Coefficient, m.Terms()[0].Coefficient, 1e-15*away+1e-9)
			require.InDelta(t, want.Terms()[0].StdErr, m.Terms()[0].StdErr, 1e-15*away+1e-9)
			for s, stratum := range d.Strata[:2] {
				a, err := want.Forecast([]float64{.3}, stratum)
				require.NoError(t, err)
				b, err := again(t, m).Forecast([]float64{.3 + away*float64(s)}, stratum)
				require.NoError(t, err)
				require.InDelta(t, a.Survival(.5), b.Survival(.5), 1e-9+1e-14*away)
			}
			p, err := ProportionalHazards(t.Context(), want, oneNumber(slices.Clone(x)), d, KM, 1)
			require.NoError(t, err)
			require.False(t, math.IsNaN(p[0].P))
		}
	}
}

func TestOneOutlier(t *testing.T) {
	for _, out := range []float64{-1e3, -1e6, -1e9} {
		rng := rand.New(rand.NewPCG(1, 1))
		d := &Data{}
		x := make([]float64, 400)
		for i := range x {
			x[i] = rng.NormFloat64()
			d.Exit, d.Event = append(d.Exit, rng.ExpFloat64()*math.Exp(-x[i])), append(d.Event, rng.IntN(4) > 0)
		}
		x[7], d.Exit[7], d.Event[7] = out, 50, false
		m, err := FitCox(t.Context(), oneNumber(x), d, nil)
		require.NoError(t, err)
		require.InDelta(t, .864507898, m.Terms()[0].Coefficient, 1e-6, fmt.Sprint(out))
	}
}

func TestFailedFitHasNoStandardErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	d := &Data{}
	x := make([]float64, 400)
	for i := range x {
		x[i] = rng.NormFloat64()
		d.Exit, d.Event = append(d.Exit, rng.ExpFloat64()*math.Exp(-x[i])), append(d.Event, rng.IntN(4) > 0)
	}
	x[7], d.Exit[7], d.Event[7] = 1e11, 1e-6, true
	m, err := FitCox(t.Context(), oneNumber(x), d, nil)
	var failed *NotConvergedError
	require.ErrorAs(t, err, &failed)
	require.True(t, math.IsNaN(failed.Gap))
	require.Equal(t, StopPrecision, m.Report().Stop)
	term := m.Terms()[0]
	for _, v := range []float64{term.StdErr, term.ModelStdErr, term.Z, term.P, m.Covariance(0, 0), m.Report().Wald.P} {
		require.True(t, math.IsNaN(v))
	}
	_, err = json.Marshal(m)
	require.ErrorContains(t, err, "no standard errors")
}

func TestUnitOfWeightsDoesNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	tab, d := randomCox(rng, 100, 2, true, true, true, true)
	want, err := FitCox(t.Context(), tab, d, &Options{Cluster: tab.IDs})
	require.NoError(t, err)
	test, err := ProportionalHazards(t.Context(), want, tab, d, KM, 0)
	require.NoError(t, err)
	for _, unit := range []float64{1e-80, 1e-6, 3, 1e30} {
		other := *d
		other.Weights = nil
		for _, w := range d.Weights {
			other.Weights = append(other.Weights, w*unit)
		}
		m, err := FitCox(t.Context(), tab, &other, &Options{Cluster: tab.IDs})
		require.NoError(t, err)
		require.Equal(t, want.Report().Iterations, m.Report().Iterations)
		relative(t, want.Report().Weight*unit, m.Report().Weight)
		relative(t, want.Report().Score.Statistic*unit, m.Report().Score.Statistic)
		relative(t, want.Report().LikelihoodRatio.Statistic*unit, m.Report().LikelihoodRatio.Statistic)
		relative(t, want.Report().Wald.Statistic, m.Report().Wald.Statistic)
		for j, term := range want.Terms() {
			relative(t, term.Coefficient, m.Terms()[j].Coefficient)
			relative(t, term.StdErr, m.Terms()[j].StdErr)
			relative(t, term.ModelStdErr, m.Terms()[j].ModelStdErr*math.Sqrt(unit))
		}
		nearAll(t, want.Baselines()[1].Hazard, m.Baselines()[1].Hazard)
		scaled, err := ProportionalHazards(t.Context(), m, tab, &other, KM, 0)
		require.NoError(t, err)
		relative(t, test[2].Statistic*unit, scaled[2].Statistic)
	}
}

func TestWeightlessRowsOfProportionalHazards(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	tab, d := randomCox(rng, 100, 1, false, false, false, true)
	texts := make([]string, 100)
	for i := range texts {
		texts[i] = []string{"p", "q"}[i%2]
	}
	texts[0], tab.Columns[0].Num[3] = "old", math.NaN()
	tab.Columns = append(tab.Columns, table.CategoryColumn("tier", texts...))
	d.Weights = slices.Repeat([]float64{1}, 100)
	d.Weights[0], d.Weights[3] = 0, 0
	m, err := FitCox(t.Context(), tab, d, nil)
	require.NoError(t, err)
	tests, err := ProportionalHazards(t.Context(), m, tab, d, KM, 0)
	require.NoError(t, err)
	require.False(t, math.IsNaN(tests[2].P))
}

func TestStopTellsOfAChosenCap(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	tab, d := randomCox(rng, 100, 2, false, false, false, true)
	m, err := FitCox(t.Context(), tab, d, &Options{MaxIterations: 1})
	require.NoError(t, err)
	require.Equal(t, StopIterations, m.Report().Stop)
	require.Equal(t, StopIterations, again(t, m).Report().Stop)
	m, err = FitCox(t.Context(), tab, d, nil)
	require.NoError(t, err)
	require.Equal(t, StopConverged, m.Report().Stop)
}

func TestLogRankWantsCounts(t *testing.T) {
	d := &Data{Exit: []float64{1, 2, 3}, Event: []bool{true, true, true}, Weights: []float64{1, 2, .5}}
	_, err := LogRank(d, []string{"a", "b", "a"})
	require.ErrorIs(t, err, ErrFraction)
	require.EqualError(t, err, "survival: weight is not a whole number: row 2")
}

func TestQuantileAfterTheLastStep(t *testing.T) {
	// R: quantile(survfit(Surv(c(1, 2, 3, 4), c(1, 1, 0, 0)) ~ 1), .5)$quantile is 3.
	curves, err := KaplanMeier(&Data{Exit: []float64{1, 2, 3, 4}, Event: []bool{true, true, false, false}}, .95)
	require.NoError(t, err)
	median, _, _ := curves[0].Quantile(.5)
	require.Equal(t, 3., median)
}

func TestErrorTexts(t *testing.T) {
	require.EqualError(t, (&Data{Exit: []float64{1e101}, Event: []bool{true}}).Validate(),
		"survival: duration is negative, not finite or beyond 1e100: row 0")
	require.EqualError(t, (&Data{Exit: []float64{1, 2}, Event: []bool{true, true}, Weights: []float64{1e100, 1e100}}).Validate(),
		"survival: weight is out of range: the sum is outside [1e-100, 1e100]")
}

// TestPeriodAsCategory: contracts of a year, whose end is one month of many.
func TestPeriodAsCategory(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	d := &Data{}
	x := make([]float64, 2000)
	for i := range x {
		month, ended := 0, false
		for month < 24 && !ended {
			month++
			hazard := .01
			if month == 12 {
				hazard = .4
			}
			ended = rng.Float64() < hazard
		}
		d.Exit, d.Event, x[i] = append(d.Exit, float64(month)), append(d.Event, ended), rng.NormFloat64()
	}
	curves, err := KaplanMeier(d, .95)
	require.NoError(t, err)
	p := &Periods{Category: true}
	for k := range 24 {
		p.Ends = append(p.Ends, float64(k+1))
	}
	e, err := Expand(oneNumber(x), d, p)
	require.NoError(t, err)
	column := e.Table.Columns[1]
	require.Equal(t, table.Category, column.Kind)
	require.Len(t, column.Levels, 24)
	for i, id := range []int{0, 1, 2} {
		require.EqualValues(t, id, column.Code[i])
	}
	model, err := logistic.Fit(t.Context(), e.Table, e.Ended, &logistic.Options{Unpenalized: true})
	require.NoError(t, err)
	discrete, err := NewDiscrete(model, p)
	require.NoError(t, err)
	f := discrete.Forecast([]float64{0})
	for _, month := range []float64{1, 11, 12, 13, 24} {
		require.InDelta(t, curves[0].At(month).Survival, f.Survival(month), .002, "month %v", month)
	}
	// Levels are found by name: a fit that did not see the first periods numbers the others from 0.
	var rows []int
	for i, code := range column.Code {
		if code >= 5 {
			rows = append(rows, i)
		}
	}
	bare := table.Table[int]{Columns: e.Table.Columns}
	var ended []bool
	for _, i := range rows {
		ended = append(ended, e.Ended[i])
	}
	late, err := logistic.Fit(t.Context(), bare.Take(rows), ended, &logistic.Options{Unpenalized: true})
	require.NoError(t, err)
	discrete, err = NewDiscrete(late, p)
	require.NoError(t, err)
	f = discrete.Forecast([]float64{0})
	require.InDelta(t, .4, f.Within(11, 1), .03)
}

func TestStandardErrorsAreThoseOfTheCovariance(t *testing.T) {
	text := `{"version":1,"kind":"survival.Cox","ties":"efron","columns":[{"name":"x","kind":"number"}],` +
		`"terms":[{"scale":1,"coefficient":2,"std_err":0.5,"model_std_err":9}],"covariance":[100],` +
		`"baselines":[{"stratum":"","times":[1],"hazard":[0.5],"end":3}],"report":{"rows":1,"weight":1,"events":1}}`
	var m Cox
	require.NoError(t, json.Unmarshal([]byte(text), &m))
	require.Equal(t, 10., m.Terms()[0].StdErr)
	require.Equal(t, 10., m.Terms()[0].ModelStdErr)
	require.Equal(t, .2, m.Terms()[0].Z)
}

func TestConstantInStrataButForRounding(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	tab, d := randomCox(rng, 200, 1, true, true, false, true)
	noisy := make([]float64, 200)
	for i := range noisy {
		noisy[i] = float64(d.Strata[i][0]-'a') + .1
		if rng.IntN(2) == 0 {
			noisy[i] = math.Nextafter(noisy[i], 9)
		}
	}
	tab.Columns = append(tab.Columns, table.NumberColumn("noisy", noisy...))
	m, err := FitCox(t.Context(), tab, d, nil)
	require.NoError(t, err)
	require.True(t, m.Terms()[1].Aliased)
	require.False(t, m.Terms()[0].Aliased)
}
