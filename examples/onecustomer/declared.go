package main

import (
	"encoding/json"

	"github.com/clientele-go/clientele/access"
	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/identity/normalize"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/segment"
)

// What is known of customers, and who may see it.
var (
	schema = declared[profile.Schema]("schema.json")
	rights = declared[access.Policy]("rights.json")
)

// declared reads a declaration.
func declared[T any](name string) (v T) {
	check(json.Unmarshal(must(files.ReadFile(name)), &v))
	return v
}

// kinds are those of all traits and fields of the schema.
var kinds = func() map[string]customer.Kind {
	kinds := map[string]customer.Kind{}
	for _, t := range schema.Traits {
		kinds[t.Name] = t.Kind
	}
	for _, e := range schema.Events {
		for _, f := range e.Fields {
			kinds[f.Name] = f.Kind
		}
	}
	return kinds
}()

// proofs say how sure each source is who it is: the app and the mini-program know who is logged in
// and send codes to numbers; the others write down what they are told.
var proofs = map[string]identity.Proof{
	"shop": identity.Attested, "call-centre": identity.Claimed, "app": identity.Verified, "mini-program": identity.Verified,
}

// normalizers bring identifiers into one form, or refuse them.
var normalizers = map[string]normalize.Normalizer{
	"phone": must(normalize.Phone(&normalize.PhoneOptions{Region: "CN"})), "email": must(normalize.Email(nil)), "name": normalize.Name(nil),
}

// segments follow the rows of the profiles.
var segments = []segment.Definition{
	{Name: "regulars", Rule: segment.Ge("orders_90d", 3)},
	{Name: "tea lovers", Rule: segment.And(segment.Eq("favourite", "tea"), segment.Within("last_contact", segment.Days(30)))},
}

// history is what a model of churn would learn from.
var history = profile.EventsQuery{Scale: 2, Kinds: []profile.EventKind{
	{Event: "order", Kind: churn.Purchase, Amount: "amount", Category: "category"}, {Event: "visit"}, {Event: "opened", Kind: churn.Contact},
}}

// The people who ask.
var readers = []access.Reader{
	{Actor: "emp-31", Role: "marketer", Purpose: "offers", Ticket: "spring"},
	{Actor: "emp-7", Role: "agent", Purpose: "service", Ticket: "T-32"},
	{Actor: "emp-2", Role: "auditor", Purpose: "supervision", Ticket: "2026-Q1"},
}
