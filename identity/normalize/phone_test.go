package normalize_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity/normalize"
)

func phone(region, area string) normalize.Normalizer {
	return must(normalize.Phone(&normalize.PhoneOptions{Region: region, AreaCode: area}))
}

// The forms are those of shop, call-centre and spreadsheet exports; the numbering plan is that
// of the Chinese ministry of industry (YD/T 1-3-9 mobile, area code and 7 or 8 digits).
func TestPhoneChina(t *testing.T) {
	cases{
		"13912345670":           "+8613912345670",
		"139 1234 5670":         "+8613912345670",
		"139-1234-5670":         "+8613912345670",
		"139.1234.5670":         "+8613912345670",
		"(139)12345670":         "+8613912345670",
		"[139] 1234 5670":       "+8613912345670",
		"013912345670":          "+8613912345670",
		"8613912345670":         "+8613912345670",
		"86 139 1234 5670":      "+8613912345670",
		"+8613912345670":        "+8613912345670",
		"+86-139-1234-5670":     "+8613912345670",
		"(+86)13912345670":      "+8613912345670",
		"+86 (0) 139 1234 5670": "+8613912345670",
		"0086-13912345670":      "+8613912345670",
		"0086 0 13912345670":    "+8613912345670",
		"１３９１２３４５６７０":           "+8613912345670",
		"＋８６（１３９）１２３４－５６７０": "+8613912345670",
		"'13912345670":               "+8613912345670",
		`="13912345670"`:             "+8613912345670",
		`"13912345670"`:              "+8613912345670",
		"13912345670.0":              "+8613912345670",
		"13,912,345,670":             "+8613912345670",
		"手机：13912345670":             "+8613912345670",
		"联系电话:139 1234 5670":         "+8613912345670",
		"Tel. 139-1234-5670":         "+8613912345670",
		"tel:+86-139-1234-5670":      "+8613912345670",
		"\u202d13912345670\u202c":    "+8613912345670",
		"139\u200b1234\u200b5670":    "+8613912345670",
		"139—1234—5670":              "+8613912345670",
		"1391234567":                 "#too-short",
		"139123456701":               "#too-long",
		"1391234567O":                "#malformed",
		"139x1234567":                "#too-short",
		"11912345670":                "+8611912345670 !unusual",
		"19212345670":                "+8619212345670", // a block that metadata did not know for years
		"17951 13912345670":          "+8613912345670", // a prefix for calls over the internet
		"1.39E+10":                   "#mangled",
		"1.3912345670E+10":           "#mangled",
		"13912345670(微信同号)":          "+8613912345670",
		"13912345670（张小姐）":           "+8613912345670",
		"62551234(前台)转801":           "+861062551234;ext=801",
		"86-010-62551234":            "+861062551234",
		"8610-62551234":              "+861062551234",
		"(8610) 6255 1234":           "+861062551234",
		"6255123":                    "#no-area-code", // 7 digits in a city of 8
		"妻子13912345670":              "#malformed",
		"13912345670x":               "#masked",
		"010-62551234":               "+861062551234",
		"(010)62551234":              "+861062551234",
		"01062551234":                "+861062551234",
		"+86 10 6255 1234":           "+861062551234",
		"+86(010)62551234":           "+861062551234",
		"0086-10-62551234":           "+861062551234",
		"0755-26551234":              "+8675526551234",
		"0311 8655123":               "+863118655123 !unusual",
		"62551234":                   "+861062551234",
		"6255-1234":                  "+861062551234",
		"+86 62551234":               "+861062551234",
		"电话：62551234转801":            "+861062551234;ext=801",
		"010-62551234转801":           "+861062551234;ext=801",
		"010-62551234 转 801":         "+861062551234;ext=801",
		"010-62551234（转801）":         "+861062551234;ext=801",
		"010-62551234分机801":          "+861062551234;ext=801",
		"010-62551234 ext. 801":      "+861062551234;ext=801",
		"010-62551234 Extension 801": "+861062551234;ext=801",
		"010-62551234x801":           "+861062551234;ext=801",
		"010-62551234#801":           "+861062551234;ext=801",
		"010-62551234-801":           "+861062551234;ext=801",
		"+86-10-62551234;ext=801":    "+861062551234;ext=801",
		"62551234-8001":              "+861062551234;ext=8001",
		"010-62551234转":              "#malformed",
		"010-62551234转abc":           "#malformed",
		"400-812-3456":               "+864008123456 !shared",
		"4008123456转2":               "+864008123456;ext=2 !shared",
		"10086":                      "#too-short",
		"95588":                      "#too-short",
		"139":                        "#too-short",
		"+999 123456":                "#unknown-code",
		"+1 212 736 5000":            "+12127365000",
		"001 212 736 5000":           "+12127365000",
		"00 1 212 736 5000":          "+12127365000",
		"+852 2345 6780":             "+85223456780",
	}.run(t, phone("CN", "010"))
}

