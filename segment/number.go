package segment

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
	"strconv"

	"github.com/clientele-go/clientele/customer"
)

// isNumber tells whether v is a number of any kind.
func isNumber(v customer.Value) bool {
	switch v.Kind() {
	case customer.KindInt64, customer.KindDecimal, customer.KindFloat64:
		return true
	}
	return false
}

// intRange returns the whole numbers n for which n / 10^scale stands in relation c, not !=, to v, exactly: lo <= n <=
// hi, or lo > hi if there is none.
func intRange(c comparison, v customer.Value, scale int) (lo, hi int64) {
	floor, exact, fits := floorScaled(v, scale)
	lo, hi = math.MinInt64, math.MaxInt64
	if !fits {
		// v lies beyond all numbers there are.
		if c == eq || (floor > 0) == (c == gt || c == ge) {
			return 1, 0
		}
		return lo, hi
	}
	switch c {
	case eq:
		if !exact {
			return 1, 0
		}
		return floor, floor
	case le:
		return lo, floor
	case gt:
		if floor == math.MaxInt64 {
			return 1, 0
		}
		return floor + 1, hi
	case lt:
		if !exact {
			return lo, floor
		}
		if floor == math.MinInt64 {
			return 1, 0
		}
		return lo, floor - 1
	}
	if exact {
		return floor, hi
	}
	return intRange(gt, v, scale)
}

// floorScaled returns v * 10^scale rounded down, and whether it was whole. If that does not fit, fits is false and
// floor is the nearest int64.
func floorScaled(v customer.Value, scale int) (floor int64, exact, fits bool) {
	if n, ok := v.Int64(); ok && scale == 0 {
		return n, true, true
	}
	x := rat(v)
	x.Mul(x, new(big.Rat).SetInt64(pow10[scale]))
	q := new(big.Int).Div(x.Num(), x.Denom()) // the divisor is positive, so this rounds down
	if !q.IsInt64() {
		return saturated(int64(q.Sign())), false, false
	}
	return q.Int64(), x.IsInt(), true
}

// rat returns a number exactly.
func rat(v customer.Value) *big.Rat {
	switch v.Kind() {
	case customer.KindFloat64:
		f, _ := v.Float64()
		return new(big.Rat).SetFloat64(f)
	case customer.KindDecimal:
		c, scale, _ := v.Decimal()
		return big.NewRat(c, pow10[scale])
	}
	n, _ := v.Int64()
	return new(big.Rat).SetInt64(n)
}

// ints selects the customers whose Integer or Decimal lies in the range.
func ints(lo, hi int64) *bound {
	switch {
	case lo > hi:
		return nobody(nil)
	case lo == math.MinInt64 && hi == math.MaxInt64:
		return &bound{form: formSet}
	}
	return &bound{form: formRange, lo: lo, hi: hi}
}

// floatRange returns the floats that stand in relation c, not !=, to the float nearest to v: lo <= f <= hi, or lo > hi
// if there is none.
func floatRange(c comparison, v customer.Value) (lo, hi float64) {
	f := nearestFloat(v)
	lo, hi = -math.MaxFloat64, math.MaxFloat64
	switch c {
	case eq:
		return f, f
	case le:
		return lo, f
	case lt:
		return lo, math.Nextafter(f, math.Inf(-1))
	case gt:
		return math.Nextafter(f, math.Inf(1)) + 0, hi // not -0
	}
	return f, hi
}

// nearestFloat returns the float64 nearest to a number: a constant such as 0.1 means, for a Float, what it means in
// every program.
func nearestFloat(v customer.Value) float64 {
	if f, ok := v.Float64(); ok {
		return f
	}
	if n, ok := v.Int64(); ok {
		return float64(n)
	}
	c, scale, _ := v.Decimal()
	f, _ := strconv.ParseFloat(strconv.FormatInt(c, 10)+"e-"+strconv.Itoa(scale), 64)
	return f
}

// shortest returns, of a float32, the shortest decimal that stands for it.
func shortest(f float64) float64 {
	f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
	return f
}

// floats selects the customers whose Float lies in the range.
func floats(lo, hi float64) *bound {
	switch {
	case lo > hi:
		return nobody(nil)
	case lo == -math.MaxFloat64 && hi == math.MaxFloat64:
		return &bound{form: formSet}
	}
	return &bound{form: formFloats, flo: lo, fhi: hi}
}

// orderStored compares two values that are set, of tags that twoTags lets through: -1, 0 or 1. Numbers and times
// compare exactly, whatever their scales and units; flags and enums are equal or not.
func orderStored(t, u *Tag, a, b *stored) int {
	switch {
	case t.Kind == Flag:
		if a.b == b.b {
			return 0
		}
		return 1
	case t.Kind == Enum:
		if a.text == b.text {
			return 0
		}
		return 1
	case t.Kind == Time:
		return orderProducts(a.n, int64(t.unit()), b.n, int64(u.unit()))
	case t.Kind == Float && u.Kind == Float:
		return cmp.Compare(a.f, b.f)
	case t.Kind == Float:
		return -orderMixed(b.n, u.Scale, a.f)
	case u.Kind == Float:
		return orderMixed(a.n, t.Scale, b.f)
	}
	return orderProducts(a.n, pow10[u.Scale], b.n, pow10[t.Scale])
}

// orderProducts compares a*p with b*q, where p and q are positive.
func orderProducts(a, p, b, q int64) int {
	if p == q {
		return cmp.Compare(a, b)
	}
	if a < 0 != (b < 0) {
		return cmp.Compare(a, b)
	}
	x, y := uint64(a), uint64(b)
	sign := 1
	if a < 0 {
		x, y, sign = -x, -y, -1
	}
	xhi, xlo := bits.Mul64(x, uint64(p))
	yhi, ylo := bits.Mul64(y, uint64(q))
	switch {
	case xhi < yhi || xhi == yhi && xlo < ylo:
		return -sign
	case xhi != yhi || xlo != ylo:
		return sign
	}
	return 0
}

// orderMixed compares n / 10^scale with f, exactly.
func orderMixed(n int64, scale int, f float64) int {
	switch {
	case f >= 1<<63:
		return -1
	case f < -1<<63:
		return 1
	}
	floor := math.Floor(f)
	q := n / pow10[scale]
	if r := n % pow10[scale]; r < 0 {
		q--
	}
	if c := cmp.Compare(q, int64(floor)); c != 0 {
		return c
	}
	// The whole parts are equal; what is left lies in 0 to 1 on both sides.
	r := n - q*pow10[scale]
	if f == floor {
		return cmp.Compare(r, 0)
	}
	left, right := float64(r)/float64(pow10[scale]), f-floor // each less than 5e-16 off
	if math.Abs(left-right) > 1e-15 {
		return cmp.Compare(left, right)
	}
	return rat(customer.DecimalValue(n, scale)).Cmp(new(big.Rat).SetFloat64(f))
}
