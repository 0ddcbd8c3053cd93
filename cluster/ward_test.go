package cluster

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// wardCase is a case of testdata/ward.json, which testdata/ward.py wrote.
type wardCase struct {
	Name    string
	Rows    [][]float64
	Heights []float64
	Sizes   []float64
	Cuts    []struct {
		K                int
		Labels           []int32
		Inertia          float64
		Silhouettes      []float64
		Silhouette       float64
		CalinskiHarabasz float64 `json:"calinski_harabasz"`
		DaviesBouldin    float64 `json:"davies_bouldin"`
	}
}

func wardCases(t *testing.T) []wardCase {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "ward.json"))
	require.NoError(t, err)
	var file struct{ Cases []wardCase }
	require.NoError(t, json.Unmarshal(data, &file))
	require.NotEmpty(t, file.Cases)
	return file.Cases
}

// wardRows are prepared rows of the points.
func wardRows(points [][]float64, weights []float64) *rows {
	r := blocksOf(slices.Concat(points...), len(points[0]))
	if weights != nil {
		r.weight, r.total = weights, 0
		for _, w := range weights {
			r.total += w
		}
	}
	return r
}

func wardOptions(k int) *Options {
	return &Options{K: k, Method: Ward, Leaves: 1 << 20, Seed: 1, Starts: 1, Sample: 1 << 20, MaxIterations: 300, Tolerance: 1e-4}
}

func solveWardCase(t *testing.T, r *rows, o *Options) *solution {
	t.Helper()
	s, err := solveWard(t.Context(), r, o)
	require.NoError(t, err)
	require.NoError(t, s.tree.validate(s.centers, r.d))
	return s
}

func heightsOf(d *Dendrogram) []float64 {
	heights := make([]float64, len(d.Merges))
	for i, m := range d.Merges {
		heights[i] = m.Height
	}
	return heights
}

// firstSeen numbers labels by their first row.
func firstSeen(labels []int32) []int32 {
	seen := map[int32]int32{}
	out := make([]int32, len(labels))
	for i, g := range labels {
		if _, ok := seen[g]; !ok {
			seen[g] = int32(len(seen))
		}
		out[i] = seen[g]
	}
	return out
}

func requireClose(t *testing.T, want, got []float64, relative float64) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.InDelta(t, want[i], got[i], relative*max(1e-3, math.Abs(want[i])), "value %d", i)
	}
}

func TestWardEqualsSciPyAndScikitLearn(t *testing.T) {
	for _, c := range wardCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			r := wardRows(c.Rows, nil)
			for _, cut := range c.Cuts {
				s := solveWardCase(t, r, wardOptions(cut.K))
				require.Equal(t, cut.Labels, firstSeen(s.label))
				require.InEpsilon(t, cut.Inertia, s.Inertia, 1e-9)
				require.Equal(t, StopComplete, s.Stop)
				tree := &s.tree.Dendrogram
				heights := heightsOf(tree)
				for i := range heights {
					heights[i] = math.Sqrt(2 * heights[i])
					require.Equal(t, c.Sizes[i], tree.Merges[i].Weight)
				}
				requireClose(t, c.Heights, heights, 1e-9)
			}
		})
	}
}

// greedyWard joins the two groups whose sum of squares grows least until one is left, with
// sums of squares from their definition.
func greedyWard(points [][]float64, weights []float64) (heights []float64, partitions map[int][]int32) {
	groups := make([][]int, len(points))
	for i := range points {
		groups[i] = []int{i}
	}
	squares := func(members []int) float64 {
		sum := 0.0
		for j := range points[0] {
			mean, total := 0.0, 0.0
			for _, i := range members {
				mean += weights[i] * points[i][j]
				total += weights[i]
			}
			mean /= total
			for _, i := range members {
				sum += weights[i] * (points[i][j] - mean) * (points[i][j] - mean)
			}
		}
		return sum
	}
	partitions = map[int][]int32{}
	for {
		label := make([]int32, len(points))
		for g, members := range groups {
			for _, i := range members {
				label[i] = int32(g)
			}
		}
		partitions[len(groups)] = firstSeen(label)
		if len(groups) == 1 {
			return heights, partitions
		}
		left, right, least := 0, 0, math.Inf(1)
		for a := range groups {
			for b := a + 1; b < len(groups); b++ {
				grows := squares(slices.Concat(groups[a], groups[b])) - squares(groups[a]) - squares(groups[b])
				if grows < least {
					left, right, least = a, b, grows
				}
			}
		}
		heights = append(heights, least)
		groups[left] = slices.Concat(groups[left], groups[right])
		groups = slices.Delete(groups, right, right+1)
	}
}

func randomPoints(random *rand.Rand, n, d int) [][]float64 {
	points := make([][]float64, n)
	for i := range points {
		points[i] = make([]float64, d)
		for j := range points[i] {
			points[i][j] = random.NormFloat64()
		}
	}
	return points
}

func TestWardEqualsGreedyJoins(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		n, d := 2+random.IntN(25), 1+random.IntN(4)
		points, weights := randomPoints(random, n, d), make([]float64, n)
		for i := range weights {
			weights[i] = 0.1 + 3*random.Float64()
		}
		heights, partitions := greedyWard(points, weights)
		r := wardRows(points, weights)
		s := solveWardCase(t, r, wardOptions(1))
		requireClose(t, heights, heightsOf(&s.tree.Dendrogram), 1e-9)
		for k, want := range partitions {
			require.Equal(t, want, s.tree.Dendrogram.Groups(k))
		}
	}
}

