package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/table"
)

// chooseBlobs has rows of four round groups at the corners of a square.
func chooseBlobs(rows int, seed uint64) *table.Table[int] {
	r := rand.New(rand.NewPCG(seed, 2))
	t := &table.Table[int]{Compare: cmp.Compare[int]}
	x, y := make([]float64, rows), make([]float64, rows)
	for i := range rows {
		t.IDs = append(t.IDs, i)
		x[i] = r.NormFloat64() + float64(i%2)*8
		y[i] = r.NormFloat64() + float64(i%4/2)*8
	}
	t.Columns = []table.Column{table.NumberColumn("x", x...), table.NumberColumn("y", y...)}
	return t
}

var chooseQuickly = ChooseOptions{Sample: 200, Bootstraps: 4, References: 4, GapRows: 200}

func TestChooseFindsFourGroups(t *testing.T) {
	race.Skip(t)
	data := chooseBlobs(400, 1)
	for _, method := range []Method{KMeans, Trimmed, Ward, Mixture} {
		t.Run(method.String(), func(t *testing.T) {
			o := chooseQuickly
			o.Fit.Method = method
			choice, err := Choose(t.Context(), data, []int{6, 2, 4, 3, 1}, &o)
			require.NoError(t, err)
			require.Len(t, choice.Candidates, 5)
			require.True(t, slices.IsSortedFunc(choice.Candidates, func(a, b Candidate) int { return a.K - b.K }))
			for criterion := BySilhouette; criterion <= ByStability; criterion++ {
				best, err := choice.By(criterion)
				if criterion == ByGap && method == Mixture {
					require.ErrorIs(t, err, ErrNoChoice)
					continue
				}
				require.NoError(t, err, criterion)
				require.Equal(t, 4, best.K, criterion)
			}
			for i := range choice.Candidates {
				c := &choice.Candidates[i]
				alone, err := Fit(t.Context(), data, &Options{K: c.K, Method: method})
				require.NoError(t, err)
				a, err := Assign(t.Context(), c.Model, data, nil)
				require.NoError(t, err)
				require.Equal(t, alone.Labels, a.Labels, "k %d is what Fit finds", c.K)
				require.Len(t, c.Stability, c.K)
				for _, s := range c.Stability {
					require.True(t, s >= 0 && s <= 1)
				}
			}
		})
	}
}

func TestChooseDoesNotDependOnWorkersOrOrder(t *testing.T) {
	data := chooseBlobs(500, 2)
	o := chooseQuickly
	want, err := Choose(t.Context(), data, []int{3, 4}, &o)
	require.NoError(t, err)
	order := rand.New(rand.NewPCG(3, 3)).Perm(500)
	for _, workers := range []int{1, 2, 3, 8} {
		o.Fit.Workers = workers
		got, err := Choose(t.Context(), data.Take(order), []int{3, 4}, &o)
		require.NoError(t, err)
		require.Equal(t, want.String(), got.String())
		for i := range want.Candidates {
			a, b := want.Candidates[i], got.Candidates[i]
			a.Model, b.Model = nil, nil
			require.Equal(t, a, b)
		}
	}
}

func TestChooseWithCategories(t *testing.T) {
	data := chooseBlobs(300, 4)
	colour := make([]string, 300)
	for i := range colour {
		colour[i] = []string{"red", "green", "blue", "grey"}[i%4]
	}
	data.Columns = append(data.Columns, table.CategoryColumn("colour", colour...))
	o := chooseQuickly
	o.Fit.Method = Prototypes
	choice, err := Choose(t.Context(), data, []int{2, 3, 4, 5}, &o)
	require.NoError(t, err)
	for _, criterion := range []Criterion{BySilhouette, BySimplified, ByCalinskiHarabasz} {
		best, err := choice.By(criterion)
		require.NoError(t, err)
		require.Equal(t, 4, best.K, criterion)
	}
	for _, criterion := range []Criterion{ByBIC, ByGap} {
		_, err := choice.By(criterion)
		require.ErrorIs(t, err, ErrNoChoice)
	}
	best, err := choice.By(ByBIC, ByGap, BySilhouette)
	require.NoError(t, err, "the first that picks one")
	require.Equal(t, 4, best.K)
	_, err = choice.By(ByBIC, ByGap)
	require.ErrorIs(t, err, ErrNoChoice)
	_, err = choice.By(99, BySilhouette)
	require.NotErrorIs(t, err, ErrNoChoice, "one that is unknown is not passed over")
	require.Error(t, err)
	require.NotContains(t, choice.String(), "BIC", "columns without figures are left out")
}

