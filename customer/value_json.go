package customer

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

var errUTF8 = errors.New("customer: JSON is not UTF-8")

// MarshalJSON writes one form for each value:
//
//	unset    null
//	bool     true
//	int64    42
//	float64  {"float64": 0.5}
//	decimal  {"decimal": "12.5"}
//	time     {"time": "2026-03-05T12:00:00Z"}, in UTC
//	text     "text"
//	labels   ["a", "b"], ascending
//
// It returns an error if v is not valid.
func (v Value) MarshalJSON() ([]byte, error) {
	if err := v.Validate(); err != nil {
		return nil, err
	}
	switch v.kind {
	case KindBool:
		return strconv.AppendBool(nil, v.bits != 0), nil
	case KindInt64:
		return strconv.AppendInt(nil, int64(v.bits), 10), nil
	case KindFloat64:
		f, _ := v.Float64()
		return json.Marshal(tagged{Float64: &f})
	case KindDecimal:
		s := v.decimalText()
		return json.Marshal(tagged{Decimal: &s})
	case KindTime:
		t, _ := v.Time()
		return json.Marshal(tagged{Time: &t})
	case KindText:
		return json.Marshal(v.text)
	case KindLabels:
		labels := []string{}
		for label := range v.Labels() {
			labels = append(labels, label)
		}
		return json.Marshal(labels)
	default:
		return []byte("null"), nil
	}
}

// tagged is the JSON form of the kinds that JSON has no type for.
type tagged struct {
	Float64 *float64   `json:"float64,omitempty"`
	Decimal *string    `json:"decimal,omitempty"`
	Time    *time.Time `json:"time,omitempty"`
}

// UnmarshalJSON reads what MarshalJSON writes; labels in any order, decimals with zeros
// at the end and times in any zone too. A number with a fraction or an exponent is an
// error, not a float64. On error v stays as it was.
func (v *Value) UnmarshalJSON(data []byte) error {
	read, err := readValue(data)
	if err != nil {
		return unreadable(err)
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*v = read
	return nil
}

func readValue(data []byte) (Value, error) {
	if !utf8.Valid(data) { // encoding/json would replace what is not UTF-8
		return Value{}, errUTF8
	}
	var raw json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return Value{}, err
	}
	switch raw[0] {
	case 'n':
		return Value{}, nil
	case 't', 'f':
		return BoolValue(raw[0] == 't'), nil
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return TextValue(s), err
	case '[':
		var labels []string
		err := json.Unmarshal(raw, &labels)
		return LabelsValue(labels...), err
	case '{':
		return readTagged(raw)
	default:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return Value{}, errors.New("customer: number is not an int64")
		}
		return Int64Value(n), nil
	}
}

func readTagged(data []byte) (Value, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return Value{}, err
	}
	var t tagged
	if err := json.Unmarshal(data, &t); err != nil {
		return Value{}, err
	}
	switch {
	case len(members) != 1:
	case members["float64"] != nil && t.Float64 != nil:
		return Float64Value(*t.Float64), nil
	case members["decimal"] != nil && t.Decimal != nil:
		return parseDecimal(*t.Decimal)
	case members["time"] != nil && t.Time != nil:
		return TimeValue(*t.Time), nil
	}
	return Value{}, errors.New("customer: object is not one of float64, decimal and time")
}

func (v Value) decimalText() string {
	coefficient, scale, _ := v.Decimal()
	magnitude := uint64(coefficient)
	sign := ""
	if coefficient < 0 {
		magnitude, sign = -magnitude, "-"
	}
	digits := strconv.FormatUint(magnitude, 10)
	if scale == 0 {
		return sign + digits
	}
	digits = strings.Repeat("0", max(scale+1-len(digits), 0)) + digits
	point := len(digits) - scale
	return sign + digits[:point] + "." + digits[point:]
}

// parseDecimal reads an optional minus, digits, and optionally a point and digits.
func parseDecimal(s string) (Value, error) {
	fault := errors.New("customer: decimal is not digits that fit in an int64")
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if whole == "" || point && fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return Value{}, fault
	}
	fraction = strings.TrimRight(fraction, "0")
	magnitude, err := strconv.ParseUint(whole+fraction, 10, 64)
	limit := uint64(math.MaxInt64)
	if negative {
		limit++
	}
	if err != nil || magnitude > limit {
		return Value{}, fault
	}
	coefficient := int64(magnitude)
	if negative {
		coefficient = -coefficient
	}
	return DecimalValue(coefficient, len(fraction)), nil
}

// unreadable is the error of JSON that cannot be read, as an error of this package that does not hold what was
// read: a time that is none may be a date of birth.
func unreadable(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("customer: JSON is malformed at byte %d", syntax.Offset)
	}
	if typ, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("customer: JSON has the wrong type at byte %d", typ.Offset)
	}
	if strings.HasPrefix(err.Error(), "customer: ") {
		return err
	}
	return errors.New("customer: JSON has an id or a time that is none")
}