func TestPhoneParts(t *testing.T) {
	cases{
		"13912345670/13912345671":          "+8613912345670 + +8613912345671",
		"13912345670、13912345671":          "+8613912345670 + +8613912345671",
		"13912345670；010-62551234转2":       "+8613912345670 + +861062551234;ext=2",
		"13912345670，13912345671":          "+8613912345670 + +8613912345671",
		"13912345670, 62551234":            "+8613912345670 + +861062551234",
		"13912345670或13912345671":          "+8613912345670 + +8613912345671",
		"13912345670 和 13912345671":        "+8613912345670 + +8613912345671",
		"13912345670 or 13912345671":       "+8613912345670 + +8613912345671",
		"13912345670 13912345671":          "+8613912345670 + +8613912345671",
		"139 1234 5670 139 1234 5671":      "+8613912345670 + +8613912345671",
		"010 62551234 139 1234 5671":       "+861062551234 + +8613912345671",
		"62551234 62551235":                "+861062551234 + +861062551235",
		"13912345670\n13912345671":         "+8613912345670 + +8613912345671",
		"13912345670 | 13912345671":        "+8613912345670 + +8613912345671",
		"+8613912345670+8613912345671":     "+8613912345670 + +8613912345671",
		"13912345670/13912345670":          "+8613912345670",
		"010-62551234/010-62551234转2":      "+861062551234;ext=2",
		"010-62551234转1/转2":                "+861062551234;ext=1 #malformed",
		"010-62551234x1/010-62551235x2":    "+861062551234;ext=1 + +861062551235;ext=2",
		"13912345670、":                     "+8613912345670",
		"13912345670/无":                    "+8613912345670 #junk",
		"13912345670、139****5671、00000000": "+8613912345670 #masked #junk",
		"010-62551234/5":                   "+861062551234 #too-short",
		"手机13912345670 电话62551234":         "+8613912345670 + +861062551234",
		"13912345670 13912345671 801":      "#too-long",
		// an area code holds for the local numbers behind it
		"021-62551234/62551235":  "+862162551234 + +862162551235",
		"0311-86551234、86551235": "+8631186551234 + +8631186551235",
		"021-62551234 62551235":  "+862162551234 + +862162551235",
		"13912345670/62551235":   "+8613912345670 + +861062551235",
		"62551234/021-62551235":  "+861062551234 + +862162551235",
		"、、":                     "#junk",
	}.run(t, phone("CN", "010"))
	// German numbers are written with a slash behind the area code.
	cases{"030/12345670": "+493012345670"}.run(t, phone("DE", ""))
}

func TestPhoneRegions(t *testing.T) {
	for region, list := range map[string]cases{
		"": {
			"+8613912345670":  "+8613912345670",
			"13912345670":     "#no-region",
			"008613912345670": "#no-region",
		},
		"HK": {"2345 6780": "+85223456780", "９１２３４５６７": "+85291234567", "+86 139 1234 5670": "+8613912345670"},
		"US": {
			"(212) 736-5000": "+12127365000", "1-212-736-5000": "+12127365000", "212-736-5000 x12": "+12127365000;ext=12",
			"736-5000": "#no-area-code", "011 86 139 1234 5670": "+8613912345670", "13912345670": "+13912345670 !unusual",
			"1-800-FLOWERS": "#malformed", "(800) 356-9377": "+18003569377 !shared",
			"tel:736-5000;phone-context=+1-212": "+12127365000", "tel:736-5000;phone-context=example.com": "#no-area-code",
		},
		"IT": {"06 6982 1234": "+390669821234", "+39 06 6982 1234": "+390669821234", "335 1234567": "+393351234567"},
		"GB": {"020 7946 1234": "+442079461234", "+44 (0)20 7946 1234": "+442079461234"},
	} {
		t.Run(region, func(t *testing.T) { list.run(t, phone(region, "")) })
	}
	cases{"736-5000": "+12127365000", "+1 736 5000": "+12127365000", "36-5000": "#too-short"}.run(t, phone("US", "212"))
	cases{"62551234": "#no-area-code", "+86 62551234": "#no-area-code"}.run(t, phone("CN", ""))
	cases{"021-62551234/62551235": "+862162551234 + +862162551235", "62551234/021-62551235": "+862162551235 #no-area-code"}.run(t, phone("CN", ""))
	cases{"62551234": "+861062551234"}.run(t, phone("CN", "10"))
	cases{"12341234": "#too-short"}.run(t, phone("CN", "010")) // no city has numbers with 1
}

