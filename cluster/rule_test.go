package cluster_test

import (
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

// obeys applies the conditions of a rule to a row.
func obeys(t *table.Table[int], row int, r *cluster.Rule) bool {
	for _, c := range r.Conditions {
		column, _ := t.Column(c.Column)
		ok := true
		switch {
		case column.Missing(row):
			ok = c.Missing
		case c.Levels != nil:
			ok = slices.Contains(c.Levels, column.Level(row)) != c.Except
		case c.AtLeast == nil && c.Below == nil:
			ok = !c.Missing
		default:
			x := column.Num[row]
			ok = (c.AtLeast == nil || x >= *c.AtLeast) && (c.Below == nil || x < *c.Below)
		}
		if !ok {
			return false
		}
	}
	return true
}

// TestRulesAreWhatTheySay applies every rule row by row.
func TestRulesAreWhatTheySay(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	rules := 0
	for round := range 60 {
		k := 2 + round%4
		tab, a, weights := describable(r, 50+r.IntN(400), k)
		o := &cluster.DescribeOptions{Weights: weights, RuleDepth: 1 + round%5, RuleSample: []int{0, 100}[round%2]}
		d := described(t, tab, a, o)
		for g := range d.Groups {
			rule := d.Groups[g].Rule
			if rule == nil {
				continue
			}
			rules++
			both, held, own := 0.0, 0.0, 0.0
			for row, w := range weights {
				ok := obeys(tab, row, rule)
				if ok {
					held += w
				}
				if inGroup(a, row, g) {
					own += w
					if ok {
						both += w
					}
				}
			}
			require.NotEmpty(t, rule.Conditions)
			require.InDelta(t, both/own, rule.Coverage, 1e-12)
			if held > 0 {
				require.InDelta(t, both/held, rule.Precision, 1e-12)
			}
		}
	}
	require.Greater(t, rules, 150)
}

// squares has one row for each x of 0, 1 to 99 and y of 0, 5 to 95, and the columns z, which says nothing,
// and half, which is missing where y is below 50.
func squares(label func(x, y int) int32) (*table.Table[int], *cluster.Assignment) {
	var x, y, z, half []float64
	var c []string
	a := &cluster.Assignment{}
	for i := range 100 {
		for j := 0; j < 100; j += 5 {
			x, y, z = append(x, float64(i)), append(y, float64(j)), append(z, float64((i*37+j*61)%101))
			half = append(half, map[bool]float64{true: math.NaN(), false: 7}[j < 50])
			c = append(c, string(rune('a'+i/20)))
			a.Labels = append(a.Labels, label(i, j))
		}
	}
	return &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("x", x...), table.NumberColumn("y", y...), table.NumberColumn("z", z...),
		table.NumberColumn("half", half...), table.CategoryColumn("c", c...),
	}}, a
}

