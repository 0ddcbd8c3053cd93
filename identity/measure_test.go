package identity

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/synth"
)

func from(source string, o Observation) Observation {
	o.Source = source
	return o
}

func TestMeasure(t *testing.T) {
	p := DefaultPolicy()
	p.Entities[0].Records = 3
	p.Entities = append(p.Entities, Entity{Name: "firm", Types: []Type{{Name: "phone", Kind: Shareable}}})
	g := openGraph(t, new(store.Memory), p)
	empty, err := g.Measure(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, Measures{}, empty)

	who := func(o Observation) customer.ID {
		r, err := g.Observe(t.Context(), o)
		require.NoError(t, err)
		return r.Customer
	}
	// One customer of two sources: three records and a slice of two observations.
	li := who(from("shop", onDay(0, "a", ident("phone", "1"), ident("account", "x"), ident("name", "Li"))))
	who(from("shop", onDay(1, "b", ident("phone", "1"), ident("account", "x"))))
	who(from("app", onDay(2, "c", ident("account", "x"), ident("cookie", "k"))))
	for _, id := range []string{"click", "look"} {
		who(Observation{ID: id, Source: "app", Time: noon.AddDate(0, 0, 3), Identifiers: []Identifier{ident("cookie", "k")}})
	}
	// One who conflicts with the first in the account, by the phone and by the cookie.
	wang := who(from("shop", onDay(4, "d", ident("phone", "1"), ident("account", "y"), ident("cookie", "k"))))
	// One whose record has two members.
	who(from("crm", onDay(5, "e", ident("member", "m1"))))
	zhao := who(from("crm", onDay(6, "e", ident("member", "m2"))))
	// Four with a placeholder, one of them with an account nobody vouches for.
	for i, record := range []string{"f", "g", "h", "i"} {
		who(from("crm", onDay(7+i, record, ident("email", "none"))))
	}
	who(from("crm", onDay(12, "i", claimed("account", "x"))))
	var others []customer.ID
	for _, record := range []string{"f", "g", "h", "i"} {
		id, _, err := g.Lookup(t.Context(), Record{Source: "crm", Record: record})
		require.NoError(t, err)
		others = append(others, id)
	}
	who(Observation{ID: "firm", Source: "crm", Record: "1", Entity: "firm", Time: noon, Identifiers: []Identifier{ident("phone", "1")}})

	m, err := g.Measure(t.Context(), "")
	require.NoError(t, err)
	slices.SortFunc(others, func(a, b customer.ID) int { return slices.Compare(a[:], b[:]) })
	require.Equal(t, Measures{
		Customers: 7, Records: 9, Slices: 1, Observations: 13,
		Unified: 4, UnificationRate: 0.4,
		Sources: []SourceMeasure{
			{Source: "app", Customers: 1, Atoms: 2, Unified: 2, UnificationRate: 1},
			{Source: "crm", Customers: 5, Atoms: 5},
			{Source: "shop", Customers: 2, Atoms: 3, Unified: 2, UnificationRate: 2. / 3},
		},
		// Nothing but a shared value: 4. Li has a phone, an account and a cookie, and
		// so has Wang; Zhao two members.
		Identifiers: []int{4, 0, 1, 2}, MeanIdentifiers: 8. / 7,
		Largest: []Standout{
			{Customer: li, Count: 4},
			{Customer: wang, Count: 1},
			{Customer: zhao, Count: 1},
			{Customer: others[0], Count: 1},
			{Customer: others[1], Count: 1},
			{Customer: others[2], Count: 1},
			{Customer: others[3], Count: 1},
		},
		Refused: []RefusedMeasure{
			{Reason: Conflict, Merges: 1}, // by two values, but one pair
			{Reason: TooMany, Values: 1},
			{Reason: Shared, Values: 4},
			{Reason: Unproven, Values: 1},
		},
		Suspicious: 1, Suspects: []Standout{{Customer: zhao, Type: "member", Count: 2}},
		Shared: []Count{{Type: "email", Count: 1}},
	}, m)
	data, err := json.Marshal(m)
	require.NoError(t, err)
	var again Measures
	require.NoError(t, json.Unmarshal(data, &again))
	require.Equal(t, m, again)
	require.Contains(t, string(data), `"refused":[{"reason":"conflict","merges":1,"values":0}`)
	require.ErrorIs(t, json.Unmarshal([]byte(`{"refused":[{"reason":"invalid"}]}`), &again), ErrInput)

	firms, err := g.Measure(t.Context(), "firm")
	require.NoError(t, err)
	require.Equal(t, 1, firms.Customers)
	_, err = g.Measure(t.Context(), "none")
	require.ErrorIs(t, err, ErrInput)
}

// What a steward links against a limit is suspicious, too.
func TestMeasureLinked(t *testing.T) {
	g := openGraph(t, new(store.Memory), nil)
	observeAll(t, g, onDay(0, "a", ident("account", "x")), onDay(1, "b", ident("account", "y")))
	require.NoError(t, g.Link(t.Context(), Ruling{ID: "l", Actor: "li", Time: noon}, shopRef("a").Record, shopRef("b").Record))
	m, err := g.Measure(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, 1, m.Suspicious)
	require.Equal(t, "account", m.Suspects[0].Type)
}

