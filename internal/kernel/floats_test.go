package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/simd"
)

func TestBetweenFloats(t *testing.T) {
	negative := math.Float64frombits(math.Float64bits(math.NaN()) | 1<<63)
	edges := []float64{
		0, math.Copysign(0, -1), 1, -1, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64,
		math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN(), negative, 0.25,
	}
	r := rand.New(rand.NewPCG(1, 2))
	buffer := make([]float64, Bits+16)
	for i := range buffer {
		if r.IntN(2) == 0 {
			buffer[i] = edges[r.IntN(len(edges))]
		} else {
			buffer[i] = math.Float64frombits(r.Uint64())
		}
	}
	for i, n := range lengths {
		values := buffer[i:][:n:n]
		some := edges
		if n > 200 {
			some = edges[:4]
		}
		for _, lo := range some {
			for _, hi := range some {
				want := where(func(p int) bool { return p < n && lo <= values[p] && values[p] <= hi })
				simd.Each(t, func(t *testing.T) {
					var got Words
					FillRange(&got, 0, Bits)
					BetweenFloats(&got, values, lo, hi)
					require.True(t, *want == got, "%v to %v, %d values", lo, hi, n)
				})
			}
		}
	}
	require.Panics(t, func() { BetweenFloats(&Words{}, make([]float64, Bits+1), 0, 1) })
}
