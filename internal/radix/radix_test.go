package radix_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/radix"
)

func TestSortIsStableByHighBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		keys := make([]uint64, r.IntN(300)*(1+r.IntN(40)))
		mask, low := r.Uint64()>>r.IntN(64), r.IntN(30)
		for i := range keys {
			keys[i] = r.Uint64() & mask
		}
		want := slices.Clone(keys)
		slices.SortStableFunc(want, func(a, b uint64) int {
			a, b = a>>low, b>>low
			switch {
			case a < b:
				return -1
			case a > b:
				return 1
			}
			return 0
		})
		require.True(t, slices.Equal(want, radix.Sort(1+r.IntN(3), keys, make([]uint64, len(keys)), low)))
	}
}

func TestRankIsMonotone(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for name, draw := range map[string]func() string{
		"numbers":  func() string { return strconv.Itoa(r.IntN(10_000)) },
		"prefixed": func() string { return "CUST-" + strconv.Itoa(100_000+r.IntN(900_000)) },
		"bytes": func() string {
			b := make([]byte, r.IntN(50))
			for i := range b {
				b[i] = byte(r.IntN(3) * 127)
			}
			return string(b)
		},
		"one": func() string { return "x" },
	} {
		t.Run(name, func(t *testing.T) {
			ids := make([]string, 500)
			var even, odd radix.Ranker
			for i := range ids {
				ids[i] = draw()
				if i%2 == 0 {
					even.Learn(ids[i])
				} else {
					odd.Learn(ids[i])
				}
			}
			even.Merge(&odd)
			slices.Sort(ids)
			for _, limit := range []int{1, 10, 20, 34, 63} {
				ranking := even.Ranking(limit)
				for i, id := range ids {
					rank := ranking(id)
					require.Less(t, rank, uint64(1)<<limit)
					if i > 0 {
						require.LessOrEqual(t, ranking(ids[i-1]), rank, "%q %q", ids[i-1], id)
					}
				}
			}
			if name == "prefixed" || name == "numbers" { // compact enough to be exact
				exact := even.Ranking(34)
				for i := 1; i < len(ids); i++ {
					require.Equal(t, ids[i] == ids[i-1], exact(ids[i]) == exact(ids[i-1]))
				}
			}
		})
	}
}
