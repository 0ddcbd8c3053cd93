package normalize

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func isHan(r rune) bool {
	return unicode.Is(unicode.Han, r)
}

// isMiddleDot reports the signs that keyboards and fonts give for the dot between the parts of
// a name.
func isMiddleDot(r rune) bool {
	return strings.ContainsRune("·•・‧∙⋅●᛫⸱.", r)
}

// spell writes a name in lower case in the canonical way.
func spell(s string) (string, Reason) {
	runes := []rune(s)
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return 0
		}
		return runes[i]
	}
	var b strings.Builder
	space := false
	var last rune // written just before, 0 behind a space
	put := func(r rune) {
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space, last = false, r
		b.WriteRune(r)
	}
	for i, r := range runes {
		inside := isLetterOrMark(last) && unicode.IsLetter(at(i+1))
		switch {
		case unicode.IsDigit(r) || r == '@':
			return "", Malformed
		case unicode.IsLetter(r), unicode.Is(unicode.M, r) && isLetterOrMark(last):
			put(r)
		case strings.ContainsRune("、;&|", r), r == '/' && isHan(at(i-1)) && isHan(at(i+1)):
			return "", Several
		case inside && isMiddleDot(r) && (r != '.' || isHan(last) || isHan(at(i+1))):
			put('·')
		case inside && strings.ContainsRune("'’‘`´ʼ", r):
			put('\'')
		case inside && strings.ContainsRune("-‐‑‒–—", r):
			put('-')
		case inside && r == '/': // a/l, s/o
			put('/')
		case r == ',' && b.Len() > 0:
			space = false
			put(',')
			space, last = true, 0
		default:
			space, last = true, 0
		}
	}
	s = strings.Trim(b.String(), ", ")
	return norm.NFKC.String(joinHan(s)), 0
}

func isLetterOrMark(r rune) bool {
	return unicode.IsLetter(r) || unicode.Is(unicode.M, r)
}

// joinHan takes away spaces between Han characters, and beside a middle dot.
func joinHan(s string) string {
	var b strings.Builder
	for i, r := range s {
		if r == ' ' {
			before, _ := utf8.DecodeLastRuneInString(s[:i])
			after, _ := utf8.DecodeRuneInString(s[i+1:])
			if isHan(before) && isHan(after) {
				continue
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

// pinyin writes a name in Latin letters as NameOptions.Pinyin says, and leaves others alone.
func pinyin(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) }) >= 0 {
		return s
	}
	var letters []rune
	for _, r := range norm.NFD.String(s) {
		last := len(letters) - 1
		switch {
		case unicode.IsLetter(r):
			letters = append(letters, r)
		case r == '\u0308' && last >= 0 && letters[last] == 'u': // two dots
			letters[last] = 'v'
		}
	}
	return string(letters)
}

var (
	hanTitles   = []string{"先生", "女士", "小姐", "太太", "夫人", "老师", "老師", "同学", "师傅", "師傅", "经理", "經理", "医生", "教授", "主任", "老板", "总"}
	latinTitles = []string{"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "madam", "mme", "herr", "frau"}
)

// untitle takes forms of address away and reports whether there were any.
func untitle(s string) (bare string, titled bool) {
	for {
		before := s
		for _, title := range hanTitles {
			rest, found := strings.CutSuffix(s, title)
			if rest = strings.TrimRight(rest, " ,·'-/"); !found || rest == "" {
				continue
			}
			if title != "总" || familyOnly(rest) { // 总 also ends given names
				s = rest
			}
		}
		for {
			first, rest, found := strings.Cut(s, " ")
			if !found || !slices.Contains(latinTitles, first) {
				break
			}
			s = rest
		}
		if s == before {
			return s, titled
		}
		titled = true
	}
}

// familyOnly reports whether a name behind which a title stood is a family name alone: one Han
// character, a compound family name, or one word.
func familyOnly(s string) bool {
	if strings.IndexFunc(s, func(r rune) bool { return !isHan(r) }) < 0 {
		return utf8.RuneCountInString(s) == 1 || slices.Contains(compoundNames, s)
	}
	return !strings.ContainsAny(s, " ,·")
}
