package normalize

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// EmailOptions say which spellings of an address are one mailbox. The zero value makes the
// domain and the local part lower case and nothing else. It is safe for concurrent reads.
type EmailOptions struct {
	// KeepCase keeps the case of the local part. By RFC 5321 it may matter; no large provider
	// lets it.
	KeepCase bool
	// Fold takes "+tag" away from every local part, and at gmail.com the dots as well;
	// googlemail.com becomes gmail.com. A tag is a custom of most providers, not a rule.
	Fold bool
	// Disposable are the domains to refuse, with all below them. nil: [DisposableDomains];
	// empty: none.
	Disposable []string
	// Junk are further addresses, or local parts without @, to refuse.
	Junk []string
}

// Email returns the Normalizer of e-mail addresses. Nil options are the defaults. Junk and
// Disposable that are no address or domain are errors.
//
// Text is "local@domain". Read are full-width characters (＠, 。), mailto: links with
// parameters, `Name <address>`, labels (邮箱:), comments in brackets, and several addresses
// divided by commas, semicolons, 、, |, spaces or new lines. A quoted local part loses quotes
// it does not need. A domain beyond ASCII is written in its ASCII form (xn--) by RFC 3492 after
// NFKC and lower-casing; the tables of UTS 46 are not applied, so an address with one of the
// few characters that they map otherwise keeps a form of its own. Lengths are those of RFC
// 5321: 64 bytes before the @, 254 in all. A domain needs a dot.
//
// Refused as Masked: *, •, dots for letters (z...8@qq.com). Refused as Junk: what is not an
// address but a word ([JunkWords]); test@, noreply@, null@, 无@ and the like at any domain; the
// domains of RFC 2606 (example.com, .test, .invalid) and ones such as test.com; a local part of
// five digits or more that repeat or run (123456@qq.com); and a name of one or two letters, of
// digits or from the keyboard that is its own domain (a@a.com). Team addresses such as info@
// and sales@ have the warning Shared. Fields over 2,048 bytes are refused.
func Email(o *EmailOptions) (Normalizer, error) {
	if o == nil {
		o = &EmailOptions{}
	}
	domains := o.Disposable
	if domains == nil {
		domains = disposableDomains
	}
	e := &email{keepCase: o.KeepCase, fold: o.Fold, disposable: map[string]bool{}, junk: map[string]bool{}}
	var errs []error
	for i, d := range domains {
		d, reason := canonicalDomain(d)
		if reason != 0 {
			errs = append(errs, fmt.Errorf("normalize: EmailOptions.Disposable, entry %d is no domain", i))
		}
		e.disposable[d] = true
	}
	for i, s := range o.Junk {
		name, domain, hasDomain := strings.Cut(strings.ToLower(s), "@")
		var reason Reason
		if hasDomain {
			domain, reason = canonicalDomain(domain)
			domain = "@" + domain
		}
		if name == "" || reason != 0 {
			errs = append(errs, fmt.Errorf("normalize: EmailOptions.Junk, entry %d is no address or local part", i))
		}
		e.junk[name+domain] = true
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return e.read, nil
}

type email struct {
	keepCase, fold   bool
	disposable, junk map[string]bool
}

const maxEmail = 2048 // bytes of a field

func (e *email) read(dst []Value, raw string) ([]Value, error) {
	c := collector{kind: "email", dst: dst, start: len(dst)}
	s, reason := tidy(raw, maxEmail)
	switch {
	case reason != 0:
		c.add(Value{}, reason)
	case isASCII(s) && !strings.ContainsAny(s, emailMarks): // the usual case
		c.add(e.address(s))
	case isJunk(s, nil):
		c.add(Value{}, Junk)
	default:
		for _, part := range emailParts(s) {
			c.add(e.address(part))
		}
	}
	return c.result()
}

func (e *email) address(s string) (Value, Reason) {
	s = strings.Trim(s, "'`") // what quotes an address; it may begin a local part, but never does
	at := strings.LastIndexByte(s, '@')
	switch {
	case marked(s) || at > 0 && strings.Contains(s[:at], "..."):
		return Value{}, Masked
	case isJunk(s, nil):
		return Value{}, Junk
	case at < 0:
		return Value{}, Malformed
	}
	local, reason := canonicalLocal(s[:at])
	if reason != 0 {
		return Value{}, reason
	}
	domain, reason := canonicalDomain(s[at+1:])
	if reason != 0 {
		return Value{}, reason
	}
	if !e.keepCase {
		local = lower(local)
	}
	if e.fold {
		local, domain = foldMailbox(local, domain)
	}
	if len(local) > 64 || len(local)+1+len(domain) > 254 {
		return Value{}, TooLong
	}
	if e.junkMail(strings.ToLower(local), domain) {
		return Value{}, Junk
	}
	for d := domain; d != ""; _, d, _ = strings.Cut(d, ".") {
		if e.disposable[d] {
			return Value{}, Disposable
		}
	}
	v := Value{Text: s}
	if s[:at] != local || s[at+1:] != domain { // no allocation for what is canonical
		v.Text = local + "@" + domain
	}
	if roleNames[strings.ToLower(local)] {
		v.Warning = Shared
	}
	return v, 0
}

// lower is lower case that stays as it is when normalised again.
func lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return norm.NFKC.String(strings.ToLower(s))
}

// canonicalLocal reads the part before the @: a dot-atom of RFC 5322 with the letters of RFC
// 6531, or a quoted string. Angle brackets in quotes are legal, and refused.
func canonicalLocal(s string) (string, Reason) {
	if n := len(s); n >= 2 && s[0] == '"' && s[n-1] == '"' {
		return unquote(s[1 : n-1])
	}
	if !dotAtom(s) {
		return "", Malformed
	}
	return s, 0
}

// unquote reads the inside of a quoted string, and quotes it again if it has to be.
func unquote(s string) (string, Reason) {
	var inside, quoted strings.Builder
	escaped := false
	for _, r := range s {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '"', r == '\n', r == '<', r == '>':
			return "", Malformed
		case r == '"' || r == '\\':
			quoted.WriteByte('\\')
		}
		escaped = false
		quoted.WriteRune(r)
		inside.WriteRune(r)
	}
	switch {
	case escaped || inside.Len() == 0:
		return "", Malformed
	case dotAtom(inside.String()) && !strings.ContainsAny(inside.String(), "'`|或"):
		return inside.String(), 0
	}
	return `"` + quoted.String() + `"`, 0
}

func dotAtom(s string) bool {
	dot := true
	for _, r := range s {
		if r == '.' {
			if dot {
				return false
			}
			dot = true
			continue
		}
		dot = false
		if !atomRune(r) {
			return false
		}
	}
	return !dot
}

func atomRune(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return true
	case r < 0x80:
		return strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd)
}

// foldMailbox makes the spellings of one mailbox one.
func foldMailbox(local, domain string) (string, string) {
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	if local[0] == '"' {
		return local, domain
	}
	if name, _, found := strings.Cut(local, "+"); found && dotAtom(name) {
		local = name
	}
	if domain == "gmail.com" {
		local = strings.ReplaceAll(local, ".", "")
	}
	return local, domain
}
