package normalize_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity/normalize"
)

func TestEmail(t *testing.T) {
	cases{
		"li.wei@corp.cn":                      "li.wei@corp.cn",
		"  Li.Wei@Corp.CN ":                   "li.wei@corp.cn",
		"ｌｉｗｅｉ＠ｃｏｒｐ．ｃｎ":                       "liwei@corp.cn",
		"liwei@corp。cn":                       "liwei@corp.cn",
		"liwei @ corp.cn":                     "liwei@corp.cn",
		"liwei@corp.cn.":                      "liwei@corp.cn",
		"mailto:LiWei@corp.cn?subject=a@b.cn": "liwei@corp.cn",
		"邮箱：liwei@corp.cn":                    "liwei@corp.cn",
		"E-mail: liwei@corp.cn":               "liwei@corp.cn",
		"Li Wei <liwei@corp.cn>":              "liwei@corp.cn",
		`"Wei, Li" <liwei@corp.cn>`:           "liwei@corp.cn",
		"<liwei@corp.cn>":                     "liwei@corp.cn",
		"liwei@corp.cn (office)":              "liwei@corp.cn",
		"li+shop@corp.cn":                     "li+shop@corp.cn",
		"first.last@gmail.com":                "first.last@gmail.com",
		"o'hara@corp.cn":                      "o'hara@corp.cn",
		"123456789012@qq.com":                 "#junk",
		"李伟@公司.中国":                            "李伟@xn--55qx5d.xn--fiqs8s",
		"x1@bücher.example-shop.de":           "x1@xn--bcher-kva.example-shop.de",
		"x1@XN--BCHER-KVA.de":                 "x1@xn--bcher-kva.de",
		"x1@BÜCHER.de":                        "x1@xn--bcher-kva.de",
		`"li wei"@corp.cn`:                    `"li wei"@corp.cn`,
		`"Li.Wei"@corp.cn`:                    `li.wei@corp.cn`,
		`"a\"b"@corp.cn`:                      `"a\"b"@corp.cn`,
		`"a\b"@corp.cn`:                       `ab@corp.cn`,
		`"li@wei"@corp.cn`:                    `"li@wei"@corp.cn`,
		"liwei@corp.cn;wei@corp.cn":           "liwei@corp.cn + wei@corp.cn",
		"liwei@corp.cn, wei@corp.cn":          "liwei@corp.cn + wei@corp.cn",
		"liwei@corp.cn wei@corp.cn":           "liwei@corp.cn + wei@corp.cn",
		"liwei@corp.cn/wei@corp.cn":           "liwei@corp.cn + wei@corp.cn",
		"liwei@corp.cn、LIWEI@CORP.CN":         "liwei@corp.cn",
		"A <liwei@corp.cn>; B <wei@corp.cn>":  "liwei@corp.cn + wei@corp.cn",
		"liwei@corp.cn 无":                     "liwei@corp.cn #junk",
		"a/b@corp.cn":                         "a/b@corp.cn",
		"info@corp.cn":                        "info@corp.cn !shared", "admin@corp.cn": "admin@corp.cn !shared",
		"no@corp.cn":                            "no@corp.cn",
		"na@corp.cn":                            "na@corp.cn",
		"abc@def@corp.cn":                       "#malformed",
		"liwei":                                 "#malformed",
		"liwei@corp":                            "#malformed",
		"@corp.cn":                              "#malformed",
		"liwei@":                                "#malformed",
		"liwei@corp..cn":                        "#malformed",
		"liwei@-corp.cn":                        "#malformed",
		"liwei@corp-.cn":                        "#malformed",
		"liwei@co_rp.cn":                        "#malformed",
		"liwei@corp.c":                          "#malformed",
		"liwei@1.2.3.4":                         "#malformed",
		"liwei@[1.2.3.4]":                       "#out-of-scope",
		".liwei@corp.cn":                        "#malformed",
		"liwei.@corp.cn":                        "#malformed",
		"li..wei@corp.cn":                       "#malformed",
		"li:wei@corp.cn":                        "#malformed",
		`"li"wei@corp.cn`:                       "#malformed",
		`""@corp.cn`:                            "#malformed",
		"xn--é@corp.cn":                         "xn--é@corp.cn",
		"x1@xn--é.cn":                           "#malformed",
		"http://corp.cn":                        "#malformed",
		"13912345670":                           "#malformed",
		strings.Repeat("a", 63) + "b@corp.cn":   strings.Repeat("a", 63) + "b@corp.cn",
		strings.Repeat("a", 64) + "b@corp.cn":   "#too-long",
		"li@" + strings.Repeat("a", 63) + ".cn": "li@" + strings.Repeat("a", 63) + ".cn",
		"li@" + strings.Repeat("a", 64) + ".cn": "#malformed",
		"li@" + strings.Repeat("abcdefg.", 31) + "cn":      "li@" + strings.Repeat("abcdefg.", 31) + "cn",
		"liwei@" + strings.Repeat("abcdefg.", 31) + "co":   "#too-long",
		"liwei@" + strings.Repeat("abcdefg.", 32) + "info": "#too-long",
	}.run(t, kinds["email"])
}

