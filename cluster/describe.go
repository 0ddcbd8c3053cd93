package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// Defaults of [DescribeOptions].
const (
	defaultTopLevels  = 5      // levels of a category
	defaultExemplars  = 3      // typical rows of a group
	defaultRuleDepth  = 3      // questions behind a rule
	defaultRuleSample = 50_000 // rows that rules are looked for on
)

// DescribeOptions says how groups are described. The zero value of every field is a
// sensible default. A plain value: safe for concurrent reads.
type DescribeOptions struct {
	// K is the number of groups. 0: one more than the largest label.
	K int
	// Weights has one weight for each row, at least 0 and not all 0: a row of weight 2
	// counts as two equal rows. Nil: 1 each.
	Weights []float64
	// Quantiles are the probabilities, in [0, 1], of which quantiles are given. Nil: 0.05,
	// 0.25, 0.5, 0.75 and 0.95.
	Quantiles []float64
	// Levels is the number of levels given of a category column. 0: 5.
	Levels int
	// Exemplars is the number of rows that stand for a group. 0: 3.
	Exemplars int

	// RuleColumns are the columns that rules speak of. Nil: all, but categories of more than
	// 50 levels that occur, or of more than half as many as rows with a value. Empty: none, no
	// rules.
	RuleColumns []string
	// RuleDepth is the largest number of questions behind a rule, 1 to 10. 0: 3.
	RuleDepth int
	// RuleSample is the number of rows rules are looked for on, evenly spread over the
	// canonical order. Their precision and coverage are counted on all rows. 0:
	// 50,000.
	RuleSample int

	// Naming says what columns mean. Nil: what their names say; see [Naming].
	Naming *Naming
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// Validate reports every fault of the options at once, each wrapping [ErrOptions]. Nil options are
// valid.
func (o *DescribeOptions) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	fault := func(bad bool, text string) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: DescribeOptions.%s", ErrOptions, text))
		}
	}
	fault(o.K < 0 || o.K > MaxK, fmt.Sprintf("K is not 0 to %d", MaxK))
	fault(o.Levels < 0, "Levels is negative")
	fault(o.Exemplars < 0, "Exemplars is negative")
	fault(o.RuleDepth < 0 || o.RuleDepth > 10, "RuleDepth is not 0 to 10")
	fault(o.RuleSample < 0, "RuleSample is negative")
	sum, bad := 0.0, false
	for _, w := range o.Weights {
		sum += w
		bad = bad || !(w >= 0) || math.IsInf(w, 0)
	}
	fault(bad, "Weights holds a negative or non-finite weight")
	fault(!bad && o.Weights != nil && !(sum > 0 && sum <= largest), "Weights add up to 0 or too much")
	bad = false
	for _, p := range o.Quantiles {
		bad = bad || !(p >= 0 && p <= 1)
	}
	fault(bad, "Quantiles holds a number that is not in [0, 1]")
	fault(o.Naming != nil && o.Naming.Words < 0, "Naming.Words is negative")
	fault(o.Workers < 0, "Workers is negative")
	return errors.Join(faults...)
}

func (o *DescribeOptions) withDefaults() DescribeOptions {
	d := DescribeOptions{}
	if o != nil {
		d = *o
	}
	for _, v := range []struct {
		field   *int
		initial int
	}{
		{&d.Levels, defaultTopLevels},
		{&d.Exemplars, defaultExemplars},
		{&d.RuleDepth, defaultRuleDepth},
		{&d.RuleSample, defaultRuleSample},
	} {
		if *v.field == 0 {
			*v.field = v.initial
		}
	}
	if d.Quantiles == nil {
		d.Quantiles = []float64{0.05, 0.25, 0.5, 0.75, 0.95}
	}
	d.Workers = parallel.Workers(d.Workers)
	return d
}

