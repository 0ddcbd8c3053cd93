package ingest

import (
	"math/bits"
	"strconv"
)

// MaxScale is the largest number of digits after the point of a [Decimal].
const MaxScale = 18

// Decimal is an exact decimal number: coefficient times ten to the power of minus
// scale, with a coefficient of at most 2⁶³−1 in size and a scale of 0 to [MaxScale].
// It is kept in its shortest form, so 2.50 and 2.5 are the same Decimal and == and
// map keys work; the zero value is 0. A Decimal is safe for concurrent use.
//
// It exists so that a price such as 0.001 survives, and so that an amount is formed
// exactly and rounded once: see [Decimal.Amount].
type Decimal struct {
	coef  int64
	scale uint8
}

var pow10 = [...]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

const maxCoef = 1<<63 - 1

// NewDecimal returns coef divided by ten to the power of scale. It returns
// [ErrOverflow] if scale is outside 0 to [MaxScale] or coef is the least int64.
func NewDecimal(coef int64, scale int) (Decimal, error) {
	if scale < 0 || scale > MaxScale || coef == -1<<63 {
		return Decimal{}, ErrOverflow
	}
	return shortest(coef, scale), nil
}

func shortest(coef int64, scale int) Decimal {
	for scale > 0 && coef%10 == 0 {
		coef /= 10
		scale--
	}
	return Decimal{coef, uint8(scale)}
}

// ParseDecimal reads an optional sign, digits with an optional point among or
// around them, and an optional exponent: "-12.50", ".5", "5.", "1.2e-3". Nothing is
// rounded. It returns [ErrSyntax] for anything else, and [ErrOverflow] for a number
// that needs more digits than a Decimal has. Marks of thousands, other points and
// full-width digits are the business of a [Format].
func ParseDecimal(text string) (Decimal, error) { return parseDecimal(text) }

func parseDecimal[B ~string | ~[]byte](s B) (Decimal, error) {
	i, n := 0, len(s)
	neg := false
	if n > 0 && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		i++
	}
	first, point := i, -1
	for ; i < n; i++ {
		if c := s[i]; c == '.' && point < 0 {
			point = i
		} else if c-'0' > 9 {
			break
		}
	}
	end, exp := i, 0
	if end == first || end == first+1 && point >= 0 {
		return Decimal{}, ErrSyntax
	}
	if i < n {
		var ok bool
		if exp, ok = parseExponent(s[i:]); !ok {
			return Decimal{}, ErrSyntax
		}
	}
	if point < 0 {
		point = end
	} else {
		for end > point+1 && s[end-1] == '0' {
			end--
		}
		exp -= end - point - 1
	}
	var mant uint64
	for i = first; i < end; i++ {
		if i == point {
			continue
		}
		if mant > maxCoef/10 {
			return Decimal{}, ErrOverflow
		}
		if mant = mant*10 + uint64(s[i]-'0'); mant > maxCoef {
			return Decimal{}, ErrOverflow
		}
	}
	for mant != 0 && exp < 0 && mant%10 == 0 {
		mant /= 10
		exp++
	}
	switch {
	case mant == 0:
		return Decimal{}, nil
	case exp > MaxScale || exp < -MaxScale:
		return Decimal{}, ErrOverflow
	case exp > 0:
		hi, lo := bits.Mul64(mant, pow10[exp])
		if hi != 0 || lo > maxCoef {
			return Decimal{}, ErrOverflow
		}
		mant, exp = lo, 0
	}
	d := Decimal{int64(mant), uint8(-exp)}
	if neg {
		d.coef = -d.coef
	}
	return d, nil
}

// parseExponent reads "e", an optional sign and at least one digit. Sizes that no
// Decimal holds come back as some size that no Decimal holds.
func parseExponent[B ~string | ~[]byte](s B) (int, bool) {
	if s[0] != 'e' && s[0] != 'E' {
		return 0, false
	}
	i, neg := 1, false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		neg = s[i] == '-'
		i++
	}
	if i == len(s) {
		return 0, false
	}
	exp := 0
	for ; i < len(s); i++ {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		exp = min(exp*10+int(d), 1<<30)
	}
	if neg {
		exp = -exp
	}
	return exp, true
}

// Coefficient returns the digits of d as an integer: 25 for 0.25.
func (d Decimal) Coefficient() int64 { return d.coef }

