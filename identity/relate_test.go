package identity

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// householdPolicy has people and households.
func householdPolicy() *Policy {
	p := DefaultPolicy()
	p.Entities = append(p.Entities, Entity{Name: "household", Types: []Type{{Name: "address", Kind: Unique, Most: 1}}})
	return p
}

// households are two people and a household, of whom nobody is related yet.
func households(t *testing.T, s store.Store) (g *Graph, ids map[string]customer.ID) {
	g, err := Open(t.Context(), s, householdPolicy(), sealedOptions(t, s))
	require.NoError(t, err)
	house := seenAt("h", 0, "h", ident("address", "1 Long Street"))
	house.Entity = "household"
	ids = map[string]customer.ID{}
	for _, o := range []Observation{seenAt("a", 0, "a", ident("phone", "1")), seenAt("b", 1, "b", ident("phone", "2")), house} {
		ids[o.Record] = observeEach(t, g, o).Customer
	}
	return g, ids
}

func person(record string) Record { return Record{"shop", record, ""} }

var house = Record{"shop", "h", "household"}

func relations(t *testing.T, g *Graph, id customer.ID, at time.Time) []Related {
	all, err := g.Relations(t.Context(), at, id)
	require.NoError(t, err)
	return all
}

func TestRelations(t *testing.T) {
	for name, open := range feedStores {
		t.Run(name, func(t *testing.T) {
			s := open()
			g, ids := households(t, s)
			head, err := g.Head(t.Context())
			require.NoError(t, err)
			year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
			all := []Relation{
				{ID: "planted-1", Kind: "household", From: person("a"), To: house, Since: year(2020), Until: year(2022)},
				{ID: "planted-2", Kind: "household", From: person("b"), To: house, Since: year(2021)},
				{ID: "planted-3", Kind: "household", From: person("a"), To: house, Since: year(2024)},
				{ID: "planted-4", Kind: "guardian", From: person("b"), To: person("a"), Until: year(2023)},
			}
			for range 2 {
				for _, r := range all {
					require.NoError(t, g.Relate(t.Context(), r))
				}
			}
			require.Empty(t, holdsAny(t, s, "planted-1", "planted-4", "Long Street"))
			require.Equal(t, []Related{
				{"planted-4", "guardian", ids["b"], false, time.Time{}, year(2023)},
				{"planted-1", "household", ids["h"], true, year(2020), year(2022)},
				{"planted-3", "household", ids["h"], true, year(2024), time.Time{}},
			}, relations(t, g, ids["a"], time.Time{}))
			for _, c := range []struct {
				at   time.Time
				want []string
			}{
				{year(2019), nil},
				{year(2020), []string{"planted-1"}},
				{year(2021), []string{"planted-1", "planted-2"}},
				{year(2022).Add(-time.Microsecond), []string{"planted-1", "planted-2"}},
				{year(2022), []string{"planted-2"}},
				{year(2030), []string{"planted-2", "planted-3"}},
			} {
				var have []string
				for _, r := range relations(t, g, ids["h"], c.at) {
					require.False(t, r.Outgoing)
					have = append(have, r.ID)
				}
				require.Equal(t, c.want, have, c.at)
			}
			require.NoError(t, g.Unrelate(t.Context(), "planted-2"))
			require.NoError(t, g.Unrelate(t.Context(), "planted-2"))
			require.Len(t, relations(t, g, ids["h"], time.Time{}), 2)
			require.Len(t, relations(t, g, ids["b"], time.Time{}), 1)
			require.ErrorIs(t, g.Relate(t.Context(), all[1]), ErrRetracted)
			all[0].Until = time.Time{}
			require.ErrorIs(t, g.Relate(t.Context(), all[0]), ErrReused)
			require.ErrorIs(t, g.Unrelate(t.Context(), "nobody"), ErrUnknown)
			_, err = g.Relations(t.Context(), time.Time{}, uuid.Max)
			require.ErrorIs(t, err, ErrUnknown)
			after, err := g.Head(t.Context())
			require.NoError(t, err)
			require.Equal(t, head, after, "relations merge nobody")
			checkGraph(t, g)
		})
	}
}

