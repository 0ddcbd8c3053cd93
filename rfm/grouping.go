package rfm

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// A Grouping puts every customer of an analysis into one of several groups:
// its segments, its classes, its value tiers or groups of the caller's own.
// It is immutable: safe for concurrent reads.
type Grouping[K comparable] struct {
	Groups   []Group // in the order of the table; some may be empty
	analysis *Analysis[K]
	of       []uint8 // group of each customer
}

// BySegment groups the customers by the segments of the model's table; the
// last group, "others", holds those no segment holds, and is left out where
// there are none.
func (a *Analysis[K]) BySegment() *Grouping[K] {
	g := &Grouping[K]{analysis: a}
	if a.Model.table != nil {
		for _, s := range a.Model.table.Segments {
			g.Groups = append(g.Groups, s.Group)
		}
	}
	rest := len(g.Groups)
	uncovered := false
	g.assign(func(c *Customer[K]) int {
		i := a.Model.segment(c.Scores)
		if i < 0 {
			uncovered = true
			return rest
		}
		return i
	})
	if uncovered {
		g.Groups = append(g.Groups, others)
	}
	return g
}

// ByClass groups the customers by the eight classes, important-value first.
func (a *Analysis[K]) ByClass() *Grouping[K] {
	g := &Grouping[K]{analysis: a}
	var place [8]int
	for i, class := range []int{0b111, 0b101, 0b011, 0b001, 0b110, 0b100, 0b010, 0b000} {
		g.Groups = append(g.Groups, a.Model.classes.Groups[class])
		place[class] = i
	}
	g.assign(func(c *Customer[K]) int { return place[a.Model.classes.class(&c.Values, &c.Scores)] })
	return g
}

// ByTier groups the customers into value tiers by their share of revenue
// (Pareto): the first tier is the smallest set of customers with the largest
// revenue that brings at least the first share of all revenue, and so on; the
// last tier is the rest. Shares ascend between 0 and 1, both excluded; none
// given: 0.5, 0.8, 0.95. Customers of equal revenue share a tier. Customers
// whose revenue is zero or negative are in the last tier and do not count in
// the whole. Cost: O(n log n). The least revenue of a tier is in its summary.
func (a *Analysis[K]) ByTier(shares ...float64) (*Grouping[K], error) {
	if len(shares) == 0 {
		shares = []float64{0.5, 0.8, 0.95}
	}
	for i, s := range shares {
		if !(s > 0 && s < 1) || i > 0 && s <= shares[i-1] {
			return nil, fmt.Errorf("%w: tier shares must ascend between 0 and 1", ErrOptions)
		}
	}
	if len(shares) > 200 {
		return nil, fmt.Errorf("%w: more than 200 tier shares", ErrOptions)
	}
	positive := make([]int64, 0, len(a.Customers))
	total := int64(0)
	for i := range a.Customers {
		if v := a.Customers[i].Revenue; v > 0 {
			positive, total = append(positive, v), total+v
		}
	}
	slices.SortFunc(positive, func(x, y int64) int { return cmp.Compare(y, x) })
	least := make([]int64, len(shares)) // least revenue of each tier but the last
	i, sum := 0, int64(0)
	for t, share := range shares {
		for i < len(positive) && float64(sum) < share*float64(total) {
			sum += positive[i]
			i++
		}
		least[t] = math.MaxInt64
		if i > 0 {
			least[t] = positive[i-1]
		}
	}
	g := &Grouping[K]{analysis: a}
	from := 0.0
	for t := range len(shares) + 1 {
		to := 1.0
		if t < len(shares) {
			to = shares[t]
		}
		g.Groups = append(g.Groups, Group{
			ID: fmt.Sprintf("tier-%d", t+1),
			Name: Text{
				fmt.Sprintf("Tier %d (%.4g–%.4g%% of revenue)", t+1, from*100, to*100),
				fmt.Sprintf("第%d层（金额的%.4g–%.4g%%）", t+1, from*100, to*100),
			},
		})
		from = to
	}
	g.assign(func(c *Customer[K]) int {
		t := 0
		for t < len(least) && c.Revenue < least[t] {
			t++
		}
		return t
	})
	return g, nil
}

