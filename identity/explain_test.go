package identity

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// day returns an observation of a record of a shop on a day.
func onDay(day int, record string, ids ...Identifier) Observation {
	return Observation{ID: fmt.Sprintf("%s@%d", record, day), Source: "shop", Record: record, Time: noon.AddDate(0, 0, day), Identifiers: ids}
}

func shopRef(record string) Ref { return Ref{Record: Record{Source: "shop", Record: record}} }

func observeAll(t testing.TB, g *Graph, all ...Observation) {
	for _, o := range all {
		_, err := g.Observe(t.Context(), o)
		require.NoError(t, err)
	}
}

// told writes an explanation in short.
func tell(e Explanation) string {
	var s strings.Builder
	s.WriteString(e.A.Record)
	for i, step := range e.Path {
		by := step.Type
		if step.Type == "" {
			by = "ruling " + step.Ruling
		}
		if i == e.Weakest {
			by = "*" + by
		}
		s.WriteString(fmt.Sprintf(" -%s(%s)- %s", by, step.Proof, step.To.Record))
	}
	if !e.Same {
		s.WriteString(" | " + e.B.Record)
	}
	for _, o := range e.Apart {
		s.WriteString(fmt.Sprintf(", %s", o.Reason))
		if o.Type != "" {
			s.WriteString(" " + o.Type)
		}
		if o.Limit != "" {
			s.WriteString(" by " + o.Limit)
		}
		if o.Ruling != "" {
			s.WriteString(" by " + o.Ruling)
		}
		if o.A.Record != "" {
			s.WriteString(fmt.Sprintf(" [%s %s]", o.A.Record, o.B.Record))
		}
	}
	return s.String()
}

func claimed(typ, value string) Identifier {
	return Identifier{Type: typ, Value: value, Proof: Claimed}
}

func openid(app, value string) Identifier {
	return Identifier{Type: "openid", Scope: app, Value: value, Proof: Verified}
}

