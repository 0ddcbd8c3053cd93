package ingest

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeySetIsASet(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	var set keySet
	budget := int64(1 << 30)
	model := make(map[string]bool)
	for range 50_000 {
		key := make([]byte, rng.IntN(12), 16)
		for i := range key {
			key[i] = byte(rng.IntN(4))
		}
		if rng.IntN(2500) == 0 {
			key = append(key, make([]byte, keyChunk+rng.IntN(10))...) // more than a chunk holds
		}
		fresh, err := set.add(key, &budget)
		require.NoError(t, err)
		require.Equal(t, !model[string(key)], fresh)
		model[string(key)] = true
	}
	require.Equal(t, len(model), set.n)
}

func TestKeySetBudget(t *testing.T) {
	for _, start := range []int64{0, 100, 10_000, 2 << 20} {
		var set keySet
		budget, n := start, 0
		var key [8]byte
		for {
			binary.LittleEndian.PutUint64(key[:], uint64(n))
			fresh, err := set.add(key[:], &budget)
			require.GreaterOrEqual(t, budget, int64(0))
			if err != nil {
				require.ErrorIs(t, err, ErrTooLarge)
				break
			}
			require.True(t, fresh)
			n++
		}
		reserved := int64(8 * len(set.table))
		for _, c := range set.chunks {
			reserved += int64(cap(c))
		}
		require.Equal(t, start-budget, reserved, "every byte is counted")
		for i := range n {
			binary.LittleEndian.PutUint64(key[:], uint64(i))
			fresh, err := set.add(key[:], &budget)
			require.NoError(t, err)
			require.False(t, fresh, "what was there is there")
		}
		if start == 2<<20 {
			require.Greater(t, n, 40_000, "8 bytes a key take less than 50 in all")
		}
	}
}