func TestCandidateAsJSON(t *testing.T) {
	o := chooseQuickly
	o.References = -1
	choice, err := Choose(t.Context(), chooseBlobs(50, 10), []int{1, 2}, &o)
	require.NoError(t, err)
	text, err := json.Marshal(choice)
	require.NoError(t, err)
	var got struct {
		Candidates []map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &got))
	for i, c := range got.Candidates {
		require.EqualValues(t, i+1, c["k"])
		require.Equal(t, choice.Candidates[i].BIC, c["bic"])
		require.Equal(t, choice.Candidates[i].Inertia, c["indices"].(map[string]any)["inertia"])
		require.Len(t, c["stability"], i+1)
		require.NotContains(t, c, "gap")
	}
}

// A row of weight 0 counts for nothing, wherever it lies, and only the proportions of
// weights count for the gap and stability.
func TestChooseWithWeights(t *testing.T) {
	race.Skip(t)
	for _, method := range []Method{KMeans, Trimmed, Ward, Mixture} {
		data := chooseBlobs(300, 11)
		weights := make([]float64, 300)
		for i := range weights {
			weights[i] = 1
		}
		weights[7] = 0
		o := chooseQuickly
		o.Fit.Method, o.Fit.Weights, o.Fit.Prepare.Scale = method, weights, Unscaled
		near, err := Choose(t.Context(), data, []int{2, 3, 4, 5}, &o)
		require.NoError(t, err)
		data.Columns[0].Num[7] = 1e6
		far, err := Choose(t.Context(), data, []int{2, 3, 4, 5}, &o)
		require.NoError(t, err)
		require.Equal(t, near.String(), far.String(), method)
		if method != KMeans {
			continue
		}
		for i := range weights {
			weights[i] /= 299
		}
		small, err := Choose(t.Context(), data, []int{2, 3, 4, 5}, &o)
		require.NoError(t, err)
		for i, c := range small.Candidates {
			require.InEpsilon(t, far.Candidates[i].Gap, c.Gap, 1e-6)
			require.InDelta(t, far.Candidates[i].MinStability(), c.MinStability(), 1e-9)
		}
	}
	// Hardly any row has a weight: samples of all rows would be empty.
	weights := make([]float64, 300)
	weights[0], weights[1], weights[2] = 1, 1, 1
	o := chooseQuickly
	o.Fit.Method, o.Fit.Weights = Ward, weights
	_, err := Choose(t.Context(), chooseBlobs(300, 12), []int{1, 2}, &o)
	require.NoError(t, err)
}

