package integration

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/store"
)

// A meanwhile is a store in which something else happens right before a call.
type meanwhile struct {
	store.Store
	get    func(keys [][]byte) // nil: nothing
	commit func(b *store.Batch)
}

func (m *meanwhile) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	if f := m.get; f != nil {
		f(keys)
	}
	return m.Store.Get(ctx, keys...)
}

func (m *meanwhile) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if f := m.commit; f != nil {
		f(b)
	}
	return m.Store.Commit(ctx, b)
}

// orders are n records of one customer.
func orders(n int) (list []identity.Observation) {
	for i := range n {
		list = append(list, identity.Observation{
			ID: fmt.Sprint("order ", i), Source: "shop", Record: fmt.Sprint(i), Time: decided.Add(time.Duration(i) * time.Hour),
			Identifiers: []identity.Identifier{{Type: "member", Value: "m1"}},
		})
	}
	return list
}

// two graphs on one store: all calls of the second go through the meanwhile.
func twoGraphs(t *testing.T) (first, second *identity.Graph, m *meanwhile) {
	t.Helper()
	s := new(store.Memory)
	first, err := graphAt(t.Context(), s, lenient())
	require.NoError(t, err)
	m = &meanwhile{Store: s}
	second, err = graphAt(t.Context(), m, nil)
	require.NoError(t, err)
	return first, second, m
}

// Of two that apply one policy at once neither fails, nor if an erasure is in between.
func TestIdentityApplyMeanwhile(t *testing.T) {
	for name, other := range map[string]func(g *identity.Graph) error{
		"apply": func(g *identity.Graph) error {
			_, err := g.Apply(t.Context(), strict(), nil)
			return err
		},
		"erase": func(g *identity.Graph) error {
			id, _, err := g.Lookup(t.Context(), identity.Record{Source: "shop", Record: "0"})
			if err != nil {
				return err
			}
			return g.Erase(t.Context(), id, identity.Ruling{ID: "r", Actor: "steward", Time: decided})
		},
	} {
		t.Run(name, func(t *testing.T) {
			first, second, m := twoGraphs(t)
			_, err := first.ObserveMany(t.Context(), slices.Values(orders(2500)), nil) // more than one commit erases
			require.NoError(t, err)
			m.commit = func(*store.Batch) {
				m.commit = nil
				require.NoError(t, other(first))
			}
			_, err = second.Apply(t.Context(), strict(), nil)
			require.NoError(t, err)
			require.Nil(t, m.commit)
			require.Equal(t, strict(), second.Policy())
		})
	}
}

// Who observes a record while its customer is being erased is told so.
func TestIdentityErasedMeanwhile(t *testing.T) {
	first, second, m := twoGraphs(t)
	all := orders(3)
	for _, o := range all {
		_, err := first.Observe(t.Context(), o)
		require.NoError(t, err)
	}
	m.get = func(keys [][]byte) {
		if !bytes.HasPrefix(keys[0], []byte("key/")) {
			return
		}
		m.get = nil // what is there has been read, its key has not
		id, _, err := first.Lookup(t.Context(), identity.Record{Source: "shop", Record: "0"})
		require.NoError(t, err)
		require.NoError(t, first.Erase(t.Context(), id, identity.Ruling{ID: "r", Actor: "steward", Time: decided}))
	}
	more := all[0]
	more.ID = "changed"
	_, err := second.Observe(t.Context(), more)
	require.ErrorIs(t, err, identity.ErrErased)
	require.Nil(t, m.get)
	more.ID, more.Time = "later", decided.Add(100*time.Hour)
	r, err := second.Observe(t.Context(), more)
	require.NoError(t, err)
	require.True(t, r.Created)
}

// Who looks a record up while its customer is being erased is told so: it has never been
// unknown.
func TestIdentityLookupMeanwhile(t *testing.T) {
	for _, n := range []int{1, 2500} { // one commit erases, or more
		first, second, m := twoGraphs(t)
		_, err := first.ObserveMany(t.Context(), slices.Values(orders(n)), nil)
		require.NoError(t, err)
		record := identity.Record{Source: "shop", Record: "0"}
		m.get = func([][]byte) {
			m.get = func([][]byte) { // the record has been read, its customer has not
				m.get = nil
				id, _, err := first.Lookup(t.Context(), record)
				require.NoError(t, err)
				require.NoError(t, first.Erase(t.Context(), id, identity.Ruling{ID: "r", Actor: "steward", Time: decided}))
			}
		}
		_, _, err = second.Lookup(t.Context(), record)
		require.ErrorIs(t, err, identity.ErrErased)
	}
}
