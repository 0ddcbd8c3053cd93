package churn_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/churn"
)

// Two customers are looked at twice. What was known there becomes features, one of them the
// caller's own; what came in the two weeks after becomes the label.
func ExampleSnapshots() {
	var events []churn.Event[string]
	for name, days := range map[string][]int{"ann": {0, 7, 14, 21, 28, 34}, "bob": {3, 10, 33}} {
		for _, day := range days {
			events = append(events, churn.Event[string]{
				Customer: name, Time: time.Date(2025, 1, 1+day, 12, 0, 0, 0, time.UTC), Amount: 1000 + 100*int64(day),
			})
		}
	}
	log, err := churn.NewLog(context.Background(), slices.Values(events), &churn.LogOptions[string]{
		Location: time.UTC, Until: time.Date(2025, 2, 12, 0, 0, 0, 0, time.UTC), Compare: cmp.Compare[string],
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	dearest := churn.FeatureFunc[string](func(_ string, past *churn.History) float64 {
		most := int64(0)
		for r := range past.All() {
			most = max(most, r.Amount)
		}
		return float64(most)
	})
	rows, err := churn.Snapshots(context.Background(), log, &churn.Plan{Gap: churn.NoGap, Horizon: 14}, churn.Absent{}, &churn.Features[string]{
		Own: []churn.Own[string]{{Name: "dearest", Feature: dearest}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	shown, err := rows.Table.Select("purchase_count_30d", "purchase_days_since", "purchase_gap_median", "silence_to_gap_median", "dearest")
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, id := range shown.IDs {
		fmt.Print(id.Customer, " ", id.Cutoff)
		for _, c := range shown.Columns {
			fmt.Printf(" %6.4g", c.Num[i])
		}
		fmt.Println("", rows.Labels[i])
	}
	for _, c := range rows.Report.Cutoffs {
		fmt.Printf("%v: %d of %d bought nothing for two weeks\n", c.Cutoff, c.Positive, c.Rows)
	}
	// Output:
	// ann 2025-01-15      2      6      7 0.8571   1700 false
	// ann 2025-01-29      4      6      7 0.8571   3100 false
	// bob 2025-01-15      2      3      7 0.4286   2000 true
	// bob 2025-01-29      2     17      7  2.429   2000 false
	// 2025-01-15: 1 of 2 bought nothing for two weeks
	// 2025-01-29: 0 of 2 bought nothing for two weeks
}
