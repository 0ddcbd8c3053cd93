package identity_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/identity/normalize"
	"github.com/clientele-go/clientele/store"
)

// Three sources know somebody, each by something else.
func Example() {
	ctx := context.Background()
	phone, err := normalize.Phone(&normalize.PhoneOptions{Region: "CN"})
	if err != nil {
		panic(err)
	}
	g, err := identity.Open(ctx, new(store.Memory), nil, &identity.Options{
		Normalizers: map[string]normalize.Normalizer{"phone": phone, "name": normalize.Name(nil)},
	})
	if err != nil {
		panic(err)
	}
	at := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	for _, o := range []identity.Observation{
		{ID: "1", Source: "shop", Record: "order-77", Time: at, Identifiers: []identity.Identifier{
			{Type: "name", Value: "李 娜"},
			{Type: "phone", Value: "139-1234-5670"},
		}},
		{ID: "2", Source: "app", Record: "user-5", Time: at.AddDate(0, 0, 1), Identifiers: []identity.Identifier{
			{Type: "account", Value: "5", Proof: identity.Verified},
			{Type: "phone", Value: "+86 13912345670", Proof: identity.Verified},
		}},
		{ID: "3", Source: "mini-program", Record: "visit-9", Time: at.AddDate(0, 0, 2), Identifiers: []identity.Identifier{
			{Type: "unionid", Value: "oXq1", Proof: identity.Verified},
			{Type: "account", Value: "5", Proof: identity.Verified},
			{Type: "phone", Value: "139****5670"},
		}},
	} {
		r, err := g.Observe(ctx, o)
		if err != nil {
			panic(err)
		}
		c, err := g.Customer(ctx, r.Customer)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s: created %t, records of the customer: %d\n", o.Source, r.Created, len(c.Atoms))
		for _, x := range r.Refused {
			fmt.Printf("  %s %v: %s\n", x.Type, x.Reason, x.Field.English())
		}
	}
	// Output:
	// shop: created true, records of the customer: 1
	// app: created false, records of the customer: 2
	// mini-program: created false, records of the customer: 3
	//   phone refused: part of it is hidden
}

// open returns a graph in memory with a few records of a shop.
func open(ctx context.Context, records map[string][]identity.Identifier) *identity.Graph {
	g, err := identity.Open(ctx, new(store.Memory), nil, nil)
	if err != nil {
		panic(err)
	}
	at := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	for record, identifiers := range records { // the order does not matter
		_, err := g.Observe(ctx, identity.Observation{
			ID: record, Source: "shop", Record: record, Time: at, Identifiers: identifiers,
		})
		if err != nil {
			panic(err)
		}
	}
	return g
}

// printCustomers prints the records of each customer.
func printCustomers(ctx context.Context, g *identity.Graph, records ...string) {
	var customers []customer.ID
	of := map[customer.ID][]string{}
	for _, record := range records {
		id, _, err := g.Lookup(ctx, identity.Record{Source: "shop", Record: record})
		if err != nil {
			panic(err)
		}
		if of[id] == nil {
			customers = append(customers, id)
		}
		of[id] = append(of[id], record)
	}
	var line []string
	for _, id := range customers {
		line = append(line, strings.Join(of[id], "+"))
	}
	fmt.Println(strings.Join(line, " and "))
}

func ExampleGraph_Retract() {
	ctx := context.Background()
	g := open(ctx, map[string][]identity.Identifier{
		"a": {{Type: "phone", Value: "+8613912345670"}},
		"b": {{Type: "phone", Value: "+8613912345670"}, {Type: "email", Value: "li@mail.cn"}},
		"c": {{Type: "email", Value: "li@mail.cn"}},
	})
	printCustomers(ctx, g, "a", "b", "c")

	// Order b is taken back: it was typed into the wrong form.
	if err := g.Retract(ctx, time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC), "b"); err != nil {
		panic(err)
	}
	printCustomers(ctx, g, "a", "c")
	// Output:
	// a+b+c
	// a and c
}

