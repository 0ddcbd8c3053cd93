package normalize

import "fmt"

// A Reason says why a text was refused, or what is doubtful about a Value. Its number is not
// stable between versions; String, which MarshalText writes, is. The zero Reason is none. It is
// safe for concurrent use.
type Reason uint8

// Reasons to refuse, then the two that only warn: Unusual and Shared.
const (
	Empty       Reason = iota + 1 // nothing but spaces
	Junk                          // a word or number that people and programs fill in for "none": null, 无, test@test.com, 13800138000
	Masked                        // part of it is hidden: 138****8000, 李某某
	Mangled                       // a program has damaged it: 1.38E+10, text in a wrong encoding
	Malformed                     // not written as such an identifier is
	TooShort                      // digits or letters are missing
	TooLong                       // longer than such an identifier, or than the bound on input
	BadCheck                      // its check digit is another one
	BadDate                       // the date in it does not exist, or is too late
	UnknownCode                   // begins with the code of no country or province
	NoRegion                      // a national phone number, and the options name no region
	NoAreaCode                    // a local phone number, and the options name no area code that fits
	OutOfScope                    // belongs to another scope: another app, a mail server by its IP address
	Disposable                    // mail of a service that gives any mailbox to anybody
	Several                       // holds several where one was asked for
	Unusual                       // well formed, but outside the form or numbering plan that is known
	Shared                        // belongs to a service or a team by its form: an 800 number, info@
)

var reasons = [...]struct{ id, english, chinese string }{
	0:           {"none", "no reason", "无原因"},
	Empty:       {"empty", "empty", "为空"},
	Junk:        {"junk", "a placeholder", "占位或无效内容"},
	Masked:      {"masked", "part of it is hidden", "已脱敏，部分内容被隐藏"},
	Mangled:     {"mangled", "damaged by a program", "已被软件损坏（如科学计数法、乱码）"},
	Malformed:   {"malformed", "not of this form", "格式不正确"},
	TooShort:    {"too-short", "too short", "过短"},
	TooLong:     {"too-long", "too long", "过长"},
	BadCheck:    {"bad-check", "wrong check digit", "校验码错误"},
	BadDate:     {"bad-date", "impossible date", "日期无效"},
	UnknownCode: {"unknown-code", "unknown country or province code", "国家或省份代码不存在"},
	NoRegion:    {"no-region", "a national number of no given region", "本国号码，但未指定国家或地区"},
	NoAreaCode:  {"no-area-code", "a local number of no given area", "本地号码，但未指定区号"},
	OutOfScope:  {"out-of-scope", "of another scope", "不属于该范围"},
	Disposable:  {"disposable", "a disposable address", "一次性邮箱"},
	Several:     {"several", "several where one is wanted", "应为一个，实为多个"},
	Unusual:     {"unusual", "well formed but not of a known plan", "格式可用，但不在已知号段或形式内"},
	Shared:      {"shared", "of a service or team, not a person", "属于服务或团队，而非个人"},
}

// String returns the stable id, such as "masked" or "no-area-code".
func (r Reason) String() string {
	if int(r) >= len(reasons) {
		return fmt.Sprintf("reason(%d)", uint8(r))
	}
	return reasons[r].id
}

// English says it in a few words.
func (r Reason) English() string {
	if int(r) >= len(reasons) {
		return r.String()
	}
	return reasons[r].english
}

// Chinese says it in a few words.
func (r Reason) Chinese() string {
	if int(r) >= len(reasons) {
		return r.String()
	}
	return reasons[r].chinese
}

// MarshalText writes the stable id. A number that is no Reason is an error.
func (r Reason) MarshalText() ([]byte, error) {
	if int(r) >= len(reasons) {
		return nil, fmt.Errorf("normalize: %v is no reason", r)
	}
	return []byte(reasons[r].id), nil
}

// UnmarshalText reads a stable id. Another text is an error and leaves r as it was.
func (r *Reason) UnmarshalText(text []byte) error {
	for i := range reasons {
		if reasons[i].id == string(text) {
			*r = Reason(i)
			return nil
		}
	}
	return fmt.Errorf("normalize: not the id of a reason")
}
