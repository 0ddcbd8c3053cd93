package normalize

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var junkWords = []string{
	"null", "none", "nil", "nan", "n/a", "not available", "not applicable", "not provided", "not given", "not set",
	"unknown", "undefined", "missing", "blank", "empty", "invalid", "error", "true", "false",
	"anonymous", "anon", "nobody", "guest", "visitor", "user", "customer", "member", "default", "system", "admin",
	"test", "testing", "test user", "test account", "demo", "sample", "example", "dummy", "fake", "asdf", "qwerty", "abc", "xxx",
	"no name", "no phone", "no mobile", "no email", "no mail", "no data", "no value", "no",
	"tbd", "tba", "deleted", "redacted", "withheld", "private", "confidential",
	"[object Object]", "#ref!", "#value!", "#name?", "#div/0!", "#num!", `\N`, "-1",

	"无", "没有", "暂无", "空", "空白", "未知", "不详", "不明", "不知道", "不适用", "匿名", "匿名用户", "游客", "访客", "散客",
	"测试", "测试用户", "测试账号", "测试帐号", "测试数据", "测试客户", "示例", "样例", "占位",
	"未填", "未填写", "没填", "未提供", "未登记", "待定", "待补充", "保密", "略", "同上", "其他", "其它",
	"默认", "默认用户", "微信用户", "手机用户", "用户", "客户", "顾客", "会员", "系统", "管理员",
	"先生", "女士", "小姐", "太太", "无名", "无名氏", "已删除", "已注销", "注销用户", "已注销用户", "用户已注销",
	"無", "沒有", "暫無", "不詳", "測試", "測試用戶", "默認", "用戶", "客戶", "會員",
}

// JunkWords returns the words, English and Chinese, that every Normalizer here refuses as Junk
// when a field, or a part of it, says nothing else. Case, width, spaces and punctuation do not
// matter: "n/a" stands for "N.A." and "#N/A". Fields of punctuation alone and of zeros alone
// are junk as well. The options of each kind take further words. The caller owns the slice.
func JunkWords() []string {
	return slices.Clone(junkWords)
}

// words is a set of folded words.
type words map[string]struct{}

func newWords(lists ...[]string) words {
	set := words{}
	for _, w := range slices.Concat(lists...) {
		if s, reason := clean(w, maxWord); reason == 0 {
			set[string(fold(make([]byte, 0, maxWord), s))] = struct{}{}
		}
	}
	return set
}

var sharedJunk = newWords(junkWords)

const maxWord = 64 // bytes; no junk word is longer

// fold appends the letters and digits of a clean text in lower case to buf, up to its capacity.
// A minus sign before a digit counts: -1 is not 1. So does the backslash of \N.
func fold(buf []byte, s string) []byte {
	if len(s) > 1 && (s[0] == '-' && s[1] >= '0' && s[1] <= '9' || strings.EqualFold(s, `\N`)) {
		buf = append(buf, s[0])
	}
	for _, r := range s {
		if r < utf8.RuneSelf {
			if r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			}
			if (r >= 'a' && r <= 'z' || r >= '0' && r <= '9') && len(buf) < cap(buf) {
				buf = append(buf, byte(r))
			}
		} else if unicode.IsLetter(r) || unicode.Is(unicode.M, r) || unicode.IsDigit(r) {
			if r = unicode.ToLower(r); len(buf)+utf8.RuneLen(r) > cap(buf) {
				break
			}
			buf = utf8.AppendRune(buf, r)
		}
	}
	return buf
}

// isJunk reports whether a clean text is a word of one of the sets, zeros or punctuation.
func isJunk(s string, more words) bool {
	if len(s) > maxWord {
		return false
	}
	var room [maxWord + 4]byte
	folded := fold(room[:0], s)
	if _, found := sharedJunk[string(folded)]; found {
		return true
	}
	if _, found := more[string(folded)]; found {
		return true
	}
	for _, c := range folded {
		if c != '0' && c != '-' {
			return false
		}
	}
	return true
}
