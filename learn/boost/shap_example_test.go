package boost_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/table"
)

// Why a customer is said to leave, beside all customers and beside those who use the app.
func ExampleShapley() {
	const customers = 400
	days, channel, left := make([]float64, customers), make([]string, customers), make([]bool, customers)
	for i := range customers {
		days[i], channel[i] = float64(i%100), "shop"
		if i%4 < 2 {
			channel[i] = "app"
		}
		left[i] = days[i] > 70 || channel[i] == "shop" && i%3 == 0
	}
	t := &table.Table[int]{Columns: []table.Column{table.NumberColumn("days", days...), table.CategoryColumn("channel", channel...)}}
	m, err := boost.Fit(context.Background(), t, left, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	one := t.Take([]int{80}) // who uses the app and has not come for 80 days
	var app []int
	for i := range customers {
		if channel[i] == "app" {
			app = append(app, i)
		}
	}
	for _, o := range []*boost.ShapleyOptions{nil, {Background: t.Take(app).Columns}} {
		values, base, err := boost.Shapley(context.Background(), m, one, o)
		if err != nil {
			fmt.Println(err)
			return
		}
		score := base
		for i, v := range values {
			fmt.Printf("%s %+.2f, ", m.Columns()[i], v)
			score += v
		}
		fmt.Printf("from %.2f to %.2f\n", base, score)
	}
	// Output:
	// days +3.88, channel -0.45, from -0.56 to 2.87
	// days +4.40, channel +0.00, from -1.53 to 2.87
}

// What two columns do together is beside the diagonal.
func ExampleModel_Interactions() {
	n := 200
	a, b, target := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		a[i], b[i] = float64(i%2), float64(i/2%2)
		target[i] = 10 + a[i] + 4*a[i]*b[i]
	}
	t := &table.Table[int]{Columns: []table.Column{table.NumberColumn("a", a...), table.NumberColumn("b", b...)}}
	m, err := boost.FitTarget(context.Background(), t, target, boost.SquaredError{}, &boost.Options{Rounds: 1, LearningRate: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	values, base := m.Contributions(nil, []float64{1, 1})
	pairs, _ := m.Interactions(nil, []float64{1, 1})
	fmt.Printf("%.1f %.1f\n", base, values)
	for row := range slices.Chunk(pairs, 2) {
		fmt.Printf("%.1f\n", row)
	}
	// Output:
	// 11.5 [2.0 1.5]
	// [1.5 0.5]
	// [0.5 1.0]
}
