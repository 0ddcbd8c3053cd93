package access

import (
	"bytes"
	"context"
	"io"
	"iter"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// A counting wrapper tells how often a key was needed. Safe for concurrent use.
type counting struct {
	seal.Wrapper
	n atomic.Int64
}

func (c *counting) Unwrap(ctx context.Context, wrapped, binding []byte) ([]byte, error) {
	c.n.Add(1)
	return c.Wrapper.Unwrap(ctx, wrapped, binding)
}

// How a method reads what is sealed.
const (
	nothing = ""                                // it opens nothing
	writes  = "writes"                          // it returns no values
	within  = "within the service, not audited" // who calls it has the Profiles or the Graph themselves
)

// A gated method is what shows the same to a reader, with the entry in the log.
type gated string

// A reading is a method that was looked at, and a call of it.
type reading struct {
	as   any
	call func() error
}

// exhaust goes through a sequence.
func exhaust[T any](all iter.Seq2[T, error]) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

func second[T any](_ T, err error) error { return err }

// Every method of Profiles and Graph is one that opens nothing, or shows what is sealed to readers by the gate, or is for use within the
// service. A new one has to be put into the table.
func TestEveryReadIsKnown(t *testing.T) {
	ctx := t.Context()
	s := new(store.Memory)
	index, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: bytes.Repeat([]byte{1}, seal.KeyBytes)})
	require.NoError(t, err)
	local, err := seal.NewLocal(bytes.Repeat([]byte{2}, seal.KeyBytes))
	require.NoError(t, err)
	schema := shopSchema()
	schema.Computed = append(schema.Computed, profile.Computed{Name: "likes", Of: profile.Affinity, Events: []string{"order"}, Field: "what", Limit: 3, Sensitivity: profile.Personal})
	keys := &counting{Wrapper: local}
	// open returns graph and profiles that remember no keys.
	open := func() (*identity.Graph, *profile.Profiles) {
		vault, err := seal.NewVault(s, keys, nil)
		require.NoError(t, err)
		g, err := identity.Open(ctx, s, nil, &identity.Options{Index: index, Vault: vault})
		require.NoError(t, err)
		p, err := profile.Open(ctx, s, schema, &profile.Options{Index: index, Vault: vault, Rows: []string{"phone", "city"}})
		require.NoError(t, err)
		return g, p
	}
	g, p := open()
	var who []identity.Resolution
	for _, name := range []string{"1", "2"} {
		r, err := g.Observe(ctx, identity.Observation{
			ID: name, Source: "shop", Record: name, Time: noon, Identifiers: []identity.Identifier{{Type: "account", Value: name, Proof: identity.Verified}},
		})
		require.NoError(t, err)
		_, err = p.Add(ctx, noon, profile.Evidence{Atom: r.Atom, ID: name, Source: "shop", Time: noon, Values: []customer.Field{
			text("phone", "+8613912345670"), text("city", "广州"), text("undeclared", "x"),
		}}, profile.Evidence{Atom: r.Atom, ID: "order " + name, Source: "shop", Event: "order", Time: noon, Values: []customer.Field{
			{Name: "amount", Value: customer.Int64Value(1)}, text("what", "pills"),
		}})
		require.NoError(t, err)
		who = append(who, r)
	}
	ref := func(n string) identity.Ref { return identity.Ref{Record: identity.Record{Source: "shop", Record: n}} }
	require.NoError(t, g.Link(ctx, identity.Ruling{ID: "r", Actor: "steward", Reason: "looked at", Time: noon}, ref("1").Record, ref("2").Record))
	require.NoError(t, g.Relate(ctx, identity.Relation{ID: "relation", Kind: "household", From: ref("1").Record, To: ref("2").Record, Since: noon}))
	_, err = p.Sync(ctx, noon, g)
	require.NoError(t, err)
	id, now := who[0].Customer, profile.Moment{At: noon.Add(time.Hour)}

	look := func(of any, table map[string]reading) {
		t.Helper()
		for m := range reflect.TypeOf(of).Methods() {
			r, ok := table[m.Name]
			require.True(t, ok, "%s is not in the table", m.Name)
			delete(table, m.Name)
			if r.as == writes {
				continue
			}
			g, p = open()
			before := keys.n.Load()
			require.NoError(t, r.call(), m.Name)
			require.Equal(t, r.as != nothing, keys.n.Load() > before, "%s opens what is sealed", m.Name)
			if by, ok := r.as.(gated); ok {
				_, ok = reflect.TypeFor[*Gate]().MethodByName(string(by))
				require.True(t, ok, by)
			}
		}
		require.Empty(t, table, "there are no such methods")
	}
	look(p, map[string]reading{
		"Profile":   {gated("View"), func() error { return second(p.Profile(ctx, id, now)) }},
		"Find":      {gated("Find"), func() error { return second(p.Find(ctx, "phone", customer.TextValue("+8613912345670"), now)) }},
		"All":       {gated("Export"), func() error { return exhaust(p.All(ctx, now)) }},
		"WriteCSV":  {gated("Export"), func() error { return p.WriteCSV(ctx, io.Discard, now, "phone") }},
		"WriteJSON": {gated("Export"), func() error { return p.WriteJSON(ctx, io.Discard, now, "phone") }},
		"Timeline":  {gated("Timeline"), func() error { return exhaust(p.Timeline(ctx, id, now, nil)) }},
		"Evidence":  {within, func() error { return exhaust(p.Evidence(ctx, id)) }},
		"SetAside":  {within, func() error { return second(p.SetAside(ctx, who[0].Atom)) }},
		"Table":     {within, func() error { return second(p.Table(ctx, now, "phone")) }},
		"Events": {within, func() error {
			return second(p.Events(ctx, now, &profile.EventsQuery{Kinds: []profile.EventKind{{Event: "order"}}}))
		}},
		"Quality":    {within, func() error { return second(p.Quality(ctx, now.At)) }},
		"Shares":     {within, func() error { return second(p.Shares(ctx, now.At, "likes")) }},
		"Preview":    {within, func() error { return second(p.Preview(ctx, now.At, schema)) }},
		"AllRows":    {within, func() error { return exhaust(p.AllRows(ctx)) }},
		"Rows":       {within, func() error { return exhaust(p.Rows(ctx, customer.Cursor{})) }},
		"RowColumns": {nothing, func() error { return second(p.RowColumns(ctx)) }},
		"RowsHead":   {nothing, func() error { return second(p.RowsHead(ctx)) }},
		"Members":    {nothing, func() error { return second(p.Members(ctx, id)) }},
		"Schema":     {nothing, func() error { _, _, err := p.Schema(ctx); return err }},
		"Versions":   {nothing, func() error { return second(p.Versions(ctx)) }},
		"Add":        {as: writes}, "AddMany": {as: writes}, "Apply": {as: writes}, "Purge": {as: writes}, "Refold": {as: writes}, "Reseal": {as: writes},
		"Retract": {as: writes}, "Sync": {as: writes}, "TrimRows": {as: writes},
	})
	look(g, map[string]reading{
		"Observations": {within, func() error { return exhaust(g.Observations(ctx, id)) }},
		"Explain":      {within, func() error { return second(g.Explain(ctx, ref("1"), ref("2"))) }},
		"Ruling":       {within, func() error { _, _, err := g.Ruling(ctx, "r"); return err }},
		"Rulings":      {within, func() error { return second(g.Rulings(ctx, id)) }},
		"Relations":    {within, func() error { return second(g.Relations(ctx, time.Time{}, id)) }},
		"Find":         {nothing, func() error { return second(g.Find(ctx, "", identity.Identifier{Type: "account", Value: "1"})) }},
		"Lookup":       {nothing, func() error { _, _, err := g.Lookup(ctx, ref("1").Record); return err }},
		"Customer":     {nothing, func() error { return second(g.Customer(ctx, id)) }},
		"Customers":    {nothing, func() error { return exhaust(g.Customers(ctx)) }},
		"Changes":      {nothing, func() error { return exhaust(g.Changes(ctx, customer.Cursor{})) }},
		"Head":         {nothing, func() error { return second(g.Head(ctx)) }},
		"Holders":      {nothing, func() error { return second(g.Holders(ctx, id)) }},
		"Members":      {nothing, func() error { return second(g.Members(ctx, id)) }},
		"Measure":      {nothing, func() error { return second(g.Measure(ctx, "")) }},
		"Trace":        {nothing, func() error { return second(g.Trace(ctx, id)) }},
		"Preview":      {nothing, func() error { return second(g.Preview(ctx, g.Policy(), nil)) }},
		"Policy":       {nothing, func() error { g.Policy(); return nil }},
		"Observe":      {as: writes}, "ObserveMany": {as: writes}, "Apply": {as: writes}, "Erase": {as: writes}, "Link": {as: writes}, "Rebind": {as: writes},
		"Relate": {as: writes}, "Resume": {as: writes}, "Retract": {as: writes}, "Revoke": {as: writes}, "Separate": {as: writes}, "Split": {as: writes},
		"Trim": {as: writes}, "Unrelate": {as: writes},
	})
}
