package profile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

func hostileSchema() *profile.Schema {
	return &profile.Schema{
		Location: "Asia/Shanghai",
		Sources:  []profile.Source{{Name: "crm", Channel: "phone"}, {Name: "shop"}},
		Traits: []profile.Trait{
			{Name: "city", Kind: customer.KindText, Searchable: true},
			{Name: "interests", Kind: customer.KindLabels, Policy: []profile.Rule{profile.Union}},
		},
		Events: []profile.Event{{Name: "order", Fields: []profile.Field{{Name: "amount", Kind: customer.KindInt64, Required: true}, {Name: "shop", Kind: customer.KindText}}}},
		Computed: []profile.Computed{
			{Name: "orders", Of: profile.Count, Events: []string{"order"}},
			{Name: "shops", Of: profile.Affinity, Events: []string{"order"}, Field: "shop"},
			{Name: "spent", Of: profile.Sum, Events: []string{"order"}, Field: "amount", Window: profile.Window{Days: 90}},
		},
	}
}

func hostileEvidence(atom customer.AtomID, id string) []profile.Evidence {
	return []profile.Evidence{
		{Atom: atom, ID: id, Source: "crm", Time: day(1), Values: []customer.Field{
			{Name: "city", Value: customer.TextValue("深圳")}, {Name: "interests", Value: customer.LabelsValue("tea", "books")},
		}},
		{Atom: atom, ID: "order-" + id, Source: "shop", Event: "order", Time: day(3), Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(19900)}}},
	}
}

// hostileProfiles are those of one customer, with the atom and the feed.
func hostileProfiles() (*profile.Profiles, customer.AtomID, *identity.Graph) {
	ctx := context.Background()
	s := new(store.Memory)
	who, err := identity.Open(ctx, s, nil, nil)
	check(err)
	r, err := who.Observe(ctx, identity.Observation{
		ID: "1", Source: "crm", Record: "1", Time: day(1), Identifiers: []identity.Identifier{{Type: "phone", Value: "13951827364", Proof: identity.Verified}},
	})
	check(err)
	p, err := profile.Open(ctx, s, hostileSchema(), nil)
	check(err)
	_, err = p.Add(ctx, day(6), hostileEvidence(r.Atom, "1")...)
	check(err)
	_, err = p.Sync(ctx, day(6), who)
	check(err)
	return p, r.Atom, who
}

