package profile_test

import (
	"context"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// Rows of profiles feed live segments: what follows happens as soon as evidence comes in.
func ExampleProfiles_RowColumns() {
	ctx := context.Background()
	p, id := shop(ctx)
	columns, err := p.RowColumns(ctx)
	check(err)
	index, err := segment.New(&segment.Options{Tags: segment.TagsOf(columns)})
	check(err)
	live, err := segment.NewLive(index, &segment.LiveOptions{At: day(5), Location: time.UTC, Definitions: []segment.Definition{
		{Name: "regulars", Rule: segment.And(segment.Ge("orders", 3), segment.Within("last_order", segment.Days(30)))},
	}})
	check(err)
	var cursor customer.Cursor
	follow := func(at time.Time) {
		for batch, err := range p.Rows(ctx, cursor) {
			check(err)
			notices, err := live.ApplyRows(ctx, at, batch)
			check(err)
			for _, n := range notices {
				fmt.Println(n.At.Format(time.DateOnly), n.Segment, "entered:", n.Entered, "by", n.Cause)
			}
			cursor = batch.Cursor // to be stored with the segments
		}
	}
	follow(day(5))
	_, err = p.Add(ctx, day(9), order("order-3", 9, 1000))
	check(err)
	_, err = p.Sync(ctx, day(9), founded(id))
	check(err)
	follow(day(9))
	for _, c := range columns {
		fmt.Println(c.Name, c.Kind)
	}
	// Output:
	// 2026-03-09 regulars entered: true by tag
	// city text
	// orders int64
	// spent int64
	// last_order time
}
