package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// Sizes of a baseline.
const (
	baselineBins   = 10    // of a column of numbers
	baselineSample = 16384 // rows that stand for all
	baselineLevels = 50    // levels with a share of their own, of a column of categories
	baselineShared = 5     // rows of the sample that such a level has at least
	farQuantile    = 0.99  // of the squared distances
)

// baseline is what the rows of the fit looked like, for later comparison. It is stored
// with the model as JSON.
type baseline struct {
	Rows     int       `json:"rows"`
	Size     float64   `json:"size"`     // of Rows; see sampling.size
	Shares   []float64 `json:"shares"`   // of the weight, by group
	Far      []float64 `json:"far"`      // share of the weight of each group that is beyond the last edge of Distance
	Sample   float64   `json:"sample"`   // size of the rows that the rest is made of
	Distance bins      `json:"distance"` // squared distances of the rows to their centres; the last edge is their quantile farQuantile
	Columns  []bins    `json:"columns"`  // of the table, in its order; compared are those that the model has features of
}

// bins are the values of a column in few classes with their shares of the weight.
type bins struct {
	Name   string     `json:"name,omitempty"`
	Kind   string     `json:"kind"`             // as table.Kind.String
	Edges  score.Bins `json:"edges,omitempty"`  // of numbers
	Levels []string   `json:"levels,omitempty"` // of categories: the frequent levels, by share descending, then text; none of fewer than baselineShared rows, which may tell of one customer
	Shares []float64  `json:"shares"`           // of each bin or level; then, for categories, of all other levels; then of missing
}

// used returns those of the columns that m has features of, in their order.
func (m *Model) used(columns []table.Column) []table.Column {
	var used []table.Column
	for i := range columns {
		if m.featureOf(columns[i].Name) != nil {
			used = append(used, columns[i])
		}
	}
	return used
}

// newBaseline makes the baseline of the columns of a table and the labels and squared
// distances of its rows. Weights nil: 1 each. order has the rows of the table in
// canonical order, on which the result then depends, not on that of the table; nil: the
// same. Shares of groups and of far rows are those of all rows; distances and columns are
// those of baselineSample rows, one from each of as many equal stretches of the canonical
// order. Cost: about 5 ns a row, and 3 ms a column.
func newBaseline(columns []table.Column, labels []int32, distances, weights []float64, order []int, k, workers int) baseline {
	all, sample := newSampling(len(labels), weights, order)
	b := baseline{Rows: len(labels), Size: all.size(), Sample: sample.size(), Columns: make([]bins, len(columns))}
	parallel.For(parallel.Workers(workers), len(columns)+1, func(i int) {
		if i > 0 {
			b.Columns[i-1] = sample.column(&columns[i-1])
			return
		}
		b.Distance = sample.distances(distances)
		b.Shares, b.Far = all.groups(labels, distances, b.Distance.last(), k)
	})
	return b
}

// last is the last edge.
func (b *bins) last() float64 { return b.Edges[len(b.Edges)-1] }

// classOf returns the function that gives the class of each row of a column.
func (b *bins) classOf(c *table.Column) func(row int) int {
	if b.Kind == table.Number.String() {
		return func(row int) int { return b.Edges.Of(c.Num[row]) }
	}
	other, missing := len(b.Levels), len(b.Levels)+1
	class := make([]int, len(c.Levels)+1) // at code+1
	class[0] = missing
	for code, level := range c.Levels {
		at := slices.Index(b.Levels, level)
		switch {
		case level == "":
			at = missing
		case at < 0:
			at = other
		}
		class[code+1] = at
	}
	return func(row int) int { return class[c.Code[row]+1] }
}

