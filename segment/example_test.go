package segment_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

func Example() {
	ctx := context.Background()
	ix, err := segment.New(&segment.Options{Tags: []segment.Tag{
		{Name: "city", Kind: segment.Enum},
		{Name: "orders_90d", Kind: segment.Integer},
		{Name: "last_order", Kind: segment.Time},
		{Name: "vip", Kind: segment.Flag},
	}})
	if err != nil {
		log.Fatal(err)
	}
	var b segment.Batch
	for i, c := range []struct {
		city   string
		orders int64
		last   string
	}{
		{"广州", 5, "2025-06-20"},
		{"深圳", 3, "2025-06-28"},
		{"深圳", 4, "2025-03-01"},
		{"上海", 9, "2025-06-29"},
	} {
		id := customer.FromInt64(int64(i + 1))
		last, err := time.Parse(time.DateOnly, c.last)
		if err != nil {
			log.Fatal(err)
		}
		b.Set(id, "city", customer.TextValue(c.city))
		b.Set(id, "orders_90d", customer.Int64Value(c.orders))
		b.Set(id, "last_order", customer.TimeValue(last))
	}
	if err := ix.Apply(ctx, &b); err != nil {
		log.Fatal(err)
	}

	rule, err := segment.Parse(`city in ("广州", "深圳") and orders_90d >= 3 and last_order within 30 days and not vip`)
	if err != nil {
		log.Fatal(err)
	}
	s := ix.Snapshot()
	q := segment.Query{Rule: rule, AsOf: time.Date(2025, 6, 30, 12, 0, 0, 0, time.UTC), Location: time.UTC}
	n, err := s.Count(ctx, q)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "of", s.Len())
	for id, err := range s.Members(ctx, q) {
		if err != nil {
			log.Fatal(err)
		}
		number, _ := customer.ToInt64(id)
		fmt.Println("customer", number)
	}
	why, err := s.Why(ctx, q, customer.FromInt64(3))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(why)
	// Output:
	// 2 of 4
	// customer 1
	// customer 2
	// fails: and
	//   fails: last_order within 30 days
}

func ExampleSnapshot_Explain() {
	ctx := context.Background()
	ix, err := segment.New(&segment.Options{Infer: true})
	if err != nil {
		log.Fatal(err)
	}
	ids := make([]customer.ID, 100_000)
	vip, spend := make([]bool, len(ids)), make([]int64, len(ids))
	for i := range ids {
		ids[i] = customer.FromInt64(int64(i))
		vip[i], spend[i] = i%10 == 0, int64(i/10)
	}
	err = ix.Load(ctx, time.Time{}, ids, []segment.Column{{Tag: "vip", Bools: vip}, {Tag: "spend", Ints: spend}})
	if err != nil {
		log.Fatal(err)
	}
	rule := segment.And(segment.Ge("spend", 9_000), segment.IsTrue("vip"))
	plan, err := ix.Snapshot().Explain(ctx, segment.Query{Rule: rule})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(plan)
	// Output:
	// step                            estimated     selected    decided  rule
	// all                                  1000         1000        0/2
	//   set                               10000        10000        2/2  vip
	//   bits                               9998        10000        1/2  spend >= 9000
}
