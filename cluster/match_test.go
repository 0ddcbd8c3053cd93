package cluster

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// cheapest is the least cost of pairing all of the fewer of rows and columns, by trying
// every way.
func cheapest(cost []float64, rows, columns int) float64 {
	used := make([]bool, columns)
	var try func(i, skips int) float64
	try = func(i, skips int) float64 {
		if i == rows {
			return 0
		}
		best := math.Inf(1)
		if skips > 0 {
			best = try(i+1, skips-1)
		}
		for j := range columns {
			if !used[j] {
				used[j] = true
				best = min(best, cost[i*columns+j]+try(i+1, skips))
				used[j] = false
			}
		}
		return best
	}
	return try(0, max(0, rows-columns))
}

func TestAssignmentIsCheapest(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	for range 600 {
		rows, columns := 1+random.IntN(6), 1+random.IntN(6)
		cost := make([]float64, rows*columns)
		for at := range cost {
			cost[at] = float64(random.IntN(12) - 6)
		}
		partner := assignment(cost, rows, columns)
		require.Len(t, partner, rows)
		sum, pairs, used := 0.0, 0, map[int]bool{}
		for i, j := range partner {
			if j < 0 {
				continue
			}
			require.False(t, used[j])
			used[j] = true
			sum += cost[i*columns+j]
			pairs++
		}
		require.Equal(t, min(rows, columns), pairs)
		require.InDelta(t, cheapest(cost, rows, columns), sum, 0)
	}
}

func TestMatchGroups(t *testing.T) {
	for _, test := range []struct {
		name          string
		common        []int
		rows, columns int
		want          []int
	}{
		{"nothing", nil, 0, 0, []int{}},
		{"no groups after", nil, 2, 0, []int{-1, -1}},
		{"relabelled", []int{0, 0, 5, 3, 0, 0, 0, 4, 0}, 3, 3, []int{2, 0, 1}},
		{"the best for one is not the best for all", []int{9, 8, 8, 0}, 2, 2, []int{1, 0}},
		{"nothing in common", []int{0, 0, 7, 0}, 2, 2, []int{-1, 0}},
		{"ties keep numbers", []int{2, 2, 2, 2, 2, 2, 2, 2, 2}, 3, 3, []int{0, 1, 2}},
		{"more groups before", []int{1, 0, 2, 0, 0, 3}, 3, 2, []int{-1, 0, 1}},
		{"more groups after", []int{1, 0, 2, 0, 0, 3}, 2, 3, []int{0, 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, matchGroups(test.common, test.rows, test.columns))
		})
	}
}

// TestMatchTooFar has numbers of quite other units.
func TestMatchTooFar(t *testing.T) {
	fit := func(unit float64) *Model {
		rows := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", 0, unit, 2*unit, 8*unit, 9*unit)}}
		result, err := Fit(t.Context(), rows, &Options{K: 2})
		require.NoError(t, err)
		return result.Model
	}
	small, large := fit(1e-60), fit(1e99)
	_, _, err := small.Match(large)
	require.ErrorIs(t, err, ErrTooLarge)
	_, _, err = large.Match(small)
	require.NoError(t, err)
}

func BenchmarkMatchGroups(b *testing.B) {
	random := rand.New(rand.NewPCG(23, 24))
	const k = 256
	common := make([]int, k*k)
	for at := range common {
		common[at] = random.IntN(1000)
	}
	for b.Loop() {
		matchGroups(common, k, k)
	}
}