func TestRuleTexts(t *testing.T) {
	for name, c := range map[string]struct {
		label   func(x, y int) int32
		columns []string
		want    string
	}{
		"a threshold between whole numbers": {func(x, _ int) int32 { return oneIf(x < 30) }, nil, "x < 30"},
		"the other side":                    {func(x, _ int) int32 { return oneIf(x >= 30) }, nil, "x >= 30"},
		"an interval is one condition":      {func(x, _ int) int32 { return oneIf(x >= 30 && x < 60) }, []string{"x", "y", "z"}, "30 <= x < 60"},
		"what separates better comes first": {func(x, y int) int32 { return oneIf(y < 50 && x >= 70) }, []string{"x", "y"}, "x >= 70 and y < 50"},
		"an odd threshold that matters":     {func(x, _ int) int32 { return oneIf(x > 70) }, []string{"x"}, "x >= 71"},
		"a level":                           {func(x, _ int) int32 { return oneIf(x < 20) }, []string{"c"}, "c = a"},
		"levels":                            {func(x, _ int) int32 { return oneIf(x < 40) }, []string{"c"}, "c in {a, b}"},
		"all levels but one":                {func(x, _ int) int32 { return oneIf(x < 80) }, []string{"c"}, "c != e"},
		"all levels but two":                {func(x, _ int) int32 { return oneIf(x < 60) }, []string{"c"}, "c not in {d, e}"},
		"what is missing":                   {func(_, y int) int32 { return oneIf(y < 50) }, []string{"half", "z"}, "half is missing"},
		"what is known":                     {func(_, y int) int32 { return oneIf(y >= 50) }, []string{"half", "z"}, "half is known"},
	} {
		t.Run(name, func(t *testing.T) {
			tab, a := squares(c.label)
			rule := described(t, tab, a, &cluster.DescribeOptions{RuleColumns: c.columns}).Groups[1].Rule
			require.Equal(t, c.want, rule.String())
			require.Greater(t, rule.Precision, 0.98)
			require.Greater(t, rule.Coverage, 0.98)
		})
	}
	tab, a := squares(func(x, _ int) int32 { return oneIf(x < 30) })
	require.Nil(t, described(t, tab, a, &cluster.DescribeOptions{RuleColumns: []string{}}).Groups[1].Rule)
}

func oneIf(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// TestRulesRoundThresholds has amounts with many digits, and times in seconds, of which
// only the last ones matter.
func TestRulesRoundThresholds(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	var amount, since []float64
	a := &cluster.Assignment{}
	for range 5000 {
		amount = append(amount, math.Round(math.Exp(8+r.NormFloat64())*100)/100)
		since = append(since, 1.7e9+math.Round(r.Float64()*1e6))
		a.Labels = append(a.Labels, oneIf(amount[len(amount)-1] > 4321.17 && since[len(since)-1] < 1.7e9+503_211))
	}
	tab := &table.Table[int]{Columns: []table.Column{table.NumberColumn("amount", amount...), table.NumberColumn("since", since...)}}
	rule := described(t, tab, a, nil).Groups[1].Rule
	require.Equal(t, "amount >= 4,300 and since < 1,700,504,000", rule.String())
}

func TestConditionString(t *testing.T) {
	p := func(x float64) *float64 { return &x }
	for want, c := range map[string]cluster.Condition{
		"x >= 1,234,567.5":          {Column: "x", AtLeast: p(1234567.5)},
		"x < -1,000":                {Column: "x", Below: p(-1000)},
		"0.25 <= x < 999":           {Column: "x", AtLeast: p(0.25), Below: p(999)},
		"(x >= 1e-07 or missing)":   {Column: "x", AtLeast: p(1e-7), Missing: true},
		"x >= 1e+20":                {Column: "x", AtLeast: p(1e20)},
		"(c in {a, b} or missing)":  {Column: "c", Levels: []string{"a", "b"}, Missing: true},
		"c not in {a, b}":           {Column: "c", Levels: []string{"a", "b"}, Except: true},
		"c is missing":              {Column: "c", Missing: true},
		"c is known":                {Column: "c"},
		"c in {a, b, c, d, e}":      {Column: "c", Levels: []string{"a", "b", "c", "d", "e"}},
		"c in {a, b, c and 3 more}": {Column: "c", Levels: []string{"a", "b", "c", "d", "e", "f"}},
		"(c not in {a, b, c and 4 more} or missing)": {Column: "c", Levels: []string{"a", "b", "c", "d", "e", "f", "g"}, Except: true, Missing: true},
	} {
		require.Equal(t, want, fmt.Sprint(c))
	}
}

func TestRuleString(t *testing.T) {
	four := 4.0
	c := cluster.Condition{Column: "c", Levels: []string{"app", "web"}, Missing: true}
	a := cluster.Condition{Column: "a", Below: &four, Missing: true}
	require.Equal(t, "(c in {app, web} or missing) and (a < 4 or missing)", (&cluster.Rule{Conditions: []cluster.Condition{c, a}}).String())
	require.Equal(t, "a < 4 or missing", (&cluster.Rule{Conditions: []cluster.Condition{a}}).String())
}

// manyLevels has a category column of some number of levels, which alone tells the groups
// apart, beside a number that half does.
func manyLevels(rows, levels int) (*table.Table[int], *cluster.Assignment) {
	r := rand.New(rand.NewPCG(13, 14))
	x, texts, a := make([]float64, rows), make([]string, rows), &cluster.Assignment{}
	for i := range rows {
		level := i % levels
		a.Labels = append(a.Labels, int32(level%3))
		x[i], texts[i] = float64(level%3)+r.NormFloat64(), fmt.Sprintf("level %d", level)
	}
	return &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", x...), table.CategoryColumn("c", texts...)}}, a
}

func TestRulesLeaveOutManyLevels(t *testing.T) {
	for name, c := range map[string]struct {
		rows, levels int
		named        []string
		want         bool
	}{
		"few levels":               {3000, 50, nil, true},
		"many levels":              {3000, 51, nil, false},
		"many levels, named":       {3000, 51, []string{"c"}, true},
		"half as many as rows":     {60, 30, nil, true},
		"more than half as many":   {60, 31, nil, false},
		"a level a row":            {30, 30, nil, false},
		"a level a row, but named": {30, 30, []string{"x", "c"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			tab, a := manyLevels(c.rows, c.levels)
			for _, g := range described(t, tab, a, &cluster.DescribeOptions{RuleColumns: c.named}).Groups {
				named := slices.ContainsFunc(g.Rule.Conditions, func(c cluster.Condition) bool { return c.Column == "c" })
				require.Equal(t, c.want, named, g.Rule)
				require.Less(t, len(g.Rule.String()), 100)
			}
		})
	}
}

// TestRulesOfManyLevelsCostLittle has a level a row: time and memory went with the square
// of the levels.
func TestRulesOfManyLevelsCostLittle(t *testing.T) {
	const n = 10_000
	tab, a := manyLevels(n, n)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d := described(t, tab, a, &cluster.DescribeOptions{RuleColumns: []string{"c"}})
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(10_000*n))
	require.Equal(t, 1.0, d.Groups[0].Rule.Precision)
	require.Less(t, len(d.String()), 3000)
}

