package normalize

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// The samples of RFC 3492, section 7.1, without those in upper case, and labels that browsers
// show every day.
func TestPunycode(t *testing.T) {
	for plain, want := range map[string]string{
		"ليهمابتكلموشعربي؟":            "egbpdaj6bu4bxfgehfvwxn",
		"他们为什么不说中文":                    "ihqwcrb4cv8a8dqg056pqjye",
		"他們爲什麽不說中文":                    "ihqwctvzc91f659drss3x8bo0yb",
		"למההםפשוטלאמדבריםעברית":       "4dbcagdahymbxekheh6e0a7fei0b",
		"почемужеонинеговорятпорусски": "b1abfaaepdrnnbgefbadotcwatmq2g4l",
		"3年b組金八先生":                     "3b-ww4c5e180e575a65lsy2b",
		"安室奈美恵-with-super-monkeys":     "-with-super-monkeys-pc58ag80a8qai00g7n9n",
		"ひとつ屋根の下2":                     "2-u9tlzr9756bt3uc0v",
		"そのスピードで":                      "d9juau41awczczp",
		"パフィーdeルンバ":                    "de-jg4avhby1noc0d",
		"bücher":                       "bcher-kva",
		"中国":                           "fiqs8s",
	} {
		require.Equal(t, want, punycode(plain), plain)
		require.Equal(t, plain, unpunycode(want), want)
	}
}

// unpunycode is the decoder of RFC 3492, section 6.2, written after its pseudocode, by which
// the encoder is tested.
func unpunycode(s string) string {
	n, i, bias, first := 128, 0, 72, true
	var out []rune
	if b := strings.LastIndexByte(s, '-'); b > 0 {
		out = []rune(s[:b])
		s = s[b+1:]
	}
	for s != "" {
		old, w := i, 1
		for k := 36; ; k += 36 {
			if s == "" {
				return ""
			}
			digit := strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789", s[0])
			s = s[1:]
			i += digit * w
			t := k - bias
			if t < 1 {
				t = 1
			} else if t > 26 {
				t = 26
			}
			if digit < t {
				break
			}
			w *= 36 - t
		}
		delta := i - old
		if first {
			delta /= 700
		} else {
			delta /= 2
		}
		first = false
		delta += delta / (len(out) + 1)
		bias = 0
		for delta > 455 {
			delta /= 35
			bias += 36
		}
		bias += 36 * delta / (delta + 38)
		n += i / (len(out) + 1)
		i %= len(out) + 1
		out = append(out[:i], append([]rune{rune(n)}, out[i:]...)...)
		i++
	}
	return string(out)
}

func FuzzPunycode(f *testing.F) {
	for _, s := range []string{"bücher", "中国", "a-b中", "ÿ\U0010ffff", "-é-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ascii := true
		for _, r := range s {
			ascii = ascii && r < utf8.RuneSelf
		}
		if ascii || len(s) > 200 || !utf8.ValidString(s) {
			t.Skip("not a label to encode")
		}
		require.Equal(t, s, unpunycode(punycode(s)))
	})
}