func TestPhoneMasked(t *testing.T) {
	for _, raw := range []string{
		"138****8000", "138***8000", "138*1238000", "138xxxx8000", "138XXXX8000", "138 XXXX 8000", "138-xxxx-8000", "138××××8000",
		"138••••8000", "138●●●●8000", "138####8000", "138????8000", "138____8000", "138...8000", "138…8000", "138хххх8000",
		"138某某某某8000", "尾号8000", "手机尾号 8000", "末四位8000", "ending in 8000", "*******8000", "1380013****", "＊＊＊＊8000",
		"1381234567x", "+86 138 **** 8000", "010-6255****", "010-6255**** ext 2", "138▒▒▒▒8000",
	} {
		for _, n := range []normalize.Normalizer{phone("", ""), phone("CN", "010"), phone("US", "")} {
			values, err := n.All(raw)
			require.Empty(t, values, raw)
			require.Equal(t, normalize.Masked, normalize.ReasonOf(err), raw)
		}
	}
	// Why: the parser alone makes a number of it, the same for all with these ends.
	number, err := phonenumbers.Parse("138****8000", "CN")
	require.NoError(t, err)
	require.Equal(t, "+861388000", phonenumbers.Format(number, phonenumbers.E164))
}

func TestPhoneJunk(t *testing.T) {
	junk := []string{
		"13800138000", "+86 138 0013 8000", "13800000000", "13888888888", "18888888888", "13912345678", "15812345678", "13123456789",
		"13987654321", "13976543210", "13901234567", "13967890123", "00000000", "12345678", "88888888", "11111111111", "12345678901",
		"98765432109", "123456", "111111", "010-88888888", "010-12345678", "0000-0000",
		"+1 212 555 0123", "+44 7700 900123", "+44 20 7946 0123",
	}
	keep := must(normalize.Phone(&normalize.PhoneOptions{Region: "CN", AreaCode: "010", KeepPlaceholders: true}))
	for _, raw := range junk {
		_, err := phone("CN", "010").One(raw)
		require.Equal(t, normalize.Junk, normalize.ReasonOf(err), raw)
		if strings.Trim(raw, "0-") == "" {
			continue // no number at all
		}
		_, err = keep.One(raw)
		require.NotEqual(t, normalize.Junk, normalize.ReasonOf(err), raw)
	}
	// One digit off, they are somebody's.
	cases{
		"13800138001": "+8613800138001", "13801380138": "+8613801380138", "13988888889": "+8613988888889", "18888888886": "+8618888888886",
		"13912345679": "+8613912345679", "13712344321": "+8613712344321", "13900001111": "+8613900001111", "13066668888": "+8613066668888",
		"+1 212 555 1212": "+12125551212",
	}.run(t, phone("CN", "010"))

	n := must(normalize.Phone(&normalize.PhoneOptions{Region: "CN", AreaCode: "010", Junk: []string{"6255 1234", "139 1234 5670"}}))
	cases{"010-62551234": "#junk", "+8613912345670": "#junk", "62551234转5": "#junk", "62551235": "+861062551235"}.run(t, n)
}

func TestPhoneOptions(t *testing.T) {
	for name, c := range map[string]struct {
		options normalize.PhoneOptions
		fault   string
	}{
		"unknown region":        {normalize.PhoneOptions{Region: "XX"}, "Region"},
		"area without region":   {normalize.PhoneOptions{AreaCode: "010"}, "AreaCode"},
		"area of letters":       {normalize.PhoneOptions{Region: "CN", AreaCode: "Beijing"}, "AreaCode"},
		"junk that is no phone": {normalize.PhoneOptions{Region: "CN", Junk: []string{"13912345670", "front desk"}}, "Junk, entry 1"},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := normalize.Phone(&c.options)
			require.ErrorContains(t, err, c.fault)
			require.NotContains(t, err.Error(), "front desk")
			require.Nil(t, n)
		})
	}
	n, err := normalize.Phone(&normalize.PhoneOptions{Region: "cn", Junk: []string{"13800138000"}})
	require.NoError(t, err)
	cases{"13800138000": "#junk"}.run(t, n)
}

