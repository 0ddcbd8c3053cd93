package normalize

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// PhoneOptions say where the numbers of a source come from. It is safe for concurrent reads.
type PhoneOptions struct {
	// Region is the ISO 3166-1 code of the country whose national numbers the source holds,
	// such as "CN", "HK" or "US". "": only numbers with + and country code are read.
	Region string
	// AreaCode is put before local numbers, as it is dialled: "010". "": local numbers are
	// refused. It needs a Region.
	AreaCode string
	// Junk are further numbers to refuse, each in any form that these options read.
	Junk []string
	// KeepPlaceholders takes numbers that are refused as Junk otherwise, for test systems.
	KeepPlaceholders bool
}

// Phone returns the Normalizer of phone numbers. Nil options read international numbers only. A
// Region that does not exist, an AreaCode that is not digits or has no Region, and Junk that is
// no number are errors.
//
// Text is E.164: "+8613912345679". Read are digits of any script, full width or not, with
// spaces, dashes, dots, slashes and brackets between, after + or a prefix that the region dials
// (0086, 86, 0), after a label (手机, 电话, tel:), and as the URIs of RFC 3966. Any 1 with 3 to
// 9 and nine more digits is a Chinese mobile number, as numbering plans go stale; every other
// number goes through the metadata of libphonenumber: one that can not exist is refused, one
// outside the plan has the warning Unusual, and toll-free, premium, shared-cost and company
// numbers have the warning Shared.
//
// Extensions are apart: 转801, 分机801, ext. 801, x801, #801, and 010-62551234-801 where the
// whole is no number and the front is. Several numbers in a field are split at 、 ; | & 或 和
// and new lines; at / and , where the whole is no valid number; at spaces where each side is a
// number by itself and there is one way to see it so. A local Chinese number behind a fixed
// line in the same field has its area code: 021-62551234/62551235.
//
// Refused as Masked: *, •, runs of x, ? or #, 尾号8000. Refused as Junk: numbers of one digit
// repeated or running up or down by one (9 is followed by 0), national numbers whose last eight
// digits are so (13800000000, 13912345678: 30 of 100 million), 13800138000, and the blocks that
// no one has because they are reserved for drama: +1 xxx 555 01xx, +44 7700 900xxx, +44 20 7946
// 0xxx. Letters are refused, but for remarks in brackets (微信同号): a vanity number is a
// company's.
//
// A Chinese mobile number in ASCII takes one allocation, other numbers cost some tens of
// microseconds. Fields over 512 bytes are refused.
func Phone(o *PhoneOptions) (Normalizer, error) {
	if o == nil {
		o = &PhoneOptions{}
	}
	p := &phone{region: strings.ToUpper(o.Region), area: o.AreaCode, keep: true}
	var errs []error
	if p.region != "" {
		p.country = phonenumbers.GetCountryCodeForRegion(p.region)
		if p.country == 0 {
			errs = append(errs, fmt.Errorf("normalize: PhoneOptions.Region %q is not known", o.Region))
		}
	}
	if p.area != "" && (!isDigits(p.area) || p.region == "" || len(p.area) > 6) {
		errs = append(errs, errors.New("normalize: PhoneOptions.AreaCode needs up to 6 digits and a Region"))
	}
	junk := map[string]bool{}
	for i, raw := range o.Junk {
		values, err := p.read(nil, raw)
		if err != nil {
			errs = append(errs, fmt.Errorf("normalize: PhoneOptions.Junk, entry %d: %w", i, err))
		}
		for _, v := range values {
			junk[v.Text] = true
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	p.junk, p.keep = junk, o.KeepPlaceholders
	return p.read, nil
}

type phone struct {
	region  string // upper case, or ""
	country int    // calling code of region
	area    string
	junk    map[string]bool // E.164
	keep    bool
}

const maxPhone = 512 // bytes of a field

func (p *phone) read(dst []Value, raw string) ([]Value, error) {
	if text, ok := p.mobile(raw); ok {
		if p.placeholder(86, text[3:], text) {
			return dst, &Refusal{Kind: "phone", Part: 1, Reason: Junk}
		}
		return append(dst, Value{Text: text}), nil
	}
	c := collector{kind: "phone", dst: dst, start: len(dst)}
	s, reason := tidy(raw, maxPhone)
	switch {
	case reason != 0:
		c.add(Value{}, reason)
	case isJunk(s, nil):
		c.add(Value{}, Junk)
	case exponent(s):
		c.add(Value{}, Mangled)
	default:
		field := *p // its area code may change from part to part
		for _, part := range phoneParts(asciiDigits(s)) {
			field.part(&c, part)
		}
	}
	return c.result()
}

// mobile is the fast path: a Chinese mobile number in ASCII. It answers the same as the long
// way round, or not at all.
func (p *phone) mobile(raw string) (text string, ok bool) {
	var d [16]byte
	n := 0
	plus := false
	for i := range len(raw) {
		switch c := raw[i]; c {
		case '+':
			if n > 0 || plus {
				return "", false
			}
			plus = true
		case ' ', '-', '(', ')':
		default:
			if c < '0' || c > '9' || n == len(d) {
				return "", false
			}
			d[n] = c
			n++
		}
	}
	mobile, ok := p.chinese(d[:n], plus)
	if !ok {
		return "", false
	}
	if plus && len(raw) == 14 { // canonical already
		return raw, true
	}
	var b [14]byte
	copy(b[copy(b[:], "+86"):], mobile)
	return string(b[:]), true
}

// chinese returns the eleven digits of a Chinese mobile number behind its prefixes.
func (p *phone) chinese(digits []byte, plus bool) (mobile []byte, ok bool) {
	n := len(digits)
	if n < 11 || !plus && p.country != 86 {
		return nil, false
	}
	switch head := string(digits[:n-11]); {
	case plus && (head == "86" || head == "860"):
	case !plus && (head == "" || head == "0" || head == "86" || head == "0086" || head == "00860"):
	default:
		return nil, false
	}
	mobile = digits[n-11:]
	return mobile, mobile[0] == '1' && mobile[1] >= '3'
}
