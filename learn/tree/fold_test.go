package tree_test

import (
	"cmp"
	"context"
	"encoding"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/table"
)

// loss is what a tree loses on a row, and the weight that it counts with.
func loss(tr *tree.Tree, row []float64, class int32, weight float64, o *tree.Options, risk tree.Risk) (lost, weighed float64) {
	if risk == tree.Errors {
		if o.ClassWeights != nil {
			weight *= o.ClassWeights[class]
		}
		if tr.PredictRow(row) == class {
			return 0, weight
		}
		return weight, weight
	}
	brier := 0.0
	for k := range int32(tr.Classes()) {
		y := 0.0
		if k == class {
			y = 1
		}
		p := tr.Probability(row, k)
		brier += (y - p) * (y - p)
	}
	return weight * brier, weight
}

func rowOf(tr *tree.Tree, t *table.Table[int], at int) []float64 {
	row := make([]float64, len(t.Columns))
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Kind == table.Number {
			row[i] = c.Num[at]
		} else {
			row[i] = tr.Code(i, c.Level(at))
		}
	}
	return row
}

// pruneCase is a table with options and a few groups, each of which is a fold.
func pruneCase(t *testing.T, r *rand.Rand, round int) (tab *table.Table[int], classes, groups []int32, o *tree.Options, p *tree.PruneOptions) {
	t.Helper()
	k := 2 + round%2
	tab, classes, weights := draw(r, 150, k, 4, 0.1)
	classes[0], classes[1] = 0, int32(k-1) // of group 0; all classes are in two groups at least
	classes[2], classes[3] = 0, int32(k-1)
	groups = make([]int32, len(classes))
	for row := range groups {
		groups[row] = int32(row/2) % 4 * 7
	}
	o = &tree.Options{MaxDepth: 5, MinLeaf: 3, Weights: weights, Criterion: tree.Criterion(round / 2 % 2), Smoothing: float64(round % 3)}
	if round%5 > 2 {
		o.ClassWeights = []float64{1, 3, 0.5}
	}
	return tab, classes, groups, o, &tree.PruneOptions{Groups: groups, Folds: 4, Risk: tree.Risk(round / 3 % 2)}
}

// TestCrossValidationSlowly holds CrossValidate against the definition: a tree without
// each group, pruned at the geometric means, and its losses row by row.
func TestCrossValidationSlowly(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	for round := range 24 {
		tab, classes, groups, o, p := pruneCase(t, r, round)
		full, steps, err := tree.CrossValidate(t.Context(), tab, classes, o, p)
		require.NoError(t, err)
		fitted, err := tree.Fit(t.Context(), tab, classes, o)
		require.NoError(t, err)
		require.Equal(t, fitted, full)
		plain := full.Sequence(p.Risk)
		require.Len(t, steps, len(plain))

		parts := make(map[int32]*tree.Tree)
		for _, group := range []int32{0, 7, 14, 21} {
			var rest []int
			part := *o
			part.Weights = nil
			var restClasses []int32
			for row := range classes {
				if groups[row] != group {
					rest, restClasses = append(rest, row), append(restClasses, classes[row])
					part.Weights = append(part.Weights, o.Weights[row])
				}
			}
			parts[group], err = tree.Fit(t.Context(), tab.Take(rest), restClasses, &part)
			require.NoError(t, err)
		}
		for k, s := range steps {
			require.Equal(t, plain[k], tree.Step{Alpha: s.Alpha, Leaves: s.Leaves, Risk: s.Risk})
			alpha := math.Inf(1)
			if k+1 < len(steps) {
				alpha = math.Sqrt(s.Alpha * steps[k+1].Alpha)
			}
			lost, weighed := make(map[int32]float64), make(map[int32]float64)
			var allLost, allWeighed float64
			for group, part := range parts {
				pruned := part.Prune(alpha, p.Risk)
				for row := range classes {
					if groups[row] == group {
						l, w := loss(pruned, rowOf(pruned, tab, row), classes[row], o.Weights[row], o, p.Risk)
						lost[group], weighed[group] = lost[group]+l, weighed[group]+w
						allLost, allWeighed = allLost+l, allWeighed+w
					}
				}
			}
			mean, squares := allLost/allWeighed, 0.0
			for group := range parts {
				d := lost[group] - mean*weighed[group]
				squares += d * d
			}
			require.InDelta(t, mean, s.HeldOut, 1e-12)
			require.InDelta(t, math.Sqrt(squares)/allWeighed, s.StdErr, 1e-9)
		}
		pruned, err := tree.FitPruned(t.Context(), tab, classes, o, p)
		require.NoError(t, err)
		require.Equal(t, full.Prune(steps[tree.LeastRisk.Choose(steps)].Alpha, p.Risk), pruned)
	}
}

