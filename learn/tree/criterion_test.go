package tree_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/table"
)

// TestOrderOfRows: class weights are no whole numbers, but the same tree comes of any
// order of the rows, with ids that compare and without.
func TestOrderOfRows(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	for round := range 30 {
		k, n := 2+round%3, 40
		columns := make([][]float64, 3)
		classes := make([]int32, n)
		for row := range n {
			x := float64(r.IntN(6))
			for i, v := range []float64{x, -x, float64(r.IntN(4))} { // the first two ask the same
				columns[i] = append(columns[i], v)
			}
			classes[row] = int32(r.IntN(k))
		}
		classes[0] = int32(k - 1)
		by := r.Perm(n)
		for _, criterion := range []tree.Criterion{tree.Gini, tree.Entropy} {
			for _, weighted := range []bool{false, true} {
				for _, ids := range []bool{false, true} {
					if weighted && !ids {
						continue // sums of weights depend on their order
					}
					o := tree.Options{Criterion: criterion, ClassWeights: []float64{0.1, 0.7, 1.3, 0.9}}
					q := o
					tab, c := numbers(columns...), make([]int32, n)
					if tab.IDs = nil; ids {
						for row := range n {
							tab.IDs = append(tab.IDs, row)
						}
						tab.Compare = cmp.Compare[int]
					}
					other := tab.Take(by)
					for i, row := range by {
						c[i] = classes[row]
						if weighted {
							q.Weights = append(q.Weights, 0.1+math.Mod(float64(row)*0.37, 1))
						}
					}
					if weighted {
						o.Weights = make([]float64, n)
						for i, row := range by {
							o.Weights[row] = q.Weights[i]
						}
					}
					a, err := tree.Fit(t.Context(), tab, classes, &o)
					require.NoError(t, err)
					b, err := tree.Fit(t.Context(), other, c, &q)
					require.NoError(t, err)
					require.Equal(t, a, b, "%d classes, %v, weights %v, ids %v", k, criterion, weighted, ids)
				}
			}
		}
	}
}

// TestScaleOfWeights: weights times a power of two, of rows or of classes, however small or
// large, grow the same tree and prune it in the same way.
func TestScaleOfWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(53, 54))
	for round := range 12 {
		k := 2 + round%2
		tab, classes, weights := draw(r, 80, k, 4, 0.1)
		o := tree.Options{Weights: weights, ClassWeights: []float64{0.7, 1.3, 0.4}, Criterion: tree.Criterion(round / 2 % 2)}
		p := &tree.PruneOptions{Risk: tree.Risk(round / 4 % 2)}
		want, steps, err := tree.CrossValidate(t.Context(), tab, classes, &o, p)
		require.NoError(t, err)
		for _, scale := range []float64{0x1p-560, 0x1p-900, 0x1p400} {
			for _, ofRows := range []bool{false, true} {
				q := o
				scaled := &q.ClassWeights
				if ofRows {
					scaled = &q.Weights
				}
				*scaled = slices.Clone(*scaled)
				for i := range *scaled {
					(*scaled)[i] *= scale
				}
				got, gotSteps, err := tree.CrossValidate(t.Context(), tab, classes, &q, p)
				require.NoError(t, err)
				what := fmt.Sprintf("round %d, scale %g, of rows %v", round, scale, ofRows)
				require.Len(t, got.Leaves(), len(want.Leaves()), what)
				for i, leaf := range got.Leaves() {
					require.Equal(t, want.Leaves()[i].Path, leaf.Path, what)
				}
				require.InDeltaSlice(t, want.Importance(), got.Importance(), 1e-12, what)
				require.Len(t, gotSteps, len(steps), what)
				for i, s := range gotSteps {
					require.Equal(t, steps[i].Leaves, s.Leaves, what)
					require.InDelta(t, steps[i].Alpha, s.Alpha, 1e-12, what)
					require.InDelta(t, steps[i].HeldOut, s.HeldOut, 1e-12, what)
					require.InDelta(t, steps[i].StdErr, s.StdErr, 1e-12, what)
				}
			}
		}
	}
}

// TestUnevenWeights: rows of hardly any weight are told apart as well, where no others are.
func TestUnevenWeights(t *testing.T) {
	tab := &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("noise", 1, 2, 1, 2, 1, 2, 1, 2), table.NumberColumn("x", 1, 1, 3, 3, 4, 4, 6, 6),
	}}
	for _, criterion := range []tree.Criterion{tree.Gini, tree.Entropy} {
		for _, light := range []float64{1e-30, 1e-170, 1e-250} {
			tr, err := tree.Fit(t.Context(), tab, []int32{0, 0, 1, 1, 2, 2, 1, 1}, &tree.Options{
				Criterion: criterion, Weights: []float64{1, 1, 1, 1, light, light, light, light},
			})
			require.NoError(t, err)
			for x, class := range map[float64]int32{1: 0, 3: 1, 4: 2, 6: 1} {
				require.Equal(t, class, tr.PredictRow([]float64{1, x}))
				require.Equal(t, class, tr.PredictRow([]float64{2, x}))
			}
			for _, worth := range tr.Importance() {
				require.False(t, math.IsNaN(worth))
			}
		}
	}
	_, err := tree.Fit(t.Context(), numbers([]float64{1, 2}), []int32{0, 1}, &tree.Options{Weights: []float64{1e-300, 1e-300}})
	require.ErrorIs(t, err, tree.ErrWeight)
	_, err = tree.Fit(t.Context(), numbers([]float64{1, 2}), []int32{0, 1}, &tree.Options{
		Weights: []float64{1e-170, 1e-170}, ClassWeights: []float64{1e-170, 1e-170},
	})
	require.ErrorIs(t, err, tree.ErrWeight)
}