// Every example number that the metadata of libphonenumber hold, for all 245 regions and 11
// types and the codes of no country, comes out right from each of its formats. Version 1.8.1 of
// the port holds 1,377 pairs of region and type (245 of them repeat the fixed-line example as
// fixed-line-or-mobile) and 9 codes of no country.
func TestPhoneExamples(t *testing.T) {
	pairs, junk := 0, 0
	try := func(region string, example *phonenumbers.PhoneNumber) {
		keep := must(normalize.Phone(&normalize.PhoneOptions{Region: region, KeepPlaceholders: true}))
		defaults := must(normalize.Phone(&normalize.PhoneOptions{Region: region}))
		want := phonenumbers.Format(example, phonenumbers.E164)
		formats := []phonenumbers.PhoneNumberFormat{phonenumbers.E164, phonenumbers.INTERNATIONAL, phonenumbers.RFC3966}
		if region != "" {
			formats = append(formats, phonenumbers.NATIONAL)
		}
		for _, format := range formats {
			raw := phonenumbers.Format(example, format)
			if raw == "09 15-2345-6789" {
				raw = "011 15-2345-6789" // an Argentine mobile, which the port formats wrongly
			}
			v, err := keep.One(raw)
			require.NoError(t, err, "%s %s", region, raw)
			require.Equal(t, want, v.Text, "%s %s", region, raw)
			require.NotEqual(t, normalize.Unusual, v.Warning, raw)

			v, err = defaults.One(raw)
			if err != nil {
				require.Equal(t, normalize.Junk, normalize.ReasonOf(err), "%s %s", region, raw)
				if format == phonenumbers.E164 {
					junk++
				}
				continue
			}
			require.Equal(t, want, v.Text, "%s %s", region, raw)
		}
		pairs++
	}
	for _, region := range slices.Sorted(keys(phonenumbers.GetSupportedRegions())) {
		for kind := range phonenumbers.UNKNOWN {
			if example := phonenumbers.GetExampleNumberForType(region, kind); example != nil {
				try(region, example)
			}
		}
	}
	require.GreaterOrEqual(t, pairs, 1144, "metadata only grow")
	byRegion := pairs
	for code := range phonenumbers.GetSupportedGlobalNetworkCallingCodes() {
		if example := phonenumbers.GetExampleNumberForNonGeoEntity(code); example != nil {
			try("", example)
		}
	}
	require.Positive(t, junk)
	require.Less(t, junk, pairs/5)
	t.Logf("%d examples of regions, %d of no country; %d are placeholders by our rules", byRegion, pairs-byRegion, junk)
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// The fast path answers as the long way round does: full-width digits take the latter.
func TestPhoneFastPathIsTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []normalize.Normalizer{phone("", ""), phone("CN", "010"), phone("US", "")} {
		for range 1000 {
			digits := fmt.Sprintf("1%d%09d", random.IntN(10), random.IntN(1e9))
			head := []string{"", "0", "86", "0086", "+86", "+860", "+86 0", "(+86)", "00", "+"}[random.IntN(10)]
			raw := head + digits[:3] + []string{"", " ", "-", ") "}[random.IntN(4)] + digits[3:len(digits)-random.IntN(2)]
			fast, slow := outcome(n.All(raw)), outcome(n.All(wide(raw)))
			require.Equal(t, slow, fast, raw)
		}
	}
}

// A number has one Text, however its source writes it.
func TestPhoneFormsAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	n := phone("CN", "010")
	for range 1000 {
		d := fmt.Sprintf("1%d%09d", 3+random.IntN(7), random.IntN(1e9))
		want := outcome(n.All(d))
		for _, form := range []string{
			"+86" + d, "0086" + d, "86-" + d, "0" + d, d[:3] + " " + d[3:7] + " " + d[7:], "(" + d[:3] + ")" + d[3:], d + ".0", "手机 " + d,
			"tel:+86-" + d, "\u200e" + d,
		} {
			require.Equal(t, want, outcome(n.All(form)), form)
		}
	}
}
