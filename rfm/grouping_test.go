package rfm_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/rfm"
)

func randomBase(r *rand.Rand, n, ids int) []rfm.Customer[int] {
	var customers []rfm.Customer[int]
	for _, id := range r.Perm(ids)[:n] {
		revenue := r.Int64N(400) - 40
		customers = append(customers, rfm.Customer[int]{
			ID: id, Values: rfm.Values{Recency: r.IntN(50), Frequency: 1 + r.IntN(9), Monetary: float64(revenue)}, Revenue: revenue,
		})
	}
	return customers
}

func analyzed(t *testing.T, customers []rfm.Customer[int]) *rfm.Analysis[int] {
	a, err := rfm.AnalyzeCustomers(t.Context(), customers, nil, nil)
	require.NoError(t, err)
	return a
}

func TestSummaryAddsUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for range 50 {
		a := analyzed(t, randomBase(r, 1+r.IntN(300), 400))
		tiers, err := a.ByTier()
		require.NoError(t, err)
		for _, g := range []*rfm.Grouping[int]{a.BySegment(), a.ByClass(), tiers} {
			customers, revenue, frequency, share := 0, int64(0), int64(0), 0.0
			total := int64(0)
			for _, c := range a.Customers {
				total += c.Revenue
			}
			for i, s := range g.Summary() {
				var in []rfm.Customer[int]
				for c := range a.Customers {
					if g.Of(c) == i {
						in = append(in, a.Customers[c])
					}
				}
				require.Equal(t, len(in), s.Customers)
				require.Equal(t, g.Groups[i], s.Group)
				of, times := []int64{0}, int64(0)
				for i, c := range in {
					of, times = append(of[:i], c.Revenue), times+int64(c.Frequency)
				}
				sum := int64(0)
				for _, v := range of {
					sum += v
				}
				require.Equal(t, []int64{sum, slices.Min(of), slices.Max(of), times}, []int64{s.Revenue, s.MinRevenue, s.MaxRevenue, s.Frequency})
				require.Equal(t, float64(len(in))/float64(len(a.Customers)), s.Share)
				if total > 0 {
					require.Equal(t, float64(sum)/float64(total), s.RevenueShare)
				} else {
					require.Zero(t, s.RevenueShare)
				}
				require.Equal(t, slowMedian(in, func(c rfm.Customer[int]) float64 { return float64(c.Recency) }), s.MedianRecency)
				require.Equal(t, slowMedian(in, func(c rfm.Customer[int]) float64 { return float64(c.Frequency) }), s.MedianFrequency)
				require.Equal(t, slowMedian(in, func(c rfm.Customer[int]) float64 { return c.Monetary }), s.MedianMonetary)
				customers, revenue, frequency, share = customers+s.Customers, revenue+s.Revenue, frequency+s.Frequency, share+s.Share
			}
			wantRevenue, wantFrequency := int64(0), int64(0)
			for _, c := range a.Customers {
				wantRevenue, wantFrequency = wantRevenue+c.Revenue, wantFrequency+int64(c.Frequency)
			}
			require.Equal(t, len(a.Customers), customers)
			require.Equal(t, wantRevenue, revenue)
			require.Equal(t, wantFrequency, frequency)
			require.InDelta(t, 1, share, 1e-12)
		}
	}
}

// Of a group nobody is in all is zero, and so is the share of revenue where there is none.
func TestSummaryOfNothing(t *testing.T) {
	a := analyzed(t, []rfm.Customer[int]{{ID: 1, Values: rfm.Values{Frequency: 1, Monetary: -5}, Revenue: -5}})
	g, err := a.By([]rfm.Group{{ID: "all"}, {ID: "none"}}, func(*rfm.Customer[int]) int { return 0 })
	require.NoError(t, err)
	require.Equal(t, []rfm.Summary{
		{
			Group: rfm.Group{ID: "all"}, Customers: 1, Share: 1, Frequency: 1, Revenue: -5, MinRevenue: -5, MaxRevenue: -5,
			MedianFrequency: 1, MedianMonetary: -5,
		},
		{Group: rfm.Group{ID: "none"}},
	}, g.Summary())
}

func slowMedian(in []rfm.Customer[int], value func(rfm.Customer[int]) float64) float64 {
	if len(in) == 0 {
		return 0
	}
	var v []float64
	for _, c := range in {
		v = append(v, value(c))
	}
	sort.Float64s(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func TestTiersAreTheSmallestSets(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 9))
	for range 100 {
		a := analyzed(t, randomBase(r, 1+r.IntN(100), 400))
		shares := []float64{0.3, 0.6, 0.9}
		g, err := a.ByTier(shares...)
		require.NoError(t, err)
		var revenues []int64
		total := int64(0)
		for _, c := range a.Customers {
			if c.Revenue > 0 {
				revenues, total = append(revenues, c.Revenue), total+c.Revenue
			}
		}
		slices.Sort(revenues)
		slices.Reverse(revenues)
		for i, c := range a.Customers {
			// The tier of c: how many shares are reached by those who brought more than c.
			better := int64(0)
			for _, v := range revenues {
				if v > c.Revenue {
					better += v
				}
			}
			want := 0
			for _, share := range shares {
				if c.Revenue <= 0 || float64(better) >= share*float64(total) {
					want++
				}
			}
			require.Equal(t, want, g.Of(i), "revenue %d of %v", c.Revenue, revenues)
		}
	}
	a := analyzed(t, ready([]int{1, 2}))
	for _, bad := range [][]float64{{0}, {1}, {0.5, 0.5}, {0.8, 0.2}} {
		_, err := a.ByTier(bad...)
		require.ErrorIs(t, err, rfm.ErrOptions)
		require.Error(t, err)
	}
}

