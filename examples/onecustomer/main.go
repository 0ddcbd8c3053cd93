// Command onecustomer shows how records of a shop, an app, a mini-program and a call
// centre become customers; and how a wrong merge is found, explained and undone.
//
//	go run ./examples/onecustomer
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/identity/normalize"
	"github.com/clientele-go/clientele/store"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "onecustomer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	g, err := open(ctx, new(store.Memory))
	if err != nil {
		return err
	}
	d := &desk{g: g, p: &printer{w: w}, names: map[customer.ID]string{}, shown: map[customer.ID]int{}}
	for _, step := range []func(context.Context) error{
		d.observe, d.customers, d.review, d.explain, d.undo, d.customers, d.explain, d.follow,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return d.p.err
}

// open returns a graph with the default policy. In earnest Options has an Index and a Vault
// too, so that the store holds no identifier that can be read.
func open(ctx context.Context, s store.Store) (*identity.Graph, error) {
	phone, err := normalize.Phone(&normalize.PhoneOptions{Region: "CN"})
	if err != nil {
		return nil, err
	}
	email, err := normalize.Email(nil)
	if err != nil {
		return nil, err
	}
	return identity.Open(ctx, s, nil, &identity.Options{
		Normalizers: map[string]normalize.Normalizer{"phone": phone, "email": email, "name": normalize.Name(nil)},
	})
}