// By groups the customers by a function of the caller, which returns an index
// into groups. No function, groups without ids of their own, more than 255 of
// them, or an index out of range are an error.
func (a *Analysis[K]) By(groups []Group, of func(*Customer[K]) int) (*Grouping[K], error) {
	if len(groups) == 0 || len(groups) > 255 {
		return nil, fmt.Errorf("rfm: %d groups, want 1 to 255", len(groups))
	}
	seen := map[string]bool{"": true}
	for i, g := range groups {
		if seen[g.ID] {
			return nil, fmt.Errorf("rfm: group %d has no id, or that of another", i)
		}
		seen[g.ID] = true
	}
	if of == nil {
		return nil, errors.New("rfm: the function that tells the group is nil")
	}
	outside := false
	g := &Grouping[K]{analysis: a, Groups: slices.Clone(groups)}
	g.assign(func(c *Customer[K]) int {
		i := of(c)
		if i < 0 || i >= len(groups) {
			outside, i = true, 0
		}
		return i
	})
	if outside {
		return nil, errors.New("rfm: a customer's group is out of range")
	}
	return g, nil
}

func (g *Grouping[K]) assign(of func(*Customer[K]) int) {
	g.of = make([]uint8, len(g.analysis.Customers))
	for i := range g.of {
		g.of[i] = uint8(of(&g.analysis.Customers[i]))
	}
}

// Of is the group, as an index into Groups, of customer i of the analysis.
func (g *Grouping[K]) Of(i int) int { return int(g.of[i]) }

// A Summary describes the customers of one group. Of an empty group all but
// the group is zero. It is a plain value: safe for concurrent reads.
type Summary struct {
	Group
	Customers       int     `json:"customers"`
	Share           float64 `json:"share"`            // of all customers
	Frequency       int64   `json:"frequency"`        // sum, in the unit of the analysis
	Revenue         int64   `json:"revenue"`          // sum, minor units
	RevenueShare    float64 `json:"revenue_share"`    // of all revenue
	MinRevenue      int64   `json:"min_revenue"`      // of one customer
	MaxRevenue      int64   `json:"max_revenue"`      // likewise
	MedianRecency   float64 `json:"median_recency"`   // days
	MedianFrequency float64 `json:"median_frequency"` // in the unit of the analysis
	MedianMonetary  float64 `json:"median_monetary"`  // minor units
}

// Summary describes every group, in the order of Groups. RevenueShare is of
// the sum over all customers, and 0 where that is not positive. Cost: O(n log n).
func (g *Grouping[K]) Summary() []Summary {
	out := make([]Summary, len(g.Groups))
	values := make([][dimensions][]float64, len(g.Groups))
	total := int64(0)
	for i := range g.of {
		c, of := &g.analysis.Customers[i], g.of[i]
		s := &out[of]
		if s.Customers == 0 {
			s.MinRevenue, s.MaxRevenue = c.Revenue, c.Revenue
		}
		s.Customers++
		s.Frequency += int64(c.Frequency)
		s.Revenue += c.Revenue
		s.MinRevenue, s.MaxRevenue = min(s.MinRevenue, c.Revenue), max(s.MaxRevenue, c.Revenue)
		total += c.Revenue
		for d := range dimensions {
			values[of][d] = append(values[of][d], c.Values.dimension(d))
		}
	}
	for i := range out {
		s := &out[i]
		s.Group = g.Groups[i]
		if s.Customers == 0 {
			continue
		}
		s.Share = float64(s.Customers) / float64(len(g.of))
		if total > 0 {
			s.RevenueShare = float64(s.Revenue) / float64(total)
		}
		for d, median := range []*float64{&s.MedianRecency, &s.MedianFrequency, &s.MedianMonetary} {
			*median = newDistribution(1, values[i][d]).median()
		}
	}
	return out
}
