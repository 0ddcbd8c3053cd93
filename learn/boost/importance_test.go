package boost_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/table"
)

func TestImportance(t *testing.T) {
	tab, labels, _ := draw(22, 2000)
	r := rand.New(rand.NewPCG(1, 1))
	noise := make([]float64, 2000)
	for i := range noise {
		noise[i] = r.Float64()
	}
	tab.Columns = append(tab.Columns, table.NumberColumn("noise", noise...), table.NumberColumn("constant", make([]float64, 2000)...))
	m, err := boost.Fit(t.Context(), tab, labels, &boost.Options{Rounds: 30})
	require.NoError(t, err)
	gain := m.Importance()
	sum := 0.0
	for _, g := range gain {
		sum += g
	}
	require.InDelta(t, 1, sum, 1e-12)
	require.Zero(t, gain[6])
	require.Greater(t, gain[0], 5*gain[5])
	fresh, truth, _ := draw(23, 2000)
	fresh.Columns = append(fresh.Columns, tab.Columns[5:]...)
	loss, err := boost.Permutation(t.Context(), m, fresh, truth, &boost.PermutationOptions{Repeats: 3})
	require.NoError(t, err)
	require.Equal(t, "x", loss[0].Column)
	for _, useful := range []int{0, 1, 3, 4} {
		require.Greater(t, loss[useful].Mean, 5*loss[useful].SD/math.Sqrt(3))
		require.Greater(t, loss[useful].Mean, 3*math.Abs(loss[5].Mean))
	}
	require.Equal(t, boost.Increase{Column: "constant"}, loss[6])
	order := r.Perm(2000)
	again, err := boost.Permutation(t.Context(), m, fresh.Take(order), pick(truth, order), &boost.PermutationOptions{Repeats: 3, Workers: 3})
	require.NoError(t, err)
	require.Equal(t, loss, again)
	_, err = boost.Permutation(t.Context(), m, fresh, truth[1:], nil)
	require.ErrorIs(t, err, boost.ErrLength)
	_, err = boost.Permutation(t.Context(), m, fresh, truth, &boost.PermutationOptions{Weights: make([]float64, 2000)})
	require.ErrorIs(t, err, boost.ErrNoRows)
	_, err = boost.Permutation(t.Context(), m, fresh, truth, &boost.PermutationOptions{Repeats: -1, Workers: -1})
	require.ErrorIs(t, err, boost.ErrOptions)
	require.ErrorContains(t, err, "Workers")
}

// TestPermutationOfTwoValues: where a column has two values the loss with it permuted is a line in
// the number of true rows that get the second, which is hypergeometric: expectation and deviation
// of the rise are exact, and those of 2000 permutations are within four standard errors of them. With
// weights they are those of as many equal rows.
func TestPermutationOfTwoValues(t *testing.T) {
	const n, repeats = 500, 2000
	x, labels, weights := make([]float64, n), make([]bool, n), make([]float64, n)
	r := rand.New(rand.NewPCG(51, 1))
	for row := range n {
		if weights[row] = 1; r.IntN(5) == 0 {
			x[row], weights[row] = 1, 4
		}
		labels[row] = r.Float64() < 0.2+0.5*x[row]
	}
	m, err := boost.Fit(t.Context(), numbers(x), labels, &boost.Options{Rounds: 5, LearningRate: 0.3})
	require.NoError(t, err)
	odds := []float64{m.LogOdds([]float64{0}), m.LogOdds([]float64{1})}
	loss := func(label bool, f float64) float64 {
		if label {
			f = -f
		}
		return math.Log1p(math.Exp(f))
	}
	for name, o := range map[string]boost.PermutationOptions{"rows": {}, "weights": {Weights: weights}, "all of one weight": {Weights: slices.Repeat([]float64{3}, n)}} {
		t.Run(name, func(t *testing.T) {
			ones, trues, total, rise := 0.0, 0.0, 0.0, 0.0
			each := func(do func(row int, weight float64)) {
				for row := range n {
					if o.Weights != nil {
						do(row, o.Weights[row])
					} else {
						do(row, 1)
					}
				}
			}
			each(func(row int, w float64) {
				total += w
				ones += w * x[row]
				if labels[row] {
					trues++
				}
			})
			ones /= total
			each(func(row int, w float64) {
				after := ones*loss(labels[row], odds[1]) + (1-ones)*loss(labels[row], odds[0])
				rise += w / total * (after - loss(labels[row], odds[int(x[row])]))
			})
			o.Repeats = repeats
			got, err := boost.Permutation(t.Context(), m, numbers(x), labels, &o)
			require.NoError(t, err)
			deviation := got[0].SD
			if name != "weights" {
				deviation = (odds[1] - odds[0]) / n * math.Sqrt(trues*ones*(1-ones)*(n-trues)/(n-1))
				require.InEpsilon(t, deviation, got[0].SD, 4/math.Sqrt(2*repeats))
			}
			require.InDelta(t, rise, got[0].Mean, 4*deviation/math.Sqrt(repeats))
			require.Greater(t, rise, 3*deviation) // the column is of use
		})
	}
}
