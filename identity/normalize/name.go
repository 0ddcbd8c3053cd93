package normalize

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NameOptions say what else is no name. It is safe for concurrent reads.
type NameOptions struct {
	// StripTitles takes forms of address away: 先生 and the like behind, Mr in front.
	StripTitles bool
	// Samples refuses the names of people in forms and manuals as Junk: 张三, John Doe.
	Samples bool
	// Junk are further words to refuse, compared as JunkWords are.
	Junk []string
	// Pinyin writes names in Latin letters as the letters alone, without spaces, commas,
	// hyphens, apostrophes and tone marks, and with v for ü, as it is typed: Wáng, Xiǎo-míng
	// and WANG XIAOMING are wangxiaoming. For sources of Chinese names; the accents and spaces
	// of others go too. The order of family and given name stays what it is.
	Pinyin bool
}

// Name returns the Normalizer of names of persons. A canonical name is for comparison: it is
// not an identifier, many people share one.
//
// Text is NFKC in lower case with single spaces. Between Han characters spaces go (张 三 is
// 张三), and the many signs that stand for the middle dot are · (买买提·吐尔逊). Accents stay.
// Dots behind initials become spaces, hyphens and apostrophes one kind each; emoji and other
// signs go, and so does a remark in round brackets. A comma stays: it says that the family name
// is in front.
//
// Not done, because only a comparison of two names can: traditional and simplified characters,
// pinyin against Han, order of words, nicknames. FamilyName helps with the Han side, Pinyin with
// the spelling of pinyin.
//
// Refused as Junk: [JunkWords], 用户 or user with a number, one letter or character three times
// or more. As Masked: 张*, 李某某, 张XX, and a family name with a title alone (王先生, Mr
// Smith). As TooShort: a single letter or character. As Several: names with 、 ; & | or,
// between Han characters, /. As Malformed: digits, @, no letters at all. Fields over 512 bytes
// are refused.
func Name(o *NameOptions) Normalizer {
	if o == nil {
		o = &NameOptions{}
	}
	n := &name{strip: o.StripTitles, pinyin: o.Pinyin, junk: newWords(o.Junk)}
	if o.Samples {
		n.junk = newWords(o.Junk, sampleNames)
	}
	return one("name", n.read)
}

type name struct {
	strip, pinyin bool
	junk          words
}

// sampleNames stand in forms, manuals and law books.
var sampleNames = []string{
	"张三", "李四", "王五", "赵六", "張三", "趙六", "john doe", "jane doe", "john q public", "joe bloggs",
	"max mustermann", "erika mustermann", "foo bar", "first last", "firstname lastname",
}

func (n *name) read(raw string) (Value, Reason) {
	// NFKC would make a space with an accent of the acute that stands for an apostrophe.
	s, reason := clean(strings.ReplaceAll(raw, "´", "'"), 512)
	if reason != 0 {
		return Value{}, reason
	}
	s = strings.ReplaceAll(s, "\n", " ")
	if bare := dropComments(s); strings.TrimSpace(bare) != "" {
		s = bare
	}
	switch {
	case s == "":
		return Value{}, Empty
	case n.isJunk(s):
		return Value{}, Junk
	case maskedName(s):
		return Value{}, Masked
	}
	s, reason = spell(lower(s))
	if reason != 0 {
		return Value{}, reason
	}
	bare, titled := untitle(s)
	switch {
	case n.isJunk(bare), slices.Contains(latinTitles, s):
		return Value{}, Junk
	case maskedName(s), titled && familyOnly(bare):
		return Value{}, Masked
	case n.strip:
		s = bare
	}
	if n.pinyin {
		if s = pinyin(s); n.isJunk(s) || slices.Contains(latinTitles, s) {
			return Value{}, Junk
		}
	}
	return Value{Text: s}, length(s)
}

func (n *name) isJunk(s string) bool {
	word := strings.TrimRight(s, "0123456789 _-")
	return isJunk(s, n.junk) || word != "" && isJunk(word, n.junk)
}

// maskedName reports characters that stand for hidden ones: anywhere marks, 某, and behind Han
// characters x, 〇 and circles. A dot of any size between two letters is a middle dot.
func maskedName(s string) bool {
	runes := []rune(s)
	for i, r := range runes {
		if strings.ContainsRune(maskMarks, r) {
			between := i > 0 && i+1 < len(runes) && unicode.IsLetter(runes[i-1]) && unicode.IsLetter(runes[i+1])
			if !between || !isMiddleDot(r) {
				return true
			}
		}
		if i == 0 {
			continue
		}
		before := runes[i-1]
		switch unicode.ToLower(r) {
		case '某':
			return true
		case 'x', '×':
			after := i+1 == len(runes) || isHan(runes[i+1]) || runes[i+1] == r
			if isHan(before) && after {
				return true
			}
		case '○', '◯', '?', '△', '_':
			if isHan(before) {
				return true
			}
		case '〇':
			if before == r {
				return true
			}
		}
	}
	return strings.HasPrefix(s, "某")
}

const maxName = 256 // bytes of the canonical form

// length refuses what is too little or too much for a name, or no name.
func length(s string) Reason {
	letters, repeated := 0, true
	var first rune
	for _, r := range s {
		if !unicode.IsLetter(r) {
			continue
		}
		if letters++; letters == 1 {
			first = r
		}
		repeated = repeated && r == first
	}
	switch {
	case len(s) > maxName:
		return TooLong
	case letters == 0:
		return Malformed
	case letters == 1:
		return TooShort
	case repeated && (letters >= 3 || first == 'x'):
		return Junk
	}
	return 0
}

// FamilyName divides a canonical name of two to four Han characters into family and given name.
// It knows the family names of two characters (欧阳, 司马) and takes the first character
// otherwise. A name with a middle dot, in another script or of another length is not divided:
// ok is false.
func FamilyName(canonical string) (family, given string, ok bool) {
	count := utf8.RuneCountInString(canonical)
	if count < 2 || count > 4 || strings.IndexFunc(canonical, func(r rune) bool { return !isHan(r) }) >= 0 {
		return "", "", false
	}
	_, size := utf8.DecodeRuneInString(canonical)
	if count > 2 {
		_, second := utf8.DecodeRuneInString(canonical[size:])
		if slices.Contains(compoundNames, canonical[:size+second]) {
			size += second
		}
	}
	return canonical[:size], canonical[size:], true
}

// compoundNames are family names of two characters, simplified, and traditional where that
// differs.
var compoundNames = strings.Fields("欧阳 歐陽 太史 端木 上官 司马 司馬 东方 東方 独孤 獨孤 南宫 南宮 万俟 闻人 聞人 夏侯 诸葛 諸葛 尉迟 尉遲 公羊 赫连 赫連 " +
	"澹台 澹臺 皇甫 宗政 濮阳 濮陽 公冶 太叔 申屠 公孙 公孫 慕容 仲孙 仲孫 钟离 鍾離 长孙 長孫 宇文 司徒 鲜于 鮮于 司空 闾丘 闾邱 子车 亓官 司寇 " +
	"巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 梁丘 左丘 东门 西门 第五 纳兰 完颜 叶赫")
