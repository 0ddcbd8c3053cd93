package segment

import (
	"math"
	"math/bits"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

// stored is a value of a tag in the form in which it is kept and compared, in the index and by Match alike.
type stored struct {
	set    bool
	b      bool           // Flag
	n      int64          // Integer; Decimal: units of the scale; Time: whole units since 1970, rounded down
	f      float64        // Float, finite
	text   string         // Enum
	labels customer.Value // Labels
}

// maxText is the largest number of bytes of a text of an Enum or a label.
const maxText = 1 << 20

const textTooLong = reason("text is longer than 1 MiB")

// reason says why a value cannot be that of a tag. It never holds the value.
type reason string

func (r reason) Error() string { return string(r) }

// store returns v as tag t keeps it, or a reason. It allocates only for a reason.
func (t *Tag) store(v customer.Value) (s stored, err error) {
	if err := t.put(&s, v); err != nil {
		return stored{}, err
	}
	return s, nil
}

// put is store into s, which is unset. After an error s is of no use.
func (t *Tag) put(s *stored, v customer.Value) error {
	switch v.Kind() {
	case customer.KindUnset:
		return nil
	case customer.KindBool:
		if t.Kind == Flag {
			s.b, _ = v.Bool()
			s.set = true
			return nil
		}
	case customer.KindInt64:
		n, _ := v.Int64()
		return t.putInt(s, n)
	case customer.KindFloat64:
		if f, _ := v.Float64(); t.Kind == Float {
			return s.putFloat(f)
		}
	case customer.KindDecimal:
		if t.Kind == Decimal {
			return t.putDecimal(s, v)
		}
	case customer.KindTime:
		if at, _ := v.Time(); t.Kind == Time {
			return t.putTime(s, at)
		}
	case customer.KindText:
		if text, _ := v.Text(); t.Kind == Enum {
			return t.putText(s, text)
		}
	case customer.KindLabels:
		if t.Kind == Labels {
			if v.Validate() != nil {
				return reason("label is empty or not UTF-8")
			}
			for label := range v.Labels() {
				if len(label) > maxText {
					return textTooLong
				}
			}
			s.set, s.labels = true, v
			return nil
		}
	}
	return t.mismatch(v.Kind().String())
}

// mismatch is the reason why a value of the named kind cannot be used.
func (t *Tag) mismatch(kind string) error {
	return reason("value of kind " + kind + " for a tag of kind " + t.Kind.String())
}

func (t *Tag) putInt(s *stored, n int64) error {
	switch t.Kind {
	case Integer:
		s.set, s.n = true, n
		return nil
	case Decimal:
		if s.n, s.set = mulPow10(n, t.Scale); s.set {
			return nil
		}
		return reason("number is too large for the scale of the tag")
	case Float:
		f := float64(n)
		if f == 1<<63 || int64(f) != n {
			return reason("whole number is not a float64")
		}
		s.set, s.f = true, f
		return nil
	}
	return t.mismatch(customer.KindInt64.String())
}

func (s *stored) putFloat(f float64) error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return reason("number is not finite")
	}
	s.set, s.f = true, f+0 // not -0
	return nil
}

func (t *Tag) putDecimal(s *stored, v customer.Value) error {
	c, scale, ok := v.Decimal()
	switch {
	case !ok:
		return reason("decimal has a scale that is not between 0 and 18")
	case scale > t.Scale:
		return reason("number has more digits after the point than the tag")
	}
	if s.n, s.set = mulPow10(c, t.Scale-scale); !s.set {
		return reason("number is too large for the scale of the tag")
	}
	return nil
}

func (t *Tag) putText(s *stored, text string) error {
	switch {
	case len(text) > maxText:
		return textTooLong
	case !utf8.ValidString(text):
		return reason("text is not UTF-8")
	case t.Hierarchy && !validPath(text):
		return reason("path has an empty element")
	}
	s.set, s.text = true, text
	return nil
}

// validPath tells whether no element of a path such as 广东/广州 is empty.
func validPath(s string) bool {
	return s != "" && s[0] != '/' && s[len(s)-1] != '/' && !strings.Contains(s, "//")
}

