package cluster_test

import (
	"context"
	"fmt"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

// wardTable has six customers in three pairs, two of which are near each other.
func wardTable() *table.Table[int] {
	return &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("orders", 1, 2, 6, 7, 30, 32),
		table.NumberColumn("spend", 10, 11, 14, 15, 90, 94),
	}}
}

// One fit serves every number of groups, and each group is part of one at any smaller
// number.
func ExampleModel_Cut() {
	ctx := context.Background()
	fitted, err := cluster.Fit(ctx, wardTable(), &cluster.Options{K: 3, Method: cluster.Ward})
	if err != nil {
		fmt.Println(err)
		return
	}
	for k := 1; k <= 3; k++ {
		model, err := fitted.Model.Cut(k)
		if err != nil {
			fmt.Println(err)
			return
		}
		groups, err := cluster.Assign(ctx, model, wardTable(), nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("k=%d: %v, sum of squares within %.3f\n", k, groups.Labels, model.Report().Inertia)
	}
	// Output:
	// k=1: [0 0 0 0 0 0], sum of squares within 12.000
	// k=2: [0 0 0 0 1 1], sum of squares within 0.186
	// k=3: [0 0 1 1 2 2], sum of squares within 0.024
}

func ExampleModel_Dendrogram() {
	fitted, err := cluster.Fit(context.Background(), wardTable(), &cluster.Options{K: 1, Method: cluster.Ward})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range fitted.Model.Dendrogram().Merges {
		fmt.Printf("%d and %d at %.4f: %g rows\n", m.Left, m.Right, m.Height, m.Weight)
	}
	// Output:
	// 0 and 1 at 0.0034: 2 rows
	// 2 and 3 at 0.0034: 2 rows
	// 4 and 5 at 0.0177: 2 rows
	// 6 and 7 at 0.1614: 4 rows
	// 8 and 9 at 11.8143: 6 rows
}

func ExampleEvaluate() {
	ctx := context.Background()
	for k := 2; k <= 4; k++ {
		fitted, err := cluster.Fit(ctx, wardTable(), &cluster.Options{K: k, Method: cluster.Ward})
		if err != nil {
			fmt.Println(err)
			return
		}
		x, err := cluster.Evaluate(ctx, fitted.Model, wardTable(), nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d groups: silhouette %.3f, Davies-Bouldin index %.3f\n", k, x.Silhouette, x.DaviesBouldin)
	}
	// Output:
	// 2 groups: silhouette 0.913, Davies-Bouldin index 0.099
	// 3 groups: silhouette 0.840, Davies-Bouldin index 0.152
	// 4 groups: silhouette 0.529, Davies-Bouldin index 0.109
}
