package normalize

import "strings"

// UUID returns the Normalizer of UUIDs: the advertising and vendor ids of phones (IDFA, IDFV,
// GAID) and ids that apps make. Text is lower case with hyphens, as RFC 9562 writes it. Read
// are braces, urn:uuid:, any case, and 32 digits without hyphens. All-zero, which stands for
// "tracking not allowed", one repeated digit, and counting up (12345678-1234-...) are Junk.
func UUID() Normalizer {
	return one("uuid", func(raw string) (Value, Reason) {
		s, reason := hexField(raw)
		if reason != 0 {
			return Value{}, reason
		}
		text, reason := uuidText(s)
		return Value{Text: text}, reason
	})
}

// OAID returns the Normalizer of the advertising ids of Chinese Android makers, which differ by
// maker: a UUID, read as UUID reads it, or 16 to 64 hexadecimal digits. Text is lower case.
func OAID() Normalizer {
	return one("oaid", func(raw string) (Value, Reason) {
		s, reason := hexField(raw)
		if reason != 0 {
			return Value{}, reason
		}
		digits := strings.ReplaceAll(s, "-", "")
		switch {
		case len(digits) == 32:
			text, reason := uuidText(s)
			return Value{Text: text}, reason
		case !isHex(digits):
			return Value{}, Malformed
		case repeats(digits):
			return Value{}, Junk
		case len(digits) < 16:
			return Value{}, TooShort
		case len(digits) > 64:
			return Value{}, TooLong
		}
		return Value{Text: digits}, 0
	})
}

// AndroidID returns the Normalizer of Android's ANDROID_ID: 16 hexadecimal digits, Text in
// lower case. Old systems left zeros in front out, so 12 to 15 digits get them back. One
// repeated digit is Junk, and so is 9774d56d682e549c, the id of a whole generation of phones by
// a fault of Android 2.2.
func AndroidID() Normalizer {
	return one("android-id", func(raw string) (Value, Reason) {
		s, reason := hexField(raw)
		switch {
		case reason != 0:
			return Value{}, reason
		case !isHex(s):
			return Value{}, Malformed
		case repeats(s), s == "9774d56d682e549c", s == "0123456789abcdef", s == "1234567890abcdef":
			return Value{}, Junk
		case len(s) < 12:
			return Value{}, TooShort
		case len(s) > 16:
			return Value{}, TooLong
		}
		return Value{Text: strings.Repeat("0", 16-len(s)) + s}, 0
	})
}

// hexField reads a field of hexadecimal digits up to their form, in lower case.
func hexField(raw string) (string, Reason) {
	s, reason := tidy(raw, 256)
	if reason != 0 {
		return "", reason
	}
	s = strings.ToLower(s)
	if whole, found := strings.CutSuffix(s, ".0"); found && isDigits(whole) && len(whole) <= 15 {
		s = whole // was a float, which holds 15 digits exactly
	}
	switch {
	case isJunk(s, nil):
		return "", Junk
	case exponent(s):
		return "", Mangled
	case hidden(s):
		return "", Masked
	}
	return s, 0
}

func uuidText(s string) (string, Reason) {
	s = strings.TrimPrefix(s, "urn:uuid:")
	if n := len(s); n >= 2 && s[0] == '{' && s[n-1] == '}' {
		s = s[1 : n-1]
	}
	digits := strings.ReplaceAll(s, "-", "")
	switch {
	case !isHex(digits):
		return "", Malformed
	case len(digits) < 32:
		return "", TooShort
	case len(digits) > 32:
		return "", TooLong
	}
	text := digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
	switch {
	case s != digits && s != text:
		return "", Malformed
	case repeats(digits), isDigits(digits) && runs(digits),
		text == "12345678-1234-1234-1234-123456789012", text == "12345678-1234-1234-1234-123456789abc",
		digits == "0123456789abcdef0123456789abcdef":
		return "", Junk
	}
	return text, 0
}
