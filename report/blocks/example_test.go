package blocks_test

import (
	"context"
	"log"
	"os"
	"slices"
	"time"

	"github.com/clientele-go/clientele/report"
	"github.com/clientele-go/clientele/report/blocks"
	"github.com/clientele-go/clientele/rfm"
)

// Results go into a report as blocks.
func Example() {
	day := func(d int) time.Time { return time.Date(2025, 6, d, 12, 0, 0, 0, time.UTC) }
	a, err := rfm.Analyze(context.Background(), slices.Values([]rfm.Transaction[string]{
		{Customer: "ann", Time: day(2), Amount: 120_00},
		{Customer: "ann", Time: day(20), Amount: 80_00},
		{Customer: "bob", Time: day(5), Amount: 20_00},
		{Customer: "cho", Time: day(28), Amount: 15_00},
	}), &rfm.Options{AsOf: day(30), Location: time.UTC})
	if err != nil {
		log.Fatal(err)
	}
	tiers, err := a.ByTier()
	if err != nil {
		log.Fatal(err)
	}
	title := report.Text{EN: "Value tiers", ZH: "价值分层"}
	r := &report.Report{Sections: []report.Section{{Title: title, Blocks: []report.Block{blocks.Shares(report.Text{}, tiers)}}}}
	if err := r.WriteText(os.Stdout, report.English); err != nil {
		log.Fatal(err)
	}
	// Output:
	//
	// Value tiers
	// ===========
	//
	//                                of customers  of revenue
	//   Tier 1 (0–50% of revenue)           33.3%       85.1%  █████████
	//   Tier 2 (50–80% of revenue)           0.0%        0.0%
	//   Tier 3 (80–95% of revenue)          66.7%       14.9%  ███████████████████
	//   Tier 4 (95–100% of revenue)          0.0%        0.0%
}
