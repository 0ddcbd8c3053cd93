package survival

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/table"
)

func TestForecastByHand(t *testing.T) {
	f := Forecast{times: []float64{2, 4, 7}, hazard: []float64{.1, .3, .6}, factor: 2, end: 9}
	s := func(h float64) float64 { return math.Exp(-2 * h) }
	for _, c := range []struct{ at, want float64 }{{-1, 1}, {0, 1}, {1.9, 1}, {2, s(.1)}, {5, s(.3)}, {7, s(.6)}, {9, s(.6)}} {
		near(t, c.want, f.Survival(c.at))
	}
	near(t, 1-s(.3)/s(.1), f.Within(3, 1))
	near(t, 1-s(.6), f.Within(0, 9))
	near(t, 0, f.Within(7, 2))
	near(t, (4-3)+s(.2)*(7-4)+s(.5)*(8-7), f.Remaining(3, 5))
	near(t, 2+s(.1)*2+s(.3)*3+s(.6)*2, f.Remaining(0, 9))
	near(t, 0, f.Remaining(3, 0))
	near(t, 7, f.Median(0)) // 2·.3 < ln 2 <= 2·.6
	near(t, 7, f.Median(3)) // 2·(.6-.1) >= ln 2
	require.Equal(t, 9., f.End())
	for _, x := range []float64{
		f.Survival(9.1), f.Survival(math.NaN()), f.Within(8, 2), f.Within(-1, 2), f.Within(1, -1), f.Within(math.NaN(), 1),
		f.Remaining(8, 2), f.Remaining(-1, 2), f.Remaining(1, -1), f.Remaining(1, math.NaN()), f.Median(7), f.Median(-1), f.Median(10),
	} {
		require.True(t, math.IsNaN(x))
	}
	require.Zero(t, testing.AllocsPerRun(10, func() { f.Remaining(1, 5); f.Within(1, 2); f.Median(1) }))
}

func TestForecastIsAreaOfItsCurve(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 5))
	tab, d := randomCox(rng, 200, 2, true, true, true, true)
	withCategory(rng, tab)
	m, err := FitCox(t.Context(), tab, d, nil)
	require.NoError(t, err)
	f, err := m.Forecast([]float64{.3, 11, m.Code(2, "silver")}, "b")
	require.NoError(t, err)
	for _, age := range []float64{0, 2, 5.5} {
		area := 0.0
		const h = 1. / 256
		for x := age; x < age+10; x += h { // steps lie on whole numbers
			area += h * f.Survival(x) / f.Survival(age)
		}
		near(t, area, f.Remaining(age, 10))
	}
	_, err = m.Forecast([]float64{.3, 11, 0}, "z")
	require.ErrorIs(t, err, ErrStratum)
	unknown, err := m.Forecast([]float64{.3, 11, m.Code(2, "brass")}, "b")
	require.NoError(t, err)
	require.True(t, math.IsNaN(unknown.Survival(3)) && math.IsNaN(unknown.Within(1, 1)) && math.IsNaN(unknown.Remaining(1, 1)))
	require.Panics(t, func() { m.LogRisk([]float64{1}) })
	require.Panics(t, func() { m.Covariance(4, 0) })
}