func TestExplain(t *testing.T) {
	ruling := func(id string, day int) Ruling {
		return Ruling{ID: id, Actor: "li", Reason: "asked", Time: noon.AddDate(0, 0, day)}
	}
	rec := func(r string) Record { return shopRef(r).Record }
	id := func(typ, value string) Ref { return Ref{Identifier: ident(typ, value)} }
	for _, c := range []struct {
		name   string
		policy func(e *Entity)
		all    []Observation
		then   func(ctx context.Context, g *Graph) error
		a, b   Ref
		want   string
	}{
		{
			name: "one record",
			all:  []Observation{onDay(0, "a", ident("phone", "1"), ident("email", "e"))},
			a:    id("phone", "1"), b: id("email", "e"), want: "a",
		},
		{
			name: "directly, not through the first that had it",
			all:  []Observation{onDay(0, "a", ident("phone", "1")), onDay(1, "b", ident("phone", "1")), onDay(2, "c", ident("phone", "1"))},
			a:    shopRef("b"), b: shopRef("c"), want: "b -*phone(verified)- c",
		},
		{
			name: "the strong way round rather than the weak way straight",
			all: []Observation{
				onDay(0, "a", ident("email", "e"), ident("account", "x")),
				onDay(1, "b", ident("email", "e"), ident("member", "m")),
				onDay(2, "c", ident("account", "x"), ident("member", "m")),
			},
			a: shopRef("a"), b: shopRef("b"), want: "a -account(verified)- c -*member(verified)- b",
		},
		{
			name: "the better proof of one type",
			all: []Observation{
				onDay(0, "a", claimed("phone", "1"), ident("phone", "2")),
				onDay(1, "b", ident("phone", "1"), ident("phone", "3")),
				onDay(2, "c", ident("phone", "2"), ident("phone", "3")),
			},
			a: shopRef("a"), b: shopRef("b"), want: "a -*phone(verified)- c -phone(verified)- b",
		},
		{
			name: "the lesser proof counts, and the best sighting of a side",
			all: []Observation{
				onDay(0, "a", claimed("phone", "1")), onDay(1, "a", ident("phone", "1")), onDay(2, "b", claimed("phone", "1")),
			},
			a: shopRef("a"), b: shopRef("b"), want: "a -*phone(claimed)- b",
		},
		{
			name: "a ruling is stronger than all",
			all:  []Observation{onDay(0, "a", ident("account", "x"), ident("phone", "1")), onDay(1, "b", ident("phone", "1"))},
			then: func(ctx context.Context, g *Graph) error { return g.Link(ctx, ruling("l1", 3), rec("a"), rec("b")) },
			a:    shopRef("a"), b: shopRef("b"), want: "a -*ruling l1(verified)- b",
		},
		{
			name: "identifiers far apart",
			all: []Observation{
				onDay(0, "a", ident("email", "e"), ident("phone", "1")), onDay(1, "b", ident("phone", "1"), ident("account", "x")),
				onDay(2, "c", ident("account", "x"), ident("email", "f")),
			},
			a: id("email", "e"), b: id("email", "f"), want: "a -*phone(verified)- b -account(verified)- c",
		},
		{
			name: "of an identifier of two customers, the pair that is one",
			all: []Observation{
				onDay(0, "a", ident("phone", "1"), ident("account", "x")), onDay(1, "b", ident("phone", "1"), ident("account", "y")),
			},
			a: id("phone", "1"), b: id("account", "x"), want: "a",
		},
		{
			name: "of an identifier of two customers and of a third, the latest",
			all: []Observation{
				onDay(0, "a", ident("phone", "1"), ident("account", "x")), onDay(1, "b", ident("phone", "1"), ident("account", "y")),
				onDay(2, "c", ident("account", "z")),
			},
			a: id("phone", "1"), b: shopRef("c"), want: "b | c",
		},
		{
			name: "nothing in common",
			all:  []Observation{onDay(0, "a", ident("phone", "1")), onDay(1, "b", ident("phone", "2"))},
			a:    shopRef("a"), b: shopRef("b"), want: "a | b",
		},
		{
			name: "conflict",
			all:  []Observation{onDay(0, "a", ident("phone", "1"), ident("member", "x")), onDay(1, "b", ident("phone", "1"), ident("member", "y"))},
			a:    shopRef("b"), b: shopRef("a"), want: "b | a, conflict phone by member [b a]",
		},
		{
			name: "conflict of three, of whom the rule names one pair alone",
			all: []Observation{
				onDay(0, "a", ident("phone", "1"), ident("account", "x")), onDay(1, "b", ident("phone", "1"), ident("account", "y")),
				onDay(2, "c", ident("phone", "1"), ident("account", "z")),
			},
			a: shopRef("b"), b: shopRef("c"), want: "b | c, conflict phone by account [b c]",
		},
		{
			name: "ambiguous, towards each of the two",
			all: []Observation{
				onDay(0, "a", ident("phone", "1"), ident("account", "x")), onDay(1, "b", ident("phone", "1"), ident("account", "y")),
				onDay(2, "c", ident("phone", "1")),
			},
			a: shopRef("c"), b: shopRef("b"), want: "c | b, ambiguous phone [c b]",
		},
		{
			name: "ambiguous, towards the other",
			all: []Observation{
				onDay(0, "a", ident("phone", "1"), ident("account", "x")), onDay(1, "b", ident("phone", "1"), ident("account", "y")),
				onDay(2, "c", ident("phone", "1")),
			},
			a: shopRef("a"), b: shopRef("c"), want: "a | c, ambiguous phone [a c]",
		},
		{
			name:   "too many, of two for whom no place is left",
			policy: func(e *Entity) { e.Types[1].Most = 2 },
			all: []Observation{
				onDay(0, "a", ident("phone", "1"), ident("member", "1")), onDay(1, "b", ident("phone", "1"), ident("member", "2")),
				onDay(2, "c", ident("phone", "1"), ident("member", "3")), onDay(3, "d", ident("phone", "1"), ident("member", "4")),
			},
			a: shopRef("c"), b: shopRef("d"), want: "c | d, too many phone by member [c d]",
		},
		{
			name:   "conflict with one for whom no place is left",
			policy: func(e *Entity) { e.Types[1].Most = 2 },
			all: []Observation{
				onDay(0, "a", ident("phone", "1"), ident("member", "1"), openid("1", "a")), onDay(1, "b", ident("phone", "1"), ident("member", "2"), openid("2", "a")),
				onDay(2, "c", ident("phone", "1"), ident("member", "3"), openid("3", "a")),
				onDay(3, "d", ident("phone", "1"), openid("1", "d"), openid("2", "d"), openid("3", "d")),
			},
			a: shopRef("c"), b: shopRef("d"), want: "c | d, conflict phone by openid [c d]",
		},
		{
			name: "passed after silence",
			all: []Observation{
				onDay(0, "a", ident("phone", "1"), ident("email", "e")), onDay(200, "b", ident("phone", "1"), ident("email", "f")),
			},
			a: shopRef("a"), b: shopRef("b"), want: "a | b, passed phone [a b]",
		},
		{
			name: "passed on twice",
			all: []Observation{
				onDay(0, "a", ident("phone", "1"), ident("email", "e")), onDay(200, "b", ident("phone", "1"), ident("email", "f")),
				onDay(400, "c", ident("phone", "1"), ident("email", "g")),
			},
			a: shopRef("a"), b: shopRef("c"), want: "a | c, passed phone [a c]",
		},
		{
			name: "passed by a ruling",
			all:  []Observation{onDay(0, "a", ident("phone", "1")), onDay(2, "b", ident("phone", "1"), ident("email", "e")), onDay(2, "a", ident("phone", "1"))},
			then: func(ctx context.Context, g *Graph) error {
				return g.Rebind(ctx, ruling("cut", 9), "", ident("phone", "1"), noon.AddDate(0, 0, 1))
			},
			a: shopRef("a"), b: shopRef("b"), want: "a | b, passed phone by cut [a b]",
		},
		{
			name: "slices of a tablet, not neighbours",
			all: []Observation{
				onDay(0, "a", ident("device", "d"), ident("account", "x")), onDay(1, "b", ident("device", "d"), ident("account", "y")),
				onDay(2, "c", ident("device", "d"), ident("account", "z")),
			},
			a: shopRef("a"), b: shopRef("c"), want: "a | c, passed device [a c]",
		},
		{
			name: "unproven",
			all:  []Observation{onDay(0, "a", ident("account", "x")), onDay(1, "b", claimed("account", "x"))},
			a:    shopRef("a"), b: shopRef("b"), want: "a | b, unproven account [a b]",
		},
		{
			name: "too many of one piece",
			all: []Observation{
				onDay(0, "a", ident("member", "x")), onDay(1, "b", ident("member", "y")), onDay(2, "b", ident("member", "x")),
			},
			a: shopRef("a"), b: shopRef("b"), want: "a | b, too many member by member [a b]",
		},
		{
			name: "separated by a ruling alone, having nothing in common",
			all:  []Observation{onDay(0, "a", ident("phone", "1")), onDay(1, "b", ident("phone", "2"))},
			then: func(ctx context.Context, g *Graph) error {
				return g.Separate(ctx, ruling("s1", 3), []Record{rec("a")}, []Record{rec("b")})
			},
			a: shopRef("a"), b: shopRef("b"), want: "a | b, separated by s1 [a b]",
		},
		{
			name: "separated, with a value in common and another conflict",
			all: []Observation{
				onDay(0, "a", ident("phone", "1"), ident("account", "x")), onDay(1, "b", ident("phone", "1"), ident("account", "x")),
			},
			then: func(ctx context.Context, g *Graph) error {
				return g.Separate(ctx, ruling("s1", 3), []Record{rec("a")}, []Record{rec("b")})
			},
			a: shopRef("a"), b: shopRef("b"), want: "a | b, separated account by s1 [a b], separated phone by s1 [a b]",
		},
		{
			name: "a link that a later separation overrules",
			all:  []Observation{onDay(0, "a", ident("phone", "1")), onDay(1, "b", ident("phone", "2"))},
			then: func(ctx context.Context, g *Graph) error {
				if err := g.Link(ctx, ruling("l1", 3), rec("a"), rec("b")); err != nil {
					return err
				}
				return g.Separate(ctx, ruling("s1", 4), []Record{rec("a")}, []Record{rec("b")})
			},
			a: shopRef("a"), b: shopRef("b"), want: "a | b, separated by s1 [a b]",
		},
		{
			name:   "shared, in different containers",
			policy: func(e *Entity) { e.Records = 2 },
			all: []Observation{
				onDay(0, "a", ident("email", "j")), onDay(1, "b", ident("email", "j")), onDay(2, "c", ident("email", "j")), onDay(3, "d", ident("email", "j"), ident("phone", "1")),
			},
			a: shopRef("d"), b: shopRef("a"), want: "d | a, shared email [d a]",
		},
		{
			name:   "shared, in one container",
			policy: func(e *Entity) { e.Records = 2 },
			all: []Observation{
				onDay(0, "a", ident("email", "j")), onDay(1, "b", ident("email", "j")), onDay(2, "c", ident("email", "j")),
			},
			a: shopRef("a"), b: shopRef("b"), want: "a | b, shared email [a b]",
		},
		{
			name:   "an identifier that is shared",
			policy: func(e *Entity) { e.Records = 2 },
			all: []Observation{
				onDay(0, "a", ident("email", "j")), onDay(1, "b", ident("email", "j")), onDay(2, "c", ident("email", "j")),
			},
			a: id("email", "j"), b: shopRef("b"), want: " | , shared email",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := DefaultPolicy()
			if c.policy != nil {
				c.policy(&p.Entities[0])
			}
			check := func(all []Observation) {
				g := openGraph(t, new(store.Memory), p)
				observeAll(t, g, all...)
				if c.then != nil {
					require.NoError(t, c.then(t.Context(), g))
				}
				e, err := g.Explain(t.Context(), c.a, c.b)
				require.NoError(t, err)
				require.Equal(t, c.want, tell(e))
				require.Equal(t, e.Same, e.A.Customer == e.B.Customer && e.A.Customer != [16]byte{})
			}
			check(c.all)
			backward := slices.Clone(c.all)
			slices.Reverse(backward)
			check(backward) // the answer is of the evidence, not of its history
		})
	}
}

