package cluster

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The draws of a seed are part of what the library promises: if this test fails,
// segments get other numbers. The numbers are from testdata/draws.py.
func TestRandomGolden(t *testing.T) {
	r := newRandom(DefaultSeed, 1)
	var below []int
	for range 6 {
		below = append(below, r.below(1_000_003))
	}
	var floats []float64
	for range 3 {
		floats = append(floats, r.float())
	}
	weights := []float64{0, 1, 0, 2, 3, 0}
	var weighted []int
	for range 12 {
		weighted = append(weighted, r.weighted(weights, 6))
	}
	require.Equal(t, []int{303221, 621040, 474956, 75027, 711584, 309447}, below)
	require.Equal(t, []float64{0.6462332648255408, 0.9036725640516186, 0.9574058393626452}, floats)
	require.Equal(t, []int{1, 4, 1, 4, 3, 4, 3, 4, 4, 4, 4, 3}, weighted)
	require.Equal(t, []int{104, 186, 259, 415, 417, 467, 509, 573, 789, 792, 886, 971}, r.sample(1000, 12))
	for _, want := range []int{5515030594975649680, 2786637919008249505, 6446371328035938243, 4929827764829921534} {
		require.Equal(t, want, r.below(3<<61))
	}
}

func TestRandomBelowIsUniform(t *testing.T) {
	r := newRandom(1, 1)
	const n, draws = 7, 70_000
	var count [n]int
	for range draws {
		count[r.below(n)]++
	}
	for i, c := range count {
		require.InDelta(t, draws/n, c, 4*math.Sqrt(draws/n), "number %d", i)
	}
	require.Zero(t, r.below(1))
	for range 100 {
		require.Less(t, r.below(math.MaxInt), math.MaxInt)
	}
}

func TestRandomFloatIsBelowOne(t *testing.T) {
	r := newRandom(2, 1)
	sum := 0.0
	for range 100_000 {
		x := r.float()
		require.True(t, x >= 0 && x < 1)
		sum += x
	}
	require.InDelta(t, 0.5, sum/100_000, 0.004)
}

func TestRandomSample(t *testing.T) {
	r := newRandom(3, 1)
	count := make([]int, 20)
	for range 20_000 {
		index := r.sample(20, 5)
		require.Len(t, index, 5)
		require.True(t, slices.IsSorted(index))
		require.Len(t, slices.Compact(index), 5)
		for _, i := range index {
			count[i]++
		}
	}
	for i, c := range count {
		require.InDelta(t, 5000, c, 280, "number %d", i)
	}
	require.Equal(t, []int{0, 1, 2}, r.sample(3, 3))
	require.Empty(t, r.sample(3, 0))
	require.Equal(t, 64, len(r.sample(65, 64)))
}

func TestRandomWeighted(t *testing.T) {
	r := newRandom(4, 1)
	weights := []float64{0, 1, 0, 0, 3, 0}
	var count [6]int
	for range 40_000 {
		count[r.weighted(weights, 4)]++
	}
	require.InDelta(t, 10_000, count[1], 400)
	require.Equal(t, 40_000, count[1]+count[4])
}

func TestLocate(t *testing.T) {
	weights := []float64{0, 1, 0, 2, 0}
	for _, c := range []struct {
		x    float64
		at   int
		rest float64
	}{{0, 1, 0}, {0.5, 1, 0.5}, {1, 3, 0}, {2.5, 3, 1.5}, {3, 3, 2}, {9, 3, 2}} {
		at, rest := locate(weights, c.x)
		require.Equal(t, c.at, at, "%v", c.x)
		require.Equal(t, c.rest, rest, "%v", c.x)
	}
}