func TestMigrationHoldsEveryCustomerOnce(t *testing.T) {
	race.Skip(t)
	r := rand.New(rand.NewPCG(3, 9))
	for range 50 {
		before, after := analyzed(t, randomBase(r, 1+r.IntN(200), 300)), analyzed(t, randomBase(r, 1+r.IntN(200), 300))
		g, h := before.BySegment(), after.BySegment()
		m, err := g.Migration(h)
		require.NoError(t, err)
		require.Equal(t, "absent", m.From[len(m.From)-1].ID)
		require.Equal(t, "absent", m.To[len(m.To)-1].ID)
		seen := map[int]string{}
		for from := range m.From {
			for to := range m.To {
				ids := m.Customers(from, to)
				require.Len(t, ids, m.Count(from, to))
				require.True(t, slices.IsSorted(ids))
				for _, id := range ids {
					require.NotContains(t, seen, id)
					seen[id] = m.From[from].ID + ">" + m.To[to].ID
				}
			}
		}
		want := map[int]string{}
		for _, c := range before.Customers {
			want[c.ID] = before.Model.Segment(c.Scores).ID + ">absent"
		}
		for _, c := range after.Customers {
			from := "absent"
			if b, ok := before.Find(c.ID); ok {
				from = before.Model.Segment(b.Scores).ID
			}
			want[c.ID] = from + ">" + after.Model.Segment(c.Scores).ID
		}
		require.Equal(t, want, seen)
	}
}

func TestBacktest(t *testing.T) {
	customer := func(id, recency, frequency int, revenue int64) rfm.Customer[int] {
		return rfm.Customer[int]{ID: id, Values: rfm.Values{Recency: recency, Frequency: frequency, Monetary: float64(revenue)}, Revenue: revenue}
	}
	a := analyzed(t, []rfm.Customer[int]{customer(1, 1, 5, 100), customer(2, 2, 4, 80), customer(3, 50, 1, 10), customer(4, 60, 1, 5)})
	g, err := a.By([]rfm.Group{{ID: "fresh"}, {ID: "old"}, {ID: "empty"}}, func(c *rfm.Customer[int]) int {
		return min(1, c.Recency/10)
	})
	require.NoError(t, err)
	next := []rfm.Customer[int]{customer(1, 0, 2, 60), customer(3, 0, 1, 20), customer(9, 0, 3, 500)}
	b, err := g.Backtest(next)
	require.NoError(t, err)
	group := func(id string) rfm.Group { return rfm.Group{ID: id} }
	require.Equal(t, []rfm.Outcome{
		{Group: group("fresh"), Customers: 2, Buyers: 1, BuyerShare: 0.5, Frequency: 2, Revenue: 60, PerCustomer: 30, Lift: 1.5},
		{Group: group("old"), Customers: 2, Buyers: 1, BuyerShare: 0.5, Frequency: 1, Revenue: 20, PerCustomer: 10, Lift: 0.5},
		{Group: group("empty")},
	}, b.Groups)
	require.Equal(t, "4 2 0.5 3 80 20 1", fmt.Sprint(b.All.Customers, b.All.Buyers, b.All.BuyerShare, b.All.Frequency, b.All.Revenue, b.All.PerCustomer, b.All.Lift))
	require.Equal(t, "1 1 500", fmt.Sprint(b.New.Customers, b.New.Buyers, b.New.Revenue))

	_, err = g.Backtest(append(next[:1:1], next[0]))
	require.ErrorContains(t, err, "each once")
	slices.Reverse(next)
	_, err = g.Backtest(next)
	require.ErrorContains(t, err, "not sorted")
}

func TestByRefusesBadGroups(t *testing.T) {
	a := analyzed(t, ready([]int{1, 2, 3}))
	_, err := a.By(nil, nil)
	require.Error(t, err)
	_, err = a.By([]rfm.Group{{}}, nil)
	require.ErrorContains(t, err, "no id")
	_, err = a.By([]rfm.Group{{ID: "a"}, {ID: "a"}}, nil)
	require.ErrorContains(t, err, "that of another")
	_, err = a.By([]rfm.Group{{ID: "a"}}, func(*rfm.Customer[int]) int { return 1 })
	require.ErrorContains(t, err, "out of range")
}

func TestFind(t *testing.T) {
	a := analyzed(t, ready([]int{4, 5, 6}))
	c, ok := a.Find(1)
	require.True(t, ok)
	require.Equal(t, 5, c.Frequency)
	_, ok = a.Find(7)
	require.False(t, ok)
}

// Scores by an earlier model equal its Score, and its own customers keep theirs.
func TestApply(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 9))
	a, later := analyzed(t, randomBase(r, 150, 300)), randomBase(r, 150, 300)
	own, err := rfm.Apply(a.Model, a.Customers, nil)
	require.NoError(t, err)
	require.Equal(t, a.Customers, own.Customers)
	b, err := rfm.Apply(a.Model, later, nil)
	require.NoError(t, err)
	for _, c := range b.Customers {
		require.Equal(t, a.Model.Score(c.Values), c.Scores)
	}
	_, err = rfm.Apply(a.Model, append(later, later[3]), nil)
	require.ErrorContains(t, err, "row 150: id: given twice")
}

func TestMigrationOfOtherOrders(t *testing.T) {
	customers := ready([]int{1, 2, 3})
	up, err := rfm.AnalyzeCustomers(t.Context(), customers, nil, nil)
	require.NoError(t, err)
	down, err := rfm.AnalyzeCustomers(t.Context(), customers, func(a, b int) int { return b - a }, nil)
	require.NoError(t, err)
	_, err = up.BySegment().Migration(down.BySegment())
	require.ErrorContains(t, err, "differently")
}
