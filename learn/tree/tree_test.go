package tree_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/table"
)

// draw makes a table of two number columns of few values, and a category column, some of
// them missing, with classes and weights that depend on them a little.
func draw(r *rand.Rand, n, k, levels int, missing float64) (*table.Table[int], []int32, []float64) {
	t := &table.Table[int]{Compare: cmp.Compare[int]}
	texts := make([]string, levels)
	for i := range texts {
		texts[i] = fmt.Sprintf("level %d", i)
	}
	c := table.Column{Name: "c", Kind: table.Category, Levels: texts}
	var x [2][]float64
	classes, weights := make([]int32, n), make([]float64, n)
	for i := range n {
		t.IDs = append(t.IDs, i)
		score := 0.0
		for j := range x {
			v := math.Round(r.NormFloat64() * 3)
			score += v
			if r.Float64() < missing {
				v = math.NaN()
			}
			x[j] = append(x[j], v)
		}
		code := int32(r.IntN(levels))
		score += float64(code*code%7) + r.NormFloat64()*2
		if r.Float64() < missing {
			code = -1
		}
		c.Code = append(c.Code, code)
		classes[i] = int32(max(0, min(k-1, int(score/2)+k/2)))
		weights[i] = float64(r.IntN(3) + 1)
	}
	t.Columns = []table.Column{table.NumberColumn("a", x[0]...), table.NumberColumn("b", x[1]...), c}
	return t, classes, weights
}

// purity is the sum of squares / sum of both sides, by Entropy the sum of w·log₂(w/sum), or
// false if a side weighs too little.
func purity(criterion tree.Criterion, classes []int32, weights []float64, k int, left []bool, minLeaf float64) (float64, bool) {
	sides := [2][]float64{make([]float64, k), make([]float64, k)}
	var sums [2]float64
	for row, l := range left {
		side := 1
		if l {
			side = 0
		}
		sides[side][classes[row]] += weights[row]
		sums[side] += weights[row]
	}
	total := 0.0
	for side, sum := range sums {
		if sum == 0 || sum < minLeaf {
			return 0, false
		}
		for _, w := range sides[side] {
			if criterion == tree.Gini {
				total += w * w / sum
			} else if w > 0 {
				total += w * math.Log2(w/sum)
			}
		}
	}
	return total, true
}

// TestBestQuestion compares the first question with the best of all, tried one by one.
func TestBestQuestion(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 400 {
		k, levels := 2+round%3, 1+r.IntN(6)
		o := &tree.Options{MaxDepth: 1, Criterion: tree.Criterion(round / 6 % 2)}
		if k == 2 {
			levels += 3
		}
		n := 5 + r.IntN(40)
		tab, classes, weights := draw(r, n, k, levels, []float64{0, 0.2}[round%2])
		minLeaf := float64(r.IntN(8))
		if k = int(slices.Max(classes)) + 1; k == 2 {
			minLeaf = 0 // with a bound the best set need not begin an order
		}
		o.Weights, o.MinLeaf = slices.Clone(weights), minLeaf
		if round%5 == 0 {
			o.MinLeaf, minLeaf, o.ClassWeights = 0, 0, []float64{1, 2.5, 0.5, 4}
			for row, class := range classes {
				weights[row] *= o.ClassWeights[class]
			}
		}

		best, bestLeft, column := math.Inf(-1), []bool(nil), -1
		try := func(c int, left func(row int) bool) {
			sides := make([]bool, n)
			for row := range sides {
				sides[row] = left(row)
			}
			if p, ok := purity(o.Criterion, classes, weights, k, sides, minLeaf); ok && p > best+1e-9 {
				best, bestLeft, column = p, sides, c
			}
		}
		for c := range tab.Columns {
			col := &tab.Columns[c]
			for _, missing := range []bool{true, false} {
				if col.Kind == table.Number {
					values := slices.Sorted(slices.Values(col.Num))
					for _, v := range values {
						if !math.IsNaN(v) && v < values[len(values)-1] {
							try(c, func(row int) bool {
								return col.Num[row] <= v || math.IsNaN(col.Num[row]) && missing
							})
						}
					}
					if !missing {
						try(c, func(row int) bool { return !math.IsNaN(col.Num[row]) })
					}
				} else {
					for set := range 1 << levels {
						try(c, func(row int) bool {
							return col.Code[row] >= 0 && set>>col.Code[row]&1 != 0 || col.Code[row] < 0 && missing
						})
					}
				}
			}
		}
		got, err := tree.Fit(t.Context(), tab, classes, o)
		require.NoError(t, err)
		leaves, err := tree.Apply(t.Context(), got, tab)
		require.NoError(t, err)
		pure := !slices.ContainsFunc(classes, func(c int32) bool { return c != classes[0] })
		if column < 0 || pure {
			require.Zero(t, got.Depth())
			continue
		}
		require.Equal(t, 1, got.Depth())
		left := make([]bool, n)
		for row, leaf := range leaves {
			left[row] = leaf == 0
		}
		p, ok := purity(o.Criterion, classes, weights, k, left, minLeaf)
		require.True(t, ok)
		require.InDelta(t, best, p, 1e-9)
		path := got.Leaves()[0].Path
		require.Equal(t, tab.Columns[column].Name, path[0].Column)
		if tab.Columns[column].Kind == table.Number {
			require.Equal(t, bestLeft, left)
		}
	}
}