func ExampleGraph_Preview() {
	ctx := context.Background()
	g := open(ctx, map[string][]identity.Identifier{
		"a": {{Type: "phone", Value: "+8613912345670"}, {Type: "member", Value: "M1", Proof: identity.Verified}},
		"b": {{Type: "phone", Value: "+8613912345670"}},
		"c": {{Type: "member", Value: "M1"}},
	})
	printCustomers(ctx, g, "a", "b", "c")

	// What if only numbers counted that somebody has proved to be theirs?
	p := g.Policy()
	for i := range p.Entities[0].Types {
		if t := &p.Entities[0].Types[i]; t.Name == "phone" {
			t.Proof = identity.Verified
		}
	}
	diff, err := g.Preview(ctx, p, nil)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d merged, %d split, records that move: %d\n", diff.Merged, diff.Split, diff.Atoms)
	if _, err := g.Apply(ctx, p, nil); err != nil {
		panic(err)
	}
	printCustomers(ctx, g, "a", "b", "c")
	// Output:
	// a+b+c
	// 0 merged, 1 split, records that move: 1
	// a+c and b
}

func ExampleGraph_Split() {
	ctx := context.Background()
	g := open(ctx, map[string][]identity.Identifier{
		"a": {{Type: "phone", Value: "+8613912345670"}},
		"b": {{Type: "phone", Value: "+8613912345670"}},
		"c": {{Type: "phone", Value: "+8613912345670"}, {Type: "email", Value: "wang@mail.cn"}},
	})
	printCustomers(ctx, g, "a", "b", "c")

	at := time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC)
	err := g.Split(ctx, identity.Ruling{ID: "case-12", Actor: "Chen", Reason: "husband and wife", Time: at},
		identity.Record{Source: "shop", Record: "c"})
	if err != nil {
		panic(err)
	}
	printCustomers(ctx, g, "a", "b", "c")

	r, _, err := g.Ruling(ctx, "case-12")
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s: %s\n", r.Actor, r.Reason)
	if err := g.Revoke(ctx, at.AddDate(0, 0, 1), "case-12"); err != nil {
		panic(err)
	}
	printCustomers(ctx, g, "a", "b", "c")
	// Output:
	// a+b+c
	// a+b and c
	// Chen: husband and wife
	// a+b+c
}

// On a shared tablet who logs out is not who comes next, though nobody has logged in yet.
func ExampleGraph_Rebind() {
	ctx := context.Background()
	g := open(ctx, nil)
	at := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	tablet := identity.Identifier{Type: "device", Value: "tablet-3"}
	see := func(id string, minutes int, more ...identity.Identifier) {
		_, err := g.Observe(ctx, identity.Observation{
			ID: id, Source: "app", Time: at.Add(time.Duration(minutes) * time.Minute), Identifiers: append(more, tablet),
		})
		if err != nil {
			panic(err)
		}
	}
	logout := func(id string, minutes int) {
		t := at.Add(time.Duration(minutes) * time.Minute)
		if err := g.Rebind(ctx, identity.Ruling{ID: id, Actor: "app", Reason: "logout", Time: t}, "", tablet, t); err != nil {
			panic(err)
		}
	}
	li := identity.Identifier{Type: "account", Value: "li", Proof: identity.Verified}
	wang := identity.Identifier{Type: "account", Value: "wang", Proof: identity.Verified}
	see("li logs in", 0, li)
	see("a page", 1)
	logout("li logs out", 5)
	see("a page, by nobody knows whom", 10)
	logout("the tablet is put back", 15)
	see("a page before a login", 20)
	see("wang logs in", 21, wang)
	logout("wang logs out", 25)
	see("li logs in again", 30, li)
	see("another page", 31)

	for _, id := range []string{"a page", "a page, by nobody knows whom", "a page before a login", "another page"} {
		var of []string
		for who, account := range map[string]identity.Identifier{"li": li, "wang": wang} {
			e, err := g.Explain(ctx, identity.Ref{Observation: id}, identity.Ref{Identifier: account})
			if err != nil {
				panic(err)
			}
			if e.Same {
				of = append(of, who)
			}
		}
		fmt.Println(id, of)
	}
	// Output:
	// a page [li]
	// a page, by nobody knows whom []
	// a page before a login [wang]
	// another page [li]
}
