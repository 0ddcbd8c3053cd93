package profile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

// A shop and its call centre know somebody by the same phone number.
func Example() {
	ctx := context.Background()
	s := new(store.Memory)
	who, err := identity.Open(ctx, s, nil, nil)
	check(err)
	p, err := profile.Open(ctx, s, &profile.Schema{
		Location: "Asia/Shanghai",
		Sources:  []profile.Source{{Name: "crm", Channel: "phone"}, {Name: "shop"}}, // the most trusted first
		Traits: []profile.Trait{
			{Name: "name", Kind: customer.KindText, Sensitivity: profile.Personal, Policy: []profile.Rule{profile.SourcePriority}},
			{Name: "city", Kind: customer.KindText}, // the most recent
			{Name: "interests", Kind: customer.KindLabels, Policy: []profile.Rule{profile.Union}},
			{Name: "credit", Kind: customer.KindDecimal, Policy: []profile.Rule{profile.Smallest}},
		},
		Events: []profile.Event{{Name: "order", Fields: []profile.Field{
			{Name: "amount", Kind: customer.KindInt64, Required: true}, // in fen
			{Name: "category", Kind: customer.KindText},
		}}},
		Computed: []profile.Computed{
			{Name: "orders", Of: profile.Count, Events: []string{"order"}},
			{Name: "spent_90d", Of: profile.Sum, Events: []string{"order"}, Field: "amount", Window: profile.Window{Days: 90}},
			{Name: "category", Of: profile.Top, Events: []string{"order"}, Field: "category"},
			{Name: "stage", Of: profile.Lifecycle, Events: []string{"order"}},
		},
	}, nil)
	check(err)

	// Who it is, says identity; what it is about, is evidence of the record's atom.
	atom := func(source, record string) customer.AtomID {
		r, err := who.Observe(ctx, identity.Observation{
			ID: source + record, Source: source, Record: record, Time: day(1),
			Identifiers: []identity.Identifier{{Type: "phone", Value: "13912345670", Proof: identity.Verified}},
		})
		check(err)
		return r.Atom
	}
	call, account := atom("crm", "7"), atom("shop", "M1024")
	field := func(name string, v customer.Value) customer.Field { return customer.Field{Name: name, Value: v} }
	_, err = p.Add(ctx, day(6),
		profile.Evidence{Atom: call, ID: "1", Source: "crm", Time: day(1), Values: []customer.Field{
			field("name", customer.TextValue("李娜")),
			field("city", customer.TextValue("广州")),
			field("interests", customer.LabelsValue("tea")),
			field("credit", customer.DecimalValue(5000, 1)),
		}},
		profile.Evidence{Atom: account, ID: "1", Source: "shop", Time: day(3), Values: []customer.Field{
			field("name", customer.TextValue("L. Na")),
			field("city", customer.TextValue("深圳")),
			field("interests", customer.LabelsValue("tea", "books")),
			field("credit", customer.DecimalValue(3005, 1)),
		}},
		profile.Evidence{Atom: account, ID: "order-1", Source: "shop", Event: "order", Time: day(3), Values: []customer.Field{
			field("amount", customer.Int64Value(19900)), field("category", customer.TextValue("tea")),
		}},
		profile.Evidence{Atom: account, ID: "order-2", Source: "shop", Event: "order", Time: day(5), Values: []customer.Field{
			field("amount", customer.Int64Value(5000)), field("category", customer.TextValue("tea")),
		}},
	)
	check(err)
	_, err = p.Sync(ctx, day(6), who)
	check(err)

	for one, err := range p.All(ctx, profile.Moment{At: day(6)}) {
		check(err)
		for _, t := range one.Traits {
			fmt.Printf("%s: %s, of %s", t.Name, text(t.Value), t.From[0].Source)
			for _, c := range t.From[1:] {
				fmt.Printf(" and %s", c.Source)
			}
			for _, c := range t.Losers {
				fmt.Printf("; %v: not %s of %s", t.Rule, text(c.Value), c.Source)
			}
			fmt.Println()
		}
		for _, c := range one.Computed {
			fmt.Printf("%s: %s, of %d events\n", c.Name, text(c.Value), c.Events)
		}
	}
	// Output:
	// name: "李娜", of crm; source_priority: not "L. Na" of shop
	// city: "深圳", of shop; most_recent: not "广州" of crm
	// interests: ["books","tea"], of shop and crm
	// credit: {"decimal":"300.5"}, of shop; smallest: not {"decimal":"500"} of crm
	// orders: 2, of 2 events
	// spent_90d: 24900, of 2 events
	// category: "tea", of 2 events
	// stage: "new", of 2 events
}

// One call answers what is believed now, what was true at a time, and what was known then.
func ExampleProfiles_Profile() {
	ctx := context.Background()
	p, id := shop(ctx)
	// What we hear on day 20 of an order on day 4.
	_, err := p.Add(ctx, day(20), order("order-3", 4, 1000))
	check(err)
	for _, ask := range []struct {
		what string
		m    profile.Moment
	}{
		{"what is believed now", profile.Moment{At: day(20)}},
		{"what was true on day 4", profile.Moment{At: day(4)}},
		{"what we knew on day 4", profile.Moment{At: day(4), Known: day(4)}},
	} {
		one, err := p.Profile(ctx, id, ask.m)
		check(err)
		fmt.Printf("%s: orders %s\n", ask.what, text(one.Value("orders")))
	}
	// Output:
	// what is believed now: orders 3
	// what was true on day 4: orders 2
	// what we knew on day 4: orders 1
}

