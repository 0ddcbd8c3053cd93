package profile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// Of devices that people use in turn every customer has, in the end, what happened while the
// graph says that it was that customer: with logins that become known late, observations that
// were wrong, and erasures.
func TestSlicesOfIdentity(t *testing.T) {
	for seed := range race.Fewer[uint64](4, 2) {
		var s store.Store = new(store.Memory)
		if seed%2 == 0 {
			s = minimal()
		}
		o := &identity.Options{}
		if sealing { // with the same keys
			with := withVault(t, s, nil)
			o.Vault, o.Index = with.Vault, with.Index
		}
		g, err := identity.Open(t.Context(), s, nil, o) // the same store
		require.NoError(t, err)
		p, k := openLog(t, s), newKeeper(t)
		r := rand.New(rand.NewPCG(seed, 21))
		now := sliceStart.AddDate(0, 0, 40)
		sync := func() {
			_, err := p.Sync(t.Context(), now, g)
			require.NoError(t, err)
		}
		lying := map[string]customer.AtomID{} // the stream of an observation that holds
		var seen []string
		erasures, divided := 0, 0
		ever := map[customer.ID]bool{}
		for step := range 250 {
			now = now.Add(time.Hour)
			o := identity.Observation{ID: fmt.Sprint(step), Source: "web", Time: sliceStart.Add(time.Duration(r.IntN(40*24*3600)) * time.Second)}
			if r.IntN(3) > 0 {
				o.Time = now // not late
			}
			o.Identifiers = []identity.Identifier{{Type: "device", Value: fmt.Sprint("device-", r.IntN(4)), Proof: identity.Verified}}
			switch n := r.IntN(20); {
			case n < 12: // somebody looks at something
				res, err := g.Observe(t.Context(), o)
				if err != nil {
					require.ErrorIs(t, err, identity.ErrErased)
					continue
				}
				if r.IntN(2) == 0 {
					sync()
				}
				require.NotZero(t, res.Stream)
				_, err = p.Add(t.Context(), now, Evidence{
					Atom: res.Stream, ID: o.ID, Source: "shop", Event: "order", Time: o.Time,
					Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(int64(step))}},
				})
				if err != nil { // it is late, and of the time of whom was erased
					require.ErrorIs(t, err, ErrErased)
					require.Positive(t, erasures)
					require.NoError(t, g.Retract(t.Context(), now, o.ID))
					continue
				}
				lying[o.ID] = res.Stream
				seen = append(seen, o.ID)
			case n < 17: // and logs in
				o.Record = fmt.Sprint("login ", step)
				account := identity.Identifier{Type: "account", Value: fmt.Sprint("user-", r.IntN(5)), Proof: identity.Verified}
				o.Identifiers = append(o.Identifiers, account)
				if _, err := g.Observe(t.Context(), o); err != nil {
					require.ErrorIs(t, err, identity.ErrErased)
				}
			case n < 19 && len(seen) > 0:
				i := r.IntN(len(seen))
				if err := g.Retract(t.Context(), now, seen[i]); err != nil {
					require.ErrorIs(t, err, identity.ErrErased)
				} else if err := p.Retract(t.Context(), now, lying[seen[i]], seen[i]); err != nil {
					require.ErrorIs(t, err, ErrUnknown)
				}
				delete(lying, seen[i])
				seen = slices.Delete(seen, i, i+1)
			case n == 19 && r.IntN(2) == 0:
				var ids []customer.ID
				for c, err := range g.Customers(t.Context()) {
					require.NoError(t, err)
					ids = append(ids, c.ID)
				}
				if len(ids) == 0 {
					continue
				}
				sync()
				id := ids[r.IntN(len(ids))]
				for o, err := range g.Observations(t.Context(), id) {
					require.NoError(t, err)
					delete(lying, o.ID)
				}
				require.NoError(t, g.Erase(t.Context(), id, identity.Ruling{ID: fmt.Sprint("erasure ", step), Actor: "office", Time: now}))
				seen = slices.DeleteFunc(seen, func(id string) bool { return lying[id] == customer.AtomID{} })
				erasures++
				sync()
			}
			if r.IntN(6) > 0 {
				continue
			}
			sync()
			k.follow(p, 0)
			requireSameMembers(t, g, p, ever)
			left := len(lying)
			for c, err := range g.Customers(t.Context()) {
				require.NoError(t, err)
				var want, got []string
				for o, err := range g.Observations(t.Context(), c.ID) {
					require.NoError(t, err)
					if o.Record == "" {
						want = append(want, o.ID)
						require.NotZero(t, lying[o.ID])
					}
				}
				for e, err := range p.Timeline(t.Context(), c.ID, Moment{At: now}, nil) {
					require.NoError(t, err)
					require.Equal(t, lying[e.Evidence], e.Atom)
					got = append(got, e.Evidence)
				}
				slices.Sort(want)
				slices.Sort(got)
				require.Equal(t, want, got, "seed %d step %d", seed, step)
				n, _ := k.rows[c.ID]["orders"].Int64()
				require.EqualValues(t, len(want), n)
				left -= len(want)
				if len(want) > 0 {
					divided++
				}
			}
			require.Zero(t, left)
		}
		require.Positive(t, erasures)
		require.Greater(t, divided, 50)
	}
}
