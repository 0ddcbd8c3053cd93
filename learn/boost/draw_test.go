package boost_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/boost"
)

// asked is a node of a tree as a model is written, in preorder.
type asked struct {
	Cover float64
	Ask   *struct{ Column int }
}

func treesOf(t *testing.T, m *boost.Model) [][]asked {
	t.Helper()
	var read struct{ Trees [][]asked }
	require.NoError(t, json.Unmarshal([]byte(text(t, m)), &read))
	return read.Trees
}

// TestColumnShare: of ten columns that are of the same use each tree asks about those that were
// drawn for it.
func TestColumnShare(t *testing.T) {
	const n, rounds = 600, 100
	r := rand.New(rand.NewPCG(50, 1))
	columns, target := make([][]float64, 10), make([]float64, n)
	for i := range columns {
		columns[i] = make([]float64, n)
		for row := range target {
			columns[i][row] = r.NormFloat64()
			target[row] += columns[i][row]
		}
	}
	for share, want := range map[float64]int{0.01: 1, 0.1: 1, 0.25: 3, 0.3: 3, 0.31: 4, 1: 10} {
		m, err := boost.FitTarget(t.Context(), numbers(columns...), target, boost.SquaredError{}, &boost.Options{
			Rounds: rounds, LearningRate: 0.02, MaxLeaves: 31, MinLeaf: 1, ColumnShare: share,
		})
		require.NoError(t, err)
		require.Equal(t, rounds, m.Trees())
		trees := make([]int, len(columns))
		most := 0
		for _, tree := range treesOf(t, m) {
			of := make(map[int]bool)
			for _, node := range tree {
				if node.Ask != nil {
					of[node.Ask.Column] = true
				}
			}
			require.LessOrEqual(t, len(of), want, "share %v", share)
			most = max(most, len(of))
			for i := range of {
				trees[i]++
			}
		}
		require.Equal(t, want, most, "share %v", share)
		for i, k := range trees { // the share of 100 draws is off by 0.2, four standard deviations, at most
			require.InDelta(t, float64(want)/10, float64(k)/rounds, 0.2, "share %v, column %d", share, i)
		}
	}
}

// TestRowShare: ten groups of 20 rows have a leaf each, so that its cover is the number of rows that
// were drawn of it. That is 14 on average, with the variance 20·0.7·0.3·(180/199) of draws without
// putting back.
func TestRowShare(t *testing.T) {
	const n, rounds = 200, 50
	x, target := make([]float64, n), make([]float64, n)
	for row := range x {
		x[row], target[row] = float64(row%10), float64(row%10*(row%10))
	}
	fit := func(o boost.Options) [][]asked {
		o.Rounds, o.LearningRate, o.MaxLeaves, o.MinLeaf = rounds, 0.1, 10, 1
		m, err := boost.FitTarget(t.Context(), numbers(x), target, boost.SquaredError{}, &o)
		require.NoError(t, err)
		require.Equal(t, rounds, m.Trees())
		return treesOf(t, m)
	}
	trees := fit(boost.Options{RowShare: 0.7})
	differ, sums := make(map[[10]float64]bool), [10]float64{}
	for _, tree := range trees {
		require.Equal(t, 140.0, tree[0].Cover)
		var leaves [10]float64
		at := 0
		for _, node := range tree {
			if node.Ask == nil {
				leaves[at] = node.Cover
				sums[at] += node.Cover
				at++
			}
		}
		require.Equal(t, 10, at)
		differ[leaves] = true
	}
	require.Greater(t, len(differ), rounds*9/10)
	for _, sum := range sums {
		require.InDelta(t, 14, sum/rounds, 1.1) // four standard deviations
	}
	require.Equal(t, trees, fit(boost.Options{RowShare: 0.7}))
	require.NotEqual(t, trees, fit(boost.Options{RowShare: 0.7, Seed: 2}))
	require.Equal(t, 1.0, fit(boost.Options{RowShare: 0.004})[0][0].Cover) // of 0.8 rows
	require.Equal(t, 200.0, fit(boost.Options{})[0][0].Cover)
}
