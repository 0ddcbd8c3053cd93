package churn_test

import (
	"context"
	"fmt"
	"log"

	"github.com/clientele-go/clientele/churn"
)

// Rows of a later slice are about days that no earlier row knows.
func ExampleDataset_Split() {
	ctx := context.Background()
	plan := &churn.Plan{Gap: 3, Horizon: 28, Step: 14}
	rows, err := churn.Snapshots(ctx, shopLog(ctx, 1000), plan, churn.Absent{}, nil)
	if err != nil {
		log.Fatal(err)
	}
	split, err := rows.Split(&churn.SplitOptions{Customers: 0.3})
	if err != nil {
		log.Fatal(err)
	}
	show := func(name string, d *churn.Dataset[int64]) {
		cutoffs := d.Report.Cutoffs
		fmt.Printf("%-11s %5d rows, cut-offs %v to %v\n", name, d.Rows(), cutoffs[0].Cutoff, cutoffs[len(cutoffs)-1].Cutoff)
	}
	show("training", split.Train)
	show("calibration", split.Calibrate)
	show("test", split.Test)
	fmt.Printf("left out    %5d rows for time, %d for the customer\n", split.Overlap, split.Held)
	// Output:
	// training     5194 rows, cut-offs 2023-01-29 to 2024-01-28
	// calibration  4224 rows, cut-offs 2024-03-10 to 2024-06-30
	// test         2079 rows, cut-offs 2024-08-11 to 2024-12-01
	// left out     1889 rows for time, 9649 for the customer
}
