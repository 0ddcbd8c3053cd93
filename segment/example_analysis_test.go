package segment_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// teaShop returns an index of 1,000 customers of a shop: every fifth drinks green tea, and most of these live in 杭州.
func teaShop() *segment.Index {
	ix, err := segment.New(&segment.Options{Infer: true})
	if err != nil {
		log.Fatal(err)
	}
	var b segment.Batch
	for i := range 1000 {
		id := customer.FromInt64(int64(i))
		green := i%5 == 0
		city := [...]string{"上海", "杭州", "北京", "成都"}[i/5%4]
		if green && i%20 != 0 {
			city = "杭州"
		}
		b.Set(id, "green_tea", customer.BoolValue(green))
		b.Set(id, "city", customer.TextValue(city))
		b.Set(id, "newsletter", customer.BoolValue(i%3 == 0))
		b.Set(id, "orders", customer.Int64Value(int64(i%7)))
	}
	if err := ix.Apply(context.Background(), &b); err != nil {
		log.Fatal(err)
	}
	return ix
}

func ExampleSnapshot_Overlap() {
	s := teaShop().Snapshot()
	o, err := s.Overlap(context.Background(), segment.Query{},
		segment.IsTrue("green_tea"), segment.Eq("city", "杭州"), segment.IsTrue("newsletter"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(o)
	fmt.Printf("green tea and 杭州: %d customers, lift %.2f, Jaccard %.2f\n", o.Count(0, 1), o.Lift(0, 1), o.Jaccard(0, 1))
	// Output:
	// count       0       1       2
	//   0    200  100.0%   75.0%   33.5%  green_tea
	//   1    350   42.9%  100.0%   33.4%  city = "杭州"
	//   2    334   20.1%   35.0%  100.0%  newsletter
	// green tea and 杭州: 150 customers, lift 2.14, Jaccard 0.38
}

func ExampleSnapshot_Portrait() {
	s := teaShop().Snapshot()
	traits, err := s.Portrait(context.Background(), segment.Query{Rule: segment.IsTrue("green_tea")},
		&segment.PortraitOptions{Except: []string{"green_tea"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range traits {
		fmt.Printf("%-13s %5.1f%% against %5.1f%%  lift %.2f  h %+.2f\n", t.Rule, 100*t.Share, 100*t.BaseShare, t.Lift, t.Effect)
	}
	// Output:
	// city = "北京"     0.0% against  20.0%  lift 0.00  h -1.05
	// city = "成都"     0.0% against  20.0%  lift 0.00  h -1.05
	// city = "杭州"    75.0% against  35.0%  lift 2.14  h +1.05
}

func ExampleSnapshot_Diff() {
	ix := teaShop()
	before := ix.Snapshot()
	var b segment.Batch
	b.Set(customer.FromInt64(1), "green_tea", customer.BoolValue(true))
	b.Set(customer.FromInt64(5), "green_tea", customer.BoolValue(false))
	b.Delete(customer.FromInt64(10))
	b.Set(customer.FromInt64(2000), "green_tea", customer.BoolValue(true))
	if err := ix.Apply(context.Background(), &b); err != nil {
		log.Fatal(err)
	}
	q := segment.Query{Rule: segment.IsTrue("green_tea"), AsOf: time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)}
	d, err := ix.Snapshot().Diff(context.Background(), q, before, q)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d entered, %d of them new; %d left, %d of them deleted; %d stayed\n",
		d.Entered.Len(), d.New, d.Left.Len(), d.Deleted, d.Stayed)
	for id, err := range before.IDs(context.Background(), d.Left) {
		if err != nil {
			log.Fatal(err)
		}
		n, _ := customer.ToInt64(id)
		fmt.Println("left:", n)
	}
	// Output:
	// 2 entered, 1 of them new; 2 left, 1 of them deleted; 198 stayed
	// left: 5
	// left: 10
}

func ExampleSnapshot_Draw() {
	s := teaShop().Snapshot()
	for _, n := range []int{3, 5} {
		ids, err := s.Draw(context.Background(), segment.Query{Rule: segment.IsTrue("green_tea")}, n, "taste panel")
		if err != nil {
			log.Fatal(err)
		}
		var drawn []int64
		for _, id := range ids {
			n, _ := customer.ToInt64(id)
			drawn = append(drawn, n)
		}
		fmt.Println(drawn)
	}
	// Output:
	// [345 695 465]
	// [345 695 465 985 5]
}

func ExampleSnapshot_Lookalike() {
	s := teaShop().Snapshot()
	seed := segment.Query{Rule: segment.IsTrue("green_tea")}
	found, err := s.Lookalike(context.Background(), seed, segment.Query{}, 3,
		&segment.LookalikeOptions{Except: []string{"green_tea"}, Reasons: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range found {
		n, _ := customer.ToInt64(a.ID)
		fmt.Printf("customer %d, score %.2f: %s\n", n, a.Score, a.Traits[0].Rule)
	}
	// Output:
	// customer 6, score 1.08: city = "杭州"
	// customer 7, score 1.08: city = "杭州"
	// customer 8, score 1.08: city = "杭州"
}
