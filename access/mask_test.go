package access

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity/normalize"
)

func TestMasks(t *testing.T) {
	tests := []struct {
		mask       Mask
		value, out string
	}{
		{Phone, "13800138000", "138****8000"},
		{Phone, "+8613800138000", "+86138****8000"},
		{Phone, "+86 138-0013-8000", "+86138****8000"},
		{Phone, "008613800138000", "+86138****8000"},
		{Phone, "８６13800138000", "+86138****8000"},
		{Phone, "１３８００１３８０００", "138****8000"},
		{Phone, " 138 0013 8000 ", "138****8000"},
		{Phone, "+13800138000", "****8000"}, // not of China
		{Phone, "+1 (415) 555-2671", "****2671"},
		{Phone, "010-62551234", "****1234"},
		{Phone, "6255123", "****23"},
		{Phone, "+852 6255 1234", "****1234"},
		{Phone, "12800138000", "****8000"}, // no mobile number
		{Phone, "110", "***"},
		{Phone, "123456", "***"},
		{Phone, "13800138000/13900139000", "***"},
		{Phone, "13800138000转12", "***"},
		{Phone, "张三", "***"},
		{Phone, "1234567890123456", "***"},
		{Phone, "138****8000", "***"},
		{Phone, "+", "***"},
		{Phone, "1+3800138000", "***"},
		{Phone, "😀", "***"},

		{Name, "张三", "张*"},
		{Name, "王小明", "王**"},
		{Name, "欧阳娜娜", "欧阳**"},
		{Name, "欧阳锋", "欧阳*"},
		{Name, "歐陽鋒", "歐陽*"},
		{Name, "欧阳", "欧*"},
		{Name, "司馬光", "司馬*"},
		{Name, "张", "*"},
		{Name, "买买提·艾力", "买**"},
		{Name, "古丽娜扎尔", "古**"},
		{Name, "John Smith", "J***"},
		{Name, "Jo", "J***"},
		{Name, "J", "*"},
		{Name, "Ø. Hansen", "Ø***"},
		{Name, "😀", "***"},
		{Name, "😀张三", "***"},
		{Name, "13800138000", "***"},
		{Name, "𠮷野", "𠮷*"},

		{Email, "lina@example.com", "l***@example.com"},
		{Email, "abc@qq.com", "a***@qq.com"},
		{Email, "ab@qq.com", "***@qq.com"},
		{Email, "q@qq.com", "***"}, // which has it in the domain
		{Email, "x@qq.com", "***@qq.com"},
		{Email, "李娜娜@例子.中国", "李***@例子.中国"},
		{Email, "zhangsan@zhangsan.com", "***"},
		{Email, "ZhangSan@mail.zhangsan.name", "***"},
		{Email, "zhang.san@zhangsan.com", "***"},
		{Email, "zhang@san-zhang.com", "***"},
		{Email, "san.zhang@zhang-shop.com", "***"},
		{Email, "me@13912345670.cn", "***"},
		{Email, "me@139.com", "***@139.com"},
		{Email, "li.na+shop@example.co.uk", "l***@example.co.uk"},
		{Email, "ｌｉｎａ＠example.com", "l***@example.com"},
		{Email, "Li Na <lina@example.com>", "***"},
		{Email, "lina@home@example.com", "***"},
		{Email, "lina", "***"},
		{Email, "@example.com", "***"},
		{Email, "lina@", "***"},
		{Email, "lina@localhost", "***"},
		{Email, "lina@example.com, 13800138000", "***"},

		{IDCard, "11010519491231002X", "1****************X"},
		{IDCard, "110105 19491231 002x", "1****************x"},
		{IDCard, "110105491231002", "1*************2"},
		{IDCard, "E12345678", "E****8"},
		{IDCard, "1234567", "***"},
		{IDCard, "护照E12345678", "***"},
		{IDCard, "123456789012345678901", "***"},
		{IDCard, "😀😀😀😀😀😀😀😀", "***"},

		{Address, "广东省深圳市南山区科技园路1号", "广东省深圳市南山区****"},
		{Address, "广东省 深圳市 南山区 科技园路1号", "广东省深圳市南山区****"},
		{Address, "中国广东省深圳市南山区科技园路1号", "广东省深圳市南山区****"},
		{Address, "深圳市南山区科技园路1号", "深圳市南山区****"},
		{Address, "广东深圳南山区科技园路1号", "广东深圳南山区****"},
		{Address, "广东省深圳市南山区", "广东省深圳市****"},
		{Address, "深圳市", "***"},
		{Address, "北京市朝阳区建国路88号", "北京市朝阳区****"},
		{Address, "北京市北京市朝阳区建国路88号", "北京市朝阳区****"},
		{Address, "北京市市辖区东城区王府井大街1号", "北京市东城区****"},
		{Address, "北京朝阳区建国路88号", "北京朝阳区****"},
		{Address, "北京路88号", "***"}, // a street
		{Address, "上海市浦东新区世纪大道100号", "上海市浦东新区****"},
		{Address, "重庆市酉阳土家族苗族自治县钟多镇1号", "重庆市酉阳土家族苗族自治县****"},
		{Address, "内蒙古自治区呼和浩特市土默特左旗察素齐镇", "内蒙古自治区呼和浩特市土默特左旗****"},
		{Address, "内蒙古呼和浩特市新城区1号", "内蒙古呼和浩特市新城区****"},
		{Address, "新疆维吾尔自治区伊犁哈萨克自治州伊宁市解放路", "新疆维吾尔自治区伊犁哈萨克自治州伊宁市****"},
		{Address, "吉林省吉林市船营区北京路1号", "吉林省吉林市船营区****"},
		{Address, "山东省济南市市中区经七路", "山东省济南市市中区****"},
		{Address, "湖北省荆州市沙市区北京路", "湖北省荆州市沙市区****"},
		{Address, "河南省新乡市红旗区人民路", "河南省新乡市红旗区****"},
		{Address, "黑龙江省哈尔滨市道里区中央大街", "黑龙江省哈尔滨市道里区****"},
		{Address, "江苏省苏州市昆山市玉山镇", "江苏省苏州市昆山市****"},
		{Address, "江苏省南京市鼓楼区中山路1号", "江苏省南京市鼓楼区****"},
		{Address, "辽宁省大连市瓦房店市共济街", "辽宁省大连市瓦房店市****"},
		{Address, "深圳市阳光小区3栋", "深圳市****"},
		{Address, "深圳市某某工业区3栋", "深圳市****"},
		{Address, "广州市天河城市广场1号", "广州市****"},
		{Address, "深圳市欧阳娜娜旗舰店", "深圳市****"},
		{Address, "广东深圳欧阳娜娜旗舰店", "广东****"},
		{Address, "深圳市张三办公区2楼", "深圳市****"},
		{Address, "深圳市张三服务区", "深圳市****"},
		{Address, "深圳市张三早市", "深圳市****"},
		{Address, "通辽市奈曼旗大沁他拉镇", "通辽市奈曼旗****"},
		{Address, "兴安盟科尔沁右翼前旗居力很镇", "兴安盟科尔沁右翼前旗****"},
		{Address, "内蒙古赤峰敖汉旗新惠镇", "内蒙古赤峰敖汉旗****"},
		{Address, "内蒙古自治区包头市某某旗舰店", "内蒙古自治区包头市****"},
		{Address, "深圳市深南大道南山区1号", "深圳市****"},
		{Address, "深圳市李小明收南山区1号", "深圳市****"},
		{Address, "深圳市民中心1号", "***"},
		{Address, "深圳市13800138000", "深圳市****"},
		{Address, "广东省东莞市长安镇沙头村1号", "广东省东莞市****"},
		{Address, "香港九龙弥敦道1号", "香港****"},
		{Address, "江苏省昆山市玉山镇", "江苏省****"}, // no city of the first level
		{Address, "李小明收深圳市南山区1号", "***"},
		{Address, "小明家超市对面", "***"},
		{Address, "12 Market Street, San Francisco", "***"},
		{Address, "😀", "***"},

		{BankCard, "6222021234567890123", "****0123"},
		{BankCard, "6222 0212 3456 7890", "****7890"},
		{BankCard, "12345678901", "***"},
		{BankCard, "62220212345678901234", "***"},
		{BankCard, "IBAN 6222021234567890", "***"},

		{Date, "1990-05-17", "1990-**-**"},
		{Date, "1990/5/17", "1990-**-**"},
		{Date, "1990.5.17", "1990-**-**"},
		{Date, "19900517", "1990-**-**"},
		{Date, "1990年5月17日", "1990-**-**"},
		{Date, "1990年5月17", "1990-**-**"},
		{Date, "1990-05-17T00:00:00Z", "1990-**-**"},
		{Date, "1990-05-17 08:00", "1990-**-**"},
		{Date, "1990", "***"}, // whole
		{Date, "1990-05", "***"},
		{Date, "1990-13-01", "***"},
		{Date, "1990-01-32", "***"},
		{Date, "17/05/1990", "***"},
		{Date, "13800138", "***"},
		{Date, "62255123", "***"},
		{Date, "1990-05-17x", "***"},

		{Hidden, "anything", "***"},
		{Hidden, "*", "***"},
	}
	for _, test := range tests {
		t.Run(test.mask.String()+" "+test.value, func(t *testing.T) {
			require.Equal(t, MaskedText{test.mask, test.out}, test.mask.Of(customer.TextValue(test.value), nil))
		})
	}
}

