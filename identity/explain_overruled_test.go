package identity

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// TestExplainOverruled: a link that was not made, for a separation that a later link of some of
// the records overruled, is still what Explain and Resolution.Refused tell of the others.
func TestExplainOverruled(t *testing.T) {
	ctx := t.Context()
	g, err := Open(ctx, new(store.Memory), nil, nil)
	require.NoError(t, err)
	day := time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	observe := func(id, record string) Resolution {
		r, err := g.Observe(ctx, Observation{ID: id, Source: "shop", Record: record, Time: day})
		require.NoError(t, err)
		return r
	}
	record := func(name string) Record { return Record{"shop", name, ""} }
	ruling := func(id string, days int) Ruling {
		return Ruling{ID: id, Actor: "steward", Time: day.AddDate(0, 0, days)}
	}
	for _, name := range []string{"a", "b", "c"} {
		observe("first of "+name, name)
	}
	require.NoError(t, g.Link(ctx, ruling("all", 1), record("a"), record("b"), record("c")))
	require.NoError(t, g.Split(ctx, ruling("c apart", 2), record("c")))
	require.NoError(t, g.Link(ctx, ruling("a is c", 3), record("a"), record("c")))
	r := observe("second of c", "c")
	require.Len(t, r.Refused, 1)
	require.Equal(t, Separated, r.Refused[0].Reason)
	e, err := g.Explain(ctx, Ref{Observation: "second of c"}, Ref{Customer: r.Refused[0].With})
	require.NoError(t, err)
	require.False(t, e.Same)
	require.Len(t, e.Apart, 1)
	require.Equal(t, Separated, e.Apart[0].Reason)
	require.Equal(t, "c apart", e.Apart[0].Ruling)
}
