package normalize_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity/normalize"
)

// must is for options that are right.
func must(n normalize.Normalizer, err error) normalize.Normalizer {
	if err != nil {
		panic(err)
	}
	return n
}

// kinds are Normalizers of every kind, with options that change the most.
var kinds = map[string]normalize.Normalizer{
	"phone":          must(normalize.Phone(nil)),
	"phone CN":       must(normalize.Phone(&normalize.PhoneOptions{Region: "CN", AreaCode: "010"})),
	"phone US":       must(normalize.Phone(&normalize.PhoneOptions{Region: "US", AreaCode: "212"})),
	"phone IT, keep": must(normalize.Phone(&normalize.PhoneOptions{Region: "IT", KeepPlaceholders: true})),
	"email":          must(normalize.Email(nil)),
	"email keep":     must(normalize.Email(&normalize.EmailOptions{KeepCase: true, Disposable: []string{}})),
	"email fold":     must(normalize.Email(&normalize.EmailOptions{Fold: true})),
	"openid":         must(normalize.OpenID(appID)),
	"openid any":     must(normalize.OpenID("")),
	"unionid":        must(normalize.UnionID("group")),
	"uuid":           normalize.UUID(),
	"oaid":           normalize.OAID(),
	"android-id":     normalize.AndroidID(),
	"imei":           normalize.IMEI(),
	"id":             must(normalize.ID(nil)),
	"id upper":       must(normalize.ID(&normalize.IDOptions{Scope: "shop", Case: normalize.UpperCase, Strip: " -./'", Width: 8})),
	"id lower":       must(normalize.ID(&normalize.IDOptions{Case: normalize.LowerCase, Strip: "-e", TrimZeros: true})),
	"resident-id":    normalize.ResidentID(time.Time{}),
	"credit-code":    normalize.CreditCode(),
	"name":           normalize.Name(nil),
	"name pinyin":    normalize.Name(&normalize.NameOptions{Pinyin: true}),
	"name bare":      normalize.Name(&normalize.NameOptions{StripTitles: true, Samples: true}),
}

const (
	appID  = "wx0123456789abcdef"
	openID = "oLVPpjqs9BhvzwPj5A-vTYAX3GL8"
)

// cases hold a raw text, and what becomes of it: the Values joined by " + ", each with its
// warning behind "!", then the reasons of refused parts behind "#".
type cases map[string]string

func (c cases) run(t *testing.T, n normalize.Normalizer) {
	t.Helper()
	for raw, want := range c {
		t.Run(raw, func(t *testing.T) {
			values, err := n.All(raw)
			require.Equal(t, want, outcome(values, err))
		})
	}
}

func outcome(values []normalize.Value, err error) string {
	var list []string
	for _, v := range values {
		text := v.Form()
		if v.Warning != 0 {
			text += " !" + v.Warning.String()
		}
		list = append(list, text)
	}
	var text strings.Builder
	text.WriteString(strings.Join(list, " + "))
	for _, r := range normalize.Refusals(err) {
		text.WriteString(" #" + r.Reason.String())
	}
	return strings.TrimSpace(text.String())
}

// check holds an answer to the promises of Normalizer.
func check(t *testing.T, n normalize.Normalizer, raw string) {
	t.Helper()
	head := normalize.Value{Text: "before"}
	all, err := n([]normalize.Value{head}, raw)
	require.Equal(t, head, all[0])
	values := all[1:]
	refusals := normalize.Refusals(err)
	require.Equal(t, err == nil, len(refusals) == 0)
	require.True(t, len(values) > 0 || err != nil, "nothing was taken and nothing refused")
	for _, r := range refusals {
		require.NotZero(t, r.Reason)
		require.Positive(t, r.Part)
		require.Less(t, len(r.Error()), 100)
	}
	for _, v := range values {
		require.NotEmpty(t, v.Text)
		require.True(t, v.Scope == "" || strings.HasPrefix(v.Text, v.Scope+"/"))
		require.Contains(t, []normalize.Reason{0, normalize.Unusual, normalize.Shared}, v.Warning)
		again, err := n.All(v.Form())
		require.NoError(t, err, "canonical: %q", v.Form())
		require.Equal(t, []normalize.Value{v}, again)
		if v.Extension != "" {
			bare, err := n.One(v.Text)
			require.NoError(t, err)
			require.Equal(t, v.Text, bare.Text)
		}
	}
}

