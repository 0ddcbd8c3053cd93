package report

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/clientele-go/clientele/internal/enum"
)

// A Measure says what numbers are. A plain value: safe for concurrent reads.
type Measure struct {
	// Name, with the unit where there is one: "recency, days". It is the title of an axis or of a column.
	Name   Text
	Format Format
}

// Format is how numbers are written. Thousands are set apart by commas, what is missing (NaN) is a dash. Safe for
// concurrent reads.
type Format uint8

const (
	// Number is whole where the number is, and else has four significant digits: 1,234 and 0.1235.
	Number Format = iota
	// Ratio has two decimals: 1.30.
	Ratio
	// Percent is a share, 1 being all: 0.123 is 12.3%.
	Percent
	// Money is in minor units, a hundredth each: 123456 is 1,234.56.
	Money
	lastFormat = Money
)

var formatNames = []string{"number", "ratio", "percent", "money"}

// String returns "number", "ratio", "percent" or "money".
func (f Format) String() string { return enum.Name(formatNames, f) }

// MarshalText returns the text of String.
func (f Format) MarshalText() ([]byte, error) {
	return enum.Marshal("report", "format", formatNames, f)
}

// UnmarshalText reads what MarshalText wrote.
func (f *Format) UnmarshalText(text []byte) error {
	return enum.Unmarshal("report", "format", formatNames, text, f)
}

// An Estimate is a value with the bounds of its interval, as [score.Estimate] is, which converts. Bounds that are NaN are
// not shown. A plain value: safe for concurrent reads.
//
// [score.Estimate]: https://pkg.go.dev/github.com/clientele-go/clientele/learn/score#Estimate
type Estimate struct {
	Value float64 // NaN: missing
	Low   float64 // lower bound
	High  float64 // upper bound
}

const dash = "–"

// number writes v.
func (f Format) number(v float64) string {
	switch {
	case math.IsNaN(v):
		return dash
	case math.IsInf(v, 0):
		return strings.Replace(strconv.FormatFloat(v, 'f', 0, 64), "Inf", "∞", 1)
	}
	switch f {
	case Ratio:
		return grouped(strconv.FormatFloat(v, 'f', 2, 64))
	case Percent:
		s := strconv.FormatFloat(100*v, 'f', 1, 64)
		if s == "0.0" && v > 0 {
			return "<0.1%"
		}
		if s == "100.0" && v < 1 {
			return ">99.9%"
		}
		return grouped(s) + "%"
	case Money:
		if math.Abs(v) < 1<<53 {
			return f.whole(int64(math.RoundToEven(v)))
		}
		return grouped(strconv.FormatFloat(v/100, 'f', 2, 64))
	}
	if math.Abs(v) >= 1e15 || v != 0 && math.Abs(v) < 1e-4 {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	if v == math.Trunc(v) {
		return grouped(strconv.FormatFloat(v, 'f', 0, 64))
	}
	decimals := max(0, 3-int(math.Floor(math.Log10(math.Abs(v)))))
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if decimals > 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return grouped(s)
}

// whole writes n exactly.
func (f Format) whole(n int64) string {
	if f != Money {
		if f == Number {
			return grouped(strconv.FormatInt(n, 10))
		}
		return f.number(float64(n))
	}
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for len(s) < 3 {
		s = "0" + s
	}
	return sign + grouped(s[:len(s)-2]) + "." + s[len(s)-2:]
}

// grouped sets the thousands of digits apart, and makes "-0" and "-0.00" those of 0.
func grouped(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		if s = s[1:]; strings.ContainsAny(s, "123456789") {
			sign = "-"
		}
	}
	whole, rest, found := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if found {
		whole += "." + rest
	}
	return sign + whole
}

// A magnitude is a size of numbers that has a name.
type magnitude struct {
	size float64
	name string
}

var (
	thousands = []magnitude{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "k"}}
	myriads   = []magnitude{{1e12, "万亿"}, {1e8, "亿"}, {1e4, "万"}}
)

// short writes v, a multiple of step, for an axis up to largest: no more digits than it takes, and where numbers are large
// all in thousands or millions, or in 万 or 亿.
func (f Format) short(v, step, largest float64, lang Language) string {
	suffix := ""
	switch f {
	case Percent:
		v, step, suffix = v*100, step*100, "%" // never in thousands
	case Money:
		v, step, largest = v/100, step/100, largest/100
	}
	if suffix == "" {
		units := thousands
		if lang == Chinese {
			units = myriads
		}
		for _, u := range units {
			if largest >= max(u.size, 1e4) {
				if v, step = v/u.size, step/u.size; v != 0 {
					suffix = u.name
				}
				break
			}
		}
	}
	decimals := 0
	if step > 0 {
		decimals = min(max(0, int(math.Ceil(-math.Log10(step)-1e-9))), 12)
	}
	if step > 0 && step < 1e-9 {
		return strconv.FormatFloat(v, 'g', 4, 64) + suffix
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if (suffix != "" || v == 0) && strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return grouped(s) + suffix
}

// cell writes one value of a table or of figures, on several lines where it is several texts.
func (f Format) cell(v any, lang Language) (lines []string, err error) {
	one := func(s string) ([]string, error) { return []string{s}, nil }
	switch v := v.(type) {
	case nil:
		return one("")
	case string:
		return one(clean(v))
	case Text:
		return one(lang.of(v))
	case []Text:
		for _, t := range v {
			lines = append(lines, lang.of(t))
		}
		return lines, nil
	case Estimate:
		s := f.number(v.Value)
		if !math.IsNaN(v.Value) && !math.IsNaN(v.Low) && !math.IsNaN(v.High) {
			s += " [" + f.number(v.Low) + ", " + f.number(v.High) + "]"
		}
		return one(s)
	case fmt.Stringer:
		if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
			return one("")
		}
		return one(clean(v.String()))
	}
	switch r := reflect.ValueOf(v); {
	case r.CanInt():
		return one(f.whole(r.Int()))
	case r.CanUint() && r.Uint() <= math.MaxInt64:
		return one(f.whole(int64(r.Uint())))
	case r.CanUint():
		return one(f.number(float64(r.Uint())))
	case r.CanFloat():
		return one(f.number(r.Float()))
	}
	return nil, fmt.Errorf("%T is neither text nor number", v)
}

// isText tells whether a value is written from the left.
func isText(v any) bool {
	switch v.(type) {
	case string, Text, []Text:
		return true
	}
	return false
}
