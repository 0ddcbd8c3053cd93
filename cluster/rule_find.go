package cluster

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sort"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/internal/radix"
	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/table"
)

// rules fills the rule of each group.
func (d *describer) rules(ctx context.Context, out *Description) error {
	f := &ruleFinder{describer: d}
	names := d.o.RuleColumns
	sampled := evenRows(len(d.rows), d.o.RuleSample)
	label := gather32(d.label, sampled)
	for i := range d.columns {
		c := &d.columns[i]
		if slices.Contains(names, c.Name) || names == nil && d.fewLevels(i, out.Columns[i].Rows) {
			f.index = append(f.index, i)
			f.sample.Columns = append(f.sample.Columns, table.Column{
				Name: c.Name, Kind: c.Kind, Levels: c.Levels, Num: gather32(c.Num, sampled), Code: gather32(c.Code, sampled),
			})
		}
	}
	if len(f.index) == 0 {
		return nil
	}
	if d.weight != nil {
		f.weight = gather32(d.weight, sampled)
	}
	f.values, f.order, f.whole = make([][]float64, len(f.index)), make([][]int32, len(f.index)), make([]bool, len(f.index))
	parallel.For(d.o.Workers, len(f.index), func(i int) {
		f.order[i], f.values[i] = distinctValues(&f.sample.Columns[i])
		f.whole[i] = !slices.ContainsFunc(f.values[i], func(x float64) bool { return x != math.Round(x) })
	})
	errs := make([]error, d.k)
	parallel.For(d.o.Workers, d.k, func(g int) {
		out.Groups[g].Rule, errs[g] = f.rule(ctx, label, &out.Groups[g], out.Columns)
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// ruleLevels is the largest number of levels of a column that rules speak of without being
// told to.
const ruleLevels = 50

// fewLevels reports whether a column has few levels, or numbers: a rule that lists many
// says nothing, and levels of a row each are names.
func (d *describer) fewLevels(column, rows int) bool {
	n := 0
	for _, occurs := range d.occurs[column] {
		if occurs {
			n++
		}
	}
	return n <= ruleLevels && 2*n <= rows || n <= 1
}

// ruleFinder finds rules on a sample of the rows.
type ruleFinder struct {
	*describer
	index  []int            // of the sample's columns among all
	sample table.Table[int] // without ids
	weight []float64        // of the sample; nil: 1 each
	values [][]float64      // different values of each number column of the sample, ascending
	whole  []bool           // whether those are whole numbers
	order  [][]int32        // rows of the sample that have a value of each number column, ascending by it
}

func (f *ruleFinder) weightAt(i int) float64 {
	if f.weight == nil {
		return 1
	}
	return f.weight[i]
}

// evenRows returns m of n indexes, or all.
func evenRows(n, m int) []int32 {
	m = min(n, m)
	index := make([]int32, m)
	for i := range index {
		index[i] = int32((2*i + 1) * n / (2 * m))
	}
	return index
}

// distinctValues returns the rows of a number column that have a value, ascending by it, and the
// different values.
func distinctValues(c *table.Column) (order []int32, values []float64) {
	if c.Kind == table.Category {
		return nil, nil
	}
	order = radix.Order(c.Num)
	for at, i := range order {
		x := c.Num[i]
		if math.IsNaN(x) {
			return order[:at], values
		}
		if at == 0 || x != values[len(values)-1] {
			values = append(values, x)
		}
	}
	return order, values
}

// ruleSearch is the search for the rule of a group.
type ruleSearch struct {
	*ruleFinder
	member []int32 // 1: in the group, of each row of the sample
}

// ruleTest is a condition on a column of the sample that is still being shaped.
type ruleTest struct {
	column       int
	low, high    float64 // low <= x < high
	levels       []bool  // nil: a number
	missing      bool
	onlyMissing  bool
	lowAt, topAt float64 // the thresholds of the tree, between two values
}

func (f *ruleFinder) rule(ctx context.Context, label []int32, group *Group, base []ColumnProfile) (*Rule, error) {
	s := &ruleSearch{f, make([]int32, len(label))}
	own, total := 0.0, 0.0
	for i, g := range label {
		w := s.weightAt(i)
		total += w
		if int(g) == group.Label {
			s.member[i] = 1
			own += w
		}
	}
	if own == 0 || own == total {
		return nil, nil
	}
	balanced := make([]float64, len(label))
	for i := range balanced {
		balanced[i] = s.weightAt(i) * own / (total - own)
		if s.member[i] == 1 {
			balanced[i] = s.weightAt(i)
		}
	}
	var best []ruleTest
	top := 0.0
	for _, o := range []tree.Options{{Weights: f.weight}, {Weights: balanced}} {
		o.MaxDepth, o.MinLeaf, o.MinGain, o.Workers = f.o.RuleDepth, own/20, 1e-12, 1
		t, err := tree.Fit(ctx, &f.sample, s.member, &o)
		if err != nil {
			return nil, err
		}
		var leaf []ruleTest
		highest := 0.0
		for _, l := range t.Leaves() {
			if tests := s.tests(l.Path); len(tests) > 0 {
				if score := s.score(tests); score > highest {
					leaf, highest = tests, score
				}
			}
		}
		if highest = s.sharpen(leaf, highest); highest > top {
			best, top = leaf, highest
		}
	}
	if best == nil {
		return nil, nil
	}
	best = s.shorten(best, top*(1-shortenTolerance))
	top = s.sharpen(best, s.score(best))
	s.round(best, base, top*(1-roundTolerance))
	slices.SortStableFunc(best, func(a, b ruleTest) int {
		return cmp.Compare(group.Columns[f.index[b.column]].Separation, group.Columns[f.index[a.column]].Separation)
	})
	rule := &Rule{}
	for i := range best {
		rule.Conditions = append(rule.Conditions, s.condition(&best[i], base))
	}
	rule.Precision, rule.Coverage = f.describer.hold(best, f.index, int32(group.Label))
	return rule, nil
}

// tests makes tests of the conditions of a leaf.
func (s *ruleSearch) tests(path []tree.Condition) []ruleTest {
	var tests []ruleTest
	for _, c := range path {
		t := ruleTest{missing: c.Missing, low: math.Inf(-1), high: math.Inf(1)}
		t.column = slices.IndexFunc(s.sample.Columns, func(o table.Column) bool { return o.Name == c.Column })
		column := &s.sample.Columns[t.column]
		if c.Kind == table.Number {
			if t.onlyMissing = math.IsInf(c.Above, 1); !t.onlyMissing {
				t.lowAt, t.topAt = c.Above, c.UpTo
				t.low, t.high = s.above(t.column, c.Above), s.above(t.column, c.UpTo)
			}
		} else {
			t.onlyMissing = len(c.Levels) == 0
			t.levels = make([]bool, len(column.Levels))
			rest := c.Levels // in the order of the column
			for level, text := range column.Levels {
				if len(rest) > 0 && rest[0] == text {
					t.levels[level], rest = true, rest[1:]
				}
			}
		}
		tests = append(tests, t)
	}
	return tests
}

// above returns the smallest value above a threshold, or an infinity as it is.
func (s *ruleSearch) above(column int, threshold float64) float64 {
	if math.IsInf(threshold, 0) {
		return threshold
	}
	values := s.values[column]
	i := sort.Search(len(values), func(i int) bool { return values[i] > threshold })
	if i == len(values) {
		return math.Inf(1)
	}
	return values[i]
}

// holds reports whether a test holds of row i of its column.
func (t *ruleTest) holds(c *table.Column, i int) bool {
	switch {
	case c.Missing(i):
		return t.missing
	case t.onlyMissing:
		return false
	case t.levels != nil:
		return t.levels[c.Code[i]]
	}
	return c.Num[i] >= t.low && c.Num[i] < t.high
}

// score is the harmonic mean of precision and coverage of tests on the sample.
func (s *ruleSearch) score(tests []ruleTest) float64 {
	both, held, own := 0.0, 0.0, 0.0
	for i, member := range s.member {
		w := s.weightAt(i)
		if member == 1 {
			own += w
		}
		if s.hold(tests, i) {
			held += w
			if member == 1 {
				both += w
			}
		}
	}
	if both == 0 {
		return 0
	}
	return 2 * both / (held + own)
}

func (s *ruleSearch) hold(tests []ruleTest, i int) bool {
	for t := range tests {
		if !tests[t].holds(&s.sample.Columns[tests[t].column], i) {
			return false
		}
	}
	return true
}

// condition writes a test.
func (s *ruleSearch) condition(t *ruleTest, base []ColumnProfile) Condition {
	column := &s.sample.Columns[t.column]
	c := Condition{Column: column.Name, Missing: t.missing && base[s.index[t.column]].Missing > 0}
	if t.onlyMissing {
		return c
	}
	if t.levels == nil {
		if !math.IsInf(t.low, -1) {
			c.AtLeast = &t.low
		}
		if !math.IsInf(t.high, 1) {
			c.Below = &t.high
		}
		return c
	}
	var in, out []string
	for level, ok := range t.levels {
		if !s.occurs[s.index[t.column]][level] {
			continue
		}
		if ok {
			in = append(in, column.Levels[level])
		} else {
			out = append(out, column.Levels[level])
		}
	}
	if c.Levels = in; len(out) < len(in) {
		c.Levels, c.Except = out, true
	}
	return c
}

// hold returns precision and coverage of tests among all rows.
func (d *describer) hold(tests []ruleTest, index []int, group int32) (precision, coverage float64) {
	both, held, own := 0.0, 0.0, 0.0
rows:
	for i, label := range d.label {
		w := d.weightOf(int32(i))
		if label == group {
			own += w
		}
		for t := range tests {
			if !tests[t].holds(&d.columns[index[tests[t].column]], i) {
				continue rows
			}
		}
		held += w
		if label == group {
			both += w
		}
	}
	if held > 0 {
		precision = both / held
	}
	return precision, both / own
}
