// Package line judges texts that are to be a line: names, labels and ids that are printed, logged and
// compared.
package line

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Valid tells whether s is a line of at most n bytes: UTF-8 without control characters. It may be
// empty. Cost: O(n), eight bytes of ASCII at a time.
func Valid[T string | []byte](s T, n int) bool {
	if len(s) > n {
		return false
	}
	i := 0
	for ; i+8 <= len(s); i += 8 {
		const ones = 0x0101010101010101
		x := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		// The highest bit of a byte is set if it is not ASCII, is less than a space, or is 0x7f.
		if (x|(x-ones*' ')|(x+ones))&(ones*0x80) != 0 {
			break
		}
	}
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			rest := string(s[i:])
			return utf8.ValidString(rest) && strings.IndexFunc(rest, unicode.IsControl) < 0
		case c < ' ' || c == 0x7f:
			return false
		}
	}
	return true
}

// Printable returns s where it is on one line, in one cell of a table, and moves no cursor, and else, as where
// it is not UTF-8 or begins with a quotation mark, what strconv.Quote makes of it. So different texts stay different.
func Printable(s string) string {
	if strings.HasPrefix(s, `"`) || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
