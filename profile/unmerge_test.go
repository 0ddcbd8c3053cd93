package profile

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// A merge that is undone leaves the profiles and rows that were there before, also where
// evidence of either came meanwhile, as if they had never been merged.
func TestMergeThenSplitGivesTheSameBytes(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			stores := []store.Store{new(store.Memory), store.Limited(new(store.Memory), store.MinLimits)}
			w := newReadsWorld(t, stores[seed%2], seed, readsSchema(), nil)
			apart := newReadsWorld(t, stores[(seed+1)%2], seed, readsSchema(), nil) // what is never merged
			one, other := w.found(2), w.found(3)
			require.Equal(t, one, apart.found(2))
			require.Equal(t, other, apart.found(3))
			now := w.feed.now.AddDate(1, 0, 0)
			// Both hear the same, more than a head has room for.
			say := func(n int) {
				var all []Evidence
				for range n {
					all = append(all, w.evidence(fakeAtom(1+w.rand.IntN(w.atoms))))
					w.said = append(w.said, readsSaid{Evidence: all[len(all)-1]})
				}
				now = now.Add(time.Minute)
				for _, x := range []*readsWorld{w, apart} {
					_, err := x.p.Add(t.Context(), now, all...)
					require.NoError(t, err)
				}
			}
			answers := func(x *readsWorld) (profiles []string, rows map[customer.ID]map[string]customer.Value) {
				at := now.AddDate(0, 0, 1)
				_, err := x.p.Sync(t.Context(), at, x.feed)
				require.NoError(t, err)
				for _, id := range []customer.ID{one, other} {
					p, err := x.p.Profile(t.Context(), id, Moment{At: at})
					require.NoError(t, err)
					require.Equal(t, id, p.Customer)
					data, err := json.Marshal(p)
					require.NoError(t, err)
					profiles = append(profiles, string(data))
				}
				k := newKeeper(t)
				k.follow(x.p, 0)
				return profiles, k.rows
			}
			say(400)
			profiles, rows := answers(w)
			atoms := w.feed.members(one)
			w.feed.merged(one, other)
			_, err := w.p.Sync(t.Context(), now.AddDate(0, 0, 1), w.feed)
			require.NoError(t, err)
			merged, err := w.p.Profile(t.Context(), one, Moment{At: now.AddDate(0, 0, 1)})
			require.NoError(t, err)
			require.Equal(t, other, merged.Customer)
			data, err := json.Marshal(merged)
			require.NoError(t, err)
			require.NotContains(t, profiles, string(data))
			if seed < 3 {
				w.feed.split(other, one, atoms...)
				again, rowsAgain := answers(w)
				require.Equal(t, profiles, again)
				require.Equal(t, rows, rowsAgain)
				return
			}
			say(200)
			w.feed.split(other, one, atoms...)
			again, rowsAgain := answers(w)
			want, wantRows := answers(apart)
			require.NotEqual(t, profiles, again)
			require.Equal(t, want, again)
			require.Equal(t, wantRows, rowsAgain)
		})
	}
}
