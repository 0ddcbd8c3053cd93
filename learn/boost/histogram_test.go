package boost

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkHistogram builds a histogram of 28 columns over all rows, and over one of 20.
func BenchmarkHistogram(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	const rows = 800_000
	h := histograms{matrix: &matrix{stride: 4, words: make([]uint64, 4*rows)}, pairs: make([]cell, rows)}
	for i := range h.words {
		h.words[i] = r.Uint64()
	}
	for range 28 {
		h.counts = append(h.counts, 255)
	}
	h.used = []bool{true, true, true, true}
	for _, every := range []int{1, 20} {
		var some []int32
		for row := range rows {
			if row%every == 0 || every > 1 && r.IntN(every) == 0 {
				some = append(some, int32(row))
			}
		}
		b.Run(fmt.Sprintf("every=%d", every), func(b *testing.B) {
			for b.Loop() {
				building := h.build(some)
				for of := range h.stride {
					h.finish(building, of)
				}
				h.give(building.parts[0])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(some))/28, "ns/update")
		})
	}
}
