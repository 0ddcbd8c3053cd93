package churn_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/table"
)

// Events come in any order, late ones and faulty ones among them.
func ExampleNewLog() {
	at := func(day, hour int) time.Time { return time.Date(2025, 3, day, hour, 0, 0, 0, time.UTC) }
	events := []churn.Event[string]{
		{Customer: "bea", Time: at(4, 9), Kind: churn.Contact},
		{Customer: "abe", Time: at(3, 8), Kind: churn.Purchase, Amount: 1999, Channel: "web"},
		{Customer: "abe", Time: at(5, 23), Arrived: at(6, 2), Kind: churn.Refund, Amount: 1999},
		{Time: at(4, 1), Kind: churn.Purchase, Amount: 100}, // a guest
		{Customer: "bea", Time: at(9, 1), Kind: churn.Purchase, Amount: 100},
	}
	log, err := churn.NewLog(context.Background(), slices.Values(events), &churn.LogOptions[string]{
		Location: time.UTC,
		Until:    at(8, 12), // rounded down to midnight: of the last day only a half is here
		Compare:  cmp.Compare[string],
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(log.Customers(), "from", log.Since(), "to before", log.Until())
	r := log.Report()
	fmt.Printf("%d events: %d kept, %d of nobody, %d late; %d delayed\n", r.Events, r.Kept, r.NoCustomer, r.Late, r.Delayed)
	// Output:
	// [abe bea] from 2025-03-03 to before 2025-03-08
	// 5 events: 3 kept, 1 of nobody, 1 late; 1 delayed
}

// Columns are the fast way in: texts are indexes into lists of names.
func ExampleNewLogColumns() {
	day := func(d int) int64 { return time.Date(2025, 3, d, 12, 0, 0, 0, time.UTC).Unix() }
	columns := &table.Events[int64]{
		Customers:    []int64{7, 7, 3},
		Times:        []int64{day(9), day(2), day(5)},
		Amounts:      []int64{1250, 990, 4000},
		Channels:     []int32{0, -1, 1},
		ChannelNames: []string{"web", "store"},
	}
	log, err := churn.NewLogColumns(context.Background(), columns, &churn.LogOptions[int64]{
		Location: time.UTC,
		Since:    time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC),
		Until:    time.Date(2025, 4, 1, 0, 0, 0, 0, time.UTC),
		Compare:  cmp.Compare[int64],
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(log.Customers(), log.Report().Kept)
	// Output: [3 7] 3
}
