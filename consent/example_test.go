package consent_test

import (
	"context"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// Somebody allows mail from the shop and refuses it, later, in the app: two atoms, which turn out to be one customer.
func Example() {
	ctx := context.Background()
	shop, app := customer.AtomID{1}, customer.AtomID{2}
	one, two := customer.FromInt64(1), customer.FromInt64(2)
	atoms := map[customer.ID][]customer.AtomID{one: {shop}, two: {app}}

	consents, err := consent.Open(new(store.Memory), &consent.Policy{Purposes: []consent.Purpose{
		{Name: "newsletter", Label: customer.Text{EN: "Newsletter", ZH: "营销资讯"}, Bases: []consent.Basis{consent.Consent}, Channels: []string{"email", "sms"}, Days: 730},
	}}, func(_ context.Context, id customer.ID) (members []customer.Member, err error) {
		for _, atom := range atoms[id] {
			members = append(members, customer.Member{Atom: atom})
		}
		return members, nil
	}, nil)
	if err != nil {
		panic(err)
	}
	mail := consent.Identifier{Type: "email", Blind: [20]byte{0xc0, 0xff, 0xee}} // of seal.Index.Blind
	day := func(n int) time.Time { return time.Date(2026, 3, n, 9, 0, 0, 0, time.UTC) }
	err = consents.Record(ctx, day(5),
		consent.Record{
			ID: "form 17", Atom: shop, Identifier: mail, Purpose: "newsletter", Channel: "email", Basis: consent.Consent,
			Choice: consent.Granted, Collected: day(1), Notice: "privacy 4", Mechanism: "double opt-in",
		},
		consent.Record{ID: "settings 9", Atom: app, Purpose: "newsletter", Choice: consent.Refused, Collected: day(5)},
	)
	if err != nil {
		panic(err)
	}
	tell := func(who string, id customer.ID, channel string) consent.Decision {
		d, err := consents.Allowed(ctx, day(10), id, "newsletter", channel)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s, %s: %t, %s, %s\n", who, channel, d.Allowed, d.Reason, d.Reason.Chinese())
		return d
	}
	d := tell("one", one, "email")
	other := consent.Identifier{Type: "email", Blind: [20]byte{1}}
	fmt.Println("by this address, by another:", d.Allows(shop, mail), d.Allows(shop, other)) // ask before each mail
	tell("one", one, "sms")
	tell("two", two, "email")
	atoms[one], atoms[two] = []customer.AtomID{shop, app}, nil // merged
	tell("both", one, "email")
	// Output:
	// one, email: true, in force, 授权有效
	// by this address, by another: true false
	// one, sms: false, not granted, 未授权
	// two, email: false, denied, 已拒绝或撤回
	// both, email: false, denied, 已拒绝或撤回
}
