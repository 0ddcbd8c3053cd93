package identity

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

func TestObservations(t *testing.T) {
	g := openGraph(t, new(store.Memory), nil)
	var all []Observation
	for i := range 250 { // more than are read at a time
		all = append(all, onDay(i, fmt.Sprintf("r%d", i%7), claimed("phone", "1"), ident("email", fmt.Sprint(i%3))))
	}
	loose := Observation{ID: "click", Source: "web", Time: noon.AddDate(0, 0, 300), Identifiers: []Identifier{ident("device", "d"), ident("phone", "1")}}
	all = append(all, loose)
	stranger, err := g.Observe(t.Context(), onDay(9, "x", ident("phone", "2")))
	require.NoError(t, err)
	var first Resolution
	for i := range all { // in another order
		r, err := g.Observe(t.Context(), all[(i*97)%len(all)])
		require.NoError(t, err)
		if i == 0 {
			first = r
		}
	}
	found, err := collect(g.Observations(t.Context(), first.Customer))
	require.NoError(t, err)
	require.Equal(t, all, found)

	found, err = collect(g.Observations(t.Context(), stranger.Customer))
	require.NoError(t, err)
	require.Len(t, found, 1)

	// By the id of one of the past, without what has been retracted.
	require.NoError(t, g.Retract(t.Context(), noon, "click"))
	require.NoError(t, g.Link(t.Context(), Ruling{ID: "l", Actor: "li", Time: noon}, shopRef("x").Record, shopRef("r1").Record))
	for _, id := range [][16]byte{stranger.Customer, first.Customer} {
		found, err = collect(g.Observations(t.Context(), id))
		require.NoError(t, err)
		require.Len(t, found, 251)
	}
	_, err = collect(g.Observations(t.Context(), [16]byte{1}))
	require.ErrorIs(t, err, ErrUnknown)
	for range g.Observations(t.Context(), first.Customer) {
		break // leaving early is allowed
	}
}
