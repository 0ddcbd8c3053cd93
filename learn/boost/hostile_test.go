package boost_test

import (
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/table"
)

func hostileLabels() []bool { return []bool{true, false, true, false, true, true, false, false} }

func hostileWeights() []float64 { return []float64{1, 2, 1, 1, 1, 1, 1, 1} }

func hostileOptions() *boost.Options {
	return &boost.Options{
		Rounds: 4, LearningRate: 0.3, MaxLeaves: 3, MaxDepth: 3, MinLeaf: 1, MinHessian: 0.01, L2: 1, Bins: 16, RowShare: 0.9, ColumnShare: 1,
		LevelWeight: 1, LevelSmoothing: 1, Rising: []string{"spend"}, Weights: hostileWeights(), Patience: 3, Workers: 2,
		Later: &boost.Slice{Columns: hostiletest.Features().Columns, Labels: hostileLabels(), Weights: hostileWeights()},
	}
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	model, err := boost.Fit(ctx, hostiletest.Features(), hostileLabels(), hostileOptions())
	require.NoError(t, err)
	written, err := json.Marshal(model)
	require.NoError(t, err)
	forest := func() *boost.ForestOptions {
		return &boost.ForestOptions{Trees: 3, Columns: 1, MinLeaf: 1, Weights: hostileWeights(), Workers: 2}
	}
	target := func() []float64 { return []float64{1, 2, 3, 4, 5, 6, 7, 8} }
	row := func() []float64 { return []float64{3, 1} }
	squared := func() *boost.Options {
		o := hostileOptions()
		o.Later = nil
		o.Patience = 0
		return o
	}
	bad := hostiletest.TableFaults()
	fit := hostiletest.With(bad, map[string]any{
		"labels nil": boost.ErrLength, "labels short": boost.ErrLength, "labels huge": boost.ErrLength, "labels alike": boost.ErrOneClass,
	})
	options := map[string]any{
		"options.Rounds min": "Rounds", "options.Rounds max": "Rounds", "options.LearningRate NaN": "LearningRate", "options.MaxLeaves one": "MaxLeaves",
		"options.MaxLeaves max": "MaxLeaves", "options.MaxDepth minus": "MaxDepth", "options.MinLeaf +Inf": "MinLeaf", "options.MinGain NaN": "MinGain",
		"options.L2 minus": "L2", "options.Bins max": "Bins", "options.Bins one": "Bins", "options.RowShare NaN": "RowShare", "options.ColumnShare max": "ColumnShare",
		"options.Weights[7] NaN": "row 7", "options.Weights[7] minus": boost.ErrWeight, "options.Workers min": "Workers", "options.Workers max": hostiletest.OK,
	}
	later := map[string]any{
		"options.Later.Weights[7] NaN": "row 7", "options.Later.Labels short": boost.ErrLength, "options.Later.Columns nil": boost.ErrNoRows,
		"options.Patience min": "Patience", "options.Later nil": "Patience is set without Later",
		"options.Weights short": boost.ErrLength, "options.Weights[7] max": boost.ErrWeight, "options.Rising[0] empty": boost.ErrColumn,
		"options.Rising[0] bytes": boost.ErrColumn, "options nil": hostiletest.OK,
	}
	predict := hostiletest.With(bad, map[string]any{"table.Columns nil": boost.ErrColumn, "table.Columns[1].Name bytes": boost.ErrColumn})
	rows := hostiletest.Lengths(hostiletest.Panic("boost: row of "), "row")
	use := func(results []any) {
		m := results[0].(*boost.Model)
		x := make([]float64, len(m.Columns()))
		for _, v := range []float64{math.NaN(), math.Inf(-1), 0, 1, 1e300} {
			for i := range x {
				x[i] = v
			}
			m.PredictRow(x)
			m.Contributions(nil, x)
			m.Interactions(nil, x)
		}
		if _, err := json.Marshal(m); err != nil && !strings.Contains(err.Error(), "not UTF-8") {
			panic(err)
		}
	}
	var light struct{ Model string }
	var xg struct{ Cases []struct{ Model string } }
	for name, into := range map[string]any{"lightgbm.json": &light, "xgboost.json": &xg} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, into))
	}
	broken := map[string]any{"r broken": hostiletest.ErrReader, "r slow": hostiletest.OK, "r empty": "boost: ", "r deep": "boost: ", "r torn": "boost: "}

	hostiletest.Run(t, hostiletest.Table{
		"Fit": {
			Call: boost.Fit[string], Names: "ctx table labels options",
			Args:   func() []any { return []any{ctx, hostiletest.Features(), hostileLabels(), hostileOptions()} },
			Expect: hostiletest.With(fit, options, later, map[string]any{"table.Columns nil": boost.ErrColumn}), Then: use,
			Cases: []hostiletest.Case{
				{Name: "nothing", Args: func() []any { return []any{ctx, &table.Table[string]{}, nil, nil} }, Want: boost.ErrNoRows},
				{Name: "one row", Args: func() []any { return []any{ctx, hostiletest.Features().Take([]int{0}), []bool{true}, nil} }, Want: boost.ErrOneClass},
			},
		},
		"FitTarget": {
			Call: boost.FitTarget[string], Names: "ctx table target objective options",
			Args: func() []any { return []any{ctx, hostiletest.Features(), target(), boost.SquaredError{}, squared()} },
			Expect: hostiletest.With(bad, options, map[string]any{
				"target nil": boost.ErrLength, "target short": boost.ErrLength, "target NaN": boost.ErrTarget, "target[7] NaN": "row 7",
				"target[7] +Inf": "row 7", "target[7] max": "row 7", "target alike": hostiletest.OK,
			}), Then: use,
		},
		"FitForest": {
			Call: boost.FitForest[string], Names: "ctx table labels options",
			Args: func() []any { return []any{ctx, hostiletest.Features(), hostileLabels(), forest()} },
			Expect: hostiletest.With(fit, map[string]any{
				"options.Trees min": "Trees", "options.Trees max": "Trees", "options.Columns minus": "Columns", "options.MinLeaf NaN": "MinLeaf",
				"options.Weights[7] NaN": "row 7", "options.Weights huge": boost.ErrLength, "options.Workers min": "Workers", "options nil": hostiletest.OK,
				"labels alike": nil,
			}), Then: use,
		},
		"Permutation": {
			Call: boost.Permutation[string], Names: "ctx model table labels options",
			Args: func() []any {
				return []any{ctx, model, hostiletest.Features(), hostileLabels(), &boost.PermutationOptions{Repeats: 2, Weights: hostileWeights(), Workers: 2}}
			},
			Hold: map[string]string{"options.Repeats max": "work that is asked for"},
			Expect: hostiletest.With(fit, map[string]any{
				"options.Repeats min": "Repeats", "options.Weights[7] NaN": "row 7", "options.Weights short": boost.ErrLength, "options.Workers min": "Workers",
				"table.Columns nil": boost.ErrColumn, "options nil": hostiletest.OK, "labels alike": hostiletest.OK,
			}),
			NaN: "SD of one repetition is",
		},
		"Predict": {Call: boost.Predict[string], Names: "ctx model table options", Args: func() []any { return []any{ctx, model, hostiletest.Features(), &boost.PredictOptions{Workers: 2}} }, Expect: predict},
		"Scores":  {Call: boost.Scores[string], Names: "ctx model table options", Args: func() []any { return []any{ctx, model, hostiletest.Features(), &boost.PredictOptions{Workers: 2}} }, Expect: predict},
		"Shapley": {
			Call: boost.Shapley[string], Names: "ctx model table options",
			Args: func() []any {
				return []any{ctx, model, hostiletest.Features(), &boost.ShapleyOptions{Background: hostiletest.Features().Columns, Weights: hostileWeights(), Workers: 2}}
			},
			Expect: hostiletest.With(predict, map[string]any{
				"options.Background nil": "boost: ", "options.Background empty": boost.ErrColumn, "options.Weights[7] NaN": "row 7", "options.Weights short": boost.ErrLength,
				"options.Workers min": "Workers", "options nil": hostiletest.OK,
			}),
		},
		"ReadXGBoost": {
			Call: func(r io.Reader, o *boost.ReadOptions) (*boost.Model, error) { return boost.ReadXGBoost(r, o) }, Names: "r options",
			Args:   func() []any { return []any{hostiletest.Text(xg.Cases[0].Model), &boost.ReadOptions{}} },
			Expect: broken, Then: use, Alone: "a reader is read once",
		},
		"ReadLightGBM": {
			Call: func(r io.Reader, o *boost.ReadOptions) (*boost.Model, error) { return boost.ReadLightGBM(r, o) }, Names: "r options",
			Args: func() []any { return []any{hostiletest.Text(light.Model), &boost.ReadOptions{}} },
			// The parameters at the end do not matter.
			Expect: hostiletest.With(broken, map[string]any{"r torn": nil}), Then: use, Alone: "a reader is read once",
		},
		"Model.LogOdds":       {Call: (*boost.Model).LogOdds, Names: "model row", Args: func() []any { return []any{model, row()} }, Expect: rows},
		"Model.PredictRow":    {Call: (*boost.Model).PredictRow, Names: "model row", Args: func() []any { return []any{model, row()} }, Expect: rows},
		"Model.Contributions": {Call: (*boost.Model).Contributions, Names: "model dst row", Args: func() []any { return []any{model, make([]float64, 0, 4), row()} }, Expect: rows, Writes: "dst", NaN: "dst may hold one"},
		"Model.Interactions":  {Call: (*boost.Model).Interactions, Names: "model dst row", Args: func() []any { return []any{model, make([]float64, 0, 4), row()} }, Expect: rows, Writes: "dst", NaN: "dst may hold one"},
		"Model.Code": {
			Call: (*boost.Model).Code, Names: "model column level", Args: func() []any { return []any{model, 1, "x"} },
			Expect: map[string]any{
				"column min": hostiletest.Panic("out of range"), "column minus": hostiletest.Panic("out of range"), "column max": hostiletest.Panic("out of range"),
			},
		},
		"Model.UnmarshalJSON": {
			Call: func(data []byte) (*boost.Model, error) {
				m := new(boost.Model)
				return m, m.UnmarshalJSON(data)
			},
			Names: "data", Args: func() []any { return []any{slices.Clone(written)} }, Then: use,
		},
		"Options.Validate":       {Call: (*boost.Options).Validate, Names: "options", Args: func() []any { return []any{hostileOptions()} }, Expect: options},
		"ForestOptions.Validate": {Call: (*boost.ForestOptions).Validate, Names: "options", Args: func() []any { return []any{forest()} }, Expect: map[string]any{"options.Trees max": "Trees"}},
		"PermutationOptions.Validate": {
			Call: (*boost.PermutationOptions).Validate, Names: "options", Args: func() []any { return []any{&boost.PermutationOptions{Weights: hostileWeights()}} },
			Expect: map[string]any{"options.Weights NaN": boost.ErrWeight, "options.Repeats min": "Repeats"},
		},
		"ShapleyOptions.Validate": {
			Call: (*boost.ShapleyOptions).Validate, Names: "options", Args: func() []any {
				return []any{&boost.ShapleyOptions{Background: hostiletest.Features().Columns, Weights: hostileWeights()}}
			},
			Expect: map[string]any{"options.Weights NaN": boost.ErrWeight},
		},
		"Stop.UnmarshalText": hostiletest.Name((*boost.Stop).UnmarshalText, "patience"),
	})
}

var _ = hostiletest.Exceptions{
	"Logistic.Gradients":     "Fit calls it, with targets and scores that it has made sure of",
	"Logistic.Loss":          "Fit calls it, with targets and scores that it has made sure of",
	"Logistic.Start":         "Fit and FitTarget call it: see their targets",
	"SquaredError.Gradients": "FitTarget calls it, with targets and scores that it has made sure of",
	"SquaredError.Loss":      "FitTarget calls it, with targets and scores that it has made sure of",
	"SquaredError.Start":     "FitTarget calls it: see its targets",
}