func TestSurvivalsAndLogRisks(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 5))
	tab, d := randomCox(rng, 5000, 2, false, true, false, true)
	withCategory(rng, tab)
	m, err := FitCox(t.Context(), tab, d, nil)
	require.NoError(t, err)
	m = again(t, m)
	times := []float64{1, 7.5, 15}
	all, err := Survivals(t.Context(), m, tab, d.Strata, times, &PredictOptions{Workers: 3})
	require.NoError(t, err)
	risks, err := LogRisks(t.Context(), m, tab, &PredictOptions{Workers: 1})
	require.NoError(t, err)
	for i := range risks {
		row := []float64{tab.Columns[0].Num[i], tab.Columns[1].Num[i], m.Code(2, tab.Columns[2].Level(i))}
		require.Equal(t, m.LogRisk(row), risks[i])
		f, err := m.Forecast(row, d.Strata[i])
		require.NoError(t, err)
		for j, at := range times {
			require.Equal(t, f.Survival(at), all[i*3+j])
		}
	}
	_, err = Survivals(t.Context(), m, tab, nil, times, nil)
	require.ErrorIs(t, err, ErrStratum)
	_, err = Survivals(t.Context(), m, tab, d.Strata[1:], times, nil)
	require.ErrorIs(t, err, ErrLength)
	part, err := tab.Select("x0", "tier")
	require.NoError(t, err)
	negative := &PredictOptions{Workers: -1}
	_, err = LogRisks(t.Context(), m, tab, negative)
	require.ErrorIs(t, err, ErrOptions)
	require.ErrorContains(t, err, "PredictOptions.Workers is negative")
	_, err = Forecasts(t.Context(), m, tab, d.Strata, negative)
	require.ErrorContains(t, err, "PredictOptions.Workers is negative")
	_, err = Survivals(t.Context(), m, tab, d.Strata, times, negative)
	require.ErrorContains(t, err, "PredictOptions.Workers is negative")
	_, err = ProportionalHazards(t.Context(), m, tab, d, KM, negative)
	require.ErrorContains(t, err, "PredictOptions.Workers is negative")
	_, err = LogRisks(t.Context(), m, part, nil)
	require.ErrorIs(t, err, ErrColumn)
	other := &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("x0", 1), table.NumberColumn("x1", 1), table.CategoryColumn("tier", "brass"),
	}}
	_, err = LogRisks(t.Context(), m, other, nil)
	require.ErrorIs(t, err, ErrColumn)
	require.NotContains(t, err.Error(), "brass")
	other.Columns[2] = table.CategoryColumn("tier", "")
	_, err = LogRisks(t.Context(), m, other, nil)
	require.ErrorIs(t, err, ErrMissing)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = LogRisks(ctx, m, tab, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = FitCox(ctx, tab, d, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = ProportionalHazards(ctx, m, tab, d, KM, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = ProportionalHazards(t.Context(), m, tab, d, 9, nil)
	require.ErrorContains(t, err, "unknown(9)")
}

// share is the classifier of how many ended in each period.
type share []float64

func (s share) PredictRow(row []float64) float64 { return s[int(row[len(row)-1])] }

func TestDiscreteHazardOfSharesIsKaplanMeier(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 5))
	for _, entry := range []bool{false, true} {
		tab, d := randomCox(rng, 400, 1, entry, false, true, true)
		p := &Periods{}
		for k := range 15 {
			p.Ends = append(p.Ends, float64(k+1))
		}
		e, err := Expand(tab, d, p)
		require.NoError(t, err)
		risk, ended := make([]float64, 15), make(share, 15)
		for i := range e.Ended {
			k := e.Table.IDs[i].Period
			require.Equal(t, float64(k), e.Table.Columns[1].Num[i])
			require.Equal(t, tab.Columns[0].Num[e.Source[i]], e.Table.Columns[0].Num[i])
			risk[k] += e.Weights[i]
			if e.Ended[i] {
				ended[k] += e.Weights[i]
			}
		}
		for k := range ended {
			ended[k] /= risk[k]
		}
		model, err := NewDiscrete(ended, p)
		require.NoError(t, err)
		f := model.Forecast([]float64{7})
		curves, err := KaplanMeier(d, .95)
		require.NoError(t, err)
		for k := range 15 {
			at := curves[0].At(float64(k + 1))
			near(t, at.Survival, f.Survival(float64(k+1)))
		}
		before, after := curves[0].At(3).Survival, curves[0].At(9).Survival
		near(t, 1-after/before, f.Within(3, 6))
		want, _ := curves[0].Mean(12)
		near(t, want, f.Remaining(0, 12))
	}
}

