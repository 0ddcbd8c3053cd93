package tree_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/table"
)

// TestEqualsRpart holds trees of numbers and categories, by both criteria, with priors and
// with weights, their cptable, the classes of each pruned tree and the cross-validated
// error against rpart 4.1.19 of R 4.2.2, written by testdata/rpart.R.
func TestEqualsRpart(t *testing.T) {
	type node struct {
		Counts    []float64
		Class     int
		Column    string
		Threshold float64
		Left      []string
		Right     []string
	}
	var fixture struct {
		Cases map[string]struct {
			Split     string
			MinSplit  float64
			MinBucket float64
			Depth     int
			Prior     []float64
			Columns   struct {
				Recency, Orders, Spend []float64
				Channel, Plan          []string
			}
			Classes      []int32
			Weights      []float64
			Folds        []int32
			Nodes        []node
			CP, Error    []float64
			Splits       []int
			XError, XStd []float64
			Pruned       [][]int32
		}
	}
	data, err := os.ReadFile("testdata/rpart.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &fixture))
	require.Len(t, fixture.Cases, 6)
	for name, c := range fixture.Cases {
		t.Run(name, func(t *testing.T) {
			tab := &table.Table[int]{Columns: []table.Column{
				table.NumberColumn("recency", c.Columns.Recency...),
				table.NumberColumn("orders", c.Columns.Orders...),
				table.NumberColumn("spend", c.Columns.Spend...),
				table.CategoryColumn("channel", c.Columns.Channel...),
				table.CategoryColumn("plan", c.Columns.Plan...),
			}}
			o := &tree.Options{MaxDepth: c.Depth, MinSplit: c.MinSplit, MinLeaf: c.MinBucket, Weights: c.Weights}
			if name == "weights" {
				o.MinSplit, o.MinLeaf = 0, 0 // there these count rows
			}
			if c.Split == "information" {
				o.Criterion = tree.Entropy
			}
			total := 0.0
			counts := make([]float64, 3)
			for row, class := range c.Classes {
				counts[class] += c.Weights[row]
				total += c.Weights[row]
			}
			for class, prior := range c.Prior {
				o.ClassWeights = append(o.ClassWeights, prior*total/counts[class])
			}
			full, err := tree.Fit(t.Context(), tab, c.Classes, o)
			require.NoError(t, err)

			// Left and right may be the other way round there, so nodes are compared as a set.
			// Levels that a node has no row of are on neither side there.
			text := func(counts []float64, column string, threshold float64) string {
				return fmt.Sprintf("%v %s %.9g", counts, column, threshold)
			}
			var want, got []string
			known := make(map[string]node)
			for _, n := range c.Nodes {
				key := text(n.Counts, n.Column, n.Threshold)
				want, known[key] = append(want, key), n
			}
			for _, n := range nodes(t, full).Nodes {
				column, threshold := "", 0.0
				if n.Ask != nil {
					column = tab.Columns[n.Ask.Column].Name
					if n.Ask.UpTo != nil {
						threshold = *n.Ask.UpTo
					}
				}
				key := text(n.Weights, column, threshold)
				got = append(got, key)
				if n.Ask != nil && n.Ask.UpTo == nil {
					var sides [2]bool // has a level of the left and of the right there on the left
					for side, levels := range [][]string{known[key].Left, known[key].Right} {
						for i, level := range levels {
							left := slices.Contains(n.Ask.Left, slices.Index(tab.Columns[n.Ask.Column].Levels, level))
							require.True(t, i == 0 || left == sides[side])
							sides[side] = left
						}
					}
					require.NotEqual(t, sides[0], sides[1])
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			require.Equal(t, want, got)

			prune := &tree.PruneOptions{Risk: tree.Errors, Groups: c.Folds, Folds: len(c.Classes)}
			steps := full.Sequence(tree.Errors)
			if c.Folds != nil {
				_, steps, err = tree.CrossValidate(t.Context(), tab, c.Classes, o, prune)
				require.NoError(t, err)
			}
			require.Equal(t, -1.0, c.CP[len(c.CP)-1], "the unpruned tree")
			require.Len(t, steps, len(c.CP)-1)
			root := steps[len(steps)-1].Risk
			for i := range steps {
				s := &steps[len(steps)-1-i]
				require.InDelta(t, c.CP[i], s.Alpha/root, 1e-12)
				require.Equal(t, c.Splits[i]+1, s.Leaves)
				require.InDelta(t, c.Error[i], s.Risk/root, 1e-12)
				predicted, err := tree.Predict(t.Context(), full.Prune(s.Alpha, tree.Errors), tab)
				require.NoError(t, err)
				require.Equal(t, c.Pruned[i], predicted)
				if c.Folds != nil {
					require.InDelta(t, c.XError[i], s.HeldOut/root, 1e-12)
				}
				if name == "leave_one_out" { // elsewhere a group is a fold, there a row
					require.InDelta(t, c.XStd[i], s.StdErr/root, 1e-12)
				}
			}
		})
	}
}