func TestWardOfDuplicatesAndWeights(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 1))
	points := randomPoints(random, 40, 3)
	weights, repeated := make([]float64, len(points)), [][]float64(nil)
	for i := range points {
		weights[i] = float64(random.IntN(4)) // 0 too
		for range int(weights[i]) {
			repeated = append(repeated, points[i])
		}
	}
	s, twice := solveWardCase(t, wardRows(points, weights), wardOptions(5)), solveWardCase(t, wardRows(repeated, nil), wardOptions(5))
	require.Equal(t, s.tree, twice.tree)
	require.Equal(t, s.centers, twice.centers)
	require.Equal(t, s.Inertia, twice.Inertia)
	at := 0
	for i, w := range weights {
		for range int(w) {
			require.Equal(t, s.label[i], twice.label[at])
			at++
		}
	}
}

func TestWardOfPermutedRows(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 1))
	points := randomPoints(random, 700, 2)
	permutation := random.Perm(len(points))
	permuted := make([][]float64, len(points))
	for i, p := range permutation {
		permuted[i] = points[p]
	}
	a, b := solveWardCase(t, wardRows(points, nil), wardOptions(9)), solveWardCase(t, wardRows(permuted, nil), wardOptions(9))
	label := make([]int32, len(points))
	for i, p := range permutation {
		label[p] = b.label[i]
	}
	require.Equal(t, firstSeen(a.label), firstSeen(label))
	requireClose(t, heightsOf(&a.tree.Dendrogram), heightsOf(&b.tree.Dendrogram), 1e-9)
}

func TestWardOfTies(t *testing.T) {
	// A grid, where almost every choice is between equals.
	var points [][]float64
	for x := range 20 {
		for y := range 20 {
			points = append(points, []float64{float64(x), float64(y)})
		}
	}
	s := solveWardCase(t, wardRows(points, nil), wardOptions(4))
	heights := heightsOf(&s.tree.Dendrogram)
	require.True(t, slices.IsSorted(heights))
	require.Equal(t, 0.5, heights[0])
	require.Equal(t, 0.5, heights[199])
	require.Equal(t, 1.0, heights[200])
	// Of all heights together: the sum of squares of the grid.
	require.InEpsilon(t, 2*400*(20*20-1)/12.0, s.tree.Dendrogram.inertia(1), 1e-12)
}

func TestWardAtALargeOffset(t *testing.T) {
	// Whole numbers keep all their digits at 1.7e9; their means keep six decimals there.
	random := rand.New(rand.NewPCG(4, 1))
	near, far := make([][]float64, 300), make([][]float64, 300)
	for i := range near {
		near[i], far[i] = make([]float64, 2), make([]float64, 2)
		for j := range near[i] {
			x := math.Round(1000 * random.NormFloat64())
			near[i][j], far[i][j] = x, x+1.7e9
		}
	}
	a, b := solveWardCase(t, wardRows(near, nil), wardOptions(6)), solveWardCase(t, wardRows(far, nil), wardOptions(6))
	require.Equal(t, a.label, b.label)
	requireClose(t, heightsOf(&a.tree.Dendrogram), heightsOf(&b.tree.Dendrogram), 1e-7)
}

func TestWardRefusesMoreGroupsThanDistinctRows(t *testing.T) {
	r := wardRows([][]float64{{1}, {2}, {1}, {2}, {0}, {math.Copysign(0, -1)}}, nil)
	_, err := solveWard(t.Context(), r, wardOptions(4))
	require.Error(t, err)
	s := solveWardCase(t, r, wardOptions(3))
	require.Zero(t, s.Inertia)
	require.Equal(t, []int32{0, 1, 0, 1, 2, 2}, s.label)
}

func TestWardStopsWhenTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := solveWard(ctx, wardRows([][]float64{{1}, {2}}, nil), wardOptions(1))
	require.ErrorIs(t, err, context.Canceled)
}

func TestWardWithoutWeight(t *testing.T) {
	points := randomPoints(rand.New(rand.NewPCG(9, 2)), 20, 2)
	_, err := solveWard(t.Context(), wardRows(points, make([]float64, 20)), wardOptions(2))
	require.Equal(t, &TooFewDistinctError{Distinct: 0, K: 2}, err)
}

// Weights in another unit make the same groups.
func TestWardOfTinyWeights(t *testing.T) {
	random := rand.New(rand.NewPCG(10, 2))
	points := randomPoints(random, 60, 2)
	for i := range points {
		points[i][0] += float64(20 * (i % 3))
	}
	for _, weight := range []float64{1, 1e-160, 1e-200, 1e-290, 1e90} {
		weights := slices.Repeat([]float64{weight}, len(points))
		weights[7] = 2 * weight
		s := solveWardCase(t, wardRows(points, weights), wardOptions(3))
		for i, g := range firstSeen(s.label) {
			require.Equal(t, int32(i%3), g, "weight %g, row %d", weight, i)
		}
	}
}