// TestLeavesHoldTheirRows applies the paths of the leaves by hand.
func TestLeavesHoldTheirRows(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 60 {
		k := 2 + round%4
		tab, classes, weights := draw(r, 300, k, []int{3, 14}[round%2], 0.1)
		got, err := tree.Fit(t.Context(), tab, classes, &tree.Options{MaxDepth: 1 + r.IntN(8), MinLeaf: 4, Weights: weights})
		require.NoError(t, err)
		applied, err := tree.Apply(t.Context(), got, tab)
		require.NoError(t, err)
		predicted, err := tree.Predict(t.Context(), got, tab)
		require.NoError(t, err)
		leaves := got.Leaves()
		sums := make([][]float64, len(leaves))
		values := make([]float64, len(tab.Columns))
		for row := range applied {
			found := -1
			for i, leaf := range leaves {
				if holds(tab, row, leaf.Path) {
					require.Equal(t, -1, found, "two leaves")
					found = i
				}
			}
			require.EqualValues(t, applied[row], found)
			require.Equal(t, leaves[found].Class, predicted[row])
			if sums[found] == nil {
				sums[found] = make([]float64, got.Classes())
			}
			sums[found][classes[row]] += weights[row]
			for i, c := range tab.Columns {
				if c.Kind == table.Number {
					values[i] = c.Num[row]
				} else {
					values[i] = got.Code(i, c.Level(row))
				}
			}
			require.Equal(t, found, got.ApplyRow(values))
			require.Equal(t, predicted[row], got.PredictRow(values))
		}
		for i, leaf := range leaves {
			require.Equal(t, leaf.Weights, sums[i])
			sum := 0.0
			for _, w := range sums[i] {
				sum += w
			}
			require.GreaterOrEqual(t, sum, 4.0)
		}
	}
}

func holds(t *table.Table[int], row int, path []tree.Condition) bool {
	for _, c := range path {
		column, _ := t.Column(c.Column)
		switch {
		case column.Missing(row):
			if !c.Missing {
				return false
			}
		case c.Kind == table.Number:
			if x := column.Num[row]; !(c.Above < x && x <= c.UpTo) {
				return false
			}
		case !slices.Contains(c.Levels, column.Level(row)):
			return false
		}
	}
	return true
}

