package cluster_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/table"
)

func ExampleChoose() {
	// Three habits: many small orders, few large ones, hardly any.
	r := rand.New(rand.NewPCG(1, 1))
	var orders, basket []float64
	for i := range 600 {
		habit := [][2]float64{{24, 15}, {4, 120}, {2, 18}}[i%3]
		orders = append(orders, habit[0]*(0.7+0.6*r.Float64()))
		basket = append(basket, habit[1]*(0.7+0.6*r.Float64()))
	}
	t := &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("orders", orders...),
		table.NumberColumn("basket", basket...),
	}}
	choice, err := cluster.Choose(context.Background(), t, []int{2, 3, 4, 5}, &cluster.ChooseOptions{
		Fit: cluster.Options{Prepare: cluster.Preparation{Power: cluster.Log1p}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(choice)
	best, err := choice.By(cluster.BySilhouette)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("by the silhouette:", best.K)
	// Output:
	// k  inertia  Calinski-Harabasz  Davies-Bouldin  simplified  silhouette      BIC    gap      ±  least stable  smallest
	//   2  463.768             949.33           0.549       0.691       0.645  3066.82  0.039  0.019          1.00     33.3%
	//   3  35.0954               9908           0.204       0.894       0.856  542.952  2.278  0.025          1.00     33.3%
	//   4  29.5709             7863.3           0.658       0.759       0.692  632.887  2.097  0.033          0.67     15.5%
	//   5  24.4494               7152           0.871       0.635       0.538  681.575  2.033  0.023          0.75     11.5%
	// by the silhouette: 3
}
