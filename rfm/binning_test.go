package rfm_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/rfm"
)

// ready makes a customer table of the same values in all three dimensions but
// a recency that runs the other way, so that the scores should agree.
func ready(values []int) []rfm.Customer[int] {
	top := slices.Max(values)
	customers := make([]rfm.Customer[int], len(values))
	for i, v := range values {
		customers[i] = rfm.Customer[int]{ID: i, Values: rfm.Values{Recency: top - v, Frequency: v, Monetary: float64(v)}}
	}
	return customers
}

func scores(t *testing.T, values []int, b rfm.Binning) (s []rfm.Scores, m *rfm.Model) {
	t.Helper()
	a, err := rfm.AnalyzeCustomers(t.Context(), ready(values), nil, &rfm.Options{Binning: b})
	require.NoError(t, err)
	for _, c := range a.Customers {
		s = append(s, c.Scores)
	}
	return s, a.Model
}

func randomValues(r *rand.Rand) []int {
	values := make([]int, 1+r.IntN(60))
	span := 1 + r.IntN(30)
	for i := range values {
		values[i] = r.IntN(span)
		if r.IntN(10) == 0 {
			values[i] += 1 << 20 // too far apart to be counted
		}
	}
	return values
}

func TestMidRankIsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		values, n := randomValues(r), 2+r.IntN(9)
		got, m := scores(t, values, rfm.Binning{Bins: n})
		for i, v := range values {
			below, equal := 0, 0
			for _, w := range values {
				if w < v {
					below++
				} else if w == v {
					equal++
				}
			}
			want := uint8(1 + n*(2*below+equal)/(2*len(values))) // 1 + floor(n (L + E/2) / N)
			require.Equal(t, rfm.Scores{R: want, F: want, M: want}, got[i], "value %d of %v in %d bins", v, values, n)
			require.Equal(t, got[i], m.Score(rfm.Values{Recency: slices.Max(values) - v, Frequency: v, Monetary: float64(v)}))
		}
	}
}

func TestNTileIsSQL(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 500 {
		values, n := randomValues(r), 2+r.IntN(9)
		got, _ := scores(t, values, rfm.Binning{Mode: rfm.NTile, Bins: n})
		index := make([]int, len(values))
		for i := range index {
			index[i] = i
		}
		sort.SliceStable(index, func(a, b int) bool { return values[index[a]] < values[index[b]] })
		rank := 0
		for group := 1; group <= n; group++ { // the first N mod n groups one more
			size := len(values) / n
			if group <= len(values)%n {
				size++
			}
			for range size {
				want := uint8(group)
				require.Equal(t, rfm.Scores{R: want, F: want, M: want}, got[index[rank]])
				rank++
			}
		}
	}
}

// Classes as printed by pandas 1.5.3:
//
//	pd.qcut(values, bins, labels=False, duplicates="drop") + 1
//
// Of values that are all equal pandas makes no bin at all; here they share one.
func TestQCutIsPandas(t *testing.T) {
	for name, test := range map[string]struct {
		values []int
		bins   int
		want   []uint8
	}{
		"ties drop edges": {[]int{1, 1, 1, 1, 1, 2, 3, 4, 7, 9}, 5, []uint8{1, 1, 1, 1, 1, 1, 2, 2, 3, 3}},
		"all equal":       {[]int{5, 5, 5, 5}, 5, []uint8{1, 1, 1, 1}},
		"unsorted":        {[]int{13, 7, 7, 2, 40, 3, 3, 3, 19, 21, 5, 8, 8, 30}, 5, []uint8{4, 2, 2, 1, 5, 1, 1, 1, 4, 5, 2, 3, 3, 5}},
		"seven of them":   {[]int{13, 7, 7, 2, 40, 3, 3, 3, 19, 21, 5, 8, 8, 30}, 7, []uint8{5, 3, 3, 1, 7, 1, 1, 1, 6, 6, 3, 4, 4, 7}},
		"quartiles":       {[]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 4, []uint8{1, 1, 1, 2, 2, 3, 3, 4, 4, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := scores(t, test.values, rfm.Binning{Mode: rfm.QCut, Bins: test.bins})
			for i := range got {
				require.Equal(t, test.want[i], got[i].F, "value %d", test.values[i])
				require.Equal(t, test.want[i], got[i].M)
			}
		})
	}
}

func TestFixed(t *testing.T) {
	o := &rfm.Options{
		R: rfm.Binning{Mode: rfm.Fixed, Thresholds: []float64{10, 30}}, F: rfm.Binning{Mode: rfm.Fixed, Thresholds: []float64{3}},
		M: rfm.Binning{Mode: rfm.Fixed, Thresholds: []float64{100, 200, 300}},
	}
	m, err := rfm.Fit(t.Context(), ready([]int{1, 2, 3}), o)
	require.NoError(t, err)
	for v, want := range map[rfm.Values]string{
		{Recency: 9, Frequency: 2, Monetary: 99.5}: "311",
		{Recency: 10, Frequency: 3, Monetary: 100}: "222",
		{Recency: 29, Frequency: 4, Monetary: 299}: "223",
		{Recency: 30, Frequency: 4, Monetary: 300}: "124",
	} {
		require.Equal(t, want, m.Score(v).String())
	}
	require.Equal(t, "others", m.Segment(rfm.Scores{R: 3, F: 2, M: 4}).ID, "no table for these bins")
}

