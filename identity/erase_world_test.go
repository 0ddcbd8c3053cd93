package identity

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// sealedOptions are those of a graph that keeps nothing in the clear.
func sealedOptions(t testing.TB, s store.Store) *Options {
	wrapper, err := seal.NewLocal(bytes.Repeat([]byte{7}, seal.KeyBytes))
	require.NoError(t, err)
	vault, err := seal.NewVault(s, wrapper, nil)
	require.NoError(t, err)
	index, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: bytes.Repeat([]byte{8}, seal.KeyBytes)})
	require.NoError(t, err)
	return &Options{Index: index, Vault: vault, Backoff: &store.Backoff{First: time.Microsecond, Most: time.Millisecond}}
}

func openSealed(t testing.TB, s store.Store) *Graph {
	g, err := Open(t.Context(), s, nil, sealedOptions(t, s))
	require.NoError(t, err)
	return g
}

// observeEach observes, and returns whose the last one is.
func observeEach(t testing.TB, g *Graph, all ...Observation) (r Resolution) {
	var err error
	for _, o := range all {
		r, err = g.Observe(t.Context(), o)
		require.NoError(t, err)
	}
	return r
}

func asked(id string, minutes int) Ruling {
	return Ruling{ID: id, Actor: "privacy office", Reason: "asked for it", Time: noon.Add(time.Duration(minutes) * time.Minute)}
}

// everything is what a store holds.
func everything(t testing.TB, s store.Store) map[string]string {
	all := map[string]string{}
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		all[string(e.Key)] = string(e.Value)
	}
	return all
}

// holdsAny returns which of the texts are anywhere in the store.
func holdsAny(t testing.TB, s store.Store, texts ...string) (found []string) {
	all := everything(t, s)
	for _, text := range texts {
		for k, v := range all {
			if strings.Contains(k, text) || strings.Contains(v, text) {
				found = append(found, text)
				break
			}
		}
	}
	return found
}

// checkGraph: the store is whole and has nothing that is past, and the feed leads to what
// is in it.
func checkGraph(t testing.TB, g *Graph) []Customer { return checkWhole(t, g, true) }

func checkWhole(t testing.TB, g *Graph, tidy bool) []Customer {
	all, err := exported(t.Context(), g)
	require.NoError(t, err)
	require.NoError(t, checkCustomers(t.Context(), g, all))
	require.NoError(t, checkFeed(t.Context(), g, all))
	v, err := takeInventory(t.Context(), g)
	require.NoError(t, err)
	require.NoError(t, v.check(g.Policy(), tidy))
	return all
}

// planted is a stream of one person's observations, and what is personal in them.
func planted() (all []Observation, personal []string) {
	all = []Observation{
		seenAt("planted-observation-1", 0, "planted-record-1", ident("phone", "+8613912345678"), ident("name", "planted-name")),
		seenAt("planted-observation-2", 1, "planted-record-2", ident("phone", "+8613912345678"), ident("email", "planted@mail.cn")),
		seenAt("planted-observation-3", 2, "", ident("cookie", "planted-cookie"), ident("email", "planted@mail.cn")),
		seenAt("planted-observation-4", 3, "", ident("email", "planted@mail.cn")),
		seenAt("planted-observation-5", 4, "planted-record-3", Identifier{Type: "openid", Scope: "app", Value: "planted-openid"}, ident("email", "planted@mail.cn")),
	}
	for _, o := range all {
		personal = append(personal, o.ID)
		if o.Record != "" {
			personal = append(personal, o.Record)
		}
		for _, d := range o.Identifiers {
			personal = append(personal, d.Value)
		}
	}
	return all, personal
}
