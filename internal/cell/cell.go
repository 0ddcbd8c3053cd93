// Package cell writes values as cells of CSV that do no harm in a spreadsheet.
package cell

import (
	"iter"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Value is a value of one kind, or of none: ok is true of the method of its kind alone.
// customer.Value is one. Safe for concurrent reads.
type Value interface {
	Bool() (b, ok bool)                               // true or false
	Int64() (n int64, ok bool)                        // a whole number
	Float64() (f float64, ok bool)                    // a number
	Decimal() (coefficient int64, scale int, ok bool) // coefficient / 10^scale
	Time() (t time.Time, ok bool)                     // an instant
	Text() (s string, ok bool)                        // a text
	Labels() iter.Seq[string]                         // the labels; none of another kind
}

// Of returns the cell of a value: numbers exact, decimals without an exponent, true and false, times
// as RFC 3339, labels as Labels writes them, texts as they are; texts and labels harmless. That
// of no value is empty.
func Of[V Value](v V) string {
	if s, ok := v.Text(); ok {
		return Harmless(s)
	}
	if n, ok := v.Int64(); ok {
		return strconv.FormatInt(n, 10)
	}
	if b, ok := v.Bool(); ok {
		return strconv.FormatBool(b)
	}
	if f, ok := v.Float64(); ok {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	if c, scale, ok := v.Decimal(); ok {
		return decimal(c, scale)
	}
	if t, ok := v.Time(); ok {
		return t.Format(time.RFC3339Nano)
	}
	return Harmless(Labels(v.Labels()))
}

var escapeLabel = strings.NewReplacer(`\`, `\\`, `|`, `\|`)

// Labels returns labels with | between, where \| and \\ are a | and a \ of a label. It is not
// made harmless.
func Labels(labels iter.Seq[string]) string {
	var b strings.Builder
	first := true
	for l := range labels {
		if !first {
			b.WriteByte('|')
		}
		first = false
		b.WriteString(escapeLabel.Replace(l))
	}
	return b.String()
}

// Harmless puts a ' before what a spreadsheet could take for a formula, and before a ', so that
// who reads it back takes one away.
func Harmless(s string) string {
	if r, n := utf8.DecodeRuneInString(s); n > 0 && strings.ContainsRune("'=+-@\t\r\n＝＋－＠", r) {
		return "'" + s
	}
	return s
}

// decimal is coefficient / 10^scale in digits.
func decimal(coefficient int64, scale int) string {
	s := strconv.FormatInt(coefficient, 10)
	if scale == 0 {
		return s
	}
	sign := ""
	if coefficient < 0 {
		sign, s = "-", s[1:]
	}
	if len(s) <= scale {
		s = strings.Repeat("0", scale-len(s)+1) + s
	}
	return sign + s[:len(s)-scale] + "." + s[len(s)-scale:]
}