func TestChooseWithinShares(t *testing.T) {
	grid := make([]float64, 60)
	for i := range grid {
		grid[i] = float64(i % 24)
	}
	o := chooseQuickly
	o.Fit.MinShare = 0.3
	var done, total []int64
	o.Progress = func(d, of int64) { done, total = append(done, d), append(total, of) }
	_, err := Choose(t.Context(), &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", grid...)}}, []int{2, 3}, &o)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, done, "two ks, four samples, the rows and four references")
	require.Equal(t, slices.Repeat([]int64{11}, 11), total)
}

// Outliers take no part in the inertia, nor do they in the number of rows.
func TestBICOfTrimmedIsThatOfTheRowsInside(t *testing.T) {
	data := chooseBlobs(400, 13)
	o := chooseQuickly
	o.Fit.Method, o.Fit.Trim, o.Fit.Prepare.Scale, o.Bootstraps, o.References = Trimmed, 0.4, Unscaled, -1, -1
	choice, err := Choose(t.Context(), data, []int{4}, &o)
	require.NoError(t, err)
	a, err := Assign(t.Context(), choice.Candidates[0].Model, data, nil)
	require.NoError(t, err)
	inside := make([]float64, 4)
	for i, out := range a.Outliers {
		if !out {
			inside[a.Labels[i]]++
		}
	}
	require.InEpsilon(t, sphericalBIC(inside, 240, choice.Candidates[0].Inertia, 2), choice.Candidates[0].BIC, 1e-12)
}

func TestChooseOfTooFewDifferentRows(t *testing.T) {
	data := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", 1, 2, 3, 1, 2, 3)}}
	for _, method := range []Method{KMeans, Ward} {
		_, err := Choose(t.Context(), data, []int{2, 5}, &ChooseOptions{Fit: Options{Method: method}})
		few, ok := errors.AsType[*TooFewDistinctError](err)
		require.True(t, ok, "%s: %v", method, err)
		require.Equal(t, &TooFewDistinctError{Distinct: 3, K: 5}, few)
	}
}

func TestCriterionAsText(t *testing.T) {
	for c := BySilhouette; c <= ByStability; c++ {
		text, err := c.MarshalText()
		require.NoError(t, err)
		require.Equal(t, c.String(), string(text))
		var back Criterion
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, c, back)
	}
	_, err := Criterion(0).MarshalText()
	require.Error(t, err)
	for _, text := range []string{"", "none", "elbow"} {
		require.Error(t, new(Criterion).UnmarshalText([]byte(text)))
	}
}

