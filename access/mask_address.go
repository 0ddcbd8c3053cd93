package access

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maskAddress shows the levels of an address down to the district, of which one is left out if
// nothing follows it. Provinces and cities are known by name. Districts, of which there are
// thousands, are known by form, and one that could be something else is not shown.
func maskAddress(s string) (string, bool) {
	rest := strings.TrimPrefix(strings.TrimSpace(ascii(s)), "中国")
	var levels []string
	take := func(size int) {
		levels = append(levels, rest[:size])
		rest = strings.TrimLeft(rest[size:], " ,-/")
	}
	size, municipality := provinceAt(rest)
	if size > 0 {
		take(size)
		if municipality {
			again, _ := provinceAt(rest) // 北京市北京市
			if again > 0 {
				rest = strings.TrimLeft(rest[again:], " ,-/")
			}
		}
	}
	if !municipality {
		city := cityAt(rest, size > 0)
		if city == 0 && len(levels) == 0 {
			return "", false
		}
		if city > 0 {
			take(city)
			municipality = true
		}
	}
	rest = strings.TrimPrefix(rest, "市辖区")
	if municipality {
		if district := districtAt(rest, slices.ContainsFunc(levels, innerMongolian)); district > 0 {
			take(district)
		}
	}
	if rest == "" {
		levels = levels[:len(levels)-1]
	}
	if len(levels) == 0 {
		return "", false
	}
	return strings.Join(levels, "") + gap, true
}

// provinceAt returns the length of the province that a text begins with, 0 if it does not, and
// whether it is one without cities.
func provinceAt(s string) (size int, municipality bool) {
	for i, names := range provinces {
		for _, full := range names {
			short := full
			for _, suffix := range []string{"特别行政区", "壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市"} {
				short = strings.TrimSuffix(short, suffix)
			}
			if strings.HasPrefix(s, full) {
				return len(full), i == 1
			}
			if strings.HasPrefix(s, short) && !streetAt(s[len(short):]) {
				return len(short), i == 1
			}
		}
	}
	return 0, false
}

// cityAt returns the length of the city or prefecture that a text begins with, 0 if it does not.
// behind a province it may be named without 市.
func cityAt(s string, behind bool) int {
	for _, name := range prefectures {
		if strings.HasPrefix(s, name) {
			return len(name)
		}
	}
	for _, name := range cities {
		rest, ok := strings.CutPrefix(s, name)
		switch {
		case !ok:
		case strings.HasPrefix(rest, "市") && !marketAt(rest[len("市"):]):
			return len(name) + len("市")
		case behind && !streetAt(rest) && districtAt(rest, innerMongolian(name)) > 0:
			return len(name)
		}
	}
	return 0
}

// streetAt tells whether a text goes on as a street that has its name of a place.
func streetAt(s string) bool {
	return slices.ContainsFunc([]string{"路", "街", "道", "大道", "大街", "东路", "西路", "南路", "北路", "中路", "东街", "西街", "南街", "北街"},
		func(t string) bool { return strings.HasPrefix(s, t) })
}

// marketAt tells whether 市 before a text is not a city's: 市场, 市民中心.
func marketAt(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return strings.ContainsRune("场民政广花公委", r)
}

const (
	// notInDistricts are characters of streets, buildings and estates.
	notInDistricts = "号栋室弄组队层座幢路街道巷村园苑场厂院校司楼店庄"
	// Before 区 and 市 these make other words: 小区, 超市.
	notBeforeDistrict = "小社园校厂街片景营院宅活属墅业假库分战防特专辖公务息作货餐病疗售示产试验发"
	notBeforeCity     = "城超门夜股集花菜都早鱼米黑灯书"
)

// innerMongolian tells whether a name is of the region that has banners, 旗, or of a city of it.
func innerMongolian(name string) bool {
	return slices.ContainsFunc(bannered, func(s string) bool { return strings.HasPrefix(name, s) })
}

// bannered are the region with banners and its cities and prefectures.
var bannered = strings.Fields("内蒙古 呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 兴安盟 锡林郭勒盟 阿拉善盟")

