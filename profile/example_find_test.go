package profile_test

import (
	"context"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// A customer is found by the phone number, of which nobody can read anything in the store.
func ExampleProfiles_Find() {
	ctx := context.Background()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	s := new(store.Memory)
	wrapper, _ := seal.NewLocal(make([]byte, seal.KeyBytes)) // random bytes, in earnest
	vault, _ := seal.NewVault(s, wrapper, nil)
	index, _ := seal.NewIndex(seal.IndexKey{Version: 1, Key: make([]byte, seal.KeyBytes)})
	p, err := profile.Open(ctx, s, &profile.Schema{
		Location: "UTC",
		Sources:  []profile.Source{{Name: "crm"}},
		Traits:   []profile.Trait{{Name: "phone", Kind: customer.KindText, Sensitivity: profile.Personal, Searchable: true}},
	}, &profile.Options{Vault: vault, Index: index})
	if err != nil {
		fmt.Println(err)
		return
	}
	phone := customer.TextValue("+8613912345678")
	_, err = p.Add(ctx, now, profile.Evidence{
		Atom: customer.AtomID{1}, ID: "1", Source: "crm", Time: now, Values: []customer.Field{{Name: "phone", Value: phone}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	id := customer.FromInt64(7)
	begins := customer.Change{
		Shard: customer.ShardOf(id), Seq: 1, Part: 1, Parts: 1, Verb: customer.Created, Customer: id, To: id, Atoms: []customer.AtomID{{1}}, At: now,
	}
	if _, err := p.Sync(ctx, now, feed{begins}); err != nil {
		fmt.Println(err)
		return
	}
	found, err := p.Find(ctx, "phone", phone, profile.Moment{At: now})
	fmt.Println(len(found), found[0] == id, err)
	members, err := p.Members(ctx, found[0])
	fmt.Println(len(members), members[0].Atom == customer.AtomID{1}, err)
	for kept, err := range p.Evidence(ctx, found[0]) {
		fmt.Println(kept.ID, kept.Source, kept.Values[0].Name, err)
	}
	// Output:
	// 1 true <nil>
	// 1 true <nil>
	// 1 crm phone <nil>
}
