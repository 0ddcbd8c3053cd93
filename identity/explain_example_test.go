package identity_test

import (
	"context"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/store"
)

func ExampleGraph_Explain() {
	ctx := context.Background()
	g, err := identity.Open(ctx, new(store.Memory), nil, nil)
	if err != nil {
		panic(err)
	}
	at := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	observe := func(source, record string, ids ...identity.Identifier) {
		at = at.AddDate(0, 0, 1)
		_, err := g.Observe(ctx, identity.Observation{
			ID: source + "/" + record, Source: source, Record: record, Time: at, Identifiers: ids,
		})
		if err != nil {
			panic(err)
		}
	}
	verified := func(typ, value string) identity.Identifier {
		return identity.Identifier{Type: typ, Value: value, Proof: identity.Verified}
	}
	observe("shop", "1001", verified("phone", "+8613912345678"), verified("member", "M7"), verified("email", "li@example.com"))
	observe("app", "u42", verified("account", "u42"), verified("email", "li@example.com"))
	observe("wechat", "o9x", verified("unionid", "o9x"), verified("account", "u42"))
	observe("shop", "1002", verified("phone", "+8613912345678"), verified("member", "M8"))

	ref := func(source, record string) identity.Ref {
		return identity.Ref{Record: identity.Record{Source: source, Record: record}}
	}
	explain := func(a, b identity.Ref) {
		e, err := g.Explain(ctx, a, b)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s %s and %s %s: one customer: %t\n", e.A.Source, e.A.Record, e.B.Source, e.B.Record, e.Same)
		for i, s := range e.Path {
			note := ""
			if i == e.Weakest {
				note = ", the weakest step"
			}
			fmt.Printf("  %s %s and %s %s: same %s, %s%s\n", s.From.Source, s.From.Record, s.To.Source, s.To.Record, s.Type, s.Proof, note)
		}
		for _, o := range e.Apart {
			fmt.Printf("  same %s, but %s in %s\n", o.Type, o.Reason, o.Limit)
		}
	}
	explain(identity.Ref{Identifier: verified("member", "M7")}, ref("wechat", "o9x"))
	explain(ref("shop", "1001"), ref("shop", "1002"))
	// Output:
	// shop 1001 and wechat o9x: one customer: true
	//   shop 1001 and app u42: same email, verified, the weakest step
	//   app u42 and wechat o9x: same account, verified
	// shop 1001 and shop 1002: one customer: false
	//   same phone, but conflict in member
}
