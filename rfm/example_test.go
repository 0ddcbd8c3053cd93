package rfm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"slices"
	"time"

	"github.com/clientele-go/clientele/rfm"
)

func day(month time.Month, d int) time.Time {
	return time.Date(2025, month, d, 12, 0, 0, 0, time.UTC)
}

// purchases of a small shop, in cents.
var purchases = []rfm.Transaction[string]{
	{Customer: "ann", Time: day(1, 9), Amount: 12_00, Order: "1"},
	{Customer: "ann", Time: day(4, 2), Amount: 80_00, Order: "5"},
	{Customer: "ann", Time: day(6, 20), Amount: 45_50, Order: "9"},
	{Customer: "bob", Time: day(1, 15), Amount: 20_00, Order: "2"},
	{Customer: "cho", Time: day(2, 1), Amount: 150_00, Order: "3"},
	{Customer: "cho", Time: day(2, 11), Amount: 99_00, Order: "4"},
	{Customer: "cho", Time: day(2, 14), Amount: 99_00, Order: "4", Kind: rfm.Refund},
	{Customer: "dee", Time: day(6, 28), Amount: 9_90, Order: "10"},
	{Customer: "eve", Time: day(5, 3), Amount: 30_00, Order: "7"},
	{Customer: "eve", Time: day(5, 30), Amount: 30_00, Order: "8"},
}

func Example() {
	day := func(month time.Month, d int) time.Time { return time.Date(2025, month, d, 12, 0, 0, 0, time.UTC) }
	purchases := []rfm.Transaction[string]{ // amounts in cents
		{Customer: "ann", Time: day(1, 9), Amount: 12_00, Order: "1"},
		{Customer: "ann", Time: day(4, 2), Amount: 80_00, Order: "5"},
		{Customer: "ann", Time: day(6, 20), Amount: 45_50, Order: "9"},
		{Customer: "bob", Time: day(1, 15), Amount: 20_00, Order: "2"},
		{Customer: "cho", Time: day(2, 1), Amount: 150_00, Order: "3"},
		{Customer: "cho", Time: day(2, 11), Amount: 99_00, Order: "4"},
		{Customer: "cho", Time: day(2, 14), Amount: 99_00, Order: "4", Kind: rfm.Refund},
		{Customer: "dee", Time: day(6, 28), Amount: 9_90, Order: "10"},
	}
	a, err := rfm.Analyze(context.Background(), slices.Values(purchases), &rfm.Options{
		AsOf:     day(6, 30),
		Location: time.UTC,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range a.Customers {
		fmt.Printf("%s %3d days  orders %d  %6.2f  %v  %s\n",
			c.ID, c.Recency, c.Frequency, float64(c.Revenue)/100, c.Scores, a.Model.Segment(c.Scores).Name.EN)
	}
	// Output:
	// ann  10 days  orders 3  137.50  454  Champions
	// bob 166 days  orders 1   20.00  122  Hibernating
	// cho 139 days  orders 2  150.00  245  At Risk
	// dee   2 days  orders 1    9.90  521  Potential Loyalist
}

// The eight classes of Chinese CRM practice, cut at the mean of the scores.
func ExampleAnalysis_ByClass() {
	a, err := rfm.Analyze(context.Background(), slices.Values(purchases), &rfm.Options{AsOf: day(6, 30), Location: time.UTC})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range a.ByClass().Summary() {
		if s.Customers > 0 {
			fmt.Printf("%s (%s): %d, %.0f%% of revenue\n", s.Name.ZH, s.Name.EN, s.Customers, 100*s.RevenueShare)
		}
	}
	// Output:
	// 重要价值客户 (Important: value): 1, 36% of revenue
	// 重要保持客户 (Important: keep): 1, 40% of revenue
	// 一般发展客户 (General: develop): 1, 3% of revenue
	// 一般保持客户 (General: keep): 1, 16% of revenue
	// 一般挽留客户 (General: retain): 1, 5% of revenue
}

func ExampleSegmentTable_Validate() {
	for _, table := range []*rfm.SegmentTable{rfm.Eleven(), rfm.Published()} {
		c, err := table.Validate()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(table.Name, len(c.Holes), "holes,", len(c.Overlaps), "overlaps, unreachable:", c.Unreachable)
	}
	// Output:
	// eleven 0 holes, 0 overlaps, unreachable: []
	// published 36 holes, 42 overlaps, unreachable: [new promising cant-lose lost]
}

// Two services each see a part of the transactions; together they know what
// one that saw all would know.
func ExampleAccumulator_Merge() {
	opts := &rfm.Options{Location: time.UTC}
	east, err := rfm.NewAccumulator[string](nil, opts)
	if err != nil {
		log.Fatal(err)
	}
	west, err := rfm.NewAccumulator[string](nil, opts)
	if err != nil {
		log.Fatal(err)
	}
	for i, t := range purchases {
		if err := []*rfm.Accumulator[string]{east, west}[i%2].Add(t); err != nil {
			log.Fatal(err)
		}
	}
	wire, err := json.Marshal(west)
	if err != nil {
		log.Fatal(err)
	}
	arrived, err := rfm.NewAccumulator[string](nil, opts)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.Unmarshal(wire, arrived); err != nil {
		log.Fatal(err)
	}
	if err := east.Merge(arrived); err != nil {
		log.Fatal(err)
	}
	customers, _, err := east.Customers(day(6, 30))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(customers), "customers,", customers[0].ID, customers[0].Frequency, "orders")
	// Output: 5 customers, ann 3 orders
}

// A model is kept, and scores a customer it has never seen.
func ExampleModel() {
	a, err := rfm.Analyze(context.Background(), slices.Values(purchases), &rfm.Options{AsOf: day(6, 30), Location: time.UTC})
	if err != nil {
		log.Fatal(err)
	}
	data, err := json.Marshal(a.Model)
	if err != nil {
		log.Fatal(err)
	}
	var model rfm.Model
	if err := json.Unmarshal(data, &model); err != nil {
		log.Fatal(err)
	}
	s := model.Score(rfm.Values{Recency: 5, Frequency: 2, Monetary: 70_00})
	fmt.Println(s, model.Segment(s).Name.EN)
	// Output: 543 Champions
}

// Who moved where between the end of March and the end of June.
func ExampleGrouping_Migration() {
	at := func(asOf time.Time) *rfm.Grouping[string] {
		a, err := rfm.Analyze(context.Background(), slices.Values(purchases), &rfm.Options{AsOf: asOf, Location: time.UTC})
		if err != nil {
			log.Fatal(err)
		}
		return a.BySegment()
	}
	m, err := at(day(3, 31)).Migration(at(day(6, 30)))
	if err != nil {
		log.Fatal(err)
	}
	for from := range m.From {
		for to := range m.To {
			if m.Count(from, to) > 0 {
				fmt.Println(m.From[from].Name.EN, "->", m.To[to].Name.EN, m.Customers(from, to))
			}
		}
	}
	// Output:
	// Champions -> At Risk [cho]
	// Potential Loyalist -> Hibernating [bob]
	// Hibernating -> Champions [ann]
	// (absent before) -> Loyal Customers [eve]
	// (absent before) -> Potential Loyalist [dee]
}