// Nested: frequency is binned among the customers of a recency score alone.
func TestNested(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for _, mode := range []rfm.Mode{rfm.MidRank, rfm.NTile, rfm.QCut, rfm.RQuantile} {
		customers := make([]rfm.Customer[int], 400)
		for i := range customers {
			recency := r.IntN(100)
			customers[i] = rfm.Customer[int]{ID: i, Values: rfm.Values{
				Recency: recency, Frequency: 1 + r.IntN(1+recency), Monetary: float64(r.IntN(1000) * (1 + recency)),
			}}
		}
		b := rfm.Binning{Mode: mode, Bins: 3}
		a, err := rfm.AnalyzeCustomers(t.Context(), customers, nil, &rfm.Options{Binning: b, Nested: true})
		require.NoError(t, err)
		whole, err := rfm.AnalyzeCustomers(t.Context(), customers, nil, &rfm.Options{Binning: b})
		require.NoError(t, err)
		for i := range a.Customers {
			require.Equal(t, whole.Customers[i].Scores.R, a.Customers[i].Scores.R)
		}
		for r := uint8(1); r <= 3; r++ {
			inR := keep(a.Customers, func(c rfm.Customer[int]) bool { return c.Scores.R == r })
			alone, err := rfm.AnalyzeCustomers(t.Context(), inR, nil, &rfm.Options{Binning: b})
			require.NoError(t, err)
			for i := range inR {
				require.Equal(t, alone.Customers[i].Scores.F, inR[i].Scores.F, "%v: frequency within recency %d", mode, r)
			}
			for f := uint8(1); f <= 3; f++ {
				inRF := keep(inR, func(c rfm.Customer[int]) bool { return c.Scores.F == f })
				if len(inRF) == 0 {
					continue
				}
				alone, err := rfm.AnalyzeCustomers(t.Context(), inRF, nil, &rfm.Options{Binning: b})
				require.NoError(t, err)
				for i := range inRF {
					require.Equal(t, alone.Customers[i].Scores.M, inRF[i].Scores.M, "%v: money within %d, %d", mode, r, f)
					if mode != rfm.NTile {
						require.Equal(t, inRF[i].Scores, a.Model.Score(inRF[i].Values))
					}
				}
			}
		}
	}
}

func keep[K comparable](all []rfm.Customer[K], want func(rfm.Customer[K]) bool) (out []rfm.Customer[K]) {
	for _, c := range all {
		if want(c) {
			out = append(out, c)
		}
	}
	return out
}

func TestInvariantsOfScores(t *testing.T) {
	race.Skip(t)
	r := rand.New(rand.NewPCG(4, 1))
	for _, mode := range []rfm.Mode{rfm.MidRank, rfm.NTile, rfm.QCut, rfm.RQuantile} {
		for range 100 {
			values, n := randomValues(r), 2+r.IntN(99)
			got, m := scores(t, values, rfm.Binning{Mode: mode, Bins: n})
			for i := range got {
				for _, s := range []uint8{got[i].R, got[i].F, got[i].M} {
					require.True(t, s >= 1 && int(s) <= n)
				}
				for j := range got {
					if values[i] < values[j] {
						require.LessOrEqual(t, got[i].F, got[j].F, "%v is monotone", mode)
						require.LessOrEqual(t, got[i].R, got[j].R, "%v is monotone", mode)
					}
				}
			}
			// a value beyond all others is scored, too
			for _, v := range []rfm.Values{{}, {Recency: math.MaxInt, Frequency: math.MaxInt32, Monetary: 1 << 63}, {Monetary: -1 << 63}} {
				s := m.Score(v)
				require.True(t, s.R >= 1 && s.F >= 1 && s.M >= 1 && int(max(s.R, s.F, s.M)) <= n, "%v", s)
			}
		}
	}
}

func TestScoreOfNothing(t *testing.T) {
	_, m := scores(t, []int{1, 2, 3, 4, 5, 6}, rfm.Binning{})
	for _, v := range []rfm.Values{{Recency: -1}, {Frequency: -1}, {Frequency: math.MaxInt}, {Monetary: math.MaxFloat64}, {Monetary: math.NaN()}, {Monetary: math.Inf(1)}} {
		require.Zero(t, m.Score(v))
	}
	require.Equal(t, "others", m.Segment(rfm.Scores{}).ID)
	require.Equal(t, "others", m.Class(rfm.Values{}, rfm.Scores{}).ID)
	require.Equal(t, "others", m.Class(rfm.Values{Recency: -1}, rfm.Scores{R: 5, F: 5, M: 5}).ID)
	require.Zero(t, m.Combined(rfm.Scores{}))
	allocs := testing.AllocsPerRun(100, func() {
		s := m.Score(rfm.Values{Recency: 3, Frequency: 2, Monetary: 1})
		_ = m.Segment(s)
		_ = m.Class(rfm.Values{}, s)
		_ = m.Combined(s)
	})
	require.Zero(t, allocs)
}

func TestScoresString(t *testing.T) {
	require.Equal(t, "543", rfm.Scores{R: 5, F: 4, M: 3}.String())
	require.Equal(t, "10-4-3", rfm.Scores{R: 10, F: 4, M: 3}.String())
}
