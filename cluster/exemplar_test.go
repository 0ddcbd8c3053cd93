package cluster_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

func TestExemplarsByDistance(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	tab, a, weights := describable(r, 300, 3)
	for range 300 {
		a.Distances = append(a.Distances, float64(r.IntN(40)))
	}
	d := described(t, tab, a, &cluster.DescribeOptions{Weights: weights, Exemplars: 7})
	for g := range d.Groups {
		var rows []int
		for row := range a.Labels {
			if inGroup(a, row, g) && weights[row] > 0 {
				rows = append(rows, row)
			}
		}
		slices.SortStableFunc(rows, func(i, j int) int { return cmp.Compare(a.Distances[i], a.Distances[j]) })
		require.Equal(t, rows[:7], d.Groups[g].Exemplars)
	}
}

func TestExemplarsWithoutDistances(t *testing.T) {
	nan := math.NaN()
	tab := &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("x", 0, 4, 5, 6, 100, nan, 5),
		table.NumberColumn("y", 1, 1, 1, 1, 1, nan, 1), // says nothing
		table.CategoryColumn("c", "a", "a", "a", "a", "a", "a", "b"),
	}}
	d := described(t, tab, &cluster.Assignment{Labels: make([]int32, 7)}, &cluster.DescribeOptions{Exemplars: 10})
	require.Equal(t, []int{2, 1, 3, 0, 6, 4}, d.Groups[0].Exemplars, "the median of x is 5; of row 5 too little is known")
}
