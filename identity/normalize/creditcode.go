package normalize

import "strings"

// CreditCode returns the Normalizer of unified social credit codes, which identify
// organisations in China (统一社会信用代码, GB 32100-2015). Text is 18 digits and capital
// letters without I, O, S, V and Z: registrar, kind, six digits of the place, nine characters
// of the organisation, and a check character. Lower case, spaces and hyphens are read.
//
// One repeated character, and the number that the standard works through, are Junk. Four X in a
// row are Masked even where the check character is right by chance. The older registration
// numbers of 15 digits and organisation codes of 9 are TooShort.
func CreditCode() Normalizer {
	return one("credit-code", func(raw string) (Value, Reason) {
		s, reason := cardField(raw)
		if reason != 0 {
			return Value{}, reason
		}
		reason = creditReason(s)
		if reason != 0 && hidden(s) || strings.Contains(s, "XXXX") { // X is a character of the code as well
			reason = Masked
		}
		if reason != 0 {
			return Value{}, reason
		}
		return Value{Text: s}, 0
	})
}

func creditReason(s string) Reason {
	for i := range len(s) {
		if strings.IndexByte(creditAlphabet, s[i]) < 0 {
			return Malformed
		}
	}
	switch {
	case len(s) < 18:
		return TooShort
	case len(s) > 18:
		return TooLong
	case repeats(s):
		return Junk
	case !isDigits(s[2:8]):
		return Malformed
	case !provinces[s[2:4]] && s[2:4] != "10": // 100000 is the whole country
		return UnknownCode
	case s[17] != creditCheck(s[:17]):
		return BadCheck
	case s == "91350100M000100Y43":
		return Junk
	}
	return 0
}

// creditAlphabet holds the characters in order of their values.
const creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// creditCheck returns the check character of the first 17: the sum of all values, that of the
// i-th character times 3^(i-1), is a multiple of 31.
func creditCheck(body string) byte {
	sum, weight := 0, 1
	for i := range len(body) {
		sum += strings.IndexByte(creditAlphabet, body[i]) * weight
		weight = weight * 3 % 31
	}
	return creditAlphabet[(31-sum%31)%31]
}