func TestChooseRefuses(t *testing.T) {
	data := chooseBlobs(20, 5)
	for name, c := range map[string]struct {
		ks   []int
		opts *ChooseOptions
	}{
		"no k":                      {nil, nil},
		"a k twice":                 {[]int{2, 3, 2}, nil},
		"k of 0":                    {[]int{0, 2}, nil},
		"more groups than rows":     {[]int{2, 21}, nil},
		"negative sample":           {[]int{2}, &ChooseOptions{Sample: -1}},
		"what the method cannot do": {[]int{2}, &ChooseOptions{Fit: Options{Trim: 0.1}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Choose(t.Context(), data, c.ks, c.opts)
			require.Error(t, err)
			require.True(t, strings.HasPrefix(err.Error(), "cluster: "), err)
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Choose(ctx, data, []int{2}, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = new(Choice).By(BySilhouette)
	require.ErrorIs(t, err, ErrNoChoice)
	_, err = new(Choice).By()
	require.ErrorIs(t, err, ErrNoChoice)
	_, err = new(Choice).By(0)
	require.Error(t, err)
}

// The parts of sphericalBIC, from the density of each row.
func TestSphericalBICFromDensities(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	const n, d = 60, 3
	label, x, weights, means := make([]int, n), make([][]float64, n), make([]float64, 4), make([][]float64, 4)
	for c := range means {
		means[c] = make([]float64, d)
	}
	for i := range x {
		label[i], x[i] = r.IntN(4), make([]float64, d)
		weights[label[i]]++
		for j := range x[i] {
			x[i][j] = r.NormFloat64()
			means[label[i]][j] += x[i][j]
		}
	}
	inertia := 0.0
	for i := range x {
		for j := range x[i] {
			inertia += math.Pow(x[i][j]-means[label[i]][j]/weights[label[i]], 2)
		}
	}
	variance, likelihood := inertia/(n*d), 0.0
	for i := range x {
		likelihood += math.Log(weights[label[i]] / n)
		for j := range x[i] {
			z := x[i][j] - means[label[i]][j]/weights[label[i]]
			likelihood += math.Log(math.Exp(-z*z/(2*variance)) / math.Sqrt(2*math.Pi*variance))
		}
	}
	want := -2*likelihood + (3+4*d+1)*math.Log(n)
	require.InEpsilon(t, want, sphericalBIC(weights, n, inertia, d), 1e-12)
}

func TestBestJaccardIsThatOfSets(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		n, k := 1+r.IntN(30), 1+r.IntN(5)
		data := newRows(n, 1)
		label, again := make([]int32, n), []int32{}
		var drawn []int
		for i := range n {
			label[i] = int32(r.IntN(k))
			if r.IntN(3) > 0 {
				drawn, again = append(drawn, i), append(again, int32(r.IntN(k)))
			}
		}
		got := bestJaccard(data, drawn, label, again, k)
		for a := range k {
			best, any := 0.0, false
			for b := range k {
				both, either := 0.0, 0.0
				for i, row := range drawn {
					inA, inB := int(label[row]) == a, int(again[i]) == b
					any = any || inA
					if inA && inB {
						both++
					}
					if inA || inB {
						either++
					}
				}
				if either > 0 {
					best = max(best, both/either)
				}
			}
			if !any {
				require.True(t, math.IsNaN(got[a]))
				continue
			}
			require.Equal(t, best, got[a])
		}
	}
}

// Tibshirani, Walther and Hastie 2001, section 4 (a): where rows are uniform there is one
// group.
func TestGapFindsNoGroupsInUniformRows(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	columns := make([]table.Column, 10)
	for j := range columns {
		columns[j] = table.NumberColumn(fmt.Sprint("x", j), make([]float64, 200)...)
		for i := range columns[j].Num {
			columns[j].Num[i] = r.Float64()
		}
	}
	o := chooseQuickly
	o.Fit.Prepare.Scale = Unscaled
	choice, err := Choose(t.Context(), &table.Table[int]{Columns: columns}, []int{1, 2, 3, 4}, &o)
	require.NoError(t, err)
	best, err := choice.By(ByGap)
	require.NoError(t, err)
	require.Equal(t, 1, best.K)
}

func TestReferencesFillTheBoxAlongTheComponents(t *testing.T) {
	// Along the diagonal, so that a box along the features would be twice as large.
	r := rand.New(rand.NewPCG(9, 9))
	data := newRows(1000, 2)
	for i := range data.n {
		a, b := 10*r.Float64(), r.Float64()
		block := data.block(i / 256)
		block[i%256], block[256+i%256] = (a+b)/math.Sqrt2, (a-b)/math.Sqrt2
	}
	drawn := newPrincipalBox(data).draw(4000, newRandom(1, 1))
	row := make([]float64, 2)
	var lowA, highA, lowB, highB float64
	lowA, lowB = math.Inf(1), math.Inf(1)
	for i := range drawn.n {
		drawn.row(row, i)
		a, b := (row[0]+row[1])/math.Sqrt2, (row[0]-row[1])/math.Sqrt2
		lowA, highA, lowB, highB = min(lowA, a), max(highA, a), min(lowB, b), max(highB, b)
	}
	require.InDelta(t, 0, lowA, 0.2)
	require.InDelta(t, 10, highA, 0.2)
	require.InDelta(t, 0, lowB, 0.2)
	require.InDelta(t, 1, highB, 0.2)
}

func TestStabilityOfRowsThatRepeat(t *testing.T) {
	// Three different rows: samples may hold fewer than there are groups, which counts as 0.
	x := make([]float64, 12)
	x[10], x[11] = 1, 2
	o := chooseQuickly
	o.Bootstraps, o.References = 40, -1
	choice, err := Choose(t.Context(), &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", x...)}}, []int{1, 3}, &o)
	require.NoError(t, err)
	require.Equal(t, []float64{1}, choice.Candidates[0].Stability)
	require.Less(t, choice.Candidates[1].MinStability(), 0.9)
	require.Greater(t, choice.Candidates[1].MinStability(), 0.1)
	require.True(t, math.IsNaN(choice.Candidates[1].Gap))
}