func TestInvariants(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	tab, classes, weights := draw(r, 400, 3, 5, 0.1)
	fit := func(t *testing.T, tab *table.Table[int], classes []int32, o tree.Options) string {
		got, err := tree.Fit(t.Context(), tab, classes, &o)
		require.NoError(t, err)
		data, err := got.MarshalJSON()
		require.NoError(t, err)
		return string(data)
	}
	permuted := func(by []int) (*table.Table[int], []int32, []float64) {
		c, w := make([]int32, len(by)), make([]float64, len(by))
		for i, row := range by {
			c[i], w[i] = classes[row], weights[row]
		}
		return tab.Take(by), c, w
	}
	t.Run("rows in another order", func(t *testing.T) {
		tt, c, w := permuted(r.Perm(400))
		require.Equal(t, fit(t, tab, classes, tree.Options{Weights: weights}), fit(t, tt, c, tree.Options{Weights: w}))
		for i := range w {
			w[i] *= math.Pi / 7
		}
		fractional := slices.Clone(weights)
		for i := range fractional {
			fractional[i] *= math.Pi / 7
		}
		require.Equal(t, fit(t, tab, classes, tree.Options{Weights: fractional}), fit(t, tt, c, tree.Options{Weights: w}))
	})
	t.Run("weight is repetition", func(t *testing.T) {
		var rows []int
		for row, w := range weights {
			for range int(w) {
				rows = append(rows, row)
			}
		}
		tt, c, _ := permuted(rows)
		tt.IDs, tt.Compare = nil, nil
		require.Equal(t, fit(t, tab, classes, tree.Options{Weights: weights, MinLeaf: 5}), fit(t, tt, c, tree.Options{MinLeaf: 5}))
	})
	t.Run("weight 0 is absence", func(t *testing.T) {
		some := slices.Clone(weights)
		var rows []int
		for i := range some {
			if i%3 == 0 && i > 0 {
				some[i] = 0
			} else {
				rows = append(rows, i)
			}
		}
		tt, c, w := permuted(rows)
		require.Equal(t, fit(t, tab, classes, tree.Options{Weights: some}), fit(t, tt, c, tree.Options{Weights: w}))
	})
	t.Run("workers", func(t *testing.T) {
		tab, classes, _ := draw(r, 20000, 3, 5, 0.1)
		one := fit(t, tab, classes, tree.Options{Workers: 1, MaxDepth: 6})
		for _, workers := range []int{2, 3, 8} {
			require.Equal(t, one, fit(t, tab, classes, tree.Options{Workers: workers, MaxDepth: 6}))
		}
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		require.Equal(t, one, fit(t, tab, classes, tree.Options{MaxDepth: 6}))
	})
	t.Run("levels in another order", func(t *testing.T) {
		tr, err := tree.Fit(t.Context(), tab, classes, nil)
		require.NoError(t, err)
		want, err := tree.Predict(t.Context(), tr, tab)
		require.NoError(t, err)
		c := tab.Columns[2]
		n := int32(len(c.Levels))
		mirrored := table.Column{Name: c.Name, Kind: c.Kind, Levels: slices.Clone(c.Levels)}
		slices.Reverse(mirrored.Levels)
		for _, code := range c.Code {
			if code >= 0 {
				code = n - 1 - code
			}
			mirrored.Code = append(mirrored.Code, code)
		}
		other := &table.Table[int]{Columns: []table.Column{mirrored, tab.Columns[1], tab.Columns[0]}}
		got, err := tree.Predict(t.Context(), tr, other)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestThresholds(t *testing.T) {
	for name, c := range map[string]struct{ low, high, want float64 }{
		"halfway":         {1, 2, 1.5},
		"negative":        {-2, -1, -1.5},
		"largest numbers": {-math.MaxFloat64, math.MaxFloat64, 0},
		"near overflow":   {math.MaxFloat64 / 2, math.MaxFloat64, math.MaxFloat64 / 4 * 3},
		"neighbours":      {1, math.Nextafter(1, 2), 1},
		"denormals":       {0, 5e-324, 0},
		"zeros are one":   {math.Copysign(0, -1), 1, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tree.Fit(t.Context(), numbers([]float64{c.low, c.high}), []int32{0, 1}, nil)
			require.NoError(t, err)
			require.Equal(t, c.want, got.Leaves()[0].Path[0].UpTo)
			require.EqualValues(t, 0, got.PredictRow([]float64{c.low}))
			require.EqualValues(t, 1, got.PredictRow([]float64{c.high}))
		})
	}
	got, err := tree.Fit(t.Context(), numbers([]float64{0, math.Copysign(0, -1)}), []int32{0, 1}, nil)
	require.NoError(t, err)
	require.Zero(t, got.Depth(), "0 and -0 are equal")
}

func TestMissing(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		x       []float64
		classes []int32
		want    string
	}{
		"with the side they resemble": {
			[]float64{1, 2, 3, 4, nan},
			[]int32{0, 0, 1, 1, 1},
			"x0 <= 2.5: class 0, 100.0% of 2\nx0 > 2.5 or missing: class 1, 100.0% of 3\n",
		},
		"alone": {
			[]float64{1, 2, 3, 4, nan},
			[]int32{0, 0, 0, 0, 1},
			"x0 is known: class 0, 100.0% of 4\nx0 is missing: class 1, 100.0% of 1\n",
		},
		"with the heavier side where none were": {
			[]float64{1, 2, 3},
			[]int32{0, 1, 1},
			"x0 <= 1.5: class 0, 100.0% of 1\nx0 > 1.5 or missing: class 1, 100.0% of 2\n",
		},
		"all": {[]float64{nan, nan}, []int32{0, 1}, "class 0, 50.0% of 2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tree.Fit(t.Context(), numbers(c.x), c.classes, nil)
			require.NoError(t, err)
			require.Equal(t, c.want, got.String())
		})
	}
}

