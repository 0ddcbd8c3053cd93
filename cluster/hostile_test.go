package cluster_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/table"
)

func hostileTable() *table.Table[string] {
	return &table.Table[string]{
		IDs: strings.Split("lbcdefghijka", ""), Compare: strings.Compare,
		Columns: []table.Column{
			table.NumberColumn("spend", 1, 2, 1.5, 1.2, 50, 52, 51, 55, 100, 103, 101, 99),
			table.CategoryColumn("city", strings.Split("xyxyyxxyxyxy", "")...),
		},
	}
}

func hostileWeights() []float64 { return []float64{1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1} }

func hostileOptions() *cluster.Options {
	return &cluster.Options{
		K: 3, Columns: map[string]cluster.Preparation{"city": {Weight: 0.5, Missing: cluster.Impute}}, Weights: hostileWeights(),
		Starts: 2, Sample: 10, MaxIterations: 20, Workers: 2,
	}
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	result, err := cluster.Fit(ctx, hostileTable(), hostileOptions())
	require.NoError(t, err)
	model := result.Model
	written, err := json.Marshal(model)
	require.NoError(t, err)
	ward, err := cluster.Fit(ctx, hostileTable(), &cluster.Options{K: 3, Method: cluster.Ward})
	require.NoError(t, err)
	mixture, err := cluster.Fit(ctx, hostileTable(), &cluster.Options{K: 2, Method: cluster.Mixture})
	require.NoError(t, err)
	dendrogram := ward.Model.Dendrogram()
	tree, err := json.Marshal(dendrogram)
	require.NoError(t, err)
	groups := func() *cluster.Assignment {
		a := result.Assignment
		a.Labels, a.Distances = slices.Clone(a.Labels), slices.Clone(a.Distances)
		return &a
	}
	choosing := func() *cluster.ChooseOptions {
		return &cluster.ChooseOptions{Fit: *hostileOptions(), Sample: 10, Bootstraps: 2, References: 2}
	}
	describing := func() *cluster.DescribeOptions {
		return &cluster.DescribeOptions{K: 3, Weights: hostileWeights(), Quantiles: []float64{0.1, 0.5}, Levels: 2, Exemplars: 2, RuleColumns: []string{"spend"}, RuleDepth: 2, Workers: 2}
	}
	drifting := func() *cluster.DriftOptions {
		return &cluster.DriftOptions{Weights: hostileWeights(), Alarm: 0.1, Moderate: 0.1, Strong: 0.25, Workers: 2}
	}
	refitting := func() *cluster.RefitOptions {
		return &cluster.RefitOptions{Weights: hostileWeights(), MaxIterations: 5, Tolerance: 1e-3, Workers: 2}
	}
	choice, err := cluster.Choose(ctx, hostileTable(), []int{2, 3}, choosing())
	require.NoError(t, err)
	migration, err := cluster.Migrate([]string{"a", "b"}, []int32{0, 1}, []string{"b", "c"}, []int32{0, 1})
	require.NoError(t, err)

	bad := map[string]any{
		"table nil": "table: ", "table.IDs twice": table.ErrDuplicateID, "table.IDs short": "table: ", "table.IDs turned": hostiletest.OK,
		"table.IDs nil": hostiletest.OK, "table.Compare nil": hostiletest.OK, "table.Columns twice": "table: ",
		"table.Columns[1].Code[11] max": "row 11", "table.Columns[1].Code short": "has 11 values", "table.Columns[1].Kind one": "table: ",
		"table.Columns[1].Levels nil": "table: ",
	}
	options := func(at string) map[string]any {
		return map[string]any{
			at + ".Method max": "Method", at + ".Weights[11] NaN": "eights", at + ".Weights[11] minus": "eights", at + ".Starts min": "Starts",
			at + ".Sample min": "Sample", at + ".MaxIterations minus": "MaxIterations", at + ".Tolerance NaN": "Tolerance",
			at + ".MinShare NaN": "Share", at + ".MaxShare minus": "Share", at + ".Trim NaN": "Trim", at + ".Gamma NaN": "Gamma", at + ".Leaves min": "Leaves",
			at + ".Covariance max": "Covariance", at + ".Workers min": "Workers", at + ".Columns[city].Weight NaN": "Weight", at + ".Columns[city].Scale max": "Scale",
			at + ".Columns[city].Winsorize one": "Winsorize", at + ".Prepare.Power max": "Power",
		}
	}
	work := map[string]string{"options.Starts max": "work that is asked for", "options.MaxIterations max": "work that is asked for"}
	predict := hostiletest.With(bad, map[string]any{"table.Columns nil": table.ErrNoColumn, "table.Columns[1].Name bytes": table.ErrNoColumn})
	weights := map[string]any{
		"options.Weights short": "eights", "options.Weights[11] NaN": "eights", "options.Weights[11] minus": "eights", "options nil": hostiletest.OK,
		"options.Workers min": "Workers",
	}
	use := func(m *cluster.Model) {
		if _, err := json.Marshal(m); err != nil {
			panic(err)
		}
		if a, err := cluster.Assign(ctx, m, hostileTable(), nil); err == nil && len(a.Labels) != 12 {
			panic("labels")
		}
	}

	hostiletest.Run(t, hostiletest.Table{
		"Fit": {
			Call: cluster.Fit[string], Names: "ctx table options",
			Args: func() []any { return []any{ctx, hostileTable(), hostileOptions()} },
			Hold: work,
			Expect: hostiletest.With(bad, options("options"), map[string]any{
				"options nil": "K", "options.K zero": "K", "options.K min": "K", "options.K max": "K", "options.Weights short": "eights",
				"table.Columns nil": table.ErrNoColumn, "options.Columns nil": hostiletest.OK,
			}),
			NaN: "a measure that the method does not have is",
			Cases: []hostiletest.Case{
				{Name: "nothing", Args: func() []any { return []any{ctx, &table.Table[string]{}, &cluster.Options{K: 2}} }, Want: "cluster: no "},
				{Name: "missing", Args: func() []any {
					tab := hostileTable()
					tab.Columns[0].Num[7] = math.NaN()
					return []any{ctx, tab, &cluster.Options{K: 2}}
				}, Want: "row 7"},
				{Name: "too large", Args: func() []any {
					tab := hostileTable()
					tab.Columns[0].Num[7] = 1e101
					return []any{ctx, tab, &cluster.Options{K: 2}}
				}, Want: cluster.ErrTooLarge},
				{Name: "infinite", Args: func() []any {
					tab := hostileTable()
					tab.Columns[0].Num[7] = math.Inf(1)
					return []any{ctx, tab, &cluster.Options{K: 2}}
				}, Want: "row 7"},
				{Name: "more groups than rows", Args: func() []any { return []any{ctx, hostileTable(), &cluster.Options{K: 50}} }, Want: "cluster: "},
				{Name: "constant", Args: func() []any {
					tab := hostileTable()
					tab.Columns = []table.Column{table.NumberColumn("one", hostileWeights()...)}
					tab.Columns[0].Num[1] = 1
					return []any{ctx, tab, &cluster.Options{K: 2}}
				}, Want: cluster.ErrNoColumns},
			},
		},
		"Choose": {
			Call: cluster.Choose[string], Names: "ctx table ks options",
			Args: func() []any { return []any{ctx, hostileTable(), []int{2, 3}, choosing()} },
			Hold: map[string]string{
				"options.Fit.Starts max": "work that is asked for", "options.Fit.MaxIterations max": "work that is asked for",
				"options.Bootstraps max": "work that is asked for", "options.References max": "work that is asked for",
			},
			Expect: hostiletest.With(bad, map[string]any{
				"ks nil": "cluster: ", "ks[1] min": "cluster: ", "ks[1] max": "cluster: ", "ks[1] zero": "cluster: ", "ks huge": "cluster: ",
				"options.Fit.Method max": "Method", "options.Fit.Weights[11] NaN": "eights", "options.Bootstraps min": hostiletest.OK, "options.References min": hostiletest.OK,
				"options.Sample min": "Sample",
			}),
			NaN: "an index that is not defined is",
		},
		"Assign": {
			Call: cluster.Assign[string], Names: "ctx model table options",
			Args:   func() []any { return []any{ctx, model, hostileTable(), &cluster.AssignOptions{Workers: 2}} },
			Expect: hostiletest.With(predict, map[string]any{"options.Workers min": "Workers", "table.IDs twice": nil, "options nil": hostiletest.OK}),
		},
		"Memberships": {
			Call: cluster.Memberships[string], Names: "ctx model table", Args: func() []any { return []any{ctx, mixture.Model, hostileTable()} },
			Expect: hostiletest.With(predict, map[string]any{"table.IDs twice": nil}),
		},
		"Describe": {
			Call: cluster.Describe[string], Names: "ctx table groups options",
			Args: func() []any { return []any{ctx, hostileTable(), groups(), describing()} },
			Expect: hostiletest.With(bad, weights, map[string]any{
				"groups nil": "cluster: ", "groups.Labels short": "cluster: ", "groups.Labels[11] max": "cluster: ", "options.K min": "K", "options.K max": "K",
				"options.Quantiles NaN": "uantile", "options.Quantiles[1] +Inf": "uantile", "options.Levels min": "Levels", "options.Exemplars min": "Exemplars",
				"options.RuleColumns[0] bytes": table.ErrNoColumn, "options.RuleDepth min": "RuleDepth", "table.Columns nil": nil, "options nil": nil,
			}),
			NaN: "what is not defined is",
		},
		"Drift": {
			Call: cluster.Drift[string], Names: "ctx model table options",
			Args: func() []any { return []any{ctx, model, hostileTable(), drifting()} },
			Expect: hostiletest.With(predict, weights, map[string]any{
				"table.IDs twice": nil, "options.Alarm NaN": "Alarm", "options.Moderate NaN": "Moderate", "options.Strong minus": "Strong",
				"table nil": cluster.ErrNoRows, "table.IDs short": "eights",
			}),
			NaN: "what is not defined is",
		},
		"Evaluate": {
			Call: cluster.Evaluate[string], Names: "ctx model table options",
			Args: func() []any {
				return []any{ctx, model, hostileTable(), &cluster.EvaluateOptions{Weights: hostileWeights(), Sample: 10, Workers: 2}}
			},
			Expect: hostiletest.With(predict, weights, map[string]any{"table.IDs twice": nil, "options.Sample min": "Sample", "table nil": "eights", "table.IDs short": "eights"}),
			NaN:    "an index that is not defined is",
		},
		"Refit": {
			Call: cluster.Refit[string], Names: "ctx model table options",
			Args: func() []any { return []any{ctx, model, hostileTable(), refitting()} },
			Hold: map[string]string{"options.MaxIterations max": "work that is asked for"},
			Expect: hostiletest.With(predict, weights, map[string]any{
				"options.MaxIterations min": "MaxIterations", "options.Tolerance NaN": "Tolerance", "options.MinShare NaN": "Share", "options.Trim NaN": "Trim",
			}),
			NaN: "a measure that the method does not have is",
		},
		"Compare": {
			Call: cluster.Compare, Names: "from to", Args: func() []any { return []any{[]int32{0, 0, 1, 2}, []int32{1, 1, 0, 0}} },
			Hold:   map[string]string{"from[3] max": "the documented memory", "to[3] max": "the documented memory"},
			Expect: hostiletest.Lengths(hostiletest.Panic("score: "), "from", "to"),
			NaN:    "what is not defined is",
		},
		"Migrate": {
			Call: cluster.Migrate[string], Names: "idsBefore before idsAfter after",
			Args: func() []any {
				return []any{[]string{"a", "b", "c"}, []int32{0, 1, 1}, []string{"c", "b", "d"}, []int32{0, 1, 0}}
			},
			Hold: map[string]string{"before[2] max": "the documented memory", "after[2] max": "the documented memory"},
			Expect: hostiletest.With(hostiletest.Lengths(hostiletest.Panic("cluster: "), "idsBefore", "before", "idsAfter", "after"), map[string]any{
				"idsBefore twice": table.ErrDuplicateID, "idsAfter turned": hostiletest.OK,
			}),
		},
		"Matrix": {
			Call: cluster.Matrix, Names: "matrix names",
			Args: func() []any { return []any{mat.NewDense(2, 2, []float64{1, 2, 3, 4}), []string{"a", "b"}} },
			Hold: map[string]string{"matrix": "a Dense keeps itself whole"},
			Expect: map[string]any{
				"names long": hostiletest.Panic("more names than columns"), "names huge": hostiletest.Panic("more names than columns"), "names nil": hostiletest.OK,
			},
		},
		"SampleRows": {Call: cluster.SampleRows, Names: "k", Args: func() []any { return []any{5} }},
		"Choice.By": {
			Call: (*cluster.Choice).By, Names: "choice criteria", Args: func() []any { return []any{choice, []cluster.Criterion{cluster.BySilhouette}} },
			Hold: map[string]string{"choice": "it is made by Choose"}, NaN: "an index that is not defined is",
			Expect: map[string]any{"criteria[0] max": "cluster: "},
		},
		"Dendrogram.Groups": {
			Call: (*cluster.Dendrogram).Groups, Names: "dendrogram k", Args: func() []any { return []any{dendrogram, 2} },
			Hold:   map[string]string{"dendrogram": "it is made by a model"},
			Expect: map[string]any{"k min": hostiletest.Panic("cluster: "), "k minus": hostiletest.Panic("cluster: "), "k zero": hostiletest.Panic("cluster: "), "k max": hostiletest.Panic("cluster: ")},
		},
		"Dendrogram.UnmarshalJSON": {
			Call: func(data []byte) (*cluster.Dendrogram, error) {
				d := new(cluster.Dendrogram)
				return d, d.UnmarshalJSON(data)
			},
			Names: "data", Args: func() []any { return []any{slices.Clone(tree)} },
			Then: func(results []any) { results[0].(*cluster.Dendrogram).Groups(1) },
		},
		"Model.UnmarshalJSON": {
			Call: func(data []byte) (*cluster.Model, error) {
				m := new(cluster.Model)
				return m, m.UnmarshalJSON(data)
			},
			Names: "data", Args: func() []any { return []any{slices.Clone(written)} },
			Then: func(results []any) { use(results[0].(*cluster.Model)) },
		},
		"Model.AssignRow": {
			Call: (*cluster.Model).AssignRow, Names: "model numbers levels", Args: func() []any { return []any{model, []float64{3}, []string{"x"}} },
			Expect: map[string]any{
				"numbers nil": "cluster: ", "numbers long": "cluster: ", "numbers[0] +Inf": "cluster: ", "numbers[0] max": "cluster: ", "levels nil": "cluster: ",
				"levels huge": "cluster: ", "levels[0] bytes": hostiletest.OK, "numbers[0] NaN": cluster.ErrMissing,
			},
		},
		"Model.MembershipRow": {
			Call: (*cluster.Model).MembershipRow, Names: "model dst numbers levels",
			Args:   func() []any { return []any{mixture.Model, make([]float64, 2), []float64{3}, []string{"x"}} },
			Writes: "dst", Expect: map[string]any{
				"dst short": "cluster: ", "dst nil": "cluster: ", "numbers nil": "cluster: ", "numbers[0] +Inf": "cluster: ", "levels nil": "cluster: ",
			},
		},
		"Model.Cut": {
			Call: (*cluster.Model).Cut, Names: "model k", Args: func() []any { return []any{ward.Model, 2} },
			Expect: map[string]any{"k": "cluster: ", "k one": hostiletest.OK},
			Cases:  []hostiletest.Case{{Name: "no dendrogram", Args: func() []any { return []any{model, 2} }, Want: "cluster: "}},
		},
		"Model.Match": {
			Call: (*cluster.Model).Match, Names: "model other", Args: func() []any { return []any{model, model} },
			Cases: []hostiletest.Case{{Name: "other features", Args: func() []any { return []any{model, new(cluster.Model)} }, Want: "cluster: "}},
		},
		"Migration.Count":     {Call: (*cluster.Migration[string]).Count, Names: "migration from to", Args: func() []any { return []any{migration, 0, 1} }, Hold: map[string]string{"migration": "it is made by Migrate"}},
		"Migration.Customers": {Call: (*cluster.Migration[string]).Customers, Names: "migration from to", Args: func() []any { return []any{migration, 0, 1} }, Hold: map[string]string{"migration": "it is made by Migrate"}},
		"Migration.Rate":      {Call: (*cluster.Migration[string]).Rate, Names: "migration from to", Args: func() []any { return []any{migration, 0, 1} }, Hold: map[string]string{"migration": "it is made by Migrate"}, NaN: "of none it is"},
		"Options.Validate": {
			Call: (*cluster.Options).Validate, Names: "options", Args: func() []any { return []any{hostileOptions()} },
			Expect: hostiletest.With(options("options"), map[string]any{"options nil": "K", "options.K max": "K"}),
		},
		"ChooseOptions.Validate":   {Call: (*cluster.ChooseOptions).Validate, Names: "options", Args: func() []any { return []any{choosing()} }, Expect: map[string]any{"options.Sample min": "Sample"}},
		"DescribeOptions.Validate": {Call: (*cluster.DescribeOptions).Validate, Names: "options", Args: func() []any { return []any{describing()} }, Expect: map[string]any{"options.Quantiles NaN": "uantile"}},
		"DriftOptions.Validate":    {Call: (*cluster.DriftOptions).Validate, Names: "options", Args: func() []any { return []any{drifting()} }, Expect: map[string]any{"options.Alarm NaN": "Alarm"}},
		"EvaluateOptions.Validate": {Call: (*cluster.EvaluateOptions).Validate, Names: "options", Args: func() []any { return []any{&cluster.EvaluateOptions{Weights: hostileWeights()}} }, Expect: map[string]any{"options.Weights NaN": "eights"}},
		"Covariance.UnmarshalText": hostiletest.Name((*cluster.Covariance).UnmarshalText, "diagonal"),
		"Criterion.UnmarshalText":  hostiletest.Name((*cluster.Criterion).UnmarshalText, cluster.BySilhouette.String()),
		"DriftLevel.UnmarshalText": hostiletest.Name((*cluster.DriftLevel).UnmarshalText, "strong"),
		"Method.UnmarshalText":     hostiletest.Name((*cluster.Method).UnmarshalText, "ward"),
		"Missing.UnmarshalText":    hostiletest.Name((*cluster.Missing).UnmarshalText, "impute"),
		"Power.UnmarshalText":      hostiletest.Name((*cluster.Power).UnmarshalText, "log1p"),
		"Scale.UnmarshalText":      hostiletest.Name((*cluster.Scale).UnmarshalText, "zscore"),
		"Stop.UnmarshalText":       hostiletest.Name((*cluster.Stop).UnmarshalText, "cap"),
		"Verdict.UnmarshalText":    hostiletest.Name((*cluster.Verdict).UnmarshalText, "kept"),
	})
}
