package logistic_test

import (
	"context"
	"fmt"
	"log"

	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/table"
)

// customers are twelve customers, and which of them have left.
func customers() (*table.Table[string], []bool) {
	return &table.Table[string]{
		Columns: []table.Column{
			table.NumberColumn("recency", 10, 166, 139, 2, 31, 95, 12, 60, 180, 44, 75, 5),
			table.CategoryColumn("channel", "app", "web", "shop", "app", "web", "web", "app", "shop", "web", "shop", "web", "shop"),
		},
	}, []bool{false, true, true, false, false, true, true, false, true, false, true, false}
}

func Example() {
	t, left := customers()
	model, err := logistic.Fit(context.Background(), t, left, nil)
	if err != nil {
		log.Fatal(err)
	}
	row := []float64{120, model.Code(1, "web")}
	fmt.Printf("probability %.2f\n", model.PredictRow(row))
	effects, base := model.Contributions(nil, row)
	fmt.Printf("log-odds %.2f = %.2f on average", model.LogOdds(row), base)
	for i, name := range model.Columns() {
		fmt.Printf(" %+.2f %s", effects[i], name)
	}
	fmt.Println()
	// Output:
	// probability 0.81
	// log-odds 1.47 = 0.10 on average +1.03 recency +0.34 channel
}

func ExampleModel_Terms() {
	t, left := customers()
	model, err := logistic.Fit(context.Background(), t, left, &logistic.Options{L2: 0.1})
	if err != nil {
		log.Fatal(err)
	}
	for _, term := range model.Terms() {
		fmt.Printf("%-9s %-8s %-4s %+.2f ± %.2f\n", term.Part, term.Column, term.Level, term.Coefficient, term.StdErr)
	}
	// Output:
	// intercept               +0.63 ± 2.11
	// line      recency       +3.11 ± 1.63
	// level     channel  app  +1.50 ± 2.28
	// level     channel  shop -1.81 ± 2.26
	// level     channel  web  +0.31 ± 2.16
}

func ExampleFit_separated() {
	t := &table.Table[string]{Columns: []table.Column{table.NumberColumn("days since cancellation", 0, 0, 0, 12, 30)}}
	left := []bool{false, false, false, true, true}
	_, err := logistic.Fit(context.Background(), t, left, &logistic.Options{Unpenalized: true})
	fmt.Println(err)
	// Output:
	// logistic: columns ["days since cancellation"] separate the labels of 5 rows: there is no fit without penalty
}

func ExampleTerm_OddsRatio() {
	t, left := customers()
	model, err := logistic.Fit(context.Background(), t, left, nil)
	if err != nil {
		log.Fatal(err)
	}
	ratio, low, high := model.Terms()[1].OddsRatio(0.95)
	fmt.Printf("each day multiplies the odds by %.3f (%.3f to %.3f)\n", ratio, low, high)
	// Output:
	// each day multiplies the odds by 1.020 (0.999 to 1.042)
}
