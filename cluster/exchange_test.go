package cluster

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync/atomic"
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
	requireExchange(t, true, r, s)
	require.Equal(t, []int32{0, 0, 1, 1}, s.label)
	require.InDeltaSlice(t, []float64{0, 2.75}, s.centers, 1e-12)
	s.Inertia = 2 * 0.75 * 0.75
	requireExchange(t, false, r, s)
	weighted := rowsOf([]float64{0, 2, 3.5, 9}, 1, []float64{2, 1, 1, 0})
	s.label, s.centers, s.Inertia = []int32{0, 0, 1, 1}, []float64{2. / 3, 3.5}, 8./3
	requireExchange(t, true, weighted, s)
	require.Equal(t, []int32{0, 1, 1, 1}, s.label)
}

// What a start reports belongs to its centres: also where its last pass moved rows that
// are equally near to two of them, so that the means differ.
func TestExchangeOfTies(t *testing.T) {
	x := []float64{7, 3, 0, 5, 1, 5, 6, 8, 8, 6, 3, 0}
	for seed := range uint64(1500) {
		o := testOptions(2)
		o.Starts = 1
		if seed > 0 {
			rnd := newRandom(seed, 1)
			x = make([]float64, 4+rnd.below(9))
			for i := range x {
				x[i] = float64(rnd.below(9))
			}
			o.K += rnd.below(3)
		}
		r := rowsOf(x, 1, nil)
		s, err := solve(t.Context(), r, o)
		if _, few := errors.AsType[*TooFewDistinctError](err); few {
			continue
		}
		require.NoError(t, err)
		requireOwnAnswer(t, r, s)
		require.Equal(t, []float64{s.Inertia}, s.Starts)
		require.Equal(t, s.Inertia, s.History[len(s.History)-1])
	}
}

// Where no row moves, nothing changes: running means are less exact than those of lloyd.
func TestExchangeKeepsExactMeans(t *testing.T) {
	x := make([]float64, 1000)
	for i := range x {
		x[i] = 1e15 + float64(i*i%1009)
	}
	r := rowsOf(x, 1, nil)
	s, err := lloyd(t.Context(), r, originOf(r, 1), []float64{1e15}, testOptions(1), func() {})
	require.NoError(t, err)
	was := *s
	was.centers, was.label = slices.Clone(s.centers), slices.Clone(s.label)
	requireExchange(t, false, r, s)
	require.Equal(t, &was, s)
}

func TestExchangeStopsWithItsContext(t *testing.T) {
	require.True(t, exchanged(20_000, 12, 8))
	require.False(t, exchanged(4000, 64, 400), "it would take minutes")
	r := rowsOf(testBlobs(1, 1000, 2, 3), 2, nil)
	s, err := lloyd(t.Context(), r, originOf(r, 1), testBlobs(2, 5, 2, 5), testOptions(5), func() {})
	require.NoError(t, err)
	_, err = exchange(&countdown{t.Context(), new(atomic.Int64)}, r, s)
	require.ErrorIs(t, err, context.Canceled)
}

// requireExchange checks whether exchange finds s to be better than it was.
func requireExchange(t *testing.T, want bool, r *rows, s *solution) {
	t.Helper()
	better, err := exchange(t.Context(), r, s)
	require.NoError(t, err)
	require.Equal(t, want, better)
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
		_, err = exchange(t.Context(), r, s)
		require.NoError(t, err)
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
