package normalize

import "slices"

// IMEI returns the Normalizer of the serial numbers of mobile phones (3GPP TS 23.003, section
// 6.2). Text is 15 digits, the last of them a Luhn check digit. 14 digits, as networks write an
// IMEI, get theirs; of 16, an IMEISV, the two of the software version give way to it; neither
// can be checked. Spaces, hyphens and slashes may stand between.
//
// One repeated digit, digits that run up or down, and numbers of emulators and textbooks are
// Junk. A first pair of digits that no body issues has the warning Unusual.
func IMEI() Normalizer {
	return one("imei", func(raw string) (Value, Reason) {
		s, reason := hexField(raw)
		if reason != 0 {
			return Value{}, reason
		}
		s = without(asciiDigits(s), " -/")
		switch n := len(s); {
		case !isDigits(s):
			return Value{}, Malformed
		case n < 14:
			return Value{}, TooShort
		case n > 16:
			return Value{}, TooLong
		case repeats(s[:14]), runs(s[:14]):
			return Value{}, Junk
		case n == 15 && s[14] != luhn(s[:14]):
			return Value{}, BadCheck
		}
		v := Value{Text: s[:14] + string(luhn(s[:14]))}
		if slices.Contains(placeholderIMEIs, v.Text) {
			return Value{}, Junk
		}
		if !slices.Contains(reportingBodies, s[:2]) {
			v.Warning = Unusual
		}
		return v, 0
	})
}

// placeholderIMEIs: an IMEI that cloned phones share by the million, the one that
// encyclopaedias work through, and that of a common emulator.
var placeholderIMEIs = []string{"004999010640000", "490154203237518", "358240051111110"}

// reportingBodies are the identifiers of bodies that issue or issued type allocation codes. 00
// is for test phones.
var reportingBodies = []string{
	"01", "10", "30", "33", "35", "44", "45", "49", "50", "51", "52", "53", "54", "86", "91", "98", "99",
}

// luhn returns the check digit of ISO/IEC 7812-1, annex B.
func luhn(digits string) byte {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return byte('0' + (10-sum%10)%10)
}
