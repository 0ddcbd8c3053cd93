package identity

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// memberships are the atoms of each customer, as a follower of the feed keeps them: what
// comes is added and what goes is taken away, also if it is known already.
type memberships map[customer.ID]map[customer.AtomID]bool

func (m memberships) add(id customer.ID, atoms ...customer.AtomID) {
	if m[id] == nil {
		m[id] = map[customer.AtomID]bool{}
	}
	for _, a := range atoms {
		m[id][a] = true
	}
}

func (m memberships) follow(c customer.Change) {
	if c.Customer == c.To {
		m.add(c.To, c.Atoms...)
		return
	}
	for _, a := range c.Atoms {
		delete(m[c.Customer], a)
	}
}

// homes is the customer of each atom, uuid.Nil if several have it.
func (m memberships) homes() map[customer.AtomID]customer.ID {
	homes := map[customer.AtomID]customer.ID{}
	for id, atoms := range m {
		for a := range atoms {
			if _, twice := homes[a]; twice {
				id = uuid.Nil
			}
			homes[a] = id
		}
	}
	return homes
}

// readMeanwhile takes the snapshot that Customers says how to take, while write is called
// before every read of the store, and compares it with the mapping when all is quiet.
func readMeanwhile(t *testing.T, s store.Store, o *Options, write func()) {
	t.Helper()
	reading := false
	g, err := Open(t.Context(), store.Observed(s, func(context.Context, store.Call) func(store.Outcome) {
		if reading {
			write()
		}
		return nil
	}), nil, o)
	require.NoError(t, err)
	from, err := g.Head(t.Context())
	require.NoError(t, err)
	reading = true
	have := memberships{}
	for c, err := range g.Customers(t.Context()) {
		require.NoError(t, err)
		for _, a := range c.Atoms {
			have.add(c.ID, a.ID)
		}
		write()
	}
	reading = false
	for c, err := range g.Changes(t.Context(), from) {
		require.NoError(t, err)
		have.follow(c)
	}
	quiet, err := exported(t.Context(), g)
	require.NoError(t, err)
	if want, homes := homesOf(quiet), have.homes(); !maps.Equal(want, homes) {
		require.Equal(t, want, homes)
	}
}

// Customers, read while others write, and the feed from the Head noted before, lead to the
// mapping there is.
func TestSnapshotMeanwhile(t *testing.T) {
	everySeed(t, 300*time.Millisecond, func(seed uint64) {
		w := newWorld(rand.New(rand.NewPCG(seed, 21)))
		s := store.Limited(new(store.Memory), store.MinLimits)
		g, err := Open(t.Context(), s, w.policy, nil)
		require.NoError(t, err)
		write := func() {
			st := w.step()
			if st.verb == "apply" {
				st.all = []Observation{}
			}
			_, err := st.take(t.Context(), g)
			require.True(t, err == nil || refuses(err), "seed %d: %v", seed, err)
		}
		for range 15 {
			write()
		}
		readMeanwhile(t, s, nil, write)
	})
}

// The same with more customers than are read at once, who merge and come apart meanwhile.
func TestSnapshotOfManyMeanwhile(t *testing.T) {
	const n = 700
	s := new(store.Memory)
	g := openGraph(t, s, nil)
	for i := range n {
		observeAll(t, g, seenAt(fmt.Sprint(i), i, fmt.Sprint(i), ident("email", fmt.Sprint(i))))
	}
	random := rand.New(rand.NewPCG(1, 22))
	joined := 0
	readMeanwhile(t, s, nil, func() {
		if joined > 0 && random.IntN(3) == 0 {
			require.NoError(t, g.Retract(t.Context(), noon, fmt.Sprint("j", random.IntN(joined))))
			return
		}
		o := seenAt(fmt.Sprint("j", joined), joined, fmt.Sprint("j", joined), ident("email", fmt.Sprint(random.IntN(n))), ident("email", fmt.Sprint(random.IntN(n))))
		observeAll(t, g, o)
		joined++
	})
	require.Greater(t, joined, 100)
}
