package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/internal/simd"
)

// rowsOf makes rows of points, d numbers each.
func rowsOf(points []float64, d int, weights []float64) *rows {
	r := newRows(len(points)/d, d)
	for i := range r.n {
		for j := range d {
			r.block(i / nearest.Block)[j*nearest.Block+i%nearest.Block] = points[i*d+j]
		}
	}
	if weights != nil {
		r.weight, r.total = weights, 0
		for _, w := range weights {
			r.total += w
		}
	}
	return r
}

// centersOf cuts row-major centres.
func centersOf(centers []float64, d int) [][]float64 {
	return slices.Collect(slices.Chunk(centers, d))
}

// testOptions has the defaults of k-means in place.
func testOptions(k int) *Options {
	return &Options{K: k, Starts: defaultStarts, MaxIterations: defaultIterations, Tolerance: defaultTolerance, Seed: DefaultSeed}
}

// testBlobs are n points of d numbers around k centres, and a tenth anywhere.
func testBlobs(seed uint64, n, d, k int) []float64 {
	rnd := newRandom(seed, 99)
	normal := func() float64 { // by the central limit
		s := -6.0
		for range 12 {
			s += rnd.float()
		}
		return s
	}
	centers := make([]float64, k*d)
	for i := range centers {
		centers[i] = 20*rnd.float() - 10
	}
	points := make([]float64, n*d)
	for i := range n {
		c := rnd.below(k)
		anywhere := rnd.below(10) == 0
		for j := range d {
			points[i*d+j] = centers[c*d+j] + normal()
			if anywhere {
				points[i*d+j] = 30*rnd.float() - 15
			}
		}
	}
	return points
}

type sklearnCase struct {
	Name       string
	N, D, K    int
	Tolerance  float64
	Cap        int
	X          []float64
	Weights    []float64
	Start      []float64
	Labels     string
	Inertia    float64
	Iterations int
	Centers    []float64
}

// From the same start the labels, the inertia, the centres and the number of iterations
// are those of scikit-learn 1.2.1 (testdata/lloyd.py).
func TestLloydEqualsScikitLearn(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "lloyd.json"))
	require.NoError(t, err)
	var file struct{ Cases []sklearnCase }
	require.NoError(t, json.Unmarshal(data, &file))
	require.Len(t, file.Cases, 9)
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			o := testOptions(c.K)
			o.Centers, o.Tolerance, o.MaxIterations = centersOf(c.Start, c.D), c.Tolerance, c.Cap
			s, err := solve(t.Context(), rowsOf(c.X, c.D, c.Weights), o)
			require.NoError(t, err)
			labels := make([]byte, c.N)
			for i, g := range s.label {
				labels[i] = byte('a' + g)
			}
			require.Equal(t, c.Labels, string(labels))
			require.InEpsilon(t, c.Inertia, s.Inertia, 1e-9)
			require.Equal(t, c.Iterations, s.Iterations)
			require.Len(t, s.History, s.Iterations)
			require.Equal(t, s.Inertia, s.History[s.Iterations-1])
			for i, x := range c.Centers {
				require.InDelta(t, x, s.centers[i], 1e-9*max(1, math.Abs(x)))
			}
			require.Zero(t, s.Repaired)
			requireOwnAnswer(t, rowsOf(c.X, c.D, c.Weights), s)
		})
	}
}

// requireOwnAnswer checks that labels, distances and inertia are those that the slow way
// finds for the centres and prices of the solution.
func requireOwnAnswer(t *testing.T, r *rows, s *solution) {
	t.Helper()
	row := make([]float64, r.d)
	inertia := 0.0
	for i := range r.n {
		r.row(row, i)
		label, least := 0, math.Inf(1)
		own := make([]float64, s.k)
		for g := range s.k {
			priced := 0.0
			if s.offset != nil {
				priced = s.offset[g]
			}
			for j, x := range row {
				d := x - s.centers[g*r.d+j]
				own[g] = math.FMA(d, d, own[g])
				priced = math.FMA(d, d, priced)
			}
			if priced < least {
				label, least = g, priced
			}
		}
		require.EqualValues(t, label, s.label[i], "row %d", i)
		require.Equal(t, own[label], s.dist[i], "row %d", i)
		if s.dist[i] <= s.cutoff {
			inertia += r.weightOf(i) * s.dist[i]
		}
	}
	require.InDelta(t, inertia, s.Inertia, 1e-12*max(1, inertia))
}