func TestExplainDetails(t *testing.T) {
	g := openGraph(t, new(store.Memory), nil)
	observeAll(t, g, onDay(0, "a", claimed("phone", "1")), onDay(1, "a", ident("phone", "1")), onDay(2, "b", claimed("phone", "1")), onDay(3, "c", ident("email", "e")))
	loose := Observation{ID: "click", Source: "web", Time: noon, Identifiers: []Identifier{ident("cookie", "k"), ident("email", "e")}}
	observeAll(t, g, loose)
	e, err := g.Explain(t.Context(), shopRef("a"), shopRef("b"))
	require.NoError(t, err)
	who, atom, err := g.Lookup(t.Context(), shopRef("a").Record)
	require.NoError(t, err)
	_, atomB, err := g.Lookup(t.Context(), shopRef("b").Record)
	require.NoError(t, err)
	from := Sighting{Customer: who, Atom: atom, At: noon.AddDate(0, 0, 1), Proof: Verified, Source: "shop", Record: "a", Observation: "a@1"}
	to := Sighting{Customer: who, Atom: atomB, At: noon.AddDate(0, 0, 2), Proof: Claimed, Source: "shop", Record: "b", Observation: "b@2"}
	require.Equal(t, []Step{{Type: "phone", Proof: Claimed, At: to.At, From: from, To: to}}, e.Path)
	require.Equal(t, 0, e.Weakest)

	// What has no record is named by its observation, and its atom is the slice.
	e, err = g.Explain(t.Context(), Ref{Observation: "click"}, shopRef("c"))
	require.NoError(t, err)
	require.True(t, e.Same)
	require.Len(t, e.Path, 1)
	c, err := g.Customer(t.Context(), e.A.Customer)
	require.NoError(t, err)
	i := slices.IndexFunc(c.Atoms, func(a Atom) bool { return a.Slice })
	require.Equal(t, Sighting{Customer: c.ID, Atom: c.Atoms[i].ID, At: noon, Proof: Verified, Source: "web", Observation: "click"}, e.A)
}