func TestHoldOutSlowly(t *testing.T) {
	r := rand.New(rand.NewPCG(43, 44))
	for round := range 12 {
		tab, classes, _, o, p := pruneCase(t, r, round)
		full, err := tree.Fit(t.Context(), tab, classes, o)
		require.NoError(t, err)
		later, truth, groups, _, _ := pruneCase(t, r, round)
		weights := make([]float64, len(truth))
		for i := range weights {
			weights[i] = float64(r.IntN(4))
		}
		slices.Reverse(later.Columns) // found by name
		p.Groups = groups
		if round%2 == 0 {
			p.Groups = nil
		}
		steps, err := tree.HoldOut(t.Context(), full, later, truth, weights, p)
		require.NoError(t, err)
		slices.Reverse(later.Columns)
		for _, s := range steps {
			pruned := full.Prune(s.Alpha, p.Risk)
			require.Len(t, pruned.Leaves(), s.Leaves)
			lost, weighed := make(map[int32]float64), make(map[int32]float64)
			var allLost, allWeighed float64
			for row := range truth {
				group := int32(row)
				if p.Groups != nil {
					group = p.Groups[row]
				}
				l, w := loss(pruned, rowOf(pruned, later, row), truth[row], weights[row], o, p.Risk)
				lost[group], weighed[group] = lost[group]+l, weighed[group]+w
				allLost, allWeighed = allLost+l, allWeighed+w
			}
			mean, squares := allLost/allWeighed, 0.0
			for group := range lost {
				d := lost[group] - mean*weighed[group]
				squares += d * d
			}
			require.InDelta(t, mean, s.HeldOut, 1e-12)
			require.InDelta(t, math.Sqrt(squares)/allWeighed, s.StdErr, 1e-9)
		}
	}
}

func TestRules(t *testing.T) {
	steps := []tree.Step{
		{Leaves: 9, HeldOut: 0.30, StdErr: 0.5},
		{Leaves: 7, HeldOut: 0.20, StdErr: 0.04},
		{Leaves: 5, HeldOut: 0.20, StdErr: 0.03},
		{Leaves: 3, HeldOut: 0.25, StdErr: 0.01},
		{Leaves: 2, HeldOut: 0.23, StdErr: 0.01},
		{Leaves: 1, HeldOut: 0.24, StdErr: 0.01},
	}
	require.Equal(t, 2, tree.LeastRisk.Choose(steps))
	require.Equal(t, 4, tree.OneStandardError.Choose(steps), "0.23 is at most 0.20 + 0.03")
	require.Equal(t, 0, tree.OneStandardError.Choose(steps[:1]))
}

// customers has several rows of each customer that are nearly the same, of a class that
// has nothing to do with them.
func customers(r *rand.Rand, n, each int) (t *table.Table[int], classes, groups []int32) {
	t = &table.Table[int]{Compare: cmp.Compare[int]}
	var x, y []float64
	for group := range n {
		a, b, class := r.NormFloat64(), r.NormFloat64(), int32(0)
		if r.Float64() < 0.3 {
			class = 1
		}
		for i := range each {
			x, y = append(x, a+float64(i)/1e6), append(y, b)
			classes, groups = append(classes, class), append(groups, int32(group))
			t.IDs = append(t.IDs, len(t.IDs))
		}
	}
	t.Columns = []table.Column{table.NumberColumn("x", x...), table.NumberColumn("y", y...)}
	return t, classes, groups
}

// TestGroupsStayTogether: where rows of one customer are in several folds, the tree is
// praised for knowing customers again.
func TestGroupsStayTogether(t *testing.T) {
	tab, classes, groups := customers(rand.New(rand.NewPCG(45, 46)), 200, 5)
	torn, err := tree.FitPruned(t.Context(), tab, classes, nil, nil)
	require.NoError(t, err)
	require.Greater(t, len(torn.Leaves()), 20)
	whole, err := tree.FitPruned(t.Context(), tab, classes, nil, &tree.PruneOptions{Groups: groups})
	require.NoError(t, err)
	require.Len(t, whole.Leaves(), 1)
}

