package cluster_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

// describable makes a table of two number columns, one of few values, and a category
// column, some of them missing, with labels that depend on them, some of them -1.
func describable(r *rand.Rand, n, k int) (*table.Table[int], *cluster.Assignment, []float64) {
	t := &table.Table[int]{Compare: cmp.Compare[int]}
	a := &cluster.Assignment{}
	var few, many, weights []float64
	var texts []string
	for i := range n {
		t.IDs = append(t.IDs, i*3)
		label := r.IntN(k+1) - 1
		x, y, text := float64(r.IntN(6)+label*2), r.NormFloat64()*10+float64(label*label), fmt.Sprintf("level %d", max(0, label+r.IntN(4)-1))
		if r.IntN(10) == 0 {
			x = math.NaN()
		}
		if r.IntN(10) == 0 {
			y = math.NaN()
		}
		if r.IntN(10) == 0 {
			text = ""
		}
		few, many, texts = append(few, x), append(many, y), append(texts, text)
		a.Labels = append(a.Labels, int32(label))
		a.Outliers = append(a.Outliers, r.IntN(20) == 0)
		weights = append(weights, float64(r.IntN(4)))
	}
	weights[0], a.Labels[0], a.Outliers[0] = 1, int32(k-1), false
	t.Columns = []table.Column{table.NumberColumn("few", few...), table.NumberColumn("many", many...), table.CategoryColumn("level", texts...)}
	return t, a, weights
}

// inGroup reports whether a row is in a group; base: in the base.
func inGroup(a *cluster.Assignment, row, group int) bool {
	return group < 0 || int(a.Labels[row]) == group && !a.Outliers[row]
}

// TestDescribeColumns compares every number of a description with its definition, row by
// row and pair by pair.
func TestDescribeColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 30 {
		const k = 3
		tab, a, weights := describable(r, 20+r.IntN(60), k)
		if round%3 == 0 {
			for i := range weights {
				weights[i] = 1
			}
		}
		d, err := cluster.Describe(t.Context(), tab, a, &cluster.DescribeOptions{Weights: weights, Levels: 100})
		require.NoError(t, err)
		require.Len(t, d.Groups, k)
		for g := -1; g < k; g++ {
			columns, rows, weight := d.Columns, d.Rows, d.Weight
			if g >= 0 {
				columns, rows, weight = d.Groups[g].Columns, d.Groups[g].Rows, d.Groups[g].Weight
				require.InDelta(t, weight/d.Weight, d.Groups[g].Share, 1e-12)
				require.Equal(t, g, d.Groups[g].Label)
			}
			n, sum := 0, 0.0
			for row, w := range weights {
				if w > 0 && inGroup(a, row, g) {
					n++
					sum += w
				}
			}
			require.Equal(t, n, rows)
			require.InDelta(t, sum, weight, 1e-12)
			for c := range tab.Columns {
				if column := &tab.Columns[c]; column.Kind == table.Number {
					checkNumber(t, column, a, weights, g, &columns[c], &d.Columns[c])
				} else {
					checkLevels(t, column, a, weights, g, &columns[c])
				}
			}
		}
		for _, g := range d.Groups {
			require.True(t, slices.IsSortedFunc(g.Separating, func(a, b int) int {
				return cmp.Compare(g.Columns[b].Separation, g.Columns[a].Separation)
			}))
		}
	}
}

