package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/internal/line"
)

// Text is a text in two languages. Where it is empty in one, the other is shown. Texts of other packages of the library
// convert: report.Text(group.Name). A plain value: safe for concurrent reads.
type Text struct {
	EN string `json:"en,omitempty"` // English
	ZH string `json:"zh,omitempty"` // Chinese
}

// Same returns a text that is the same in both languages, as names and codes are.
func Same(s string) Text { return Text{s, s} }

// Language is what a report is written in. Safe for concurrent reads.
type Language uint8

const (
	English Language = iota // as text "en"
	Chinese                 // as text "zh"
)

var languageNames = []string{"en", "zh"}

// String returns "en" or "zh".
func (l Language) String() string { return enum.Name(languageNames, l) }

// MarshalText returns what String does; another language is an error.
func (l Language) MarshalText() ([]byte, error) {
	return enum.Marshal("report", "language", languageNames, l)
}

// UnmarshalText reads what MarshalText writes.
func (l *Language) UnmarshalText(text []byte) error {
	return enum.Unmarshal("report", "language", languageNames, text, l)
}

// of returns the text in a language, clean.
func (l Language) of(t Text) string {
	s := t.EN
	if l == Chinese && t.ZH != "" || s == "" {
		s = t.ZH
	}
	return clean(s)
}

// pick is of for the words of this package.
func (l Language) pick(en, zh string) string {
	if l == Chinese {
		return zh
	}
	return en
}

// clean returns s on one line, with U+FFFD for what is no text: letters that are not in XML, that move a cursor or turn
// the direction of what follows.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	bad := func(r rune) bool {
		return unicode.IsControl(r) || r == 0x2028 || r == 0x2029 || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 ||
			r == 0xFEFF || r == 0xFFFE || r == 0xFFFF
	}
	if !strings.ContainsFunc(s, bad) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == 0x2028 || r == 0x2029:
			return ' '
		case bad(r):
			return utf8.RuneError
		}
		return r
	}, s)
}

// width is about how wide s is in a picture, in sizes of its letters: rather too much than too little.
func width(s string) (w float64) {
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case line.Wide(r):
			w++
		case strings.ContainsRune(" .,:;'|!il", r):
			w += 0.33
		case r == 'm' || r == '%' || r == '—':
			w += 0.95
		case r == 'w' || unicode.IsUpper(r):
			w += 0.8
		case '0' <= r && r <= '9':
			w += 0.64
		default:
			w += 0.6
		}
	}
	return w
}

// breaks tells whether a line may be broken before r: a space, or what is of double width and closes nothing.
func breaks(r rune) bool {
	return r == ' ' || line.Wide(r) && !unicode.In(r, unicode.Pe, unicode.Pf, unicode.Po)
}

// wrap returns s on one line or two, each no wider than w, broken where [breaks] allows.
func wrap(s string, w float64) []string {
	if width(s) <= w {
		return []string{s}
	}
	at, before := 0, 0.0
	for i, r := range s {
		if before > w {
			break
		}
		if i > 0 && breaks(r) {
			at = i
		}
		before += width(string(r))
	}
	if at == 0 {
		return []string{fit(s, w)}
	}
	return []string{s[:at], fit(strings.TrimLeft(s[at:], " "), w)}
}

// fit returns s, or its beginning with an ellipsis, no wider than w.
func fit(s string, w float64) string {
	if width(s) <= w {
		return s
	}
	short := ""
	for _, r := range s {
		if width(short+string(r))+1 > w {
			break
		}
		short += string(r)
	}
	return strings.TrimRight(short, " ") + "…"
}