// TestPrunedFindsTheTruth grows a tree over a known one of four leaves, with noise.
func TestPrunedFindsTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(47, 48))
	n := 3000
	columns := make([][]float64, 5)
	classes := make([]int32, n)
	for row := range n {
		for i := range columns {
			columns[i] = append(columns[i], r.Float64())
		}
		p := 0.05
		switch {
		case columns[0][row] > 0.6 && columns[1][row] > 0.5:
			p = 0.7
		case columns[0][row] > 0.6:
			p = 0.3
		case columns[2][row] > 0.8:
			p = 0.5
		}
		if r.Float64() < p {
			classes[row] = 1
		}
	}
	full, err := tree.Fit(t.Context(), numbers(columns...), classes, nil)
	require.NoError(t, err)
	require.Greater(t, len(full.Leaves()), 300)
	least, err := tree.FitPruned(t.Context(), numbers(columns...), classes, nil, nil)
	require.NoError(t, err)
	require.Less(t, len(least.Leaves()), 20)
	for _, o := range []tree.Options{{}, {Criterion: tree.Entropy, ClassWeights: []float64{1, 3}}} {
		pruned, err := tree.FitPruned(t.Context(), numbers(columns...), classes, &o, &tree.PruneOptions{Rule: tree.OneStandardError})
		require.NoError(t, err)
		require.Len(t, pruned.Leaves(), 4)
		for _, c := range []struct{ x0, x1, x2, p float64 }{{0.9, 0.9, 0.5, 0.7}, {0.9, 0.2, 0.5, 0.3}, {0.2, 0.2, 0.9, 0.5}, {0.2, 0.2, 0.2, 0.05}} {
			require.InDelta(t, c.p, pruned.Probability([]float64{c.x0, c.x1, c.x2, 0.5, 0.5}, 1), 0.08) // three standard errors
		}
	}
}

func TestPrunedInvariants(t *testing.T) {
	r := rand.New(rand.NewPCG(49, 50))
	tab, classes, weights := draw(r, 600, 3, 5, 0.1)
	groups := make([]int32, len(classes))
	for row := range groups {
		groups[row] = int32(row / 3)
	}
	for i := range weights {
		weights[i] *= math.Pi / 7
	}
	type result struct {
		tree  string
		steps []tree.Step
	}
	fit := func(t *testing.T, tab *table.Table[int], classes []int32, o tree.Options, p tree.PruneOptions) result {
		full, steps, err := tree.CrossValidate(t.Context(), tab, classes, &o, &p)
		require.NoError(t, err)
		data, err := full.MarshalJSON()
		require.NoError(t, err)
		return result{string(data), steps}
	}
	for name, p := range map[string]tree.PruneOptions{"rows": {}, "groups": {Groups: groups, Folds: 7}, "errors": {Groups: groups, Risk: tree.Errors, Seed: 3}} {
		t.Run(name, func(t *testing.T) {
			one := fit(t, tab, classes, tree.Options{Weights: weights, Workers: 1}, p)
			for _, workers := range []int{2, 5} {
				require.Equal(t, one, fit(t, tab, classes, tree.Options{Weights: weights, Workers: workers}, p))
			}
			by := r.Perm(len(classes))
			c, w, q := make([]int32, len(by)), make([]float64, len(by)), p
			if p.Groups != nil {
				q.Groups = make([]int32, len(by))
			}
			for i, row := range by {
				if c[i], w[i] = classes[row], weights[row]; p.Groups != nil {
					q.Groups[i] = groups[row]
				}
			}
			require.Equal(t, one, fit(t, tab.Take(by), c, tree.Options{Weights: w}, q), "rows in another order")
			if p.Groups != nil {
				q := p
				q.Groups = make([]int32, len(groups))
				for row, group := range groups {
					q.Groups[row] = group * 7919 % 1000
				}
				require.Equal(t, one, fit(t, tab, classes, tree.Options{Weights: weights}, q), "groups of other numbers")
			}
			if p.Seed++; p.Seed == 1 {
				p.Seed = tree.DefaultSeed + 1
			}
			require.NotEqual(t, one.steps, fit(t, tab, classes, tree.Options{Weights: weights}, p).steps, "another seed")
		})
	}
	t.Run("weight is repetition", func(t *testing.T) {
		var rows []int
		var c, g []int32
		twice := make([]float64, len(classes))
		for row := range classes {
			twice[row] = float64(1 + row%2)
			for range 1 + row%2 {
				rows, c, g = append(rows, row), append(c, classes[row]), append(g, groups[row])
			}
		}
		repeated := tab.Take(rows)
		repeated.IDs, repeated.Compare = nil, nil
		for _, risk := range []tree.Risk{tree.Impurity, tree.Errors} {
			a := fit(t, tab, classes, tree.Options{Weights: twice}, tree.PruneOptions{Groups: groups, Risk: risk})
			b := fit(t, repeated, c, tree.Options{}, tree.PruneOptions{Groups: g, Risk: risk})
			require.Equal(t, a.tree, b.tree)
			require.Len(t, b.steps, len(a.steps))
			for k := range a.steps {
				require.InDelta(t, a.steps[k].HeldOut, b.steps[k].HeldOut, 1e-12)
				require.InDelta(t, a.steps[k].StdErr, b.steps[k].StdErr, 1e-9)
			}
		}
	})
}