// slowLloyd is k-means as the textbook has it, strict.
func slowLloyd(points []float64, d int, centers []float64) (label []int, inertia float64) {
	label = make([]int, len(points)/d)
	centers = slices.Clone(centers)
	for {
		changed := false
		sums, count := make([]float64, len(centers)), make([]float64, len(centers)/d)
		inertia = 0
		for i := range label {
			best, least := -1, math.Inf(1)
			for g := range count {
				sum := 0.0
				for j := range d {
					sum += (points[i*d+j] - centers[g*d+j]) * (points[i*d+j] - centers[g*d+j])
				}
				if sum < least {
					best, least = g, sum
				}
			}
			inertia += least
			changed = changed || label[i] != best
			label[i] = best
			count[best]++
			for j := range d {
				sums[best*d+j] += points[i*d+j]
			}
		}
		for i := range centers {
			if count[i/d] > 0 {
				centers[i] = sums[i] / count[i/d]
			}
		}
		if !changed {
			return label, inertia
		}
	}
}

func TestLloydEqualsTextbook(t *testing.T) {
	for seed := range uint64(12) {
		rnd := newRandom(seed, 7)
		d, k := 1+rnd.below(5), 2+rnd.below(12)
		points := testBlobs(seed, 100+rnd.below(2000), d, k)
		start, err := plusPlus(t.Context(), rowsOf(points, d, nil), k, 0, rnd, 1)
		require.NoError(t, err)
		o := testOptions(k)
		o.Centers, o.Tolerance = centersOf(start, d), -1
		s, err := solve(t.Context(), rowsOf(points, d, nil), o)
		require.NoError(t, err)
		label, inertia := slowLloyd(points, d, start)
		for i, g := range label {
			require.EqualValues(t, g, s.label[i], "seed %d, row %d", seed, i)
		}
		require.InEpsilon(t, inertia, s.Inertia, 1e-10)
		require.Equal(t, StopUnchanged, s.Stop)
		for i := 1; i < len(s.History); i++ {
			require.LessOrEqual(t, s.History[i], s.History[i-1]*(1+1e-12))
		}
	}
}

// requireSameSolution checks that two solutions are equal bit by bit.
func requireSameSolution(t *testing.T, a, b *solution) {
	t.Helper()
	require.Equal(t, a.label, b.label)
	require.Equal(t, a.centers, b.centers)
	require.Equal(t, a.dist, b.dist)
	require.Equal(t, a.offset, b.offset)
	require.Equal(t, a.cutoff, b.cutoff)
	require.Equal(t, a.report, b.report)
}

// Neither the number of goroutines nor the form of the kernels decides a bit.
func TestKMeansIsTheSameForAnyWorkers(t *testing.T) {
	const n, d = 33_000, 3
	points := testBlobs(5, n, d, 9)
	weights := make([]float64, n)
	rnd := newRandom(6, 1)
	for i := range weights {
		weights[i] = 3 * rnd.float()
	}
	for name, change := range map[string]func(o *Options){
		"kmeans":  func(o *Options) {},
		"sampled": func(o *Options) { o.Sample = 5000 },
		"trimmed": func(o *Options) { o.Method, o.Trim, o.MaxIterations = Trimmed, 0.1, 20 },
		"shares":  func(o *Options) { o.MaxShare, o.MaxIterations, o.Sample = 0.12, 4, 5000 },
	} {
		t.Run(name, func(t *testing.T) {
			var first *solution
			for _, workers := range []int{1, 3, 2, 8} {
				if first != nil && workers != 3 && race.Enabled {
					continue
				}
				o := testOptions(9)
				o.Workers, o.Starts, o.MaxIterations = workers, 2, 40
				change(o)
				s, err := solve(t.Context(), rowsOf(points, d, weights), o)
				require.NoError(t, err)
				if first == nil {
					first = s
				}
				requireSameSolution(t, first, s)
			}
			defer simd.SetAssembly(simd.SetAssembly(false))
			o := testOptions(9)
			o.Starts, o.MaxIterations = 2, 40
			change(o)
			s, err := solve(t.Context(), rowsOf(points, d, weights), o)
			require.NoError(t, err)
			requireSameSolution(t, first, s)
		})
	}
}

