package churn_test

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"log"
	"time"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/synth"
)

// shopLog is the log of the purchases of a generated shop of two years.
func shopLog(ctx context.Context, customers int) *churn.Log[int64] {
	shop, err := synth.New(1, &synth.Options{Location: time.UTC, Customers: customers})
	if err != nil {
		log.Fatal(err)
	}
	var purchases iter.Seq[churn.Event[int64]] = func(yield func(churn.Event[int64]) bool) {
		for i := range shop.Len() {
			for e := range shop.History(i) {
				if e.Kind == synth.Purchase && !yield(churn.Event[int64]{Customer: e.Customer, Time: e.Time, Amount: e.Amount}) {
					return
				}
			}
		}
	}
	l, err := churn.NewLog(ctx, purchases, &churn.LogOptions[int64]{
		Location: time.UTC, Since: shop.Since(), Until: shop.Until(), Compare: cmp.Compare[int64],
	})
	if err != nil {
		log.Fatal(err)
	}
	return l
}

// How many leave depends on what leaving means, and so does how many of those come back.
func ExampleSensitivity() {
	ctx := context.Background()
	table, err := churn.Sensitivity(ctx, shopLog(ctx, 1000), &churn.Plan{Gap: 3, Horizon: 30}, []churn.Label{
		churn.Silence{Days: 60},
		churn.Silence{Days: 120},
		churn.OwnGap{Fallback: 120},
		churn.LowAlive{Model: *synth.DefaultPurchasing(), Below: 0.5},
		churn.Absent{},
	}, &churn.SensitivityOptions{Return: 60})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(table)
	// Output:
	//   subjects   yes   rate    95% interval  late  early   back    of   agree  kappa  label
	//       3359  1205  35.9%  34.4% to 37.3%   116      0  27.3%  1073  100.0%   1.00  no purchase for 60 days
	//       5271   772  14.6%  13.9% to 15.4%    70      0  12.6%   697   64.1%   0.00  no purchase for 120 days
	//       5058   874  17.3%  16.6% to 18.0%    71      0  20.4%   785   64.2%   0.02  no purchase for longer than 95% of own gaps (120 days with fewer than 3 gaps)
	//       5140   792  15.4%  14.6% to 16.2%    60      0  14.6%   712   65.3%   0.04  P(alive) by purchase below 0.5
	//      10933  9605  87.9%  86.5% to 89.1%     0      0  12.5%  8064   56.7%   0.23  no purchase
}
