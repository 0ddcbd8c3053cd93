package identity

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

func TestTrace(t *testing.T) {
	s := new(store.Memory)
	g := openSealed(t, s)
	all, _ := planted()
	r := observeEach(t, g, all...)
	tablet := observeEach(t, g, seenAt("tablet", 9, "", ident("cookie", "tablet"), ident("member", "mine"), ident("email", "planted@mail.cn")))
	stranger := observeEach(t, g, seenAt("stranger", 10, "", ident("cookie", "tablet"), ident("member", "other")))
	require.NotEqual(t, r.Customer, stranger.Customer)
	own, err := g.Trace(t.Context(), r.Customer)
	require.NoError(t, err)
	require.Contains(t, own.Customers, r.Customer)
	require.Contains(t, own.Streams, tablet.Stream)
	require.Contains(t, own.Atoms, tablet.Atom)
	require.NotContains(t, own.Atoms, stranger.Atom)
	theirs, err := g.Trace(t.Context(), stranger.Customer)
	require.NoError(t, err)
	require.Equal(t, []customer.AtomID{tablet.Stream}, theirs.Streams)

	// All keys, and all hashes, are of one of them.
	for k := range everything(t, s) {
		switch {
		case strings.HasPrefix(k, "key/"):
			a := customer.AtomID([]byte(k[len("key/"):]))
			require.True(t, slices.Contains(own.Atoms, a) || slices.Contains(theirs.Atoms, a))
		case strings.HasPrefix(k, "id/o/"), strings.HasPrefix(k, "id/v/"):
			h := [20]byte(blindOf([]byte(k[len("id/o/"):])))
			require.True(t, slices.Contains(own.Blinds, h) || slices.Contains(theirs.Blinds, h))
		}
	}
	// The references of values that are a customer's own are those that its erasure marks.
	before := everything(t, s)
	require.NotEmpty(t, own.Own)
	require.NotEmpty(t, theirs.Own)
	require.NoError(t, g.Erase(t.Context(), r.Customer, asked("e", 60)))
	for k, v := range everything(t, s) {
		if !strings.HasPrefix(k, "id/v/") {
			continue
		}
		to, err := readPointer(store.Entry{Value: []byte(v), Version: 1})
		require.NoError(t, err)
		_, there := before[k]
		h := [20]byte(blindOf([]byte(k[len("id/v/"):])))
		require.Equal(t, there && slices.Contains(own.Own, h), to.erased != nil)
		require.Equal(t, to.erased == nil, slices.Contains(theirs.Blinds, h))
	}
	_, err = g.Trace(t.Context(), r.Customer)
	require.ErrorIs(t, err, ErrErased)
	_, err = g.Trace(t.Context(), customer.FromInt64(1))
	require.ErrorIs(t, err, ErrUnknown)
}

// What atoms were called before others became known is remembered, and nobody has it.
func TestTraceFormer(t *testing.T) {
	for seed := range uint64(20) {
		g := openGraph(t, new(store.Memory), nil)
		r := rand.New(rand.NewPCG(seed, 13))
		had := map[customer.AtomID]bool{}
		former := 0
		for step := range 60 {
			o := Observation{ID: fmt.Sprint(step), Source: "web", Time: noon.Add(time.Duration(r.IntN(30)) * time.Minute)}
			o.Identifiers = []Identifier{ident("device", fmt.Sprint("d", r.IntN(2))), ident("account", fmt.Sprint("a", r.IntN(3)))}
			done, err := g.Observe(t.Context(), o)
			require.NoError(t, err)
			had[done.Atom] = true
		}
		present, of := map[customer.AtomID]bool{}, map[customer.AtomID]customer.ID{}
		for c, err := range g.Customers(t.Context()) {
			require.NoError(t, err)
			for _, a := range c.Atoms {
				present[a.ID] = true
			}
			trace, err := g.Trace(t.Context(), c.ID)
			require.NoError(t, err)
			for _, a := range trace.Former {
				require.NotContains(t, of, a, "of two customers")
				of[a] = c.ID
			}
		}
		for a := range had {
			if !present[a] {
				require.Contains(t, of, a)
				former++
			}
		}
		for a := range of {
			require.False(t, present[a])
		}
		require.Positive(t, former)
	}
}

// Of random histories the traces of all customers have all ids that lead to somebody, all
// observations that hold, all values that are found, and all records.
func TestTraceOfHistories(t *testing.T) {
	everySeed(t, time.Second, func(seed uint64) {
		h := randomHistory(seed, 5, 40)
		s := new(store.Memory)
		g, err := Open(t.Context(), s, h.policy, h.options())
		require.NoError(t, err)
		for _, s := range h.steps {
			if _, err := s.take(t.Context(), g); err != nil && !refuses(err) {
				require.NoError(t, err)
			}
		}
		ids, atoms, blinds := map[customer.ID]bool{}, map[customer.AtomID]bool{}, map[blind]bool{}
		for c, err := range g.Customers(t.Context()) {
			require.NoError(t, err)
			trace, err := g.Trace(t.Context(), c.ID)
			require.NoError(t, err)
			for _, id := range append([]customer.ID{c.ID}, c.Former...) {
				require.Contains(t, trace.Customers, id)
			}
			for _, id := range trace.Customers {
				require.False(t, ids[id], "of two customers")
				ids[id] = true
			}
			for _, a := range c.Atoms {
				require.Contains(t, trace.Atoms, a.ID)
			}
			for _, a := range trace.Atoms {
				atoms[a] = true
			}
			for _, b := range trace.Blinds {
				blinds[b] = true
			}
			require.True(t, slices.IsSortedFunc(trace.Blinds, func(a, b [20]byte) int { return bytes.Compare(a[:], b[:]) }))
		}
		for k, v := range everything(t, s) {
			e := store.Entry{Key: []byte(k), Value: []byte(v), Version: 1}
			switch {
			case strings.HasPrefix(k, "id/u/"):
				id := customer.ID([]byte(k[len("id/u/"):]))
				_, err := g.Customer(t.Context(), id)
				require.Equal(t, !errors.Is(err, ErrUnknown), ids[id])
			case strings.HasPrefix(k, "id/r/"):
				to, err := readPointer(e)
				require.NoError(t, err)
				_, mapped := homesOf(mustExport(t, g))[customer.AtomID([]byte(k[len("id/r/"):]))]
				require.True(t, to.state != contained || !mapped || atoms[customer.AtomID([]byte(k[len("id/r/"):]))])
			case strings.HasPrefix(k, "id/o/"):
				o, err := readSeen(e)
				require.NoError(t, err)
				require.Equal(t, o.state == seenLive, blinds[blindOf([]byte(k[len("id/o/"):]))])
			}
		}
	})
}

func mustExport(t *testing.T, g *Graph) []Customer {
	all, err := exported(t.Context(), g)
	require.NoError(t, err)
	return all
}
