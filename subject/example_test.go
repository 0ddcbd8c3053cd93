package subject_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/subject"
)

// Somebody asks what a shop holds of her, then to be forgotten.
func Example() {
	ctx := context.Background()
	s := new(store.Memory)
	wrapper, err := seal.NewLocal(bytes.Repeat([]byte{1}, seal.KeyBytes)) // in earnest: keys that are drawn, and kept elsewhere
	check(err)
	vault, err := seal.NewVault(s, wrapper, nil)
	check(err)
	index, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: bytes.Repeat([]byte{2}, seal.KeyBytes)})
	check(err)
	graph, err := identity.Open(ctx, s, nil, &identity.Options{Vault: vault, Index: index})
	check(err)
	profiles, err := profile.Open(ctx, s, &profile.Schema{
		Location: "Asia/Shanghai",
		Sources:  []profile.Source{{Name: "shop"}},
		Traits:   []profile.Trait{{Name: "name", Kind: customer.KindText, Sensitivity: profile.Personal}},
	}, &profile.Options{Vault: vault, Index: index})
	check(err)
	consents, err := consent.Open(s, &consent.Policy{Purposes: []consent.Purpose{
		{Name: "newsletter", Label: customer.Text{EN: "Newsletter", ZH: "营销资讯"}, Bases: []consent.Basis{consent.Consent}, Channels: []string{"sms"}, Days: 730},
	}}, graph.Holders, nil)
	check(err)
	log, err := audit.Open(s, nil)
	check(err)
	subjects, err := subject.Open(s, subject.Parts{
		Graph: graph, Profiles: profiles, Consents: consents, Log: log, Vaults: []*seal.Vault{vault},
	}, nil)
	check(err)

	// What is known of her.
	day := func(n int) time.Time { return time.Date(2026, 3, n, 9, 0, 0, 0, time.UTC) }
	seen := identity.Observation{
		ID: "order-1", Source: "shop", Record: "M1024", Time: day(1),
		Identifiers: []identity.Identifier{{Type: "phone", Value: "13912345670", Proof: identity.Verified}},
	}
	who, err := graph.Observe(ctx, seen)
	check(err)
	_, err = profiles.Add(ctx, day(1), profile.Evidence{
		Atom: who.Atom, ID: "1", Source: "shop", Time: day(1),
		Values: []customer.Field{{Name: "name", Value: customer.TextValue("李娜")}},
	})
	check(err)
	check(consents.Record(ctx, day(1), consent.Record{
		ID: "form-1", Atom: who.Atom, Purpose: "newsletter", Channel: "sms", Basis: consent.Consent, Choice: consent.Granted, Collected: day(1),
	}))
	_, err = profiles.Sync(ctx, day(1), graph)
	check(err)

	request := subject.Request{Customer: who.Customer, ID: "DSR-17", Actor: "privacy-office", Ticket: "DSR-17"}
	exported, err := subjects.Export(ctx, day(2), request, io.Discard)
	check(err)
	for _, c := range exported.Counts {
		fmt.Println(c.Name, c.Count)
	}

	erasure, err := subjects.Erase(ctx, day(3), request)
	check(err)
	proof, err := subjects.Prove(ctx, day(3), erasure)
	check(err)
	fmt.Println("values looked for:", proof.Values, "keys destroyed:", proof.Keys.Destroyed, "live:", proof.Keys.Live, "faults:", proof.Err())

	// The old files are read again.
	_, err = graph.Observe(ctx, seen)
	fmt.Println(errors.Is(err, identity.ErrErased), err)
	// Output:
	// customers 1
	// members 1
	// observations 1
	// relations 0
	// rulings 0
	// evidence 1
	// set_aside 0
	// consents 1
	// audit 0
	// values looked for: 4 keys destroyed: 1 live: 0 faults: <nil>
	// true identity: erased
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