func TestMasksOfAnything(t *testing.T) {
	for m := range Mask(len(maskNames) + 1) { // one that is unknown too
		require.Equal(t, "", m.Of(customer.Value{}, nil).Text, m)
		require.Equal(t, "", m.Of(customer.TextValue(""), nil).Text, m)
		require.Equal(t, "", m.Of(customer.TextValue(" \t　"), nil).Text, m)
		require.Equal(t, "***", m.Of(customer.TextValue("\xff张三"), nil).Text, m)
		require.Equal(t, "***", m.Of(customer.TextValue(strings.Repeat("1", 600)), nil).Text, m)
		require.Equal(t, "***", m.Of(customer.TextValue(strings.Repeat("李", 200)), nil).Text, m)
		require.Equal(t, "***", m.Of(customer.Int64Value(13800138000), nil).Text, m)
		require.Equal(t, "***", m.Of(customer.LabelsValue("张三"), nil).Text, m)
		require.Equal(t, "***", m.Of(customer.BoolValue(true), nil).Text, m)
	}
	// Midnight in Shanghai is the day before in UTC.
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	birthday := customer.TimeValue(time.Date(1990, 1, 1, 0, 0, 0, 0, shanghai))
	require.Equal(t, "1990-**-**", Date.Of(birthday, shanghai).Text)
	require.Equal(t, "1989-**-**", Date.Of(birthday, nil).Text)
	require.Equal(t, "***", Phone.Of(birthday, nil).Text)
}

