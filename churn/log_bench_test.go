package churn

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// benchLogColumns are events of two years in random order of time and customers; customer c of n comes in
// proportion to u squared.
func benchLogColumns(n, customers int) *table.Events[int64] {
	r := rand.New(rand.NewPCG(1, 2))
	c := &table.Events[int64]{KindNames: []string{Purchase, Refund, Contact}, ChannelNames: []string{"web", "app", "store"}}
	start := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	for range n {
		u := r.Float64()
		c.Customers = append(c.Customers, 1_000_000_007*int64(u*u*float64(customers)))
		c.Times = append(c.Times, start+r.Int64N(2*365*86400))
		c.Amounts = append(c.Amounts, 100+r.Int64N(10_000))
		c.Kinds = append(c.Kinds, int32(max(0, r.IntN(10)-7)))
		c.Channels = append(c.Channels, int32(r.IntN(4)-1))
	}
	return c
}

func BenchmarkNewLogColumns(b *testing.B) {
	for _, size := range []struct{ events, customers int }{{100_000, 10_000}, {10_000_000, 1_000_000}} {
		b.Run(fmt.Sprintf("events=%d/customers=%d", size.events, size.customers), func(b *testing.B) {
			c := benchLogColumns(size.events, size.customers)
			b.Run("int64/shuffled", func(b *testing.B) { benchLog(b, c) })
			slices.Sort(c.Times)
			b.Run("int64/by time", func(b *testing.B) { benchLog(b, c) })
			texts := &table.Events[string]{
				Times: c.Times, Amounts: c.Amounts, Kinds: c.Kinds, Channels: c.Channels,
				KindNames: c.KindNames, ChannelNames: c.ChannelNames, Customers: make([]string, size.events),
			}
			for i, id := range c.Customers {
				texts.Customers[i] = "C" + strconv.FormatInt(id/1_000_000_007, 10)
			}
			b.Run("string/by time", func(b *testing.B) { benchLog(b, texts) })
		})
	}
}

func benchLog[K cmp.Ordered](b *testing.B, c *table.Events[K]) {
	o := &LogOptions[K]{Location: time.UTC, Until: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), Compare: cmp.Compare[K]}
	b.ReportAllocs()
	for b.Loop() {
		_, err := NewLogColumns(b.Context(), c, o)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(c.Customers)), "ns/event")
}

// BenchmarkView looks at every customer at cut-offs a week apart, as snapshots do.
func BenchmarkView(b *testing.B) {
	for _, delayed := range []bool{false, true} {
		b.Run(fmt.Sprintf("delayed=%v", delayed), func(b *testing.B) {
			c := benchLogColumns(100_000, 10_000)
			if delayed {
				r := rand.New(rand.NewPCG(3, 4))
				for _, at := range c.Times {
					c.Arrived = append(c.Arrived, at+r.Int64N(3*86400))
				}
			}
			l, err := NewLogColumns(b.Context(), c, &LogOptions[int64]{
				Location: time.UTC, Until: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), Compare: cmp.Compare[int64],
			})
			require.NoError(b, err)
			plan := &Plan{Window: 365, Gap: 7, Horizon: 30, Step: 7}
			cutoffs, _, err := plan.cutoffs(l.since, l.until)
			require.NoError(b, err)
			v := l.view()
			b.ReportAllocs()
			for b.Loop() {
				for customer := range l.customers {
					for _, cutoff := range cutoffs {
						v.at(customer, cutoff, plan)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(l.customers)*len(cutoffs)), "ns/look")
		})
	}
}
