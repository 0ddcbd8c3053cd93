package boost_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/simd"
	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/table"
)

// TestSameInGoAndAssembly fits small tables with many ties, missing values, categories, signs and
// weights, with the bounds of assembly, which spare the search most columns, and without.
func TestSameInGoAndAssembly(t *testing.T) {
	defer simd.SetAssembly(simd.SetAssembly(true))
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 9))
		n, tab, z := 50+r.IntN(1000), &table.Table[int]{}, make([]float64, 1050)
		o := boost.Options{
			Rounds: 4, MaxLeaves: 2 + r.IntN(30), LearningRate: 0.3, MinLeaf: float64(1 + r.IntN(20)),
			L2: float64(r.IntN(2)), MinHessian: float64(r.IntN(2) * r.IntN(20)), ColumnShare: 0.6 + 0.4*float64(r.IntN(2)), Bins: 2 + r.IntN(254),
		}
		for i := range 1 + r.IntN(20) {
			name, kind, lost := fmt.Sprint(i), r.IntN(5), max(0, r.Float64()-0.6)
			x, texts := make([]float64, n), make([]string, n)
			for row := range x {
				v := r.NormFloat64()
				switch kind {
				case 1:
					v = math.Floor(2 * v)
				case 2:
					v = float64(r.IntN(2))
				case 3:
					if last := i - 1; last >= 0 && tab.Columns[last].Kind == table.Number {
						v = -tab.Columns[last].Num[row]
					}
				}
				if v == v {
					z[row] += math.Sin(2*v) * float64(max(0, 4-i))
				}
				if r.Float64() < lost {
					v = math.NaN()
				}
				x[row], texts[row] = v, fmt.Sprint(math.Floor(2*v))
			}
			if kind == 4 {
				tab.Columns = append(tab.Columns, table.CategoryColumn(name, texts...))
				continue
			}
			tab.Columns = append(tab.Columns, table.NumberColumn(name, x...))
			if r.IntN(15) == 0 {
				o.Rising = append(o.Rising, name)
			}
		}
		target := make([]float64, n)
		for row := range target {
			target[row] = math.Round(z[row] + r.NormFloat64())
			if seed%3 == 0 {
				o.Weights = append(o.Weights, r.ExpFloat64())
			}
		}
		var want string
		for _, on := range []bool{false, true} {
			simd.SetAssembly(on)
			m, err := boost.FitTarget(t.Context(), tab, target, boost.SquaredError{}, &o)
			require.NoError(t, err)
			if !on {
				want = text(t, m)
			}
			require.Equal(t, want, text(t, m), "seed %d", seed)
		}
	}
}
