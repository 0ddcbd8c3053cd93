package rfm

import (
	"errors"
	"slices"
)

// A Migration is how customers moved between the groups of two groupings, in
// practice the same grouping at two dates. It is immutable: safe for
// concurrent reads.
type Migration[K comparable] struct {
	From []Group // groups before, then "absent": not in the earlier analysis
	To   []Group // groups after, then "absent": not in the later analysis
	cell [][][]K
}

// Migration compares g with a later grouping: customers are matched by id. The
// two may have different groups; it is an error if they order ids differently. An
// analysis that was read back from JSON has its ids in their natural order.
// Cost: O(customers of both).
func (g *Grouping[K]) Migration(later *Grouping[K]) (*Migration[K], error) {
	before, after := g.analysis.Customers, later.analysis.Customers
	compare, err := g.analysis.ordering()
	if err != nil {
		return nil, err
	}
	if !ascending(before, compare) || !ascending(after, compare) {
		return nil, errors.New("rfm: the two analyses order ids differently")
	}
	m := &Migration[K]{
		From: append(slices.Clone(g.Groups), Group{ID: absent, Name: Text{"(absent before)", "（前期无）"}}),
		To:   append(slices.Clone(later.Groups), Group{ID: absent, Name: Text{"(absent after)", "（后期无）"}}),
	}
	m.cell = make([][][]K, len(m.From))
	for i := range m.cell {
		m.cell[i] = make([][]K, len(m.To))
	}
	put := func(from, to int, id K) { m.cell[from][to] = append(m.cell[from][to], id) }
	match(before, after, compare, func(i, j int) {
		switch {
		case j < 0:
			put(g.Of(i), len(later.Groups), before[i].ID)
		case i < 0:
			put(len(g.Groups), later.Of(j), after[j].ID)
		default:
			put(g.Of(i), later.Of(j), before[i].ID)
		}
	})
	return m, nil
}

// ordering is the order of the ids, the natural one in an analysis that was
// read back from JSON.
func (a *Analysis[K]) ordering() (func(a, b K) int, error) {
	ids, err := newOrder(a.compare)
	return ids.compare, err
}

// ascending tells whether rows are sorted by id, each id once.
func ascending[K comparable](rows []Customer[K], compare func(a, b K) int) bool {
	for i := 1; i < len(rows); i++ {
		if compare(rows[i-1].ID, rows[i].ID) >= 0 {
			return false
		}
	}
	return true
}

// match walks two tables sorted by id and calls f for each id in either, with
// its index in both, -1 where it is not in one.
func match[K comparable](a, b []Customer[K], compare func(a, b K) int, f func(i, j int)) {
	for i, j := 0, 0; i < len(a) || j < len(b); {
		order := 0
		switch {
		case i == len(a):
			order = 1
		case j == len(b):
			order = -1
		default:
			order = compare(a[i].ID, b[j].ID)
		}
		switch {
		case order < 0:
			f(i, -1)
			i++
		case order > 0:
			f(-1, j)
			j++
		default:
			f(i, j)
			i, j = i+1, j+1
		}
	}
}

// Count is the number of customers that moved from From[from] to To[to].
func (m *Migration[K]) Count(from, to int) int { return len(m.cell[from][to]) }

// Customers are the ids of those customers, ascending; not to be written to.
func (m *Migration[K]) Customers(from, to int) []K { return m.cell[from][to] }

// A Backtest is what the customers of each group did in the period after the
// analysis. It is a plain value: safe for concurrent reads.
type Backtest struct {
	Groups []Outcome // in the order of the grouping's groups
	All    Outcome   // all customers of the analysis
	New    Outcome   // buyers of the next period that the analysis did not know
}

// An Outcome is what some customers did in a period. Ratios of none are 0. It
// is a plain value: safe for concurrent reads.
type Outcome struct {
	Group
	Customers   int     `json:"customers"`    // in the group at the as-of date
	Buyers      int     `json:"buyers"`       // of them, with a purchase in the period
	BuyerShare  float64 `json:"buyer_share"`  // Buyers / Customers
	Frequency   int64   `json:"frequency"`    // of the period
	Revenue     int64   `json:"revenue"`      // of the period, minor units
	PerCustomer float64 `json:"per_customer"` // Revenue / Customers
	Lift        float64 `json:"lift"`         // PerCustomer / that of all customers
}

// Backtest reports what each group did in the next period: next are the
// customers of that period alone, such as [Accumulator.Customers] gives them
// for an as-of date at its end and a Window of its length, sorted by id. A
// table that does not ascend, a value that cannot be scored and sums that
// overflow are errors.
func (g *Grouping[K]) Backtest(next []Customer[K]) (*Backtest, error) {
	a := g.analysis
	compare, err := a.ordering()
	switch {
	case err != nil:
		return nil, err
	case a.compare == nil && !ascending(a.Customers, compare):
		return nil, errors.New("rfm: the analysis, read back, does not have its ids in their natural order")
	case !ascending(next, compare):
		return nil, errors.New("rfm: customers of the next period are not sorted by id, each once")
	}
	for i := range next {
		if field := next[i].fault(); field != "" {
			return nil, &CustomerError{Row: i, Field: field, Reason: outOfRange}
		}
	}
	if err := checkTotal(next); err != nil {
		return nil, err
	}
	b := &Backtest{Groups: make([]Outcome, len(g.Groups))}
	for i := range b.Groups {
		b.Groups[i].Group = g.Groups[i]
	}
	b.All.Group = Group{ID: "all", Name: Text{"All", "合计"}}
	b.New.Group = Group{ID: absent, Name: Text{"(absent before)", "（前期无）"}}
	match(a.Customers, next, compare, func(i, j int) {
		if i < 0 {
			b.New.Customers++
			b.New.buy(&next[j].Values, next[j].Revenue)
			return
		}
		for _, o := range []*Outcome{&b.Groups[g.Of(i)], &b.All} {
			o.Customers++
			if j >= 0 {
				o.buy(&next[j].Values, next[j].Revenue)
			}
		}
	})
	b.All.ratios(0)
	b.New.ratios(b.All.PerCustomer)
	for i := range b.Groups {
		b.Groups[i].ratios(b.All.PerCustomer)
	}
	b.All.ratios(b.All.PerCustomer)
	return b, nil
}

func (o *Outcome) buy(v *Values, revenue int64) {
	o.Buyers++
	o.Frequency += int64(v.Frequency)
	o.Revenue += revenue
}

func (o *Outcome) ratios(overall float64) {
	if o.Customers == 0 {
		return
	}
	o.BuyerShare = float64(o.Buyers) / float64(o.Customers)
	o.PerCustomer = float64(o.Revenue) / float64(o.Customers)
	if overall > 0 {
		o.Lift = o.PerCustomer / overall
	}
}