// Description tells groups of rows apart. A plain value: safe for concurrent reads.
type Description struct {
	Rows      int             `json:"rows"`      // all of some weight, in a group or not: the base
	Weight    float64         `json:"weight"`    // their weight
	Quantiles []float64       `json:"quantiles"` // the probabilities of all quantiles
	Columns   []ColumnProfile `json:"columns"`   // the base, a column of the table each, in its order
	Groups    []Group         `json:"groups"`    // by label
}

// Group is what is particular about the rows of a label. A plain value: safe for
// concurrent reads.
type Group struct {
	Label  int     `json:"label"`
	Rows   int     `json:"rows"`   // of some weight
	Weight float64 `json:"weight"` // their weight
	Share  float64 `json:"share"`  // of the weight of the base
	// Name is made of the words of [Naming]: unique within a description.
	Name Text `json:"name"`
	// Class is the class of value: high value, potential, at risk or infrequent; empty
	// where no column is known to be recency and none monetary or frequency. See [Naming].
	Class Text `json:"class"`
	// Rule are conditions that hold of the group and of few others; nil if there is none.
	Rule *Rule `json:"rule,omitempty"`
	// Separating are the columns by Separation descending, as indexes into Columns, those
	// that do not separate at all left out.
	Separating []int `json:"separating"`
	// Columns has a column of the table each, in its order.
	Columns []ColumnProfile `json:"columns"`
	// Exemplars are typical rows, as indexes of rows of the table, the most typical first:
	// those of the smallest distance of the [Assignment]. Where that has no distances: the
	// smallest mean over the columns that are known, at least half of them, of squared
	// differences from the median of the group in standard deviations of the base; a
	// category counts 1 where it is not the most frequent level of the group. Of equal
	// rows the first in canonical order.
	Exemplars []int `json:"exemplars"`
}

// ColumnProfile is what values a group has in a column, or the base. Missing values are
// counted and take no part in anything else. Where no value is known, all numbers are 0
// and Position is 0.5. A plain value: safe for concurrent reads.
type ColumnProfile struct {
	Column  string     // name
	Kind    table.Kind // which of the fields below count
	Rows    int        // with a value
	Missing int        // rows without
	Weight  float64    // of the rows with a value

	// Of Number columns. The standard deviation divides by the weight; quantiles are those
	// of DescribeOptions.Quantiles, type 7 of Hyndman and Fan (1996).
	Mean, SD, Median, Least, Most float64
	Quantiles                     []float64

	// Levels are the most frequent ones of a Category column, by share descending, of
	// equal ones in the order of the table.
	Levels []LevelProfile

	// Lift is the mean of the group divided by that of the base, for Number columns. NaN
	// (left out of JSON) where that says nothing: base values of both signs, or all 0.
	Lift float64
	// Difference is (mean of the group - mean of the base) / standard deviation of the base;
	// 0 if that is 0.
	Difference float64
	// Position is the probability that a row of the group has a higher value than a row
	// outside it, equal values counting half: 0.5 is alike, 1 all higher (Mann and Whitney
	// 1947, the area under the ROC curve). For Number columns.
	Position float64
	// Separation is how well the column tells the group from all other rows, 0 to 1: the
	// largest difference between the share of the group and that of the others that lie
	// below any threshold (Number, the distance of Kolmogorov and Smirnov) or in any set of
	// levels (Category, the total variation distance).
	Separation float64
}

