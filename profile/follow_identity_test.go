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
)

// TestFollowIdentity follows a graph whose customers merge, split, lose evidence and are erased, and
// compares with what the graph says.
func TestFollowIdentity(t *testing.T) {
	for seed := range uint64(4) {
		s := smallest()
		g, err := identity.Open(t.Context(), s, nil, nil) // the same store
		require.NoError(t, err)
		p := follower(s)
		r := rand.New(rand.NewPCG(seed, 1))
		now := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
		type past struct {
			at   time.Time
			live map[customer.ID][]customer.AtomID
		}
		var history []past
		ever := map[customer.ID]bool{}
		var observed, links []string
		erasures := 0
		record := func() identity.Record { return identity.Record{Source: "shop", Record: fmt.Sprint(r.IntN(40))} }
		for step := range 160 {
			now = now.Add(time.Minute)
			ruling := identity.Ruling{ID: fmt.Sprint("ruling", step), Actor: "steward", Time: now}
			switch n := r.IntN(30); {
			case n < 20:
				o := identity.Observation{ID: fmt.Sprint(step), Source: "shop", Record: record().Record, Time: now}
				for _, typ := range []string{"phone", "account"} {
					if r.IntN(2) == 0 {
						o.Identifiers = append(o.Identifiers, identity.Identifier{Type: typ, Value: fmt.Sprint("1391234", 5000+r.IntN(30)), Proof: identity.Verified})
					}
				}
				if _, err := g.Observe(t.Context(), o); err == nil {
					observed = append(observed, o.ID)
				}
			case n < 24:
				if g.Link(t.Context(), ruling, record(), record()) == nil {
					links = append(links, ruling.ID)
				}
			case n < 26 && len(links) > 0:
				require.NoError(t, g.Revoke(t.Context(), now, links[r.IntN(len(links))]))
			case n < 29 && len(observed) > 0:
				if err := g.Retract(t.Context(), now, observed[r.IntN(len(observed))]); err != nil {
					require.ErrorIs(t, err, identity.ErrErased)
				}
			case len(history) > 0:
				ids := slices.SortedFunc(func(yield func(customer.ID) bool) {
					for id := range history[len(history)-1].live {
						if !yield(id) {
							return
						}
					}
				}, compareIDs)
				if len(ids) > 0 && g.Erase(t.Context(), ids[r.IntN(len(ids))], ruling) == nil {
					erasures++
				}
			}
			if r.IntN(4) > 0 {
				continue
			}
			_, err := p.follow(t.Context(), now.UnixMicro(), g)
			require.NoError(t, err)
			live := map[customer.ID][]customer.AtomID{}
			for c, err := range g.Customers(t.Context()) {
				require.NoError(t, err)
				live[c.ID] = atomsIn(c)
				ever[c.ID] = true
			}
			history = append(history, past{now, live})
			requireSameMembers(t, g, p, ever)
			for id := range ever {
				present, atoms, err := p.members(t.Context(), id, moment{known: never})
				c, gone := g.Customer(t.Context(), id)
				switch {
				case gone == nil && c.ID == id:
					require.NoError(t, err)
					require.Equal(t, id, present)
					require.Equal(t, atomsIn(c), atoms)
				case err == nil: // it was merged; the graph may since have moved what it had further
					require.NotEqual(t, id, present)
					require.Equal(t, live[present], atoms)
				}
			}
		}
		require.Positive(t, erasures)
		for _, h := range history {
			for id, atoms := range h.live {
				present, then, err := p.members(t.Context(), id, moment{known: h.at.UnixMicro()})
				if err != nil {
					require.ErrorIs(t, err, ErrErased)
					continue
				}
				require.Equal(t, id, present)
				require.Equal(t, atoms, then)
			}
		}
	}
}

func atomsIn(c identity.Customer) (atoms []customer.AtomID) {
	for _, a := range c.Atoms {
		atoms = append(atoms, a.ID)
	}
	return atoms
}
