package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// clean returns raw as the other functions read it: NFKC, so that full-width and other
// compatibility characters are the plain ones; without invisible characters; every run of
// spaces one space, or one newline if there is one in it; trimmed. Text over limit bytes, text
// that is not UTF-8 and control characters are refused.
func clean(raw string, limit int) (string, Reason) {
	if len(raw) > limit {
		return "", TooLong
	}
	if isClean(raw) {
		return raw, 0
	}
	var b strings.Builder
	for i, r := range raw {
		switch {
		case r == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(raw[i:]); size == 1 {
				return "", Malformed
			}
			return "", Mangled // the mark that decoders leave for bytes they could not read
		case unicode.IsSpace(r):
			b.WriteRune(r)
		case unicode.Is(unicode.Cc, r):
			return "", Malformed
		case !invisible(r):
			b.WriteRune(r)
		}
	}
	return squeeze(norm.NFKC.String(b.String())), 0
}

// isClean reports whether clean would return s itself: printable ASCII with single spaces
// inside.
func isClean(s string) bool {
	space := true // at the beginning none is allowed
	for i := range len(s) {
		c := s[i]
		if c > '~' || c < ' ' || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return s != "" && !space
}

// invisible reports characters that show nothing and that programs insert: format characters
// (zero-width spaces, marks of direction, byte order marks, soft hyphens), variation selectors
// and fillers.
func invisible(r rune) bool {
	switch r {
	case '\u034f', '\u115f', '\u1160', '\u17b4', '\u17b5', '\u2800', '\u3164', '\uffa0':
		return true
	}
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r)
}

// squeeze trims s and makes each run of spaces one.
func squeeze(s string) string {
	var b strings.Builder
	var gap rune
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			gap = '\n'
		case unicode.IsSpace(r):
			if gap == 0 {
				gap = ' '
			}
		default:
			if gap != 0 && b.Len() > 0 {
				b.WriteRune(gap)
			}
			gap = 0
			b.WriteRune(r)
		}
	}
	return b.String()
}

// tidy is clean, and takes away what spreadsheets and exports put around a value: the leading
// apostrophe, ="...", quotes. An empty text is refused.
func tidy(raw string, limit int) (string, Reason) {
	s, reason := clean(raw, limit)
	if reason != 0 {
		return "", reason
	}
	for {
		before := s
		s = strings.TrimPrefix(s, "'")
		if n := len(s); n >= 3 && strings.HasPrefix(s, `="`) && s[n-1] == '"' {
			s = s[2 : n-1]
		}
		if n := len(s); n >= 2 && (s[0] == '"' && s[n-1] == '"' || s[0] == '`' && s[n-1] == '`') {
			s = s[1 : n-1]
		}
		s = strings.TrimSpace(strings.TrimSuffix(s, "'"))
		if s == before {
			break
		}
	}
	if s == "" {
		return "", Empty
	}
	return s, 0
}

// exponent reports a number as spreadsheets show long ones, 1.38E+10: digits are gone.
func exponent(s string) bool {
	mantissa, power, found := strings.Cut(strings.ToUpper(s), "E+")
	if !found {
		return false
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	return len(whole) == 1 && isDigits(whole) && (fraction == "" || isDigits(fraction)) && isDigits(power)
}

// isDigits reports whether s is ASCII digits, at least one.
func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// digitOf returns the value of a decimal digit in any script, -1 for other characters. The
// digits of a script stand in order of value, and every run of them in Unicode begins with a
// zero and is a multiple of ten long.
func digitOf(r rune) int {
	if r < utf8.RuneSelf {
		if r >= '0' && r <= '9' {
			return int(r - '0')
		}
		return -1
	}
	if !unicode.Is(unicode.Nd, r) {
		return -1
	}
	zero := r
	for unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return int(r-zero) % 10
}

// without returns s without some characters.
func without(s, characters string) string {
	if !strings.ContainsAny(s, characters) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(characters, r) {
			return -1
		}
		return r
	}, s)
}

// isASCII reports whether s has no other characters.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// asciiDigits returns s with the decimal digits of all scripts as ASCII.
func asciiDigits(s string) string {
	if isASCII(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if d := digitOf(r); d >= 0 {
			return rune('0' + d)
		}
		return r
	}, s)
}

// isHex reports whether s is lower-case hexadecimal.
func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}

// repeats reports whether s is one byte again and again.
func repeats(s string) bool {
	return s != "" && strings.Count(s, s[:1]) == len(s)
}

// runs reports whether the digits of s go up by one, or down by one; 0 follows 9.
func runs(s string) bool {
	if len(s) < 2 {
		return false
	}
	step := (s[1] - s[0] + 10) % 10
	if step != 1 && step != 9 {
		return false
	}
	for i := 1; i < len(s); i++ {
		if (s[i]-s[i-1]+10)%10 != step {
			return false
		}
	}
	return true
}
