package cluster

import (
	"bufio"
	"cmp"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/learn/score"
)

// sipuNumbers reads a file of numbers of the SIPU data sets of Fränti and Sieranoja, which
// are not part of the repository.
func sipuNumbers(t *testing.T, name string) [][]float64 {
	t.Helper()
	z := dataset.Open(t, "clustering/"+name+".gz")
	var out [][]float64
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		var row []float64
		for field := range strings.FieldsSeq(lines.Text()) {
			x, err := strconv.ParseFloat(field, 64)
			require.NoError(t, err)
			row = append(row, x)
		}
		out = append(out, row)
	}
	require.NoError(t, lines.Err())
	return out
}

// TestWardFindsThePublishedGroups compares with the adjusted Rand indices of Ward in the
// results of Gagolewski's clustering benchmarks, doi 10.1016/j.softx.2022.101270.
func TestWardFindsThePublishedGroups(t *testing.T) {
	if race.Enabled {
		t.Skip("the groups are the same with the race detector, and take long with it")
	}
	for _, c := range []struct {
		name  string
		k     int
		rand  float64
		micro float64 // with 1,024 micro-clusters, at least
	}{
		{"s1", 15, 0.9833, 0.98},
		{"s2", 15, 0.9057, 0.89},
		{"a1", 20, 0.9142, 0.90},
	} {
		t.Run(c.name, func(t *testing.T) {
			points, truth := sipuNumbers(t, c.name+".data"), sipuNumbers(t, c.name+".labels0")
			label := make([]int32, len(truth))
			for i := range truth {
				label[i] = int32(truth[i][0]) - 1
			}
			r := wardRows(points, nil)
			s := solveWardCase(t, r, wardOptions(c.k))
			require.InDelta(t, c.rand, score.NewContingency(label, s.label).AdjustedRand(), 5e-5)

			o := wardOptions(c.k)
			o.Leaves = defaultLeaves
			s = solveWardCase(t, r, o)
			micro := score.NewContingency(label, s.label).AdjustedRand()
			t.Logf("%.4f with %d micro-clusters", micro, len(s.leaf))
			require.Greater(t, micro, c.micro)
		})
	}
}

// cutModel is the model of a solution of Ward, without columns.
func cutModel(s *solution, r *rows) *Model {
	m := &Model{method: Ward, d: r.d}
	m.settle(s, r)
	s.tree.countFar(s.micro, s.dist, r, 1)
	m.group(s.k)
	return m
}

func TestCutIsTheModelOfAnotherFit(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 4))
	points, weights := randomPoints(random, 300, 3), make([]float64, 300)
	for i := range weights {
		weights[i] = 0.1 + random.Float64()
	}
	for _, weights := range [][]float64{nil, weights} {
		r := wardRows(points, weights)
		m := cutModel(solveWardCase(t, r, wardOptions(7)), r)
		for _, k := range []int{1, 2, 7, 100, 300} {
			other := solveWardCase(t, r, wardOptions(k))
			want := cutModel(other, r)
			got, err := m.Cut(k)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, other.Inertia, got.report.Inertia)
			s, err := spreadOf(t.Context(), r, other.label, k, 1)
			require.NoError(t, err)
			require.InDelta(t, s.within(), got.report.Inertia, 1e-9*r.total)
			require.True(t, slices.IsSortedFunc(got.baseline.Shares, func(a, b float64) int { return cmp.Compare(b, a) }))
		}
		require.Equal(t, 7, m.k)
	}
}

func TestCutRefuses(t *testing.T) {
	r := wardRows([][]float64{{1}, {2}, {4}}, nil)
	m := cutModel(solveWardCase(t, r, wardOptions(2)), r)
	for _, k := range []int{-1, 0, 4} {
		_, err := m.Cut(k)
		require.Error(t, err)
	}
	other := &Model{method: KMeans}
	_, err := other.Cut(1)
	require.EqualError(t, err, "cluster: a model of method kmeans has no dendrogram")
	require.Nil(t, other.Dendrogram())
}

func TestDendrogramOfAModelIsACopy(t *testing.T) {
	r := wardRows([][]float64{{1}, {3}, {8}}, nil)
	m := cutModel(solveWardCase(t, r, wardOptions(2)), r)
	d := m.Dendrogram()
	require.Equal(t, []Merge{{0, 1, 2, 2}, {2, 3, 24, 3}}, d.Merges)
	d.Weights[0], d.Merges[0].Height = 9, 9
	require.NoError(t, m.tree.validate(m.centers, 1))
	require.NotEqual(t, d, m.Dendrogram())
}

func TestHierarchyRefusesWhatCannotBe(t *testing.T) {
	r := wardRows([][]float64{{1}, {2}, {4}}, nil)
	for name, spoil := range map[string]func(h *hierarchy){
		"a bad dendrogram":   func(h *hierarchy) { h.Dendrogram.Inertia = -1 },
		"a mean too few":     func(h *hierarchy) { h.Means = []float64{1, 2} },
		"a mean of NaN":      func(h *hierarchy) { h.Means = []float64{1, 2, math.NaN()} },
		"a leaf without far": func(h *hierarchy) { h.Far = []float64{0, 0} },
		"a negative far":     func(h *hierarchy) { h.Far = []float64{0, 0, -1} },
		"more far than rows": func(h *hierarchy) { h.Far = []float64{0, 0, 2} },
	} {
		t.Run(name, func(t *testing.T) {
			s := solveWardCase(t, r, wardOptions(2))
			spoil(s.tree)
			require.ErrorIs(t, s.tree.validate(s.centers, 1), errDendrogram)
			require.ErrorIs(t, solveWardCase(t, r, wardOptions(2)).tree.validate(s.centers[1:], 1), errDendrogram)
		})
	}
}

func TestMicroClustersHaveTheSumsOfTheirRows(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 4))
	points, weights := randomPoints(random, 5000, 2), make([]float64, 5000)
	for i := range weights {
		weights[i] = float64(random.IntN(3))
	}
	r := wardRows(points, weights)
	o := wardOptions(6)
	o.Leaves = 40
	s := solveWardCase(t, r, o)
	require.Len(t, s.leaf, 40)
	wide, err := spreadOf(t.Context(), r, s.micro, 40, 1)
	require.NoError(t, err)
	require.Equal(t, wide.weight, s.tree.Dendrogram.Weights)
	require.Equal(t, wide.means, s.tree.Means)
	require.Equal(t, 40*leafRows, s.Sample)
	for _, workers := range []int{2, 3, 8} {
		o.Workers = workers
		require.True(t, reflect.DeepEqual(s, solveWardCase(t, r, o)))
	}
	for _, k := range []int{1, 6, 40} {
		m := cutModel(s, r)
		cut, err := m.Cut(k)
		require.NoError(t, err)
		label := make([]int32, r.n)
		for i, leaf := range s.micro {
			label[i] = cut.leaf[leaf]
		}
		wide, err := spreadOf(t.Context(), r, label, k, 1)
		require.NoError(t, err)
		require.InEpsilon(t, wide.within(), cut.report.Inertia, 1e-12)
		requireClose(t, wide.means, cut.means, 1e-9)
	}
}

func TestMicroClustersOfASampleWithTooFewDistinctRows(t *testing.T) {
	// 9 different rows, 8 of them so rare that a sample of 128 has few of them.
	points := make([][]float64, 100_000)
	for i := range points {
		points[i] = []float64{float64(max(0, i%10_000-9991))}
	}
	o := wardOptions(3)
	o.Leaves = 4
	s := solveWardCase(t, wardRows(points, nil), o)
	require.Len(t, s.leaf, 4)
}
