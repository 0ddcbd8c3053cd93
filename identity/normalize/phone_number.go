package normalize

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// number reads one number with its extension. s is tidy and has ASCII digits.
func (p *phone) number(s string) (Value, Reason) {
	s = unlabel(s)
	switch {
	case isJunk(s, nil):
		return Value{}, Junk
	case hidden(s):
		return Value{}, Masked
	}
	s, context := phoneContext(dropRemarks(s))
	s, extension, reason := splitExtension(s)
	if reason != 0 {
		return Value{}, reason
	}
	s = strings.TrimSuffix(s, ".0") // a number that was a float
	digits, plus, reason := phoneDigits(context + s)
	if reason != 0 {
		return Value{}, reason
	}
	v, reason := p.parse(digits, plus)
	tooLong := reason == TooLong || v.Warning == Unusual && strings.HasPrefix(v.Text, "+86")
	if tooLong && extension == "" {
		if front, back, ok := dashExtension(s); ok {
			digits, plus, _ := phoneDigits(context + front)
			if w, r := p.parse(digits, plus); r == 0 && w.Warning == 0 && !chineseMobile(w.Text) {
				v, reason, extension = w, r, back
			}
		}
	}
	if reason != 0 {
		return Value{}, reason
	}
	v.Extension = extension
	return v, 0
}

// dropRemarks takes brackets away that hold letters and no digits: (微信同号).
func dropRemarks(s string) string {
	for rest := s; ; {
		_, inside, found := strings.Cut(rest, "(")
		remark, after, closed := strings.Cut(inside, ")")
		if !found || !closed {
			return s
		}
		if strings.IndexFunc(remark, unicode.IsLetter) >= 0 && !strings.ContainsAny(remark, "0123456789(") {
			s = strings.Replace(s, "("+remark+")", "", 1)
		}
		rest = after
	}
}

// phoneContext takes the parameters of RFC 3966 but the extension away, and returns the context
// if it is the front of a number.
func phoneContext(s string) (number, context string) {
	number, rest, found := strings.Cut(s, ";")
	if !found {
		return s, ""
	}
	for parameter := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		switch strings.ToLower(name) {
		case "ext":
			number += "x" + value
		case "phone-context":
			if strings.HasPrefix(value, "+") {
				context = value
			}
		}
	}
	return number, context
}

// dashExtension divides a number that is too long, or of some length no Chinese number has, at
// the last dash, if up to six digits follow it.
func dashExtension(s string) (front, back string, ok bool) {
	i := strings.LastIndexByte(s, '-')
	if i < 0 {
		return "", "", false
	}
	front, back = strings.TrimRight(s[:i], "- "), strings.TrimSpace(s[i+1:])
	return front, back, isDigits(back) && len(back) <= 6 && front != ""
}

// phonePunctuation may stand between digits.
const phonePunctuation = " -.()[]/~‐‑‒–—―−ー〜一·"

// phoneDigits returns the digits of a number and whether a plus is in front of them.
func phoneDigits(s string) (digits string, plus bool, reason Reason) {
	var b []byte
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b = append(b, byte(r))
		case r == '+' && len(b) == 0 && !plus:
			plus = true
		case !strings.ContainsRune(phonePunctuation, r):
			return "", false, Malformed
		}
	}
	switch {
	case len(b) == 0:
		return "", false, Malformed
	case len(b) > 22: // an international prefix, then 15 digits of E.164 and a trunk prefix
		return "", false, TooLong
	}
	return string(b), plus, 0
}

// parse reads digits.
func (p *phone) parse(digits string, plus bool) (Value, Reason) {
	if !plus && !p.keep && len(digits) >= 5 && (repeats(digits) || runs(digits)) {
		return Value{}, Junk
	}
	if mobile, ok := p.chinese([]byte(digits), plus); ok {
		v := Value{Text: "+86" + string(mobile)}
		if p.placeholder(86, string(mobile), v.Text) {
			return Value{}, Junk
		}
		return v, 0
	}
	var num *phonenumbers.PhoneNumber
	var err error
	switch {
	case plus:
		num, err = phonenumbers.Parse("+"+digits, "")
	case p.region == "":
		return Value{}, NoRegion
	case p.country == 86 && localChinese(digits): // a number of any other plan it is by chance
		return p.local(digits)
	default:
		num, err = phonenumbers.Parse(digits, p.region)
	}
	if err != nil {
		return Value{}, parseReason(err)
	}
	v, reason := p.judge(num)
	if reason == NoAreaCode && int(num.GetCountryCode()) == p.country {
		return p.local(phonenumbers.GetNationalSignificantNumber(num))
	}
	return v, reason
}

