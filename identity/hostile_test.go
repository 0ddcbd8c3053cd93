package identity_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/store"
)

var hostileAt = time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)

func hostileObservation(id, record string, identifiers ...identity.Identifier) identity.Observation {
	return identity.Observation{ID: id, Source: "shop", Record: record, Time: hostileAt, Identifiers: identifiers}
}

func hostileObservations() []identity.Observation {
	phone := func(value string) identity.Identifier {
		return identity.Identifier{Type: "phone", Value: value, Proof: identity.Verified}
	}
	return []identity.Observation{
		hostileObservation("1", "a", phone("+8613951827364")),
		hostileObservation("2", "b", phone("+8613951827364"), identity.Identifier{Type: "account", Value: "5", Proof: identity.Verified}),
		hostileObservation("3", "c", phone("+8613951827365")),
	}
}

func hostileGraph() *identity.Graph {
	ctx := context.Background()
	g, err := identity.Open(ctx, new(store.Memory), nil, nil)
	if err != nil {
		panic(err)
	}
	for _, o := range hostileObservations() {
		if _, err := g.Observe(ctx, o); err != nil {
			panic(err)
		}
	}
	return g
}

// kept makes sure that a call has left what was observed before: a and b still have a customer.
func kept(g *identity.Graph) {
	ctx := context.Background()
	for _, record := range []string{"a", "b"} {
		id, _, err := g.Lookup(ctx, identity.Record{Source: "shop", Record: record})
		if err != nil {
			panic(err)
		}
		if _, err := g.Customer(ctx, id); err != nil {
			panic(err)
		}
	}
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	shared := hostileGraph()
	of := func(record string) identity.Record { return identity.Record{Source: "shop", Record: record} }
	require.NoError(t, shared.Separate(ctx, identity.Ruling{ID: "case-0", Actor: "Chen", Reason: "seen", Time: hostileAt}, []identity.Record{of("a")}, []identity.Record{of("c")}))
	id, _, err := shared.Lookup(ctx, of("a"))
	require.NoError(t, err)
	other, _, err := shared.Lookup(ctx, of("c"))
	require.NoError(t, err)
	ruling := func() identity.Ruling {
		return identity.Ruling{ID: "case-1", Actor: "Chen", Reason: "seen", Time: hostileAt}
	}
	phone := func() identity.Identifier { return identity.Identifier{Type: "phone", Value: "+8613951827364"} }
	head, err := shared.Head(ctx)
	require.NoError(t, err)
	ruled := map[string]any{
		"ruling.ID empty": identity.ErrInput, "ruling.ID bytes": identity.ErrInput, "ruling.ID long": identity.ErrInput, "ruling.Actor empty": identity.ErrInput,
		"ruling.Time zero": identity.ErrInput, "ruling.Time beyond": identity.ErrInput, "ruling.Reason bytes": identity.ErrInput,
	}
	policy := func() *identity.Policy { return identity.DefaultPolicy() }
	const opened = "graph"

	hostiletest.Run(t, hostiletest.Table{
		"Open": {
			Call: func(ctx context.Context, p *identity.Policy, o *identity.Options) error {
				_, err := identity.Open(ctx, new(store.Memory), p, o)
				return err
			},
			Names: "ctx policy options", Args: func() []any { return []any{ctx, policy(), &identity.Options{Backoff: &store.Backoff{}}} },
			Expect: map[string]any{"policy nil": hostiletest.OK, "options nil": hostiletest.OK, "policy.Entities huge": identity.ErrPolicy},
			Hold:   map[string]string{"options.Backoff": "see store"},
		},
		"Policy.Validate": {
			Call: (*identity.Policy).Validate, Names: "policy", Args: func() []any { return []any{policy()} },
			Expect: map[string]any{"policy.Entities huge": identity.ErrPolicy},
		},
		"Graph.Observe": {
			Call: func(ctx context.Context, o identity.Observation) (identity.Resolution, error) {
				g := hostileGraph()
				defer kept(g)
				return (*identity.Graph).Observe(g, ctx, o)
			},
			Names: "ctx observation", Args: func() []any {
				o := hostileObservations()[1]
				o.ID, o.Record = "4", "d"
				return []any{ctx, o}
			},
			Expect: map[string]any{
				"observation.ID empty": identity.ErrInput, "observation.ID bytes": identity.ErrInput, "observation.ID long": identity.ErrInput,
				"observation.Source empty": identity.ErrInput, "observation.Record empty": nil, "observation.Time zero": identity.ErrInput,
				"observation.Time beyond": identity.ErrInput, "observation.Time before": identity.ErrInput, "observation.Identifiers huge": identity.ErrInput,
				"observation.Identifiers nil": nil, "observation.Identifiers[1].Type bytes": nil, "observation.Identifiers[1].Proof max": identity.ErrInput,
				"observation.Identifiers twice": hostiletest.OK, "observation.Entity bytes": identity.ErrInput,
			},
		},
		"Graph.ObserveMany": {
			Call: func(ctx context.Context, list []identity.Observation, o *identity.ManyOptions) (identity.Summary, error) {
				g := hostileGraph()
				defer kept(g)
				return (*identity.Graph).ObserveMany(g, ctx, slices.Values(list), o)
			},
			Names: "ctx observations options",
			Args: func() []any {
				list := hostileObservations()
				for i := range list {
					list[i].ID, list[i].Record = list[i].ID+"x", list[i].Record+"x"
				}
				return []any{ctx, list, &identity.ManyOptions{Workers: 2}}
			},
			Expect: map[string]any{"observations nil": hostiletest.OK, "observations turned": hostiletest.OK, "observations long": hostiletest.OK, "options nil": hostiletest.OK, "options.Workers max": hostiletest.OK},
			Hold:   map[string]string{"observations huge": "it takes long"},
		},
		"Graph.Link": {
			Call: func(ctx context.Context, r identity.Ruling, records []identity.Record) error {
				g := hostileGraph()
				defer kept(g)
				return (*identity.Graph).Link(g, ctx, r, records...)
			},
			Names: "ctx ruling records", Args: func() []any { return []any{ctx, ruling(), []identity.Record{of("a"), of("c")}} },
			Expect: hostiletest.With(ruled, map[string]any{"records nil": identity.ErrInput, "records one": identity.ErrInput, "records[1].Record bytes": identity.ErrUnknown, "records[1].Source empty": identity.ErrUnknown}),
		},
		"Graph.Split": {
			Call: func(ctx context.Context, r identity.Ruling, records []identity.Record) error {
				return (*identity.Graph).Split(hostileGraph(), ctx, r, records...)
			},
			Names: "ctx ruling records", Args: func() []any { return []any{ctx, ruling(), []identity.Record{of("a")}} },
			Expect: hostiletest.With(ruled, map[string]any{"records nil": identity.ErrInput, "records[0].Record bytes": identity.ErrUnknown}),
		},
		"Graph.Separate": {
			Call: func(ctx context.Context, r identity.Ruling, sides [][]identity.Record) error {
				return (*identity.Graph).Separate(hostileGraph(), ctx, r, sides...)
			},
			Names: "ctx ruling sides", Args: func() []any { return []any{ctx, ruling(), [][]identity.Record{{of("a")}, {of("b")}}} },
			Expect: hostiletest.With(ruled, map[string]any{"sides nil": identity.ErrInput, "sides one": identity.ErrInput, "sides[1] empty": identity.ErrInput}),
		},
		"Graph.Rebind": {
			Call: func(ctx context.Context, r identity.Ruling, entity string, x identity.Identifier, at time.Time) error {
				return (*identity.Graph).Rebind(hostileGraph(), ctx, r, entity, x, at)
			},
			Names: "ctx ruling entity identifier at", Args: func() []any { return []any{ctx, ruling(), "", phone(), hostileAt} },
			Expect: hostiletest.With(ruled, map[string]any{"entity bytes": identity.ErrInput, "at beyond": identity.ErrInput, "at before": identity.ErrInput}),
		},
		"Graph.Relate": {
			Call: func(ctx context.Context, r identity.Relation) error {
				g := hostileGraph()
				defer kept(g)
				return (*identity.Graph).Relate(g, ctx, r)
			},
			Names: "ctx relation", Args: func() []any {
				return []any{ctx, identity.Relation{ID: "r", Kind: "household", From: of("a"), To: of("c"), Since: hostileAt, Until: hostileAt.AddDate(1, 0, 0)}}
			},
			Expect: map[string]any{
				"relation.ID empty": identity.ErrInput, "relation.ID bytes": identity.ErrInput, "relation.Kind empty": identity.ErrInput, "relation.From.Record bytes": identity.ErrInput,
				"relation.Since beyond": identity.ErrInput, "relation.Until before": identity.ErrInput,
			},
		},
		"Graph.Unrelate": {
			Call: func(ctx context.Context, id string) error {
				g := hostileGraph()
				if err := g.Relate(context.Background(), identity.Relation{ID: "r", Kind: "household", From: of("a"), To: of("c")}); err != nil {
					return err
				}
				return (*identity.Graph).Unrelate(g, ctx, id)
			},
			Names: "ctx id", Args: func() []any { return []any{ctx, "r"} }, Expect: map[string]any{"id": "identity: "},
		},
		"Graph.Retract": {
			Call: func(ctx context.Context, at time.Time, id string) error {
				return (*identity.Graph).Retract(hostileGraph(), ctx, at, id)
			},
			Names: "ctx at id", Args: func() []any { return []any{ctx, hostileAt, "2"} },
			Expect: map[string]any{"id empty": "identity: ", "id bytes": "identity: ", "id long": "identity: ", "id number": "identity: "},
		},
		"Graph.Revoke": {
			Call: func(ctx context.Context, at time.Time, id string) error {
				g := hostileGraph()
				if err := g.Link(context.Background(), ruling(), of("a"), of("c")); err != nil {
					return err
				}
				defer kept(g)
				return (*identity.Graph).Revoke(g, ctx, at, id)
			},
			Names: "ctx at id", Args: func() []any { return []any{ctx, hostileAt, "case-1"} },
			Expect: map[string]any{"id": "identity: ", "at beyond": identity.ErrInput, "at before": identity.ErrInput},
		},
		"Graph.Erase": {
			Call: func(ctx context.Context, id customer.ID, r identity.Ruling) error {
				g := hostileGraph()
				defer kept(g)
				return (*identity.Graph).Erase(g, ctx, id, r)
			},
			Names: "ctx id ruling", Args: func() []any { return []any{ctx, other, ruling()} }, Expect: hostiletest.With(ruled, map[string]any{"id zero": "identity: "}),
		},
		"Graph.Apply": {
			Call: func(ctx context.Context, p *identity.Policy) (identity.Diff, error) {
				g := hostileGraph()
				return (*identity.Graph).Apply(g, ctx, p, nil)
			},
			Names: "ctx policy", Args: func() []any { return []any{ctx, policy()} }, Every: 3,
		},
		"Graph.Preview": {
			Call: func(ctx context.Context, p *identity.Policy) (identity.Diff, error) {
				return (*identity.Graph).Preview(shared, ctx, p, nil)
			},
			Names: "ctx policy", Args: func() []any { return []any{ctx, policy()} }, Every: 3,
		},
		"Graph.Changes": {
			Call: func(ctx context.Context, c customer.Cursor) (int, error) {
				return hostiletest.Count((*identity.Graph).Changes(shared, ctx, c))
			},
			Names: "ctx cursor", Args: func() []any { return []any{ctx, customer.Cursor{}} }, Expect: map[string]any{"cursor[63] max": customer.ErrCursorUnknown},
		},
		"Graph.Trim": {
			Call: func(ctx context.Context, c customer.Cursor) error {
				g := hostileGraph()
				defer kept(g)
				return (*identity.Graph).Trim(g, ctx, c)
			},
			Names: "ctx cursor", Args: func() []any { return []any{ctx, head} }, Expect: map[string]any{"cursor[63] max": customer.ErrCursorUnknown},
		},
		"Graph.Customer":  {Call: (*identity.Graph).Customer, Names: "graph ctx id", Args: func() []any { return []any{shared, ctx, id} }, Writes: opened, Expect: map[string]any{"id zero": identity.ErrUnknown}},
		"Graph.Holders":   {Call: (*identity.Graph).Holders, Names: "graph ctx id", Args: func() []any { return []any{shared, ctx, id} }, Writes: opened},
		"Graph.Members":   {Call: (*identity.Graph).Members, Names: "graph ctx id", Args: func() []any { return []any{shared, ctx, id} }, Writes: opened},
		"Graph.Trace":     {Call: (*identity.Graph).Trace, Names: "graph ctx id", Args: func() []any { return []any{shared, ctx, id} }, Writes: opened},
		"Graph.Relations": {Call: (*identity.Graph).Relations, Names: "graph ctx at id", Args: func() []any { return []any{shared, ctx, hostileAt, id} }, Writes: opened},
		"Graph.Find": {
			Call: (*identity.Graph).Find, Names: "graph ctx entity identifier", Args: func() []any { return []any{shared, ctx, "", phone()} }, Writes: opened,
			Expect: map[string]any{"identifier.Type bytes": identity.ErrInput, "entity bytes": identity.ErrInput},
		},
		"Graph.Lookup": {
			Call: (*identity.Graph).Lookup, Names: "graph ctx record", Args: func() []any { return []any{shared, ctx, of("a")} }, Writes: opened,
			Expect: map[string]any{"record.Record number": identity.ErrUnknown, "record.Source bytes": identity.ErrUnknown, "record.Record bytes": identity.ErrUnknown},
		},
		"Graph.Explain": {
			Call: (*identity.Graph).Explain, Names: "graph ctx a b", Args: func() []any { return []any{shared, ctx, identity.Ref{Record: of("a")}, identity.Ref{Record: of("b")}} }, Writes: opened,
			Expect: map[string]any{"b.Record.Record bytes": identity.ErrUnknown, "b.Record.Record empty": identity.ErrUnknown},
		},
		"Graph.Measure": {Call: (*identity.Graph).Measure, Names: "graph ctx entity", Args: func() []any { return []any{shared, ctx, ""} }, Writes: opened, NaN: "a share of none is", Expect: map[string]any{"entity bytes": identity.ErrInput}},
		"Graph.Ruling":  {Call: (*identity.Graph).Ruling, Names: "graph ctx id", Args: func() []any { return []any{shared, ctx, "case-0"} }, Writes: opened},
		"Graph.Resume":  {Call: (*identity.Graph).Resume, Names: "graph ctx", Args: func() []any { return []any{shared, ctx} }, Writes: opened},
		"Graph.Head":    {Call: (*identity.Graph).Head, Names: "graph ctx", Args: func() []any { return []any{shared, ctx} }, Writes: opened},
		"Graph.Customers": {
			Call: func(ctx context.Context) (int, error) {
				return hostiletest.Count((*identity.Graph).Customers(shared, ctx))
			},
			Names: "ctx", Args: func() []any { return []any{ctx} },
		},
		"Graph.Rulings": {
			Call: func(ctx context.Context, id customer.ID) ([]identity.Ruling, error) {
				return (*identity.Graph).Rulings(shared, ctx, id)
			},
			Names: "ctx id", Args: func() []any { return []any{ctx, id} },
		},
		"Graph.Observations": {
			Call: func(ctx context.Context, id customer.ID) (int, error) {
				return hostiletest.Count((*identity.Graph).Observations(shared, ctx, id))
			},
			Names: "ctx id", Args: func() []any { return []any{ctx, id} },
		},
		"Kind.UnmarshalText":  hostiletest.Name((*identity.Kind).UnmarshalText, identity.Shareable.String()),
		"Proof.UnmarshalText": hostiletest.Name((*identity.Proof).UnmarshalText, identity.Verified.String()),
		"Type.UnmarshalJSON": {
			Call: func(data []byte) (identity.Type, error) {
				before := identity.Type{Name: "before", Most: 7}
				t := before
				err := (*identity.Type).UnmarshalJSON(&t, data)
				if err != nil && t != before {
					panic("it is not as it was")
				}
				return t, err
			},
			Names: "data", Args: func() []any {
				return []any{[]byte(`{"name":"phone","kind":"shareable","most":5,"fan_out":10,"window":"1h0m0s","silence":"2160h0m0s","lifetime":"9600h0m0s","proof":"verified"}`)}
			},
			Expect: map[string]any{
				"data nil": "identity: ", "data empty": "identity: ", "data array": "identity: ", "data torn": "identity: ", "data deep": "identity: ",
				"data trailing": "identity: ", "data doubled": "identity: ", "data.kind text": "identity: ", "data.silence zero": "identity: ", "data.proof negative": "identity: ", "data.most fraction": "identity: ",
			},
		},
		"Reason.UnmarshalText": hostiletest.Name((*identity.Reason).UnmarshalText, identity.Conflict.String()),
	})
}