// districtAt returns the length of the district that a text begins with, 0 if none is certain.
// banners is whether it can be a banner: elsewhere 旗 begins a word, such as 旗舰店.
func districtAt(s string, banners bool) int {
	for _, name := range []string{"鼓楼区", "钟楼区", "瓦房店市", "小店区", "船营区"} {
		if strings.HasPrefix(s, name) {
			return len(name)
		}
	}
	var last rune
	n := 0
	for i, r := range s {
		n++
		switch {
		case !unicode.Is(unicode.Han, r) || n > 16:
			return 0
		case n > 1 && strings.ContainsRune("区县旗市", r):
			end := i + utf8.RuneLen(r)
			if next, _ := utf8.DecodeRuneInString(s[end:]); strings.ContainsRune("区县旗市", next) {
				break // 沙市区, 红旗区
			}
			if r == '旗' && (!banners || strings.HasPrefix(s[end:], "舰")) {
				return 0
			}
			most := 5
			switch {
			case strings.HasSuffix(s[:i], "自治"):
				most = 16
			case r == '旗' && strings.ContainsRune("左右前中后", last):
				most = 7
			case r == '市':
				most = 4
			}
			if n > most || r == '区' && strings.ContainsRune(notBeforeDistrict, last) ||
				r == '市' && (strings.ContainsRune(notBeforeCity, last) || marketAt(s[end:])) {
				return 0
			}
			return end
		case strings.ContainsRune(notInDistricts, r) && (n > 1 || !strings.ContainsRune("路道庄", r)):
			return 0
		}
		last = r
	}
	return 0
}

// provinces are those with cities, and those without.
var provinces = [2][]string{
	strings.Fields("河北省 山西省 辽宁省 吉林省 黑龙江省 江苏省 浙江省 安徽省 福建省 江西省 山东省 河南省 湖北省 湖南省 广东省 海南省 四川省 贵州省 云南省 " +
		"陕西省 甘肃省 青海省 台湾省 内蒙古自治区 广西壮族自治区 西藏自治区 宁夏回族自治区 新疆维吾尔自治区"),
	strings.Fields("北京市 天津市 上海市 重庆市 香港特别行政区 澳门特别行政区"),
}

// cities are those that are a prefecture, without 市.
var cities = strings.Fields(
	"石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁 呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 " +
		"沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛 长春 吉林 四平 辽源 通化 白山 松原 白城 哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化 " +
		"南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁 杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城 " +
		"福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶 济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽 " +
		"郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店 武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 " +
		"广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 云浮 南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左 海口 三亚 三沙 儋州 " +
		"成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳 贵阳 六盘水 遵义 安顺 毕节 铜仁 昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 拉萨 日喀则 昌都 林芝 山南 那曲 " +
		"西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛 兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南 西宁 海东 银川 石嘴山 吴忠 固原 中卫 乌鲁木齐 克拉玛依 吐鲁番 哈密 台北 高雄 台中 台南 新北")

// prefectures are the others.
var prefectures = strings.Fields(
	"兴安盟 锡林郭勒盟 阿拉善盟 延边朝鲜族自治州 大兴安岭地区 恩施土家族苗族自治州 湘西土家族苗族自治州 阿坝藏族羌族自治州 甘孜藏族自治州 凉山彝族自治州 黔西南布依族苗族自治州 黔东南苗族侗族自治州 黔南布依族苗族自治州 " +
		"楚雄彝族自治州 红河哈尼族彝族自治州 文山壮族苗族自治州 西双版纳傣族自治州 大理白族自治州 德宏傣族景颇族自治州 怒江傈僳族自治州 迪庆藏族自治州 阿里地区 临夏回族自治州 甘南藏族自治州 海北藏族自治州 黄南藏族自治州 海南藏族自治州 " +
		"果洛藏族自治州 玉树藏族自治州 海西蒙古族藏族自治州 昌吉回族自治州 博尔塔拉蒙古自治州 巴音郭楞蒙古自治州 阿克苏地区 克孜勒苏柯尔克孜自治州 喀什地区 和田地区 伊犁哈萨克自治州 塔城地区 阿勒泰地区")