func checkNumber(t *testing.T, c *table.Column, a *cluster.Assignment, weights []float64, g int, p, base *cluster.ColumnProfile) {
	t.Helper()
	var own []float64 // each value as often as it weighs
	rows, missing, sum, rest, higher := 0, 0, 0.0, 0.0, 0.0
	for row, x := range c.Num {
		switch w := weights[row]; {
		case w == 0:
		case math.IsNaN(x):
			if inGroup(a, row, g) {
				missing++
			}
		case inGroup(a, row, g):
			rows++
			sum += w * x
			own = append(own, slices.Repeat([]float64{x}, int(w))...)
		default:
			rest += w
		}
	}
	require.Equal(t, rows, p.Rows)
	require.Equal(t, missing, p.Missing)
	require.InDelta(t, len(own), p.Weight, 1e-9)
	if rows == 0 {
		require.Zero(t, p.Mean)
		require.Equal(t, 0.5, p.Position)
		require.Zero(t, p.Separation)
		return
	}
	slices.Sort(own)
	mean, square := sum/p.Weight, 0.0
	for _, x := range own {
		square += (x - mean) * (x - mean)
	}
	require.InDelta(t, mean, p.Mean, 1e-9)
	require.InDelta(t, math.Sqrt(square/p.Weight), p.SD, 1e-9)
	require.Equal(t, own[0], p.Least)
	require.Equal(t, own[len(own)-1], p.Most)
	for i, q := range []float64{0.05, 0.25, 0.5, 0.75, 0.95} {
		at := q * float64(len(own)-1)
		low := int(at)
		high := min(low+1, len(own)-1)
		require.InDelta(t, own[low]+(at-float64(low))*(own[high]-own[low]), p.Quantiles[i], 1e-9)
	}
	require.Equal(t, p.Quantiles[2], p.Median)
	if g < 0 || rest == 0 {
		require.Equal(t, 0.5, p.Position)
		require.Zero(t, p.Separation)
		return
	}
	require.InDelta(t, (p.Mean-base.Mean)/base.SD, p.Difference, 1e-9)
	if base.Least < 0 && base.Most > 0 {
		require.True(t, math.IsNaN(p.Lift))
	} else {
		require.InDelta(t, p.Mean/base.Mean, p.Lift, 1e-9)
	}
	separation := 0.0
	for i, threshold := range c.Num {
		below := [2]float64{}
		for j, x := range c.Num {
			if w := weights[j]; x <= threshold && w > 0 {
				if inGroup(a, j, g) {
					below[0] += w / p.Weight
				} else {
					below[1] += w / rest
				}
			}
			if inGroup(a, i, g) && !inGroup(a, j, g) {
				switch w := weights[i] * weights[j]; {
				case threshold > x:
					higher += w
				case threshold == x:
					higher += w / 2
				}
			}
		}
		separation = max(separation, math.Abs(below[0]-below[1]))
	}
	require.InDelta(t, higher/p.Weight/rest, p.Position, 1e-9)
	require.InDelta(t, separation, p.Separation, 1e-9)
}

func checkLevels(t *testing.T, c *table.Column, a *cluster.Assignment, weights []float64, g int, p *cluster.ColumnProfile) {
	t.Helper()
	own, rest, base := map[string]float64{}, map[string]float64{}, map[string]float64{}
	rows, missing, sum, others := 0, 0, 0.0, 0.0
	for row := range c.Code {
		w, level := weights[row], c.Level(row)
		switch {
		case w == 0:
		case level == "":
			if inGroup(a, row, g) {
				missing++
			}
		default:
			base[level] += w
			if inGroup(a, row, g) {
				rows++
				own[level] += w
				sum += w
			} else {
				rest[level] += w
				others += w
			}
		}
	}
	require.Equal(t, rows, p.Rows)
	require.Equal(t, missing, p.Missing)
	require.InDelta(t, sum, p.Weight, 1e-9)
	if rows == 0 {
		require.Empty(t, p.Levels)
		return
	}
	require.Len(t, p.Levels, len(base))
	separation := 0.0
	for i, l := range p.Levels {
		require.InDelta(t, own[l.Level], l.Weight, 1e-9)
		require.InDelta(t, own[l.Level]/sum, l.Share, 1e-9)
		require.InDelta(t, base[l.Level]/(sum+others), l.BaseShare, 1e-9)
		require.InDelta(t, l.Share/l.BaseShare, l.Lift, 1e-9)
		require.True(t, i == 0 || l.Share <= p.Levels[i-1].Share)
		if others > 0 {
			separation += math.Abs(own[l.Level]/sum-rest[l.Level]/others) / 2
		}
	}
	require.InDelta(t, separation, p.Separation, 1e-9)
}

func described(t *testing.T, tab *table.Table[int], a *cluster.Assignment, o *cluster.DescribeOptions) *cluster.Description {
	t.Helper()
	d, err := cluster.Describe(t.Context(), tab, a, o)
	require.NoError(t, err)
	return d
}

func descriptionJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

func TestDescribeInvariants(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	tab, a, weights := describable(r, 500, 4)
	for i := range weights {
		weights[i] *= 0.7
	}
	want := described(t, tab, a, &cluster.DescribeOptions{Weights: weights})
	t.Run("rows in another order", func(t *testing.T) {
		by := r.Perm(500)
		permuted, w := &cluster.Assignment{}, []float64(nil)
		for _, row := range by {
			permuted.Labels, permuted.Outliers = append(permuted.Labels, a.Labels[row]), append(permuted.Outliers, a.Outliers[row])
			w = append(w, weights[row])
		}
		got := described(t, tab.Take(by), permuted, &cluster.DescribeOptions{Weights: w})
		for g := range got.Groups {
			for i, row := range got.Groups[g].Exemplars {
				got.Groups[g].Exemplars[i] = by[row]
			}
		}
		require.Equal(t, descriptionJSON(t, want), descriptionJSON(t, got))
		require.Equal(t, want.String(), got.String())
	})
	t.Run("weight is repetition", func(t *testing.T) {
		repeated, all := &cluster.Assignment{}, []int(nil)
		for row, w := range weights {
			for range int(math.Round(w / 0.7)) {
				all = append(all, row)
				repeated.Labels, repeated.Outliers = append(repeated.Labels, a.Labels[row]), append(repeated.Outliers, a.Outliers[row])
			}
		}
		again := tab.Take(all)
		again.IDs = nil
		got := described(t, again, repeated, nil)
		for g := range want.Groups {
			want, got := want.Groups[g], got.Groups[g]
			require.Equal(t, want.Name, got.Name)
			require.Equal(t, want.Rule.String(), got.Rule.String())
			require.InDelta(t, want.Rule.Precision, got.Rule.Precision, 1e-9)
			require.InDelta(t, want.Rule.Coverage, got.Rule.Coverage, 1e-9)
			require.Equal(t, want.Separating, got.Separating)
			for c := range want.Columns {
				require.InDelta(t, want.Columns[c].Mean, got.Columns[c].Mean, 1e-9)
				require.InDelta(t, want.Columns[c].SD, got.Columns[c].SD, 1e-9)
				require.InDelta(t, want.Columns[c].Position, got.Columns[c].Position, 1e-9)
				require.InDelta(t, want.Columns[c].Separation, got.Columns[c].Separation, 1e-9)
			}
		}
	})
	t.Run("a large offset", func(t *testing.T) {
		moved := &table.Table[int]{IDs: tab.IDs, Compare: tab.Compare, Columns: slices.Clone(tab.Columns)}
		moved.Columns[0].Num = slices.Clone(moved.Columns[0].Num)
		for i := range moved.Columns[0].Num {
			moved.Columns[0].Num[i] += 1.7e9
		}
		got := described(t, moved, a, &cluster.DescribeOptions{Weights: weights})
		for g := range got.Groups {
			w, m := want.Groups[g].Columns[0], got.Groups[g].Columns[0]
			require.InDelta(t, w.SD, m.SD, 1e-6)
			require.InDelta(t, w.Difference, m.Difference, 1e-6)
			require.Equal(t, w.Position, m.Position)
			require.Equal(t, w.Separation, m.Separation)
			require.Equal(t, want.Groups[g].Rule.Coverage, got.Groups[g].Rule.Coverage)
		}
	})
	t.Run("workers", func(t *testing.T) {
		for _, workers := range []int{1, 2, 3, 8} {
			require.Equal(t, descriptionJSON(t, want), descriptionJSON(t, described(t, tab, a, &cluster.DescribeOptions{Weights: weights, Workers: workers})))
		}
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		require.Equal(t, descriptionJSON(t, want), descriptionJSON(t, described(t, tab, a, &cluster.DescribeOptions{Weights: weights})))
	})
}

