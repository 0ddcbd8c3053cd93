package identity

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// TestSortByKey: the order is that of bytes.Compare, for few and many, and for keys that
// end within the bytes that are compared as numbers or differ behind them, in no order or in
// two parts that are in order.
func TestSortByKey(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 63, 64, 1000} {
		var keys [][]byte
		for range n {
			key := make([]byte, 1+random.IntN(20))
			for i := range key {
				key[i] = byte(random.IntN(2)) * 0xff
			}
			keys = append(keys, key)
		}
		all := make([]store.Condition, n)
		for i, k := range keys {
			all[i] = store.Condition{Key: k, Version: store.Version(i)}
		}
		compare := func(a, b store.Condition) int { return bytes.Compare(a.Key, b.Key) }
		for _, first := range []int{0, 1, n / 2, n} { // how many are in order, and then all others
			all := slices.Clone(all)
			if first = min(first, n); first > 0 {
				slices.SortFunc(all[:first], compare)
				slices.SortFunc(all[first:], compare)
			}
			sortByKey(all, func(c store.Condition) []byte { return c.Key })
			require.True(t, slices.IsSortedFunc(all, compare), n)
			seen := make([]bool, n)
			for _, c := range all {
				require.Equal(t, keys[c.Version], c.Key)
				require.False(t, seen[c.Version])
				seen[c.Version] = true
			}
		}
	}
}
