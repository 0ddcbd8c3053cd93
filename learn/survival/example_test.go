package survival_test

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/clientele-go/clientele/learn/survival"
	"github.com/clientele-go/clientele/table"
)

// customers are 60 subscribers: their days until they left or were seen last, whether they
// left, how many tickets they wrote and how they pay.
func customers() (*table.Table[int], *survival.Data) {
	d := &survival.Data{}
	var tickets []float64
	var pay []string
	for i := range 60 {
		tickets = append(tickets, float64(i*7%5))
		pay = append(pay, []string{"card", "invoice"}[i%2])
		left := math.Round(400 * float64(1+i*37%60) / 60 * math.Exp(-.3*tickets[i]))
		seen := float64(100 + i*13%200)
		d.Exit, d.Event = append(d.Exit, min(left, seen)), append(d.Event, left <= seen)
	}
	return &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("tickets", tickets...), table.CategoryColumn("pay", pay...),
	}}, d
}

// How long do customers stay, what shortens it, and when does one of them leave?
func Example() {
	t, d := customers()
	curves, err := survival.KaplanMeier(d, 0.95)
	if err != nil {
		panic(err)
	}
	median, low, high := curves[0].Quantile(0.5)
	fmt.Printf("half have left after %.0f days (%.0f to %.0f)\n", median, low, high)

	m, err := survival.FitCox(context.Background(), t, d, nil)
	if err != nil {
		panic(err)
	}
	for _, term := range m.Terms() {
		ratio, low, high := term.HazardRatio(0.95)
		fmt.Printf("%s: hazard × %.2f (%.2f to %.2f)\n", strings.TrimSpace(term.Column+" "+term.Level), ratio, low, high)
	}

	f, err := m.Forecast([]float64{3, m.Code(1, "card")}, "")
	if err != nil {
		panic(err)
	}
	fmt.Printf("a customer with 3 tickets, here for 60 days: leaves within 30 days %.0f%%, of the next 180 days stays %.0f\n",
		100*f.Within(60, 30), f.Remaining(60, 180))
	// Output:
	// half have left after 104 days (73 to 133)
	// tickets: hazard × 1.58 (1.24 to 2.01)
	// pay invoice: hazard × 0.87 (0.48 to 1.55)
	// a customer with 3 tickets, here for 60 days: leaves within 30 days 32%, of the next 180 days stays 58
}

// Does the effect of a column fade?
func ExampleProportionalHazards() {
	t, d := customers()
	m, err := survival.FitCox(context.Background(), t, d, nil)
	if err != nil {
		panic(err)
	}
	tests, err := survival.ProportionalHazards(context.Background(), m, t, d, survival.KM, nil)
	if err != nil {
		panic(err)
	}
	for _, test := range tests {
		fmt.Printf("%q χ² %.2f on %d, P %.2f\n", test.Column, test.Statistic, test.DF, test.P)
	}
	// Output:
	// "tickets" χ² 2.87 on 1, P 0.09
	// "pay" χ² 0.06 on 1, P 0.81
	// "" χ² 2.93 on 2, P 0.23
}

// Do customers who pay by invoice leave sooner?
func ExampleLogRank() {
	t, d := customers()
	groups := make([]string, len(d.Exit))
	for row := range groups {
		groups[row] = t.Columns[1].Level(row)
	}
	r, err := survival.LogRank(d, groups)
	if err != nil {
		panic(err)
	}
	for i, group := range r.Groups {
		fmt.Printf("%s: %.0f left, %.1f expected\n", group, r.Observed[i], r.Expected[i])
	}
	fmt.Printf("P %.2f\n", r.P)
	// Output:
	// card: 24 left, 22.5 expected
	// invoice: 22 left, 23.5 expected
	// P 0.65
}

// How well does a score order customers by when they leave?
func ExampleConcordance() {
	t, d := customers()
	a, err := survival.Concordance(d, t.Columns[0].Num)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.3f ± %.3f\n", a.C, a.StdErr)
	// Output:
	// 0.646 ± 0.044
}

// steady is a classifier that gives everyone the same hazard in each month.
type steady float64

func (s steady) PredictRow([]float64) float64 { return float64(s) }

// From months to a table that any classifier learns from, and from the classifier to a forecast.
func ExampleDiscrete() {
	t := &table.Table[int]{IDs: []int{1, 2}, Columns: []table.Column{table.NumberColumn("tickets", 0, 4)}}
	d := &survival.Data{Exit: []float64{90, 45}, Event: []bool{false, true}}
	months := &survival.Periods{Ends: []float64{30, 60, 90}}
	e, err := survival.Expand(t, d, months)
	if err != nil {
		panic(err)
	}
	for i, id := range e.Table.IDs {
		fmt.Println("customer", id.ID, "period", id.Period, "left", e.Ended[i])
	}
	model, err := survival.NewDiscrete(steady(0.1), months)
	if err != nil {
		panic(err)
	}
	f := model.Forecast([]float64{4})
	fmt.Printf("stays 90 days: %.3f\n", f.Survival(90))
	// Output:
	// customer 1 period 0 left false
	// customer 1 period 1 left false
	// customer 1 period 2 left false
	// customer 2 period 0 left false
	// customer 2 period 1 left true
	// stays 90 days: 0.729
}
