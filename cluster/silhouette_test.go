package cluster

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// silhouetteIndices are all indices of a clustering.
type silhouetteIndices struct {
	spread *spread
	values []float64
	mean   float64
	groups []float64
}

func indicesOf(t *testing.T, r *rows, label []int32, k, workers int) silhouetteIndices {
	t.Helper()
	s, err := spreadOf(t.Context(), r, label, k, workers)
	require.NoError(t, err)
	values, err := silhouettes(t.Context(), r, label, k, workers)
	require.NoError(t, err)
	mean, groups := groupMeans(r, label, k, values)
	return silhouetteIndices{s, values, mean, groups}
}

func TestIndicesEqualScikitLearn(t *testing.T) {
	for _, c := range wardCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			r := wardRows(c.Rows, nil)
			for _, cut := range c.Cuts {
				got := indicesOf(t, r, cut.Labels, cut.K, 1)
				requireClose(t, cut.Silhouettes, got.values, 1e-9)
				require.InDelta(t, cut.Silhouette, got.mean, 1e-12)
				require.InEpsilon(t, cut.CalinskiHarabasz, got.spread.calinskiHarabasz(), 1e-9)
				require.InEpsilon(t, cut.DaviesBouldin, got.spread.daviesBouldin(), 1e-9)
				require.InEpsilon(t, cut.Inertia, got.spread.within(), 1e-9)
			}
		})
	}
}

// slowSilhouette is the silhouette from its definition.
func slowSilhouette(points [][]float64, label []int32, k int) []float64 {
	values := make([]float64, len(points))
	for i, p := range points {
		sum, count := make([]float64, k), make([]float64, k)
		for j, q := range points {
			if i != j {
				square := 0.0
				for f := range p {
					square += (p[f] - q[f]) * (p[f] - q[f])
				}
				sum[label[j]] += math.Sqrt(square)
				count[label[j]]++
			}
		}
		a, b := sum[label[i]]/count[label[i]], math.Inf(1)
		for g := range k {
			if int32(g) != label[i] && count[g] > 0 {
				b = min(b, sum[g]/count[g])
			}
		}
		if count[label[i]] > 0 && !math.IsInf(b, 1) && max(a, b) > 0 {
			values[i] = (b - a) / max(a, b)
		}
	}
	return values
}

// labelledPoints are points about k centres with their labels, and a few with another.
func labelledPoints(random *rand.Rand, n, d, k int) ([][]float64, []int32) {
	centers, points, label := randomPoints(random, k, d), randomPoints(random, n, d), make([]int32, n)
	for i := range points {
		label[i] = int32(float64(k) * math.Pow(random.Float64(), 2)) // of different sizes
		for j := range points[i] {
			points[i][j] += 4 * centers[label[i]][j]
		}
		if i%20 == 0 {
			label[i] = random.Int32N(int32(k))
		}
	}
	return points, label
}

func TestSilhouettesEqualTheirDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		n, k := 2+random.IntN(600), 1+random.IntN(9)
		points, label := labelledPoints(random, n, 1+random.IntN(5), k)
		got := indicesOf(t, wardRows(points, nil), label, k, 2)
		requireClose(t, slowSilhouette(points, label, k), got.values, 1e-9)
	}
}

func TestIndicesOfWeightsAndDuplicates(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	points, label := labelledPoints(random, 300, 3, 5)
	label[7] = 5 // alone, but for its weight
	weights := make([]float64, len(points))
	var repeated [][]float64
	var relabelled []int32
	for i := range points {
		weights[i] = float64(random.IntN(4))
		if i == 7 {
			weights[i] = 2
		}
		for range int(weights[i]) {
			repeated, relabelled = append(repeated, points[i]), append(relabelled, label[i])
		}
	}
	a, b := indicesOf(t, wardRows(points, weights), label, 6, 1), indicesOf(t, wardRows(repeated, nil), relabelled, 6, 1)
	require.InDelta(t, b.mean, a.mean, 1e-12)
	requireClose(t, b.groups, a.groups, 1e-9)
	require.InEpsilon(t, b.spread.calinskiHarabasz(), a.spread.calinskiHarabasz(), 1e-12)
	require.InEpsilon(t, b.spread.daviesBouldin(), a.spread.daviesBouldin(), 1e-12)
	simple, _, err := silhouetteSimplified(t.Context(), wardRows(points, weights), label, a.spread, 1)
	require.NoError(t, err)
	again, _, err := silhouetteSimplified(t.Context(), wardRows(repeated, nil), relabelled, b.spread, 1)
	require.NoError(t, err)
	require.InDelta(t, again, simple, 1e-12)
	at := 0
	for i, w := range weights {
		for range int(w) {
			require.InDelta(t, b.values[at], a.values[i], 1e-9, "row %d", i)
			at++
		}
	}
}

func TestIndicesDoNotDependOnWorkers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 2))
	points, label := labelledPoints(random, 20_000, 2, 4)
	weights := make([]float64, len(points))
	for i := range weights {
		weights[i] = random.Float64()
	}
	for _, weights := range [][]float64{nil, weights} {
		r := wardRows(points, weights)
		type all struct {
			Spread                                   *spread
			Simplified, Sampled, Error               float64
			SimplifiedGroups, SampledGroups, Exactly []float64
		}
		run := func(workers int) all {
			var got all
			var err error
			got.Spread, err = spreadOf(t.Context(), r, label, 4, workers)
			require.NoError(t, err)
			got.Simplified, got.SimplifiedGroups, err = silhouetteSimplified(t.Context(), r, label, got.Spread, workers)
			require.NoError(t, err)
			got.Sampled, got.Error, got.SampledGroups, err = silhouetteSampled(t.Context(), r, label, 4, 1500, 1, workers)
			require.NoError(t, err)
			part := make([]int, 1200)
			partLabel := make([]int32, len(part))
			for i := range part {
				part[i], partLabel[i] = i, label[i]
			}
			got.Exactly, err = silhouettes(t.Context(), r.take(part), partLabel, 4, workers)
			require.NoError(t, err)
			return got
		}
		want := run(1)
		for _, workers := range []int{2, 3, 8} {
			require.Equal(t, want, run(workers))
		}
	}
}