func TestEmailRefused(t *testing.T) {
	for reason, list := range map[string][]string{
		"#masked": {"z***@qq.com", "z****8@qq.com", "***@***.com", "z•••8@qq.com", "z...8@qq.com", "z…8@qq.com"},
		"#junk": {
			"test@test.com", "TEST@corp.cn", "a@a.com", "aa@aa.cn", "123@123.com", "xxxx@xxxx.cn", "noreply@corp.cn", "no-reply@corp.cn", "none@corp.cn",
			"null@qq.com", "000@qq.com", "___@qq.com", "无@qq.com", "匿名@qq.com", "anonymous@corp.cn", "123456@qq.com", "1234567890@qq.com", "111111@qq.com", "987654@qq.com", "000000@163.com",
			"liwei@example.com", "liwei@mail.example.org", "liwei@host.test", "liwei@a.invalid", "liwei@my.local", "liwei@test.com", "none", "无", "n/a",
			"mailer-daemon@corp.cn", `"test"@corp.cn`,
		},
		"#disposable": {"liwei@mailinator.com", "liwei@sub.yopmail.com", "liwei@GuerrillaMail.com"},
		"#empty":      {"", "  ", "\u200b"},
	} {
		for _, raw := range list {
			require.Equal(t, reason, outcome(kinds["email"].All(raw)), raw)
		}
	}
	// One step off, they are somebody's.
	for _, raw := range []string{
		"testa@corp.cn", "private@corp.cn", "member@corp.cn", "1234567891@qq.com", "111112@qq.com", "tom@tom.cn", "wei@corp-example.com", "li@contest.com", "nuller@qq.com",
	} {
		v, err := kinds["email"].One(raw)
		require.NoError(t, err, raw)
		require.Equal(t, raw, v.Text)
	}
}

func TestEmailOptions(t *testing.T) {
	cases{
		"Li.Wei+News@GMail.com":    "liwei@gmail.com",
		"l.i.w.e.i@googlemail.com": "liwei@gmail.com",
		"li.wei+news@corp.cn":      "li.wei@corp.cn",
		"+news@corp.cn":            "+news@corp.cn",
		`"li+wei "@gmail.com`:      `"li+wei "@gmail.com`,
		"test+1@gmail.com":         "#junk",
		"+8613912345670@corp.cn":   "+8613912345670@corp.cn",
		"li.wei+a+b@corp.cn":       "li.wei@corp.cn",
	}.run(t, kinds["email fold"])
	cases{"Li.Wei@Corp.cn": "Li.Wei@corp.cn", "TEST@corp.cn": "#junk", "x@yopmail.com": "x@yopmail.com"}.run(t, kinds["email keep"])
	n := must(normalize.Email(&normalize.EmailOptions{
		Disposable: append(normalize.DisposableDomains(), "临时.cn"), Junk: []string{"Shop@Corp.cn", "frontdesk", "a1@公司.cn"},
	}))
	cases{
		"a1@临时.cn": "#disposable", "a1@x.临时.cn": "#disposable", "a1@yopmail.com": "#disposable", "shop@corp.cn": "#junk", "frontdesk@b.cn": "#junk", "a1@公司.cn": "#junk",
		"shop@b.cn": "shop@b.cn !shared",
	}.run(t, n)
	_, err := normalize.Email(&normalize.EmailOptions{Disposable: []string{"ok.cn", "no domain"}, Junk: []string{"@"}})
	require.ErrorContains(t, err, "Disposable, entry 1")
	require.ErrorContains(t, err, "Junk, entry 0")
}
