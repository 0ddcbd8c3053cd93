package cluster

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
)

// cheapestDivision finds, by trying all, the smallest sum of squared distances of a division
// of the rows in which every group has at least least and at most most of them.
func cheapestDivision(r *rows, centers []float64, b bounds) float64 {
	k := len(centers) / r.d
	count := make([]float64, k)
	row := make([]float64, r.d)
	best := math.Inf(1)
	var search func(i int, sum float64)
	search = func(i int, sum float64) {
		if sum >= best {
			return
		}
		if i == r.n {
			if slices.Min(count) >= b.least {
				best = sum
			}
			return
		}
		for g := range k {
			if count[g] == b.most {
				continue
			}
			r.row(row, i)
			count[g]++
			search(i+1, sum+squaredDistance(row, centers[g*r.d:][:r.d]))
			count[g]--
		}
	}
	search(0, 0)
	return best
}

// Prices divide the rows within the bounds as cheaply as any division does.
func TestPricesEqualExhaustiveSearch(t *testing.T) {
	for seed := range uint64(60) {
		rnd := newRandom(seed, 1)
		n, k, d := 5+rnd.below(5), 2+rnd.below(3), 1+rnd.below(3)
		points, centers := make([]float64, n*d), make([]float64, k*d)
		for i := range points {
			points[i] = rnd.float()
		}
		for i := range centers {
			centers[i] = rnd.float() * rnd.float()
		}
		b := bounds{least: float64(rnd.below(n/k + 1)), most: math.Ceil(float64(n)/float64(k)) + float64(rnd.below(2))}
		r := rowsOf(points, d, nil)
		price, _, err := prices(t.Context(), r, centers, make([]float64, k), b, testOptions(k), priceEntries)
		require.NoError(t, err)
		label, dist := make([]int32, n), make([]float64, n)
		sum := assignRows(r, centers, price, label, dist, 1)
		require.NoError(t, b.check(r, testOptions(k), weightsByGroup(r, label, k), 0))
		require.InDelta(t, cheapestDivision(r, centers, b), sum, 1e-12, "seed %d", seed)
	}
}

func TestSharesHold(t *testing.T) {
	race.Skip(t)
	const n, d, k = 3000, 2, 6
	points := testBlobs(21, n, d, 4)
	rnd := newRandom(5, 5)
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = 0.1 + rnd.float()
	}
	for _, c := range []struct {
		name     string
		min, max float64
		weights  []float64
	}{
		{"least", 0.14, 0, nil},
		{"most", 0, 0.18, nil},
		{"both", 0.15, 0.18, nil},
		{"equal", 1.0 / k, 1.0 / k, nil},
		{"weighted", 0.15, 0.18, weights},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rowsOf(points, d, c.weights)
			o := testOptions(k)
			free, err := solve(t.Context(), r, o)
			require.NoError(t, err)
			o.MinShare, o.MaxShare = c.min, c.max
			s, err := solve(t.Context(), r, o)
			require.NoError(t, err)
			heaviest := 0.0
			if c.weights != nil {
				heaviest = 1.1
			}
			require.NoError(t, boundsOf(r, o).check(r, o, weightsByGroup(r, s.label, k), heaviest))
			require.Error(t, boundsOf(r, o).check(r, o, weightsByGroup(r, free.label, k), heaviest))
			require.NotEqual(t, StopCap, s.Stop)
			require.Greater(t, s.Inertia, free.Inertia*(1-1e-9))
			requireOwnAnswer(t, r, s)
		})
	}
}

// Where rows are many, prices are found on a sample and the rows near a change: the
// division is as cheap as that of prices found on all rows.
func TestPricesOfManyRows(t *testing.T) {
	const n, d, k = 4000, 2, 8
	rnd := newRandom(31, 1)
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = 0.5 + rnd.float()
	}
	for name, r := range map[string]*rows{
		"unweighted": rowsOf(testBlobs(22, n, d, 5), d, nil),
		"weighted":   rowsOf(testBlobs(22, n, d, 5), d, weights),
	} {
		t.Run(name, func(t *testing.T) {
			o := testOptions(k)
			s, err := solve(t.Context(), r, o)
			require.NoError(t, err)
			o.MinShare, o.MaxShare = 0.1, 0.15
			b := boundsOf(r, o)
			var sums []float64
			dual := make([]float64, k)
			for _, entries := range []int{n * 64, 600 * 64, 600 * 64} {
				price, next, err := prices(t.Context(), r, s.centers, dual, b, o, entries)
				require.NoError(t, err)
				sums = append(sums, assignRows(r, s.centers, price, s.label, s.dist, 1))
				weight := weightsByGroup(r, s.label, k)
				if r.weight == nil {
					require.NoError(t, b.check(r, o, weight, 0))
				} else {
					require.NoError(t, b.check(r, o, weight, 1.5))
				}
				if len(sums) == 1 {
					dual = make([]float64, k) // then once from a sample, once from its prices
				} else {
					dual = next
				}
			}
			tolerance := 1e-12
			if r.weight != nil {
				tolerance = 1e-3 // each is within a row of the best
			}
			require.InEpsilon(t, sums[0], sums[1], tolerance)
			require.InEpsilon(t, sums[0], sums[2], tolerance)
		})
	}
}

