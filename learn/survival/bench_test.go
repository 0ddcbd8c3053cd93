package survival

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/clientele-go/clientele/table"
)

// benchData makes rows of p numbers, of which the first three matter, with times in 1/1000 and about
// half of them censored.
func benchData(n, p int) (*table.Table[int], *Data) {
	rng := rand.New(rand.NewPCG(1, 2))
	t, d := &table.Table[int]{}, &Data{Exit: make([]float64, n), Event: make([]bool, n)}
	eta := make([]float64, n)
	for j := range p {
		x := make([]float64, n)
		for i := range x {
			x[i] = rng.NormFloat64()
			eta[i] += x[i] * max(0, .3-.1*float64(j))
		}
		t.Columns = append(t.Columns, table.NumberColumn(fmt.Sprintf("x%d", j), x...))
	}
	for i := range n {
		end, stop := rng.ExpFloat64()*300/math.Exp(eta[i]), rng.Float64()*600
		d.Exit[i], d.Event[i] = math.Ceil(min(end, stop)*1000)/1000, end <= stop
	}
	return t, d
}

func BenchmarkFitCox(b *testing.B) {
	for _, n := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("%dx10", n), func(b *testing.B) {
			t, d := benchData(n, 10)
			for b.Loop() {
				if _, err := FitCox(b.Context(), t, d, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
		})
	}
}

func BenchmarkFitCoxWithEntries(b *testing.B) {
	const n = 1_000_000
	t, d := benchData(n, 10)
	rng := rand.New(rand.NewPCG(3, 4))
	for _, exit := range d.Exit {
		d.Entry = append(d.Entry, exit*.9*rng.Float64()*float64(rng.IntN(2)))
	}
	for b.Loop() {
		if _, err := FitCox(b.Context(), t, d, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
}

func BenchmarkConcordance(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			t, d := benchData(n, 1)
			for b.Loop() {
				if _, err := Concordance(d, t.Columns[0].Num); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
		})
	}
}
