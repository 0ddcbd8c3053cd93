package customer

import (
	"encoding/binary"
	"errors"
	"iter"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clientele-go/clientele/internal/civil"
)

// Kind is the type of a Value. Safe for concurrent use.
type Kind uint8

// The kinds of a Value.
const (
	KindUnset   Kind = iota // no value
	KindBool                // true or false
	KindInt64               // a whole number; money in minor units
	KindFloat64             // a finite number
	KindDecimal             // an exact decimal fraction
	KindTime                // an instant
	KindText                // text in UTF-8
	KindLabels              // a set of texts
)

// String returns the kind in lower case: unset, bool, int64, float64, decimal, time,
// text, labels, or "invalid".
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return "invalid"
	}
	return kindNames[k]
}

var kindNames = []string{"unset", "bool", "int64", "float64", "decimal", "time", "text", "labels"}

// Value is a value of one of the kinds. The zero Value is unset. Values compare with ==
// and are keys of maps: they are equal if they have the same kind and mean the same, so
// times compare as instants, decimals as numbers and labels as sets. A Value takes 32
// bytes and, for text and labels, the bytes of the text. It is immutable. Safe for
// concurrent use.
//
// The constructors take everything; Validate finds what must not travel.
type Value struct {
	kind  Kind
	scale uint8  // of a decimal; badScale if it was out of range
	nsec  uint32 // of a time
	bits  uint64 // bool, int64, float64 bits, coefficient of a decimal, unix seconds
	text  string // text, or labels: each its length as a uvarint and its bytes, ascending
}

const (
	maxScale = 18
	badScale = 255
)

// BoolValue returns b as a Value.
func BoolValue(b bool) Value {
	if b {
		return Value{kind: KindBool, bits: 1}
	}
	return Value{kind: KindBool}
}

// Int64Value returns n as a Value.
func Int64Value(n int64) Value {
	return Value{kind: KindInt64, bits: uint64(n)}
}

// Float64Value returns f as a Value; -0 becomes 0. NaN and infinities are not valid.
func Float64Value(f float64) Value {
	switch {
	case f == 0:
		f = 0
	case f != f:
		f = math.NaN() // one of the many, so that == holds
	}
	return Value{kind: KindFloat64, bits: math.Float64bits(f)}
}

// DecimalValue returns coefficient / 10^scale as a Value, without zeros at the end of
// the fraction: 1.50 becomes 1.5. A scale below 0 or above 18 is not valid.
func DecimalValue(coefficient int64, scale int) Value {
	if scale < 0 || scale > maxScale {
		return Value{kind: KindDecimal, scale: badScale}
	}
	for scale > 0 && coefficient%10 == 0 {
		coefficient /= 10
		scale--
	}
	return Value{kind: KindDecimal, scale: uint8(scale), bits: uint64(coefficient)}
}

// TimeValue returns the instant of t as a Value, without its location. Times outside
// years 1 to 9999 of UTC, and the zero time, are not valid.
func TimeValue(t time.Time) Value {
	return Value{kind: KindTime, bits: uint64(t.Unix()), nsec: uint32(t.Nanosecond())}
}

// TextValue returns s as a Value. Text that is not UTF-8 is not valid; the empty text
// is, and is not unset.
func TextValue(s string) Value {
	return Value{kind: KindText, text: s}
}

// LabelsValue returns the set of labels as a Value; order and repetitions do not
// matter. A label that is empty or not UTF-8 is not valid; the empty set is, and is not
// unset.
func LabelsValue(labels ...string) Value {
	for i := 1; i < len(labels); i++ {
		if labels[i] <= labels[i-1] {
			labels = slices.Clone(labels)
			slices.Sort(labels)
			labels = slices.Compact(labels)
			break
		}
	}
	size := 0
	for _, label := range labels {
		size += binary.MaxVarintLen16 + len(label)
	}
	var text strings.Builder
	text.Grow(size)
	var n [binary.MaxVarintLen64]byte
	for _, label := range labels {
		text.Write(n[:binary.PutUvarint(n[:], uint64(len(label)))])
		text.WriteString(label)
	}
	return Value{kind: KindLabels, text: text.String()}
}

// Kind returns the kind of v.
func (v Value) Kind() Kind {
	return v.kind
}

// IsUnset reports whether v is unset.
func (v Value) IsUnset() bool {
	return v.kind == KindUnset
}

// Bool returns the bool of v. ok is false if v is of another kind.
func (v Value) Bool() (b, ok bool) {
	ok = v.kind == KindBool
	return ok && v.bits != 0, ok
}

// Int64 returns the whole number of v. ok is false if v is of another kind.
func (v Value) Int64() (n int64, ok bool) {
	if v.kind != KindInt64 {
		return 0, false
	}
	return int64(v.bits), true
}

// Float64 returns the float of v. ok is false if v is of another kind.
func (v Value) Float64() (f float64, ok bool) {
	if v.kind != KindFloat64 {
		return 0, false
	}
	return math.Float64frombits(v.bits), true
}

// Decimal returns the decimal of v, coefficient / 10^scale with the least scale. ok is
// false if v is of another kind or not valid.
func (v Value) Decimal() (coefficient int64, scale int, ok bool) {
	if v.kind != KindDecimal || v.scale == badScale {
		return 0, 0, false
	}
	return int64(v.bits), int(v.scale), true
}

// Time returns the instant of v, in UTC. ok is false if v is of another kind.
func (v Value) Time() (t time.Time, ok bool) {
	if v.kind != KindTime {
		return time.Time{}, false
	}
	return time.Unix(int64(v.bits), int64(v.nsec)).UTC(), true
}

// Text returns the text of v. ok is false if v is of another kind.
func (v Value) Text() (s string, ok bool) {
	if v.kind != KindText {
		return "", false
	}
	return v.text, true
}

// Labels returns the labels of v, ascending by their bytes. The sequence is empty if v
// is of another kind; it can be used many times and allocates nothing.
func (v Value) Labels() iter.Seq[string] {
	return func(yield func(string) bool) {
		if v.kind != KindLabels {
			return
		}
		for rest := v.text; rest != ""; {
			var n uint64
			n, rest = cutUvarint(rest)
			if !yield(rest[:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

// cutUvarint reads the uvarint that s begins with.
func cutUvarint(s string) (n uint64, rest string) {
	for i, shift := 0, 0; ; i, shift = i+1, shift+7 {
		n |= uint64(s[i]&0x7f) << shift
		if s[i] < 0x80 {
			return n, s[i+1:]
		}
	}
}

// String returns the kind of v, never the value, which may be personal data.
func (v Value) String() string {
	return v.kind.String()
}

// Validate returns nil, or an error that says what is wrong with v.
func (v Value) Validate() error {
	switch v.kind {
	case KindFloat64:
		if f, _ := v.Float64(); math.IsNaN(f) || math.IsInf(f, 0) {
			return errors.New("customer: float64 is not finite")
		}
	case KindDecimal:
		if v.scale == badScale {
			return errors.New("customer: decimal has a scale that is not between 0 and 18")
		}
	case KindTime:
		if t, _ := v.Time(); !civil.InYears(t) {
			return errors.New("customer: time is not in years 1 to 9999")
		}
	case KindText:
		if !utf8.ValidString(v.text) {
			return errors.New("customer: text is not UTF-8")
		}
	case KindLabels:
		for label := range v.Labels() {
			if label == "" || !utf8.ValidString(label) {
				return errors.New("customer: label is empty or not UTF-8")
			}
		}
	}
	return nil
}