// column returns the bins of a column.
func (s *sampling) column(c *table.Column) bins {
	b := bins{Name: c.Name, Kind: c.Kind.String()}
	if c.Kind == table.Number {
		values, weights := s.values(c.Num)
		b.Edges = score.QuantileBins(values, weights, baselineBins)
		b.Shares = s.shares(len(b.Edges)+2, b.classOf(c))
		return b
	}
	levels := len(c.Levels)
	rows := make([]int, levels+1)
	share := s.shares(levels+1, func(row int) int {
		code := int(c.Code[row])
		if code < 0 || c.Levels[code] == "" {
			code = levels
		}
		rows[code]++
		return code
	})
	var frequent []int
	for code := range levels {
		if share[code] > 0 {
			frequent = append(frequent, code)
		}
	}
	slices.SortFunc(frequent, func(x, y int) int {
		return cmp.Or(cmp.Compare(share[y], share[x]), cmp.Compare(c.Levels[x], c.Levels[y]))
	})
	other := 0.0
	for _, code := range frequent {
		if rows[code] >= baselineShared && len(b.Levels) < baselineLevels {
			b.Levels, b.Shares = append(b.Levels, c.Levels[code]), append(b.Shares, share[code])
		} else {
			other += share[code]
		}
	}
	b.Shares = append(b.Shares, other, share[levels])
	return b
}

// distances returns the bins of a column and one edge more, the quantile farQuantile.
func (s *sampling) distances(distances []float64) bins {
	values, weights := s.values(distances)
	b := bins{Kind: table.Number.String(), Edges: score.QuantileBins(values, weights, baselineBins)}
	far := score.QuantileBins(values, weights, int(math.Round(1/(1-farQuantile))))
	if top := far[len(far)-1]; top > b.last() {
		b.Edges = append(b.Edges, top)
	}
	b.Shares = s.shares(len(b.Edges)+2, func(row int) int { return b.Edges.Of(distances[row]) })
	return b
}

var errBaseline = errors.New("cluster: model has an impossible baseline")

// validate checks a baseline that was read for a model of k groups.
func (b *baseline) validate(k int) error {
	fault := func(what string) error { return fmt.Errorf("%w: %s", errBaseline, what) }
	switch {
	case b.Rows < 1 || !(b.Size > 0 && b.Size <= float64(b.Rows)*(1+1e-9)):
		return fault("number of rows")
	case !(b.Sample > 0 && b.Sample <= baselineSample*(1+1e-9)):
		return fault("size of the sample")
	case len(b.Shares) != k || !allShares(b.Shares) || !wholeShares(b.Shares):
		return fault("shares of groups")
	case len(b.Far) != k || !allShares(b.Far):
		return fault("shares of far rows")
	case b.Distance.Kind != table.Number.String() || len(b.Distance.Edges) == 0 || !b.Distance.valid():
		return fault("distances")
	}
	seen := make(map[string]bool, len(b.Columns))
	for i := range b.Columns {
		c := &b.Columns[i]
		if c.Name == "" || seen[c.Name] || !c.valid() {
			return fault(fmt.Sprintf("column %d", i))
		}
		seen[c.Name] = true
	}
	return nil
}

// valid tells whether b has bins or levels that can be and shares of each.
func (b *bins) valid() bool {
	classes := len(b.Edges) + 2
	switch b.Kind {
	case table.Number.String():
		for i, x := range b.Edges {
			if math.IsNaN(x) || math.IsInf(x, 0) || i > 0 && x <= b.Edges[i-1] {
				return false
			}
		}
		if b.Levels != nil {
			return false
		}
	case table.Category.String():
		classes = len(b.Levels) + 2
		different := slices.Compact(slices.Sorted(slices.Values(b.Levels)))
		if b.Edges != nil || len(different) != len(b.Levels) {
			return false
		}
	default:
		return false
	}
	return len(b.Shares) == classes && allShares(b.Shares) && wholeShares(b.Shares)
}

// allShares tells whether every number is in [0, 1], up to rounding.
func allShares(s []float64) bool {
	return !slices.ContainsFunc(s, func(x float64) bool { return !(x >= 0 && x <= 1+1e-9) })
}

// wholeShares tells whether the numbers sum to 1, up to rounding.
func wholeShares(s []float64) bool {
	sum := 0.0
	for _, x := range s {
		sum += x
	}
	return math.Abs(sum-1) <= 1e-6
}