func (t *Tag) putTime(s *stored, at time.Time) error {
	if !validTime(at) {
		return reason("time is not in years 1 to 9999")
	}
	n, _, ok := floorUnits(at, t.unit())
	if !ok {
		return reason("time does not lie within 2^63 units of 1970")
	}
	if !validTime(unitTime(n, t.unit())) {
		return reason("time rounded down to the unit is not in years 1 to 9999")
	}
	s.set, s.n = true, n
	return nil
}

// validTime tells whether customer.TimeValue(t) is valid.
func validTime(t time.Time) bool { return civil.InYears(t) }

// floorUnits returns the number of whole units from 1970 to t, rounded down, and whether t is that exactly. If it does
// not fit, ok is false and n is the nearest int64.
func floorUnits(t time.Time, unit time.Duration) (n int64, exact, ok bool) {
	sec, nsec := t.Unix(), uint64(t.Nanosecond())
	if unit == time.Second {
		return sec, nsec == 0, true
	}
	// The nanoseconds from 1970, as sign and size.
	abs := uint64(sec)
	if sec < 0 {
		abs = -abs
	}
	hi, lo := bits.Mul64(abs, uint64(time.Second))
	if sec < 0 {
		var borrow uint64
		lo, borrow = bits.Sub64(lo, nsec, 0)
		hi -= borrow
	} else {
		var carry uint64
		lo, carry = bits.Add64(lo, nsec, 0)
		hi += carry
	}
	if hi >= uint64(unit) {
		return saturated(sec), false, false
	}
	q, r := bits.Div64(hi, lo, uint64(unit))
	if sec < 0 {
		if q > 1<<63 || q == 1<<63 && r > 0 {
			return math.MinInt64, false, false
		}
		if r > 0 {
			q++
		}
		return -int64(q), r == 0, true
	}
	if q > math.MaxInt64 {
		return math.MaxInt64, false, false
	}
	return int64(q), r == 0, true
}

func saturated(sign int64) int64 {
	if sign < 0 {
		return math.MinInt64
	}
	return math.MaxInt64
}

// unitTime returns the instant n units after 1970, in UTC.
func unitTime(n int64, unit time.Duration) time.Time {
	if unit == time.Second {
		return time.Unix(n, 0).UTC()
	}
	abs := uint64(n)
	if n < 0 {
		abs = -abs
	}
	hi, lo := bits.Mul64(abs, uint64(unit))
	if hi >= uint64(time.Second) {
		// More than 2^64 seconds: no stored value is that far away.
		return time.Unix(saturated(n)/2, 0).UTC()
	}
	sec, nsec := bits.Div64(hi, lo, uint64(time.Second))
	sec = min(sec, 1<<61)
	if n < 0 {
		return time.Unix(-int64(sec), -int64(nsec)).UTC()
	}
	return time.Unix(int64(sec), int64(nsec)).UTC()
}

// value returns what an Integer, a Decimal or a Time keeps as n.
func (t *Tag) value(n int64) customer.Value {
	switch t.Kind {
	case Decimal:
		return customer.DecimalValue(n, t.Scale)
	case Time:
		return customer.TimeValue(unitTime(n, t.unit()))
	}
	return customer.Int64Value(n)
}

// valueOf returns s, a value of any kind that is set, as a customer.Value; unset if it is not.
func (t *Tag) valueOf(s stored) customer.Value {
	if !s.set {
		return customer.Value{}
	}
	switch t.Kind {
	case Flag:
		return customer.BoolValue(s.b)
	case Enum:
		return customer.TextValue(s.text)
	case Labels:
		return s.labels
	case Float:
		return customer.Float64Value(s.f)
	}
	return t.value(s.n)
}

// mulPow10 returns n * 10^p for p from 0 to 18.
func mulPow10(n int64, p int) (int64, bool) {
	if n == 0 {
		return 0, true
	}
	m := pow10[p]
	product := n * m
	return product, product/m == n
}

var pow10 = func() (p [19]int64) {
	p[0] = 1
	for i := range 18 {
		p[i+1] = p[i] * 10
	}
	return p
}()