func TestExplainCustomers(t *testing.T) {
	g := openGraph(t, new(store.Memory), nil)
	a, err := g.Observe(t.Context(), onDay(0, "a", ident("phone", "1")))
	require.NoError(t, err)
	b, err := g.Observe(t.Context(), onDay(1, "b", ident("email", "e")))
	require.NoError(t, err)
	observeAll(t, g, onDay(2, "c", ident("email", "e"), ident("phone", "1")))
	e, err := g.Explain(t.Context(), Ref{Customer: a.Customer}, Ref{Customer: b.Customer})
	require.NoError(t, err)
	require.Equal(t, "a -phone(verified)- c -*email(verified)- b", tell(e))
}

func TestExplainEntities(t *testing.T) {
	p := &Policy{Entities: []Entity{DefaultPolicy().Entities[0], {Name: "firm", Types: []Type{{Name: "phone", Kind: Shareable}}}}}
	g := openGraph(t, new(store.Memory), p)
	observeAll(t, g, onDay(0, "a", ident("phone", "1")), Observation{ID: "f", Source: "crm", Record: "1", Entity: "firm", Time: noon, Identifiers: []Identifier{ident("phone", "1")}})
	e, err := g.Explain(t.Context(), shopRef("a"), Ref{Entity: "firm", Identifier: ident("phone", "1")})
	require.NoError(t, err)
	require.False(t, e.Same)
	require.Empty(t, e.Apart)
	require.Equal(t, "f", e.B.Observation)
}

