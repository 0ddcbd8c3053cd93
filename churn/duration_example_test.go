package churn_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/synth"
)

// When will a customer buy again? From a log to a probability, a median and a mean for each of them.
func ExampleFitTime() {
	ctx := context.Background()
	shop, err := synth.New(2, &synth.Options{Location: time.UTC, Customers: 2000, Season: &synth.Season{}})
	if err != nil {
		panic(err)
	}
	log, err := churn.NewLog(ctx, shopEvents(shop), &churn.LogOptions[int64]{Location: time.UTC, Until: shop.Until(), Compare: cmp.Compare[int64]})
	if err != nil {
		panic(err)
	}
	// Every four weeks: what was known then, and the days to the next purchase, for at most 180.
	label := churn.Happens{} // a purchase
	plan := &churn.Plan{Gap: churn.NoGap, Horizon: 180, Step: 28}
	spans, err := churn.Durations(ctx, log, plan, label, nil)
	if err != nil {
		panic(err)
	}
	model, err := churn.FitTime(ctx, spans, nil)
	if err != nil {
		panic(err)
	}
	today, err := churn.TimeSnapshotAt(ctx, log, log.Until(), label, model, nil)
	if err != nil {
		panic(err)
	}
	forecasts, err := churn.Forecasts(ctx, model, today)
	if err != nil {
		panic(err)
	}
	silence, _ := today.Table.Column("purchase_days_since")
	for row, id := range today.Table.IDs {
		if !slices.Contains([]int64{10431, 10716, 11446}, id.Customer) {
			continue
		}
		f, days := forecasts[row], silence.Num[row]
		fmt.Printf("%d: buys within 30 days %.0f%%, median %.0f days\n", id.Customer, 100*f.Within(0, 30), f.Median(0))
		fmt.Printf("  of the next 90 days, %.0f without a purchase; silent for %.0f days now, for 90 with %.0f%%\n",
			f.Remaining(0, 90), days, 100*f.Survival(90-days))
	}
	// Output:
	// 10431: buys within 30 days 30%, median 78 days
	//   of the next 90 days, 59 without a purchase; silent for 82 days now, for 90 with 90%
	// 10716: buys within 30 days 38%, median 48 days
	//   of the next 90 days, 51 without a purchase; silent for 6 days now, for 90 with 36%
	// 11446: buys within 30 days 64%, median 19 days
	//   of the next 90 days, 30 without a purchase; silent for 17 days now, for 90 with 14%
}
