package segment

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
)

type tokenKind uint8

const (
	tokenEnd     tokenKind = iota
	tokenWord              // a keyword or a name without backquotes
	tokenName              // a name between backquotes
	tokenText              // a text in quotes
	tokenNumber            // a number
	tokenDay               // a date
	tokenInstant           // a date with time and zone
	tokenMark              // ( ) , % or a comparison
	tokenBad               // none of these: err says why
)

// token is a word of the language and its place.
type token struct {
	kind   tokenKind
	text   string // tokenWord, tokenName, tokenMark, tokenNumber: as written, marks in ASCII
	value  literal
	line   int
	column int
	err    *RuleError
}

// is tells whether t is the keyword w, which is in lower case.
func (t token) is(w string) bool {
	return t.kind == tokenWord && len(t.text) == len(w) && strings.ToLower(t.text) == w
}

// refuse returns the error that says what is wrong at t.
func (t token) refuse(reason string) *RuleError {
	return &RuleError{Line: t.line, Column: t.column, Reason: reason}
}

func (t token) limit(reason string) *RuleError {
	return &RuleError{Line: t.line, Column: t.column, Reason: reason, Err: ErrLimit}
}

// String says what t is. It does not repeat a name, which may be a text whose quotes were forgotten.
func (t token) String() string {
	switch t.kind {
	case tokenEnd:
		return "the end"
	case tokenWord, tokenName:
		if t.kind == tokenWord && reserved(t.text) {
			return "the keyword " + strings.ToLower(t.text)
		}
		return "a name"
	case tokenText:
		return "a text"
	case tokenNumber:
		return "a number"
	case tokenDay:
		return "a date"
	case tokenInstant:
		return "an instant"
	}
	return strconv.Quote(t.text)
}

// reserved tells whether a tag called so is written between backquotes because it is a keyword.
func reserved(word string) bool {
	switch strings.ToLower(word) {
	case "and", "or", "not", "in", "between", "is", "has", "within", "older", "anniversary", "at", "everyone", "nobody",
		"true", "false":
		return true
	}
	return false
}

// bareName tells whether name is a tokenWord that is not reserved.
func bareName(name string) bool {
	first, _ := utf8.DecodeRuneInString(name)
	return nameStart(first) && !reserved(name) && !strings.ContainsFunc(name, func(r rune) bool { return !namePart(r) })
}

func nameStart(r rune) bool { return r == '_' || unicode.IsLetter(r) }

