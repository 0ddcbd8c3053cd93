package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Layouts of a [Format] that time.Parse does not have: a time as a whole number of
// seconds or milliseconds since 1970-01-01 UTC, given back in the Location.
const (
	UnixSeconds = "unix"              // seconds
	UnixMillis  = "unix milliseconds" // milliseconds
)

// Format says how a source writes numbers, times and truth values. Everywhere but in
// text fields, full-width characters (１２３．－) are read as their ASCII forms, the
// minus sign U+2212 as '-' and fixed, thin and narrow spaces as plain ones, and white
// space around the value is ignored. A Format is safe for concurrent reads.
type Format struct {
	// Point is the decimal mark. 0 means '.'. Numbers of JSON, which are not in
	// quotes, always have '.'.
	Point byte
	// Group is the mark between thousands, allowed before the point and in groups of
	// exactly three digits, so that swapped marks are a fault, not another number.
	// 0 means none is allowed.
	Group byte
	// Layouts are tried in order; the first that fits wins. They are those of
	// time.Parse, [UnixSeconds] and [UnixMillis]. Mandatory for time fields.
	Layouts []string
	// Location is where times without a zone were written down. Mandatory for time
	// fields. A local time that occurs twice or never, when clocks change, is read as
	// time.Date reads it.
	Location *time.Location
	// True and False are the words for truth values, in any case. Nil means true,
	// t, yes, y, 1, 是 and false, f, no, n, 0, 否.
	True, False []string
	// Missing are texts that mean "no value", in any case, beside the empty text,
	// such as NULL or N/A. Nil means none.
	Missing []string
}

func (f *Format) withDefaults() Format {
	g := *f
	if g.Point == 0 {
		g.Point = '.'
	}
	if g.True == nil {
		g.True = []string{"true", "t", "yes", "y", "1", "是"}
	}
	if g.False == nil {
		g.False = []string{"false", "f", "no", "n", "0", "否"}
	}
	return g
}

func (f *Format) validate() error {
	var errs []error
	for _, m := range [...]byte{f.Point, f.Group} {
		if m != 0 && (m >= utf8.RuneSelf || m >= '0' && m <= '9' || strings.IndexByte("+-eE", m) >= 0) {
			errs = append(errs, fmt.Errorf("%q cannot be a mark in numbers", rune(m)))
		}
	}
	if f.Point == f.Group || f.Point == 0 && f.Group == '.' {
		if f.Group != 0 {
			errs = append(errs, errors.New("the marks Point and Group are the same"))
		}
	}
	return errors.Join(errs...)
}

// plainNumber rewrites text, written with the marks of f, the way parseDecimal and
// strconv read it, into dst. It reports false where text is not a number.
func (f *Format) plainNumber(dst, text []byte) ([]byte, bool) {
	dst = dst[:0]
	const (
		whole = iota
		fraction
		exponent
	)
	part, digits, grouped := whole, 0, false // digits since the start or the last mark
	for i, c := range text {
		switch {
		case c-'0' <= 9:
			digits++
			dst = append(dst, c)
		case part == whole && f.Group != 0 && c == f.Group:
			if digits == 0 || digits > 3 || grouped && digits != 3 {
				return nil, false
			}
			grouped, digits = true, 0
		case (c == f.Point || c == 'e' || c == 'E') && part != exponent && (c != f.Point || part == whole):
			if part == whole && grouped && digits != 3 {
				return nil, false
			}
			if part = fraction; c != f.Point {
				part = exponent
			} else {
				c = '.'
			}
			dst = append(dst, c)
		case (c == '-' || c == '+') && (i == 0 || part == exponent):
			dst = append(dst, c)
		default:
			return nil, false
		}
	}
	return dst, part != whole || !grouped || digits == 3
}

// parseNumber is parseDecimal with the marks of f. The scratch space is only used
// where there are marks.
func (f *Format) parseNumber(text []byte, scratch *[]byte) (Decimal, error) {
	if f.Point == '.' {
		d, err := parseDecimal(text)
		if err != ErrSyntax || f.Group == 0 {
			return d, err
		}
	}
	plain, ok := f.plainNumber(*scratch, text)
	if !ok {
		return Decimal{}, ErrSyntax
	}
	*scratch = plain
	return parseDecimal(plain)
}

// narrow returns text with full-width forms replaced by ASCII, in scratch if there
// are any, else text itself.
func narrow(text []byte, scratch *[]byte) []byte {
	for i, c := range text {
		if c >= utf8.RuneSelf {
			*scratch = appendNarrow(append((*scratch)[:0], text[:i]...), text[i:])
			return *scratch
		}
	}
	return text
}

func appendNarrow(dst, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r >= 0xFF01 && r <= 0xFF5E:
			r -= 0xFF01 - '!'
		case r == 0x3000, r == 0x00A0, r == 0x202F, r == 0x2009, r == 0x2007:
			r = ' '
		case r == 0x2212:
			r = '-'
		case r == 0x2019:
			r = '\''
		}
		dst = utf8.AppendRune(dst, r)
		text = text[n:]
	}
	return dst
}

// trimSpace is bytes.TrimSpace, quick where there is nothing to trim.
func trimSpace(text []byte) []byte {
	if n := len(text); n > 0 && text[0]-'!' < utf8.RuneSelf-'!' && text[n-1]-'!' < utf8.RuneSelf-'!' {
		return text
	}
	return bytes.TrimSpace(text)
}
