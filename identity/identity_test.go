package identity

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

var noon = time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)

func seenAt(id string, minutes int, record string, ids ...Identifier) Observation {
	return Observation{ID: id, Source: "shop", Record: record, Time: noon.Add(time.Duration(minutes) * time.Minute), Identifiers: ids}
}

func ident(typ, value string) Identifier { return Identifier{Type: typ, Value: value, Proof: Verified} }

func openGraph(t testing.TB, s store.Store, p *Policy) *Graph {
	g, err := Open(t.Context(), s, p, nil)
	require.NoError(t, err)
	return g
}

func TestObserve(t *testing.T) {
	g := openGraph(t, new(store.Memory), nil)
	a, err := g.Observe(t.Context(), seenAt("1", 0, "r1", ident("phone", "+861"), ident("member", "m1")))
	require.NoError(t, err)
	require.True(t, a.Created)
	b, err := g.Observe(t.Context(), seenAt("2", 1, "r2", ident("email", "a@b.cn")))
	require.NoError(t, err)
	require.True(t, b.Created)
	require.NotEqual(t, a.Customer, b.Customer)
	c, err := g.Observe(t.Context(), seenAt("3", 2, "r3", ident("email", "a@b.cn"), ident("phone", "+861")))
	require.NoError(t, err)
	require.Equal(t, a.Customer, c.Customer)
	require.Len(t, c.Merged, 1)
	again, err := g.Observe(t.Context(), seenAt("3", 2, "r3", ident("email", "a@b.cn"), ident("phone", "+861")))
	require.NoError(t, err)
	require.True(t, again.Known)
	require.Equal(t, c.Customer, again.Customer)
	for ch, err := range g.Changes(t.Context(), [64]uint64{}) {
		require.NoError(t, err)
		t.Log(ch.Verb, ch.Customer, ch.From, ch.To, ch.Atoms)
	}
}

// What is observed again is answered as if it were new: whoever was interrupted gives the atom, and the stream it is a
// slice of, the same evidence.
func TestObserveAgain(t *testing.T) {
	g := openGraph(t, new(store.Memory), nil)
	r := rand.New(rand.NewPCG(1, 14))
	streams := 0
	for step := range 60 {
		o := Observation{ID: fmt.Sprint(step), Source: "web", Time: noon.Add(time.Duration(step) * time.Minute)}
		o.Identifiers = []Identifier{ident("device", fmt.Sprint("d", r.IntN(3)))}
		switch r.IntN(3) {
		case 0:
			o.Record = fmt.Sprint("record ", step)
		case 1:
			o.Identifiers = append(o.Identifiers, ident("account", fmt.Sprint("a", r.IntN(3))))
		}
		first, err := g.Observe(t.Context(), o)
		require.NoError(t, err)
		again, err := g.Observe(t.Context(), o)
		require.NoError(t, err)
		require.True(t, again.Known)
		first.Known, first.Created, first.Merged = true, false, nil
		require.Equal(t, first, again)
		if again.Stream != (customer.AtomID{}) {
			streams++
		}
	}
	require.Greater(t, streams, 20)
}

// TestOpenWithAnotherKey: identifiers hashed under another key would not be found, and
// everybody would be somebody new.
func TestOpenWithAnotherKey(t *testing.T) {
	s := new(store.Memory)
	openGraph(t, s, nil)
	openGraph(t, s, nil)
	index, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: make([]byte, seal.KeyBytes)})
	require.NoError(t, err)
	_, err = Open(t.Context(), s, nil, &Options{Index: index})
	require.ErrorIs(t, err, ErrPolicy)
}

// TestNamesDoNotConnect: customers who have but a name in common are kept apart, however
// many they are, and nobody is found by a name.
func TestNamesDoNotConnect(t *testing.T) {
	s := new(store.Memory)
	g := openGraph(t, s, nil)
	const n = 50
	for i := range n {
		o := seenAt(fmt.Sprint(i), i, fmt.Sprint(i), ident("name", "王伟"), ident("member", fmt.Sprint(i)))
		_, err := g.Observe(t.Context(), o)
		require.NoError(t, err)
	}
	containers := 0
	for _, err := range s.Scan(t.Context(), store.Under(key("c"))) {
		require.NoError(t, err)
		containers++
	}
	require.Equal(t, n, containers)
	_, err := g.Find(t.Context(), "", ident("name", "王伟"))
	require.ErrorIs(t, err, ErrInput)
	_, err = g.Apply(t.Context(), &Policy{Entities: []Entity{{Types: []Type{{Name: "name", Kind: Shareable}}}}}, nil)
	require.ErrorIs(t, err, ErrPolicy)
}
