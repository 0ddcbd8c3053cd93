package normalize_test

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// fragments make fields that come near to what each kind reads.
var fragments = map[string][]string{
	"phone": {
		"139", "1234", "5670", "5671", "13912345670", "62551234", "010", "+", "+86", "0086", "86", "0", "00", "1", "212", "7365000", "+39", "06", "-", " ", "/", ",", "、",
		"(", ")", "转", "ext.", "x", "#", "8", "801", ";ext=", "12", ".0", "tel:", "手机", "*", "E+", " or ", "\n", "１３９", "٣", "\u200b", "一", ".", ";phone-context=+1",
	},
	"email": {
		"li", "Wei", ".", "+", "x", "@", "@corp.cn", "@gmail.com", "@GoogleMail.com", "\"", "\\", "<", ">", ",", ";", " ", "/", "(", ")", "mailto:", "邮箱:", "?", "公司", ".中国",
		"。", "＠", "'", "|", "或", "`", "-", "_", "test", "no", "info", "123456", "bücher.de", "ß", "İ", "xn--", "\u0301",
	},
	"name": {
		"王", "小", "明", "欧阳", " ", "　", "·", "•", ".", "先生", "总", "女士", "老师", "mr", "Mr.", "Dr ", "Li", "x", "X", "某", "〇", "○", "(", ")", "-", "'", "’", "´", "/", ",", "é",
		"\u0301", "🌸", "a", "测试", "用户", "1", "ﾔ", "ﾞ", "İ", "ß", "、", "?", "_", "\u200d",
	},
	"id": {"shop/", "s", "0", "00", "12", "A", "b", "-", " ", ".", "'", "\"", "/", "e", "E+", "ß", "ŉ", "İ", "\u0301", "Ａ", "x", "xx", "*", "null", "=\"", "`"},
	"device": {
		"6d92078a", "6D92078A", "-8246-4ba4-ae5b-", "82464ba4ae5b", "76104861e7dc", "0", "00000000", "{", "}", "urn:uuid:", "35209900", "176148", "1", "23", "-", " ", "９",
	},
	"card": {"310115", "19850612", "850612", "341", "2", "X", "x", "996", "9133", "0100", "799655058", "B", "91330100", "-", " ", "Ｘ", "0", "*", "I"},
	"chat": {openID, "o", openID[1:], appID, "wx", "/", "group", "group/", "-", "_", "x", " ", "\"", "*", "号"},
}

var fragmentsOf = map[string]string{
	"phone": "phone", "email": "email", "name": "name", "id": "id", "uuid": "device", "oaid": "device", "android-id": "device", "imei": "device",
	"resident-id": "card", "credit-code": "card", "openid": "chat", "unionid": "chat",
}

// The promises of Normalizer hold for fields put together from such fragments, full width and
// invisible characters do not matter, and several goroutines that share the Normalizers get
// what one gets.
func TestRandomFields(t *testing.T) {
	for kind, n := range kinds {
		t.Run(kind, func(t *testing.T) {
			family, _, _ := strings.Cut(kind, " ")
			list := fragments[fragmentsOf[family]]
			require.NotEmpty(t, list)
			random := rand.New(rand.NewPCG(11, 12))
			var raws, want []string
			for range 1000 {
				var raw strings.Builder
				for range 1 + random.IntN(7) {
					raw.WriteString(list[random.IntN(len(list))])
				}
				field := raw.String()
				check(t, n, field)
				got := outcome(n.All(field))
				if len(field) < 85 { // full width is three bytes, and fields are bounded by bytes
					require.Equal(t, got, outcome(n.All(wide(field))), field)
				}
				if veiled := field[:len(field)/2] + "\u200b" + field[len(field)/2:]; utf8.ValidString(veiled) {
					require.Equal(t, got, outcome(n.All(veiled)), field)
				}
				if len(raws) < 200 {
					raws, want = append(raws, field), append(want, got)
				}
			}
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					for i, raw := range raws {
						if got := outcome(n.All(raw)); got != want[i] {
							t.Errorf("%q: %q, and %q beside others", raw, want[i], got)
						}
					}
				})
			}
			group.Wait()
		})
	}
}

// wide writes the visible characters of ASCII in full width.
func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r - '!' + '！'
		}
		return r
	}, s)
}

// A refusal never holds the value.
func TestRefusalsHoldNoValue(t *testing.T) {
	for kind, n := range kinds {
		for _, raw := range []string{"QZWJKV", "+999QZWJKV", "QZWJKV@", "QZWJKV**", "QZWJKV、QZWJKV@", "QZWJKV\xff"} {
			_, err := n.All(raw)
			if err != nil {
				require.NotContains(t, strings.ToUpper(err.Error()), "QZWJKV", kind)
			}
		}
	}
}
