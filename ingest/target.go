package ingest

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Target says where in T a value goes and how its text is read. Make one with [Text],
// [Int], [Float], [Exact], [Money], [Time], [Bool] or [Custom]; the functions given
// return the address of the place and are called once a record. A Target is safe for
// concurrent use if its functions are.
type Target[T any] struct {
	kind   kind
	digits int
	text   func(*T) *string
	int    func(*T) *int64
	float  func(*T) *float64
	exact  func(*T) *Decimal
	time   func(*T) *time.Time
	bool   func(*T) *bool
	custom func(*T, string) error
}

type kind uint8

const (
	kindNone kind = iota
	kindText
	kindInt
	kindFloat
	kindExact
	kindMoney
	kindTime
	kindBool
	kindCustom
)

// what is said of a text that does not convert
var kindFaults = [...]string{
	kindText:   "not text",
	kindInt:    "not a whole number",
	kindFloat:  "not a number",
	kindExact:  "not a decimal number",
	kindMoney:  "not an amount of money",
	kindTime:   "not a time in a declared layout",
	kindBool:   "not true or false",
	kindCustom: "not valid",
}

// Text takes the text as it stands. Equal texts of a field mostly share one string,
// by a bounded cache, and no string holds on to more memory than its own.
func Text[T any](at func(*T) *string) Target[T] { return Target[T]{kind: kindText, text: at} }

// Int reads a whole number. A fraction of zero is allowed, so "17850.0" is 17850.
func Int[T any](at func(*T) *int64) Target[T] { return Target[T]{kind: kindInt, int: at} }

// Float reads a number as the nearest float64; NaN and infinities are refused.
func Float[T any](at func(*T) *float64) Target[T] { return Target[T]{kind: kindFloat, float: at} }

// Exact reads a number as an exact [Decimal], as prices should be.
func Exact[T any](at func(*T) *Decimal) Target[T] { return Target[T]{kind: kindExact, exact: at} }

// Money reads an amount as a count of minor units, with the number of digits of the
// currency: 2 for cents and fen, 0 for yen. It rounds half to even, as
// [Decimal.Minor] does.
func Money[T any](at func(*T) *int64, digits int) Target[T] {
	return Target[T]{kind: kindMoney, int: at, digits: digits}
}

// Time reads a time by the layouts and the location of the [Format].
func Time[T any](at func(*T) *time.Time) Target[T] { return Target[T]{kind: kindTime, time: at} }

// Bool reads a truth value by the words of the [Format].
func Bool[T any](at func(*T) *bool) Target[T] { return Target[T]{kind: kindBool, bool: at} }

// Custom reads the text with the function given; its error, whose text is never
// shown, makes the value not valid. White space around the text is gone, full-width
// characters are not changed.
func Custom[T, V any](at func(*T) *V, parse func(text string) (V, error)) Target[T] {
	if at == nil || parse == nil {
		return Target[T]{kind: kindCustom}
	}
	return Target[T]{kind: kindCustom, custom: func(rec *T, text string) error {
		v, err := parse(text)
		if err == nil {
			*at(rec) = v
		}
		return err
	}}
}

func (t *Target[T]) validate(f *Format) error {
	var errs []error
	switch t.kind {
	case kindNone:
		errs = append(errs, errors.New("no Into is set"))
	case kindMoney:
		if t.digits < 0 || t.digits > MaxScale {
			errs = append(errs, fmt.Errorf("money cannot have %d digits", t.digits))
		}
	case kindTime:
		if len(f.Layouts) == 0 {
			errs = append(errs, errors.New("a time needs Format.Layouts"))
		}
		if f.Location == nil {
			errs = append(errs, errors.New("a time needs Format.Location"))
		}
	}
	if t.kind != kindNone && t.text == nil && t.int == nil && t.float == nil && t.exact == nil &&
		t.time == nil && t.bool == nil && t.custom == nil {
		errs = append(errs, errors.New("the target has no function"))
	}
	return errors.Join(errs...)
}

var errValue = errors.New("ingest: not valid")

