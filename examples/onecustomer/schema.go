package main

import (
	"github.com/clientele-go/clientele/access"
	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/identity/normalize"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/segment"
)

// schema declares what is known of customers. In earnest it would be a JSON file.
var schema = profile.Schema{
	Location: "Asia/Shanghai",
	Sources:  []profile.Source{{Name: "shop"}, {Name: "call-centre", Channel: "phone"}, {Name: "app"}, {Name: "mini-program"}}, // the most trusted first
	Traits: []profile.Trait{
		{
			Name: "name", Kind: customer.KindText, Sensitivity: profile.Personal,
			Policy: []profile.Rule{profile.SourcePriority}, Check: profile.Check{Pattern: `\p{Han}{2,4}`},
		},
		{
			Name: "phone", Kind: customer.KindText, Sensitivity: profile.Personal, Searchable: true,
			Policy: []profile.Rule{profile.VerifiedFirst, profile.MostRecent}, Check: profile.Check{Pattern: `\+86\d{11}`},
		},
		{Name: "city", Kind: customer.KindText, Policy: []profile.Rule{profile.MostRecent}},
		{Name: "address", Kind: customer.KindText, Sensitivity: profile.Personal, Policy: []profile.Rule{profile.MostComplete}},
		{
			Name: "heard", Kind: customer.KindText, // of us, by whom
			Policy: []profile.Rule{profile.Oldest}, Check: profile.Check{In: []string{"friend", "advert"}},
		},
		{Name: "pays", Kind: customer.KindText, Policy: []profile.Rule{profile.Majority}},
		{Name: "interests", Kind: customer.KindLabels, Policy: []profile.Rule{profile.Union}},
		{Name: "points", Kind: customer.KindInt64, Policy: []profile.Rule{profile.Total}},
	},
	Events: []profile.Event{
		{Name: "order", Fields: []profile.Field{
			{Name: "amount", Kind: customer.KindDecimal, Required: true, Check: profile.Check{Scale: 2}}, // in yuan
			{Name: "category", Kind: customer.KindText},
		}},
		{Name: "visit", Fields: []profile.Field{{Name: "minutes", Kind: customer.KindInt64}}},
		{Name: "opened", Fields: []profile.Field{{Name: "ticket", Kind: customer.KindText}}},
		{Name: "resolved", Fields: []profile.Field{{Name: "ticket", Kind: customer.KindText}}},
	},
	Computed: []profile.Computed{
		{Name: "orders_90d", Of: profile.Count, Events: []string{"order"}, Window: profile.Window{Days: 90}},
		{Name: "spent_90d", Of: profile.Sum, Events: []string{"order"}, Field: "amount", Window: profile.Window{Days: 90}},
		{Name: "average", Of: profile.Average, Events: []string{"order"}, Field: "amount"},
		{Name: "favourite", Of: profile.Top, Events: []string{"order"}, Field: "category"},
		{Name: "last_contact", Of: profile.Last, Events: []string{"order", "visit", "opened", "resolved"}, Field: "@time"},
		{Name: "resolved_in", Of: profile.Average, Events: []string{"opened"}, Pair: &profile.Pair{Until: []string{"resolved"}, By: "ticket"}},
		{Name: "stage", Of: profile.Lifecycle, Events: []string{"order"}},
		{Name: "channels", Of: profile.Affinity, Events: []string{"order", "visit", "opened"}, Field: "@channel", Limit: 3},
	},
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

// rights says who may see what, for which purpose. In earnest it would be a JSON file.
var rights = access.Policy{
	Purposes: []access.Purpose{
		{Name: "offers", Consent: "offers"},
		{Name: "service", Basis: consent.Contract},
		{Name: "supervision", Basis: consent.LegalDuty},
	},
	Roles: []access.Role{
		{Name: "marketer", Grants: []access.Grant{{Purpose: "offers", Show: access.Levels{Public: access.Plain}}}},
		{Name: "agent", Grants: []access.Grant{{
			Purpose: "service", Show: access.Levels{Public: access.Plain, Internal: access.Plain, Personal: access.Masked},
			Traits: map[string]access.Show{"name": access.Plain}, Find: []string{"phone"},
		}}},
		{Name: "auditor", Grants: []access.Grant{{Purpose: "supervision", Show: access.Levels{Public: access.Plain, Internal: access.Plain, Personal: access.Masked}}}},
	},
	Masks: map[string]access.Mask{"name": access.Name, "phone": access.Phone, "address": access.Address},
}

// The people who ask.
var readers = []access.Reader{
	{Actor: "emp-31", Role: "marketer", Purpose: "offers", Ticket: "spring"},
	{Actor: "emp-7", Role: "agent", Purpose: "service", Ticket: "T-32"},
	{Actor: "emp-2", Role: "auditor", Purpose: "supervision", Ticket: "2026-Q1"},
}
