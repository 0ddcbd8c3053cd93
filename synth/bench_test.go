package synth_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/synth"
)

func benchShop(b *testing.B, customers int) *synth.Shop {
	b.Helper()
	shop, err := synth.New(1, &synth.Options{Location: time.UTC, Customers: customers})
	require.NoError(b, err)
	return shop
}

// perEvent reports the time of an event when a round made n in all.
func perEvent(b *testing.B, n int, unit string) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/"+unit)
	b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "M"+unit+"s/s")
}

func BenchmarkHistory(b *testing.B) {
	shop := benchShop(b, 20_000)
	n := 0
	for b.Loop() {
		for i := range shop.Len() {
			for range shop.History(i) {
				n++
			}
		}
	}
	perEvent(b, n, "event")
}

func BenchmarkEvents(b *testing.B) {
	for _, c := range []struct {
		name      string
		customers int
	}{{"20k", 20_000}, {"200k", 200_000}} {
		b.Run(c.name, func(b *testing.B) {
			shop := benchShop(b, c.customers)
			n := 0
			for b.Loop() {
				for range shop.Events() {
					n++
				}
			}
			perEvent(b, n, "event")
		})
	}
}

func BenchmarkLines(b *testing.B) {
	shop := benchShop(b, 20_000)
	n := 0
	for b.Loop() {
		for range shop.Lines() {
			n++
		}
	}
	perEvent(b, n, "line")
}

func BenchmarkCSV(b *testing.B) {
	shop := benchShop(b, 20_000)
	var bytes int64
	for b.Loop() {
		bytes, _ = io.Copy(io.Discard, shop.CSV())
	}
	b.SetBytes(bytes)
}

func BenchmarkBulk(b *testing.B) {
	const lines, customers = 1_000_000, 100_000
	var column [4][]int64
	for i := range column {
		column[i] = make([]int64, lines)
	}
	for b.Loop() {
		require.NoError(b, synth.Bulk(1, customers, column[0], column[1], column[2], column[3]))
	}
	perEvent(b, b.N*lines, "line")
}

func BenchmarkAlive(b *testing.B) {
	p := *synth.DefaultPurchasing()
	for b.Loop() {
		p.Alive(12, 70, 90)
	}
}