func namePart(r rune) bool {
	return r == '_' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// scanner cuts text into tokens.
type scanner struct {
	text   string
	pos    int
	line   int
	column int
}

// peek returns the next character, or -1 at the end.
func (s *scanner) peek() rune {
	if s.pos >= len(s.text) {
		return -1
	}
	r, _ := utf8.DecodeRuneInString(s.text[s.pos:])
	return r
}

func (s *scanner) next() {
	r, size := utf8.DecodeRuneInString(s.text[s.pos:])
	s.pos += size
	s.column++
	if r == '\n' {
		s.line, s.column = s.line+1, 1
	}
}

// takeWhile moves on while f holds and returns what it passed.
func (s *scanner) takeWhile(f func(r rune) bool) string {
	start := s.pos
	for r := s.peek(); r >= 0 && f(r); r = s.peek() {
		s.next()
	}
	return s.text[start:s.pos]
}

func (s *scanner) bad(reason, suggestion string) token {
	return token{kind: tokenBad, err: &RuleError{Line: s.line, Column: s.column, Reason: reason, Suggestion: suggestion}}
}

// scan returns the next token.
func (s *scanner) scan() token {
	s.takeWhile(func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' })
	line, column := s.line, s.column
	t := s.token()
	t.line, t.column = line, column
	return t
}

func (s *scanner) token() token {
	r := s.peek()
	switch {
	case r < 0:
		return token{kind: tokenEnd}
	case nameStart(r):
		start := *s
		name := s.takeWhile(namePart)
		if len(name) > 128 {
			return start.bad("name is longer than 128 bytes", "")
		}
		return token{kind: tokenWord, text: name}
	case r == '`':
		return s.name()
	case r == '"':
		return s.quoted('"')
	case r == '“':
		return s.quoted('”')
	case r == '「':
		return s.quoted('」')
	case r >= '0' && r <= '9', r == '-' && len(s.text) > s.pos+1 && s.text[s.pos+1] >= '0' && s.text[s.pos+1] <= '9':
		return s.number()
	}
	return s.mark(r)
}

func (s *scanner) name() token {
	start := *s
	s.next()
	name := s.takeWhile(func(r rune) bool { return r != '`' && r != '\n' })
	if s.peek() != '`' {
		return start.bad("name is not closed by a backquote on its line", "")
	}
	s.next()
	if !validName(name) {
		return start.bad("name of a tag must be "+nameRule, "")
	}
	return token{kind: tokenName, text: name}
}

// quoted reads a text up to the closing quote.
func (s *scanner) quoted(closing rune) token {
	start := *s
	s.next()
	var text strings.Builder
	for {
		text.WriteString(s.takeWhile(func(r rune) bool { return r != closing && r != '\\' && r != '\n' }))
		switch s.peek() {
		case closing:
			s.next()
			return token{kind: tokenText, value: literal{value: customer.TextValue(text.String())}}
		case '\\':
			escape := *s
			r, ok := s.escape()
			if !ok {
				return escape.bad(`a backslash in a text begins \", \\, \n, \r, \t or \u{...} with a character's number in hexadecimal`, "")
			}
			text.WriteRune(r)
		default:
			return start.bad(fmt.Sprintf("text is not closed by %c on its line", closing), "")
		}
	}
}

func (s *scanner) escape() (r rune, ok bool) {
	s.next()
	r = s.peek()
	if r < 0 {
		return 0, false
	}
	s.next()
	switch r {
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'u':
		rest, open := strings.CutPrefix(s.text[s.pos:], "{")
		digits, _, closed := strings.Cut(rest[:min(len(rest), 7)], "}")
		n, err := strconv.ParseUint(digits, 16, 32)
		if !open || !closed || err != nil || !utf8.ValidRune(rune(n)) {
			return 0, false
		}
		for range len(digits) + 2 {
			s.next()
		}
		return rune(n), true
	}
	return r, strings.ContainsRune(`"\”」`, r)
}

// number reads a number, a date or an instant.
func (s *scanner) number() token {
	start := *s
	text := s.takeWhile(func(r rune) bool { return namePart(r) || r == '-' || r == '+' || r == ':' })
	if len(text) > 4 && text[0] != '-' && text[4] == '-' {
		if l, ok := parseDay(text); ok {
			return token{kind: tokenDay, value: l}
		}
		if l, ok := parseInstant(text); ok {
			return token{kind: tokenInstant, value: l}
		}
		return start.bad("a date is written as 2026-03-05, an instant as 2026-03-05T10:00:00+08:00", "")
	}
	l, reason := parseNumber(text)
	if reason != "" {
		return start.bad(reason, "")
	}
	return token{kind: tokenNumber, text: text, value: l}
}

// mark reads marks; those of Chinese keyboards stand for the ASCII ones.
func (s *scanner) mark(r rune) token {
	start := *s
	s.next()
	mark := ""
	switch r {
	case '(', '（':
		mark = "("
	case ')', '）':
		mark = ")"
	case ',', '，', '、':
		mark = ","
	case '%', '％':
		mark = "%"
	case '≠':
		mark = "!="
	case '≤':
		mark = "<="
	case '≥':
		mark = ">="
	case '=', '＝':
		mark = "="
	case '<', '＜':
		mark = "<"
	case '>', '＞':
		mark = ">"
	case '!', '！':
		mark = "!"
	case '&':
		s.takeWhile(func(r rune) bool { return r == '&' })
		return start.bad("there is no &", "and")
	case '|':
		s.takeWhile(func(r rune) bool { return r == '|' })
		return start.bad("there is no |", "or")
	case '\'', '‘', '’', '”', '」', '『':
		return start.bad(`a text is written between " and ", “ and ”, or 「 and 」`, "")
	default:
		return start.bad(fmt.Sprintf("the character %q means nothing here", r), "")
	}
	if strings.Contains("=<>!", mark) {
		second := s.peek()
		switch {
		case (second == '=' || second == '＝') && mark != "=":
			s.next()
			mark += "="
		case second == '=' && mark == "=":
			return start.bad("there is no ==", "=")
		case second == '>' && mark == "<":
			return start.bad("there is no <>", "!=")
		}
	}
	if mark == "!" {
		return start.bad("there is no !", "not")
	}
	return token{kind: tokenMark, text: mark}
}
