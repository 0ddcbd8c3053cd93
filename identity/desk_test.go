package identity

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// TestDesk: what was worked out on a desk before, merges and faults among it, changes
// neither what is returned nor what is stored.
func TestDesk(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var stores [2]store.Memory
		var graphs [2]*Graph
		for i := range graphs {
			g, err := Open(t.Context(), &stores[i], nil, nil)
			require.NoError(t, err)
			graphs[i] = g
		}
		used := new(desk)
		for i := range 80 {
			o := seenAt(fmt.Sprint(rng.IntN(100)), rng.IntN(200), []string{"", fmt.Sprint(rng.IntN(20))}[rng.IntN(2)])
			o.Source = []string{"shop", "app"}[rng.IntN(2)]
			for range 1 + rng.IntN(5) {
				d := ident([]string{"phone", "account", "device", "cookie", "name"}[rng.IntN(5)], fmt.Sprint(rng.IntN(25)))
				d.Scope, d.Proof = []string{"", "web"}[rng.IntN(2)], Proof(rng.IntN(int(Verified)+1))
				o.Identifiers = append(o.Identifiers, d)
			}
			var got [2]Resolution
			var errs [2]error
			for j, d := range []*desk{used, new(desk)} {
				d.o = o
				if errs[j] = d.p.set(graphs[j], -1, &d.o, d.p.ids[:0]); errs[j] == nil {
					got[j], _, errs[j] = graphs[j].observe(t.Context(), d)
				}
			}
			used.empty()
			require.Equal(t, errs[1], errs[0], "seed %d, observation %d", seed, i)
			require.Equal(t, got[1], got[0], "seed %d, observation %d", seed, i)
		}
		var entries [2][]store.Entry
		for j := range stores {
			for e, err := range stores[j].Scan(t.Context(), store.Range{}) {
				require.NoError(t, err)
				entries[j] = append(entries[j], e)
			}
		}
		require.True(t, slices.EqualFunc(entries[0], entries[1], func(a, b store.Entry) bool {
			return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value) && a.Version == b.Version
		}), "seed %d", seed)
	}
}

// TestDeskHasNoText: what is sealed does not stay on the desk as it was, also where it took
// more memory than there was.
func TestDeskHasNoText(t *testing.T) {
	for _, length := range []int{10, 100, 300, 700, 1000} {
		secret := strings.Repeat("secret", length)[:length]
		s := new(store.Memory)
		g := openSealed(t, s)
		d := new(desk)
		d.o = seenAt("1", 0, "r", ident("phone", secret), ident("email", secret+"@"))
		require.NoError(t, d.p.set(g, -1, &d.o, nil))
		_, clean, err := g.observe(t.Context(), d)
		require.NoError(t, err)
		require.True(t, clean)
		require.NotContains(t, string(d.edit.arena[:cap(d.edit.arena)]), secret[:10], length)
	}
}

// TestLargeDesk: a desk on which a customer of many observations was read is not used again,
// also where nothing was written.
func TestLargeDesk(t *testing.T) {
	g := openGraph(t, new(store.Memory), nil)
	var all []Observation
	for i := range 1000 {
		all = append(all, seenAt(fmt.Sprint(i), i, "r"))
	}
	_, err := g.ObserveMany(t.Context(), slices.Values(all), nil)
	require.NoError(t, err)
	for _, o := range []Observation{all[0], seenAt("other", 0, "other")} {
		d := new(desk)
		d.o = o
		require.NoError(t, d.p.set(g, -1, &d.o, nil))
		r, clean, err := g.observe(t.Context(), d)
		require.NoError(t, err)
		require.True(t, clean)
		require.Equal(t, r.Known, d.large())
	}
}