func TestRelateRefuses(t *testing.T) {
	g, _ := households(t, new(store.Memory))
	good := Relation{ID: "1", Kind: "k", From: person("a"), To: house}
	for name, c := range map[string]struct {
		change func(r *Relation)
		want   error
	}{
		"no id":           {func(r *Relation) { r.ID = "" }, ErrInput},
		"no kind":         {func(r *Relation) { r.Kind = "" }, ErrInput},
		"odd kind":        {func(r *Relation) { r.Kind = "a/b" }, ErrInput},
		"no source":       {func(r *Relation) { r.From.Source = "" }, ErrInput},
		"no record":       {func(r *Relation) { r.To.Record = "" }, ErrInput},
		"long record":     {func(r *Relation) { r.To.Record = strings.Repeat("x", 257) }, ErrInput},
		"no such entity":  {func(r *Relation) { r.To.Entity = "firm" }, ErrInput},
		"with itself":     {func(r *Relation) { r.To = r.From }, ErrInput},
		"ends before":     {func(r *Relation) { r.Since, r.Until = noon, noon.Add(-time.Hour) }, ErrInput},
		"ends as begins":  {func(r *Relation) { r.Since, r.Until = noon, noon }, ErrInput},
		"year 10000":      {func(r *Relation) { r.Until = noon.AddDate(8000, 0, 0) }, ErrInput},
		"unknown record":  {func(r *Relation) { r.From.Record = "z" }, ErrUnknown},
		"unknown other":   {func(r *Relation) { r.To.Record = "z" }, ErrUnknown},
		"of other entity": {func(r *Relation) { r.To.Entity = "" }, ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			c.change(&r)
			require.ErrorIs(t, g.Relate(t.Context(), r), c.want)
		})
	}
	require.NoError(t, g.Retract(t.Context(), noon, "a"))
	require.ErrorIs(t, g.Relate(t.Context(), good), ErrUnknown, "all observations of the record are retracted")
}

// TestRelationsFollow: relations go where their records go.
func TestRelationsFollow(t *testing.T) {
	s := new(store.Memory)
	g, ids := households(t, s)
	require.NoError(t, g.Relate(t.Context(), Relation{ID: "1", Kind: "household", From: person("a"), To: house}))
	require.NoError(t, g.Relate(t.Context(), Relation{ID: "2", Kind: "spouse", From: person("a"), To: person("b")}))
	// a and b merge into c, and are parted again.
	c := observeEach(t, g, seenAt("c", 2, "c", ident("phone", "1"), ident("phone", "2"), ident("email", "e")))
	require.Len(t, c.Merged, 1)
	for _, id := range []customer.ID{ids["a"], ids["b"], c.Customer} {
		require.Equal(t, []Related{
			{"1", "household", ids["h"], true, time.Time{}, time.Time{}},
			{"2", "spouse", c.Customer, true, time.Time{}, time.Time{}},
			{"2", "spouse", c.Customer, false, time.Time{}, time.Time{}},
		}, relations(t, g, id, noon), "one with itself is seen from both sides")
	}
	require.NoError(t, g.Split(t.Context(), asked("split", 5), person("b")))
	a, _, err := g.Lookup(t.Context(), person("a"))
	require.NoError(t, err)
	b, _, err := g.Lookup(t.Context(), person("b"))
	require.NoError(t, err)
	require.NotEqual(t, a, b)
	require.Equal(t, []Related{{"2", "spouse", a, false, time.Time{}, time.Time{}}}, relations(t, g, b, noon))
	require.Equal(t, []Related{{"1", "household", a, false, time.Time{}, time.Time{}}}, relations(t, g, ids["h"], noon))
	checkGraph(t, g)
	// What is retracted has no relations until it is observed again.
	require.NoError(t, g.Retract(t.Context(), noon, "b"))
	require.Equal(t, []Related{{"1", "household", ids["h"], true, time.Time{}, time.Time{}}}, relations(t, g, a, noon))
	b = observeEach(t, g, seenAt("b2", 1, "b", ident("email", "other"))).Customer
	require.Equal(t, []Related{{"2", "spouse", a, false, time.Time{}, time.Time{}}}, relations(t, g, b, noon))
	// Who is erased has none any more, nor have the others with it.
	require.NoError(t, g.Erase(t.Context(), a, asked("e", 10)))
	require.Empty(t, relations(t, g, b, noon))
	require.Empty(t, relations(t, g, ids["h"], noon))
	require.Empty(t, feedKeys(t, s, "id/l/"))
	require.ErrorIs(t, g.Unrelate(t.Context(), "1"), ErrErased)
	require.ErrorIs(t, g.Relate(t.Context(), Relation{ID: "1", Kind: "household", From: person("a"), To: house}), ErrErased)
	require.ErrorIs(t, g.Relate(t.Context(), Relation{ID: "3", Kind: "household", From: person("a"), To: house}), ErrUnknown)
	// The record begins anew, and so do its relations.
	a = observeEach(t, g, seenAt("a2", 20, "a", ident("phone", "9"))).Customer
	require.NoError(t, g.Relate(t.Context(), Relation{ID: "3", Kind: "household", From: person("a"), To: house}))
	require.Equal(t, []Related{{"3", "household", a, false, time.Time{}, time.Time{}}}, relations(t, g, ids["h"], noon))
	require.NoError(t, g.Erase(t.Context(), ids["h"], asked("f", 30)))
	require.Empty(t, relations(t, g, a, noon))
	checkGraph(t, g)
}
