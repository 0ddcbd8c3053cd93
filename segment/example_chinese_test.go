package segment_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// 标签、取值和规则都可以用中文，标点用全角也可以。Tags, values and rules in Chinese, typed with the marks of a Chinese keyboard.
func ExampleParse_chinese() {
	ctx := context.Background()
	ix, err := segment.New(&segment.Options{Tags: []segment.Tag{
		{Name: "地区", Kind: segment.Enum, Hierarchy: true},
		{Name: "会员等级", Kind: segment.Enum},
		{Name: "近90天订单", Kind: segment.Integer},
		{Name: "生日", Kind: segment.Time},
		{Name: "标签", Kind: segment.Labels},
		{Name: "允许营销", Kind: segment.Flag},
	}})
	if err != nil {
		log.Fatal(err)
	}
	var b segment.Batch
	for i, c := range []struct {
		region, level string
		orders        int64
		born          time.Time
		labels        []string
		allowed       bool
	}{
		{"广东/广州/天河", "金卡", 5, time.Date(1990, 3, 8, 4, 0, 0, 0, time.UTC), []string{"露营", "咖啡"}, true},
		{"广东/深圳", "银卡", 2, time.Date(1985, 3, 6, 4, 0, 0, 0, time.UTC), []string{"露营"}, true},
		{"广西/桂林", "金卡", 3, time.Date(1978, 3, 5, 4, 0, 0, 0, time.UTC), []string{"投诉中"}, true},
		{"上海", "金卡", 9, time.Date(1993, 11, 2, 4, 0, 0, 0, time.UTC), nil, false},
	} {
		id := customer.FromInt64(int64(i + 1))
		b.Set(id, "地区", customer.TextValue(c.region))
		b.Set(id, "会员等级", customer.TextValue(c.level))
		b.Set(id, "近90天订单", customer.Int64Value(c.orders))
		b.Set(id, "生日", customer.TimeValue(c.born)) // noon in Shanghai
		b.Set(id, "标签", customer.LabelsValue(c.labels...))
		b.Set(id, "允许营销", customer.BoolValue(c.allowed))
	}
	if err := ix.Apply(ctx, &b); err != nil {
		log.Fatal(err)
	}

	shanghai := time.FixedZone("Asia/Shanghai", 8*60*60)
	s := ix.Snapshot()
	for _, text := range []string{
		`地区 in （“广东”，“广西”） and 会员等级 ＝ “金卡” and 近90天订单 ≥ 3`,
		`生日 anniversary within 7 days and 允许营销 and not 标签 has 「投诉中」`,
		`at least 2 of (近90天订单 >= 3, 会员等级 = "金卡", 标签 has any of ("露营", "钓鱼"))`,
		`地区 != "广东/广州"`,
	} {
		rule, err := segment.Parse(text)
		if err != nil {
			log.Fatal(err)
		}
		q := segment.Query{Rule: rule, AsOf: time.Date(2026, 3, 5, 9, 0, 0, 0, shanghai), Location: shanghai}
		var who []int64
		for id, err := range s.Members(ctx, q) {
			if err != nil {
				log.Fatal(err)
			}
			n, _ := customer.ToInt64(id)
			who = append(who, n)
		}
		fmt.Println(who, rule)
	}
	_, err = segment.Parse(`会员等级 = “金卡” and 近90天订单 超过 3`)
	fmt.Println(err)
	// Output:
	// [1 3] 地区 in ("广东", "广西") and 会员等级 = "金卡" and 近90天订单 >= 3
	// [1 2] 生日 anniversary within 7 days and 允许营销 and not 标签 has "投诉中"
	// [1 3 4] at least 2 of (近90天订单 >= 3, 会员等级 = "金卡", 标签 has any of ("露营", "钓鱼"))
	// [2 3 4] 地区 != "广东/广州"
	// segment: rule 1:24: expected an operator (= != < <= > >= in not between is has within older anniversary) or the end of the condition, found a name
}