// MarshalJSON writes the profile for others to read, without what does not belong to its
// kind.
func (c ColumnProfile) MarshalJSON() ([]byte, error) {
	type both struct {
		Column     string  `json:"column"`
		Kind       string  `json:"kind"`
		Rows       int     `json:"rows"`
		Missing    int     `json:"missing"`
		Weight     float64 `json:"weight"`
		Separation float64 `json:"separation"`
	}
	shared := both{c.Column, c.Kind.String(), c.Rows, c.Missing, c.Weight, c.Separation}
	if c.Kind == table.Category {
		return json.Marshal(struct {
			both
			Levels []LevelProfile `json:"levels"`
		}{shared, c.Levels})
	}
	number := struct {
		both
		Mean       float64   `json:"mean"`
		SD         float64   `json:"sd"`
		Median     float64   `json:"median"`
		Least      float64   `json:"least"`
		Most       float64   `json:"most"`
		Quantiles  []float64 `json:"quantiles"`
		Lift       *float64  `json:"lift,omitempty"`
		Difference float64   `json:"difference"`
		Position   float64   `json:"position"`
	}{shared, c.Mean, c.SD, c.Median, c.Least, c.Most, c.Quantiles, nil, c.Difference, c.Position}
	if !math.IsNaN(c.Lift) {
		number.Lift = &c.Lift
	}
	return json.Marshal(number)
}

// LevelProfile is how frequent a level is. A plain value: safe for concurrent reads.
type LevelProfile struct {
	Level     string  `json:"level"`
	Weight    float64 `json:"weight"`     // of the rows of the group that have it
	Share     float64 `json:"share"`      // of the weight of the group whose value is known
	BaseShare float64 `json:"base_share"` // the same of the base
	Lift      float64 `json:"lift"`       // Share / BaseShare; 0 if both are 0
}

// Describe tells what is particular about each group: of t, which may have other columns
// than the groups were made of, with the labels of a, which may come from anywhere. Rows
// of a negative label, and outliers, are in no group, but in the base that groups are
// compared with.
//
// Rules are found by a tree ([github.com/clientele-go/clientele/learn/tree]) of the group
// against all other rows, one by weight and one that gives both sides the same weight. Of
// each that leaf is taken whose conditions have the largest harmonic mean of precision and
// coverage, and its thresholds are moved, one at a time, to where that mean is largest. Of
// the better one conditions are left out as far as the mean falls by no more than 1%, and
// thresholds rounded as far as it falls by no more than another 0.5%.
//
// Where t has ids and Compare the order of its rows does not matter.
//
// Errors: those of [DescribeOptions.Validate], those of [table.Table.Validate],
// [ErrNoRows], a [*table.Fault] with [ErrTooLarge] for a number beyond ±1e100, labels,
// weights or distances of another length than rows, a label not below K,
// [table.ErrNoColumn] for a name of RuleColumns or [Naming] that the table does not have, or
// has of a category where a number is meant, that of ctx. Cost: sorting each column, and the
// rules: trees on the sample, 2·K of them.
func Describe[K comparable](ctx context.Context, t *table.Table[K], a *Assignment, opts *DescribeOptions) (*Description, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	o := opts.withDefaults()
	if err := t.Validate(); err != nil {
		return nil, err
	}
	n := t.Rows()
	switch {
	case n == 0:
		return nil, ErrNoRows
	case a == nil:
		return nil, errors.New("cluster: the assignment is nil")
	}
	if len(a.Labels) != n || o.Weights != nil && len(o.Weights) != n || a.Distances != nil && len(a.Distances) != n ||
		a.Outliers != nil && len(a.Outliers) != n {
		return nil, fmt.Errorf("cluster: Describe: labels, weights, distances or outliers of another number than %d rows", n)
	}
	k := o.K
	for row, label := range a.Labels {
		if int(label) >= MaxK || o.K > 0 && int(label) >= o.K {
			return nil, fmt.Errorf("cluster: Describe: row %d: label is not below K", row)
		}
		k = max(k, int(label)+1)
	}
	if o.RuleColumns != nil {
		if _, err := t.Select(o.RuleColumns...); err != nil {
			return nil, err
		}
	}
	if err := o.Naming.check(t.Columns); err != nil {
		return nil, err
	}
	for i := range t.Columns {
		if err := describable(&t.Columns[i], i); err != nil {
			return nil, err
		}
	}
	order, err := canonicalOrder(t, o.Workers)
	if err != nil {
		return nil, err
	}
	d := &describer{o: &o, k: k, rows: make([]int32, 0, n), label: make([]int32, 0, n), distances: a.Distances}
	for i := range n {
		row := i
		if order != nil {
			row = order[i]
		}
		if o.Weights != nil && o.Weights[row] == 0 {
			continue
		}
		label := a.Labels[row]
		if label < 0 || a.Outliers != nil && a.Outliers[row] {
			label = int32(k)
		}
		d.rows, d.label = append(d.rows, int32(row)), append(d.label, label)
		if o.Weights != nil {
			d.weight = append(d.weight, o.Weights[row])
		}
	}
	for i := range t.Columns {
		c := t.Columns[i]
		c.Num, c.Code = gather32(c.Num, d.rows), gather32(c.Code, d.rows)
		d.columns = append(d.columns, c)
		occurs := make([]bool, len(c.Levels))
		for _, code := range c.Code {
			if code >= 0 {
				occurs[code] = true
			}
		}
		d.occurs = append(d.occurs, occurs)
	}
	return d.describe(ctx)
}