// set converts text and stores it. The text has no white space around it and, but for
// text fields, is narrow.
func (f *field[T]) set(rec *T, text []byte, format *Format) error {
	switch f.into.kind {
	case kindText:
		*f.into.text(rec) = f.strings.get(text)
		return nil
	case kindCustom:
		return f.into.custom(rec, f.strings.get(text))
	case kindTime:
		at, err := f.times.parse(text)
		if err == nil {
			*f.into.time(rec) = at
		}
		return err
	case kindBool:
		for i, words := range [...][]string{format.False, format.True} {
			for _, w := range words {
				if strings.EqualFold(w, string(text)) {
					*f.into.bool(rec) = i == 1
					return nil
				}
			}
		}
		return errValue
	case kindFloat:
		return f.setFloat(rec, text, format)
	}
	d, err := format.parseNumber(text, &f.digits)
	if err != nil {
		return err
	}
	switch f.into.kind {
	case kindInt:
		if d.scale != 0 {
			return errValue
		}
		*f.into.int(rec) = d.coef
	case kindExact:
		*f.into.exact(rec) = d
	case kindMoney:
		minor, err := d.Minor(f.into.digits)
		if err != nil {
			return err
		}
		*f.into.int(rec) = minor
	}
	return nil
}

func (f *field[T]) setFloat(rec *T, text []byte, format *Format) error {
	if d, err := format.parseNumber(text, &f.digits); err == nil {
		*f.into.float(rec) = d.Float64()
		return nil
	}
	plain, ok := format.plainNumber(f.digits, text)
	if !ok {
		return ErrSyntax
	}
	f.digits = plain
	v, err := strconv.ParseFloat(string(plain), 64)
	if err != nil {
		return errValue
	}
	*f.into.float(rec) = v
	return nil
}

// ordered reports whether Range can judge the field, numeric whether fences can.
func (t *Target[T]) ordered() bool { return t.kind >= kindInt && t.kind <= kindTime }
func (t *Target[T]) numeric() bool { return t.kind >= kindInt && t.kind <= kindMoney }

// compare orders the field's values in a and b.
func (t *Target[T]) compare(a, b *T) int {
	switch t.kind {
	case kindInt, kindMoney:
		return cmp.Compare(*t.int(a), *t.int(b))
	case kindFloat:
		return cmp.Compare(*t.float(a), *t.float(b))
	case kindExact:
		return t.exact(a).Cmp(*t.exact(b))
	default:
		return t.time(a).Compare(*t.time(b))
	}
}

// copy sets the field's value in dst to the one in src.
func (t *Target[T]) copy(dst, src *T) {
	switch t.kind {
	case kindInt, kindMoney:
		*t.int(dst) = *t.int(src)
	case kindFloat:
		*t.float(dst) = *t.float(src)
	case kindExact:
		*t.exact(dst) = *t.exact(src)
	case kindTime:
		*t.time(dst) = *t.time(src)
	}
}

// number is the value as fences see it; money counts in major units.
func (t *Target[T]) number(rec *T) float64 {
	switch t.kind {
	case kindFloat:
		return *t.float(rec)
	case kindExact:
		return t.exact(rec).Float64()
	case kindMoney:
		return float64(*t.int(rec)) / float64(pow10[t.digits])
	default:
		return float64(*t.int(rec))
	}
}

// setNumber stores x, rounded by round where the field has fewer digits.
func (t *Target[T]) setNumber(rec *T, x float64, round func(float64) float64) error {
	switch t.kind {
	case kindFloat:
		*t.float(rec) = x
		return nil
	case kindExact:
		d, err := ParseDecimal(strconv.FormatFloat(x, 'g', -1, 64))
		if err == nil {
			*t.exact(rec) = d
		}
		return err
	}
	if t.kind == kindMoney {
		x *= float64(pow10[t.digits])
	}
	if x = round(x); math.Abs(x) >= 1<<63 {
		return ErrOverflow
	}
	*t.int(rec) = int64(x)
	return nil
}

// appendKey appends a form of the field's value that differs whenever values do and
// never is the beginning of another. The text is the one last set.
func (f *field[T]) appendKey(dst []byte, rec *T) []byte {
	if f.missing {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	switch t := &f.into; t.kind {
	case kindInt, kindMoney:
		return binary.AppendVarint(dst, *t.int(rec))
	case kindFloat:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(*t.float(rec)+0))
	case kindExact:
		d := t.exact(rec)
		return binary.AppendVarint(append(dst, d.scale), d.coef)
	case kindTime:
		at := t.time(rec)
		return binary.AppendUvarint(binary.AppendVarint(dst, at.Unix()), uint64(at.Nanosecond()))
	case kindBool:
		if *t.bool(rec) {
			return append(dst, 1)
		}
		return append(dst, 0)
	case kindText:
		s := *t.text(rec)
		return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
	default:
		return append(binary.AppendUvarint(dst, uint64(len(f.kept))), f.kept...)
	}
}
