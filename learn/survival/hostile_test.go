package survival_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/learn/survival"
	"github.com/clientele-go/clientele/table"
)

func hostileTable() *table.Table[string] {
	return &table.Table[string]{
		IDs: []string{"h", "b", "c", "d", "e", "f", "g", "a"}, Compare: strings.Compare,
		Columns: []table.Column{
			table.NumberColumn("spend", 1, 2, 6, 4, 5, 3, 7, 8),
			table.CategoryColumn("city", "x", "y", "x", "y", "y", "x", "y", "x"),
		},
	}
}

func hostileData() *survival.Data {
	return &survival.Data{
		Entry: []float64{0, 0, 1, 0, 0, 0, 2, 0}, Exit: []float64{5, 3, 8, 2, 9, 4, 6, 7},
		Event: []bool{true, true, false, true, true, true, false, true}, Weights: []float64{1, 2, 1, 1, 1, 1, 1, 1},
		Strata: []string{"p", "p", "q", "q", "p", "q", "q", "p"},
	}
}

// even is a classifier that gives every period the same hazard.
type even float64

func (e even) PredictRow([]float64) float64 { return float64(e) }

func TestHostile(t *testing.T) {
	const undefined = "what is not defined is NaN"
	ctx := t.Context()
	options := func() *survival.Options {
		return &survival.Options{Cluster: []int{1, 2, 3, 4, 5, 6, 7, 7}, MaxIterations: 30, Tolerance: 1e-8, Workers: 2}
	}
	model, err := survival.FitCox(ctx, hostileTable(), hostileData(), options())
	require.NoError(t, err)
	written, err := json.Marshal(model)
	require.NoError(t, err)
	curves, err := survival.KaplanMeier(hostileData(), 0.9)
	require.NoError(t, err)
	forecast, err := model.Forecast([]float64{3, 1}, "p")
	require.NoError(t, err)
	periods := func() *survival.Periods {
		return &survival.Periods{Column: "month", Ends: []float64{3, 6, 9}, Category: true}
	}
	discrete, err := survival.NewDiscrete(even(0.1), periods())
	require.NoError(t, err)
	row := func() []float64 { return []float64{3, 1} }
	bad := hostiletest.With(hostiletest.TableFaults(), map[string]any{"table.Columns[1].Code[7] minus": survival.ErrMissing})
	data := map[string]any{
		"data nil": "survival: ", "data.Exit nil": "survival: ", "data.Exit short": survival.ErrLength, "data.Exit[7] NaN": "row 7",
		"data.Exit[7] +Inf": "row 7", "data.Exit[7] minus": "row 7", "data.Exit NaN": "row 0", "data.Event short": survival.ErrLength,
		"data.Entry short": survival.ErrLength, "data.Entry[7] NaN": "row 7", "data.Entry[7] max": "row 7", "data.Entry nil": hostiletest.OK,
		"data.Weights short": survival.ErrLength, "data.Weights[7] NaN": survival.ErrWeight, "data.Weights[7] minus": "row 7",
		"data.Weights nil": hostiletest.OK, "data.Strata short": survival.ErrLength, "data.Strata nil": hostiletest.OK,
	}
	predict := hostiletest.With(bad, map[string]any{
		"table.Columns nil": survival.ErrColumn, "table.Columns[1].Name bytes": survival.ErrColumn,
	})
	rows := hostiletest.Lengths(hostiletest.Panic("survival: "), "row")
	index := map[string]any{
		"i min": hostiletest.Panic(""), "i minus": hostiletest.Panic(""), "i max": hostiletest.Panic(""),
		"j min": hostiletest.Panic(""), "j minus": hostiletest.Panic(""), "j max": hostiletest.Panic(""),
	}
	strata := func() []string { return []string{"p", "p", "q", "q", "p", "q", "q", "p"} }
	strataOf := map[string]any{
		"table nil": survival.ErrLength, "table.IDs short": survival.ErrLength,
		"strata short": survival.ErrLength, "strata[7] empty": survival.ErrStratum, "strata[7] bytes": survival.ErrStratum,
	}

	hostiletest.Run(t, hostiletest.Table{
		"FitCox": {
			Call: survival.FitCox[string], Names: "ctx table data options",
			Args: func() []any { return []any{ctx, hostileTable(), hostileData(), options()} },
			Expect: hostiletest.With(bad, data, map[string]any{
				"options nil": hostiletest.OK, "options.Ties max": "Ties", "options.Cluster short": survival.ErrLength, "options.MaxIterations min": "MaxIterations",
				"options.Tolerance NaN": "Tolerance", "options.Workers min": "Workers", "options.Workers max": hostiletest.OK, "table.IDs turned": hostiletest.OK,
			}),
			Cases: []hostiletest.Case{
				{Name: "nothing", Args: func() []any { return []any{ctx, &table.Table[string]{}, &survival.Data{}, nil} }, Want: survival.ErrNoRows},
				{Name: "no event", Args: func() []any {
					d := hostileData()
					d.Event = make([]bool, 8)
					return []any{ctx, hostileTable(), d, nil}
				}, Want: survival.ErrNoEvents},
				{Name: "missing", Args: func() []any {
					tab := hostileTable()
					tab.Columns[0].Num[6] = math.NaN()
					return []any{ctx, tab, hostileData(), nil}
				}, Want: "row 6"},
				{Name: "too large", Args: func() []any {
					tab := hostileTable()
					tab.Columns[0].Num[6] = 1e101
					return []any{ctx, tab, hostileData(), nil}
				}, Want: "row 6"},
			},
		},
		"ProportionalHazards": {
			Call: survival.ProportionalHazards[string], Names: "ctx model table data transform options",
			Args: func() []any {
				return []any{ctx, model, hostileTable(), hostileData(), survival.KM, &survival.PredictOptions{Workers: 2}}
			},
			Expect: hostiletest.With(predict, data, map[string]any{"data.Strata nil": nil, "transform max": "survival: "}),
			NaN:    "P without degrees of freedom is",
		},
		"Data.Validate": {
			Call: (*survival.Data).Validate, Names: "data", Args: func() []any { return []any{hostileData()} }, Expect: data,
		},
		"Concordance": {
			Call: survival.Concordance, Names: "data risks", Args: func() []any { return []any{hostileData(), []float64{8, 7, 1, 5, 4, 3, 2, 6}} },
			Expect: hostiletest.With(data, map[string]any{
				"risks short": survival.ErrLength, "risks[7] NaN": "row 7", "risks NaN": survival.ErrRisk, "risks[7] +Inf": hostiletest.OK,
				"risks alike": hostiletest.OK,
			}),
		},
		"KaplanMeier": {
			Call: survival.KaplanMeier, Names: "data level", Args: func() []any { return []any{hostileData(), 0.9} },
			Expect: hostiletest.With(data, map[string]any{
				"level NaN": survival.ErrLevel, "level zero": survival.ErrLevel, "level one": survival.ErrLevel, "level minus": survival.ErrLevel,
			}),
			NaN: "an interval that is not defined is",
		},
		"LogRank": {
			Call: survival.LogRank, Names: "data groups", Args: func() []any { return []any{hostileData(), strings.Split("xyxyxyxy", "")} },
			Expect: hostiletest.With(data, map[string]any{
				"groups short": survival.ErrLength, "groups nil": survival.ErrLength, "groups alike": hostiletest.OK, "groups[7] bytes": hostiletest.OK,
				"data.Weights[7] tiny": survival.ErrFraction,
			}),
			NaN: "P without degrees of freedom is",
		},
		"Expand": {
			Call: survival.Expand[string], Names: "table data periods", Args: func() []any { return []any{hostileTable(), hostileData(), periods()} },
			Expect: hostiletest.With(data, map[string]any{
				"table nil": "table: ", "periods nil": "survival: ", "periods.Ends nil": survival.ErrPeriods, "periods.Ends NaN": survival.ErrPeriods,
				"periods.Ends turned": survival.ErrPeriods, "periods.Ends twice": survival.ErrPeriods, "periods.Ends[2] +Inf": survival.ErrPeriods,
				"periods.Column empty": hostiletest.OK,
			}),
		},
		"Periods.Validate": {
			Call: (*survival.Periods).Validate, Names: "periods", Args: func() []any { return []any{periods()} },
			Expect: map[string]any{"periods nil": "survival: ", "periods.Ends huge": survival.ErrPeriods, "periods.Ends NaN": survival.ErrPeriods},
		},
		"NewDiscrete": {
			Call: survival.NewDiscrete, Names: "classifier periods", Args: func() []any { return []any{even(0.1), periods()} },
			Expect: map[string]any{"periods nil": "survival: ", "periods.Ends nil": survival.ErrPeriods},
		},
		"Discrete.Forecast": {Call: (*survival.Discrete).Forecast, Names: "discrete row", Args: func() []any { return []any{discrete, row()} }},
		"LogRisks": {
			Call: survival.LogRisks[string], Names: "ctx model table options", Args: func() []any { return []any{ctx, model, hostileTable(), &survival.PredictOptions{Workers: 2}} }, Expect: predict,
		},
		"Forecasts": {
			Call: survival.Forecasts[string], Names: "ctx model table strata options",
			Args: func() []any { return []any{ctx, model, hostileTable(), strata(), &survival.PredictOptions{Workers: 2}} }, Expect: hostiletest.With(predict, strataOf),
		},
		"Survivals": {
			Call: survival.Survivals[string], Names: "ctx model table strata times options",
			Args: func() []any {
				return []any{ctx, model, hostileTable(), strata(), []float64{1, 4}, &survival.PredictOptions{Workers: 2}}
			},
			Expect: hostiletest.With(predict, strataOf, map[string]any{"times nil": hostiletest.OK, "times turned": hostiletest.OK}), NaN: undefined,
		},
		"Cox.Forecast": {
			Call: (*survival.Cox).Forecast, Names: "model row stratum", Args: func() []any { return []any{model, row(), "p"} },
			Expect: hostiletest.With(rows, map[string]any{"stratum": survival.ErrStratum}),
		},
		"Cox.LogRisk": {Call: (*survival.Cox).LogRisk, Names: "model row", Args: func() []any { return []any{model, row()} }, Expect: rows, NaN: undefined},
		"Cox.Covariance": {
			Call: (*survival.Cox).Covariance, Names: "model i j", Args: func() []any { return []any{model, 0, 1} }, Expect: index,
		},
		"Cox.Code": {
			Call: (*survival.Cox).Code, Names: "model i level", Args: func() []any { return []any{model, 1, "x"} },
			Expect: map[string]any{"i min": hostiletest.Panic(""), "i minus": hostiletest.Panic(""), "i max": hostiletest.Panic("")},
		},
		"Cox.UnmarshalJSON": {
			Call: func(data []byte) (*survival.Cox, error) {
				m := new(survival.Cox)
				return m, m.UnmarshalJSON(data)
			},
			Names: "data", Args: func() []any { return []any{slices.Clone(written)} },
			Then: func(results []any) {
				m := results[0].(*survival.Cox)
				x := make([]float64, len(m.Columns()))
				for _, v := range []float64{math.NaN(), math.Inf(-1), 0, 1, 1e300} {
					for i := range x {
						x[i] = v
					}
					m.LogRisk(x)
					for _, b := range m.Baselines() {
						f, err := m.Forecast(x, b.Stratum)
						if err != nil {
							panic(err)
						}
						f.Survival(1)
						f.Median(0)
						f.Remaining(0, 5)
					}
				}
				if _, err := json.Marshal(m); err != nil {
					panic(err)
				}
			},
		},
		"Options.Validate": {
			Call: (*survival.Options).Validate, Names: "options", Args: func() []any { return []any{options()} },
			Expect: map[string]any{"options nil": hostiletest.OK, "options.Ties max": "Ties", "options.Tolerance NaN": "Tolerance"},
		},
		"Curve.At":                {Call: (*survival.Curve).At, Names: "curve time", Args: func() []any { c := curves[0]; return []any{&c, 3.0} }, Hold: map[string]string{"curve": "it is made by KaplanMeier"}, NaN: undefined},
		"Curve.Mean":              {Call: (*survival.Curve).Mean, Names: "curve horizon", Args: func() []any { c := curves[0]; return []any{&c, 3.0} }, Hold: map[string]string{"curve": "it is made by KaplanMeier"}, NaN: undefined},
		"Curve.Quantile":          {Call: (*survival.Curve).Quantile, Names: "curve share", Args: func() []any { c := curves[0]; return []any{&c, 0.5} }, Hold: map[string]string{"curve": "it is made by KaplanMeier"}, NaN: undefined},
		"Forecast.Median":         {Call: survival.Forecast.Median, Names: "forecast age", Args: func() []any { return []any{forecast, 1.0} }, NaN: undefined},
		"Forecast.Remaining":      {Call: survival.Forecast.Remaining, Names: "forecast age horizon", Args: func() []any { return []any{forecast, 1.0, 2.0} }, NaN: undefined},
		"Forecast.Survival":       {Call: survival.Forecast.Survival, Names: "forecast time", Args: func() []any { return []any{forecast, 1.0} }, NaN: undefined},
		"Forecast.Within":         {Call: survival.Forecast.Within, Names: "forecast age span", Args: func() []any { return []any{forecast, 1.0, 2.0} }, NaN: undefined},
		"Term.HazardRatio":        {Call: survival.Term.HazardRatio, Names: "term level", Args: func() []any { return []any{model.Terms()[0], 0.95} }, NaN: undefined},
		"Stop.UnmarshalText":      hostiletest.Name((*survival.Stop).UnmarshalText, "converged"),
		"Ties.UnmarshalText":      hostiletest.Name((*survival.Ties).UnmarshalText, "breslow"),
		"Transform.UnmarshalText": hostiletest.Name((*survival.Transform).UnmarshalText, "km"),
	})
}
