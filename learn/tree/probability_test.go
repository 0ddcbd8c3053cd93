package tree_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/table"
)

// TestContributionsByHand has a root of share 0.5, whose right side of share 0.25 asks
// for y.
func TestContributionsByHand(t *testing.T) {
	tab := numbers([]float64{0, 0, 1, 1, 1, 1, 0, 0}, []float64{5, 5, 5, 5, 5, 6, 5, 6})
	tr, err := tree.Fit(t.Context(), tab, []int32{1, 1, 0, 0, 0, 1, 1, 0}, &tree.Options{MaxDepth: 2})
	require.NoError(t, err)
	require.Equal(t, "x0 <= 0.5 or missing\n  x1 <= 5.5 or missing: class 1, 100.0% of 3\n  x1 > 5.5: class 0, 100.0% of 1\n"+
		"x0 > 0.5\n  x1 <= 5.5 or missing: class 0, 100.0% of 3\n  x1 > 5.5: class 1, 100.0% of 1\n",
		tr.String())
	got, base := tr.Contributions([]float64{9}, []float64{1, 6}, 1)
	require.Equal(t, 0.5, base)
	require.Equal(t, []float64{9, -0.25, 0.75}, got)
	require.Equal(t, 1.0, tr.Probability([]float64{1, 6}, 1))
	// Gini: the root 0.5, its sides 3/8, which fall to 0.
	require.InDeltaSlice(t, []float64{0.125, 0.375}, tr.Importance(), 1e-15)

	got, base = tr.Contributions(nil, []float64{1, 6}, 7)
	require.Zero(t, base)
	require.Equal(t, []float64{0, 0}, got, "a class that the fit did not have")
	require.Zero(t, tr.Probability([]float64{1, 6}, -1))
	require.Panics(t, func() { tr.Contributions(nil, nil, 1) })
	require.Panics(t, func() { tr.Path(nil) })
}

func TestSmoothing(t *testing.T) {
	tab := numbers([]float64{0, 0, 0, 1})
	tr, err := tree.Fit(t.Context(), tab, []int32{0, 0, 0, 1}, &tree.Options{Smoothing: 2})
	require.NoError(t, err)
	require.InDelta(t, (1+2*0.25)/(1+2), tr.Probability([]float64{1}, 1), 1e-15)
	require.InDelta(t, (0+2*0.25)/(3+2), tr.Probability([]float64{0}, 1), 1e-15)
	_, base := tr.Contributions(nil, []float64{1}, 1)
	require.Equal(t, 0.25, base)
}

// TestContributionsAddUp: on every row they sum to the probability, those of all classes
// to 0, and nothing is allocated.
func TestContributionsAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	for round := range 12 {
		tab, classes, weights := draw(r, 300, 3, 6, 0.1)
		o := &tree.Options{Weights: weights, Smoothing: float64(round % 3), Criterion: tree.Criterion(round % 2)}
		if round%4 == 3 {
			o.ClassWeights = []float64{4, 1, 2}
		}
		tr, err := tree.Fit(t.Context(), tab, classes, o)
		require.NoError(t, err)
		leaves := tr.Leaves()
		applied, err := tree.Apply(t.Context(), tr, tab)
		require.NoError(t, err)
		for class := range int32(3) {
			all, err := tree.Probabilities(t.Context(), tr, tab, class)
			require.NoError(t, err)
			for row := range classes {
				values := rowOf(tr, tab, row)
				p := tr.Probability(values, class)
				require.Equal(t, all[row], p)
				contributions, sum := tr.Contributions(nil, values, class)
				for _, c := range contributions {
					sum += c
				}
				require.InDelta(t, p, sum, 1e-9)
				leaf := leaves[applied[row]]
				require.Equal(t, leaf.Path, tr.Path(values))
				if o.Smoothing == 0 {
					require.Equal(t, leaf.Weights[class]/(leaf.Weights[0]+leaf.Weights[1]+leaf.Weights[2]), p)
				}
			}
		}
		row, dst := rowOf(tr, tab, 0), make([]float64, 0, 3)
		require.Zero(t, testing.AllocsPerRun(100, func() { dst, _ = tr.Contributions(dst[:0], row, 1); tr.Probability(row, 1) }))
		sum := 0.0
		for _, v := range tr.Importance() {
			sum += v
		}
		steps := tr.Sequence(tree.Impurity)
		require.InDelta(t, steps[len(steps)-1].Risk-steps[0].Risk, sum, 1e-9)
	}
	_, err := tree.Probabilities(t.Context(), &tree.Tree{}, &table.Table[int]{Columns: []table.Column{{}}}, 0)
	var fault *table.Fault
	require.ErrorAs(t, err, &fault)
}

// TestClassWeightsKeepProbabilities: class weights grow the same tree as weights of rows,
// and choose classes as those do, but probabilities stay shares of the rows.
func TestClassWeightsKeepProbabilities(t *testing.T) {
	r := rand.New(rand.NewPCG(53, 54))
	for round := range 20 {
		k := 2 + round%2
		tab, classes, _ := draw(r, 400, k, 5, 0.1)
		factors := []float64{1, 5, 2}[:k]
		weights := make([]float64, len(classes))
		for row, class := range classes {
			weights[row] = factors[class]
		}
		o := tree.Options{MaxDepth: 4, Criterion: tree.Criterion(round / 2 % 2)}
		byRow, byClass := o, o
		byRow.Weights, byClass.ClassWeights = weights, factors
		a, err := tree.Fit(t.Context(), tab, classes, &byRow)
		require.NoError(t, err)
		b, err := tree.Fit(t.Context(), tab, classes, &byClass)
		require.NoError(t, err)
		inA, inB := a.Leaves(), b.Leaves()
		require.Len(t, inB, len(inA))
		leafA, err := tree.Apply(t.Context(), a, tab)
		require.NoError(t, err)
		leafB, err := tree.Apply(t.Context(), b, tab)
		require.NoError(t, err)
		require.Equal(t, leafA, leafB)
		mean, truth := 0.0, 0.0
		for i := range inA {
			require.Equal(t, inA[i].Class, inB[i].Class)
			for class, w := range inB[i].Weights {
				require.InDelta(t, inA[i].Weights[class], w*factors[class], 1e-9)
			}
		}
		biased := 0.0
		for row, class := range classes {
			values := rowOf(b, tab, row)
			mean += b.Probability(values, 1)
			biased += a.Probability(values, 1)
			if class == 1 {
				truth++
			}
		}
		require.InDelta(t, truth, mean, 1e-9, "calibrated on the rows of the fit")
		require.Greater(t, math.Abs(biased-truth), 5.0, "as weights of rows are not")
	}
}
