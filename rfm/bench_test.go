package rfm_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/clientele-go/clientele/rfm"
)

// benchColumns are transactions of a skewed base: customer c of n buys in
// proportion to an exponential draw, an order has 1 to 5 lines.
func benchColumns(lines, customers int) rfm.Columns[int64] {
	r := rand.New(rand.NewPCG(1, 2))
	var c rfm.Columns[int64]
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	order := int64(0)
	for len(c.Customers) < lines {
		u := r.Float64()
		customer := int64(u*u*float64(customers)) + 1
		at := start + r.Int64N(2*365*86400)
		order++
		for range 1 + r.IntN(5) {
			c.Customers = append(c.Customers, customer)
			c.Times = append(c.Times, at)
			c.Amounts = append(c.Amounts, 100+r.Int64N(10_000))
			c.OrderNumbers = append(c.OrderNumbers, order)
		}
	}
	c.Customers, c.Times = c.Customers[:lines], c.Times[:lines]
	c.Amounts, c.OrderNumbers = c.Amounts[:lines], c.OrderNumbers[:lines]
	return c
}

func BenchmarkAnalyzeColumns(b *testing.B) {
	for _, size := range []struct{ lines, customers int }{{100_000, 1_000}, {100_000, 10_000}, {10_000_000, 1_000_000}} {
		b.Run(fmt.Sprintf("lines=%d/customers=%d", size.lines, size.customers), func(b *testing.B) {
			numbers := benchColumns(size.lines, size.customers)
			texts := rfm.Columns[string]{Times: numbers.Times, Amounts: numbers.Amounts, OrderNumbers: numbers.OrderNumbers}
			names := make([]string, size.customers+1)
			for i := range names {
				names[i] = "C" + strconv.Itoa(10_000_000+i)
			}
			for _, c := range numbers.Customers {
				texts.Customers = append(texts.Customers, names[c])
			}
			for _, unit := range []rfm.FrequencyUnit{rfm.Lines, rfm.Orders, rfm.Days} {
				opts := &rfm.Options{AsOf: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Location: time.UTC, Frequency: unit}
				b.Run(unit.String()+"/int64", func(b *testing.B) { benchAnalyze(b, numbers, opts) })
				b.Run(unit.String()+"/string", func(b *testing.B) { benchAnalyze(b, texts, opts) })
			}
		})
	}
}

func benchAnalyze[K comparable](b *testing.B, c rfm.Columns[K], opts *rfm.Options) {
	for b.Loop() {
		a, err := rfm.AnalyzeColumns(b.Context(), c, opts)
		if err != nil {
			b.Fatal(err)
		}
		runtime.KeepAlive(a)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(c.Len()), "ns/row")
}

// What stays in memory: of the accumulator with the ids of its customers (8
// bytes each), and of the analysis made of it.
func BenchmarkMemory(b *testing.B) {
	c := benchColumns(3_000_000, 300_000)
	orders := map[int64]bool{}
	for _, o := range c.OrderNumbers {
		orders[o] = true
	}
	live := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	for _, unit := range []rfm.FrequencyUnit{rfm.Lines, rfm.Orders} {
		b.Run(unit.String(), func(b *testing.B) {
			for b.Loop() {
				before := live()
				acc, err := rfm.NewAccumulator[int64](nil, &rfm.Options{
					AsOf: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Location: time.UTC, Frequency: unit,
				})
				if err != nil {
					b.Fatal(err)
				}
				if err := acc.AddColumns(b.Context(), c); err != nil {
					b.Fatal(err)
				}
				accumulated := live()
				a, err := acc.Analyze(b.Context(), time.Time{})
				if err != nil {
					b.Fatal(err)
				}
				analyzed := live()
				n := float64(len(a.Customers))
				if unit == rfm.Orders {
					b.ReportMetric((accumulated-before)/float64(len(orders)), "B/order-accumulated")
				}
				b.ReportMetric((accumulated-before)/n, "B/customer-accumulated")
				b.ReportMetric((analyzed-before)/n, "B/customer-with-analysis")
				runtime.KeepAlive(acc)
			}
		})
	}
	runtime.KeepAlive(c)
	runtime.KeepAlive(orders)
}

func BenchmarkAdd(b *testing.B) {
	c := benchColumns(100_000, 10_000)
	a, err := rfm.NewAccumulator[int64](nil, &rfm.Options{Location: time.UTC})
	if err != nil {
		b.Fatal(err)
	}
	orders := make([]string, len(c.OrderNumbers))
	for i, o := range c.OrderNumbers {
		orders[i] = strconv.FormatInt(o, 10)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i = (i + 1) % len(orders) {
		if err := a.Add(rfm.Transaction[int64]{
			Customer: c.Customers[i], Time: time.Unix(c.Times[i], 0), Amount: c.Amounts[i], Order: orders[i],
		}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkModelScore(b *testing.B) {
	a, err := rfm.AnalyzeColumns(b.Context(), benchColumns(100_000, 10_000),
		&rfm.Options{AsOf: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Location: time.UTC})
	if err != nil {
		b.Fatal(err)
	}
	v := rfm.Values{Recency: 40, Frequency: 6, Monetary: 12_345}
	b.ReportAllocs()
	for b.Loop() {
		s := a.Model.Score(v)
		_ = a.Model.Segment(s)
		_ = a.Model.Class(v, s)
	}
}
