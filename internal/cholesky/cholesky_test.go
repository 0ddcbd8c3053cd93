package cholesky

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// random returns XᵀX of p columns, of which the last is the sum of the first two if dependent.
func random(r *rand.Rand, p int, dependent bool) []float64 {
	const n = 30
	x := make([]float64, n*p)
	for i := range n {
		row := x[i*p:][:p]
		for j := range row {
			row[j] = r.NormFloat64()
		}
		if dependent {
			row[p-1] = row[0] + row[1]
		}
	}
	a := make([]float64, p*p)
	for i := range p {
		for j := range p {
			for k := range n {
				a[i*p+j] += x[k*p+i] * x[k*p+j]
			}
		}
	}
	return a
}

func TestFactorSolvesAndInverts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for p := 1; p <= 9; p++ {
		a := random(r, p, false)
		l := slices.Clone(a)
		Factor(l, p, nil, 1e-12, func(int) { t.Fatal("nothing is determined") })
		want := make([]float64, p)
		for i := range want {
			want[i] = r.NormFloat64()
		}
		x := make([]float64, p)
		for i := range p {
			x[i] = Dot(a[i*p:][:p], want)
		}
		Forward(l, p, x)
		Backward(l, p, x)
		require.InDeltaSlice(t, want, x, 1e-9)
		inverse := Inverse(l, p)
		for i := range p {
			for j := range p {
				sum, one := 0.0, 0.0
				for k := range p {
					sum += a[i*p+k] * inverse[k*p+j]
				}
				if i == j {
					one = 1
				}
				require.InDelta(t, one, sum, 1e-9)
			}
		}
	}
}

func TestFactorLeavesOutWhatIsDetermined(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	const p = 5
	a := random(r, p, true)
	for name, scale := range map[string][]float64{"diagonal": nil, "given": {30, 30, 30, 30, 30}} {
		t.Run(name, func(t *testing.T) {
			l := slices.Clone(a)
			var aliased []int
			Factor(l, p, scale, 1e-10, func(j int) { aliased = append(aliased, j) })
			require.Equal(t, []int{p - 1}, aliased)
			// The rest is as if the column were not there.
			rest := Part(a, p, []int{0, 1, 2, 3})
			Factor(rest, p-1, nil, 1e-10, nil)
			want, got := Inverse(rest, p-1), Inverse(l, p)
			for i := range p {
				for j := range p {
					if i == p-1 || j == p-1 {
						require.Zero(t, got[i*p+j])
					} else {
						require.InDelta(t, want[i*(p-1)+j], got[i*p+j], 1e-12)
					}
				}
			}
		})
	}
	// A factor with no tolerance of a matrix that is not positive has +Inf pivots, never NaN.
	b := []float64{1, 0, 2, 1}
	Factor(b, 2, nil, 0, nil)
	require.Equal(t, math.Inf(1), b[3])
}

func TestPart(t *testing.T) {
	a := []float64{ // the lower triangle counts
		1, 0, 0,
		2, 3, 0,
		4, 5, 6,
	}
	require.Equal(t, []float64{6, 0, 4, 1}, Part(a, 3, []int{2, 0}))
	require.Equal(t, []float64{3, 0, 5, 6}, Part(a, 3, []int{1, 2}))
}
