package cluster

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// smallestSquares is the sum of squares of the best of all divisions of points into k groups.
func smallestSquares(points []float64, d, k int) float64 {
	label := make([]int, len(points)/d)
	best := math.Inf(1)
	var search func(i, used int)
	search = func(i, used int) {
		if i == len(label) {
			sum := 0.0
			for j := range d {
				var column []float64
				for at := j; at < len(points); at += d {
					column = append(column, points[at])
				}
				sum += withinSquares(column, label, k)
			}
			best = min(best, sum)
			return
		}
		for label[i] = 0; label[i] < min(used+1, k); label[i]++ {
			search(i+1, max(used, label[i]+1))
		}
	}
	search(0, 0)
	return best
}

func TestKMeansEqualsExhaustiveSearch(t *testing.T) {
	for seed := range uint64(20) {
		rnd := newRandom(seed, 8)
		n, d, k := 6+rnd.below(3), 1+rnd.below(3), 2+rnd.below(2)
		points := make([]float64, n*d)
		for i := range points {
			points[i] = rnd.float()
		}
		s, err := solve(t.Context(), rowsOf(points, d, nil), testOptions(k))
		require.NoError(t, err)
		require.InDelta(t, smallestSquares(points, d, k), s.Inertia, 1e-12, "seed %d", seed)
	}
}

// A division that k-means does not leave, 0 0 2 | 3.5: the row at 2 is nearer to 2/3. But
// with it on the other side the squares are fewer.
func TestExchangeLeavesLocalOptimum(t *testing.T) {
	r := rowsOf([]float64{0, 0, 2, 3.5}, 1, nil)
	o := testOptions(2)
	o.Centers = [][]float64{{0.6}, {3.5}}
	s, err := solve(t.Context(), r, o)
	require.NoError(t, err)
	require.Equal(t, []int32{0, 0, 0, 1}, s.label, "k-means stays")
	require.True(t, exchange(r, s))
	require.Equal(t, []int32{0, 0, 1, 1}, s.label)
	require.InDeltaSlice(t, []float64{0, 2.75}, s.centers, 1e-12)
	require.False(t, exchange(r, s))
	weighted := rowsOf([]float64{0, 2, 3.5, 9}, 1, []float64{2, 1, 1, 0})
	s.label, s.centers = []int32{0, 0, 1, 1}, []float64{2. / 3, 3.5}
	require.True(t, exchange(weighted, s))
	require.Equal(t, []int32{0, 1, 1, 1}, s.label)
}

// Also where k-means has stopped before its centres were the means of the labels.
func TestExchangeNeverAddsSquares(t *testing.T) {
	for seed := range uint64(300) {
		rnd := newRandom(seed, 9)
		n, d, k := 20+rnd.below(200), 1+rnd.below(2), 2+rnd.below(5)
		points := make([]float64, n*d)
		for i := range points {
			points[i] = rnd.float()
		}
		r := rowsOf(points, d, nil)
		o := testOptions(k)
		o.MaxIterations = 3
		centers, err := plusPlus(t.Context(), r, k, 0, rnd, 1)
		require.NoError(t, err)
		s, err := lloyd(t.Context(), r, originOf(r, 1), centers, o, func() {})
		require.NoError(t, err)
		before, err := spreadOf(t.Context(), r, s.label, k, 1)
		require.NoError(t, err)
		exchange(r, s)
		after, err := spreadOf(t.Context(), r, s.label, k, 1)
		require.NoError(t, err)
		require.LessOrEqual(t, after.within(), before.within()*(1+1e-12), "seed %d", seed)
		again, err := lloyd(t.Context(), r, originOf(r, 1), slices.Clone(s.centers), o, func() {})
		require.NoError(t, err)
		require.LessOrEqual(t, again.Inertia, s.Inertia*(1+1e-12), "seed %d", seed)
	}
}

// Starts that draw nothing new still end, and in the order of the seed alone.
func TestPlusPlusTakesDifferentRows(t *testing.T) {
	r := rowsOf([]float64{1, 5, 1, 9, 5, 1}, 1, []float64{1, 1, 3, 0, 1, 1})
	for seed := range uint64(20) {
		for _, trim := range []float64{0, 0.2} {
			centers, err := plusPlus(t.Context(), r, 4, trim, newRandom(seed, 1), 1)
			require.NoError(t, err)
			slices.Sort(centers)
			require.Equal(t, []float64{1, 5}, centers)
		}
	}
}

// The cap holds for passes before and after exchange together, and each pass is in the
// history.
func TestExchangeWithinCap(t *testing.T) {
	r := rowsOf(testBlobs(7, 500, 2, 5), 2, nil)
	for most := 1; most < 12; most++ {
		o := testOptions(9)
		o.MaxIterations, o.Tolerance = most, -1
		s, err := solve(t.Context(), r, o)
		require.NoError(t, err)
		require.LessOrEqual(t, s.Iterations, most)
		require.Len(t, s.History, s.Iterations)
		require.Equal(t, s.Inertia, slices.Min(s.Starts))
		requireOwnAnswer(t, r, s)
	}
}