func TestExplainErrors(t *testing.T) {
	g := openGraph(t, new(store.Memory), nil)
	observeAll(t, g, onDay(0, "a", ident("phone", "1")), onDay(0, "b", ident("phone", "2")))
	require.NoError(t, g.Retract(t.Context(), noon, "b@0"))
	for _, c := range []struct {
		name string
		ref  Ref
		want error
	}{
		{"nothing", Ref{}, ErrInput},
		{"two things", Ref{Observation: "x", Record: Record{Record: "a"}}, ErrInput},
		{"entity of nothing", Ref{Observation: "a@0", Entity: "firm"}, ErrInput},
		{"no type", Ref{Identifier: Identifier{Value: "1"}}, ErrInput},
		{"record", shopRef("z"), ErrUnknown},
		{"retracted record", shopRef("b"), ErrUnknown},
		{"retracted value", Ref{Identifier: ident("phone", "2")}, ErrUnknown},
		{"value", Ref{Identifier: ident("phone", "9")}, ErrUnknown},
		{"observation", Ref{Observation: "z"}, ErrUnknown},
		{"retracted observation", Ref{Observation: "b@0"}, ErrRetracted},
		{"customer", Ref{Customer: [16]byte{1}}, ErrUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := g.Explain(t.Context(), c.ref, shopRef("a"))
			require.ErrorIs(t, err, c.want)
			_, err = g.Explain(t.Context(), shopRef("a"), c.ref)
			require.ErrorIs(t, err, c.want)
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := g.Explain(ctx, shopRef("a"), shopRef("a"))
	require.ErrorIs(t, err, context.Canceled)
}

// While others join and part customers, what is explained is one or the other.
func TestExplainMeanwhile(t *testing.T) {
	g := openGraph(t, new(store.Memory), nil)
	observeAll(t, g, onDay(0, "a", ident("phone", "1")), onDay(1, "b", ident("email", "e")))
	done := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < 100 && err == nil; i++ {
			o := onDay(2+i, "c", ident("phone", "1"), ident("email", "e"))
			if _, err = g.Observe(t.Context(), o); err == nil {
				err = g.Retract(t.Context(), noon, o.ID)
			}
		}
		done <- err
	}()
	seen := map[string]bool{}
	for running := true; running; {
		select {
		case err := <-done:
			require.NoError(t, err)
			running = false
		default:
		}
		e, err := g.Explain(t.Context(), shopRef("a"), shopRef("b"))
		require.NoError(t, err)
		require.Equal(t, e.Same, e.A.Customer == e.B.Customer)
		e.Path = slices.Clone(e.Path)
		for i := range e.Path { // an observation may be retracted before it is opened
			e.Path[i].From.Record, e.Path[i].To.Record = "", ""
		}
		e.A.Record, e.B.Record = "", ""
		seen[tell(e)] = true
		_, err = g.Measure(t.Context(), "")
		require.NoError(t, err)
	}
	for what := range seen {
		require.Contains(t, []string{" | ", " -phone(verified)-  -*email(verified)- "}, what)
	}
}

// What is sealed under a key that is gone is not told, and the rest is.
func TestExplainSealed(t *testing.T) {
	s := new(store.Memory)
	wrapper, err := seal.NewLocal(make([]byte, seal.KeyBytes))
	require.NoError(t, err)
	vault, err := seal.NewVault(s, wrapper, nil)
	require.NoError(t, err)
	g, err := Open(t.Context(), s, nil, &Options{Vault: vault})
	require.NoError(t, err)
	observeAll(t, g, onDay(0, "a", ident("phone", "1")), onDay(1, "b", ident("phone", "1")))
	r := Ruling{ID: "l1", Actor: "li", Reason: "asked", Time: noon}
	require.NoError(t, g.Link(t.Context(), r, shopRef("a").Record, shopRef("b").Record))
	e, err := g.Explain(t.Context(), shopRef("a"), shopRef("b"))
	require.NoError(t, err)
	require.Equal(t, "a -*ruling l1(verified)- b", tell(e))

	destroy := func(a customer.AtomID) {
		b := &store.Batch{}
		vault.Destroy(b, a)
		_, err := s.Commit(t.Context(), b)
		require.NoError(t, err)
		vault.Forget(a)
	}
	destroy(e.B.Atom)
	destroy(atomOf(g.blind("ruling", "l1")))
	gone, err := g.Explain(t.Context(), shopRef("a"), shopRef("b"))
	require.NoError(t, err)
	e.Path[0].To.Record, e.Path[0].To.Observation, e.Path[0].Ruling = "", "", ""
	e.B.Record, e.B.Observation = "", ""
	require.Equal(t, e, gone)
	_, err = collect(g.Observations(t.Context(), e.A.Customer))
	require.ErrorIs(t, err, seal.ErrDestroyed)
}

// collect returns all elements before the error.
func collect[T any](seq iter.Seq2[T, error]) (all []T, err error) {
	for x, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, x)
	}
	return all, nil
}