func TestIndicesOfDegenerateGroups(t *testing.T) {
	three := [][]float64{{0}, {1}, {5}}
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name           string
		points         [][]float64
		weights        []float64
		label          []int32
		k              int
		values         []float64
		simplified     float64
		ch, db, within float64
	}{
		{"one group", three, nil, []int32{0, 0, 0}, 1, []float64{0, 0, 0}, 0, nan, nan, 14},
		{"one group and an empty one", three, nil, []int32{1, 1, 1}, 2, []float64{0, 0, 0}, 0, nan, nan, 14},
		{"each alone", three, nil, []int32{0, 1, 2}, 3, []float64{0, 0, 0}, 0, nan, 0, 0},
		{"one alone and an empty group", three, nil, []int32{0, 0, 2}, 3, []float64{0.8, 0.75, 0}, (0.9 + 0.875) / 3, 27, 1.0 / 9, 0.5},
		{"equal rows in two groups", [][]float64{{2}, {2}, {2}, {2}}, nil, []int32{0, 0, 1, 1}, 2, []float64{0, 0, 0, 0}, 0, nan, 0, 0},
		{"rows at their means", [][]float64{{0}, {0}, {3}, {3}}, nil, []int32{0, 0, 1, 1}, 2, []float64{1, 1, 1, 1}, 1, inf, 0, 0},
		{"equal means", [][]float64{{-1}, {1}, {-2}, {2}}, nil, []int32{0, 0, 1, 1}, 2, []float64{0, 0, -0.5, -0.5}, 0, 0, inf, 10},
		{"a row without weight", [][]float64{{0}, {1}, {5}, {9}}, []float64{1, 1, 1, 0}, []int32{0, 0, 1, 2}, 3, []float64{0.8, 0.75, 0, 0}, (0.9 + 0.875) / 3, 27, 1.0 / 9, 0.5},
		{"a row of weight 2 alone", three, []float64{1, 1, 2}, []int32{0, 0, 1}, 2, []float64{0.8, 0.75, 1}, (0.9 + 0.875 + 2) / 4, 81, 1.0 / 9, 0.5},
		{"a row of weight 1/2 alone", three, []float64{1, 1, 0.5}, []int32{0, 0, 1}, 2, []float64{0.8, 0.75, 0}, (0.9 + 0.875) / 2.5, 16.2 * 0.5, 1.0 / 9, 0.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := wardRows(c.points, c.weights)
			got := indicesOf(t, r, c.label, c.k, 1)
			require.Equal(t, c.values, got.values)
			simplified, _, err := silhouetteSimplified(t.Context(), r, c.label, got.spread, 1)
			require.NoError(t, err)
			require.InDelta(t, c.simplified, simplified, 1e-12)
			for i, index := range []float64{got.spread.calinskiHarabasz(), got.spread.daviesBouldin()} {
				want := []float64{c.ch, c.db}[i]
				require.True(t, index == want || math.IsNaN(want) && math.IsNaN(index) || math.Abs(index-want) < 1e-12, "%g, want %g", index, want)
			}
			require.InDelta(t, c.within, got.spread.within(), 1e-12)
		})
	}
}

func TestSampledSilhouetteOfAllRowsIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 2))
	points, label := labelledPoints(random, 500, 3, 6)
	r := wardRows(points, nil)
	exact := indicesOf(t, r, label, 6, 1)
	mean, stderr, groups, err := silhouetteSampled(t.Context(), r, label, 6, 500, 1, 1)
	require.NoError(t, err)
	require.InDelta(t, exact.mean, mean, 1e-12)
	requireClose(t, exact.groups, groups, 1e-12)
	require.Zero(t, stderr)
}

func TestSampledSilhouetteErrsAsItSays(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 2))
	for _, weighted := range []bool{false, true} {
		points, label := labelledPoints(random, 2500, 2, 4)
		var weights []float64
		if weighted {
			weights = make([]float64, len(points))
			for i := range weights {
				weights[i] = 1 + 2*random.Float64()
			}
		}
		r := wardRows(points, weights)
		exact := indicesOf(t, r, label, 4, 2).mean
		const draws = 150
		var off, said []float64
		within := 0
		for seed := range uint64(draws) {
			mean, stderr, _, err := silhouetteSampled(t.Context(), r, label, 4, 300, seed, 2)
			require.NoError(t, err)
			off, said = append(off, mean-exact), append(said, stderr)
			if math.Abs(mean-exact) < 2*stderr {
				within++
			}
		}
		var squares, bias, mean float64
		for i := range off {
			squares += off[i] * off[i] / draws
			bias += off[i] / draws
			mean += said[i] / draws
		}
		t.Logf("exact %.4f, root mean square error %.5f, bias %.5f, standard error %.5f from %.5f to %.5f, %d of %d within 2",
			exact, math.Sqrt(squares), bias, mean, slices.Min(said), slices.Max(said), within, draws)
		require.InEpsilon(t, math.Sqrt(squares), mean, 0.15)
		require.Greater(t, within, draws*90/100)
	}
}
