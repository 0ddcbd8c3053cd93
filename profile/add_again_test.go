package profile

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// An event of which nothing was kept has no claim to its id: not to the one as the source
// corrects it, and not to itself under a schema that takes it, in the head or sealed.
func TestSetAsideAsAWholeAddedAgain(t *testing.T) {
	ctx, learned := t.Context(), logStart.AddDate(1, 0, 0)
	late := learned.AddDate(0, 1, 0)
	for _, sealed := range []bool{false, true} {
		schema := logSchema()
		schema.Events[0].Fields[0].Check = Check{Most: customer.Int64Value(10)}
		p, err := Open(ctx, minimal(), schema, nil)
		require.NoError(t, err)
		order := func(n int, amount int64) Evidence {
			e := anOrder(1, n)
			e.Values[0].Value = customer.Int64Value(amount)
			return e
		}
		add := func(want Summary, all ...Evidence) {
			t.Helper()
			sum, err := p.Add(ctx, late, all...)
			require.NoError(t, err)
			require.Equal(t, want, sum)
		}
		_, err = p.Add(ctx, learned, order(1, 11), order(2, 12), order(3, 13))
		require.NoError(t, err)
		if sealed {
			var others []Evidence
			for i := range 64 {
				others = append(others, order(100+i, 1))
			}
			_, err = p.Add(ctx, learned, others...)
			require.NoError(t, err)
			require.Empty(t, headOf(t, p, 1).marks)
		}
		feed := newFakeFeed()
		feed.created(customer.FromInt64(1), logAtom(1))
		_, err = p.follow(ctx, feed.clock(), feed)
		require.NoError(t, err)

		add(Summary{Known: 1}, order(1, 11))
		add(Summary{Rejected: 1, SetAside: 2}, order(1, 12))
		aside, err := p.SetAside(ctx, logAtom(1))
		require.NoError(t, err)
		require.Len(t, aside, 6, "two of each, and only the newer two of the first")
		add(Summary{Added: 1}, order(1, 5))
		add(Summary{Known: 1}, order(1, 5))
		_, err = p.Add(ctx, late, order(1, 6))
		require.ErrorIs(t, err, ErrReused)
		add(Summary{Rejected: 1, SetAside: 2, Known: 1}, order(1, 11), order(1, 5)) // as it came

		require.NoError(t, p.Retract(ctx, late, logAtom(1), order(3, 0).ID))
		schema.Events[0].Fields[0].Check = Check{}
		_, err = p.Apply(ctx, late, schema)
		require.NoError(t, err)
		add(Summary{Added: 1}, order(2, 12))
		add(Summary{Known: 1}, order(2, 12))
		_, err = p.Add(ctx, late, order(3, 13))
		require.ErrorIs(t, err, ErrRetracted)

		at := Moment{At: late}
		var ids []string
		for e, err := range p.Timeline(ctx, customer.FromInt64(1), at, nil) {
			require.NoError(t, err)
			if n, _ := e.Values[0].Value.Int64(); n > 1 {
				ids = append(ids, e.Evidence)
			}
		}
		require.ElementsMatch(t, []string{order(1, 0).ID, order(2, 0).ID}, ids)
		require.NoError(t, p.Retract(ctx, late, logAtom(1), order(1, 0).ID))
		_, err = p.Add(ctx, late, order(1, 5))
		require.ErrorIs(t, err, ErrRetracted)
	}
}
