package cluster_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

// Twelve customers become three groups, which get names and rules; a new customer is
// assigned to one of them.
func Example() {
	ctx := context.Background()
	customers := &table.Table[string]{
		IDs:     []string{"ann", "bob", "cho", "dee", "eve", "fay", "gus", "hal", "ida", "jon", "kim", "leo"},
		Compare: strings.Compare,
		Columns: []table.Column{
			table.NumberColumn("recency_days", 3, 200, 12, 9, 180, 25, 240, 6, 310, 15, 4, 150),
			table.NumberColumn("orders", 14, 1, 2, 11, 2, 1, 1, 19, 1, 2, 12, 2),
			table.NumberColumn("revenue", 940, 30, 85, 720, 65, 40, 20, 1310, 45, 90, 655, 70),
		},
	}
	result, err := cluster.Fit(ctx, customers, &cluster.Options{
		K:       3,
		Prepare: cluster.Preparation{Power: cluster.Log1p}, // then z-scores
	})
	if err != nil {
		log.Fatal(err)
	}
	groups, err := cluster.Describe(ctx, customers, &result.Assignment, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range groups.Groups {
		fmt.Printf("%d: %d customers, %s %s, such as %s\n", g.Label, g.Rows, g.Name.EN, g.Name.ZH, customers.IDs[g.Exemplars[0]])
		fmt.Printf("   if %s\n", g.Rule)
	}
	latest, err := result.Model.AssignRow([]float64{8, 2, 60}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a customer of 2 orders, the last 8 days ago:", latest.Label)
	// Output:
	// 0: 5 customers, long ago, infrequent, low spend 久未购买、低频、低消费, such as bob
	//    if recency_days >= 100
	// 1: 4 customers, recent, frequent, high spend 近期活跃、高频、高消费, such as ann
	//    if recency_days < 10
	// 2: 3 customers, average 一般, such as jon
	//    if 10 <= recency_days < 100
	// a customer of 2 orders, the last 8 days ago: 2
}