// hostile are texts that no kind may stumble over.
var hostile = map[string]string{
	"empty": "", "space": " ", "NUL": "\x00", "wide spaces": "　\u00a0\u2003", "zero-width": "\u200b\ufeff\u2060",
	"invalid UTF-8": "\xff\xfe1", "cut character": "张\xe5", "replacement": "139\ufffd", "surrogate": "\xed\xa0\x80",
	"megabyte of digits": strings.Repeat("1", 1<<20), "megabyte of spaces": strings.Repeat(" ", 1<<20),
	"megabyte of @": strings.Repeat("@", 1<<20), "megabyte of <": strings.Repeat("<", 1<<20),
	"many @": strings.Repeat("@", 500), "many <": strings.Repeat("<", 500), "many quotes": strings.Repeat(`"`, 500),
	"combining marks": "e" + strings.Repeat("\u0301", 150), "marks alone": strings.Repeat("\u0301", 60),
	"right to left": "\u202e97654321931\u202c", "isolates": "\u2066+8613912345670\u2069",
	"brackets": strings.Repeat("(", 500), "brackets closed": strings.Repeat("(", 100) + strings.Repeat(")", 100),
	"slashes": strings.Repeat("/", 200), "dashes": strings.Repeat("-", 200), "plus": strings.Repeat("+", 500), "one and slash": strings.Repeat("1/", 200),
	"numbers and spaces": strings.Repeat("62551234 ", 40), "context": "tel:;phone-context=+", "context first": ";phone-context=+1;tel:2",
	"ligature": strings.Repeat("\ufdfa", 80), "labels": strings.Repeat("tel", 100), "ext": strings.Repeat("1ext", 100),
	"backslash": `\`, "quote": `"`, "quote and at": `"@`, "empty quotes": `""@b.cn`, "at": "@", "equals": `="`, "apostrophe": "'",
	"Mongolian": "\u1820\u180b\u180e", "Hangul filler": "\u3164\u115f", "math digits": "𝟏𝟑𝟗𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟎", "Arabic digits": "١٣٩١٢٣٤٥٦٧٠",
	"flags": "🇨🇳🇺🇸", "family": "👨‍👩‍👧", "keycaps": "1️⃣3️⃣9️⃣", "private use": "\ue000\uf8ff", "noncharacter": "\ufffe\U0010ffff",
}

func TestHostileInput(t *testing.T) {
	for kind, n := range kinds {
		for name, raw := range hostile {
			t.Run(kind+"/"+name, func(t *testing.T) {
				began := time.Now()
				check(t, n, raw)
				require.Less(t, time.Since(began), 2*time.Second)
			})
		}
	}
}

// The words of JunkWords are junk for every kind, however they are written.
func TestJunkWords(t *testing.T) {
	list := normalize.JunkWords()
	require.Greater(t, len(list), 100)
	for kind, n := range kinds {
		for _, word := range append(list, "-", "--", "0", "000", "?", "/", "...", "N.A.", "#N/A", "＃Ｎ／Ａ", " nULL ", "(null)", "-none-", "-无-", "-0", `\N`, "［无］", "'无'", "　暂无　") {
			values, err := n.All(word)
			require.Empty(t, values, "%s: %s", kind, word)
			require.Equal(t, normalize.Junk, normalize.ReasonOf(err), "%s: %s", kind, word)
		}
	}
	list[0] = "changed"
	require.NotEqual(t, list[0], normalize.JunkWords()[0])
}

func TestOne(t *testing.T) {
	n := kinds["phone CN"]
	v, err := n.One("139 1234 5670")
	require.NoError(t, err)
	require.Equal(t, "+8613912345670", v.Form())
	require.Equal(t, "identifier [identifier]", fmt.Sprintf("%v %+v", v, []normalize.Value{v}), "printed whole it tells nothing")
	_, err = n.One("13912345670/13912345671")
	require.Equal(t, normalize.Several, normalize.ReasonOf(err))
	_, err = n.One("13912345670、139****5671")
	require.EqualError(t, err, "normalize: phone: part 2: part of it is hidden")
}

func TestCallerKeepsRoom(t *testing.T) {
	room := make([]normalize.Value, 1, 8)
	got, err := kinds["phone CN"](room, "13912345670/13912345671")
	require.NoError(t, err)
	require.Len(t, got, 3)
	require.Same(t, &room[0], &got[0])
}
