package churn

import (
	"cmp"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// featureColumnsLog is a log of two years in UTC: every customer has an event, half of the others
// are those of a quarter of the customers.
func featureColumnsLog(tb testing.TB, customers, n int) *Log[int64] {
	tb.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	c := &table.Events[int64]{
		KindNames: []string{Purchase, Refund, Contact}, ChannelNames: []string{"app", "store", "web"},
		CategoryNames: []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"},
	}
	begin, end := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		customer := int64(i)
		if i >= customers {
			u := random.Float64()
			customer = int64(float64(customers) * u * u)
		}
		c.Customers = append(c.Customers, customer)
		c.Times = append(c.Times, begin.Unix()+random.Int64N(end.Unix()-begin.Unix()))
		c.Amounts = append(c.Amounts, 50+random.Int64N(5000))
		c.Kinds = append(c.Kinds, int32(max(0, random.IntN(10)-7)))
		c.Channels = append(c.Channels, int32(random.IntN(3)))
		c.Categories = append(c.Categories, int32(random.IntN(12)))
	}
	l, err := NewLogColumns(tb.Context(), c, &LogOptions[int64]{Location: time.UTC, Until: end, Compare: cmp.Compare[int64]})
	require.NoError(tb, err)
	return l
}

func BenchmarkSnapshots(b *testing.B) {
	for _, test := range []struct {
		name      string
		customers int
		plan      Plan
	}{
		{"one cut-off", 100_000, Plan{Gap: NoGap, Horizon: 30, First: Date(2024, 12, 1)}},
		{"12 cut-offs", 10_000, Plan{Window: 365, Gap: NoGap, Horizon: 30}},
	} {
		b.Run(test.name, func(b *testing.B) {
			l := featureColumnsLog(b, test.customers, 10*test.customers)
			rows := 0
			for b.Loop() {
				d, err := Snapshots(b.Context(), l, &test.plan, Absent{}, nil)
				require.NoError(b, err)
				rows = d.Rows()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
		})
	}
}

func TestExtractionDoesNotAllocate(t *testing.T) {
	l := featureColumnsLog(t, 100, 5000)
	cutoff := Date(2024, 12, 1)
	d, err := Snapshots(t.Context(), l, &Plan{Gap: NoGap, Horizon: 30, First: cutoff}, Absent{}, nil)
	require.NoError(t, err)
	x, v := newExtractor(&d.schema, &l.events, l.starts, l.since, l.location), l.view()
	require.Zero(t, testing.AllocsPerRun(10, func() {
		for row := range d.Rows() {
			past, _ := v.past(row, cutoff, 0)
			x.read(past)
			x.write(d.Table.Columns, row)
		}
	}))
}
