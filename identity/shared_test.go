package identity

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// A hooked store calls a function before each commit.
type hooked struct {
	store.Store
	before func(b *store.Batch)
}

func (h *hooked) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	h.before(b)
	return h.Store.Commit(ctx, b)
}

// TestSharedMeanwhile: a record that comes to have a shared value between the decision
// whether that is still shared and its commit is not missed.
func TestSharedMeanwhile(t *testing.T) {
	phone := ident("phone", "p")
	for name, customers := range map[string]int{"retract": 3, "apply": 1} {
		t.Run(name, func(t *testing.T) {
			m := new(store.Memory)
			p := &Policy{Entities: []Entity{{Records: 2, Types: []Type{{Name: "phone", Kind: Shareable}}}}}
			g := openGraph(t, m, p)
			observeEach(t, g, seenAt("1", 1, "r1", phone), seenAt("2", 2, "r2", phone), seenAt("3", 3, "r3", phone))
			done := false
			reference := valueKey(g.valueBlind("", kindKey{"phone", ""}, "p"))
			other := openGraph(t, &hooked{m, func(b *store.Batch) {
				if !done && slices.ContainsFunc(b.Writes, func(w store.Write) bool { return bytes.Equal(w.Key, reference) }) {
					done = true
					observeEach(t, g, seenAt("4", 4, "r4", phone))
				}
			}}, nil)
			if name == "retract" {
				require.NoError(t, other.Retract(t.Context(), noon, "3"))
			} else {
				p.Entities[0].Records = 5
				_, err := other.Apply(t.Context(), p, nil)
				require.NoError(t, err)
			}
			require.True(t, done)
			found := map[any]bool{}
			for _, r := range []string{"r1", "r2", "r4"} {
				id, _, err := g.Lookup(t.Context(), Record{"shop", r, ""})
				require.NoError(t, err)
				found[id] = true
			}
			require.Len(t, found, customers)
			checkGraph(t, g)
		})
	}
}
