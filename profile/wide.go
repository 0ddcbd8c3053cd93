package profile

import (
	"encoding/binary"
	"math/big"
	"math/bits"
)

// A wide is a whole number of 192 bits, in two's complement: the sum of as many int64 as
// there can be, each multiplied by up to 10^18, fits. The lowest word is the first.
type wide [3]uint64

// powers are those of ten up to the greatest scale of a decimal.
var powers = func() (p [19]uint64) {
	p[0] = 1
	for i := range p[1:] {
		p[i+1] = 10 * p[i]
	}
	return p
}()

// add adds o.
func (x *wide) add(o wide) {
	var carry uint64
	x[0], carry = bits.Add64(x[0], o[0], 0)
	x[1], carry = bits.Add64(x[1], o[1], carry)
	x[2], _ = bits.Add64(x[2], o[2], carry)
}

// wideInt returns n.
func wideInt(n int64) wide { return wide{uint64(n), uint64(n >> 63), uint64(n >> 63)} }

// wideOf returns n times m.
func wideOf(n int64, m uint64) wide {
	high, low := bits.Mul64(magnitude(n), m)
	x := wide{low, high, 0}
	if n < 0 {
		x.negate()
	}
	return x
}

func (x *wide) negative() bool { return x[2]>>63 != 0 }

func (x *wide) negate() {
	var borrow uint64
	x[0], borrow = bits.Sub64(0, x[0], 0)
	x[1], borrow = bits.Sub64(0, x[1], borrow)
	x[2], _ = bits.Sub64(0, x[2], borrow)
}

// abs returns the magnitude of x and whether x was negative.
func (x wide) abs() (wide, bool) {
	negative := x.negative()
	if negative {
		x.negate()
	}
	return x, negative
}

// quo returns x / m, rounded towards 0, and whether nothing is left over.
func (x wide) quo(m uint64) (q wide, whole bool) {
	q, negative := x.abs()
	var rest uint64
	for i := 2; i >= 0; i-- {
		q[i], rest = bits.Div64(rest, q[i], m)
	}
	if negative {
		q.negate()
	}
	return q, rest == 0
}

// mul returns x * m and whether it fits.
func (x wide) mul(m uint64) (p wide, ok bool) {
	p, negative := x.abs()
	var carry uint64
	for i := range p {
		high, low := bits.Mul64(p[i], m)
		var c uint64
		p[i], c = bits.Add64(low, carry, 0)
		carry = high + c
	}
	ok = carry == 0 && !p.negative()
	if negative {
		p.negate()
	}
	return p, ok
}

// int64 returns x and whether it fits.
func (x wide) int64() (n int64, ok bool) {
	n = int64(x[0])
	sign := uint64(n >> 63)
	return n, x[1] == sign && x[2] == sign
}

// bytes returns x, the highest byte first.
func (x wide) bytes() (b [24]byte) {
	for i, word := range x {
		binary.BigEndian.PutUint64(b[8*(2-i):], word)
	}
	return b
}

func wideFrom(b [24]byte) (x wide) {
	for i := range x {
		x[i] = binary.BigEndian.Uint64(b[8*(2-i):])
	}
	return x
}

func (x wide) big() *big.Int {
	m, negative := x.abs()
	b := m.bytes()
	n := new(big.Int).SetBytes(b[:])
	if negative {
		n.Neg(n)
	}
	return n
}
