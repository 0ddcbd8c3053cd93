package normalize_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity/normalize"
)

func TestID(t *testing.T) {
	for name, c := range map[string]struct {
		options *normalize.IDOptions
		list    cases
	}{
		"nil": {nil, cases{
			" VIP-001 ": "VIP-001", "ＶＩＰ００１": "VIP001", "vip001": "vip001", "1": "1", "123456": "123456", "007": "007",
			"a b": "#malformed", "VIP****01": "#masked", "VIPxxxx01": "#masked", "VIPXX01": "VIPXX01", "VIP???01": "#masked", "6.21E+11": "#mangled",
			"": "#empty", "0": "#junk", "-1": "#junk", "[object Object]": "#junk", "用户": "#junk", "1e5": "1e5", "=\"007\"": "007",
		}},
		"digits padded": {&normalize.IDOptions{Width: 8}, cases{
			"123": "00000123", "00000123": "00000123", "000000123": "00000123", "123456789": "123456789", "A12": "A12", "0": "#junk",
		}},
		"zeros trimmed": {&normalize.IDOptions{TrimZeros: true}, cases{"000123": "123", "0A1": "0A1", "123.0": "123.0"}},
		"upper case":    {&normalize.IDOptions{Case: normalize.UpperCase, Strip: " -"}, cases{"vip - 00 1": "VIP001", "ß-1": "ß1", "ｖip": "VIP"}},
		"lower case":    {&normalize.IDOptions{Case: normalize.LowerCase}, cases{"VIP001": "vip001", "İ1": "i1"}},
		"scope": {&normalize.IDOptions{Scope: "shop-7"}, cases{
			"42": "shop-7/42", "shop-7/42": "shop-7/42", "shop-8/42": "shop-7/shop-8/42", "shop-7/": "#junk",
		}},
		"pattern": {&normalize.IDOptions{Pattern: `M\d{6}|T\d`, Junk: []string{"M999999"}}, cases{
			"M123456": "M123456", "T1": "T1", "M1234567": "#malformed", "xM123456": "#malformed", "M999999": "#junk", "m-999999": "#junk",
		}},
		"length": {&normalize.IDOptions{Min: 3, Max: 4}, cases{"ab": "#too-short", "abd": "abd", "abcd": "abcd", "abcde": "#too-long"}},
		"stripped to junk": {&normalize.IDOptions{Strip: "q'"}, cases{
			"nquqll": "#junk", "q": "#too-short", "1q.2E+10": "#mangled", "aq*": "#masked", "q`a`": "#malformed",
		}},
	} {
		t.Run(name, func(t *testing.T) { c.list.run(t, must(normalize.ID(c.options))) })
	}
	v, err := must(normalize.ID(&normalize.IDOptions{Scope: "shop-7"})).One("42")
	require.NoError(t, err)
	require.Equal(t, normalize.Value{Text: "shop-7/42", Scope: "shop-7"}, v)
	_, err = must(normalize.ID(&normalize.IDOptions{Kind: "card"})).One("")
	require.EqualError(t, err, "normalize: card: empty")
}

func TestIDOptions(t *testing.T) {
	_, err := normalize.ID(&normalize.IDOptions{Scope: "a/b", Case: 9, Width: 65, TrimZeros: true, Min: 5, Max: 4, Pattern: "("})
	for _, field := range []string{"Scope", "Case", "Width", "TrimZeros", "Min", "Pattern"} {
		require.ErrorContains(t, err, field)
	}
	for _, bad := range []*normalize.IDOptions{{Width: -1}, {Min: -1}, {Max: 257}, {Max: -1}, {Scope: "a b"}, {Scope: "店"}} {
		_, err := normalize.ID(bad)
		require.Error(t, err)
	}
}

func TestCaseText(t *testing.T) {
	for i, name := range []string{"keep", "lower", "upper"} {
		value, back := normalize.Case(i), normalize.Case(9)
		require.Equal(t, name, value.String())
		text, err := value.MarshalText()
		require.NoError(t, err)
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, value, back)
	}
	_, err := normalize.Case(9).MarshalText()
	require.Error(t, err)
}
