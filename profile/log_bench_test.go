package profile

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// benchLogSchema has events of four fields.
func benchLogSchema() *Schema {
	s := logSchema()
	s.Events[0].Fields = append(s.Events[0].Fields, Field{Name: "category", Kind: customer.KindText}, Field{Name: "price", Kind: customer.KindDecimal})
	return s
}

// benchEvents are n events of atoms, so many of each, in no order.
func benchEvents(n, each int) []Evidence {
	evs := make([]Evidence, n)
	for i := range evs {
		j := int(uint64(i) * 2654435761 % uint64(n)) // n is no multiple of that prime
		evs[i] = Evidence{
			Atom: logAtom(j / each), ID: fmt.Sprintf("order-%08d", j), Source: "shop", Event: "order", Time: logStart.Add(-time.Duration(i) * time.Second),
			Values: []customer.Field{
				{Name: "amount", Value: customer.Int64Value(int64(j % 10_000))},
				{Name: "brand", Value: customer.TextValue("A")},
				{Name: "category", Value: customer.TextValue("category " + fmt.Sprint(j%50))},
				{Name: "price", Value: customer.DecimalValue(int64(j%10_000), 2)},
			},
		}
	}
	return evs
}

func BenchmarkAddMany(b *testing.B) {
	for _, n := range []int{100_000, 400_000} {
		for _, of := range []struct{ each, workers int }{{10, 1}, {10, 2}, {1000, 1}} {
			b.Run(fmt.Sprintf("events=%d/each=%d/workers=%d", n, of.each, of.workers), func(b *testing.B) {
				evs := benchEvents(n, of.each)
				b.ReportAllocs()
				for b.Loop() {
					p, err := Open(b.Context(), new(store.Memory), benchLogSchema(), nil)
					require.NoError(b, err)
					sum, err := p.AddMany(b.Context(), logStart, slices.Values(evs), &ManyOptions{Workers: of.workers})
					require.NoError(b, err)
					require.Equal(b, n, sum.Added)
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}

// BenchmarkAddOne adds events one by one, each in a commit of its own.
func BenchmarkAddOne(b *testing.B) {
	evs := benchEvents(100_000, 10)
	p, err := Open(b.Context(), new(store.Memory), benchLogSchema(), nil)
	require.NoError(b, err)
	n := 0
	for b.Loop() {
		_, err := p.Add(b.Context(), logStart, evs[n%len(evs)])
		require.NoError(b, err)
		n++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkLoad reads the entries of atoms of ten events, a thousand at a time.
func BenchmarkLoad(b *testing.B) {
	const n = 100_000
	s := new(store.Memory)
	p, err := Open(b.Context(), s, benchLogSchema(), nil)
	require.NoError(b, err)
	_, err = p.AddMany(b.Context(), logStart, slices.Values(benchEvents(n, 10)), nil)
	require.NoError(b, err)
	size := 0
	for e, err := range s.Scan(b.Context(), store.Under(key('a'))) {
		require.NoError(b, err)
		size += len(e.Key) + len(e.Value)
	}
	f, err := p.current(b.Context())
	require.NoError(b, err)
	var ids []customer.AtomID
	for i := range n / 10 {
		ids = append(ids, logAtom(i))
	}
	b.ReportAllocs()
	for b.Loop() {
		for some := range slices.Chunk(ids, 1000) {
			atoms, err := p.load(b.Context(), f, some, moment{never, never})
			require.NoError(b, err)
			require.Len(b, atoms[0].entries, 10)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(size)/n, "B/event")
}

// BenchmarkAddToOneAtom adds to an atom that grows, by packs of 100: sealing and looking
// up ids in pages.
func BenchmarkAddToOneAtom(b *testing.B) {
	var evs []Evidence
	for i := range 20_000 {
		evs = append(evs, anOrder(1, i))
	}
	for b.Loop() {
		p, err := Open(b.Context(), new(store.Memory), logSchema(), nil)
		require.NoError(b, err)
		for some := range slices.Chunk(evs, 100) {
			_, err := p.Add(b.Context(), logStart, some...)
			require.NoError(b, err)
		}
	}
	b.ReportMetric(float64(len(evs))*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