// renumber gives pieces, values and kinds other numbers, and returns those of the first two.
func renumber(ev *evidence, rng *rand.Rand) (c *evidence, pieces, values []int) {
	c = cloneEvidence(ev)
	pieces, values = rng.Perm(len(ev.pieces)), rng.Perm(len(ev.values))
	kinds := rng.Perm(len(ev.kinds))
	for old, k := range kinds {
		c.kinds[k] = ev.kinds[old]
	}
	for old, v := range values {
		c.values[v] = ev.values[old]
		c.values[v].kind = int32(kinds[ev.values[old].kind])
	}
	for old, p := range pieces {
		c.pieces[p] = ev.pieces[old]
	}
	for i := range c.seen {
		o := &c.seen[i]
		o.piece = int32(pieces[o.piece])
		for j := range o.marks {
			o.marks[j].value = int32(values[o.marks[j].value])
		}
		slices.SortFunc(o.marks, func(a, b mark) int { return int(a.value - b.value) })
	}
	return c, pieces, values
}

// Between any two pieces of a group there is a path whose weakest hop is as strong, and
// which is then as short, as the closure of all bonds says; and there is none between
// others. Bonds are no more than what the mapping joined, and no less.
func TestPathEqualsClosure(t *testing.T) {
	everySeed(t, 400*time.Millisecond, func(seed uint64) {
		e, ev := randomEvidence(seed)
		m := e.trace(ev)
		require.Equal(t, e.group(ev), m.out, "seed %d", seed)
		n := len(ev.pieces)
		const far = 1 << 20
		least := make([][]int, n) // the weakest hop of the best path
		edge := make([][]int, n)
		for i := range least {
			least[i], edge[i] = make([]int, n), make([]int, n)
			for j := range least[i] {
				least[i][j], edge[i][j] = far, far
			}
			least[i][i] = -1
		}
		for _, b := range m.bonds {
			for i := range b.on {
				for j := range b.on {
					p, q := b.on[i].piece, b.on[j].piece
					require.Equal(t, m.out.group[p], m.out.group[q], "seed %d", seed)
					if b.value >= 0 {
						o := ev.seen[b.on[i].observation]
						require.Equal(t, p, o.piece)
						require.True(t, o.has(b.value))
					}
					if w := max(b.weakness(&b.on[i]), b.weakness(&b.on[j])); p != q {
						edge[p][q] = min(edge[p][q], w)
						least[p][q] = min(least[p][q], w)
					}
				}
			}
		}
		for _, j := range m.out.joins {
			require.True(t, slices.ContainsFunc(m.bonds, func(b bond) bool {
				has := func(p int32) bool { return slices.ContainsFunc(b.on, func(h holding) bool { return h.piece == p }) }
				return b.value == j.value && (b.value >= 0 || b.link.id == j.link) && has(j.a) && has(j.b)
			}), "seed %d: a join is no bond", seed)
		}
		for k := range n {
			for i := range n {
				for j := range n {
					least[i][j] = min(least[i][j], max(least[i][k], least[k][j]))
				}
			}
		}
		for i := range n {
			for j := range n {
				begin, hops, ok := m.path([]int32{int32(i)}, []int32{int32(j)})
				if m.out.group[i] < 0 || m.out.group[i] != m.out.group[j] {
					require.Equal(t, i == j, ok, "seed %d", seed)
					continue
				}
				require.True(t, ok, "seed %d", seed)
				at, worst := begin, -1
				require.EqualValues(t, i, begin)
				for _, h := range hops {
					require.Equal(t, at, h.from.piece)
					at, worst = h.to.piece, max(worst, h.weakness())
				}
				require.EqualValues(t, j, at)
				require.Equal(t, least[i][j], worst, "seed %d: not the strongest", seed)
				// The fewest hops that are no weaker.
				reach := []int{i}
				steps := 0
				for ; !slices.Contains(reach, j); steps++ {
					for _, p := range slices.Clone(reach) {
						for q := range n {
							if edge[p][q] <= worst && !slices.Contains(reach, q) {
								reach = append(reach, q)
							}
						}
					}
				}
				require.Len(t, hops, steps, "seed %d: not the shortest", seed)
			}
		}
	})
}