// Rows with an offset like that of times in seconds keep their groups, and every row is
// where its own distances say.
func TestKMeansAtLargeOffset(t *testing.T) {
	points := testBlobs(8, 5000, 3, 6)
	for i, x := range points {
		points[i] = math.Round(x*1024) / 1024 // exact after the shift
	}
	near, err := solve(t.Context(), rowsOf(points, 3, nil), testOptions(6))
	require.NoError(t, err)
	for i := range points {
		points[i] += 1.7e9
	}
	r := rowsOf(points, 3, nil)
	far, err := solve(t.Context(), r, testOptions(6))
	require.NoError(t, err)
	require.Equal(t, near.label, far.label)
	require.InEpsilon(t, near.Inertia, far.Inertia, 1e-9)
	requireOwnAnswer(t, r, far)
}

func TestKMeansWeightTwoIsTheRowTwice(t *testing.T) {
	const d = 2
	points := testBlobs(11, 700, d, 5)
	rnd := newRandom(1, 1)
	var twice, weights []float64
	var of []int
	for i, p := range centersOf(points, d) {
		w := rnd.below(4)
		weights = append(weights, float64(w))
		for range w {
			twice = append(twice, p...)
			of = append(of, i)
		}
	}
	for _, method := range []Method{KMeans, Trimmed} {
		t.Run(method.String(), func(t *testing.T) {
			o := testOptions(5)
			o.Method = method
			if method == Trimmed {
				o.Trim = 0.08
			}
			a, err := solve(t.Context(), rowsOf(points, d, weights), o)
			require.NoError(t, err)
			b, err := solve(t.Context(), rowsOf(twice, d, nil), o)
			require.NoError(t, err)
			require.InEpsilon(t, a.Inertia, b.Inertia, 1e-10)
			for i, row := range of {
				require.Equal(t, a.label[row], b.label[i])
			}
		})
	}
}

func TestKMeansScalesWithItsRows(t *testing.T) {
	points := testBlobs(12, 900, 3, 5)
	a, err := solve(t.Context(), rowsOf(points, 3, nil), testOptions(5))
	require.NoError(t, err)
	for i := range points {
		points[i] *= 1024
	}
	b, err := solve(t.Context(), rowsOf(points, 3, nil), testOptions(5))
	require.NoError(t, err)
	require.Equal(t, a.label, b.label)
	require.Equal(t, a.Inertia*1024*1024, b.Inertia)
}

func TestKMeansOfAsManyGroupsAsRows(t *testing.T) {
	r := rowsOf([]float64{5, 1, 4, 2, 3}, 1, nil)
	for k := 1; k <= 5; k++ {
		s, err := solve(t.Context(), r, testOptions(k))
		require.NoError(t, err)
		require.Equal(t, []float64{10, 2.5, 1, 0.5, 0}[k-1], s.Inertia)
		requireOwnAnswer(t, r, s)
	}
}