func TestBadPruning(t *testing.T) {
	tab := numbers([]float64{1, 2, 3, 4})
	classes := []int32{0, 1, 0, 1}
	fit := func(ctx context.Context, classes []int32, o *tree.Options, p *tree.PruneOptions) error {
		tr, err := tree.FitPruned(ctx, tab, classes, o, p)
		require.Nil(t, tr)
		return err
	}
	require.ErrorIs(t, fit(t.Context(), classes[:3], nil, nil), tree.ErrLength)
	require.ErrorIs(t, fit(t.Context(), classes, nil, &tree.PruneOptions{Groups: []int32{1}}), tree.ErrLength)
	require.ErrorIs(t, fit(t.Context(), classes, nil, &tree.PruneOptions{Groups: []int32{5, 5, 5, 5}}), tree.ErrFolds)
	require.ErrorIs(t, fit(t.Context(), classes, &tree.Options{Weights: []float64{0, 1, 0, 0}}, nil), tree.ErrFolds)
	require.EqualError(t, fit(t.Context(), classes, nil, &tree.PruneOptions{Folds: 1, Risk: 9, Rule: 9}),
		"tree: PruneOptions.Risk is unknown\ntree: PruneOptions.Rule is unknown\ntree: PruneOptions.Folds is negative or 1")
	require.EqualError(t, fit(t.Context(), classes, &tree.Options{MinSplit: -1, Criterion: 7, Smoothing: math.NaN(), ClassWeights: []float64{1, 0}}, nil),
		"tree: Options.Criterion is unknown\ntree: Options.MinSplit is negative or not finite\n"+
			"tree: Options.Smoothing is negative or not finite\ntree: Options.ClassWeights are not all positive and finite")
	require.ErrorIs(t, fit(t.Context(), classes, &tree.Options{ClassWeights: []float64{1}}, nil), tree.ErrLength)
	require.ErrorIs(t, fit(t.Context(), classes, &tree.Options{ClassWeights: []float64{1e200, 1}}, nil), tree.ErrWeight)
	left := &atomic.Int64{}
	for n := range int64(40) {
		left.Store(n)
		require.ErrorIs(t, fit(countingContext{t.Context(), left}, classes, nil, nil), context.Canceled)
	}

	one, err := tree.FitPruned(t.Context(), tab, []int32{0, 0, 0, 0}, nil, nil)
	require.NoError(t, err)
	require.Len(t, one.Leaves(), 1, "one class")
	require.Equal(t, 0.0, one.Probability([]float64{1}, 1))

	full, err := tree.Fit(t.Context(), tab, classes, nil)
	require.NoError(t, err)
	hold := func(classes []int32, weights []float64, p *tree.PruneOptions) error {
		_, err := tree.HoldOut(t.Context(), full, tab, classes, weights, p)
		return err
	}
	require.NoError(t, hold([]int32{0, 1, 2, 2}, nil, nil), "a class that the fit did not have")
	require.ErrorIs(t, hold(classes[:1], nil, nil), tree.ErrLength)
	require.ErrorIs(t, hold([]int32{0, 1, 0, -1}, nil, nil), tree.ErrClass)
	require.ErrorIs(t, hold(classes, []float64{1}, nil), tree.ErrLength)
	require.ErrorIs(t, hold(classes, []float64{1, 1, -1, 1}, nil), tree.ErrWeight)
	require.ErrorIs(t, hold(classes, make([]float64, 4), nil), tree.ErrNoRows)
	require.ErrorIs(t, hold(classes, nil, &tree.PruneOptions{Groups: []int32{1}}), tree.ErrLength)
	_, err = tree.HoldOut(t.Context(), full, &table.Table[int]{}, nil, nil, nil)
	require.ErrorIs(t, err, tree.ErrColumn)
}

