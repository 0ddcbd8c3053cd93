package cluster_test

import (
	"context"
	"fmt"
	"log"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

// shoppers are 12 customers of a shop in three groups.
func shoppers() (*table.Table[string], *cluster.Assignment) {
	t := &table.Table[string]{
		IDs: []string{"ann", "bob", "cho", "dee", "eve", "fay", "gus", "hal", "ida", "jon", "kim", "lee"},
		Columns: []table.Column{
			table.NumberColumn("recency", 3, 7, 12, 9, 200, 310, 250, 290, 330, 15, 21, 5),
			table.NumberColumn("frequency", 12, 9, 15, 11, 1, 2, 1, 1, 1, 2, 1, 1),
			table.NumberColumn("monetary", 820, 640, 1150, 900, 35, 80, 42, 51, 28, 75, 33, 49),
			table.CategoryColumn("channel", "app", "app", "web", "app", "shop", "shop", "web", "shop", "shop", "app", "web", "app"),
		},
	}
	return t, &cluster.Assignment{Labels: []int32{1, 1, 1, 1, 0, 0, 0, 0, 0, 2, 2, 2}}
}

func ExampleDescribe() {
	t, groups := shoppers()
	d, err := cluster.Describe(context.Background(), t, groups, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range d.Groups {
		fmt.Printf("%s (%s), %.0f%% of customers, such as %s\n", g.Name.EN, g.Name.ZH, 100*g.Share, t.IDs[g.Exemplars[0]])
		fmt.Printf("  class %s, %s\n", g.Class.EN, g.Class.ZH)
		fmt.Printf("  %s: precision %.0f%%, coverage %.0f%%\n", g.Rule, 100*g.Rule.Precision, 100*g.Rule.Coverage)
		best := g.Columns[g.Separating[0]]
		fmt.Printf("  most particular: %s, mean %.4g, lift %.2f\n", best.Column, best.Mean, best.Lift)
	}
	// Output:
	// long ago, infrequent, shop (久未购买、低频、shop), 42% of customers, such as hal
	//   class infrequent, 低频
	//   recency >= 100: precision 100%, coverage 100%
	//   most particular: recency, mean 276, lift 2.28
	// recent, frequent, high spend (近期活跃、高频、高消费), 33% of customers, such as dee
	//   class high value, 高价值
	//   frequency >= 5: precision 100%, coverage 100%
	//   most particular: frequency, mean 11.75, lift 2.47
	// recent, infrequent, low spend (近期活跃、低频、低消费), 25% of customers, such as lee
	//   class potential, 潜力
	//   recency < 100 and frequency < 5: precision 100%, coverage 100%
	//   most particular: recency, mean 13.67, lift 0.11
}

func ExampleDescription_String() {
	t, groups := shoppers()
	d, err := cluster.Describe(context.Background(), t, groups, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d)
	// Output:
	// 12 rows, 3 groups
	//
	// 0  long ago, infrequent, shop · 久未购买、低频、shop
	//    class infrequent · 低频
	//    5 rows, 41.7% of all
	//    rule: recency >= 100
	//          finds 100% of the group; 100% of what it finds is in the group
	//                 median  of all  mean  of all  × average  higher than others
	//        recency     290      18   276     121       2.28                100%
	//      frequency       1     1.5   1.2    4.75       0.25               18.6%
	//       monetary      42      63  47.2   325.2       0.15                 20%
	//    channel: shop 80% (of all 33.3%), web 20% (of all 25%)
	//
	// 1  recent, frequent, high spend · 近期活跃、高频、高消费
	//    class high value · 高价值
	//    4 rows, 33.3% of all
	//    rule: frequency >= 5
	//          finds 100% of the group; 100% of what it finds is in the group
	//                 median  of all   mean  of all  × average  higher than others
	//      frequency    11.5     1.5  11.75    4.75       2.47                100%
	//       monetary     860      63  877.5   325.2       2.70                100%
	//        recency       8      18   7.75     121       0.06                9.4%
	//    channel: app 75% (of all 41.7%), web 25% (of all 25%)
	//
	// 2  recent, infrequent, low spend · 近期活跃、低频、低消费
	//    class potential · 潜力
	//    3 rows, 25% of all
	//    rule: recency < 100 and frequency < 5
	//          finds 100% of the group; 100% of what it finds is in the group
	//                 median  of all   mean  of all  × average  higher than others
	//        recency      15      18  13.67     121       0.11               33.3%
	//       monetary      49      63  52.33   325.2       0.16               29.6%
	//      frequency       1     1.5  1.333    4.75       0.28               31.5%
	//    channel: app 66.7% (of all 41.7%), web 33.3% (of all 25%)
}

func ExampleNaming() {
	t, groups := shoppers()
	d, err := cluster.Describe(context.Background(), t, groups, &cluster.DescribeOptions{Naming: &cluster.Naming{
		Columns: map[string]cluster.Words{
			"monetary": {Low: cluster.Text{EN: "thrifty", ZH: "节俭"}, High: cluster.Text{EN: "big baskets", ZH: "大单"}},
		},
		Words: 2,
	}})
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range d.Groups {
		fmt.Println(g.Label, g.Name.EN, "·", g.Name.ZH)
	}
	// Output:
	// 0 long ago, shop · 久未购买、shop
	// 1 frequent, big baskets · 高频、大单
	// 2 recent, thrifty · 近期活跃、节俭
}