func TestExpandRules(t *testing.T) {
	p := &Periods{Ends: []float64{10, 20, 30}, Column: "month"}
	for _, c := range []struct {
		name        string
		entry, exit float64
		event       bool
		want        []int
		ended       bool
	}{
		{"ends in the second", 0, 15, true, []int{0, 1}, true},
		{"ends at the end of the second", 0, 20, true, []int{0, 1}, true},
		{"censored in the second", 0, 15, false, []int{0}, false},
		{"censored at the end of the second", 0, 20, false, []int{0, 1}, false},
		{"ends after all", 0, 99, true, []int{0, 1, 2}, false},
		{"enters within the first", 5, 25, true, []int{1, 2}, true},
		{"enters at the end of the first", 10, 25, true, []int{1, 2}, true},
		{"enters and ends within one", 12, 15, true, nil, false},
		{"censored in the first", 0, 3, false, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab := &table.Table[string]{IDs: []string{"id"}, Compare: cmp.Compare[string], Columns: []table.Column{table.NumberColumn("x", 5)}}
			d := &Data{Exit: []float64{c.exit}, Event: []bool{c.event}, Entry: []float64{c.entry}}
			e, err := Expand(tab, d, p)
			require.NoError(t, err)
			var periods []int
			for _, id := range e.Table.IDs {
				periods = append(periods, id.Period)
			}
			require.Equal(t, c.want, periods)
			for i, ended := range e.Ended {
				require.Equal(t, c.ended && i == len(c.want)-1, ended)
			}
			if c.want == nil {
				require.Equal(t, 1, e.Left)
				require.Equal(t, c.event, e.LeftEvents == 1)
			}
			require.Equal(t, "month", e.Table.Columns[1].Name)
			require.Nil(t, e.Weights)
		})
	}
	for _, ends := range [][]float64{nil, {0, 1}, {1, 1}, {2, 1}, {math.NaN()}, {1, math.Inf(1)}} {
		_, err := Expand(&table.Table[int]{}, &Data{Exit: []float64{1}, Event: []bool{true}}, &Periods{Ends: ends})
		require.ErrorIs(t, err, ErrPeriods)
		_, err = NewDiscrete(share{}, &Periods{Ends: ends})
		require.ErrorIs(t, err, ErrPeriods)
	}
	var fault *table.Fault
	_, err := Expand(&table.Table[int]{Columns: []table.Column{table.NumberColumn("period", 1)}},
		&Data{Exit: []float64{1}, Event: []bool{true}}, &Periods{Ends: []float64{1}})
	require.ErrorAs(t, err, &fault)
	bad, err := NewDiscrete(share{.1, 2}, &Periods{Ends: []float64{1, 2}})
	require.NoError(t, err)
	require.True(t, math.IsNaN(bad.Forecast(nil).Survival(1)))
	sure, err := NewDiscrete(share{.5, 1, .5}, &Periods{Ends: []float64{1, 2, 3}})
	require.NoError(t, err)
	f := sure.Forecast(nil)
	require.Equal(t, []float64{.5, 0, 0}, []float64{f.Survival(1), f.Survival(2), f.Survival(3)})
	require.Equal(t, 1., f.Within(0, 3))
	require.True(t, math.IsNaN(f.Within(2, 1)))
	near(t, 1.5, f.Remaining(0, 3))
}

// TestDiscreteHazardFindsCox compares a logistic regression of short periods with the Cox model that the times
// were drawn from.
func TestDiscreteHazardFindsCox(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 5))
	n := 2000
	x := make([]float64, n)
	d := &Data{Exit: make([]float64, n), Event: make([]bool, n)}
	for i := range x {
		x[i] = rng.NormFloat64()
		end := rng.ExpFloat64() * 40 * math.Exp(-.7*x[i])
		d.Exit[i], d.Event[i] = min(math.Ceil(end), 20), end <= 20
	}
	tab := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", x...)}}
	p := &Periods{}
	for k := range 20 {
		p.Ends = append(p.Ends, float64(k+1))
	}
	e, err := Expand(tab, d, p)
	require.NoError(t, err)
	model, err := logistic.Fit(t.Context(), e.Table, e.Ended, &logistic.Options{Unpenalized: true})
	require.NoError(t, err)
	discrete, err := NewDiscrete(model, p)
	require.NoError(t, err)
	cox, err := FitCox(t.Context(), tab, d, nil)
	require.NoError(t, err)
	for _, x := range []float64{-1, 0, 1} {
		f := discrete.Forecast([]float64{x})
		g, err := cox.Forecast([]float64{x}, "")
		require.NoError(t, err)
		for _, at := range []float64{5, 20} {
			truth := math.Exp(-at / 40 * math.Exp(.7*x))
			require.InDelta(t, truth, f.Survival(at), .03)
			require.InDelta(t, truth, g.Survival(at), .03)
		}
	}
}
