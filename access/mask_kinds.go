package access

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

func maskPhone(s string) (string, bool) {
	number, plus, ok := digits(s)
	if !ok {
		return "", false
	}
	if prefix, mobile, ok := cutMobile(number, plus); ok {
		return prefix + mobile[:3] + gap + mobile[7:], true
	}
	switch n := len(number); {
	case n > 15:
		return "", false
	case n >= 10:
		return gap + number[n-4:], true
	case n >= 7:
		return gap + number[n-2:], true
	}
	return "", false
}

// cutMobile returns the 11 digits of a Chinese mobile number, and what is shown before it.
func cutMobile(number string, plus bool) (prefix, mobile string, ok bool) {
	for _, country := range []string{"0086", "86"} {
		if rest, found := strings.CutPrefix(number, country); found && len(rest) == 11 {
			prefix, number, plus = "+86", rest, false
			break
		}
	}
	ok = !plus && len(number) == 11 && number[0] == '1' && number[1] >= '3'
	return prefix, number, ok
}

// compoundNames are family names of two characters, also in traditional ones.
var compoundNames = strings.Fields("欧阳 歐陽 太史 端木 上官 司马 司馬 东方 東方 独孤 獨孤 南宫 南宮 万俟 闻人 聞人 夏侯 诸葛 諸葛 尉迟 尉遲 公羊 赫连 赫連 " +
	"澹台 澹臺 皇甫 宗政 濮阳 濮陽 公冶 太叔 申屠 公孙 公孫 慕容 仲孙 仲孫 钟离 鍾離 长孙 長孫 宇文 司徒 鲜于 鮮于 司空 闾丘 闾邱 子车 亓官 司寇 " +
	"巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 梁丘 左丘 东门 西门 第五 纳兰 完颜 叶赫")

func maskName(s string) (string, bool) {
	first, size := utf8.DecodeRuneInString(s)
	switch n := utf8.RuneCountInString(s); {
	case !unicode.IsLetter(first):
		return "", false
	case n == 1:
		return "*", true
	case !unicode.Is(unicode.Han, first):
		return string(first) + hidden, true
	case n == 2:
		return s[:size] + "*", true
	default:
		_, second := utf8.DecodeRuneInString(s[size:])
		if slices.Contains(compoundNames, s[:size+second]) {
			size += second
			n--
		}
		return s[:size] + strings.Repeat("*", min(n-1, 2)), true
	}
}

func maskEmail(s string) (string, bool) {
	local, domain, ok := strings.Cut(ascii(s), "@")
	plain := func(s, also string) bool {
		return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(also, r)
		})
	}
	if !ok || !plain(local, "._%+-!#$&'*/=?^`{|}~") || !plain(domain, ".-") || !strings.Contains(domain, ".") || len(domain) > 253 {
		return "", false
	}
	if tells(strings.ToLower(domain), strings.ToLower(local)) {
		return "", false
	}
	first := ""
	if utf8.RuneCountInString(local) >= 3 {
		_, size := utf8.DecodeRuneInString(local)
		first = local[:size]
	}
	return first + hidden + "@" + domain, true
}

// tells tells whether a domain says what is before the @, or part of it, or has a number in it.
func tells(domain, local string) bool {
	sign := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	letters := func(s string) string { return strings.Join(strings.FieldsFunc(s, sign), "") }
	if strings.Contains(letters(domain), letters(local)) {
		return true
	}
	for _, part := range strings.FieldsFunc(local, sign) {
		if utf8.RuneCountInString(part) >= 3 && strings.Contains(domain, part) {
			return true
		}
	}
	number := func(s string) bool { return utf8.RuneCountInString(s) >= 7 }
	return slices.ContainsFunc(strings.FieldsFunc(domain, func(r rune) bool { return !unicode.IsDigit(r) }), number)
}

func maskIDCard(s string) (string, bool) {
	s = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, ascii(s))
	n := len(s)
	if n < 8 || n > 20 || strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return "", false
	}
	if number := s[:n-1]; (n == 18 || n == 15) && strings.Trim(number, "0123456789") == "" {
		return s[:1] + strings.Repeat("*", n-2) + s[n-1:], true
	}
	return s[:1] + gap + s[n-1:], true
}

func maskBankCard(s string) (string, bool) {
	number, plus, ok := digits(s)
	if n := len(number); ok && !plus && n >= 12 && n <= 19 {
		return gap + number[n-4:], true
	}
	return "", false
}

// noDay stands for month and day.
const noDay = "-**-**"

func maskDate(s string) (string, bool) {
	s = ascii(s)
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	rest := s[n:]
	switch {
	case n == 8 && rest == "" && validDay(s[4:6], s[6:8]):
	case n == 4 && dayForm(rest):
	default:
		return "", false
	}
	if s[:4] < "1800" || s[:4] > "2199" {
		return "", false
	}
	return s[:4] + noDay, true
}

// dayForm tells whether what follows a year is a month and a day, with or without a time.
func dayForm(s string) bool {
	sep, size := utf8.DecodeRuneInString(s)
	next := "月"
	switch sep {
	case '-', '/', '.':
		next = string(sep)
	case '年':
	default:
		return false
	}
	month, rest, ok := strings.Cut(s[size:], next)
	if !ok {
		return false
	}
	n := 0
	for n < len(rest) && n < 2 && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	tail := strings.TrimPrefix(rest[n:], "日")
	return validDay(month, rest[:n]) && (tail == "" || tail[0] == ' ' || tail[0] == 'T')
}

// validDay tells whether two texts are a month and a day of it, more or less.
func validDay(month, day string) bool {
	number := func(s string, most int) bool {
		if len(s) == 0 || len(s) > 2 || strings.Trim(s, "0123456789") != "" {
			return false
		}
		n := 0
		for _, r := range s {
			n = 10*n + int(r-'0')
		}
		return n >= 1 && n <= most
	}
	return number(month, 12) && number(day, 31)
}
