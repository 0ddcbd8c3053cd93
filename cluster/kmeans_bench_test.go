package cluster

import (
	"fmt"
	"testing"
)

func BenchmarkLloyd(b *testing.B) {
	const n, d = 100_000, 8
	points := testBlobs(1, n, d, 12)
	r := rowsOf(points, d, nil)
	for _, k := range []int{8, 50} {
		b.Run(fmt.Sprintf("k=%d", k), func(b *testing.B) {
			o := testOptions(k)
			o.Centers, o.Tolerance, o.MaxIterations = centersOf(points[:k*d], d), -1, 10
			for b.Loop() {
				if _, err := solve(b.Context(), r, o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n/10, "ns/row/pass")
		})
	}
}

func BenchmarkStarts(b *testing.B) {
	const n, d = 20_000, 8
	r := rowsOf(testBlobs(1, n, d, 12), d, nil)
	for _, k := range []int{8, 50} {
		b.Run(fmt.Sprintf("k=%d", k), func(b *testing.B) {
			for b.Loop() {
				if _, err := solve(b.Context(), r, testOptions(k)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}
