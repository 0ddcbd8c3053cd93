package customer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// The ids of another system become ids of customers, and come back.
func Example() {
	member := customer.FromInt64(1042)
	fmt.Println(member)
	n, ok := customer.ToInt64(member)
	fmt.Println(n, ok)

	outlet, err := customer.FromString("GZ-TH-0017")
	fmt.Println(outlet, err)
	code, ok := customer.ToString(outlet)
	fmt.Println(code, ok)

	_, err = customer.FromString("an id that is longer")
	fmt.Println(err)
	fmt.Println(customer.FromHash("loyalty", "an id that is longer"))
	// Output:
	// 00000000-0000-8080-8000-000000000412
	// 1042 true
	// 475a2d54-482d-8030-9a30-313700000000 <nil>
	// GZ-TH-0017 true
	// customer: foreign id does not fit: it has 20 bytes, not 1 to 15
	// 101322bf-959d-8451-b3df-656f6e2a34ad
}

// memberFeed is the feed of a shop whose member numbers are its customers.
type memberFeed []customer.Change

func (f memberFeed) Changes(_ context.Context, after customer.Cursor) iter.Seq2[customer.Change, error] {
	return func(yield func(customer.Change, error) bool) {
		for _, change := range f {
			if change.Seq > after[change.Shard] && !yield(change, nil) {
				return
			}
		}
	}
}

func (f memberFeed) Head(context.Context) (customer.Cursor, error) {
	var head customer.Cursor
	for _, change := range f {
		head[change.Shard] = change.Seq
	}
	return head, nil
}

// A merge has an entry for the survivor and one for the loser. A follower that keeps
// its cursor gets each change once.
func ExampleFeed() {
	anna, berta := customer.FromInt64(1), customer.FromInt64(2)
	merge := customer.Change{
		Seq: 1, Part: 1, Parts: 1, Verb: customer.Merged, From: berta, To: anna,
		At: time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC),
	}
	survivor, loser := merge, merge
	survivor.Customer, survivor.Shard = anna, customer.ShardOf(anna)
	loser.Customer, loser.Shard = berta, customer.ShardOf(berta)
	var feed customer.Feed = memberFeed{survivor, loser}

	var cursor customer.Cursor
	follow := func() {
		for change, err := range feed.Changes(context.Background(), cursor) {
			if err != nil {
				fmt.Println(err)
				return
			}
			if change.Verb == customer.Merged && change.Customer == change.From {
				fmt.Println("delete", change.Customer)
			} else {
				fmt.Println("fold  ", change.Customer)
			}
			if err := cursor.Advance(change); err != nil {
				fmt.Println(err)
				return
			}
		}
	}
	follow()
	follow() // nothing is new
	head, err := feed.Head(context.Background())
	fmt.Println(cursor.Covers(head), err)
	// Output:
	// fold   00000000-0000-8080-8000-000000000001
	// delete 00000000-0000-8080-8000-000000000002
	// true <nil>
}

func ExampleRowBatch() {
	batch := customer.RowBatch{
		Upserts: []customer.Row{{
			ID: customer.FromInt64(1),
			Values: []customer.Field{
				{Name: "city", Value: customer.TextValue("广州")},
				{Name: "spend", Value: customer.Int64Value(128_50)},
				{Name: "channels", Value: customer.LabelsValue("shop", "app")},
				{Name: "last_order", Value: customer.TimeValue(time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC))},
				{Name: "coupon"}, // no longer set
			},
		}},
		Deletes: []customer.ID{customer.FromInt64(2)},
		Cursor:  customer.Cursor{0, 3},
	}
	data, err := json.MarshalIndent(batch, "", " ")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(data))
	// Output:
	// {
	//  "upserts": [
	//   {
	//    "id": "00000000-0000-8080-8000-000000000001",
	//    "values": [
	//     {
	//      "name": "city",
	//      "value": "广州"
	//     },
	//     {
	//      "name": "spend",
	//      "value": 12850
	//     },
	//     {
	//      "name": "channels",
	//      "value": [
	//       "app",
	//       "shop"
	//      ]
	//     },
	//     {
	//      "name": "last_order",
	//      "value": {
	//       "time": "2026-03-05T12:00:00Z"
	//      }
	//     },
	//     {
	//      "name": "coupon",
	//      "value": null
	//     }
	//    ]
	//   }
	//  ],
	//  "deletes": [
	//   "00000000-0000-8080-8000-000000000002"
	//  ],
	//  "cursor": "0,3"
	// }
}

func ExampleValue() {
	v := customer.DecimalValue(1250, 2)
	fmt.Println(v == customer.DecimalValue(125, 1))
	coefficient, scale, _ := v.Decimal()
	fmt.Println(coefficient, scale)
	fmt.Println(v) // the kind: a value may be personal data
	// Output:
	// true
	// 125 1
	// decimal
}

func ExampleRowBatch_Validate() {
	batch := customer.RowBatch{Upserts: []customer.Row{
		{ID: customer.FromInt64(1), Values: []customer.Field{
			{Name: "city", Value: customer.TextValue("\xb9\xe3")}, // GBK, not UTF-8
			{Name: "city", Value: customer.TextValue("广州")},
		}},
		{ID: customer.FromInt64(1)},
	}}
	fmt.Println(batch.Validate())
	// Output:
	// customer: row 0: city is not valid: text is not UTF-8
	// customer: row 0: city is in the row twice
	// customer: row 1: id is in the batch twice
}