func TestDescribeAGroupOfAllAndOfNone(t *testing.T) {
	tab := &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("x", 1, 2, 3), table.CategoryColumn("c", "a", "b", ""),
		table.NumberColumn("unknown", math.NaN(), math.NaN(), math.NaN()),
	}}
	d := described(t, tab, &cluster.Assignment{Labels: []int32{0, 0, 0}}, &cluster.DescribeOptions{K: 2})
	require.Nil(t, d.Groups[0].Rule)
	require.Equal(t, cluster.Text{EN: "average", ZH: "一般"}, d.Groups[0].Name)
	require.Equal(t, 1.0, d.Groups[0].Columns[0].Lift)
	require.Equal(t, cluster.Text{EN: "empty", ZH: "空"}, d.Groups[1].Name)
	require.Empty(t, d.Groups[1].Exemplars)
	require.JSONEq(t, `{"column":"x","kind":"number","rows":3,"missing":0,"weight":3,"separation":0,"mean":2,"sd":0.816496580927726,"median":2,
		"least":1,"most":3,"quantiles":[1.1,1.5,2,2.5,2.9],"lift":1,"difference":0,"position":0.5}`, descriptionJSON(t, d.Groups[0].Columns[0]))
	require.JSONEq(t, `{"column":"c","kind":"category","rows":2,"missing":1,"weight":2,"separation":0,"levels":[
		{"level":"a","weight":1,"share":0.5,"base_share":0.5,"lift":1},{"level":"b","weight":1,"share":0.5,"base_share":0.5,"lift":1}]}`,
		descriptionJSON(t, d.Groups[0].Columns[1]))
	require.JSONEq(t, `{"column":"unknown","kind":"number","rows":0,"missing":3,"weight":0,"separation":0,"mean":0,"sd":0,"median":0,
		"least":0,"most":0,"quantiles":null,"difference":0,"position":0.5}`, descriptionJSON(t, d.Groups[0].Columns[2]))
	require.Contains(t, d.String(), "0 rows, 0% of all")

	d = described(t, tab, &cluster.Assignment{Labels: []int32{-1, -1, -1}}, nil)
	require.Empty(t, d.Groups)
	require.Equal(t, 2.0, d.Columns[0].Mean)
}

