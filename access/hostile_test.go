package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/access"
	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

var hostileNow = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

func hostileSchema() *profile.Schema {
	return &profile.Schema{
		Location: "Asia/Shanghai",
		Sources:  []profile.Source{{Name: "shop"}},
		Traits: []profile.Trait{
			{Name: "phone", Kind: customer.KindText, Sensitivity: profile.Personal}, {Name: "city", Kind: customer.KindText, Searchable: true},
		},
	}
}

func hostilePolicy() *access.Policy {
	return &access.Policy{
		Purposes: []access.Purpose{{Name: "service", Basis: consent.Contract}},
		Roles: []access.Role{{Name: "agent", Grants: []access.Grant{{
			Purpose: "service", Show: access.Levels{Public: access.Plain, Internal: access.Plain, Personal: access.Masked}, Find: []string{"city"},
		}}}},
		Masks: map[string]access.Mask{"phone": access.Phone},
	}
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	var id customer.ID // the same of each
	var once sync.Once
	// open returns a gate before one customer, and its profiles and log.
	open := func() (*access.Gate, *profile.Profiles, *audit.Log) {
		ctx := context.Background()
		s := new(store.Memory)
		who, err := identity.Open(ctx, s, nil, nil)
		require.NoError(t, err)
		profiles, err := profile.Open(ctx, s, hostileSchema(), nil)
		require.NoError(t, err)
		r, err := who.Observe(ctx, identity.Observation{
			ID: "1", Source: "shop", Record: "M1024", Time: hostileNow, Identifiers: []identity.Identifier{{Type: "phone", Value: "13951827364", Proof: identity.Verified}},
		})
		require.NoError(t, err)
		once.Do(func() { id = r.Customer })
		_, err = profiles.Add(ctx, hostileNow, profile.Evidence{Atom: r.Atom, ID: "1", Source: "shop", Time: hostileNow, Values: []customer.Field{
			{Name: "phone", Value: customer.TextValue("+8613951827364")}, {Name: "city", Value: customer.TextValue("广州")},
		}})
		require.NoError(t, err)
		_, err = profiles.Sync(ctx, hostileNow, who)
		require.NoError(t, err)
		log, err := audit.Open(s, nil)
		require.NoError(t, err)
		gate, err := access.Open(ctx, profiles, hostilePolicy(), &access.Options{Log: log})
		require.NoError(t, err)
		return gate, profiles, log
	}
	_, profiles, log := open()
	at := hostileNow.Add(time.Hour)
	reader := func() access.Reader {
		return access.Reader{Actor: "emp-7", Role: "agent", Purpose: "service", Ticket: "case 1"}
	}
	view := func() *access.View {
		gate, _, _ := open()
		v, err := gate.View(context.Background(), at, reader(), id, profile.Moment{})
		require.NoError(t, err)
		return v
	}
	shared := view()
	written, err := json.Marshal(shared.Fields[0])
	require.NoError(t, err)
	policy, err := json.Marshal(hostilePolicy())
	require.NoError(t, err)
	badReader := map[string]any{
		"at zero": ": ", "at beyond": ": ", "reader.Actor empty": "access: ", "reader.Actor bytes": "access: ", "reader.Role": "access: ",
		"reader.Purpose": "access: ", "reader.Ticket bytes": "access: ", "reader.Ticket control": "access: ",
	}
	badPolicy := map[string]any{
		"policy.Purposes nil": "access: ", "policy.Purposes long": "access: ", "policy.Purposes[0].Name empty": "access: ", "policy.Purposes[0].Basis max": "access: ",
		"policy.Roles long": "access: ", "policy.Roles[0].Grants[0].Purpose bytes": "access: ", "policy.Roles[0].Grants[0].Show.Personal max": "access: ", "policy.Masks[phone] max": "access: ",
		"policy.Masks key bytes": "access: ",
	}

	hostiletest.Run(t, hostiletest.Table{
		"Open": {
			Call: func(ctx context.Context, p *access.Policy) error {
				_, err := access.Open(ctx, profiles, p, &access.Options{Log: log})
				return err
			},
			Names: "ctx policy", Args: func() []any { return []any{ctx, hostilePolicy()} }, Expect: hostiletest.With(badPolicy, map[string]any{"policy nil": "access: "}),
		},
		"Policy.Validate": {
			Call: (*access.Policy).Validate, Names: "policy schema", Args: func() []any { return []any{hostilePolicy(), hostileSchema()} }, Expect: badPolicy,
			Hold: map[string]string{"policy nil": "it is the receiver", "schema.Sources": "of the schema the traits matter"},
		},
		"Policy.UnmarshalJSON": {
			Call: func(data []byte) (*access.Policy, error) {
				p := new(access.Policy)
				return p, p.UnmarshalJSON(data)
			},
			Names: "data", Args: func() []any { return []any{bytes.Clone(policy)} },
			Then: func(results []any) { _ = results[0].(*access.Policy).Validate(hostileSchema()) },
		},
		"Gate.View": {
			Call: func(ctx context.Context, at time.Time, r access.Reader, m profile.Moment) (int, error) {
				gate, _, _ := open()
				v, err := (*access.Gate).View(gate, ctx, at, r, id, m)
				if err != nil {
					return 0, err
				}
				return len(v.Fields), nil
			},
			Names: "ctx at reader moment", Args: func() []any { return []any{ctx, at, reader(), profile.Moment{}} }, Expect: badReader,
		},
		"Gate.Timeline": {
			Call: func(ctx context.Context, at time.Time, r access.Reader, m profile.Moment, q *profile.TimelineQuery) (int, error) {
				gate, _, _ := open()
				t, err := (*access.Gate).Timeline(gate, ctx, at, r, id, m, q)
				if err != nil {
					return 0, err
				}
				return len(t.Entries), nil
			},
			Names: "ctx at reader moment query", Args: func() []any {
				return []any{ctx, at, reader(), profile.Moment{}, &profile.TimelineQuery{Statements: true, Limit: 5}}
			}, Expect: badReader,
		},
		"Gate.Find": {
			Call: func(ctx context.Context, at time.Time, r access.Reader, trait string) (int, error) {
				gate, _, _ := open()
				ids, err := (*access.Gate).Find(gate, ctx, at, r, trait, customer.TextValue("广州"))
				return len(ids), err
			},
			Names: "ctx at reader trait", Args: func() []any { return []any{ctx, at, reader(), "city"} }, Expect: hostiletest.With(badReader, map[string]any{"trait": ": "}),
		},
		"Gate.Inspect": {
			Call: func(ctx context.Context, from, to time.Time) (int, error) {
				gate, _, _ := open()
				_, err := (*access.Gate).Inspect(gate, ctx, from, to)
				return 0, err
			},
			Names: "ctx from to", Args: func() []any { return []any{ctx, hostileNow, at} },
		},
		"View.Field": {Call: (*access.View).Field, Names: "view name", Args: func() []any { return []any{shared, "city"} }, Hold: map[string]string{"view": "it is made by a gate"}, Expect: map[string]any{"name": "access: "}},
		"View.Value": {Call: (*access.View).Value, Names: "view name", Args: func() []any { return []any{shared, "city"} }, Hold: map[string]string{"view": "it is made by a gate"}, Expect: map[string]any{"name": "access: "}},
		"Everyone":   {Call: access.Everyone, Names: "view", Args: func() []any { return []any{shared} }, Hold: map[string]string{"view": "it is made by a gate"}},
		"Field.UnmarshalJSON": {
			Call: func(data []byte) (access.Field, error) {
				var f access.Field
				err := f.UnmarshalJSON(data)
				return f, err
			},
			Names: "data", Args: func() []any { return []any{bytes.Clone(written)} },
		},
		"Mask.Of": {
			Call: func(m access.Mask, text string) access.MaskedText {
				return access.Mask.Of(m, customer.TextValue(text), time.UTC)
			}, Names: "mask text",
			Args: func() []any { return []any{access.Phone, "+8613951827364"} },
		},
		"ExportState.UnmarshalText": hostiletest.Name((*access.ExportState).UnmarshalText, access.ExportState(1).String()),
		"Format.UnmarshalText":      hostiletest.Name((*access.Format).UnmarshalText, access.Format(0).String()),
		"Mask.UnmarshalText":        hostiletest.Name((*access.Mask).UnmarshalText, access.Phone.String()),
		"Reason.UnmarshalText": func() hostiletest.Target {
			x := hostiletest.Name((*access.Reason).UnmarshalText, access.Reason(1).String())
			delete(x.Expect, "text nil") // no reason has no name
			delete(x.Expect, "text empty")
			return x
		}(),
		"Show.UnmarshalText": hostiletest.Name((*access.Show).UnmarshalText, access.Masked.String()),
	})
}

var _ = hostiletest.Exceptions{
	"Gate.Export":          "it needs an approver, and is tried with hostile selections by its own tests",
	"Inspection.WriteText": "it takes a writer alone",
}