func TestUnseenLevelsAreMissing(t *testing.T) {
	tab := &table.Table[int]{Columns: []table.Column{table.CategoryColumn("c", "a", "a", "b", "b", "")}}
	tr, err := tree.Fit(t.Context(), tab, []int32{0, 0, 1, 1, 1}, nil)
	require.NoError(t, err)
	got, err := tree.Predict(t.Context(), tr, &table.Table[int]{Columns: []table.Column{table.CategoryColumn("c", "", "a", "z", "b")}})
	require.NoError(t, err)
	require.Equal(t, []int32{1, 0, 1, 1}, got)
	require.Equal(t, -1.0, tr.Code(0, "z"))
	require.Equal(t, "c = a: class 0, 100.0% of 2\nc = b or missing: class 1, 100.0% of 3\n", tr.String())
}

func TestQuestionsThatLowerNothing(t *testing.T) {
	x, y := []float64{0, 0, 1, 1}, []float64{0, 1, 0, 1}
	got, err := tree.Fit(t.Context(), numbers(x, y), []int32{0, 1, 1, 0}, nil)
	require.NoError(t, err)
	require.Equal(t, 2, got.Depth(), "exclusive or")
	got, err = tree.Fit(t.Context(), numbers(x, y), []int32{0, 1, 1, 0}, &tree.Options{MinGain: 1e-9})
	require.NoError(t, err)
	require.Zero(t, got.Depth())
	require.Len(t, got.Leaves(), 1)
	require.Empty(t, got.Leaves()[0].Path)
}

func TestBadInput(t *testing.T) {
	tab := numbers([]float64{1, 2, 3})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fit := func(ctx context.Context, tab *table.Table[int], classes []int32, o *tree.Options) error {
		tr, err := tree.Fit(ctx, tab, classes, o)
		require.Nil(t, tr)
		return err
	}
	require.ErrorIs(t, fit(t.Context(), tab, []int32{0, 1}, nil), tree.ErrLength)
	require.ErrorIs(t, fit(t.Context(), tab, []int32{0, 1, -1}, nil), tree.ErrClass)
	require.ErrorIs(t, fit(t.Context(), tab, []int32{0, 1, tree.MaxClasses}, nil), tree.ErrClass)
	require.ErrorIs(t, fit(t.Context(), tab, []int32{0, 1, 0}, &tree.Options{Weights: []float64{1}}), tree.ErrLength)
	require.EqualError(t, fit(t.Context(), tab, []int32{0, 1, 0}, &tree.Options{Weights: []float64{1, math.NaN(), 1}}),
		"tree: weight is negative or not finite: row 1")
	require.ErrorIs(t, fit(t.Context(), tab, []int32{0, 1, 0}, &tree.Options{Weights: []float64{1e200, 1, 1}}), tree.ErrWeight)
	require.ErrorIs(t, fit(t.Context(), tab, []int32{0, 1, 0}, &tree.Options{Weights: []float64{0, 0, 0}}), tree.ErrNoRows)
	require.ErrorIs(t, fit(t.Context(), numbers(), nil, nil), tree.ErrNoRows)
	require.ErrorIs(t, fit(ctx, tab, []int32{0, 1, 0}, nil), context.Canceled)
	err := fit(t.Context(), tab, []int32{0, 1, 0}, &tree.Options{MaxDepth: -1, MinLeaf: math.Inf(1), MinGain: math.NaN(), Workers: -3})
	require.EqualError(t, err, "tree: Options.MaxDepth is negative\n"+
		"tree: Options.MinLeaf is negative or not finite\ntree: Options.MinGain is negative or not finite\ntree: Options.Workers is negative")
	var fault *table.Fault
	require.ErrorAs(t, fit(t.Context(), numbers([]float64{1, math.Inf(1)}), []int32{0, 1}, nil), &fault)
	require.Equal(t, 1, fault.Row)

	tr, err := tree.Fit(t.Context(), tab, []int32{0, 1, 0}, nil)
	require.NoError(t, err)
	_, err = tree.Predict(t.Context(), tr, &table.Table[int]{Columns: []table.Column{table.CategoryColumn("x0", "a")}})
	require.ErrorIs(t, err, tree.ErrColumn)
	_, err = tree.Apply(ctx, tr, tab)
	require.ErrorIs(t, err, context.Canceled)
	require.Panics(t, func() { tr.PredictRow(nil) })
}

func TestRowsWithoutColumns(t *testing.T) {
	got, err := tree.Fit(t.Context(), &table.Table[int]{IDs: []int{1, 2, 3}}, []int32{0, 1, 1}, nil)
	require.NoError(t, err)
	require.EqualValues(t, 1, got.PredictRow(nil))
	require.Equal(t, []float64{1, 2}, got.Leaves()[0].Weights)
}