// Scale returns the number of digits of d after the point.
func (d Decimal) Scale() int { return int(d.scale) }

// Sign returns -1, 0 or +1.
func (d Decimal) Sign() int {
	switch {
	case d.coef < 0:
		return -1
	case d.coef > 0:
		return 1
	}
	return 0
}

// Cmp compares d and e as numbers and returns -1, 0 or +1.
func (d Decimal) Cmp(e Decimal) int {
	if s, t := d.Sign(), e.Sign(); s != t || s == 0 {
		return sign(s - t)
	}
	s := max(d.scale, e.scale)
	dh, dl := bits.Mul64(magnitude(d.coef), pow10[s-d.scale])
	eh, el := bits.Mul64(magnitude(e.coef), pow10[s-e.scale])
	c := 0
	switch {
	case dh != eh:
		c = 1
		if dh < eh {
			c = -1
		}
	case dl != el:
		c = 1
		if dl < el {
			c = -1
		}
	}
	return c * d.Sign()
}

func sign(n int) int { return max(-1, min(1, n)) }

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

// Minor returns d as a count of minor units with the given number of digits: 2 for
// cents and fen, 0 for yen. It rounds half to even: 0.125 in cents is 12, 0.135 is
// 14. It returns [ErrOverflow] if the count does not fit an int64 or digits is
// outside 0 to [MaxScale].
func (d Decimal) Minor(digits int) (int64, error) { return d.Amount(1, digits) }

// Amount returns quantity times d as a count of minor units with the given number
// of digits. The product is formed exactly, in 128 bits, and rounded once, half to
// even. Errors are those of [Decimal.Minor].
func (d Decimal) Amount(quantity int64, digits int) (int64, error) {
	if digits < 0 || digits > MaxScale || quantity == -1<<63 {
		return 0, ErrOverflow
	}
	hi, lo := bits.Mul64(magnitude(d.coef), magnitude(quantity))
	if shift := int(d.scale) - digits; shift > 0 {
		p := pow10[shift]
		if hi >= p {
			return 0, ErrOverflow
		}
		quo, rem := bits.Div64(hi, lo, p)
		if quo > maxCoef {
			return 0, ErrOverflow
		}
		if half := p / 2; rem > half || rem == half && quo&1 == 1 {
			quo++
		}
		hi, lo = 0, quo
	} else if shift < 0 && (hi != 0 || lo != 0) {
		if hi != 0 {
			return 0, ErrOverflow
		}
		hi, lo = bits.Mul64(lo, pow10[-shift])
	}
	if hi != 0 || lo > maxCoef {
		return 0, ErrOverflow
	}
	if (d.coef < 0) != (quantity < 0) {
		return -int64(lo), nil
	}
	return int64(lo), nil
}

// Float64 returns the nearest float64.
func (d Decimal) Float64() float64 {
	if m := magnitude(d.coef); m < 1<<53 { // both exact, so one correctly rounded division
		return float64(d.coef) / float64(pow10[d.scale])
	}
	f, _ := strconv.ParseFloat(d.String(), 64)
	return f
}

// String returns the shortest plain form, which [ParseDecimal] reads back: "-0.5".
func (d Decimal) String() string {
	b, _ := d.AppendText(nil)
	return string(b)
}

// AppendText appends the form of [Decimal.String] to b. The error is always nil.
func (d Decimal) AppendText(b []byte) ([]byte, error) {
	if d.coef < 0 {
		b = append(b, '-')
	}
	m, p := magnitude(d.coef), pow10[d.scale]
	b = strconv.AppendUint(b, m/p, 10)
	if d.scale > 0 {
		b = append(b, '.')
		frac := m % p
		for p /= 10; p > frac && p > 1; p /= 10 {
			b = append(b, '0')
		}
		b = strconv.AppendUint(b, frac, 10)
	}
	return b, nil
}

// MarshalText returns the form of [Decimal.String]. The error is always nil.
func (d Decimal) MarshalText() ([]byte, error) { return d.AppendText(nil) }

// UnmarshalText reads what [ParseDecimal] reads, with its errors.
func (d *Decimal) UnmarshalText(text []byte) error {
	v, err := parseDecimal(text)
	if err == nil {
		*d = v
	}
	return err
}