// Everything that two groups have in common is told, once, with a reason that holds; and
// neither this nor the paths depend on the numbers of pieces and values.
func TestHurdles(t *testing.T) {
	reasons := map[Reason]int{}
	everySeed(t, 400*time.Millisecond, func(seed uint64) {
		e, ev := randomEvidence(seed)
		m := e.trace(ev)
		c, pieces, _ := renumber(ev, rand.New(rand.NewPCG(seed, 2)))
		other := e.trace(c)
		for i := range ev.pieces {
			for j := range i {
				p, q := m.out.group[i], m.out.group[j]
				if p < 0 || q < 0 {
					continue
				}
				if p == q {
					_, hops, _ := m.path([]int32{int32(i)}, []int32{int32(j)})
					_, again, _ := other.path([]int32{int32(pieces[i])}, []int32{int32(pieces[j])})
					require.Len(t, again, len(hops))
					for k := range hops {
						require.Equal(t, hops[k].from.observation, again[k].from.observation, "seed %d", seed)
						require.Equal(t, hops[k].to.observation, again[k].to.observation, "seed %d", seed)
					}
					continue
				}
				a, b := m.side(p), m.side(q)
				list := m.hurdles(p, q)
				told := map[int32]bool{}
				for k, h := range list {
					reasons[h.reason]++
					told[h.value] = true
					require.Equal(t, p, m.out.group[h.sightA.piece])
					require.Equal(t, q, m.out.group[h.sightB.piece])
					require.Equal(t, h.sightA.piece, ev.seen[h.sightA.observation].piece)
					require.Equal(t, h.reason == Separated || h.reason == Passed && h.ruling != blind{}, h.ruling != blind{})
					if h.value >= 0 {
						require.True(t, ev.seen[h.sightA.observation].has(h.value))
						require.True(t, ev.seen[h.sightB.observation].has(h.value))
						require.Equal(t, h.reason == Shared, ev.values[h.value].shared)
					}
					require.False(t, slices.ContainsFunc(list[:k], func(x hurdle) bool {
						return x.reason == h.reason && x.value == h.value && x.kind == h.kind && x.ruling == h.ruling
					}), "seed %d: told twice", seed)
				}
				for v := range ev.values {
					if a.counts[v] && b.counts[v] && m.typeOf(m.ranks[v]).Kind != Descriptor {
						require.True(t, told[int32(v)], "seed %d: untold\n%s", seed, dumpEvidence(e, ev))
					}
				}
				back, again := m.hurdles(q, p), other.hurdles(other.out.group[pieces[i]], other.out.group[pieces[j]])
				require.Len(t, back, len(list))
				require.Len(t, again, len(list))
				for k, h := range list {
					require.Equal(t, h.reason, back[k].reason)
					require.Equal(t, h.value, back[k].value)
					require.Equal(t, h.reason, again[k].reason, "seed %d", seed)
					require.Equal(t, h.sightA.observation, again[k].sightA.observation, "seed %d", seed)
					require.Equal(t, h.sightB.observation, again[k].sightB.observation, "seed %d", seed)
				}
			}
		}
	})
	for _, r := range []Reason{Conflict, Ambiguous, TooMany, Shared, Passed, Unproven, Separated} {
		require.NotZero(t, reasons[r], "%s never occurred", r)
	}
	t.Log(reasons)
}
