package segment_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// shop is an index of six customers.
func shop() *segment.Snapshot {
	ix, err := segment.New(&segment.Options{Tags: []segment.Tag{
		{Name: "vip", Kind: segment.Flag},
		{Name: "region", Kind: segment.Enum, Hierarchy: true, Refresh: 24 * time.Hour},
		{Name: "spend", Kind: segment.Decimal, Scale: 2},
	}})
	if err != nil {
		log.Fatal(err)
	}
	ids := make([]customer.ID, 6)
	for i := range ids {
		ids[i] = customer.FromInt64(int64(i + 1))
	}
	err = ix.Load(context.Background(), time.Date(2026, time.March, 5, 6, 0, 0, 0, time.UTC), ids, []segment.Column{
		{Tag: "vip", Bools: []bool{true, false, true, true, false, true}},
		{
			Tag:   "region",
			Texts: []string{"广东/广州", "广东/深圳", "广东/广州", "湖南/长沙", "湖南/长沙", ""},
			Set:   []bool{true, true, true, true, true, false},
		},
		{Tag: "spend", Ints: []int64{120_50, 10_00, 79_90, 300_00, 45_00, 0}, Set: []bool{true, true, true, true, true, false}},
	})
	if err != nil {
		log.Fatal(err)
	}
	return ix.Snapshot()
}

// amount is a decimal in minor units.
func amount(v customer.Value) string {
	n, scale, ok := v.Decimal()
	if !ok {
		return "-"
	}
	for ; scale < 2; scale++ {
		n *= 10
	}
	return fmt.Sprintf("%d.%02d", n/100, n%100)
}

// text is a value that groups are named by.
func text(v customer.Value) string {
	s, ok := v.Text()
	if !ok {
		return "unset"
	}
	return s
}

func ExampleSnapshot_Sum() {
	sum, err := shop().Sum(context.Background(), segment.Query{Rule: segment.IsTrue("vip")}, "spend")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(amount(sum))
	// Output: 500.40
}

func ExampleSnapshot_Stats() {
	st, err := shop().Stats(context.Background(), segment.Query{Rule: segment.IsTrue("vip")}, "spend")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of %d: from %s to %s, mean %.2f, deviation %.2f\n",
		st.Count, st.Selected, amount(st.Min), amount(st.Max), st.Mean, st.StdDev)
	// Output: 3 of 4: from 79.90 to 300.00, mean 166.80, deviation 95.63
}

func ExampleSnapshot_Quantiles() {
	quartiles, err := shop().Quantiles(context.Background(), segment.Query{}, "spend", 0.25, 0.5, 0.75)
	if err != nil {
		log.Fatal(err)
	}
	for _, v := range quartiles {
		fmt.Println(amount(v))
	}
	// Output:
	// 45.00
	// 79.90
	// 120.50
}

func ExampleSnapshot_Top() {
	top, err := shop().Top(context.Background(), segment.Query{}, "spend", 2)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range top {
		n, _ := customer.ToInt64(r.ID)
		fmt.Println(n, amount(r.Value))
	}
	// Output:
	// 4 300.00
	// 1 120.50
}

func ExampleSnapshot_HistogramAt() {
	bins, err := shop().HistogramAt(context.Background(), segment.Query{}, "spend", 50, 100)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("below 50:", bins[0].Count)
	fmt.Println("below 100:", bins[1].Count)
	fmt.Println("from 100 on:", bins[2].Count)
	// Output:
	// below 50: 2
	// below 100: 1
	// from 100 on: 2
}

func ExampleSnapshot_GroupBy() {
	groups, err := shop().GroupBy(context.Background(), segment.Query{}, &segment.GroupOptions{Depth: 1, Sum: "spend"}, "region")
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range groups {
		fmt.Println(text(g.Values[0]), g.Count, amount(g.Sum))
	}
	// Output:
	// 广东 3 210.40
	// 湖南 2 345.00
	// unset 1 0.00
}

func ExampleSnapshot_Coverage() {
	list, err := shop().Coverage(context.Background(), time.Date(2026, time.March, 7, 0, 0, 0, 0, time.UTC))
	if err != nil {
		panic(err)
	}
	for _, c := range list {
		fmt.Printf("%s: %.0f %%, stale %t\n", c.Tag, 100*c.Share, c.Stale)
	}
	// Output:
	// vip: 100 %, stale false
	// region: 83 %, stale true
	// spend: 83 %, stale false
}