func TestTooFewDistinct(t *testing.T) {
	points := slices.Repeat([]float64{1, 2, 3, 2, 1}, 300)
	for _, method := range []Method{KMeans, Trimmed} {
		for name, change := range map[string]func(o *Options){
			"all":    func(o *Options) {},
			"sample": func(o *Options) { o.Sample = 100 },
			"start":  func(o *Options) { o.Centers = [][]float64{{0}, {1}, {2}, {9}} },
		} {
			t.Run(fmt.Sprint(method, " ", name), func(t *testing.T) {
				o := testOptions(4)
				o.Method = method
				if method == Trimmed {
					o.Trim = 0.1
				}
				change(o)
				_, err := solve(t.Context(), rowsOf(points, 1, nil), o)
				require.Equal(t, &TooFewDistinctError{Distinct: 3, K: 4}, err)
				o.K = 3
				if o.Centers != nil {
					o.Centers = o.Centers[:3]
				}
				s, err := solve(t.Context(), rowsOf(points, 1, nil), o)
				require.NoError(t, err)
				require.Zero(t, s.Inertia)
			})
		}
	}
	weights := make([]float64, len(points))
	weights[0], weights[1] = 1, 1
	_, err := solve(t.Context(), rowsOf(points, 1, weights), testOptions(3))
	require.Equal(t, &TooFewDistinctError{Distinct: 2, K: 3}, err)
	require.EqualError(t, err, "cluster: 3 groups of 2 different rows")
}

// A sample may have fewer different rows than there are groups while the rows have enough.
func TestSampleWithTooFewDistinct(t *testing.T) {
	points := make([]float64, 5000)
	points[17], points[4000] = 1, 2
	o := testOptions(3)
	o.Sample = 10
	s, err := solve(t.Context(), rowsOf(points, 1, nil), o)
	require.NoError(t, err)
	require.Zero(t, s.Inertia)
	require.Equal(t, 5000, s.Sample)
}

// A start that leaves groups without rows: they get the farthest row of the group with the
// largest sum of squares.
func TestLloydRepairsEmptyGroups(t *testing.T) {
	points := []float64{0, 1, 2, 10, 11, 30}
	r := rowsOf(points, 1, nil)
	o := testOptions(3)
	o.Centers, o.MaxIterations = [][]float64{{1}, {500}, {10.5}}, 1
	s, err := solve(t.Context(), r, o)
	require.NoError(t, err)
	require.Equal(t, 1, s.Repaired)
	require.Equal(t, []int32{0, 0, 0, 2, 2, 1}, s.label)
	require.Equal(t, []float64{1, 30, 10.5}, s.centers)

	points = testBlobs(3, 2000, 2, 6)
	r = rowsOf(points, 2, nil)
	o = testOptions(12)
	o.Centers = make([][]float64, 12)
	for i := range o.Centers {
		o.Centers[i] = []float64{1000 + float64(i), 0}
	}
	s, err = solve(t.Context(), r, o)
	require.NoError(t, err)
	require.GreaterOrEqual(t, s.Repaired, 11)
	require.NotContains(t, weightsByGroup(r, s.label, 12), 0.0)
	requireOwnAnswer(t, r, s)
}

func TestKMeansStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := solve(ctx, rowsOf(testBlobs(1, 1000, 2, 3), 2, nil), testOptions(3))
	require.ErrorIs(t, err, ctx.Err())
}

