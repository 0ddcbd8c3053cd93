package segment

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/internal/civil"
)

// parseDay reads a date such as 2026-03-05, of the years 1 to 9999.
func parseDay(text string) (literal, bool) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1 {
		return literal{}, false
	}
	return literal{day: civil.Date(t.Date()), isDay: true}, true
}

// instantForm is what time.Parse does not hold to: two digits of the hour, a point before the fraction, as many digits
// as it keeps, and a zone of less than a day.
var instantForm = regexp.MustCompile(`^.{10}T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// parseInstant reads an instant in the form of RFC 3339.
func parseInstant(text string) (literal, bool) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || !instantForm.MatchString(text) {
		return literal{}, false
	}
	l, fault := literalOf(t)
	return l, fault == ""
}

// parseNumber reads an optional minus, digits, and optionally a fraction and an exponent. Without exponent the number
// is exact, or refused for its reason; with exponent it is the nearest float, as in Go.
func parseNumber(text string) (l literal, reason string) {
	rest := strings.TrimPrefix(text, "-")
	whole, rest := cutDigits(rest)
	fraction, point := "", false
	if rest, point = strings.CutPrefix(rest, "."); point {
		fraction, rest = cutDigits(rest)
	}
	exponent := rest != "" && (rest[0] == 'e' || rest[0] == 'E')
	if exponent {
		rest = rest[1:]
		if rest != "" && (rest[0] == '-' || rest[0] == '+') {
			rest = rest[1:]
		}
		var digits string
		if digits, rest = cutDigits(rest); digits == "" {
			return l, "number has an exponent without digits"
		}
	}
	switch {
	case whole == "" || point && fraction == "":
		return l, "number must have digits on both sides of its point"
	case rest != "":
		return l, "number runs into other characters; a name that begins with a digit is written between backquotes"
	}
	if !exponent {
		if v, ok := parseDecimal(text); ok {
			return literal{value: v}, ""
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f == 0 && strings.Trim(whole+fraction, "0") != "" {
		return l, "number is out of the range of a float"
	}
	if !exponent {
		exact := strings.TrimLeft(whole, "0") + "." + fraction
		exact = strings.TrimSuffix(strings.TrimRight(exact, "0"), ".")
		if shortest := strconv.FormatFloat(max(f, -f), 'f', -1, 64); strings.TrimPrefix(shortest, "0") != exact {
			return l, "number has more digits than can be held exactly; with an exponent, as 1e20, it is the nearest float"
		}
	}
	return floatLiteral(strconv.FormatFloat(f, 'f', -1, 64), f)
}

func cutDigits(s string) (digits, rest string) {
	rest = strings.TrimLeft(s, "0123456789")
	return s[:len(s)-len(rest)], rest
}
