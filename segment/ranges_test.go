package segment

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIntRanges(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 1))
	for range 300 {
		width := int64(1) << rng.IntN(62)
		var list [][2]int64
		for range rng.IntN(200) {
			lo := rng.Int64N(width) - width/2
			list = append(list, [2]int64{lo, lo + rng.Int64N(1+width/50)})
		}
		if rng.IntN(5) == 0 {
			list = append(list, [2]int64{math.MinInt64, math.MinInt64 + 3}, [2]int64{math.MaxInt64, math.MaxInt64})
		}
		r := newIntRanges(slices.Clone(list))
		require.LessOrEqual(t, len(r.starts), 2*maxBuckets)
		var probes []int64
		for _, x := range list {
			probes = append(probes, x[0], x[1], x[0]-1, x[1]+1)
		}
		for range 100 {
			probes = append(probes, rng.Int64N(width)-width/2)
		}
		for _, v := range append(probes, math.MinInt64, math.MaxInt64) {
			want := slices.ContainsFunc(list, func(x [2]int64) bool { return x[0] <= v && v <= x[1] })
			require.Equal(t, want, r.has(v), "%d in %v", v, list)
		}
	}
}
