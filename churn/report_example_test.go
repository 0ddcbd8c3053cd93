package churn_test

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/learn/logistic"
)

// purchases yields those of 300 customers in a year, each in a rhythm of its own until it ends.
func purchases() iter.Seq[churn.Event[int]] {
	return func(yield func(churn.Event[int]) bool) {
		random := rand.New(rand.NewPCG(1, 2))
		for customer := range 300 {
			gap := 1 + 14*random.Float64()
			for day := 180 * random.Float64(); day < 365 && random.Float64() > 0.04; day += gap * random.ExpFloat64() {
				at := time.Date(2025, 1, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(day * float64(24*time.Hour)))
				if !yield(churn.Event[int]{Customer: customer, Time: at, Amount: 1000 + random.Int64N(9000)}) {
					return
				}
			}
		}
	}
}

func purchaseLog() *churn.Log[int] {
	log, err := churn.NewLog(context.Background(), purchases(), &churn.LogOptions[int]{
		Location: time.UTC, Until: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Compare: cmp.Compare[int],
	})
	if err != nil {
		panic(err)
	}
	return log
}

// straightLines is quick to fit.
var straightLines = &churn.FitOptions{Logistic: &logistic.Options{L2: 10}}

// Does the model see more than a rule that anybody can follow?
func ExampleEvaluate() {
	ctx := context.Background()
	plan := &churn.Plan{Window: 120, Gap: 3, Horizon: 7, Step: 7}
	rows, err := churn.Snapshots(ctx, purchaseLog(), plan, churn.OwnGap{Fallback: 30}, nil)
	if err != nil {
		panic(err)
	}
	split, err := rows.Split(nil)
	if err != nil {
		panic(err)
	}
	model, err := churn.Fit(ctx, split.Train, split.Calibrate, straightLines)
	if err != nil {
		panic(err)
	}
	report, err := churn.Evaluate(ctx, model, split.Test, &churn.EvaluateOptions{Silence: 15})
	if err != nil {
		panic(err)
	}
	for _, c := range report.Contenders {
		fmt.Printf("%-19s AUC %.2f, precision %.2f of %2.0f alerts\n", c.Name, c.AUC.Value, c.At.Precision.Value, c.At.Rows)
	}
	// Output:
	// model               AUC 0.96, precision 0.77 of 22 alerts
	// logistic baseline   AUC 0.96, precision 0.73 of 22 alerts
	// silent for 15 days  AUC 0.87, precision 0.50 of 22 alerts
	// share so far        AUC 0.50, precision 0.11 of 22 alerts
	// nobody              AUC NaN, precision NaN of  0 alerts
}

// Of four customers, two are worth a call that costs 1.00 and an offer of 5.00.
func ExampleAlerts() {
	ctx := context.Background()
	log := purchaseLog()
	day := log.Until() - 31
	plan := &churn.Plan{Window: 120, Gap: 3, Horizon: 28, First: day, Last: day}
	rows, err := churn.Snapshots(ctx, log, plan, churn.Absent{}, nil)
	if err != nil {
		panic(err)
	}
	rows = rows.Take([]int{0, 1, 2, 3})
	list, err := churn.Alerts(ctx, nil, rows, []float64{0.6, 0.05, 0.3, 0.5}, &churn.AlertOptions[int]{
		Economics: churn.Economics{Contact: 100, Offer: 500, Acceptance: 0.3, Margin: 0.25},
		Values:    []int64{80_000, 90_000, 4_000, 30_000},
	})
	if err != nil {
		panic(err)
	}
	for _, a := range list.Alerts {
		fmt.Printf("customer %d: %.0f %%, value %.2f, profit %.2f, pays from an acceptance of %.2f\n",
			a.Customer, 100*a.Probability, a.Value/100, a.Profit/100, a.BreakEven)
	}
	fmt.Printf("%d are not worth it; in all %.2f, between %.2f and %.2f\n", list.Unprofitable,
		list.Profit.Value/100, list.Profit.Low/100, list.Profit.High/100)
	// Output:
	// customer 0: 60 %, value 800.00, profit 32.10, pays from an acceptance of 0.03
	// customer 5: 50 %, value 300.00, profit 7.00, pays from an acceptance of 0.10
	// 2 are not worth it; in all 39.10, between -118.22 and 196.42
}

// stillBuying asks who of those who bought of late buys nothing more for a while.
var stillBuying = churn.Among{
	Label: churn.Absent{},
	Who:   "customers of the last 28 days",
	Is:    func(past *churn.History) bool { return past.Count(churn.Purchase, 28) > 0 },
}

// How good would such lists have been?
func ExampleBacktest() {
	plan := &churn.Plan{Window: 120, Gap: 3, Horizon: 28, Step: 14}
	result, err := churn.Backtest(context.Background(), purchaseLog(), plan, stillBuying,
		&churn.Features[int]{Windows: []int{30}}, &churn.BacktestOptions[int]{Fit: straightLines, Refit: 5, Silence: 20})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d lists, the first of %v\n", len(result.Cutoffs), result.Cutoffs[0].Cutoff)
	for _, list := range result.Total.Lists {
		fmt.Printf("%-19s %2d alerts, %2d right, precision %.2f\n", list.Name, list.Alerts, list.Hits, list.Precision.Value)
	}
	// Output:
	// 10 lists, the first of 2025-07-28
	// model               51 alerts, 30 right, precision 0.59
	// longest silence     51 alerts, 21 right, precision 0.41
	// silent for 20 days  133 alerts, 59 right, precision 0.44
	// nobody               0 alerts,  0 right, precision NaN
}