// stillThere makes sure that a call has left what was known before.
func stillThere(p *profile.Profiles) {
	n := 0
	for one, err := range p.All(context.Background(), profile.Moment{At: day(6)}) {
		check(err)
		if city, _ := one.Value("city").Text(); city == "深圳" {
			n++
		}
	}
	if n != 1 {
		panic("what was stored is lost")
	}
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	shared, atom, who := hostileProfiles()
	id, _, err := who.Lookup(ctx, identity.Record{Source: "crm", Record: "1"})
	require.NoError(t, err)
	moment := func() profile.Moment { return profile.Moment{At: day(6)} }
	head, err := shared.RowsHead(ctx)
	require.NoError(t, err)
	written, err := json.Marshal(hostileSchema())
	require.NoError(t, err)
	schema := map[string]any{
		"schema nil": "profile: ", "schema.Location bytes": "profile: ", "schema.Sources twice": "profile: ", "schema.Sources huge": "profile: ", "schema.Traits twice": "profile: ",
		"schema.Traits[1].Name empty": "profile: ", "schema.Traits[1].Name bytes": "profile: ", "schema.Traits[1].Kind max": "profile: ", "schema.Computed[2].Window.Days min": "profile: ",
		"schema.Computed[2].Of max": "profile: ", "schema.Computed[2].Field empty": "profile: ", "schema.Events long": "profile: ",
	}
	const opened = "profiles"

	hostiletest.Run(t, hostiletest.Table{
		"Open": {
			Call: func(ctx context.Context, schema *profile.Schema, o *profile.Options) error {
				_, err := profile.Open(ctx, new(store.Memory), schema, o)
				return err
			},
			Names: "ctx schema options", Args: func() []any { return []any{ctx, hostileSchema(), &profile.Options{}} },
			Expect: hostiletest.With(schema, map[string]any{"options nil": hostiletest.OK, "schema nil": nil}),
		},
		"Schema.Validate": {Call: (*profile.Schema).Validate, Names: "schema", Args: func() []any { return []any{hostileSchema()} }, Expect: schema},
		"Schema.UnmarshalJSON": {
			Call: func(data []byte) (*profile.Schema, error) {
				s := new(profile.Schema)
				return s, s.UnmarshalJSON(data)
			},
			Names: "data", Args: func() []any { return []any{slices.Clone(written)} },
			Then: func(results []any) { check(results[0].(*profile.Schema).Validate()) },
		},
		"Profiles.Add": {
			Call: func(ctx context.Context, at time.Time, list []profile.Evidence) (profile.Summary, error) {
				p, _, _ := hostileProfiles()
				defer stillThere(p)
				return (*profile.Profiles).Add(p, ctx, at, list...)
			},
			Names: "ctx at evidence", Args: func() []any { return []any{ctx, day(7), hostileEvidence(customer.AtomID{9}, "9")} },
			Expect: map[string]any{
				"at zero": profile.ErrInput, "at beyond": profile.ErrInput, "evidence nil": hostiletest.OK, "evidence[1].Atom zero": "row 1", "evidence[1].ID empty": "row 1",
				"evidence[1].ID bytes": "row 1", "evidence[1].Source bytes": "row 1", "evidence[1].Time beyond": "row 1", "evidence[1].Time zero": "row 1", "evidence[1].Event bytes": "row 1",
			},
		},
		"Profiles.AddMany": {
			Call: func(ctx context.Context, at time.Time, list []profile.Evidence, o *profile.ManyOptions) (profile.Summary, error) {
				p, _, _ := hostileProfiles()
				defer stillThere(p)
				return (*profile.Profiles).AddMany(p, ctx, at, slices.Values(list), o)
			},
			Names: "ctx at evidence options", Args: func() []any {
				return []any{ctx, day(7), hostileEvidence(customer.AtomID{9}, "9"), &profile.ManyOptions{}}
			},
			Expect: map[string]any{"at zero": profile.ErrInput, "evidence nil": hostiletest.OK, "options nil": hostiletest.OK, "evidence turned": hostiletest.OK},
		},
		"Profiles.Apply": {
			Call: func(ctx context.Context, at time.Time, s *profile.Schema) (uint64, error) {
				p, _, _ := hostileProfiles()
				return (*profile.Profiles).Apply(p, ctx, at, s)
			},
			Names: "ctx at schema", Args: func() []any { return []any{ctx, day(7), hostileSchema()} }, Every: 3, Expect: hostiletest.With(schema, map[string]any{"at zero": profile.ErrInput}),
		},
		"Profiles.Preview": {
			Call: func(ctx context.Context, at time.Time, s *profile.Schema) (*profile.Diff, error) {
				return (*profile.Profiles).Preview(shared, ctx, at, s)
			},
			Names: "ctx at schema", Args: func() []any { return []any{ctx, day(7), hostileSchema()} }, Every: 3, Expect: hostiletest.With(schema, map[string]any{"at zero": profile.ErrInput}),
		},
		"Profiles.Retract": {
			Call: func(ctx context.Context, at time.Time, atom customer.AtomID, id string) error {
				p, _, _ := hostileProfiles()
				return (*profile.Profiles).Retract(p, ctx, at, atom, id)
			},
			Names: "ctx at atom id", Args: func() []any { return []any{ctx, day(7), atom, "1"} },
			Expect: map[string]any{"at zero": profile.ErrInput, "id bytes": "profile: ", "id empty": "profile: "},
		},
		"Profiles.Purge": {
			Call: func(ctx context.Context, at time.Time) (int, error) {
				p, _, _ := hostileProfiles()
				defer stillThere(p)
				return (*profile.Profiles).Purge(p, ctx, at)
			},
			Names: "ctx at", Args: func() []any { return []any{ctx, day(7)} }, Expect: map[string]any{"at zero": profile.ErrInput, "at beyond": profile.ErrInput},
		},
		"Profiles.Sync": {
			Call: func(ctx context.Context, at time.Time) (profile.Synced, error) {
				p, _, who := hostileProfiles()
				defer stillThere(p)
				return (*profile.Profiles).Sync(p, ctx, at, who)
			},
			Names: "ctx at", Args: func() []any { return []any{ctx, day(7)} }, Expect: map[string]any{"at zero": profile.ErrInput},
		},
		"Profiles.Profile": {
			Call: (*profile.Profiles).Profile, Names: "profiles ctx id moment", Args: func() []any { return []any{shared, ctx, id, moment()} }, Writes: opened,
			Expect: map[string]any{"id zero": profile.ErrUnknown, "moment.At zero": profile.ErrInput, "moment.At beyond": profile.ErrInput},
		},
		"Profile.Value": {
			Call: func(name string) (customer.Value, error) {
				one, err := shared.Profile(ctx, id, moment())
				if err != nil {
					return customer.Value{}, err
				}
				return (*profile.Profile).Value(one, name), nil
			},
			Names: "name", Args: func() []any { return []any{"city"} }, Expect: map[string]any{"name": hostiletest.OK},
		},
		"Profiles.All": {
			Call: func(ctx context.Context, m profile.Moment) (int, error) {
				return hostiletest.Count((*profile.Profiles).All(shared, ctx, m))
			},
			Names: "ctx moment", Args: func() []any { return []any{ctx, moment()} }, Expect: map[string]any{"moment.At zero": profile.ErrInput},
		},
		"Profiles.AllRows": {
			Call: func(ctx context.Context) (int, error) {
				return hostiletest.Count((*profile.Profiles).AllRows(shared, ctx))
			},
			Names: "ctx", Args: func() []any { return []any{ctx} },
		},
		"Profiles.Rows": {
			Call: func(ctx context.Context, c customer.Cursor) (int, error) {
				return hostiletest.Count((*profile.Profiles).Rows(shared, ctx, c))
			},
			Names: "ctx cursor", Args: func() []any { return []any{ctx, customer.Cursor{}} }, Expect: map[string]any{"cursor[63] max": customer.ErrCursorUnknown},
		},
		"Profiles.TrimRows": {
			Call: func(ctx context.Context, c customer.Cursor) error {
				p, _, _ := hostileProfiles()
				defer stillThere(p)
				return (*profile.Profiles).TrimRows(p, ctx, c)
			},
			Names: "ctx cursor", Args: func() []any { return []any{ctx, head} }, Expect: map[string]any{"cursor[63] max": customer.ErrCursorUnknown},
		},
		"Profiles.RowsHead": {Call: (*profile.Profiles).RowsHead, Names: "profiles ctx", Args: func() []any { return []any{shared, ctx} }, Writes: opened},
		"Profiles.Evidence": {
			Call: func(ctx context.Context, id customer.ID) (int, error) {
				return hostiletest.Count((*profile.Profiles).Evidence(shared, ctx, id))
			},
			Names: "ctx id", Args: func() []any { return []any{ctx, id} },
		},
		"Profiles.Find": {
			Call: (*profile.Profiles).Find, Names: "profiles ctx trait value moment", Writes: opened,
			Args:   func() []any { return []any{shared, ctx, "city", customer.TextValue("深圳"), moment()} },
			Expect: map[string]any{"trait bytes": "profile: ", "trait empty": "profile: ", "moment.At zero": profile.ErrInput},
		},
		"Profiles.Members":  {Call: (*profile.Profiles).Members, Names: "profiles ctx id", Args: func() []any { return []any{shared, ctx, id} }, Writes: opened},
		"Profiles.Quality":  {Call: (*profile.Profiles).Quality, Names: "profiles ctx at", Args: func() []any { return []any{shared, ctx, day(6)} }, Writes: opened, Expect: map[string]any{"at zero": profile.ErrInput}, NaN: "a share of none is"},
		"Profiles.Schema":   {Call: (*profile.Profiles).Schema, Names: "profiles ctx", Args: func() []any { return []any{shared, ctx} }, Writes: opened},
		"Profiles.SetAside": {Call: (*profile.Profiles).SetAside, Names: "profiles ctx atom", Args: func() []any { return []any{shared, ctx, atom} }, Writes: opened},
		"Profiles.Shares": {
			Call: (*profile.Profiles).Shares, Names: "profiles ctx at trait", Args: func() []any { return []any{shared, ctx, day(6), "shops"} }, Writes: opened,
			Expect: map[string]any{"trait bytes": "profile: ", "at zero": profile.ErrInput},
		},
		"Profiles.Table": {
			Call: (*profile.Profiles).Table, Names: "profiles ctx moment columns", Args: func() []any { return []any{shared, ctx, moment(), []string{"orders"}} }, Writes: opened,
			Expect: map[string]any{"columns[0] bytes": "profile: ", "columns long": "profile: ", "moment.At zero": profile.ErrInput}, NaN: "a missing value is one",
		},
		"Profiles.RowColumns": {Call: (*profile.Profiles).RowColumns, Names: "profiles ctx", Args: func() []any { return []any{shared, ctx} }, Writes: opened},
		"Profiles.Events": {
			Call: (*profile.Profiles).Events, Names: "profiles ctx moment query", Args: func() []any {
				return []any{shared, ctx, moment(), &profile.EventsQuery{Scale: 2, Kinds: []profile.EventKind{{Event: "order", Kind: "purchase", Amount: "amount", Category: "shop"}}}}
			}, Writes: opened,
			Expect: map[string]any{
				"moment.At zero": profile.ErrInput, "query nil": hostiletest.OK, "query.Scale max": "scale", "query.Scale min": "scale",
				"query.Kinds[0].Event bytes": profile.ErrInput, "query.Kinds[0].Amount long": profile.ErrInput, "query.Kinds[0].Category control": profile.ErrInput, "query.Kinds[0].Kind bytes": hostiletest.OK,
			},
		},
		"Profiles.Timeline": {
			Call: func(ctx context.Context, m profile.Moment, q *profile.TimelineQuery) (int, error) {
				return hostiletest.Count((*profile.Profiles).Timeline(shared, ctx, id, m, q))
			},
			Names: "ctx moment query", Args: func() []any { return []any{ctx, moment(), &profile.TimelineQuery{}} },
			Expect: map[string]any{"query nil": hostiletest.OK, "moment.At zero": profile.ErrInput},
		},
		"Profiles.Versions": {Call: (*profile.Profiles).Versions, Names: "profiles ctx", Args: func() []any { return []any{shared, ctx} }, Writes: opened},
		"Profiles.WriteCSV": {
			Call: func(ctx context.Context, m profile.Moment, traits []string) (string, error) {
				var b bytes.Buffer
				err := (*profile.Profiles).WriteCSV(shared, ctx, &b, m, traits...)
				return b.String(), err
			},
			Names: "ctx moment traits", Args: func() []any { return []any{ctx, moment(), []string{"city"}} },
			Expect: map[string]any{"traits[0] bytes": "profile: ", "traits long": "profile: ", "moment.At zero": profile.ErrInput},
		},
		"Profiles.WriteJSON": {
			Call: func(ctx context.Context, m profile.Moment, traits []string) (string, error) {
				var b bytes.Buffer
				err := (*profile.Profiles).WriteJSON(shared, ctx, &b, m, traits...)
				return b.String(), err
			},
			Names: "ctx moment traits", Args: func() []any { return []any{ctx, moment(), []string{"city"}} },
			Expect: map[string]any{"traits[0] bytes": "profile: ", "moment.At zero": profile.ErrInput},
		},
		"Profiles.Refold": {Call: func(ctx context.Context) error {
			p, _, _ := hostileProfiles()
			defer stillThere(p)
			return (*profile.Profiles).Refold(p, ctx)
		}, Names: "ctx", Args: func() []any { return []any{ctx} }},
		"Aggregate.UnmarshalText":   hostiletest.Name((*profile.Aggregate).UnmarshalText, profile.Count.String()),
		"Reason.UnmarshalText":      hostiletest.Name((*profile.Reason).UnmarshalText, profile.Reason(1).String()),
		"Rule.UnmarshalText":        hostiletest.Name((*profile.Rule).UnmarshalText, profile.Union.String()),
		"Sensitivity.UnmarshalText": hostiletest.Name((*profile.Sensitivity).UnmarshalText, profile.Personal.String()),
	})
}

var _ = hostiletest.Exceptions{
	"Profiles.Reseal":   "it needs a vault, and is tried with failing stores and contexts by its own tests",
	"Quality.WriteText": "it takes a writer alone",
}
