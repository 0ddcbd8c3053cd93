package churn_test

import (
	"context"
	"fmt"
	"log"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/table"
)

// A column that somebody joined from a table of closed accounts.
func ExampleProbe() {
	ctx := context.Background()
	rows, err := churn.Snapshots(ctx, shopLog(ctx, 1000), &churn.Plan{Gap: 3, Horizon: 28}, churn.Absent{}, nil)
	if err != nil {
		log.Fatal(err)
	}
	closed := make([]string, rows.Rows())
	for i, left := range rows.Labels {
		if left && i%3 == 0 {
			closed[i] = "moved away"
		}
	}
	joined, err := rows.Table.Select("purchase_days_since")
	if err != nil {
		log.Fatal(err)
	}
	joined.Columns = append(joined.Columns, table.CategoryColumn("closed", closed...))
	suspects, err := churn.Probe(ctx, joined, rows.Labels, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range suspects {
		fmt.Printf("%s: AUC %.2f", s.Column, s.Strength)
		for i, flag := range s.Flags {
			fmt.Printf(", %v: %s", flag, s.Texts[i].EN)
		}
		fmt.Println()
	}
	// Output:
	// closed: AUC 0.67, certain: 3481 of the 3481 rows with "moved away" are positive
	// purchase_days_since: AUC 0.79
}
