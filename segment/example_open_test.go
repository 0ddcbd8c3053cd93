package segment_test

import (
	"context"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

// Live segments that a store keeps go on where they were: members, the clock, and the numbers of notices.
func ExampleOpenLive() {
	ctx := context.Background()
	kept := &store.Memory{} // a service takes a store that outlives it, such as one of package sqlite
	start := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	open := func() *segment.Live {
		live, err := segment.OpenLive(ctx, kept, &segment.OpenOptions{
			Live: segment.LiveOptions{
				At:          start,
				Definitions: []segment.Definition{{Name: "regular", Rule: segment.Ge("orders", 2)}},
			},
			Index: segment.Options{Tags: []segment.Tag{{Name: "orders", Kind: segment.Integer}}},
			Clock: time.Now, Owner: "shop-1",
		})
		if err != nil {
			panic(err)
		}
		return live
	}
	buy := func(live *segment.Live, number int64, at time.Time) {
		var b segment.Batch
		b.Increment(customer.FromInt64(number), "orders", customer.Int64Value(1))
		notices, err := live.Apply(ctx, at, &b)
		if err != nil {
			panic(err)
		}
		for _, n := range notices {
			fmt.Printf("%d. customer %d is in %s\n", n.Number, number, n.Segment)
		}
	}

	live := open()
	buy(live, 7, start.Add(1*time.Hour))
	buy(live, 7, start.Add(2*time.Hour))
	buy(live, 8, start.Add(3*time.Hour))
	if err := live.Close(ctx); err != nil { // not needed: whoever opens it after a crash finds the same
		panic(err)
	}

	live = open() // At, Definitions and Index mean nothing now
	members, _ := live.Len("regular")
	fmt.Println(members, "member at", live.At().Format("15:04"))
	buy(live, 8, start.Add(4*time.Hour))
	for n, err := range live.Notices(ctx, 0) {
		number, _ := customer.ToInt64(n.Customer)
		fmt.Println(n.Number, number, err)
	}
	_ = live.Close(ctx)
	// Output:
	// 1. customer 7 is in regular
	// 1 member at 12:00
	// 2. customer 8 is in regular
	// 1 7 <nil>
	// 2 8 <nil>
}
