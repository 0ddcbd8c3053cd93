package nearest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/clientele-go/clientele/internal/simd"
)

// The benchmarks stream over the blocks of 2^17 rows, as a pass of a fit does.
const rows = 1 << 17

// stream runs f over all blocks of d features, in every form this processor has.
func stream(b *testing.B, d int, f func(block []float64)) {
	blocks := normal(rand.New(rand.NewPCG(1, 2)), rows*d)
	simd.Each(b, func(b *testing.B) {
		for b.Loop() {
			for at := 0; at < len(blocks); at += Block * d {
				f(blocks[at:][:Block*d])
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
	})
}

func BenchmarkNearest(b *testing.B) {
	var label [Block]int32
	var dist, second [Block]float64
	for _, d := range []int{8, 4} {
		for _, k := range []int{8, 50} {
			centers := normal(rand.New(rand.NewPCG(3, 4)), k*d)
			b.Run(fmt.Sprintf("d=%d/k=%d", d, k), func(b *testing.B) {
				stream(b, d, func(block []float64) { Nearest(label[:], dist[:], block, centers, nil, d) })
			})
			b.Run(fmt.Sprintf("second/d=%d/k=%d", d, k), func(b *testing.B) {
				stream(b, d, func(block []float64) { Nearest2(label[:], dist[:], second[:], block, centers, nil, d) })
			})
		}
	}
}

func BenchmarkDistances(b *testing.B) {
	for _, d := range []int{8, 4} {
		center := normal(rand.New(rand.NewPCG(3, 4)), d)
		var dst [Block]float64
		b.Run(fmt.Sprintf("d=%d", d), func(b *testing.B) {
			stream(b, d, func(block []float64) { Distances(dst[:], block, center) })
		})
	}
}

var sink float64

func BenchmarkSumLengths(b *testing.B) {
	for _, d := range []int{8, 4} {
		point := normal(rand.New(rand.NewPCG(3, 4)), d)
		b.Run(fmt.Sprintf("d=%d", d), func(b *testing.B) {
			stream(b, d, func(block []float64) { sink += SumLengths(block, point, Block) })
		})
	}
}