// local reads a number behind the area code, where it has to be in the plan.
func (p *phone) local(digits string) (Value, Reason) {
	if p.area == "" {
		return Value{}, NoAreaCode
	}
	num, err := phonenumbers.Parse(p.area+digits, p.region)
	if err != nil {
		return Value{}, NoAreaCode
	}
	v, reason := p.judge(num)
	if v.Warning == Unusual {
		return Value{}, NoAreaCode
	}
	return v, reason
}

// localChinese reports a Chinese number without area code, of which there is one in every city.
func localChinese(national string) bool {
	return (len(national) == 7 || len(national) == 8) && national[0] >= '2'
}

func chineseMobile(e164 string) bool {
	return len(e164) == 14 && e164[:4] == "+861" && e164[4] >= '3'
}

// judge holds a number against its numbering plan and the placeholders.
func (p *phone) judge(num *phonenumbers.PhoneNumber) (Value, Reason) {
	v := Value{Text: phonenumbers.Format(num, phonenumbers.E164)}
	country := int(num.GetCountryCode())
	national := phonenumbers.GetNationalSignificantNumber(num)
	if p.placeholder(country, national, v.Text) {
		return Value{}, Junk
	}
	if chineseMobile(v.Text) { // behind a prefix such as 17951
		return v, 0
	}
	switch phonenumbers.GetNumberType(num) {
	case phonenumbers.UNKNOWN:
		v.Warning = Unusual
	case phonenumbers.TOLL_FREE, phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.UAN, phonenumbers.VOICEMAIL:
		v.Warning = Shared
		return v, 0
	default:
		return v, 0
	}
	if country == 86 {
		switch n := len(national); {
		case localChinese(national):
			return Value{}, NoAreaCode
		case n <= 8 || n < 11 && national[0] == '1' && national[1] >= '3':
			return Value{}, TooShort
		case n > 11 && national[0] == '1' && national[1] >= '3':
			return Value{}, TooLong
		}
	}
	switch phonenumbers.IsPossibleNumberWithReason(num) {
	case phonenumbers.IS_POSSIBLE:
	case phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return Value{}, NoAreaCode
	case phonenumbers.INVALID_COUNTRY_CODE:
		return Value{}, UnknownCode
	case phonenumbers.TOO_SHORT:
		return Value{}, TooShort
	case phonenumbers.TOO_LONG:
		return Value{}, TooLong
	default:
		return Value{}, Malformed
	}
	// Outside its plan a number may lose a trunk prefix only when read once more.
	again, err := phonenumbers.Parse(v.Text, "")
	if err != nil || phonenumbers.Format(again, phonenumbers.E164) != v.Text {
		return Value{}, Malformed
	}
	return v, 0
}

func parseReason(err error) Reason {
	switch err {
	case phonenumbers.ErrInvalidCountryCode:
		return UnknownCode
	case phonenumbers.ErrTooShortNSN, phonenumbers.ErrTooShortAfterIDD, phonenumbers.ErrNotANumber: // one digit or two
		return TooShort
	case phonenumbers.ErrNumTooLong:
		return TooLong
	}
	return Malformed
}

// placeholder reports a number that people type to get past a form.
func (p *phone) placeholder(country int, national, e164 string) bool {
	if p.junk[e164] {
		return true
	}
	if p.keep {
		return false
	}
	if n := len(national); n >= 7 {
		tail := national[max(0, n-8):]
		if repeats(tail) || runs(tail) {
			return true
		}
	} else if n >= 5 && repeats(national) {
		return true
	}
	switch country {
	case 86:
		return national == "13800138000" // the hotline that every form was filled with
	case 1: // 555-0100 to 555-0199 are for fiction, in every area
		return len(national) == 10 && national[3:8] == "55501"
	case 44: // numbers for drama of the British regulator
		return len(national) == 10 && (strings.HasPrefix(national, "7700900") || strings.HasPrefix(national, "2079460"))
	}
	return false
}
