package parallel_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/parallel"
)

func TestSortFuncEqualsSlicesSort(t *testing.T) {
	for name, value := range map[string]func(r *rand.Rand, i int) int{
		"random":      func(r *rand.Rand, _ int) int { return r.Int() },
		"ascending":   func(_ *rand.Rand, i int) int { return i },
		"descending":  func(_ *rand.Rand, i int) int { return -i },
		"all equal":   func(*rand.Rand, int) int { return 7 },
		"few values":  func(r *rand.Rand, _ int) int { return r.IntN(3) },
		"mostly zero": func(r *rand.Rand, i int) int { return max(0, r.IntN(100)-95) * i },
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for _, n := range []int{0, 1, 100, 8191, 8192, 30_000} {
				s := make([]int, n)
				for i := range s {
					s[i] = value(r, i)
				}
				want := slices.Sorted(slices.Values(s))
				parallel.SortFunc(1+n%3, s, cmp.Compare[int])
				require.True(t, slices.Equal(want, s), "n = %d", n)
			}
		})
	}
}
