package logistic_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/table"
)

func hostileLabels() []bool { return []bool{true, false, true, false, true, true, false, false} }

func hostileOptions() *logistic.Options {
	return &logistic.Options{
		L2: 0.5, L1: 0.1, Knots: 2, Winsorize: 0.05, Weights: []float64{1, 2, 1, 1, 1, 1, 1, 1}, MaxIterations: 50, Tolerance: 1e-8, Workers: 2,
	}
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	model, err := logistic.Fit(ctx, hostiletest.Features(), hostileLabels(), hostileOptions())
	require.NoError(t, err)
	written, err := json.Marshal(model)
	require.NoError(t, err)
	row := func() []float64 { return []float64{3, 1} }
	const undefined = "a measure that is not defined is NaN"

	bad := hostiletest.TableFaults()
	options := map[string]any{
		"options.L2 NaN": "L2", "options.L2 +Inf": "L2", "options.L1 minus": "L1", "options.Knots min": "Knots", "options.Knots max": "Knots",
		"options.Winsorize NaN": "Winsorize", "options.Winsorize one": "Winsorize", "options.Weights[7] NaN": "row 7", "options.Weights NaN": "row 0",
		"options.MaxIterations minus": "MaxIterations", "options.Tolerance NaN": "Tolerance", "options.Tolerance one": "Tolerance", "options.Workers min": "Workers",
		"options.Unpenalized flipped": "Unpenalized",
	}
	rows := hostiletest.Lengths(hostiletest.Panic("logistic: row of "), "row")
	use := func(m *logistic.Model) {
		x := make([]float64, len(m.Columns()))
		for _, v := range []float64{math.NaN(), math.Inf(-1), 0, 1, 1e300} {
			for i := range x {
				x[i] = v
			}
			if p := m.PredictRow(x); !(p >= 0 && p <= 1) {
				panic(p)
			}
			m.Contributions(nil, x)
		}
	}

	hostiletest.Run(t, hostiletest.Table{
		"Fit": {
			Call: logistic.Fit[string], Names: "ctx table labels options",
			Args: func() []any { return []any{ctx, hostiletest.Features(), hostileLabels(), hostileOptions()} },
			Expect: hostiletest.With(bad, options, map[string]any{
				"options nil": hostiletest.OK, "labels nil": logistic.ErrLength, "labels short": logistic.ErrLength, "labels huge": logistic.ErrLength,
				"labels alike": logistic.ErrOneClass, "options.Weights short": logistic.ErrLength, "options.Weights[7] max": logistic.ErrWeight,
				"options.Weights[7] tiny": hostiletest.OK, "table.Columns nil": hostiletest.OK, "options.Workers max": hostiletest.OK,
			}),
			Cases: []hostiletest.Case{
				{Name: "nothing", Args: func() []any { return []any{ctx, &table.Table[string]{}, nil, nil} }, Want: logistic.ErrNoRows},
				{Name: "one row", Args: func() []any { return []any{ctx, hostiletest.Features().Take([]int{0}), []bool{true}, nil} }, Want: logistic.ErrOneClass},
				{Name: "too large", Args: func() []any {
					tab := hostiletest.Features()
					tab.Columns[0].Num[6] = -1e101
					return []any{ctx, tab, hostileLabels(), nil}
				}, Want: "row 6"},
				{Name: "all missing", Args: func() []any {
					tab := hostiletest.Features()
					tab.Columns[0] = table.NumberColumn("spend", slices.Repeat([]float64{math.NaN()}, 8)...)
					return []any{ctx, tab, hostileLabels(), nil}
				}, Want: hostiletest.OK},
				{Name: "divided", Args: func() []any {
					tab := hostiletest.Features()
					tab.Columns = []table.Column{table.NumberColumn("told", 1, 0, 1, 0, 1, 1, 0, 0)}
					return []any{ctx, tab, hostileLabels(), &logistic.Options{Unpenalized: true}}
				}, Want: "logistic: "},
			},
			Then: func(results []any) { use(results[0].(*logistic.Model)) },
		},
		"Predict": {
			Call: logistic.Predict[string], Names: "ctx model table options", Args: func() []any { return []any{ctx, model, hostiletest.Features(), &logistic.PredictOptions{Workers: 2}} },
			Expect: hostiletest.With(bad, map[string]any{"table.Columns nil": logistic.ErrColumn, "table.Columns[1].Name bytes": logistic.ErrColumn, "options.Workers max": hostiletest.OK}),
		},
		"Model.LogOdds":    {Call: (*logistic.Model).LogOdds, Names: "model row", Args: func() []any { return []any{model, row()} }, Expect: rows},
		"Model.PredictRow": {Call: (*logistic.Model).PredictRow, Names: "model row", Args: func() []any { return []any{model, row()} }, Expect: rows},
		"Model.Contributions": {
			Call: (*logistic.Model).Contributions, Names: "model dst row", Args: func() []any { return []any{model, make([]float64, 0, 4), row()} },
			Expect: rows, Writes: "dst", NaN: "dst may hold one",
		},
		"Model.Code": {
			Call: (*logistic.Model).Code, Names: "model column level", Args: func() []any { return []any{model, 1, "x"} },
			Expect: map[string]any{
				"column min": hostiletest.Panic("out of range"), "column minus": hostiletest.Panic("out of range"), "column max": hostiletest.Panic("out of range"),
			},
		},
		"Model.UnmarshalJSON": {
			Call: func(data []byte) (*logistic.Model, error) {
				m := new(logistic.Model)
				return m, m.UnmarshalJSON(data)
			},
			Names: "data", Args: func() []any { return []any{slices.Clone(written)} },
			Then: func(results []any) {
				use(results[0].(*logistic.Model))
				if _, err := json.Marshal(results[0]); err != nil {
					panic(err)
				}
			},
		},
		"Options.Validate": {Call: (*logistic.Options).Validate, Names: "options", Args: func() []any { return []any{hostileOptions()} }, Expect: options},
		"Term.OddsRatio": {
			Call: logistic.Term.OddsRatio, Names: "term confidence", Args: func() []any { return []any{model.Terms()[1], 0.95} }, NaN: undefined,
		},
		"Part.UnmarshalText": hostiletest.Name((*logistic.Part).UnmarshalText, "hinge"),
		"Stop.UnmarshalText": hostiletest.Name((*logistic.Stop).UnmarshalText, "converged"),
	})
}