// describable returns the fault of a column with numbers that are too large.
func describable(c *table.Column, index int) error {
	fault := &table.Fault{Column: c.Name, Index: index, Err: ErrTooLarge}
	for row, x := range c.Num {
		if math.Abs(x) > largest {
			if fault.Count == 0 {
				fault.Row = row
			}
			fault.Count++
		}
	}
	if fault.Count > 0 {
		return fault
	}
	return nil
}

// describer describes rows: those of some weight, in canonical order.
type describer struct {
	o         *DescribeOptions
	k         int
	rows      []int32        // the row of the table that each is
	label     []int32        // the group of each; k: none
	weight    []float64      // of each; nil: 1 each
	columns   []table.Column // values of each
	occurs    [][]bool       // levels of each column that a row has
	distances []float64      // of the rows of the table; nil: none
}

func gather32[E any](values []E, rows []int32) []E {
	if values == nil {
		return nil
	}
	taken := make([]E, len(rows))
	for i, row := range rows {
		taken[i] = values[row]
	}
	return taken
}

func (d *describer) weightOf(i int32) float64 {
	if d.weight == nil {
		return 1
	}
	return d.weight[i]
}

func (d *describer) describe(ctx context.Context) (*Description, error) {
	out := &Description{
		Rows: len(d.rows), Quantiles: d.o.Quantiles,
		Columns: make([]ColumnProfile, len(d.columns)), Groups: make([]Group, d.k),
	}
	for g := range out.Groups {
		out.Groups[g] = Group{Label: g, Columns: make([]ColumnProfile, len(d.columns))}
	}
	for i, label := range d.label {
		w := d.weightOf(int32(i))
		out.Weight += w
		if int(label) < d.k {
			out.Groups[label].Rows++
			out.Groups[label].Weight += w
		}
	}
	parallel.For(d.o.Workers, len(d.columns), func(c int) {
		if ctx.Err() != nil {
			return
		}
		profiles := d.profiles(&d.columns[c])
		out.Columns[c] = profiles[d.k]
		for g := range out.Groups {
			out.Groups[g].Columns[c] = profiles[g]
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for g := range out.Groups {
		group := &out.Groups[g]
		group.Share = group.Weight / out.Weight
		group.Separating = separating(group.Columns)
	}
	d.exemplars(out)
	if err := d.rules(ctx, out); err != nil {
		return nil, err
	}
	d.o.Naming.name(out, d.sharedLevels())
	return out, nil
}

// sharedLevels are the levels that rows have in several columns.
func (d *describer) sharedLevels() map[string]bool {
	seen := map[string]bool{} // true: in several
	for i := range d.columns {
		for level, text := range d.columns[i].Levels {
			if d.occurs[i][level] {
				_, before := seen[text]
				seen[text] = before
			}
		}
	}
	maps.DeleteFunc(seen, func(_ string, several bool) bool { return !several })
	return seen
}
