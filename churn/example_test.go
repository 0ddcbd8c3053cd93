package churn_test

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/synth"
)

// shopEvents are the events of a generated shop.
func shopEvents(shop *synth.Shop) iter.Seq[churn.Event[int64]] {
	return func(yield func(churn.Event[int64]) bool) {
		for e := range shop.Events() {
			if e.Customer != 0 && !yield(churn.Event[int64]{
				Customer: e.Customer, Time: e.Time, Kind: e.Kind.String(), Amount: e.Amount, Channel: e.Channel,
			}) {
				return
			}
		}
	}
}

// Who will buy nothing for two months, and why? Learned from two years of events, and judged on customers' later
// behaviour.
func Example() {
	ctx := context.Background()
	shop, err := synth.New(2, &synth.Options{Location: time.UTC, Customers: 5000})
	if err != nil {
		panic(err)
	}
	log, err := churn.NewLog(ctx, shopEvents(shop), &churn.LogOptions[int64]{Location: time.UTC, Until: shop.Until(), Compare: cmp.Compare[int64]})
	if err != nil {
		panic(err)
	}
	// Every four weeks: what was known then, and whether a purchase came between 3 and 63 days later.
	// Asked of those who are not silent for longer than 80% of their own gaps: of others one sees it.
	label := churn.Among{Label: churn.Absent{}, Who: "customers in their rhythm", Is: churn.OwnGap{Quantile: 0.8}.Subject}
	plan := &churn.Plan{Window: 365, Gap: 3, Horizon: 60, Step: 14}
	rows, err := churn.Snapshots(ctx, log, plan, label, nil)
	if err != nil {
		panic(err)
	}
	split, err := rows.Split(nil) // by time
	if err != nil {
		panic(err)
	}
	model, err := churn.Fit(ctx, split.Train, split.Calibrate, nil)
	if err != nil {
		panic(err)
	}
	report, err := churn.Evaluate(ctx, model, split.Test, &churn.EvaluateOptions{Share: 0.2})
	if err != nil {
		panic(err)
	}
	for _, c := range report.Contenders[:3] {
		fmt.Printf("%-18s  AUC %.2f  precision of the first 20%% %.2f\n", c.Name, c.AUC.Value, c.At.Precision.Value)
	}

	// Today's list.
	now, err := churn.SnapshotAt(ctx, log, log.Until(), label, model, nil)
	if err != nil {
		panic(err)
	}
	list, err := churn.Alerts(ctx, model, now, nil, &churn.AlertOptions[int64]{Capacity: 2})
	if err != nil {
		panic(err)
	}
	for _, alert := range list.Alerts {
		row, err := churn.Row(model, now, alert.Row, nil)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%d: %.0f%%\n", alert.Customer, 100*alert.Probability)
		for _, reason := range model.Reasons(row, &churn.ReasonOptions{Raising: 2}) {
			fmt.Println("  " + reason.Text.EN)
		}
	}
	// Output:
	// model               AUC 0.72  precision of the first 20% 0.53
	// logistic baseline   AUC 0.68  precision of the first 20% 0.50
	// silent for 60 days  AUC 0.62  precision of the first 20% 0.45
	// 13082: 57%
	//   Gaps between purchases vary by 118 days (typical: 28 days)
	//   Estimated purchase rate: every 84 days (typical: every 41 days)
	// 13185: 58%
	//   Days with a purchase in the last 365 days: 4 (typical: 6)
	//   Buys every 71 days on average (typical: 35 days)
}
