package cluster_test

import (
	"context"
	"fmt"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

// Customers with a number and two categories: a category that differs costs Gamma.
func ExampleFit_prototypes() {
	customers := &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("orders", 2, 1, 3, 12, 14, 11, 2, 3),
		table.CategoryColumn("channel", "web", "web", "web", "shop", "shop", "shop", "app", "app"),
		table.CategoryColumn("pays by", "card", "card", "card", "cash", "cash", "card", "wallet", "wallet"),
	}}
	result, err := cluster.Fit(context.Background(), customers, &cluster.Options{K: 3, Method: cluster.Prototypes})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Labels)
	fmt.Printf("a category that differs costs %.2f\n", result.Model.Report().Gamma)

	// A level that no customer of the fit had differs from all.
	next, err := result.Model.AssignRow([]float64{13}, []string{"phone", "cash"})
	fmt.Println(next.Label, err)
	// Output:
	// [0 0 0 1 1 1 2 2]
	// a category that differs costs 1.56
	// 1 <nil>
}

// Two kinds of customers that overlap, and how much one between them belongs to each.
func ExampleMemberships() {
	customers := &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("basket", 18, 20, 22, 21, 19, 20, 23, 35, 50, 62, 47, 55, 41, 53),
	}}
	ctx := context.Background()
	result, err := cluster.Fit(ctx, customers, &cluster.Options{K: 2, Method: cluster.Mixture})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Labels)
	fmt.Printf("BIC %.1f\n", result.Model.Report().BIC)
	share := make([]float64, 2)
	for _, basket := range []float64{20, 27, 50} {
		if err := result.Model.MembershipRow(share, []float64{basket}, nil); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%v: %.3f\n", basket, share)
	}
	// Output:
	// [0 0 0 0 0 0 0 1 1 1 1 1 1 1]
	// BIC 31.8
	// 20: [0.999 0.001]
	// 27: [0.030 0.970]
	// 50: [0.000 1.000]
}