func TestRowsAllocateNothing(t *testing.T) {
	tab, classes, _ := draw(rand.New(rand.NewPCG(7, 8)), 500, 3, 5, 0.1)
	tr, err := tree.Fit(t.Context(), tab, classes, nil)
	require.NoError(t, err)
	row := []float64{1, math.NaN(), tr.Code(2, "level 1")}
	require.Zero(t, testing.AllocsPerRun(100, func() { tr.PredictRow(row); tr.ApplyRow(row) }))
}

func BenchmarkFit(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("rows=%d/columns=10/depth=3", n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			columns := make([][]float64, 10)
			classes := make([]int32, n)
			for i := range columns {
				columns[i] = make([]float64, n)
				for row := range n {
					columns[i][row] = r.NormFloat64()
				}
			}
			for row := range n {
				if columns[0][row]+columns[1][row]+r.NormFloat64() > 1 {
					classes[row] = 1
				}
			}
			t := numbers(columns...)
			for b.Loop() {
				if _, err := tree.Fit(b.Context(), t, classes, &tree.Options{MaxDepth: 3}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestConditionsThatStandBetweenOthers(t *testing.T) {
	levels := []string{"a", "b", "c", "d", "e", "f"}
	for want, c := range map[string]tree.Condition{
		"(x <= 3 or missing)":                    {Column: "x", Above: math.Inf(-1), UpTo: 3, Missing: true},
		"x > 3":                                  {Column: "x", Above: 3, UpTo: math.Inf(1)},
		"x is missing":                           {Column: "x", Kind: table.Number, Above: math.Inf(1), UpTo: math.Inf(1), Missing: true},
		"(c in {a, b} or missing)":               {Column: "c", Kind: table.Category, Levels: levels[:2], Missing: true},
		"c in {a, b, c, d, e}":                   {Column: "c", Kind: table.Category, Levels: levels[:5]},
		"c in {a, b, c and 3 more}":              {Column: "c", Kind: table.Category, Levels: levels},
		"(c = a or missing)":                     {Column: "c", Kind: table.Category, Levels: levels[:1], Missing: true},
		"c is missing":                           {Column: "c", Kind: table.Category, Missing: true},
		"2 < x <= 1e+06":                         {Column: "x", Above: 2, UpTo: 1e6},
		"(c in {a, b, c and 3 more} or missing)": {Column: "c", Kind: table.Category, Levels: levels, Missing: true},
	} {
		require.Equal(t, want, c.String())
	}
}

// countingContext is cancelled when it has been asked a number of times.
type countingContext struct {
	context.Context
	left *atomic.Int64
}

func (c countingContext) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestManyClassesAndLevels cancels while the only node looks at the orders of the levels.
func TestManyClassesAndLevels(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	var texts []string
	var classes []int32
	for range 5000 {
		texts, classes = append(texts, fmt.Sprint(r.IntN(300))), append(classes, int32(r.IntN(tree.MaxClasses)))
	}
	tab := &table.Table[int]{Columns: []table.Column{table.CategoryColumn("c", texts...)}}
	left := &atomic.Int64{}
	left.Store(1 << 40)
	tr, err := tree.Fit(countingContext{t.Context(), left}, tab, classes, &tree.Options{MaxDepth: 1})
	require.NoError(t, err)
	require.Equal(t, 1, tr.Depth())
	require.Greater(t, 1<<40-left.Load(), int64(tree.MaxClasses), "once an order")
	left.Store(10)
	_, err = tree.Fit(countingContext{t.Context(), left}, tab, classes, &tree.Options{MaxDepth: 1})
	require.ErrorIs(t, err, context.Canceled)
}

// TestLevelsCostLittle grows a deep tree over a column with a level a row; it took time by
// the square of the levels, and allocated as much.
func TestLevelsCostLittle(t *testing.T) {
	const n = 20_000
	texts, classes := make([]string, n), make([]int32, n)
	r := rand.New(rand.NewPCG(17, 18))
	for i := range n {
		texts[i], classes[i] = fmt.Sprint("user", i), int32(r.IntN(2))
	}
	tab := &table.Table[int]{Columns: []table.Column{table.CategoryColumn("c", texts...)}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tr, err := tree.Fit(t.Context(), tab, classes, &tree.Options{MaxDepth: 3})
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	require.Equal(t, 1, tr.Depth())
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(500*n))
}
