package cluster_test

import (
	"cmp"
	"context"
	"fmt"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

// shopQuarter is what customers spent in a quarter and in how many visits; their ids
// ascend from the first.
func shopQuarter(first int, visits ...float64) *table.Table[int] {
	t := &table.Table[int]{Compare: cmp.Compare[int]}
	spend := make([]float64, len(visits))
	for i, v := range visits {
		t.IDs = append(t.IDs, first+i)
		spend[i] = 20*v + float64(i%3)
	}
	t.Columns = []table.Column{table.NumberColumn("spend", spend...), table.NumberColumn("visits", visits...)}
	return t
}

// A group falls in two and two others become one.
func ExampleCompare() {
	before := []int32{0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2}
	after := []int32{0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2}
	c := cluster.Compare(before, after)
	fmt.Printf("adjusted Rand index %.2f\n", c.AdjustedRand)
	for _, f := range c.Before {
		fmt.Println("group", f.Group, f.Verdict, f.With)
	}
	// Output:
	// adjusted Rand index 0.37
	// group 0 split [0 1]
	// group 1 merged [2]
	// group 2 merged [2]
}

// The groups go on with the rows of the next quarter and keep their numbers, so that it
// makes sense to ask who moved.
func ExampleRefit() {
	ctx := context.Background()
	spring := shopQuarter(100, 1, 2, 1, 2, 1, 2, 1, 9, 10, 9, 10, 9)
	summer := shopQuarter(103, 2, 3, 2, 10, 12, 11, 10, 11, 12, 2, 11, 12)
	first, err := cluster.Fit(ctx, spring, &cluster.Options{K: 2})
	if err != nil {
		panic(err)
	}
	next, err := cluster.Refit(ctx, first.Model, summer, nil)
	if err != nil {
		panic(err)
	}
	for g, center := range next.Model.Centers() {
		fmt.Printf("group %d had %.1f visits, now %.1f\n", g, first.Model.Centers()[g][1], center[1])
	}

	m, err := cluster.Migrate(spring.IDs, first.Labels, summer.IDs, next.Labels)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.0f %% stayed\n", 100*m.Stayed())
	fmt.Println("rare to frequent:", m.Customers(0, 1))
	fmt.Println("frequent to rare:", m.Customers(1, 0))
	fmt.Println("rare who left:", m.Customers(0, cluster.Absent))
	fmt.Println("new and frequent:", m.Customers(cluster.Absent, 1))
	// Output:
	// group 0 had 1.4 visits, now 2.2
	// group 1 had 9.4 visits, now 11.1
	// 89 % stayed
	// rare to frequent: [106]
	// frequent to rare: []
	// rare who left: [100 101 102]
	// new and frequent: [113 114]
}

// Everybody spends more than when the model was fitted.
func ExampleDrift() {
	ctx := context.Background()
	quarter := func(start int) *table.Table[int] {
		visits := make([]float64, 600)
		for i := range visits {
			visits[i] = float64((start+i)*37%100) / 10
		}
		return shopQuarter(0, visits...)
	}
	result, err := cluster.Fit(ctx, quarter(0), &cluster.Options{K: 2})
	if err != nil {
		panic(err)
	}
	next := quarter(1000)
	for i := range next.Columns[0].Num {
		next.Columns[0].Num[i] *= 1.5
	}
	report, err := cluster.Drift(ctx, result.Model, next, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println("verdict:", report.Verdict)
	for _, s := range report.Columns {
		fmt.Printf("%s: %s, PSI %.2f with %.2f of noise\n", s.Column, s.Verdict, s.PSI, s.Noise)
	}
	// Output:
	// verdict: strong
	// spend: strong, PSI 0.55 with 0.03 of noise
	// visits: steady, PSI 0.00 with 0.03 of noise
}