// TestRuleThresholdsAreTheBest tries every threshold in place of that of a rule.
func TestRuleThresholdsAreTheBest(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 40 {
		var x, weights []float64
		a := &cluster.Assignment{}
		for range 200 {
			x = append(x, math.Round(r.NormFloat64()*50)/10)
			if r.IntN(20) == 0 {
				x[len(x)-1] = math.NaN()
			}
			a.Labels = append(a.Labels, oneIf(x[len(x)-1]+3*r.NormFloat64() > 2))
			weights = append(weights, r.Float64())
		}
		tab := &table.Table[int]{Columns: []table.Column{table.NumberColumn("x", x...)}}
		for g, group := range described(t, tab, a, &cluster.DescribeOptions{Weights: weights, RuleDepth: 1}).Groups {
			rule := group.Rule
			require.Len(t, rule.Conditions, 1)
			c := rule.Conditions[0]
			best := 0.0
			for _, threshold := range x {
				both, held, own := 0.0, 0.0, 0.0
				for row, w := range weights {
					ok := c.Below != nil && x[row] < threshold || c.AtLeast != nil && x[row] >= threshold || math.IsNaN(x[row]) && c.Missing
					if ok {
						held += w
					}
					if int(a.Labels[row]) == g {
						own += w
						if ok {
							both += w
						}
					}
				}
				best = max(best, 2*both/(held+own))
			}
			got := 2 * rule.Precision * rule.Coverage / (rule.Precision + rule.Coverage)
			require.GreaterOrEqual(t, got, best*0.995)
		}
	}
}