// What an agent looks at, two entries a page.
func ExampleProfiles_Timeline() {
	ctx := context.Background()
	p, id := shop(ctx)
	q := &profile.TimelineQuery{Reverse: true, Statements: true, Limit: 2}
	for {
		n := 0
		for e, err := range p.Timeline(ctx, id, profile.Moment{At: day(20)}, q) {
			check(err)
			fmt.Println(e.Time.Format(time.DateOnly), e.Channel, e.Event, e.Evidence)
			for _, v := range e.Values {
				fmt.Println("  ", v.Name, text(v.Value))
			}
			q.After = e.Position()
			n++
		}
		if n < q.Limit {
			return
		}
		fmt.Println("---")
	}
	// Output:
	// 2026-03-05 shop order order-2
	//    amount 5000
	// 2026-03-03 shop order order-1
	//    amount 19900
	// ---
	// 2026-03-01 phone  1
	//    name "=李娜"
	//    city "广州"
}

// Features for a model, as they could have been computed at a time.
func ExampleProfiles_Table() {
	ctx := context.Background()
	p, _ := shop(ctx)
	t, err := p.Table(ctx, profile.Moment{At: day(4), Known: day(4)}, "orders", "spent", "city")
	check(err)
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Num != nil {
			fmt.Println(c.Name, c.Num)
		} else {
			fmt.Println(c.Name, c.Level(0))
		}
	}
	// Output:
	// orders [1]
	// spent [19900]
	// city 广州
}

// The events that profiles keep are what a model of churn learns from: churn.LookAhead goes from the log to a list of whom to call.
func ExampleProfiles_Events() {
	ctx := context.Background()
	p, _ := shop(ctx)
	events, err := p.Events(ctx, profile.Moment{At: day(20)}, &profile.EventsQuery{
		Kinds: []profile.EventKind{{Event: "order", Kind: churn.Purchase, Amount: "amount"}},
	})
	check(err)
	log, err := churn.NewLogColumns(ctx, events, &churn.LogOptions[customer.ID]{Location: time.UTC, Until: day(20), Compare: customer.Compare})
	check(err)
	report := log.Report()
	fmt.Println(report.Kept, "events of", report.Customers, "customer from", log.Since(), "to", log.Until())
	// Output:
	// 2 events of 1 customer from 2026-03-03 to 2026-03-20
}

// What is personal is exported only where it is named.
func ExampleProfiles_WriteCSV() {
	ctx := context.Background()
	p, _ := shop(ctx)
	check(p.WriteCSV(ctx, os.Stdout, profile.Moment{At: day(20)}))
	check(p.WriteCSV(ctx, os.Stdout, profile.Moment{At: day(20)}, "spent", "name"))
	// Output:
	// customer,city,orders,spent,last_order
	// 00000000-0000-8080-8000-000000000001,广州,2,24900,2026-03-05T12:00:00Z
	// customer,spent,name
	// 00000000-0000-8080-8000-000000000001,24900,'=李娜
}

func ExampleProfiles_WriteJSON() {
	ctx := context.Background()
	p, _ := shop(ctx)
	check(p.WriteJSON(ctx, os.Stdout, profile.Moment{At: day(20)}, "city", "spent"))
	// Output:
	// {"customer":"00000000-0000-8080-8000-000000000001","values":{"city":"广州","spent":24900}}
}

// shop has a customer with an atom, and with two orders, which were added as they came in.
func shop(ctx context.Context) (*profile.Profiles, customer.ID) {
	p, err := profile.Open(ctx, new(store.Memory), &profile.Schema{
		Location: "Asia/Shanghai",
		Sources:  []profile.Source{{Name: "crm", Channel: "phone"}, {Name: "shop"}},
		Traits: []profile.Trait{
			{Name: "name", Kind: customer.KindText, Sensitivity: profile.Personal},
			{Name: "city", Kind: customer.KindText},
		},
		Events: []profile.Event{{Name: "order", Fields: []profile.Field{{Name: "amount", Kind: customer.KindInt64}}}},
		Computed: []profile.Computed{
			{Name: "orders", Of: profile.Count, Events: []string{"order"}},
			{Name: "spent", Of: profile.Sum, Events: []string{"order"}, Field: "amount"},
			{Name: "last_order", Of: profile.Last, Events: []string{"order"}, Field: "@time"},
		},
	}, nil)
	check(err)
	id := customer.FromInt64(1)
	_, err = p.Add(ctx, day(1), profile.Evidence{
		Atom: customer.AtomID(id), ID: "1", Source: "crm", Time: day(1), Values: []customer.Field{
			{Name: "name", Value: customer.TextValue("=李娜")}, {Name: "city", Value: customer.TextValue("广州")},
		},
	})
	check(err)
	for _, e := range []profile.Evidence{order("order-1", 3, 19900), order("order-2", 5, 5000)} {
		_, err := p.Add(ctx, e.Time, e)
		check(err)
		_, err = p.Sync(ctx, e.Time, founded(id))
		check(err)
	}
	return p, id
}

// founded is a feed that says that there is a customer.
func founded(id customer.ID) feed {
	return feed{{
		Shard: customer.ShardOf(id), Seq: 1, Part: 1, Parts: 1, Verb: customer.Created, Customer: id, To: id,
		Atoms: []customer.AtomID{customer.AtomID(id)}, At: day(1),
	}}
}

func order(id string, d int, amount int64) profile.Evidence {
	return profile.Evidence{
		Atom: customer.AtomID(customer.FromInt64(1)), ID: id, Source: "shop", Event: "order", Time: day(d),
		Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(amount)}},
	}
}

func day(d int) time.Time { return time.Date(2026, 3, d, 12, 0, 0, 0, time.UTC) }

func text(v customer.Value) string {
	data, err := json.Marshal(v)
	check(err)
	return string(data)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
