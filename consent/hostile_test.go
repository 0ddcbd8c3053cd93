package consent_test

import (
	"context"
	"testing"
	"time"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/store"
)

func hostilePolicy() *consent.Policy {
	return &consent.Policy{Purposes: []consent.Purpose{
		{Name: "service", Label: customer.Text{EN: "Service"}, Bases: []consent.Basis{consent.Consent}},
		{Name: "newsletter", Label: customer.Text{EN: "Newsletter", ZH: "营销资讯"}, Bases: []consent.Basis{consent.Consent}, Channels: []string{"email", "sms"}, Days: 730},
	}}
}

var hostileDay = time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)

func hostileConsents() *consent.Consents {
	c, err := consent.Open(new(store.Memory), hostilePolicy(), func(context.Context, customer.ID) ([]customer.Member, error) {
		return []customer.Member{{Atom: customer.AtomID{1}}}, nil
	}, nil)
	if err != nil {
		panic(err)
	}
	if err := c.Record(context.Background(), hostileDay, hostileRecords("1")...); err != nil {
		panic(err)
	}
	return c
}

func hostileRecords(id string) []consent.Record {
	return []consent.Record{
		{
			ID: "form " + id, Atom: customer.AtomID{1}, Purpose: "newsletter", Channel: "email", Basis: consent.Consent, Choice: consent.Granted,
			Collected: hostileDay, Notice: "privacy 4", Mechanism: "double opt-in",
		},
		{
			ID: "settings " + id, Atom: customer.AtomID{2}, Purpose: "newsletter", Channel: "sms", Identifier: consent.Identifier{Type: "phone", Blind: [20]byte{1}}, Basis: consent.Consent,
			Choice: consent.Granted, Collected: hostileDay, Since: hostileDay, Until: hostileDay.AddDate(1, 0, 0), Source: "app", Jurisdiction: "CN",
		},
	}
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	id := customer.FromInt64(1)
	shared := hostileConsents()
	policy := map[string]any{
		"policy nil": consent.ErrPolicy, "policy.Purposes twice": consent.ErrPolicy, "policy.Purposes[1].Name empty": consent.ErrPolicy, "policy.Purposes[1].Name bytes": consent.ErrPolicy,
		"policy.Purposes[1].Bases[0] max": consent.ErrPolicy, "policy.Purposes[1].Channels twice": consent.ErrPolicy, "policy.Purposes[1].Days min": consent.ErrPolicy,
	}
	decision, err := shared.Allowed(ctx, hostileDay.AddDate(0, 0, 1), id, "newsletter", "email")
	if err != nil || !decision.Allowed {
		t.Fatal(decision, err)
	}
	kept := func(c *consent.Consents) {
		d, err := c.Allowed(context.Background(), hostileDay.AddDate(0, 0, 1), id, "newsletter", "email")
		if err != nil || d.Record == nil && !d.Allowed && d.Reason == 0 {
			panic("what was recorded is lost")
		}
	}

	hostiletest.Run(t, hostiletest.Table{
		"Open": {
			Call: func(p *consent.Policy, o *consent.Options) error {
				_, err := consent.Open(new(store.Memory), p, func(context.Context, customer.ID) ([]customer.Member, error) { return nil, nil }, o)
				return err
			},
			Names: "policy options", Args: func() []any { return []any{hostilePolicy(), &consent.Options{Prefix: []byte("c/")}} },
			Expect: hostiletest.With(policy, map[string]any{"options nil": hostiletest.OK}),
		},
		"Policy.Validate": {Call: (*consent.Policy).Validate, Names: "policy", Args: func() []any { return []any{hostilePolicy()} }, Expect: policy},
		"Consents.Record": {
			Call: func(ctx context.Context, at time.Time, records []consent.Record) error {
				c := hostileConsents()
				defer kept(c)
				return (*consent.Consents).Record(c, ctx, at, records...)
			},
			Names: "ctx at records", Args: func() []any { return []any{ctx, hostileDay, hostileRecords("2")} },
			Expect: map[string]any{
				"at zero": consent.ErrRecord, "at beyond": consent.ErrRecord, "records nil": hostiletest.OK, "records[1].ID empty": consent.ErrRecord, "records[1].ID bytes": consent.ErrRecord,
				"records[1].Atom zero": consent.ErrRecord, "records[1].Purpose bytes": "consent: ", "records[1].Choice max": consent.ErrRecord, "records[1].Basis max": consent.ErrRecord,
				"records[1].Collected zero": consent.ErrRecord, "records[1].Collected beyond": consent.ErrRecord, "records[1].Until before": consent.ErrRecord,
				"records[1].Identifier.Type bytes": consent.ErrRecord,
			},
		},
		"Consents.Allowed": {
			Call: (*consent.Consents).Allowed, Names: "consents ctx at id purpose channel", Args: func() []any { return []any{shared, ctx, hostileDay.AddDate(0, 0, 1), id, "newsletter", "email"} }, Writes: "consents",
			Expect: map[string]any{"purpose": consent.ErrPurpose, "channel": consent.ErrPurpose},
		},
		"Consents.Declares": {Call: (*consent.Consents).Declares, Names: "consents purpose channel", Args: func() []any { return []any{shared, "newsletter", "email"} }, Writes: "consents"},
		"Consents.Erase": {
			Call: func(ctx context.Context, atoms []customer.AtomID) error {
				return (*consent.Consents).Erase(hostileConsents(), ctx, atoms...)
			},
			Names: "ctx atoms", Args: func() []any { return []any{ctx, []customer.AtomID{{1}, {2}}} }, Expect: map[string]any{"atoms nil": hostiletest.OK},
			Hold: map[string]string{"atoms huge": "work that is asked for"},
		},
		"Consents.History": {
			Call: func(ctx context.Context, atom customer.AtomID) (int, error) {
				return hostiletest.Count((*consent.Consents).History(shared, ctx, atom))
			},
			Names: "ctx atom", Args: func() []any { return []any{ctx, customer.AtomID{1}} },
		},
		"Decision.Allows": {
			Call: (*consent.Decision).Allows, Names: "decision atom identifiers",
			Args: func() []any {
				d := decision
				return []any{&d, customer.AtomID{1}, []consent.Identifier{{Type: "email", Blind: [20]byte{1}}}}
			},
			Hold: map[string]string{"decision": "it is made by Allowed"},
		},
		"Identifier.UnmarshalText": {
			Call: func(text []byte) (consent.Identifier, error) {
				var x consent.Identifier
				err := x.UnmarshalText(text)
				return x, err
			},
			Names: "text", Args: func() []any {
				text, err := consent.Identifier{Type: "email", Blind: [20]byte{1}}.MarshalText()
				if err != nil {
					panic(err)
				}
				return []any{text}
			},
			Expect: map[string]any{"text null": "consent: ", "text torn": "consent: ", "text bytes": "consent: "},
		},
		"Basis.UnmarshalText":  hostiletest.Name((*consent.Basis).UnmarshalText, consent.Consent.String()),
		"Choice.UnmarshalText": hostiletest.Name((*consent.Choice).UnmarshalText, consent.Refused.String()),
		"Reason.UnmarshalText": hostiletest.Name((*consent.Reason).UnmarshalText, decision.Reason.String()),
	})
}
