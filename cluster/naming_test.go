package cluster_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

// groupPattern makes a table of number columns and labels from a text: a group a line, of rows
// of equal values, low (-), middle (.) or high (+) in each column.
func groupPattern(columns []string, groups ...string) (*table.Table[int], *cluster.Assignment) {
	tab, a := &table.Table[int]{}, &cluster.Assignment{}
	values := make([][]float64, len(columns))
	for g, text := range groups {
		for row := range 10 {
			for c := range columns {
				values[c] = append(values[c], map[byte]float64{'-': 0, '.': 100, '+': 200}[text[c]]+float64(row))
			}
			a.Labels = append(a.Labels, int32(g))
		}
	}
	for c, name := range columns {
		tab.Columns = append(tab.Columns, table.NumberColumn(name, values[c]...))
	}
	return tab, a
}

func TestGroupNames(t *testing.T) {
	rfm := []string{"recency", "frequency", "monetary"}
	for name, c := range map[string]struct {
		columns []string
		groups  []string
		naming  *cluster.Naming
		want    []string
	}{
		"recency, frequency, monetary": {rfm, []string{"-++", "+--", "--."}, nil, []string{
			"recent, frequent, high spend · 近期活跃、高频、高消费",
			"long ago, infrequent, low spend · 久未购买、低频、低消费",
			"recent, infrequent · 近期活跃、低频",
		}},
		"average": {rfm, []string{"...", "-++", "+--"}, nil, []string{
			"average · 一般",
			"recent, frequent, high spend · 近期活跃、高频、高消费",
			"long ago, infrequent, low spend · 久未购买、低频、低消费",
		}},
		"groups of one name": {rfm, []string{"---", "--+", ".+.", ".+."}, nil, []string{
			"recent, infrequent, low spend · 近期活跃、低频、低消费",
			"recent, infrequent, high spend · 近期活跃、低频、高消费",
			"long ago, frequent · 久未购买、高频",
			"long ago, frequent (2) · 久未购买、高频（2）",
		}},
		"one word": {rfm, []string{"-+.", "+-."}, &cluster.Naming{Words: 1}, []string{"recent · 近期活跃", "long ago · 久未购买"}},
		"words of the caller": {[]string{"recency", "x"}, []string{"-+", "+-"}, &cluster.Naming{Columns: map[string]cluster.Words{
			"x": {High: cluster.Text{EN: "night owls", ZH: "夜猫子"}}, "recency": {},
		}}, []string{"night owls · 夜猫子", "average · 一般"}},
		"names in other forms": {[]string{"daysSinceLastOrder", "Order Count", "avg_order_value", "refund_rate", "coupons", "TotalSpend", "tenure", "visits"}, []string{"-+++++++", "+-------"}, &cluster.Naming{Words: 9}, []string{
			"recent, high Order Count, large orders, many returns, many discounts, high spend, long-standing, frequent · 近期活跃、Order Count高、高客单价、退货多、多用优惠、高消费、老客、高频",
			"long ago, low Order Count, small orders, few returns, few discounts, low spend, new, infrequent · 久未购买、Order Count低、低客单价、退货少、少用优惠、低消费、新客、低频",
		}},
		"Chinese names": {[]string{"最近一次购买距今天数", "消费频次", "累计消费金额", "平均订单金额", "积分"}, []string{"-++++", "+----"}, &cluster.Naming{Words: 5}, []string{
			"recent, frequent, high spend, large orders, high 积分 · 近期活跃、高频、高消费、高客单价、积分高",
			"long ago, infrequent, low spend, small orders, low 积分 · 久未购买、低频、低消费、低客单价、积分低",
		}},
		"words in English alone": {[]string{"spend", "x"}, []string{"-+", "+-"}, &cluster.Naming{Columns: map[string]cluster.Words{
			"spend": {Low: cluster.Text{EN: "thrifty"}}, "x": {High: cluster.Text{EN: "tall"}, Low: cluster.Text{ZH: "小"}},
		}}, []string{"thrifty, tall · 低消费、x高", "low x · 小"}},
		"one word in English alone for two columns": {[]string{"x", "y"}, []string{"--", "++"}, &cluster.Naming{Columns: map[string]cluster.Words{
			"x": {Low: cluster.Text{EN: "thrifty"}}, "y": {Low: cluster.Text{EN: "thrifty"}},
		}}, []string{"thrifty · x低", "average · 一般"}},
		"scores and ranks": {[]string{"recency_score", "RevenueRank", "频次得分"}, []string{"-+-", "+-+"}, nil, []string{
			"low recency score, high RevenueRank, low 频次得分 · recency score低、RevenueRank高、频次得分低",
			"high recency score, low RevenueRank, high 频次得分 · recency score高、RevenueRank低、频次得分高",
		}},
		"time since the first":   {[]string{"days_since_first_order"}, []string{"-", "+"}, nil, []string{"new · 新客", "long-standing · 老客"}},
		"time since signup":      {[]string{"sinceSignup"}, []string{"-", "+"}, nil, []string{"new · 新客", "long-standing · 老客"}},
		"time since 注册":          {[]string{"注册距今天数"}, []string{"-", "+"}, nil, []string{"new · 新客", "long-standing · 老客"}},
		"首次":                     {[]string{"首次购买距今天数"}, []string{"-", "+"}, nil, []string{"new · 新客", "long-standing · 老客"}},
		"time since spend":       {[]string{"days_since_last_spend"}, []string{"-", "+"}, nil, []string{"recent · 近期活跃", "long ago · 久未购买"}},
		"spend since a time":     {[]string{"spend_since_signup", "orders since registration"}, []string{"-+", "+-"}, nil, []string{"low spend, frequent · 低消费、高频", "high spend, infrequent · 高消费、低频"}},
		"money of the last time": {[]string{"最近一次消费金额"}, []string{"-", "+"}, nil, []string{"low spend · 低消费", "high spend · 高消费"}},
		"time since a return":    {[]string{"days_since_last_return"}, []string{"-", "+"}, nil, []string{"low days since last return · days since last return低", "high days since last return · days since last return高"}},
		"time between":           {[]string{"days_between_orders"}, []string{"-", "+"}, nil, []string{"low days between orders · days between orders低", "high days between orders · days between orders高"}},
		"the same word once":     {[]string{"monetary", "revenue"}, []string{"--", "++"}, nil, []string{"low spend · 低消费", "high spend · 高消费"}},
	} {
		t.Run(name, func(t *testing.T) {
			tab, a := groupPattern(c.columns, c.groups...)
			d := described(t, tab, a, &cluster.DescribeOptions{Naming: c.naming})
			var got []string
			for _, g := range d.Groups {
				got = append(got, g.Name.EN+" · "+g.Name.ZH)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestGroupNamesSayMoreWhereTheyAreTheSame(t *testing.T) {
	tab, a := &table.Table[int]{}, &cluster.Assignment{}
	var recency, items []float64
	for row := range 40 {
		g := row / 10
		a.Labels = append(a.Labels, int32(g))
		recency = append(recency, []float64{0, 30, 200, 210}[g]+float64(row%10))
		items = append(items, float64(row%10+g%2))
	}
	tab.Columns = []table.Column{table.NumberColumn("recency", recency...), table.NumberColumn("basket_items", items...)}
	d := described(t, tab, a, nil)
	var got []string
	for _, g := range d.Groups {
		got = append(got, g.Name.EN+" · "+g.Name.ZH)
	}
	require.Equal(t, []string{
		"very recent · 非常近期活跃",
		"recent · 近期活跃",
		"long ago · 久未购买",
		"very long ago · 非常久未购买",
	}, got)
}

func TestGroupNamesOfLevels(t *testing.T) {
	tab := &table.Table[int]{Columns: []table.Column{
		table.CategoryColumn("channel", "app", "app", "app", "web", "shop", "shop", "web", "app"),
		table.NumberColumn("spend per visit", 1, 1, 1, 1, 2, 2, 2, 2),
	}}
	d := described(t, tab, &cluster.Assignment{Labels: []int32{0, 0, 0, 0, 1, 1, 1, 1}}, nil)
	require.Equal(t, "low spend", d.Groups[0].Name.EN, "app is 75% of the group, 50% of all")
	d = described(t, tab, &cluster.Assignment{Labels: []int32{0, 0, 0, -1, 1, 1, -1, -1}}, nil)
	require.Equal(t, "app, low spend", d.Groups[0].Name.EN)
	require.Equal(t, "shop, high spend", d.Groups[1].Name.EN)
}

// TestGroupNamesSayTheColumnOfVagueLevels has two groups that have one level each of a
// column.
func TestGroupNamesSayTheColumnOfVagueLevels(t *testing.T) {
	for name, c := range map[string]struct {
		column, first, second string
		want                  []string
	}{
		"yes and no":   {"opted_in", "yes", "No", []string{"opted in yes · opted in：yes", "opted in No · opted in：No"}},
		"numbers":      {"region", "1", "-2.5", []string{"region 1 · region：1", "region -2.5 · region：-2.5"}},
		"是":            {"会员", "是", "否", []string{"会员 是 · 会员：是", "会员 否 · 会员：否"}},
		"of two":       {"billing", "east", "west", []string{"billing east · billing：east", "west · west"}},
		"that say all": {"channel", "app", "web", []string{"app · app", "web · web"}},
	} {
		t.Run(name, func(t *testing.T) {
			tab := &table.Table[int]{Columns: []table.Column{
				table.CategoryColumn(c.column, c.first, c.first, c.second, c.second),
				table.CategoryColumn("delivery", "east", "north", "east", "north"),
			}}
			var got []string
			for _, g := range described(t, tab, &cluster.Assignment{Labels: []int32{0, 0, 1, 1}}, nil).Groups {
				got = append(got, g.Name.EN+" · "+g.Name.ZH)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestGroupClasses(t *testing.T) {
	for name, c := range map[string]struct {
		columns []string
		naming  *cluster.Naming
		want    string
	}{
		"money":                     {[]string{"recency", "frequency", "monetary"}, nil, "高价值 潜力 风险 风险 低频 潜力"},
		"frequency where no money":  {[]string{"recency", "frequency", "x"}, nil, "高价值 高价值 风险 低频 低频 潜力"},
		"no recency":                {[]string{"x", "frequency", "monetary"}, nil, "     "},
		"scores":                    {[]string{"recency_score", "frequency", "monetary"}, nil, "     "},
		"time since the first":      {[]string{"days_since_first_order", "frequency", "monetary"}, nil, "     "},
		"neither money nor count":   {[]string{"recency", "x", "y"}, nil, "     "},
		"Chinese names":             {[]string{"距今天数", "订单数", "金额"}, nil, "高价值 潜力 风险 风险 低频 潜力"},
		"columns the caller names":  {[]string{"a", "b", "c"}, &cluster.Naming{Recency: "a", Frequency: "b", Monetary: "c"}, "高价值 潜力 风险 风险 低频 潜力"},
		"not what the caller names": {[]string{"recency", "monetary", "c"}, &cluster.Naming{Monetary: "c"}, "高价值 潜力 风险 低频 低频 潜力"},
	} {
		t.Run(name, func(t *testing.T) {
			tab, a := groupPattern(c.columns, "-++", "-+-", "+++", "++-", "+--", "---")
			if name == "frequency where no money" || name == "not what the caller names" {
				tab, a = groupPattern(c.columns, "-++", "-+-", "+++", "+--", "+--", "---")
			}
			var got []string
			for _, g := range described(t, tab, a, &cluster.DescribeOptions{Naming: c.naming}).Groups {
				got = append(got, g.Class.ZH)
			}
			require.Equal(t, c.want, strings.Join(got, " "))
		})
	}
}

func TestGroupNamesAreUnique(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 40 {
		k := 2 + r.IntN(12)
		tab, a, weights := describable(r, 200, k)
		tab.Columns[0].Name = []string{"recency", "few"}[r.IntN(2)]
		d := described(t, tab, a, &cluster.DescribeOptions{Weights: weights, Naming: &cluster.Naming{Words: 1 + r.IntN(3)}})
		en, zh := map[string]bool{}, map[string]bool{}
		for _, g := range d.Groups {
			require.NotEmpty(t, g.Name.EN)
			require.NotEmpty(t, g.Name.ZH)
			require.False(t, en[g.Name.EN] || zh[g.Name.ZH], g.Name)
			en[g.Name.EN], zh[g.Name.ZH] = true, true
		}
	}
}
