package normalize_test

import (
	"testing"

	"github.com/clientele-go/clientele/identity/normalize"
)

// fuzz holds the answers of some kinds to the promises of Normalizer.
func fuzz(f *testing.F, seeds []string, names ...string) {
	for _, raw := range hostile {
		if len(raw) < 2000 {
			f.Add(raw)
		}
	}
	for _, raw := range seeds {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, name := range names {
			check(t, kinds[name], raw)
		}
	})
}

func FuzzPhone(f *testing.F) {
	fuzz(f, []string{
		"13912345670", "+86 (0) 139-1234-5670", "010-62551234转801", "62551234-801/62551235", "139****5670", "tel:736-5000;phone-context=+1-212;ext=5",
		"139 1234 5670 62551234", "+390669821234", "1.39E+10", "０１０－６２５５１２３４＃８０１", "+1 (212) 736-5000 ext. 12 or 736-5001", "6255,1234",
	}, "phone", "phone CN", "phone US", "phone IT, keep")
}

func FuzzEmail(f *testing.F) {
	fuzz(f, []string{
		"Li.Wei+x@Gmail.com", `"Wei, Li" <liwei@corp.cn>; b1@c.cn`, `"a\"b|c"@corp.cn`, "李@公司。中国", "mailto:a1@b.cn?x=1", "a1@b.cn(x)/c1@d.cn", "İ@x.cn",
		`"'a"@b.cn`, `"a或b"@b.cn`, "邮箱:x1@bücher.de",
	}, "email", "email keep", "email fold")
}

func FuzzWeChat(f *testing.F) {
	fuzz(f, []string{openID, appID + "/" + openID, "group/" + openID}, "openid", "openid any", "unionid")
}

func FuzzDevice(f *testing.F) {
	fuzz(f, []string{
		"{6D92078A-8246-4BA4-AE5B-76104861E7DC}", "6d92078a82464ba4ae5b76104861e7dc", "1FE9A970EFBB9D8C", "35-209900-176148-1", "3520990017614823", "1b2c3d4e5f60718",
	}, "uuid", "oaid", "android-id", "imei")
}

func FuzzID(f *testing.F) {
	fuzz(f, []string{"VIP-001", "shop/0042", "00'7'", "ŉ-ß", "e-\u0301", "1e0E+1"}, "id", "id upper", "id lower")
}

func FuzzCard(f *testing.F) {
	fuzz(f, []string{"34052419800101001X", "340524800101001", "91330100799655058B", "9144 0300 7152 6726 XG"}, "resident-id", "credit-code")
}

func FuzzName(f *testing.F) {
	fuzz(f, []string{
		"王 小 明 先生", "Mr. J.R. O’Brien-Smith, Jr", "买买提•吐尔逊", "〇 〇王", "王(x)", "Siva a/l Raman", "ﾔﾏﾀﾞ", "张-x", "\u0301a", "a,,b", "先生 先生王五六", "mr mr mr",
	}, "name", "name bare", "name pinyin")
}

// Whatever the options, Name keeps the promises.
func FuzzNameJunk(f *testing.F) {
	f.Add("店 长", "店长")
	f.Fuzz(func(t *testing.T, raw, junk string) {
		check(t, normalize.Name(&normalize.NameOptions{StripTitles: true, Junk: []string{junk}}), raw)
	})
}
