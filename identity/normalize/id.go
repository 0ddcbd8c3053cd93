package normalize

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/clientele-go/clientele/internal/enum"
)

// IDOptions declare how a membership, CRM, account, cookie or other id of your own is written.
// The zero value keeps an id as it is, but for spaces around it. The steps are in the order of
// the fields. It is safe for concurrent reads.
type IDOptions struct {
	// Kind is the name in refusals; "" means "id".
	Kind string
	// Scope is what the id belongs to, such as a shop or brand: up to 64 visible ASCII
	// characters without slash. Text is then "scope/id", and that is read too. "": none.
	Scope string
	// Case says whether case matters; zero keeps it.
	Case Case
	// Strip are characters to take away wherever they stand, such as " -". "": none.
	Strip string
	// Width is the number of digits to which an id of digits is padded with zeros in front, and
	// to which zeros too many in front are taken away, at most 64. 0: none.
	Width int
	// TrimZeros takes all zeros in front of an id of digits away. Not with Width.
	TrimZeros bool
	// Min and Max bound the length in bytes after all this. 0: at least 1, at most 256.
	Min, Max int
	// Pattern is a regular expression (RE2) that the whole id has to match. "": anything but
	// spaces.
	Pattern string
	// Junk are further words to refuse, compared as JunkWords are.
	Junk []string
}

// Case says what becomes of the letters of an id. It is safe for concurrent use.
type Case uint8

// The zero Case is KeepCase.
const (
	KeepCase  Case = iota // A and a differ
	LowerCase             // they do not, and Text has a
	UpperCase             // they do not, and Text has A
)

var caseNames = []string{"keep", "lower", "upper"}

// String returns "keep", "lower" or "upper".
func (c Case) String() string { return enum.Name(caseNames, c) }

// MarshalText returns the text of String.
func (c Case) MarshalText() ([]byte, error) {
	return enum.Marshal("normalize", "case", caseNames, c)
}

// UnmarshalText reads what MarshalText wrote.
func (c *Case) UnmarshalText(text []byte) error {
	return enum.Unmarshal("normalize", "case", caseNames, text, c)
}

// ID returns the Normalizer of ids that the options declare; nil options are the zero value.
// Options that contradict themselves are an error that names all faults.
//
// Refused are JunkWords as Junk, *, • and three or more x or ? in a row as Masked, and 1.38E+10
// as Mangled. Short or simple ids such as 1 or 123456 are not junk here: they are somebody's in
// a system that counts from 1. Fields over 1,024 bytes are refused.
func ID(o *IDOptions) (Normalizer, error) {
	if o == nil {
		o = &IDOptions{}
	}
	d := &declared{o: *o, junk: newWords(o.Junk)}
	var errs []error
	check := func(ok bool, fault string) {
		if !ok {
			errs = append(errs, errors.New("normalize: IDOptions."+fault))
		}
	}
	if d.o.Kind == "" {
		d.o.Kind = "id"
	}
	if d.o.Max == 0 {
		d.o.Max = 256
	}
	check(o.Scope == "" || len(o.Scope) <= 64 && isClean(o.Scope) && !strings.ContainsAny(o.Scope, "/ "),
		"Scope needs visible ASCII without slash, at most 64")
	check(o.Case <= UpperCase, "Case is none of the constants")
	check(o.Width >= 0 && o.Width <= 64, "Width is not 0 to 64")
	check(o.Width == 0 || !o.TrimZeros, "Width and TrimZeros exclude each other")
	check(o.Min >= 0 && o.Min <= d.o.Max && d.o.Max <= 256, "Min and Max are not in order, or Max is over 256")
	if o.Pattern != "" {
		var err error
		if d.pattern, err = regexp.Compile(`^(?:` + o.Pattern + `)$`); err != nil {
			errs = append(errs, fmt.Errorf("normalize: IDOptions.Pattern: %q", err.Error()))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return one(d.o.Kind, d.read), nil
}

type declared struct {
	o       IDOptions
	junk    words
	pattern *regexp.Regexp
}

func (d *declared) read(raw string) (Value, Reason) {
	s, reason := tidy(raw, 1024)
	if reason != 0 {
		return Value{}, reason
	}
	if d.o.Scope != "" {
		s = strings.TrimPrefix(s, d.o.Scope+"/")
	}
	if reason := d.placeholder(s); reason != 0 {
		return Value{}, reason
	}
	switch d.o.Case {
	case LowerCase:
		s = lower(s)
	case UpperCase:
		s = norm.NFKC.String(strings.ToUpper(s))
	}
	s = without(s, d.o.Strip)
	s = d.zeros(s)
	again, _ := tidy(s, 1024) // what is left may be in quotes, or compose to other letters
	switch reason := d.placeholder(s); {
	case len(s) < max(d.o.Min, 1):
		return Value{}, TooShort
	case len(s) > d.o.Max:
		return Value{}, TooLong
	case reason != 0:
		return Value{}, reason
	case again != s, strings.IndexFunc(s, unicode.IsSpace) >= 0, d.pattern != nil && !d.pattern.MatchString(s):
		return Value{}, Malformed
	}
	v := Value{Text: s, Scope: d.o.Scope}
	if v.Scope != "" {
		v.Text = v.Scope + "/" + s
	}
	return v, 0
}

// placeholder looks for what stands in the field in place of an id.
func (d *declared) placeholder(s string) Reason {
	switch {
	case isJunk(s, d.junk):
		return Junk
	case exponent(s):
		return Mangled
	case marked(s) || maskedID(s):
		return Masked
	}
	return 0
}

// zeros gives an id of digits the number of zeros in front that is declared.
func (d *declared) zeros(s string) string {
	if d.o.Width == 0 && !d.o.TrimZeros || !isDigits(s) {
		return s
	}
	s = strings.TrimLeft(s, "0")
	return strings.Repeat("0", max(0, d.o.Width-len(s))) + s
}

// maskedID reports three or more x or ? in a row: two x may be part of an id.
func maskedID(s string) bool {
	s = strings.ToLower(s)
	return strings.Contains(s, "xxx") || strings.Contains(s, "???")
}
