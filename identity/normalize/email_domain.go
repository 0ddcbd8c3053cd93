package normalize

import (
	"slices"
	"strings"
	"unicode"
)

var disposableDomains = []string{
	"10minutemail.com", "20minutemail.com", "bccto.me", "chacuo.net", "discard.email", "dispostable.com", "emailondeck.com",
	"fakeinbox.com", "getairmail.com", "getnada.com", "grr.la", "guerrillamail.biz", "guerrillamail.com", "guerrillamail.de",
	"guerrillamail.info", "guerrillamail.net", "guerrillamail.org", "guerrillamailblock.com", "inboxkitten.com",
	"linshiyouxiang.net", "mailcatch.com", "maildrop.cc", "mailinator.com", "mailinator.net", "mailnesia.com", "mintemail.com",
	"moakt.com", "mohmal.com", "mytemp.email", "sharklasers.com", "spam4.me", "temp-mail.org", "tempail.com",
	"tempmail.com", "tempmailo.com", "tempr.email", "throwawaymail.com", "trashmail.com", "trashmail.net", "yopmail.com",
	"yopmail.fr", "yopmail.net",
}

// DisposableDomains returns well-known services that give any mailbox to anybody, so that one
// address is many people. It is short on purpose: thousands come and go, and a list that is
// kept up to date belongs in EmailOptions.Disposable. The caller owns the slice.
func DisposableDomains() []string {
	return slices.Clone(disposableDomains)
}

// canonicalDomain returns a domain in lower-case ASCII without the last dot.
func canonicalDomain(s string) (string, Reason) {
	if strings.HasPrefix(s, "[") {
		return "", OutOfScope
	}
	s = strings.TrimSuffix(strings.ReplaceAll(lower(s), "。", "."), ".")
	if len(s) > 1024 {
		return "", TooLong
	}
	ascii := isASCII(s)
	top, count := "", 0
	var encoded []byte
	for label := range strings.SplitSeq(s, ".") {
		if label, ok := canonicalLabel(label); !ok {
			return "", Malformed
		} else if top = label; !ascii {
			encoded = append(append(encoded, label...), '.')
		}
		count++
	}
	if count < 2 || len(top) < 2 || isDigits(top) {
		return "", Malformed
	}
	if !ascii {
		s = string(encoded[:len(encoded)-1])
	}
	if len(s) > 253 {
		return "", TooLong
	}
	return s, 0
}

// canonicalLabel returns a label as letters, digits and hyphens. One that begins with xn-- is
// taken as it is.
func canonicalLabel(s string) (string, bool) {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' {
		return "", false
	}
	ascii := true
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
		case r >= 0x80 && unicode.In(r, unicode.L, unicode.M, unicode.Nd) || r == '·' || r == '・':
			ascii = false
		default:
			return "", false
		}
	}
	if !ascii {
		if strings.HasPrefix(s, "xn--") {
			return "", false
		}
		s = "xn--" + punycode(s)
	}
	return s, len(s) <= 63
}
