package profile

import (
	"cmp"
	"math"
	"math/bits"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/customer"
)

// A check is a Check made ready, with the kind that it is for.
type check struct {
	kind        customer.Kind // KindUnset: there is no such trait or field
	least, most customer.Value
	scale       int             // most digits after the point of a decimal; 0: any
	pattern     *regexp.Regexp  // of a whole text
	in          map[string]bool // nil: any
}

// bindCheck makes a valid Check of a trait or field of a kind ready.
func bindCheck(c *Check, kind customer.Kind) (check, error) {
	b := check{kind: kind, scale: c.Scale, least: coerce(c.Least, kind), most: coerce(c.Most, kind)}
	if c.Pattern != "" {
		var err error
		if b.pattern, err = compileWhole(c.Pattern); err != nil {
			return check{}, err
		}
	}
	if len(c.In) > 0 {
		b.in = make(map[string]bool, len(c.In))
		for _, s := range c.In {
			b.in[s] = true
		}
	}
	return b, nil
}

// compileWhole compiles a regular expression so that it matches whole texts only.
func compileWhole(pattern string) (*regexp.Regexp, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	// What was parsed, and not the pattern itself, which may end within \Q.
	return regexp.Compile(`\A(?:` + parsed.String() + `)\z`)
}

// accept returns the value as it is kept, or why it is set aside. Unset is a value of
// every kind.
func (c *check) accept(v customer.Value) (customer.Value, Reason) {
	if c.kind == customer.KindUnset {
		return customer.Value{}, Undeclared
	}
	if v.IsUnset() {
		return v, 0
	}
	v = coerce(v, c.kind)
	switch {
	case v.Kind() != c.kind || v.Validate() != nil:
		return customer.Value{}, WrongKind
	case !c.least.IsUnset() && compareValues(v, c.least) < 0, !c.most.IsUnset() && compareValues(v, c.most) > 0:
		return customer.Value{}, OutOfRange
	case !c.fits(v):
		return customer.Value{}, OutOfRange
	case !c.matches(v):
		return customer.Value{}, NoMatch
	}
	return v, 0
}

// fits tells whether a decimal is a number of 64 bits in units of its last digit.
func (c *check) fits(v customer.Value) bool {
	n, scale, ok := v.Decimal()
	if !ok || c.scale == 0 {
		return true
	}
	return scale <= c.scale && magnitude(n) <= math.MaxInt64/uint64(powers[c.scale-scale])
}

// matches tells whether a text, or every label, is as Pattern and In ask.
func (c *check) matches(v customer.Value) bool {
	if c.pattern == nil && c.in == nil {
		return true
	}
	matches := func(s string) bool {
		return (c.pattern == nil || c.pattern.MatchString(s)) && (c.in == nil || c.in[s])
	}
	if s, ok := v.Text(); ok {
		return matches(s)
	}
	for label := range v.Labels() {
		if !matches(label) {
			return false
		}
	}
	return true
}

// coerce makes a decimal of a whole number where that is the kind, and leaves every other
// value as it is.
func coerce(v customer.Value, kind customer.Kind) customer.Value {
	if n, ok := v.Int64(); ok && kind == customer.KindDecimal {
		return customer.DecimalValue(n, 0)
	}
	return v
}

// compareValues orders valid values: by kind, those of one kind by what they are, false
// before true, texts by their bytes, labels as ascending lists of texts. It is 0 only for
// equal values.
func compareValues(v, w customer.Value) int {
	if c := cmp.Compare(v.Kind(), w.Kind()); c != 0 || v == w {
		return c
	}
	switch v.Kind() {
	case customer.KindBool:
		if b, _ := v.Bool(); b {
			return 1
		}
		return -1
	case customer.KindInt64:
		x, _ := v.Int64()
		y, _ := w.Int64()
		return cmp.Compare(x, y)
	case customer.KindFloat64:
		x, _ := v.Float64()
		y, _ := w.Float64()
		return cmp.Compare(x, y)
	case customer.KindDecimal:
		return compareDecimals(v, w)
	case customer.KindTime:
		x, _ := v.Time()
		y, _ := w.Time()
		return x.Compare(y)
	case customer.KindText:
		x, _ := v.Text()
		y, _ := w.Text()
		return strings.Compare(x, y)
	}
	return slices.Compare(slices.Collect(v.Labels()), slices.Collect(w.Labels()))
}

func compareDecimals(v, w customer.Value) int {
	x, xs, _ := v.Decimal()
	y, ys, _ := w.Decimal()
	if (x < 0) != (y < 0) {
		return cmp.Compare(x, y)
	}
	scale := max(xs, ys)
	xhi, xlo := bits.Mul64(magnitude(x), uint64(math.Pow10(scale-xs)))
	yhi, ylo := bits.Mul64(magnitude(y), uint64(math.Pow10(scale-ys)))
	c := cmp.Or(cmp.Compare(xhi, yhi), cmp.Compare(xlo, ylo))
	if x < 0 {
		return -c
	}
	return c
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// values is a set of values.
type values struct {
	few  []customer.Value
	many map[customer.Value]bool // in place of few, where they are many
}

func bindValues(list []customer.Value, kind customer.Kind) (s values) {
	const most = 8
	for _, v := range list {
		s.few = append(s.few, coerce(v, kind))
	}
	if len(s.few) > most {
		s.many = make(map[customer.Value]bool, len(s.few))
		for _, v := range s.few {
			s.many[v] = true
		}
		s.few = nil
	}
	return s
}

// has tells whether v, or one of the labels of v, is in the set.
func (s *values) has(v customer.Value) bool {
	if v.Kind() != customer.KindLabels {
		return s.many[v] || slices.Contains(s.few, v)
	}
	for label := range v.Labels() {
		l := customer.TextValue(label)
		if s.many[l] || slices.Contains(s.few, l) {
			return true
		}
	}
	return false
}
