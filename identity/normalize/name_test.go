package normalize_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity/normalize"
)

func TestName(t *testing.T) {
	cases{
		"王小明":                "王小明",
		" 王 小 明 ":            "王小明",
		"张　三":                "张三",
		"张\u200b三":           "张三",
		"王小明(儿子)":            "王小明",
		"王小明（Kevin）":         "王小明",
		"🌸王小明🌸":              "王小明",
		"“王小明”":              "王小明",
		"王小明先生":              "王小明先生",
		"欧阳修":                "欧阳修",
		"買买提·吐尔逊":            "買买提·吐尔逊",
		"买买提•吐尔逊":            "买买提·吐尔逊",
		"买买提・吐尔逊":            "买买提·吐尔逊",
		"买买提･吐尔逊":            "买买提·吐尔逊",
		"买买提‧吐尔逊":            "买买提·吐尔逊",
		"买买提●吐尔逊":            "买买提·吐尔逊",
		"买买提.吐尔逊":            "买买提·吐尔逊",
		"买买提．吐尔逊":            "买买提·吐尔逊",
		"Wang Xiaoming":      "wang xiaoming",
		"ＷＡＮＧ　Ｘｉａｏｍｉｎｇ":      "wang xiaoming",
		"WANG, Xiao-ming":    "wang, xiao-ming",
		"Wang ,Xiaoming":     "wang, xiaoming",
		"王小明 Kevin Wang":     "王小明 kevin wang",
		"O’Brien":            "o'brien",
		"O´Brien":            "o'brien",
		"O'Brien":            "o'brien",
		"Jean–Luc":           "jean-luc",
		"J.R.R. Tolkien":     "j r r tolkien",
		"José\tÁlvarez":      "josé álvarez",
		"Jose\u0301 Álvarez": "josé álvarez",
		"Siva a/l Raman":     "siva a/l raman",
		"山田 太郎":              "山田太郎",
		"ヤマダ タロウ":            "ヤマダ タロウ",
		"ﾔﾏﾀﾞ ﾀﾛｳ":           "ヤマダ タロウ",
		"홍길동":                "홍길동",
		"Ўмид":               "ўмид",
		"Xu Xx":              "xu xx",
		"Max":                "max",
		"丽丽":                 "丽丽",
		"张总明":                "张总明",
		"Null Smith":         "null smith",
		"张三":                 "张三",
		"John Doe":           "john doe",
		"王*":                 "#masked",
		"王**":                "#masked",
		"*小明":                "#masked",
		"王＊明":                "#masked",
		"王••":                "#masked",
		"王某":                 "#masked",
		"李某某":                "#masked",
		"某女士":                "#masked",
		"王XX":                "#masked",
		"王x明":                "#masked",
		"王×":                 "#masked",
		"王○○":                "#masked",
		"王〇〇":                "#masked",
		"王?":                 "#masked",
		"J*** S***":          "#masked",
		"王先生":                "#masked",
		"王 女士":               "#masked",
		"欧阳小姐":               "#masked",
		"李总":                 "#masked",
		"Mr Smith":           "#masked",
		"Mr. Smith":          "#masked",
		"Dr. Prof. Müller":   "#masked",
		"Wang先生":             "#masked",
		"Mr John Smith":      "mr john smith",
		"测试":                 "#junk",
		"测试1":                "#junk",
		"test 02":            "#junk",
		"匿名":                 "#junk",
		"未知":                 "#junk",
		"无":                  "#junk",
		"null":               "#junk",
		"N/A":                "#junk",
		"微信用户":               "#junk",
		"用户8839201":          "#junk",
		"先生":                 "#junk",
		"Mr.":                "#junk",
		"哈哈哈":                "#junk",
		"aaaa":               "#junk",
		"???":                "#junk",
		"王":                  "#too-short",
		"J":                  "#too-short",
		"王小明、李红":             "#several",
		"王小明/李红":             "#several",
		"Anna & Bob":         "#several",
		"13912345670":        "#malformed",
		"王小明2":               "#malformed",
		"wang@corp.cn":       "#malformed",
		"王小\ufffd":           "#mangled",
		"":                   "#empty",
		"🌸":                  "#junk",
	}.run(t, kinds["name"])
	cases{
		"王小明先生": "王小明", "王小明 老师": "王小明", "Mr. John Smith": "john smith", "Dr Prof Anna Müller": "anna müller", "王总明": "王总明",
		"张三": "#junk", "张三先生": "#junk", "John Doe": "#junk", "Mr John Doe": "#junk", "李总": "#masked", "欧阳经理": "#masked",
	}.run(t, kinds["name bare"])
	cases{
		"wang, xiao-ming": "wangxiaoming", "Wang Xiaoming": "wangxiaoming", "WÁNG Xiǎomíng": "wangxiaoming", "Wang Xiao Ming": "wangxiaoming",
		"Li Xi'an": "lixian", "Lǚ Bù": "lvbu", "Lü Bu": "lvbu", "Lv Bu": "lvbu", "Ouyang, Na-na": "ouyangnana", "王小明": "王小明", "王小明 Kevin Wang": "王小明 kevin wang",
		"Xiaoming Wang": "xiaomingwang", "买买提·吐尔逊": "买买提·吐尔逊", "W.": "#too-short", "Te st": "#junk", "Wang先生": "#masked", "J*** S***": "#masked",
	}.run(t, kinds["name pinyin"])
	cases{"店长": "#junk", "店 长": "#junk", "张三": "张三"}.run(t, normalize.Name(&normalize.NameOptions{Junk: []string{"店长"}}))
}

func TestFamilyName(t *testing.T) {
	for name, want := range map[string][2]string{
		"王明": {"王", "明"}, "王小明": {"王", "小明"}, "欧阳修": {"欧阳", "修"}, "诸葛孔明": {"诸葛", "孔明"}, "司徒": {"司", "徒"}, "歐陽修": {"歐陽", "修"},
		"李王小明": {"李", "王小明"},
	} {
		family, given, ok := normalize.FamilyName(name)
		require.True(t, ok)
		require.Equal(t, want, [2]string{family, given})
	}
	for _, name := range []string{"", "王", "买买提·吐尔逊", "wang xiaoming", "山田太郎次郎", "ヤマダ"} {
		_, _, ok := normalize.FamilyName(name)
		require.False(t, ok, name)
	}
}
