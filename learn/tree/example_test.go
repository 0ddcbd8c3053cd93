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
	// {"version":2,"kind":"tree.Tree","criterion":"gini","classes":2,"columns":[{"name":"recency","kind":"number"}],"nodes":[{"weights":[2,1],"ask":{"column":0,"up_to":25,"missing":true}},{"weights":[2,0]},{"weights":[0,1]}]}
	// 1
}

// Forty customers have two snapshots each, of which those silent for long leave, but for
// every ninth. Snapshots of one customer are held out together, and the tree keeps the one
// question that helps with customers it has not seen.
func ExampleFitPruned() {
	var recency, age []float64
	var left, customer []int32
	for i := range 80 {
		c := i / 2
		recency, age = append(recency, float64(c*37%100+i%2)), append(age, float64(20+c*17%40))
		customer, left = append(customer, int32(c)), append(left, 0)
		if (recency[i] > 60) != (c%9 == 4) {
			left[i] = 1
		}
	}
	t := &table.Table[int]{Columns: []table.Column{table.NumberColumn("recency", recency...), table.NumberColumn("age", age...)}}
	model, err := tree.FitPruned(context.Background(), t, left, nil, &tree.PruneOptions{Groups: customer})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(model)
	row := []float64{75, 40}
	contributions, base := model.Contributions(nil, row, 1)
	fmt.Printf("%.3f = %.3f %+.3f %+.3f, since %v\n", model.Probability(row, 1), base, contributions[0], contributions[1], model.Path(row))
	// Output:
	// recency <= 61 or missing: class 0, 88.0% of 50
	// recency > 61: class 1, 93.3% of 30
	// 0.933 = 0.425 +0.508 +0.000, since [recency > 61]
}

func ExampleTree_Sequence() {
	t := &table.Table[string]{Columns: []table.Column{
		table.NumberColumn("recency", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
	}}
	model, err := tree.Fit(context.Background(), t, []int32{0, 0, 0, 1, 0, 1, 1, 1, 1, 1}, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range model.Sequence(tree.Errors) {
		fmt.Printf("from %.2f a leaf: %d leaves, %.0f%% errors\n", s.Alpha, s.Leaves, 100*s.Risk)
	}
	fmt.Print(model.Prune(0.1, tree.Errors))
	// Output:
	// from 0.00 a leaf: 4 leaves, 0% errors
	// from 0.05 a leaf: 2 leaves, 10% errors
	// from 0.30 a leaf: 1 leaves, 40% errors
	// recency <= 5.5 or missing: class 0, 80.0% of 5
	// recency > 5.5: class 1, 100.0% of 5
}
