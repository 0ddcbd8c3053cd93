package segment_test

import (
	"context"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// A segment of those who bought lately, one of those who have not for long, and a small one for a present. Customers enter and
// leave because they buy and because they do not.
func ExampleLive() {
	ctx := context.Background()
	shanghai := time.FixedZone("Asia/Shanghai", 8*60*60)
	at := func(day, hour int) time.Time { return time.Date(2026, time.March, day, hour, 0, 0, 0, shanghai) }
	index, _ := segment.New(&segment.Options{Tags: []segment.Tag{
		{Name: "orders", Kind: segment.Integer},
		{Name: "last_order", Kind: segment.Time},
	}})
	live, err := segment.NewLive(index, &segment.LiveOptions{
		At: at(1, 9), Location: shanghai,
		Definitions: []segment.Definition{
			{Name: "active", Rule: segment.Within("last_order", segment.Days(7))},
			{Name: "dormant", Rule: segment.And(segment.IsSet("last_order"), segment.Not(segment.Segment("active")))},
			{Name: "present", Rule: segment.And(segment.Segment("active"), segment.Ge("orders", 2)), Cap: 1},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	show := func(notices []segment.Notice, err error) {
		for _, n := range notices {
			verb := "left"
			if n.Entered {
				verb = "entered"
			}
			number, _ := customer.ToInt64(n.Customer)
			fmt.Printf("%d. %s: customer %d %s %s by %s\n", n.Number, n.At.In(shanghai).Format("2 Jan 15:04"), number, verb, n.Segment, n.Cause)
		}
		if err != nil {
			fmt.Println(err)
		}
	}
	buy := func(number int64, at time.Time) {
		var b segment.Batch
		b.Increment(customer.FromInt64(number), "orders", customer.Int64Value(1))
		b.Set(customer.FromInt64(number), "last_order", customer.TimeValue(at))
		show(live.Apply(ctx, at, &b))
	}
	buy(7, at(2, 10))
	buy(8, at(2, 11))
	buy(8, at(3, 12))
	buy(7, at(4, 13)) // there is one present, and 8 has it
	for next := live.Next(); !next.IsZero(); next = live.Next() {
		show(live.Advance(ctx, next)) // a service sleeps until then
	}
	// Output:
	// 1. 2 Mar 10:00: customer 7 entered active by tag
	// 2. 2 Mar 11:00: customer 8 entered active by tag
	// 3. 3 Mar 12:00: customer 8 entered present by tag
	// 4. 10 Mar 00:00: customer 8 left active by time
	// 5. 10 Mar 00:00: customer 8 entered dormant by time
	// 6. 10 Mar 00:00: customer 7 entered present by place
	// 7. 10 Mar 00:00: customer 8 left present by time
	// 8. 11 Mar 00:00: customer 7 left active by time
	// 9. 11 Mar 00:00: customer 7 entered dormant by time
	// 10. 11 Mar 00:00: customer 7 left present by time
}

// What an edit of a definition would do is known beforehand.
func ExampleLive_Preview() {
	ctx := context.Background()
	index, _ := segment.New(&segment.Options{Tags: []segment.Tag{{Name: "orders", Kind: segment.Integer}}})
	var b segment.Batch
	for number := range int64(10) {
		b.Set(customer.FromInt64(number), "orders", customer.Int64Value(number))
	}
	_ = index.Apply(ctx, &b)
	live, err := segment.NewLive(index, &segment.LiveOptions{
		At:          time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC),
		Definitions: []segment.Definition{{Name: "regulars", Rule: segment.Ge("orders", 5)}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := live.Preview(ctx, segment.Definition{Name: "regulars", Rule: segment.Between("orders", 3, 8)}, 10)
	fmt.Println(p.Members, "members,", p.Enter, "enter,", p.Leave, "leave", err)
	for _, id := range p.Leaving {
		number, _ := customer.ToInt64(id)
		fmt.Println("leaves:", number)
	}
	// Output:
	// 6 members, 2 enter, 1 leave <nil>
	// leaves: 9
}