// countdown is a context that is done once it has been asked a number of times.
type countdown struct {
	context.Context
	left *atomic.Int64
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// A context is asked block by block, and whenever it is done the fit ends with its error.
func TestKMeansStopsAnywhere(t *testing.T) {
	race.Skip(t)
	const n, d = 1500, 2
	points := testBlobs(4, n, d, 3)
	for _, method := range []Method{KMeans, Trimmed} {
		for _, start := range [][][]float64{nil, {{500, 0}, {500, 0}, {500, 0}, {500, 0}}} {
			for step, stop := int64(1), int64(0); ; stop += step {
				o := testOptions(4)
				o.Method, o.Centers, o.Starts = method, start, 2
				if method == Trimmed {
					o.Trim = 0.1
				}
				left := new(atomic.Int64)
				left.Store(stop)
				s, err := solve(&countdown{t.Context(), left}, rowsOf(points, d, nil), o)
				if err == nil {
					require.Greater(t, stop, int64(s.Iterations*n/nearest.Block))
					break
				}
				require.ErrorIs(t, err, context.Canceled)
				require.GreaterOrEqual(t, left.Load(), int64(-40), "asked on")
			}
		}
	}
}

// Groups that the cap leaves without rows get a row as centre. Rows of weights that are no
// whole numbers leave rounding behind where they leave a group, which is no weight.
func TestLloydLeavesNoGroupEmpty(t *testing.T) {
	for seed := range uint64(1200) {
		rnd := newRandom(seed, 4)
		n, k := 30+rnd.below(60), 5+rnd.below(10)
		points, weights := make([]float64, 2*n), make([]float64, n)
		for i := range n {
			points[2*i], points[2*i+1], weights[i] = rnd.float(), rnd.float(), rnd.float()
			if seed%2 == 1 {
				weights[i] = math.Exp(80 * weights[i])
			}
		}
		r := rowsOf(points, 2, weights)
		o := testOptions(k)
		for range k {
			o.Centers = append(o.Centers, []float64{rnd.float(), rnd.float()})
		}
		o.MaxIterations = 1 + rnd.below(5)
		if seed%10 == 0 {
			o.Method, o.Trim = Trimmed, 0.05
		}
		s, err := solve(t.Context(), r, o)
		require.NoError(t, err)
		requireOwnAnswer(t, r, s)
		require.LessOrEqual(t, s.Iterations, o.MaxIterations)
		require.NotContains(t, weightsByGroup(r, s.label, k), 0.0, "seed %d", seed)
		for _, x := range s.centers {
			require.True(t, x >= 0 && x < 1, "seed %d: %v", seed, x)
		}
	}
}

// Many empty groups cost little more than one.
func TestRepairOfManyGroups(t *testing.T) {
	const n, k = 50_000, 1000
	points := make([]float64, n)
	for i := range points {
		points[i] = float64(i*7919%50_021) * float64(i%2)
	}
	s := &solution{k: k, centers: make([]float64, k), cutoff: math.Inf(1), label: make([]int32, n), dist: make([]float64, n)}
	r := rowsOf(points, 1, nil)
	sums := newSums(r, originOf(r, 1), k, 1)
	assignRows(r, s.centers, nil, s.label, s.dist, 1)
	moved, err := sums.repair(s)
	require.NoError(t, err)
	require.Equal(t, k-1, s.Repaired)
	far := slices.Sorted(slices.Values(points))[n-k+1:]
	slices.Reverse(far)
	for i, row := range moved {
		require.Equal(t, far[i], points[row])
		require.EqualValues(t, i+1, s.label[row])
	}
}

func TestKMeansReportsPasses(t *testing.T) {
	o := testOptions(3)
	var calls []int64
	o.Progress = func(done, total int64) {
		require.EqualValues(t, -1, total)
		calls = append(calls, done)
	}
	o.Centers = [][]float64{{0, 0}, {1, 1}, {2, 2}}
	s, err := solve(t.Context(), rowsOf(testBlobs(1, 1000, 2, 3), 2, nil), o)
	require.NoError(t, err)
	require.Len(t, calls, s.Iterations)
	require.EqualValues(t, s.Iterations, calls[len(calls)-1])
}

func TestOriginOf(t *testing.T) {
	points := testBlobs(2, 3000, 2, 4)
	rnd := newRandom(2, 2)
	for _, weighted := range []bool{false, true} {
		var weights []float64
		if weighted {
			weights = make([]float64, 3000)
			for i := 300; i < len(weights); i++ {
				weights[i] = rnd.float()
			}
		}
		r := rowsOf(points, 2, weights)
		var total, variance float64
		mean := make([]float64, 2)
		for i := range r.n {
			total += r.weightOf(i)
			for j := range mean {
				mean[j] += r.weightOf(i) * points[i*2+j]
			}
		}
		for j := range mean {
			mean[j] /= total
			for i := range r.n {
				variance += r.weightOf(i) * (points[i*2+j] - mean[j]) * (points[i*2+j] - mean[j]) / total / 2
			}
		}
		m := originOf(r, 2)
		require.InEpsilonSlice(t, mean, m.mean, 1e-11)
		require.InEpsilon(t, variance, m.variance, 1e-11)
	}
}
