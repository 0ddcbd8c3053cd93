package segment

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/kernel"
)

func TestKeysAscend(t *testing.T) {
	ints := []int64{math.MinInt64, math.MinInt64 + 1, -2, -1, 0, 1, 2, math.MaxInt64 - 1, math.MaxInt64}
	for i, n := range ints {
		require.Equal(t, n, keyInt(intKey(n)))
		if i > 0 {
			require.Less(t, intKey(ints[i-1]), intKey(n))
		}
	}
	floats := []float64{
		-math.MaxFloat64, -1.5, -1, -math.SmallestNonzeroFloat64, 0, math.SmallestNonzeroFloat64, 0.1, 1, math.MaxFloat64,
	}
	for i, f := range floats {
		require.Equal(t, f, keyFloat(floatKey(f)))
		if i > 0 {
			require.Less(t, floatKey(floats[i-1]), floatKey(f))
		}
	}
}

func TestGather(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, width := range []int{0, 1, 2, 7, 8, 9, 16, 20, 24, 31, 33, 63, 64} {
		for _, n := range []int{100, 9000, kernel.Bits} {
			ed := &intEditor{}
			want := map[uint16]int64{}
			for range n {
				p := uint16(rng.IntN(kernel.Bits))
				if n == kernel.Bits {
					p = uint16(len(want))
				}
				v := int64(rng.Uint64() >> (64 - width))
				ed.put(p, v)
				want[p] = v
			}
			col := ed.freeze(1024).(*intColumn)
			for _, share := range []int{1, 2, 50} {
				var w kernel.Words
				for p := range want {
					if rng.IntN(share) == 0 {
						w[p>>6] |= 1 << (p & 63)
					}
				}
				var places []uint16
				same := true
				gather(col, &w, func(at []uint16, keys []uint64) {
					for i, p := range at {
						same = same && want[p] == keyInt(keys[i])
					}
					places = append(places, at...)
				})
				require.True(t, same)
				require.True(t, slices.Equal(slices.Collect(members(&w)), places))
			}
		}
	}
}

func TestInt128(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var sum int128
	want := new(big.Int)
	for range 1000 {
		n, count, k := int64(rng.Uint64()), rng.IntN(1<<32), rng.IntN(64)
		u := rng.Uint64() >> (rng.IntN(16) + 1)
		part := times(n, count)
		part.add(n)
		sum = sum.plus(part)
		sum.addUnsigned(u>>32, k)
		want.Add(want, new(big.Int).Mul(big.NewInt(n), big.NewInt(int64(count)+1)))
		want.Add(want, new(big.Int).Lsh(new(big.Int).SetUint64(u>>32), uint(k)))
		require.Zero(t, want.Cmp(sum.big()))
		_, ok := sum.int64()
		require.Equal(t, want.IsInt64(), ok)
	}
	for _, n := range []int64{math.MinInt64, -1, 0, 1, math.MaxInt64} {
		a := times(n, 1)
		got, ok := a.int64()
		require.True(t, ok)
		require.Equal(t, n, got)
		shifted := new(big.Int).Lsh(big.NewInt(n), 17)
		require.Zero(t, shifted.Cmp(a.shifted(17).big()))
		a.add(n)
		_, ok = a.int64()
		require.Equal(t, n == -1 || n == 0 || n == 1, ok)
	}
}
