package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// phoneParts splits a field where one number certainly ends.
func phoneParts(s string) []string {
	var parts []string
	start, digits := 0, false
	cut := func(end, next int) {
		if part := strings.TrimSpace(s[start:end]); part != "" {
			parts = append(parts, part)
		}
		start, digits = next, false
	}
	for i, r := range s {
		if i < start {
			continue
		}
		switch {
		case strings.ContainsRune("、|&\n\\或和及", r), r == ';' && !parameter(s[i:]):
			cut(i, i+utf8.RuneLen(r))
		case r == '+' && digits && !strings.HasSuffix(s[:i], "="):
			cut(i, i)
		case r == ' ' && (strings.HasPrefix(s[i:], " or ") || strings.HasPrefix(s[i:], " and ")):
			cut(i, i+strings.IndexByte(s[i+1:], ' ')+1)
		case r >= '0' && r <= '9':
			digits = true
		}
	}
	cut(len(s), len(s))
	return parts
}

// parameter reports a parameter of RFC 3966, which begins with a semicolon.
func parameter(s string) bool {
	for _, name := range []string{";ext=", ";phone-context=", ";isub="} {
		if len(s) >= len(name) && strings.EqualFold(s[:len(name)], name) {
			return true
		}
	}
	return false
}

// part reads what may still be several numbers, divided by signs that also stand inside a
// number.
func (p *phone) part(c *collector, s string) {
	if !strings.ContainsAny(s, "/,") {
		p.piece(c, s)
		return
	}
	front, _, _ := strings.Cut(s, "/")
	_, whole := p.mobile(strings.TrimSpace(front))
	if !whole && !hidden(s) && (strings.Count(s, "/") <= 1 && !strings.Contains(s, ",") || thousands(s)) {
		if v, reason := p.number(strings.ReplaceAll(s, ",", "")); reason == 0 && v.Warning != Unusual {
			p.add(c, v, 0)
			return
		}
	}
	for piece := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '/' || r == ',' }) {
		if piece = strings.TrimSpace(piece); piece != "" {
			p.piece(c, piece)
		}
	}
}

// thousands reports a number as spreadsheets group it: 13,912,345,670.
func thousands(s string) bool {
	groups := strings.Split(s, ",")
	for i, g := range groups {
		if !isDigits(g) || len(g) > 3 || i > 0 && len(g) != 3 {
			return false
		}
	}
	return true
}

// piece reads a number, or several with only spaces between.
func (p *phone) piece(c *collector, s string) {
	v, reason := p.number(s)
	if (reason == TooLong || reason == Malformed || v.Warning == Unusual) && strings.Contains(s, " ") {
		if list := p.divide(strings.Split(s, " ")); list != nil {
			for _, text := range list {
				v, reason := p.number(text)
				p.add(c, v, reason)
			}
			return
		}
	}
	p.add(c, v, reason)
}

// add hands the area code of a Chinese fixed line on to local numbers behind it: two digits if
// it begins with 10 or 2, else three.
func (p *phone) add(c *collector, v Value, reason Reason) {
	c.add(v, reason)
	national, found := strings.CutPrefix(v.Text, "+86")
	if !found || p.country != 86 || v.Warning != 0 || national[0] == '1' && national[1] != '0' {
		return
	}
	if size := 3; len(national) >= 9 {
		if national[0] <= '2' {
			size = 2
		}
		p.area = "0" + national[:size]
	}
}

// maxWords bounds the ways to divide a piece.
const maxWords = 12

// divide finds the only way to see the words as two numbers or more, each of them in the plan:
// the fewest numbers win, and two ways with as few are none.
func (p *phone) divide(tokens []string) []string {
	n := len(tokens)
	if n > maxWords {
		return nil
	}
	type state struct {
		numbers, ways int
		from          int // where the last number begins
	}
	best := make([]state, n+1) // best[i] divides the first i words
	best[0].ways = 1
	for end := 1; end <= n; end++ {
		for from := max(0, end-6); from < end; from++ {
			if best[from].ways == 0 || from == 0 && end == n {
				continue
			}
			text := strings.Join(tokens[from:end], " ")
			if len(text) < 7 {
				continue
			}
			v, reason := p.number(text)
			if reason != 0 || v.Warning == Unusual {
				continue
			}
			next := state{numbers: best[from].numbers + 1, ways: best[from].ways, from: from}
			switch old := best[end]; {
			case old.ways == 0 || next.numbers < old.numbers:
				best[end] = next
			case next.numbers == old.numbers:
				best[end].ways += next.ways
			}
		}
	}
	if best[n].ways != 1 {
		return nil
	}
	list := make([]string, best[n].numbers)
	for i, end := len(list)-1, n; i >= 0; i-- {
		list[i] = strings.Join(tokens[best[end].from:end], " ")
		end = best[end].from
	}
	return list
}

// labels that may stand before a number, longest first where one begins another
var phoneLabels = []string{
	"联系电话", "固定电话", "手机号码", "手机号", "移动电话", "手机", "电话号码", "电话", "電話", "手機", "座机", "固话", "telephone", "tel.", "tel",
	"mobile phone", "mobile", "mob.", "mob", "cell phone", "cell", "phone number", "phone", "callto", "sms", "t", "m", "p",
}

// unlabel takes away a label and what divides it from the number.
func unlabel(s string) string {
	for _, label := range phoneLabels {
		if len(s) > len(label) && strings.EqualFold(s[:len(label)], label) {
			rest := strings.TrimLeft(s[len(label):], " :.=是为")
			if rest != "" && (rest[0] >= '0' && rest[0] <= '9' || rest[0] == '+' || rest[0] == '(') {
				return rest
			}
		}
	}
	return s
}

// signs that introduce an extension, without spaces and punctuation
var extensionSigns = map[string]bool{
	"转": true, "轉": true, "转接": true, "分机": true, "分機": true, "分机号": true, "转分机": true, "轉分機": true, "内线": true, "內線": true,
	"ext": true, "extn": true, "extension": true, "x": true, "#": true, "доб": true,
}

// splitExtension divides a number at the first letter or # behind a digit. What is there has to
// be the sign of an extension with its digits.
func splitExtension(s string) (number, extension string, reason Reason) {
	seen := false
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			seen = true
		case seen && (r == '#' || unicode.IsLetter(r)):
			rest := s[i:]
			end := strings.IndexFunc(rest, func(r rune) bool { return r >= '0' && r <= '9' })
			if end < 0 {
				if rest == "x" || rest == "X" {
					return "", "", Masked // 1391234567x
				}
				return "", "", Malformed
			}
			sign := strings.Map(func(r rune) rune {
				if strings.ContainsRune(" .:=-(),", r) {
					return -1
				}
				return unicode.ToLower(r)
			}, rest[:end])
			extension = strings.TrimRight(rest[end:], " )#.")
			if !extensionSigns[sign] || !isDigits(extension) || len(extension) > maxExtension {
				return "", "", Malformed
			}
			return strings.TrimRight(s[:i], " ,;(-."), extension, 0
		}
	}
	return s, "", 0
}

const maxExtension = 11 // digits; RFC 3966 has no bound, E.164 numbers end at 15