// Prices far from those of the centres as they were are the best there are too: the sum is
// that of the dual problem, which no division is below.
func TestPricesOfManyRowsAreOptimal(t *testing.T) {
	race.Skip(t)
	const n, d, k = 20_000, 3, 8
	r := rowsOf(testBlobs(5, n, d, 6), d, nil)
	o := testOptions(k)
	o.Starts = 2
	s, err := solve(t.Context(), r, o)
	require.NoError(t, err)
	o.MinShare, o.MaxShare = 0.1, 0.15
	b := boundsOf(r, o)
	dual := make([]float64, k)
	sums := newSums(r, originOf(r, 1), k, 1)
	for range 8 {
		var price []float64
		price, dual, err = prices(t.Context(), r, s.centers, dual, b, o, priceEntries)
		require.NoError(t, err)
		least := assignRows(r, s.centers, dual, s.label, s.dist, 1)
		for _, g := range s.label {
			least += dual[g]
		}
		for _, p := range dual {
			least -= max(p, 0)*b.most + min(p, 0)*b.least
		}
		sum := assignRows(r, s.centers, price, s.label, s.dist, 1)
		require.NoError(t, b.check(r, o, weightsByGroup(r, s.label, k), 0))
		require.InEpsilon(t, least, sum, 1e-10)
		sums.resum(s.label, nil, 0)
		sums.means(s.centers, s.centers)
	}
}

// Passes over rows with weights may come back to a division they had: the fit ends.
func TestSharesOfWeightedRowsEnd(t *testing.T) {
	const n, k = 600, 4
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = float64(1 + i%3)
	}
	for seed := range uint64(8) {
		r := rowsOf(testBlobs(seed, n, 2, 3), 2, weights)
		o := testOptions(k)
		o.MinShare, o.MaxShare = 0.2, 0.3
		s, err := solve(t.Context(), r, o)
		require.NoError(t, err)
		require.NotEqual(t, StopCap, s.Stop, "seed %d", seed)
		require.NoError(t, boundsOf(r, o).check(r, o, weightsByGroup(r, s.label, k), 3))
		requireOwnAnswer(t, r, s)
	}
}

// Without a bound that binds nothing is done, and the model has no prices.
func TestSharesThatHoldAnyway(t *testing.T) {
	r := rowsOf(testBlobs(3, 900, 2, 3), 2, nil)
	o := testOptions(3)
	free, err := solve(t.Context(), r, o)
	require.NoError(t, err)
	o.MinShare = 0.01
	s, err := solve(t.Context(), r, o)
	require.NoError(t, err)
	require.Nil(t, s.offset)
	requireSameSolution(t, free, s)
}

// Equal rows cannot be divided: the bound is missed by their weight.
func TestSharesOfEqualRows(t *testing.T) {
	points := slices.Repeat([]float64{0, 0, 0, 0, 0, 0, 1, 5, 6, 7}, 20)
	o := testOptions(2)
	o.MaxShare = 0.5
	s, err := solve(t.Context(), rowsOf(points, 1, nil), o)
	require.NoError(t, err)
	byPoint := map[float64]int32{}
	for i, x := range points {
		if g, ok := byPoint[x]; ok {
			require.Equal(t, g, s.label[i])
		}
		byPoint[x] = s.label[i]
	}
}

func TestSharesThatCannotBe(t *testing.T) {
	r := rowsOf([]float64{1, 2, 3, 4, 50}, 1, nil)
	o := testOptions(2)
	o.MinShare = 0.5 // three rows of five each
	_, err := solve(t.Context(), r, o)
	require.Equal(t, &ShareError{"MinShare", 0.5, 0.4}, err)
	o.MinShare, o.MaxShare = 0, 0.5
	_, err = solve(t.Context(), r, o)
	require.Equal(t, &ShareError{"MaxShare", 0.5, 0.6}, err)
	require.EqualError(t, err, "cluster: a group has a share of 0.6, against MaxShare 0.5")
}

// Bounds of weighted rows may be missed by the heaviest row, but no group is left without
// any.
func TestSharesLeaveNoGroupEmpty(t *testing.T) {
	for seed := range uint64(60) {
		rnd := newRandom(seed, 10)
		n, k := 6+rnd.below(6), 2+rnd.below(3)
		points, weight := make([]float64, n), make([]float64, n)
		for i := range points {
			points[i], weight[i] = rnd.float(), 0.5*float64(1+rnd.below(4))
		}
		r := rowsOf(points, 1, weight)
		o := testOptions(k)
		o.MinShare = 0.8 / float64(k)
		s, err := solve(t.Context(), r, o)
		if missed, ok := errors.AsType[*ShareError](err); ok {
			require.Equal(t, "MinShare", missed.Option)
			continue
		}
		require.NoError(t, err)
		require.Positive(t, slices.Min(weightsByGroup(r, s.label, k)), "seed %d", seed)
	}
}
