package identity

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// What is stored of an identifier seen in a record, all told, takes at most 1 KB, sealed or
// not: observations of three identifiers and a record of their own, of customers who are seen
// ten times.
func TestBytesOfABinding(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		s := new(store.Memory)
		o := &Options{}
		if sealed {
			o = sealedOptions(t, s)
		}
		g, err := Open(t.Context(), s, nil, o)
		require.NoError(t, err)
		const n = 1000
		for i := range n {
			who := i % (n / 10)
			observeAll(t, g, seenAt(fmt.Sprint("observation ", i), i, fmt.Sprint("record ", i),
				ident("member", fmt.Sprint("M", who)), ident("phone", fmt.Sprintf("+861390000%04d", who)), ident("device", fmt.Sprintf("device %d of %d", i%3, who))))
		}
		size := 0
		for k, v := range everything(t, s) {
			size += len(k) + len(v)
		}
		t.Logf("sealed %t: %d bytes a binding", sealed, size/(3*n))
		require.Less(t, size/(3*n), 1024)
	}
}

// Retracting in a component of 1,000 identifiers, sealed, is a few commits of some hundred KB:
// it reads and writes the evidence once, and no key but its own.
func TestBytesOfRetracting(t *testing.T) {
	read, written, commits, counting := 0, 0, 0, false
	memory := new(store.Memory)
	s := store.Observed(memory, func(_ context.Context, c store.Call) func(store.Outcome) {
		if !counting {
			return nil
		}
		if c.Method == "Commit" {
			commits++
		}
		return func(o store.Outcome) {
			if c.Method == "Commit" {
				written += c.Bytes
			} else {
				read += o.Bytes
			}
		}
	})
	g, err := Open(t.Context(), s, &Policy{Entities: []Entity{{Types: []Type{{Name: "card", Kind: Unique}}}}}, sealedOptions(t, s))
	require.NoError(t, err)
	const n = 999
	_, err = g.ObserveMany(t.Context(), func(yield func(Observation) bool) {
		for i := range n {
			if !yield(seenAt(fmt.Sprint(i), i, fmt.Sprint(i), ident("card", fmt.Sprint(i)), ident("card", fmt.Sprint(i+1)))) {
				return
			}
		}
	}, nil)
	require.NoError(t, err)
	counting = true
	require.NoError(t, g.Retract(t.Context(), noon, fmt.Sprint(n/2)))
	t.Logf("%d bytes read, %d written in %d commits", read, written, commits)
	require.Less(t, read, 1<<20)
	require.Less(t, written, 1<<20)
	require.LessOrEqual(t, commits, 5)
}
