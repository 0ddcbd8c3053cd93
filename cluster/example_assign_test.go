package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

// exampleModel is a model of customers by orders, spend and channel.
func exampleModel() *cluster.Model {
	customers := &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("orders", 1, 2, 1, 9, 8, 10, 2),
		table.NumberColumn("spend", 20, 35, 15, 900, 700, 1100, 30),
		table.CategoryColumn("channel", "web", "web", "shop", "shop", "shop", "shop", "web"),
	}}
	result, err := cluster.Fit(context.Background(), customers, &cluster.Options{
		K:       2,
		Prepare: cluster.Preparation{Power: cluster.Log1p},
	})
	if err != nil {
		panic(err)
	}
	return result.Model
}

func ExampleAssign() {
	stored, err := json.Marshal(exampleModel())
	if err != nil {
		fmt.Println(err)
		return
	}
	var model cluster.Model
	if err := json.Unmarshal(stored, &model); err != nil {
		fmt.Println(err)
		return
	}
	today := &table.Table[string]{
		IDs: []string{"Ann", "Bo", "Cy"},
		Columns: []table.Column{
			table.CategoryColumn("channel", "shop", "web", "phone"),
			table.NumberColumn("spend", 820, 25, 28),
			table.NumberColumn("orders", 7, 1, 2),
		},
	}
	groups, err := cluster.Assign(context.Background(), &model, today, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for row, id := range today.IDs {
		fmt.Println(id, groups.Labels[row])
	}
	// Output:
	// Ann 1
	// Bo 0
	// Cy 0
}

func ExampleModel_AssignRow() {
	model := exampleModel()
	for _, feature := range model.Features() {
		fmt.Println(feature.Name, feature.Kind)
	}
	one, err := model.AssignRow([]float64{7, 820}, []string{"shop"})
	fmt.Printf("group %d, margin %.2f, %v\n", one.Label, one.Margin, err)
	_, err = model.AssignRow([]float64{7, math.NaN()}, []string{"shop"})
	fmt.Println(err)
	// Output:
	// orders number
	// spend number
	// channel category
	// group 1, margin 0.88, <nil>
	// table: column 1 "spend": cluster: value is missing
}

func ExamplePreparation() {
	customers := &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("spend", 20, 35, 15, 900, 700, 250000, 30),
		table.NumberColumn("age", 31, math.NaN(), 45, 52, 38, math.NaN(), 29),
		table.NumberColumn("shoe size", 40, 42, 39, 44, 38, 41, 43),
	}}
	result, err := cluster.Fit(context.Background(), customers, &cluster.Options{
		K: 2,
		Columns: map[string]cluster.Preparation{
			"spend":     {Winsorize: 0.1, Power: cluster.Log1p, Weight: 2},
			"age":       {Missing: cluster.Impute, Scale: cluster.Robust},
			"shoe size": {Ignore: true},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Labels)
	fmt.Println(result.Model.Report().Imputed)
	// Output:
	// [0 0 0 1 1 1 0]
	// [{age 2}]
}

func ExampleMatrix() {
	customers := mat.NewDense(4, 2, []float64{
		1, 20,
		9, 900,
		2, 30,
		1, 15,
	})
	result, err := cluster.Fit(context.Background(), cluster.Matrix(customers, "orders", "spend"), &cluster.Options{K: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Labels)
	for _, center := range result.Model.Centers() {
		fmt.Printf("%.2f\n", center)
	}
	// Output:
	// [0 1 0 0]
	// [1.33 21.67]
	// [9.00 900.00]
}