// What was refused by one value and joined by another was not refused.
func TestMeasureRefused(t *testing.T) {
	g := openGraph(t, new(store.Memory), nil)
	observeAll(t, g,
		onDay(0, "a", ident("phone", "1"), ident("account", "x"), ident("email", "e")), onDay(1, "b", ident("phone", "1"), ident("account", "y")),
		onDay(2, "c", ident("phone", "1"), ident("email", "e")))
	m, err := g.Measure(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, 2, m.Customers)
	require.Equal(t, []RefusedMeasure{{Reason: Conflict, Merges: 1}}, m.Refused)
}

// A crowd, counted again by what the graph tells of its customers.
func TestMeasureCrowd(t *testing.T) {
	o := synth.DefaultCrowd()
	o.Frequency, o.Junk = 0.5, 0.2
	crowd, err := synth.NewCrowd(1, 25, o)
	require.NoError(t, err)
	p := crowdPolicy()
	p.Entities[0].Records = 20
	g, err := Open(t.Context(), store.Limited(new(store.Memory), store.MinLimits), p, &Options{Normalizers: crowdNormalizers(t)})
	require.NoError(t, err)
	for r := range crowd.Records() {
		o := observationOf(&r)
		if slices.ContainsFunc(o.Identifiers, func(d Identifier) bool { return d.Type == "cookie" || d.Type == "device" }) && r.Time.Second()%2 == 0 {
			o.Record = ""
		}
		_, err := g.Observe(t.Context(), o)
		require.NoError(t, err)
	}

	e := &p.Entities[0]
	want := Measures{}
	sources := map[string]*SourceMeasure{}
	shared := map[blind]kindKey{}
	identifiers := 0
	for c, err := range g.Customers(t.Context()) {
		require.NoError(t, err)
		want.Customers++
		atoms := map[string]map[customer.AtomID]bool{} // by source
		verified := map[kindKey]map[blind]bool{}
		all, err := collect(g.Observations(t.Context(), c.ID))
		require.NoError(t, err)
		want.Observations += len(all)
		for _, o := range all {
			if atoms[o.Source] == nil {
				atoms[o.Source] = map[customer.AtomID]bool{}
			}
			x, err := g.Explain(t.Context(), Ref{Observation: o.ID}, Ref{Customer: c.ID})
			require.NoError(t, err)
			require.True(t, x.Same)
			require.Equal(t, o.Source, x.A.Source)
			atoms[o.Source][x.A.Atom] = true
			for _, d := range o.Identifiers {
				found, err := g.Find(t.Context(), "", d)
				if err != nil {
					continue // refused
				}
				hashes, err := g.valueBlinds("", d)
				require.NoError(t, err)
				k := hashes[0].kindKey
				if found[0].Shared {
					shared[hashes[0].blind] = k
				} else if d.Proof == Verified {
					if verified[k] == nil {
						verified[k] = map[blind]bool{}
					}
					verified[k][hashes[0].blind] = true
				}
			}
		}
		for source, theirs := range atoms {
			s := sources[source]
			if s == nil {
				s = &SourceMeasure{Source: source}
				sources[source] = s
			}
			s.Customers++
			s.Atoms += len(theirs)
			if len(atoms) > 1 {
				s.Unified += len(theirs)
			}
		}
		for _, a := range c.Atoms {
			if a.Slice {
				want.Slices++
			} else {
				want.Records++
			}
		}
		if len(atoms) > 1 {
			want.Unified += len(c.Atoms)
		}
		n := 0
		for _, count := range c.Identifiers {
			if count.Type != "name" {
				n += count.Count
			}
		}
		identifiers += n
		for len(want.Identifiers) <= n {
			want.Identifiers = append(want.Identifiers, 0)
		}
		want.Identifiers[n]++
		suspicious := false
		for k, values := range verified {
			if typ := e.Types[e.index(k.typ)]; typ.Kind == Unique && len(values) > typ.Most {
				suspicious = true
			}
		}
		if suspicious {
			want.Suspicious++
		}
		want.Largest = append(want.Largest, Standout{Customer: c.ID, Count: len(c.Atoms)})
	}
	slices.SortStableFunc(want.Largest, func(a, b Standout) int { return b.Count - a.Count }) // they come by id
	want.Largest = want.Largest[:10]
	want.UnificationRate = float64(want.Unified) / float64(want.Records+want.Slices)
	want.MeanIdentifiers = float64(identifiers) / float64(want.Customers)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		s := *sources[name]
		s.UnificationRate = float64(s.Unified) / float64(s.Atoms)
		want.Sources = append(want.Sources, s)
	}
	counts := map[kindKey]int{}
	for _, k := range shared {
		counts[k]++
	}
	for k, n := range counts {
		want.Shared = append(want.Shared, Count{k.typ, k.scope, n})
	}
	slices.SortFunc(want.Shared, func(a, b Count) int {
		if a.Type != b.Type {
			return e.index(a.Type) - e.index(b.Type)
		}
		return strings.Compare(a.Scope, b.Scope)
	})
	got, err := g.Measure(t.Context(), "")
	require.NoError(t, err)
	require.NotEmpty(t, got.Refused)
	require.NotEmpty(t, got.Shared)
	require.NotZero(t, got.Slices)
	require.Less(t, len(got.Suspects), maxSuspects)
	got.Refused, got.Suspects = nil, nil // counted by hand in TestMeasure
	require.Equal(t, want, got)
}
