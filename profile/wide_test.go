package profile

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
)

func TestWide(t *testing.T) {
	race.Skip(t)
	r := rand.New(rand.NewPCG(14, 15))
	edges := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MinInt64 + 1}
	limit := new(big.Int).Lsh(big.NewInt(1), 191)
	for range 20_000 {
		var x wide
		want := new(big.Int)
		for range r.IntN(5) {
			n, scale := int64(r.Uint64())>>r.IntN(64), r.IntN(19)
			if r.IntN(4) == 0 {
				n = edges[r.IntN(len(edges))]
			}
			require.Equal(t, wideOf(n, 1), wideInt(n))
			x.add(wideOf(n, powers[scale]))
			want.Add(want, new(big.Int).Mul(big.NewInt(n), new(big.Int).SetUint64(powers[scale])))
		}
		require.Equal(t, want.String(), x.big().String())
		require.Equal(t, x, wideFrom(x.bytes()))
		n, ok := x.int64()
		require.Equal(t, want.IsInt64(), ok)
		if ok {
			require.Equal(t, want.Int64(), n)
		}
		m := new(big.Int).SetUint64(powers[r.IntN(19)])
		q, whole := x.quo(m.Uint64())
		wantQuo, rest := new(big.Int).QuoRem(want, m, new(big.Int))
		require.Equal(t, wantQuo.String(), q.big().String())
		require.Equal(t, rest.Sign() == 0, whole)

		p, ok := x.mul(m.Uint64())
		product := new(big.Int).Mul(want, m)
		require.Equal(t, product.CmpAbs(limit) < 0, ok)
		if ok {
			require.Equal(t, product.String(), p.big().String())
		}
	}
}
