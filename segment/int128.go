package segment

import (
	"math/big"
	"math/bits"
)

// int128 is a whole number of 128 bits, in two's complement. Sums over all customers of what fits in 64 bits stay far
// below its ends, so that nothing here overflows. The zero int128 is 0.
type int128 struct{ hi, lo uint64 }

func (a int128) plus(b int128) int128 {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(a.hi, b.hi, carry)
	return int128{hi, lo}
}

// add adds n.
func (a *int128) add(n int64) { *a = a.plus(int128{uint64(n >> 63), uint64(n)}) }

// addUnsigned adds n << k; k is at most 63.
func (a *int128) addUnsigned(n uint64, k int) { *a = a.plus(int128{n >> 1 >> (63 - k), n << k}) }

// shifted returns a << k; k is at most 63.
func (a int128) shifted(k uint8) int128 { return int128{a.hi<<k | a.lo>>1>>(63-k), a.lo << k} }

// times returns n * count.
func times(n int64, count int) int128 {
	hi, lo := bits.Mul64(uint64(n), uint64(count))
	if n < 0 {
		hi -= uint64(count)
	}
	return int128{hi, lo}
}

// int64 returns a as an int64, if it is one.
func (a int128) int64() (n int64, ok bool) {
	n = int64(a.lo)
	return n, uint64(n>>63) == a.hi
}

func (a int128) big() *big.Int {
	z := big.NewInt(int64(a.hi))
	z.Lsh(z, 64)
	return z.Add(z, new(big.Int).SetUint64(a.lo))
}
