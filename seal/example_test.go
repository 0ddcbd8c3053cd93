package seal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

func Example() {
	ctx := context.Background()
	master := bytes.Repeat([]byte{1}, seal.KeyBytes) // in earnest: random, and never beside the data
	wrapper, err := seal.NewLocal(master)
	if err != nil {
		fmt.Println(err)
		return
	}
	var s store.Memory
	vault, err := seal.NewVault(&s, wrapper, &seal.Options{Tenant: "shop"})
	if err != nil {
		fmt.Println(err)
		return
	}

	// A key for an atom is committed together with what is sealed under it.
	atom := customer.AtomID{1}
	var b store.Batch
	key, err := vault.Create(ctx, &b, atom)
	if err != nil {
		fmt.Println(err)
		return
	}
	b.Put([]byte("phone"), key.Seal(nil, []byte("+8613912345670"), "phone", 1))
	if _, err := s.Commit(ctx, &b); err != nil {
		fmt.Println(err)
		return
	}

	entries, _ := s.Get(ctx, []byte("phone"))
	key, _ = vault.Key(ctx, atom)
	phone, err := key.Open(nil, entries[0].Value, "phone", 1)
	fmt.Println(string(phone), err)
	_, err = key.Open(nil, entries[0].Value, "fax", 1)
	fmt.Println(err)

	// The person asks to be forgotten.
	var end store.Batch
	vault.Destroy(&end, atom)
	if _, err := s.Commit(ctx, &end); err != nil {
		fmt.Println(err)
		return
	}
	vault.Forget(atom)
	_, err = vault.Key(ctx, atom)
	fmt.Println(errors.Is(err, seal.ErrDestroyed))
	// Output:
	// +8613912345670 <nil>
	// seal: cannot be opened
	// true
}

func ExampleIndex() {
	index, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: bytes.Repeat([]byte{2}, seal.KeyBytes)})
	if err != nil {
		fmt.Println(err)
		return
	}
	a := index.Blind("phone", "+8613912345670")
	b := index.Blind("phone", "+8613912345670")
	c := index.Blind("account", "+8613912345670")
	fmt.Println(bytes.Equal(a, b), bytes.Equal(a, c))
	// Output: true false
}
