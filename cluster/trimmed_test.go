package cluster

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCutoffOf(t *testing.T) {
	dist := []float64{1, 9, 4, 4, 7, 2, 4}
	r := rowsOf(dist, 1, nil)
	for _, c := range []struct{ allowed, want float64 }{{0, 9}, {0.9, 9}, {1, 7}, {2, 4}, {3, 4}, {4, 4}, {5, 2}, {6, 1}, {6.9, 1}, {7, math.Inf(1)}} {
		require.Equal(t, c.want, cutoffOf(r, dist, c.allowed), "%v", c.allowed)
	}
	r = rowsOf(dist, 1, []float64{1, 0, 1, 2, 0.5, 1, 1})
	for _, c := range []struct{ allowed, want float64 }{{0, 7}, {0.5, 4}, {4.4, 4}, {4.5, 2}, {5.5, 1}} {
		require.Equal(t, c.want, cutoffOf(r, dist, c.allowed), "weighted, %v", c.allowed)
	}
	for seed := range uint64(40) {
		rnd := newRandom(seed, 3)
		dist := make([]float64, 1+rnd.below(400))
		for i := range dist {
			dist[i] = float64(rnd.below(60))
		}
		sorted := slices.Sorted(slices.Values(dist))
		allowed := rnd.below(len(dist))
		got := cutoffOf(rowsOf(dist, 1, nil), dist, float64(allowed))
		require.Equal(t, sorted[len(sorted)-1-allowed], got)
	}
}

// No order of the distances makes it slow; one that rises and falls once took minutes.
func TestCutoffOfPatterns(t *testing.T) {
	const n = 200_000
	began := time.Now()
	for name, dist := range map[string]func(i int) int{
		"organ pipes": func(i int) int { return min(i, n-i) },
		"valley":      func(i int) int { return max(i, n-i) },
		"saw":         func(i int) int { return i % 100 },
	} {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(dist(i))
		}
		sorted := slices.Sorted(slices.Values(x))
		for _, allowed := range []int{n / 1000, n / 2} {
			require.Equal(t, sorted[n-1-allowed], cutoffOf(newRows(n, 1), x, float64(allowed)), name)
		}
	}
	require.Less(t, time.Since(began), 5*time.Second)
}

// Groups and rows far off: the rows far off are the outliers, and the centres are those of
// the groups alone.
func TestTrimmedFindsOutliers(t *testing.T) {
	for seed := range uint64(10) {
		const d, k, n, out = 3, 4, 1000, 40
		points := make([]float64, 0, (n+out)*d)
		rnd := newRandom(seed, 1)
		for i := range n {
			for j := range d {
				points = append(points, float64(10*((i%k)>>(j%2)&1))+rnd.float()-0.5)
			}
		}
		for range out {
			for range d {
				points = append(points, 50+500*rnd.float())
			}
		}
		r := rowsOf(points, d, nil)
		o := testOptions(k)
		o.Method, o.Trim, o.Seed = Trimmed, out/float64(n+out), 1+seed
		s, err := solve(t.Context(), r, o)
		require.NoError(t, err)
		for i, x := range s.dist {
			require.Equal(t, i >= n, x > s.cutoff, "row %d", i)
		}
		inner, err := solve(t.Context(), rowsOf(points[:n*d], d, nil), testOptions(k))
		require.NoError(t, err)
		require.InEpsilon(t, inner.Inertia, s.Inertia, 1e-9)
		requireOwnAnswer(t, r, s)
	}
}

// Compared with all ways to leave rows out: no start gets below the best, and some start
// reaches it.
func TestTrimmedEqualsExhaustiveSearch(t *testing.T) {
	const n, k, out = 9, 2, 2
	for seed := range uint64(8) {
		rnd := newRandom(seed, 5)
		points := make([]float64, n)
		for i := range points {
			points[i] = float64(rnd.below(1000))
		}
		slices.Sort(points)
		best := math.Inf(1)
		label := make([]int, n) // k: left out
		var search func(i, left int)
		search = func(i, left int) {
			if i == n {
				best = min(best, withinSquares(points, label, k))
				return
			}
			for label[i] = 0; label[i] < k; label[i]++ {
				search(i+1, left)
			}
			if left > 0 {
				search(i+1, left-1)
			}
		}
		search(0, out)
		o := testOptions(k)
		o.Method, o.Trim, o.Starts, o.Tolerance = Trimmed, float64(out)/n, 60, -1
		s, err := solve(t.Context(), rowsOf(points, 1, nil), o)
		require.NoError(t, err)
		require.InDelta(t, best, s.Inertia, 1e-6)
	}
}

// withinSquares is the sum of squares of points around the means of their labels below k.
func withinSquares(points []float64, label []int, k int) float64 {
	sum := 0.0
	for g := range k {
		mean, count := 0.0, 0.0
		for i, x := range points {
			if label[i] == g {
				mean += x
				count++
			}
		}
		for i, x := range points {
			if label[i] == g {
				sum += (x - mean/count) * (x - mean/count)
			}
		}
	}
	return sum
}

// A sample leaves out the share that all rows do.
func TestTrimmedSample(t *testing.T) {
	points := testBlobs(4, 6000, 2, 4)
	o := testOptions(4)
	o.Method, o.Trim, o.Sample = Trimmed, 0.1, 1000
	s, err := solve(t.Context(), rowsOf(points, 2, nil), o)
	require.NoError(t, err)
	require.Equal(t, 1000, s.Sample)
	require.Len(t, s.Starts, defaultStarts)
	require.InEpsilon(t, s.Inertia/6, slices.Min(s.Starts), 0.1)
	out := 0
	for _, x := range s.dist {
		if x > s.cutoff {
			out++
		}
	}
	require.Equal(t, 600, out)
}
