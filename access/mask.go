package access

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/enum"
)

// Mask says what is shown of a value that is masked, by what it means. The zero Mask shows
// nothing. Safe for concurrent use.
//
// A mask looks at the form of a text, and shows nothing, ***, of one that has another form than
// expected: two numbers in a field, a remark beside an address. It never shows a value whole. Phone,
// Name, IDCard, BankCard and Email leave so little that a person recognises what they know, and
// nobody else can call, write or pay. Whoever puts several masked values of a person together knows
// more than each of them says: a city and a year of birth narrow a name down.
type Mask uint8

// The masks.
const (
	// Hidden shows ***, of everything.
	Hidden Mask = iota
	// Phone shows the first three and last four digits of a Chinese mobile number, 138****8000,
	// with +86 where it is there, and of another number of ten digits and more, or of seven and more, the
	// last four or two: ****2671, ****34.
	Phone
	// Name shows the family name of a name in Han characters, 张*, 王**, 欧阳**, and of others the
	// first letter: J***. More than two hidden characters are two.
	Name
	// Email shows the first character and the domain, l***@example.com, and only the domain if
	// there are less than three before it. A domain that has what is before the @ in it, or a word of
	// it, or a number of seven digits, is not shown.
	Email
	// IDCard shows the first and last character of a Chinese identity number,
	// 1****************X, and of other documents of eight to 20 letters and digits: E****7. The first six and last four, which
	// many show, leave with the year of birth some 30 numbers of which the check digit is right.
	IDCard
	// Address shows province, city and district of a Chinese address that begins with one of
	// the first two: 广东省深圳市南山区****. A district is known by its form, such as two to five characters of
	// which the last is 区: a person's name that is written like one, right behind the city, would be shown.
	Address
	// BankCard shows the last four of 12 to 19 digits: ****1234.
	BankCard
	// Date shows the year: 1990-**-**. Of times, and texts such as 1990-05-17, 1990/5/17, 19900517
	// and 1990年5月17日.
	Date
)

var maskNames = []string{"hidden", "phone", "name", "email", "id card", "address", "bank card", "date"}

var maskNamesZH = []string{"全部隐藏", "电话", "姓名", "邮箱", "证件号", "地址", "银行卡", "日期"}

// String returns such as "bank card".
func (m Mask) String() string { return enum.Name(maskNames, m) }

// Chinese returns the same in Chinese.
func (m Mask) Chinese() string { return enum.Name(maskNamesZH, m) }

// MarshalText returns the text of String.
func (m Mask) MarshalText() ([]byte, error) {
	return enum.Marshal("access", "mask", maskNames, m)
}

// UnmarshalText reads what MarshalText wrote.
func (m *Mask) UnmarshalText(text []byte) error {
	return enum.Unmarshal("access", "mask", maskNames, text, m)
}

// takes tells whether a mask is one of values of a kind; those of a computed trait, whose kind
// is not declared, can be of any.
func (m Mask) takes(k customer.Kind) bool {
	switch {
	case m == Hidden || k == customer.KindUnset || k == customer.KindText:
		return true
	case k == customer.KindTime:
		return m == Date
	}
	return false
}

// MaskedText is what is shown of a value that is masked. It is a type of its own, so that it is
// not taken for the value. Safe for concurrent reads.
type MaskedText struct {
	Mask Mask   `json:"mask"` // how it was masked
	Text string `json:"text"` // empty: there is no value, or an empty text
}

// hidden is what is shown of what has not the form that is expected.
const hidden = "***"

// gap stands for what is left out, whatever its length.
const gap = "****"

// mostMasked is the most bytes of a text of which something is shown.
const mostMasked = 512

// Of masks a value. zone is where its day is, for Date; nil is UTC. Cost: O(length), less than a
// microsecond, of an address some three.
func (m Mask) Of(v customer.Value, zone *time.Location) MaskedText {
	shown := MaskedText{Mask: m}
	switch v.Kind() {
	case customer.KindUnset:
	case customer.KindText:
		text, _ := v.Text()
		shown.Text = m.text(text)
	case customer.KindTime:
		shown.Text = hidden
		if t, _ := v.Time(); m == Date {
			if zone == nil {
				zone = time.UTC
			}
			shown.Text = t.In(zone).Format("2006") + noDay
		}
	default:
		shown.Text = hidden
	}
	return shown
}

// text masks a text.
func (m Mask) text(s string) string {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return ""
	case len(s) > mostMasked || !utf8.ValidString(s):
		return hidden
	}
	shown, ok := "", false
	switch m {
	case Phone:
		shown, ok = maskPhone(s)
	case Name:
		shown, ok = maskName(s)
	case Email:
		shown, ok = maskEmail(s)
	case IDCard:
		shown, ok = maskIDCard(s)
	case Address:
		shown, ok = maskAddress(s)
	case BankCard:
		shown, ok = maskBankCard(s)
	case Date:
		shown, ok = maskDate(s)
	}
	if !ok {
		return hidden
	}
	return shown
}

// ascii returns a text with full-width letters, digits and signs in ASCII.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '　':
			return ' '
		}
		return r
	}, s)
}

// digits returns the digits of a number that is written with spaces, dashes, dots and brackets
// between, and whether a + is before them; ok is false if there is anything else.
func digits(s string) (number string, plus, ok bool) {
	var b strings.Builder
	for _, r := range ascii(s) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteByte(byte(r))
		case r == '+' && b.Len() == 0 && !plus:
			plus = true
		case !strings.ContainsRune(" -.()", r):
			return "", false, false
		}
	}
	return b.String(), plus, b.Len() > 0
}
