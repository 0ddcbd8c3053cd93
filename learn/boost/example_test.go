package boost_test

import (
	"context"
	"fmt"
	"log"

	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/table"
)

// Customers leave who have been silent for long, unless they buy by app. The first half of the
// rows is for the fit, the second, of a later time, to stop by.
func Example() {
	var recency []float64
	var channel []string
	var left []bool
	for i := range 800 {
		days, where := float64(i*37%200), []string{"app", "web", "shop", ""}[i*13%5%4]
		recency, channel = append(recency, days), append(channel, where)
		left = append(left, (days > 90 && where != "app") != (i%11 == 0))
	}
	rows := func(lo, hi int) *table.Table[int] {
		return &table.Table[int]{Columns: []table.Column{
			table.NumberColumn("recency", recency[lo:hi]...), table.CategoryColumn("channel", channel[lo:hi]...),
		}}
	}
	later := rows(400, 800)
	m, err := boost.Fit(context.Background(), rows(0, 400), left[:400], &boost.Options{
		Rising: []string{"recency"},
		Later:  &boost.Slice{Columns: later.Columns, Labels: left[400:]},
	})
	if err != nil {
		log.Fatal(err)
	}
	r := m.Report()
	if r.Best == 0 {
		log.Fatal("no tree makes the loss over the later rows less")
	}
	fmt.Printf("stopped by %v, log loss %.2f -> %.2f\n", r.Stop, r.Start.Later, r.Rounds[r.Best-1].Later)
	for _, where := range []string{"app", "web"} {
		for _, days := range []float64{30, 150} {
			fmt.Printf("%s after %v days: %.2f\n", where, days, m.PredictRow([]float64{days, m.Code(1, where)}))
		}
	}
	// Output:
	// stopped by patience, log loss 0.65 -> 0.31
	// app after 30 days: 0.10
	// app after 150 days: 0.11
	// web after 30 days: 0.12
	// web after 150 days: 0.91
}

// Ten customers, one question.
func ExampleFitTarget() {
	t := &table.Table[int]{Columns: []table.Column{table.NumberColumn("orders", 1, 1, 2, 2, 3, 7, 8, 8, 9, 9)}}
	spent := []float64{10, 10, 10, 10, 10, 50, 50, 50, 50, 50}
	m, err := boost.FitTarget(context.Background(), t, spent, boost.SquaredError{}, &boost.Options{Rounds: 1, LearningRate: 1, MinLeaf: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.LogOdds([]float64{2}), m.LogOdds([]float64{20}), m.Base())
	// Output: 10 50 30
}
