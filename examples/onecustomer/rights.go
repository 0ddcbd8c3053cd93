package main

import (
	"context"
	"strings"
	"time"

	"github.com/clientele-go/clientele/access"
	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/subject"
)

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

// keys are those of this program. In earnest they come from a key management service, and are
// nowhere near the data.
func keys(s store.Store) (*seal.Index, *seal.Vault, error) {
	key := func(n byte) []byte {
		k := make([]byte, seal.KeyBytes)
		k[0] = n
		return k
	}
	index, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: key(1)})
	if err != nil {
		return nil, nil, err
	}
	wrapper, err := seal.NewLocal(key(2))
	if err != nil {
		return nil, nil, err
	}
	vault, err := seal.NewVault(s, wrapper, nil)
	return index, vault, err
}

// protect opens what decides who sees what, beside the graph and the profiles.
func (d *desk) protect(ctx context.Context, s store.Store, vault *seal.Vault) (err error) {
	if d.log, err = audit.Open(s, nil); err != nil {
		return err
	}
	d.consents, err = consent.Open(s, &consent.Policy{Purposes: []consent.Purpose{
		{Name: "offers", Bases: []consent.Basis{consent.Consent}},
	}}, d.g.Holders, nil)
	if err != nil {
		return err
	}
	d.gate, err = access.Open(ctx, d.kept, &rights, &access.Options{Consents: d.consents, Log: d.log})
	if err != nil {
		return err
	}
	d.subjects, err = subject.Open(s, subject.Parts{
		Graph: d.g, Profiles: d.kept, Consents: d.consents, Log: d.log, Vaults: []*seal.Vault{vault},
	}, nil)
	return err
}

// agree records that the shop and the app were allowed to make offers.
func (d *desk) agree(ctx context.Context) error {
	for _, record := range []string{"S-1002", "A-2002"} {
		err := d.choose(ctx, consent.Record{
			ID: "form of " + record, Atom: d.atoms[record], Choice: consent.Granted, Collected: now.AddDate(0, -2, 0), Notice: "privacy notice 4",
		})
		if err != nil {
			return err
		}
	}
	d.p.printf("\nS-1002 and A-2002 agreed to offers that are made for them.\n")
	return nil
}

// withdraw records that one of them does not any more.
func (d *desk) withdraw(ctx context.Context) error {
	d.p.printf("\nIn the app the customer of A-2002 taps on \"no more offers\".\n")
	return d.choose(ctx, consent.Record{ID: "tap", Atom: d.atoms["A-2002"], Choice: consent.Withdrawn, Collected: now.Add(time.Hour)})
}

func (d *desk) choose(ctx context.Context, r consent.Record) error {
	r.Purpose, r.Basis = "offers", consent.Consent
	return d.consents.Record(ctx, r.Collected, r)
}

// views shows what of the customer each of the readers sees.
func (d *desk) views(ctx context.Context) error { return d.see(ctx, now, readers...) }

// again shows what the marketer sees now.
func (d *desk) again(ctx context.Context) error { return d.see(ctx, now.Add(2*time.Hour), readers[0]) }

func (d *desk) see(ctx context.Context, at time.Time, by ...access.Reader) error {
	id, _, err := d.g.Lookup(ctx, liu)
	if err != nil {
		return err
	}
	rows := [][]string{{""}}
	for _, r := range by {
		rows[0] = append(rows[0], r.Role+", "+r.Purpose)
		view, err := d.gate.View(ctx, at, r, id, profile.Moment{At: now})
		if err != nil {
			return err
		}
		for i := range view.Fields {
			f := &view.Fields[i]
			if len(rows) == i+1 {
				rows = append(rows, []string{f.Name})
			}
			rows[i+1] = append(rows[i+1], seen(f))
		}
	}
	d.p.table("What they see of "+d.name(id), rows)
	return nil
}

// seen is what is shown of a value, or why nothing is.
func seen(f *access.Field) string {
	switch f.Show {
	case access.Plain:
		return show(f.Name, must(f.Value()))
	case access.Masked:
		return must(f.Masked()).Text
	}
	return "(" + f.Reason.String() + ")"
}

// find looks a caller up by the number.
func (d *desk) find(ctx context.Context) error {
	found, err := d.gate.Find(ctx, now, readers[1], "phone", customer.TextValue("+8613612345675"))
	if err != nil {
		return err
	}
	var who []string
	for _, id := range found {
		who = append(who, d.name(id))
	}
	d.p.printf("\nBy the number of a caller, 136****5675, the agent finds %s.\n", strings.Join(who, " and "))
	return nil
}
