package tree_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/clientele-go/clientele/learn/tree"
	"github.com/clientele-go/clientele/table"
)

func Example() {
	t := &table.Table[string]{
		IDs: []string{"ann", "bob", "cho", "dee", "eve", "fay"},
		Columns: []table.Column{
			table.NumberColumn("recency", 10, 166, 139, 2, 31, 95),
			table.NumberColumn("orders", 3, 1, 2, 1, 2, 9),
			table.CategoryColumn("channel", "app", "web", "shop", "app", "app", "web"),
		},
	}
	left := []int32{0, 1, 1, 0, 0, 0}
	model, err := tree.Fit(context.Background(), t, left, &tree.Options{MaxDepth: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(model)
	fmt.Println(model.PredictRow([]float64{200, 1, model.Code(2, "app")}))
	// Output:
	// recency <= 117 or missing: class 0, 100.0% of 4
	// recency > 117: class 1, 100.0% of 2
	// 1
}

func ExampleTree_Leaves() {
	t := &table.Table[string]{Columns: []table.Column{
		table.NumberColumn("recency", 10, 20, 30, 40, 50, 60),
		table.CategoryColumn("channel", "app", "web", "app", "web", "app", ""),
	}}
	model, err := tree.Fit(context.Background(), t, []int32{0, 1, 0, 1, 2, 2}, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, leaf := range model.Leaves() {
		fmt.Println(leaf.Class, leaf.Weights, leaf.Path)
	}
	// Output:
	// 0 [2 0 0] [(recency <= 45 or missing) (channel = app or missing)]
	// 1 [0 2 0] [(recency <= 45 or missing) channel = web]
	// 2 [0 0 2] [recency > 45]
}

func ExampleTree_json() {
	t := &table.Table[string]{Columns: []table.Column{table.NumberColumn("recency", 10, 20, 30)}}
	model, err := tree.Fit(context.Background(), t, []int32{0, 0, 1}, nil)
	if err != nil {
		log.Fatal(err)
	}
	data, err := json.Marshal(model)
	if err != nil {
		log.Fatal(err)
	}
	var restored tree.Tree
	if err := json.Unmarshal(data, &restored); err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(data))
	fmt.Println(restored.PredictRow([]float64{25.5}))
	// Output:
	// {"version":1,"kind":"tree.Tree","classes":2,"columns":[{"name":"recency","kind":"number"}],"nodes":[{"weights":[2,1],"ask":{"column":0,"up_to":25,"missing":true}},{"weights":[2,0]},{"weights":[0,1]}]}
	// 1
}
