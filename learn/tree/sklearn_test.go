package tree_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/table"
)

// written is the JSON of a tree.
type written struct {
	Nodes []struct {
		Weights []float64
		Ask     *struct {
			Column  int
			UpTo    *float64 `json:"up_to"`
			Left    []int
			Missing bool
		}
	}
}

func nodes(t *testing.T, tr *tree.Tree) written {
	t.Helper()
	data, err := json.Marshal(tr)
	require.NoError(t, err)
	var w written
	require.NoError(t, json.Unmarshal(data, &w))
	return w
}

func numbers(columns ...[]float64) *table.Table[int] {
	t := &table.Table[int]{}
	for i, values := range columns {
		t.Columns = append(t.Columns, table.NumberColumn(fmt.Sprintf("x%d", i), values...))
	}
	return t
}

// TestEqualsScikitLearn holds questions, weights and predictions against trees of
// scikit-learn 1.2.1, written by testdata/fixture.py.
func TestEqualsScikitLearn(t *testing.T) {
	var fixture struct {
		Cases []struct {
			MaxDepth  int     `json:"max_depth"`
			MinLeaf   float64 `json:"min_leaf"`
			MinGain   float64 `json:"min_gain"`
			Columns   [][]float64
			Classes   []int32
			Weights   []float64
			Feature   []int
			Threshold []float64
			Value     [][]float64
			Fresh     [][]float64
			Predicted []int32
		}
	}
	data, err := os.ReadFile("testdata/sklearn.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &fixture))
	require.Len(t, fixture.Cases, 7)
	for i, c := range fixture.Cases {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			got, err := tree.Fit(t.Context(), numbers(c.Columns...), c.Classes,
				&tree.Options{MaxDepth: c.MaxDepth, MinLeaf: c.MinLeaf, MinGain: c.MinGain, Weights: c.Weights})
			require.NoError(t, err)
			w := nodes(t, got)
			require.Len(t, w.Nodes, len(c.Feature))
			for i, n := range w.Nodes {
				require.Equal(t, c.Value[i], n.Weights)
				if c.Feature[i] < 0 {
					require.Nil(t, n.Ask)
					continue
				}
				require.Equal(t, c.Feature[i], n.Ask.Column)
				require.Equal(t, c.Threshold[i], *n.Ask.UpTo)
			}
			predicted, err := tree.Predict(t.Context(), got, numbers(c.Fresh...))
			require.NoError(t, err)
			require.Equal(t, c.Predicted, predicted)
		})
	}
}
