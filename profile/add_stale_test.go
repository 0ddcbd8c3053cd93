package profile

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// Who has not heard of the schema in force answers as it says, also where nothing is added and
// no commit would find that it is another.
func TestAddAnswersByTheSchemaInForce(t *testing.T) {
	order := func(amount int64) Evidence {
		e := anOrder(1, 1)
		e.Values[0].Value = customer.Int64Value(amount)
		return e
	}
	strict := logSchema()
	strict.Events[0].Fields[0].Check = Check{Most: customer.Int64Value(10)}
	for name, of := range map[string]struct {
		before, after *Schema
		first, second int64
		want          Summary
		err           error
	}{
		"reused, but incomplete by now":    {logSchema(), strict, 1, 11, Summary{Rejected: 1, SetAside: 2}, nil},
		"incomplete, but complete by now":  {strict, logSchema(), 11, 11, Summary{Added: 1}, nil},
		"incomplete, but reused by now":    {strict, logSchema(), 5, 11, Summary{}, ErrReused},
		"another, incomplete and free now": {strict, logSchema(), 11, 12, Summary{Added: 1}, nil},
	} {
		for _, many := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				ctx, s := t.Context(), minimal()
				p, err := Open(ctx, s, of.before, nil)
				require.NoError(t, err)
				_, err = p.Add(ctx, logStart, order(of.first))
				require.NoError(t, err)
				q, err := Open(ctx, s, nil, nil)
				require.NoError(t, err)
				_, err = q.Apply(ctx, logStart, of.after)
				require.NoError(t, err)
				if !many {
					sum, err := p.Add(ctx, logStart, order(of.second))
					require.ErrorIs(t, err, of.err)
					require.Equal(t, of.want, sum)
					return
				}
				sum, err := p.AddMany(ctx, logStart, slices.Values([]Evidence{order(of.second)}), &ManyOptions{Rejected: func(_ int, err error) {
					require.ErrorIs(t, err, of.err)
				}})
				require.NoError(t, err)
				if of.err != nil {
					of.want.Rejected++
				}
				require.Equal(t, of.want, sum)
			})
		}
	}
}
