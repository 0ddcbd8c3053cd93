package segment

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// TestIntRange looks at the numbers on both sides of each end.
func TestIntRange(t *testing.T) {
	constants := []customer.Value{
		customer.Int64Value(0), customer.Int64Value(1), customer.Int64Value(math.MaxInt64), customer.Int64Value(math.MinInt64),
		customer.DecimalValue(1005, 3), customer.DecimalValue(-1005, 3), customer.DecimalValue(math.MaxInt64, 2),
		customer.DecimalValue(math.MinInt64, 1), customer.DecimalValue(math.MinInt64, 18), customer.DecimalValue(1, 18),
		customer.Float64Value(1e300), customer.Float64Value(-1e300), customer.Float64Value(5e-324), customer.Float64Value(-5e-324),
		customer.Float64Value(1 << 63), customer.Float64Value(-1 << 63), customer.Float64Value(0.1),
	}
	for _, scale := range []int{0, 1, 2, 18} {
		unit := new(big.Rat).SetInt64(pow10[scale])
		for _, v := range constants {
			for c := eq; c <= ge; c++ {
				if c == ne {
					continue
				}
				lo, hi := intRange(c, v, scale)
				for _, n := range []int64{
					math.MinInt64, math.MinInt64 + 1, math.MaxInt64, math.MaxInt64 - 1, 0, -1, 1,
					lo, lo - 1, lo + 1, hi, hi - 1, hi + 1,
				} {
					number := new(big.Rat).SetInt64(n)
					number.Quo(number, unit)
					require.Equal(t, c.holds(number.Cmp(fraction(v))), lo <= n && n <= hi,
						"%d at scale %d %s %s", n, scale, cmpText[c], fraction(v).RatString())
				}
			}
		}
	}
}

// TestIntRangeOfCents has the example of a decimal with two digits and a constant with three.
func TestIntRangeOfCents(t *testing.T) {
	v := customer.DecimalValue(1005, 3)
	for c, want := range map[comparison][2]int64{
		ge: {101, math.MaxInt64}, gt: {101, math.MaxInt64}, le: {math.MinInt64, 100}, lt: {math.MinInt64, 100}, eq: {1, 0},
	} {
		lo, hi := intRange(c, v, 2)
		require.Equal(t, want, [2]int64{lo, hi}, cmpText[c])
	}
}

func TestFloatRange(t *testing.T) {
	constants := []customer.Value{
		customer.Int64Value(0), customer.Int64Value(1<<53 + 1), customer.DecimalValue(1, 1), customer.DecimalValue(3, 1),
		customer.Float64Value(math.MaxFloat64), customer.Float64Value(-math.MaxFloat64), customer.Float64Value(5e-324),
		customer.DecimalValue(math.MaxInt64, 18),
	}
	for _, v := range constants {
		near, _ := fraction(v).Float64()
		for c := eq; c <= ge; c++ {
			if c == ne {
				continue
			}
			lo, hi := floatRange(c, v)
			for _, f := range []float64{
				0, near, math.Nextafter(near, math.Inf(1)), math.Nextafter(near, math.Inf(-1)), math.MaxFloat64, -math.MaxFloat64,
			} {
				if math.IsInf(f, 0) {
					continue
				}
				want := c.holds(new(big.Rat).SetFloat64(f).Cmp(new(big.Rat).SetFloat64(near)))
				require.Equal(t, want, lo <= f && f <= hi, "%g %s %g", f, cmpText[c], near)
			}
		}
	}
}

// TestOrderStored compares values of two tags with fractions, at the edges and side by side.
func TestOrderStored(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	ints := func() int64 {
		return pick(rng, 0, 1, -1, math.MaxInt64, math.MinInt64, 1<<53+1, int64(rng.Uint64()), rng.Int64N(2001)-1000, pow10[rng.IntN(19)])
	}
	number := func() (Tag, stored) {
		tag := Tag{Kind: pick(rng, Integer, Decimal, Float)}
		if tag.Kind == Decimal {
			tag.Scale = rng.IntN(19)
		}
		f := pick(rng, float64(ints())/float64(pow10[rng.IntN(19)]), 5e-324, -5e-324, 1<<63, -1<<63, math.MaxFloat64, 0.1)
		return tag, stored{set: true, n: ints(), f: f}
	}
	fractionOf := func(tag Tag, s stored) *big.Rat { return fraction(tag.valueOf(s)) }
	equal := 0
	for range 30_000 {
		t1, a := number()
		t2, b := number()
		switch x := fractionOf(t1, a); rng.IntN(3) {
		case 0: // make b the number nearest to a
			if t2.Kind == Float {
				b.f, _ = x.Float64()
			} else if lo, hi := intRange(le, customer.Float64Value(a.f), t2.Scale); t1.Kind == Float && lo <= hi {
				b.n = hi
			}
		}
		want := fractionOf(t1, a).Cmp(fractionOf(t2, b))
		require.Equal(t, want, orderStored(&t1, &t2, &a, &b), "%v %v %v %v", t1, a, t2, b)
		if want == 0 {
			equal++
		}
	}
	require.Greater(t, equal, 500)

	for range 10_000 {
		t1 := Tag{Kind: Time, Unit: time.Duration(pick(rng, 1, int64(time.Second), int64(time.Hour), math.MaxInt64, rng.Int64N(1e12)+1))}
		t2 := Tag{Kind: Time, Unit: time.Duration(pick(rng, 1, int64(time.Second), int64(24*time.Hour), rng.Int64N(1e12)+1))}
		a, b := stored{set: true, n: ints()}, stored{set: true, n: ints()}
		x := new(big.Int).Mul(big.NewInt(a.n), big.NewInt(int64(t1.Unit)))
		y := new(big.Int).Mul(big.NewInt(b.n), big.NewInt(int64(t2.Unit)))
		require.Equal(t, x.Cmp(y), orderStored(&t1, &t2, &a, &b))
	}
}