// Many values have the same masked text, so that it does not tell which it is.
func TestMaskedTextIsOfMany(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(byte('0' + r.IntN(10)))
		}
		return b.String()
	}
	for _, test := range []struct {
		mask Mask
		make func() string
		same func(value string) string // another value that has the same text
	}{
		{Phone, func() string { return "139" + digits(8) }, func(v string) string { return v[:3] + digits(4) + v[7:] }},
		{Phone, func() string { return "+49" + digits(9) }, func(v string) string { return "+1" + digits(len(v)-6) + v[len(v)-4:] }},
		{IDCard, func() string { return digits(17) + "X" }, func(v string) string { return v[:1] + digits(16) + v[17:] }},
		{BankCard, func() string { return digits(16) }, func(v string) string { return digits(8+r.IntN(8)) + v[12:] }},
		{Email, func() string { return "l" + digits(5) + "@qq.com" }, func(string) string { return "l" + digits(2+r.IntN(20)) + "@qq.com" }},
	} {
		for range 200 {
			v := test.make()
			w := test.same(v)
			if test.mask == Email {
				require.Equal(t, test.mask.text(v), test.mask.text(w), test.mask)
				continue
			}
			require.Equal(t, test.mask.text(v), test.mask.text(w), test.mask)
			require.Contains(t, test.mask.text(v), "****")
		}
	}
}

// What is masked is refused where values come in.
func TestNormalizeRefusesMaskedText(t *testing.T) {
	phone, err := normalize.Phone(&normalize.PhoneOptions{Region: "CN"})
	require.NoError(t, err)
	abroad, err := normalize.Phone(nil)
	require.NoError(t, err)
	email, err := normalize.Email(nil)
	require.NoError(t, err)
	card := normalize.ResidentID(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, test := range []struct {
		mask  Mask
		value string
		to    []normalize.Normalizer
	}{
		{Phone, "13800138000", []normalize.Normalizer{phone, abroad}},
		{Phone, "+8613912345670", []normalize.Normalizer{phone, abroad}},
		{Phone, "+14155552671", []normalize.Normalizer{phone, abroad}},
		{Phone, "6255123", []normalize.Normalizer{phone, abroad}},
		{Phone, "x", []normalize.Normalizer{phone, abroad, email, card}},
		{Email, "lina@example.org", []normalize.Normalizer{email}},
		{Email, "x@example.org", []normalize.Normalizer{email}},
		{IDCard, "11010519491231002X", []normalize.Normalizer{card}},
		{Name, "张三", []normalize.Normalizer{normalize.Name(nil)}},
		{Name, "欧阳娜娜", []normalize.Normalizer{normalize.Name(nil)}},
		{Name, "John Smith", []normalize.Normalizer{normalize.Name(nil)}},
	} {
		for i, read := range test.to {
			values, err := read(nil, test.mask.text(test.value))
			require.Empty(t, values, "%s %d", test.mask, i)
			require.Error(t, err, "%s %d", test.mask, i)
		}
	}
}

func FuzzMask(f *testing.F) {
	for _, s := range []string{
		"13800138000", "+86 138", "欧阳娜娜", "a@b.c", "11010519491231002X", "广东省深圳市南山区科技园", "6222021234567890", "1990-05-17", "\xff", "😀", "*", "市", "北京市", "１",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for m := range Mask(len(maskNames)) {
			out := m.text(s)
			require.True(t, utf8.ValidString(out))
			require.LessOrEqual(t, len(out), 400)
			trimmed := strings.TrimSpace(s)
			if trimmed == "" {
				require.Empty(t, out)
				continue
			}
			require.Contains(t, out, "*")
			// It shows parts, and not the whole, unless there is nothing but stars in it.
			if stars := strings.Trim(trimmed, "*"); stars != "" && !strings.Contains(trimmed, "*") {
				require.NotContains(t, out, trimmed)
				require.NotContains(t, strings.ReplaceAll(out, "*", ""), trimmed)
			}
		}
	})
}