// TestHoldOutOfOtherClasses: a class that the fit did not have weighs what the options of
// the fit say, not what the last class of the fit does.
func TestHoldOutOfOtherClasses(t *testing.T) {
	tab, later := numbers([]float64{1, 2, 3, 4}), []int32{0, 0, 0, 2}
	for _, c := range []struct {
		weights []float64
		want    float64 // of the whole tree, that misses the last two rows
	}{
		{nil, 2. / 4},
		{[]float64{1, 10}, 2. / 4},
		{[]float64{1, 10, 1}, 2. / 4},
		{[]float64{1, 1, 10}, 11. / 13},
	} {
		tr, err := tree.Fit(t.Context(), tab, []int32{0, 0, 1, 1}, &tree.Options{ClassWeights: c.weights})
		require.NoError(t, err)
		data, err := tr.MarshalJSON()
		require.NoError(t, err)
		var read tree.Tree
		require.NoError(t, read.UnmarshalJSON(data))
		require.Equal(t, tr, &read)
		steps, err := tree.HoldOut(t.Context(), &read, tab, later, nil, &tree.PruneOptions{Risk: tree.Errors})
		require.NoError(t, err)
		require.InDelta(t, c.want, steps[0].HeldOut, 1e-15)
	}
	tr, err := tree.Fit(t.Context(), tab, []int32{0, 0, 1, 1}, &tree.Options{ClassWeights: []float64{1, 1, 1e300}})
	require.NoError(t, err)
	_, err = tree.HoldOut(t.Context(), tr, tab, later, nil, &tree.PruneOptions{Risk: tree.Errors})
	require.ErrorIs(t, err, tree.ErrWeight)
}

// TestNames reads each name of an enumeration back.
func TestNames(t *testing.T) {
	for text, v := range map[string]interface {
		encoding.TextMarshaler
		String() string
	}{
		"gini": tree.Gini, "entropy": tree.Entropy, "impurity": tree.Impurity, "errors": tree.Errors,
		"one standard error": tree.OneStandardError, "least risk": tree.LeastRisk,
	} {
		require.Equal(t, text, v.String())
		written, err := v.MarshalText()
		require.NoError(t, err)
		require.Equal(t, text, string(written))
	}
	var criterion tree.Criterion
	var risk tree.Risk
	var rule tree.Rule
	require.NoError(t, criterion.UnmarshalText([]byte("entropy")))
	require.Equal(t, tree.Entropy, criterion)
	require.NoError(t, risk.UnmarshalText([]byte("errors")))
	require.Equal(t, tree.Errors, risk)
	require.NoError(t, rule.UnmarshalText([]byte("least risk")))
	require.Equal(t, tree.LeastRisk, rule)
	require.Error(t, criterion.UnmarshalText([]byte("twoing")))
	require.Error(t, risk.UnmarshalText([]byte("")))
	require.Error(t, rule.UnmarshalText([]byte("most")))
}

func BenchmarkFitPruned(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	columns := make([][]float64, 30)
	classes, groups := make([]int32, 100_000), make([]int32, 100_000)
	for i := range columns {
		columns[i] = make([]float64, len(classes))
		for row := range classes {
			columns[i][row] = r.NormFloat64()
		}
	}
	for row := range classes {
		groups[row] = int32(row / 5)
		if columns[0][row]+columns[1][row]*columns[2][row]+r.NormFloat64() > 1.5 {
			classes[row] = 1
		}
	}
	t := numbers(columns...)
	b.Run("Fit", func(b *testing.B) {
		for b.Loop() {
			if _, err := tree.Fit(b.Context(), t, classes, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("FitPruned", func(b *testing.B) {
		for b.Loop() {
			if _, err := tree.FitPruned(b.Context(), t, classes, nil, &tree.PruneOptions{Groups: groups}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