func TestDescribeRefuses(t *testing.T) {
	tab := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", 1, 2, 3), table.CategoryColumn("c", "a", "a", "b")}}
	labels := &cluster.Assignment{Labels: []int32{0, 1, 1}}
	for name, c := range map[string]struct {
		a    *cluster.Assignment
		o    cluster.DescribeOptions
		want string
	}{
		"labels of another number":  {&cluster.Assignment{Labels: []int32{0}}, cluster.DescribeOptions{}, "cluster: Describe: labels, weights, distances or outliers of another number than 3 rows"},
		"weights of another number": {labels, cluster.DescribeOptions{Weights: []float64{1}}, "cluster: Describe: labels, weights, distances or outliers of another number than 3 rows"},
		"a label beyond K":          {labels, cluster.DescribeOptions{K: 1}, "cluster: Describe: row 1: label is not below K"},
		"a label beyond all bounds": {&cluster.Assignment{Labels: []int32{0, 1, cluster.MaxK}}, cluster.DescribeOptions{}, "cluster: Describe: row 2: label is not below K"},
		"no such column":            {labels, cluster.DescribeOptions{RuleColumns: []string{"y"}}, `table: no such column: "y"`},
		"everything at once": {
			labels,
			cluster.DescribeOptions{
				K: -1, Levels: -1, Exemplars: -1, RuleDepth: 11, RuleSample: -1, Weights: []float64{1, -1, math.NaN()},
				Quantiles: []float64{0.5, 1.5}, Naming: &cluster.Naming{Words: -1}, Workers: -3,
			},
			"cluster: DescribeOptions.K is not 0 to 4096\ncluster: DescribeOptions.Levels is negative\ncluster: DescribeOptions.Exemplars is negative\n" +
				"cluster: DescribeOptions.RuleDepth is not 0 to 10\ncluster: DescribeOptions.RuleSample is negative\n" +
				"cluster: DescribeOptions.Weights holds a negative or non-finite weight\n" +
				"cluster: DescribeOptions.Quantiles holds a number that is not in [0, 1]\ncluster: DescribeOptions.Naming.Words is negative\n" +
				"cluster: DescribeOptions.Workers is negative",
		},
		"no columns of the naming": {
			labels,
			cluster.DescribeOptions{Naming: &cluster.Naming{Recency: "recncy", Monetary: "c", Columns: map[string]cluster.Words{"x": {}, "z": {}, "y": {}}}},
			"cluster: DescribeOptions.Naming.Recency: table: no such column: \"recncy\"\n" +
				"cluster: DescribeOptions.Naming.Monetary: table: no such column: \"c\"\n" +
				"cluster: DescribeOptions.Naming.Columns: table: no such column: \"y\"\n" +
				"cluster: DescribeOptions.Naming.Columns: table: no such column: \"z\"",
		},
		"weights that overflow": {labels, cluster.DescribeOptions{Weights: []float64{1, 1e101, 1}}, "cluster: DescribeOptions.Weights add up to 0 or too much"},
		"no weight":             {labels, cluster.DescribeOptions{Weights: []float64{0, 0, 0}}, "cluster: DescribeOptions.Weights add up to 0 or too much"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := cluster.Describe(t.Context(), tab, c.a, &c.o)
			require.EqualError(t, err, c.want)
		})
	}
	_, err := cluster.Describe(t.Context(), &table.Table[int]{}, &cluster.Assignment{}, nil)
	require.ErrorIs(t, err, cluster.ErrNoRows)
	var fault *table.Fault
	_, err = cluster.Describe(t.Context(), &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", math.Inf(1))}}, labels, nil)
	require.ErrorAs(t, err, &fault)
	_, err = cluster.Describe(t.Context(), tab, labels, &cluster.DescribeOptions{Naming: &cluster.Naming{Frequency: "y"}})
	require.ErrorIs(t, err, table.ErrNoColumn)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = cluster.Describe(ctx, tab, labels, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestDescribeRefusesWhatCannotBeAddedUp(t *testing.T) {
	labels := &cluster.Assignment{Labels: []int32{0, 1, 1, 0}}
	for _, x := range []float64{1.1e100, 1e200, math.MaxFloat64} {
		tab := &table.Table[int]{Columns: []table.Column{table.NumberColumn("y", 1, 2, 3, 4), table.NumberColumn("x", 1, -x, math.NaN(), x)}}
		_, err := cluster.Describe(t.Context(), tab, labels, nil)
		require.ErrorIs(t, err, cluster.ErrTooLarge)
		var fault *table.Fault
		require.ErrorAs(t, err, &fault)
		require.Equal(t, table.Fault{Column: "x", Index: 1, Row: 1, Count: 2, Err: cluster.ErrTooLarge}, *fault)
	}
	tab := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", 1e100, -1e100, 0, 1)}}
	d := described(t, tab, labels, &cluster.DescribeOptions{Weights: []float64{2e99, 2e99, 2e99, 2e99}})
	require.InDelta(t, math.Sqrt(0.5), d.Columns[0].SD/1e100, 1e-9)
	require.Contains(t, descriptionJSON(t, d), `"sd":`)
}

func TestDescriptionStringOfOne(t *testing.T) {
	tab := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", 1)}}
	require.Equal(t, "1 row, 1 group\n\n0  average · 一般\n   1 row, 100% of all\n",
		described(t, tab, &cluster.Assignment{Labels: []int32{0}}, nil).String())
}

func BenchmarkDescribe(b *testing.B) {
	const n, k = 1_000_000, 8
	r := rand.New(rand.NewPCG(1, 1))
	tab, a := &table.Table[int]{}, &cluster.Assignment{Labels: make([]int32, n)}
	for i := range n {
		a.Labels[i] = int32(r.IntN(k))
	}
	for c := range 10 {
		x := make([]float64, n)
		for i := range x {
			x[i] = math.Exp(r.NormFloat64() + float64((int(a.Labels[i])*(c+1))%k)/4)
		}
		tab.Columns = append(tab.Columns, table.NumberColumn(fmt.Sprintf("x%d", c), x...))
	}
	for b.Loop() {
		if _, err := cluster.Describe(b.Context(), tab, a, nil); err != nil {
			b.Fatal(err)
		}
	}
}
