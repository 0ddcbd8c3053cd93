package tree_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/table"
)

func hostileClasses() []int32 { return []int32{0, 1, 0, 1, 2, 2, 1, 0} }

func hostileOptions() *tree.Options {
	return &tree.Options{
		MaxDepth: 4, MinSplit: 2, MinLeaf: 1, Weights: []float64{1, 2, 1, 1, 1, 1, 1, 1}, ClassWeights: []float64{1, 1, 2}, Smoothing: 1, Workers: 2,
	}
}

func hostileTree(t *testing.T) *tree.Tree {
	grown, err := tree.Fit(t.Context(), hostiletest.Features(), hostileClasses(), hostileOptions())
	require.NoError(t, err)
	return grown
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	grown := hostileTree(t)
	written, err := json.Marshal(grown)
	require.NoError(t, err)
	pruning := func() *tree.PruneOptions {
		return &tree.PruneOptions{Folds: 2, Groups: []int32{1, 2, 3, 4, 5, 6, 7, 7}, Seed: 3}
	}
	row := func() []float64 { return []float64{3, 1} }
	const undefined = "a missing value is one"
	bad := hostiletest.With(hostiletest.TableFaults(), map[string]any{"table.Columns nil": hostiletest.OK})
	fit := hostiletest.With(bad, map[string]any{
		"classes nil": tree.ErrLength, "classes short": tree.ErrLength, "classes huge": tree.ErrLength, "classes[7] min": "row 7",
		"classes[7] max": "row 7", "classes[7] minus": tree.ErrClass, "classes alike": hostiletest.OK,
	})
	options := map[string]any{
		"options.Criterion max": "Criterion", "options.MaxDepth min": "MaxDepth", "options.MinSplit NaN": "MinSplit", "options.MinLeaf +Inf": "MinLeaf",
		"options.MinGain NaN": "MinGain", "options.Weights[7] NaN": "row 7", "options.Weights[7] -Inf": tree.ErrWeight, "options.Weights huge": tree.ErrLength,
		"options.Weights NaN": tree.ErrWeight, "options.ClassWeights[2] zero": "ClassWeights", "options.ClassWeights NaN": "ClassWeights",
		"options.Smoothing -Inf": "Smoothing", "options.Workers min": "Workers", "options.Workers max": hostiletest.OK, "options.Weights[7] max": tree.ErrWeight,
	}
	folds := map[string]any{
		"pruning.Folds min": "Folds", "pruning.Folds one": "Folds", "pruning.Groups short": tree.ErrLength, "pruning.Groups alike": tree.ErrFolds,
		"pruning.Risk max": "Risk", "pruning.Rule max": "Rule", "pruning.Folds max": hostiletest.OK,
	}
	predict := hostiletest.With(bad, map[string]any{"table.Columns nil": tree.ErrColumn, "table.Columns[1].Kind one": "table: ", "table.Columns[1].Name bytes": tree.ErrColumn})
	rows := hostiletest.Lengths(hostiletest.Panic("tree: row of "), "row")
	class := map[string]any{"class": hostiletest.OK}

	hostiletest.Run(t, hostiletest.Table{
		"Fit": {
			Call: tree.Fit[string], Names: "ctx table classes options",
			Args:   func() []any { return []any{ctx, hostiletest.Features(), hostileClasses(), hostileOptions()} },
			Expect: hostiletest.With(fit, options, map[string]any{"options nil": hostiletest.OK, "options.ClassWeights one": tree.ErrLength}),
			Cases: []hostiletest.Case{
				{Name: "nothing", Args: func() []any { return []any{ctx, &table.Table[string]{}, nil, nil} }, Want: tree.ErrNoRows},
				{Name: "one row", Args: func() []any { return []any{ctx, hostiletest.Features().Take([]int{0}), []int32{1}, nil} }, Want: hostiletest.OK},
			},
		},
		"FitPruned": {
			Call: tree.FitPruned[string], Names: "ctx table classes options pruning",
			Args:   func() []any { return []any{ctx, hostiletest.Features(), hostileClasses(), hostileOptions(), pruning()} },
			Expect: hostiletest.With(fit, options, folds),
		},
		"CrossValidate": {
			Call: tree.CrossValidate[string], Names: "ctx table classes options pruning",
			Args:   func() []any { return []any{ctx, hostiletest.Features(), hostileClasses(), hostileOptions(), pruning()} },
			Expect: hostiletest.With(fit, options, folds),
			NaN:    "what was not held out has no risk",
		},
		"HoldOut": {
			Call: tree.HoldOut[string], Names: "ctx tree table classes weights pruning",
			Args: func() []any {
				return []any{ctx, grown, hostiletest.Features(), hostileClasses(), []float64{1, 2, 1, 1, 1, 1, 1, 1}, pruning()}
			},
			Expect: map[string]any{
				"classes short": tree.ErrLength, "classes[7] minus": "row 7", "weights short": tree.ErrLength, "weights[7] NaN": "row 7",
				"weights nil": hostiletest.OK, "table nil": "table: ", "table.Columns nil": tree.ErrColumn,
			},
			NaN: "what is not known is",
		},
		"Apply":   {Call: tree.Apply[string], Names: "ctx tree table", Args: func() []any { return []any{ctx, grown, hostiletest.Features()} }, Expect: predict},
		"Predict": {Call: tree.Predict[string], Names: "ctx tree table", Args: func() []any { return []any{ctx, grown, hostiletest.Features()} }, Expect: predict},
		"Probabilities": {
			Call: tree.Probabilities[string], Names: "ctx tree table class", Args: func() []any { return []any{ctx, grown, hostiletest.Features(), int32(1)} },
			Expect: hostiletest.With(predict, class),
		},
		"Tree.ApplyRow":    {Call: (*tree.Tree).ApplyRow, Names: "tree row", Args: func() []any { return []any{grown, row()} }, Expect: rows},
		"Tree.PredictRow":  {Call: (*tree.Tree).PredictRow, Names: "tree row", Args: func() []any { return []any{grown, row()} }, Expect: rows},
		"Tree.Path":        {Call: (*tree.Tree).Path, Names: "tree row", Args: func() []any { return []any{grown, row()} }, Expect: rows, NaN: undefined},
		"Tree.Probability": {Call: (*tree.Tree).Probability, Names: "tree row class", Args: func() []any { return []any{grown, row(), int32(1)} }, Expect: hostiletest.With(rows, class)},
		"Tree.Contributions": {
			Call: (*tree.Tree).Contributions, Names: "tree dst row class", Args: func() []any { return []any{grown, make([]float64, 0, 4), row(), int32(1)} },
			Expect: hostiletest.With(rows, class), Writes: "dst", NaN: "dst may hold one",
		},
		"Tree.Code": {
			Call: (*tree.Tree).Code, Names: "tree column level", Args: func() []any { return []any{grown, 1, "x"} },
			Expect: map[string]any{
				"column min": hostiletest.Panic("out of range"), "column minus": hostiletest.Panic("out of range"), "column max": hostiletest.Panic("out of range"),
			},
		},
		"Tree.Prune": {
			Call: (*tree.Tree).Prune, Names: "tree alpha risk", Args: func() []any { return []any{grown, 0.1, tree.Impurity} },
			Expect: map[string]any{"alpha NaN": hostiletest.Panic("alpha is NaN")},
		},
		"Tree.Sequence": {Call: (*tree.Tree).Sequence, Names: "tree risk", Args: func() []any { return []any{grown, tree.Impurity} }, NaN: "HeldOut is not known"},
		"Tree.UnmarshalJSON": {
			Call: func(data []byte) (*tree.Tree, error) {
				read := new(tree.Tree)
				return read, read.UnmarshalJSON(data)
			},
			Names: "data", Args: func() []any { return []any{slices.Clone(written)} },
			Then: func(results []any) {
				read := results[0].(*tree.Tree)
				x := make([]float64, len(read.Columns()))
				for _, v := range []float64{math.NaN(), math.Inf(-1), 0, 1, 1e300} {
					for i := range x {
						x[i] = v
					}
					read.Path(x)
					read.Contributions(nil, x, read.PredictRow(x))
				}
				read.Importance()
				read.Prune(0.5, tree.Errors)
				if _, err := json.Marshal(read); err != nil {
					panic(err)
				}
			},
		},
		"Options.Validate": {
			Call: (*tree.Options).Validate, Names: "options", Args: func() []any { return []any{hostileOptions()} },
			Expect: hostiletest.With(options, map[string]any{"options.Weights huge": hostiletest.OK, "options.Weights[7] max": hostiletest.OK}),
		},
		"PruneOptions.Validate": {
			Call: (*tree.PruneOptions).Validate, Names: "pruning", Args: func() []any { return []any{pruning()} },
			Expect: map[string]any{"pruning.Folds min": "Folds", "pruning.Risk max": "Risk", "pruning.Rule max": "Rule", "pruning nil": hostiletest.OK},
		},
		"Rule.Choose": {
			Call: tree.Rule.Choose, Names: "rule steps",
			Args: func() []any {
				return []any{tree.LeastRisk, []tree.Step{{HeldOut: 0.5, StdErr: 0.1}, {HeldOut: 0.4}, {HeldOut: 0.6}}}
			},
		},
		"Criterion.UnmarshalText": hostiletest.Name((*tree.Criterion).UnmarshalText, "entropy"),
		"Risk.UnmarshalText":      hostiletest.Name((*tree.Risk).UnmarshalText, "errors"),
		"Rule.UnmarshalText":      hostiletest.Name((*tree.Rule).UnmarshalText, "least risk"),
	})
}
