package normalize

import (
	"strings"
	"time"
)

// ResidentID returns the Normalizer of Chinese citizen identity numbers (公民身份号码, GB
// 11643-1999) and the numbers of the same form on residence permits for Hong Kong, Macao and
// Taiwan residents and for foreigners. Text is 18 characters: six digits of the place, the date
// of birth, three digits, and the check character of ISO 7064 MOD 11-2, an upper-case X for
// ten.
//
// The 15 digits of cards issued before 1999 become the 18 of the same person: the century is
// 19, or 18 where the last three are 996 to 999, which were for those who were a hundred.
// Spaces and hyphens may stand between. The place has to begin with the code of a province
// (GB/T 2260), 81 to 83, or 91 to 96; districts come and go and are not checked. The date has
// to exist, in 1800 to 2099, and not lie after the day of latest, in its own location; the zero
// latest sets no bound.
//
// One repeated digit, and the two numbers that GB 11643 prints as examples, are Junk.
func ResidentID(latest time.Time) Normalizer {
	return one("resident-id", func(raw string) (Value, Reason) {
		s, reason := cardField(raw)
		if reason != 0 {
			return Value{}, reason
		}
		if hidden(s) {
			return Value{}, Masked
		}
		body := s
		if len(s) == 18 {
			body = s[:17]
		}
		switch n := len(s); {
		case !isDigits(body):
			return Value{}, Malformed
		case n < 15:
			return Value{}, TooShort
		case n > 18:
			return Value{}, TooLong
		case repeats(body):
			return Value{}, Junk
		case n == 15:
			century := "19"
			if s[12:] >= "996" {
				century = "18"
			}
			body = s[:6] + century + s[6:]
			s = body + string(residentCheck(body))
		case n != 18:
			return Value{}, Malformed
		}
		switch {
		case !provinces[body[:2]]:
			return Value{}, UnknownCode
		case !birthday(body[6:14], latest):
			return Value{}, BadDate
		case s[17] != residentCheck(body) && s[17] != 'X' && (s[17] < '0' || s[17] > '9'):
			return Value{}, Malformed
		case s[17] != residentCheck(body):
			return Value{}, BadCheck
		case s == "11010519491231002X", s == "440524188001010014":
			return Value{}, Junk
		}
		return Value{Text: s}, 0
	})
}

var provinces = set(strings.Fields("11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 " +
	"61 62 63 64 65 71 81 82 83 91 92 93 94 95 96")...)

// cardField reads a field of capital letters and digits.
func cardField(raw string) (string, Reason) {
	s, reason := tidy(raw, 256)
	if reason != 0 {
		return "", reason
	}
	switch {
	case isJunk(s, nil):
		return "", Junk
	case exponent(s), strings.HasSuffix(s, ".0"): // a float, which does not hold 18 digits
		return "", Mangled
	}
	return strings.ToUpper(without(asciiDigits(s), " -")), 0
}

// birthday reports whether yyyymmdd is a day in 1800 to 2099, not after that of latest.
func birthday(s string, latest time.Time) bool {
	day, err := time.Parse("20060102", s)
	if err != nil || day.Year() < 1800 || day.Year() > 2099 {
		return false
	}
	return latest.IsZero() || s <= latest.Format("20060102")
}

// residentCheck returns the check character of 17 digits: the weighted sum of all 18 is 1
// modulo 11, the weight of the i-th from the right being 2^(i-1).
func residentCheck(body string) byte {
	sum := 0
	for i := range len(body) {
		sum = (sum + int(body[i]-'0')) * 2 % 11
	}
	return "10X98765432"[sum]
}
