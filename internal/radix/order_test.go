package radix_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/radix"
)

func TestOrderIsAStableSort(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := map[string]func() float64{
		"normal":   r.NormFloat64,
		"few":      func() float64 { return float64(r.IntN(5) - 2) },
		"constant": func() float64 { return 7 },
		"special": func() float64 {
			all := []float64{0, math.Copysign(0, -1), math.NaN(), -math.NaN(), math.Inf(1), math.Inf(-1), 5e-324, -math.MaxFloat64, 1}
			return all[r.IntN(len(all))]
		},
	}
	for name, f := range draw {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{0, 1, 2, 100, 5000} {
				values := make([]float64, n)
				want := make([]int32, n)
				for i := range values {
					values[i], want[i] = f(), int32(i)
				}
				slices.SortStableFunc(want, func(a, b int32) int {
					x, y := values[a], values[b]
					if math.IsNaN(x) || math.IsNaN(y) {
						return -cmp.Compare(x, y) // cmp has NaN first
					}
					return cmp.Compare(x, y)
				})
				require.Equal(t, want, radix.Order(values))
			}
		})
	}
}
