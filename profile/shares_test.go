package profile

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/store"
)

func TestShares(t *testing.T) {
	schema := readsSchema()
	schema.Computed = append(schema.Computed,
		Computed{Name: "taste", Of: Affinity, Events: []string{"order"}, Field: "category", Taste: &Taste{HalfLife: 30, Strength: 50, Least: 1}},
		Computed{Name: "channels", Of: Affinity, Events: []string{"order", "visit"}, Field: "@channel"},
	)
	var before map[string]float64
	for i, s := range []store.Store{new(store.Memory), store.Limited(new(store.Memory), store.MinLimits)} {
		w := newReadsWorld(t, s, 5, schema, &Options{Workers: 1 + 2*i})
		shares, err := w.p.Shares(t.Context(), w.feed.now, "taste")
		require.NoError(t, err)
		require.Empty(t, shares)
		w.build(30)
		w.say(300, w.feed.members(w.one())...) // so that atoms have pages
		at := w.feed.now.Add(30 * time.Hour)
		shares, err = w.p.Shares(t.Context(), at, "taste")
		require.NoError(t, err)

		// By the formula, on all that was said of atoms that are a customer's.
		loc := tasteZone(t, schema.Location)
		owned := map[customer.AtomID]bool{}
		for _, atoms := range w.atomsAt(time.Time{}) {
			for _, a := range atoms {
				owned[a] = true
			}
		}
		weights, total := map[string]float64{}, 0.0
		for _, e := range w.said {
			if e.Event != "order" || !e.retracted.IsZero() || !owned[e.Atom] {
				continue
			}
			for _, f := range e.Values {
				if f.Name == "category" {
					weight := math.Exp2(-float64(civil.DayOf(at, loc)-civil.DayOf(e.Time, loc)) / 30)
					category, _ := f.Value.Text()
					weights[category] += weight
					total += weight
				}
			}
		}
		require.Len(t, shares, len(weights))
		require.Greater(t, len(shares), 3)
		sum := 0.0
		for v, weight := range weights {
			require.InDelta(t, weight/total, shares[v], 1e-13)
			sum += shares[v]
		}
		require.InDelta(t, 1, sum, 1e-13)
		if before != nil {
			require.Equal(t, before, shares)
		}
		before = shares

		// They are a prior.
		prior := *schema
		prior.Computed = append(prior.Computed[:len(prior.Computed):len(prior.Computed)],
			Computed{Name: "taste_shrunk", Of: Affinity, Events: []string{"order"}, Field: "category", Taste: &Taste{Prior: shares}})
		_, err = w.p.Apply(t.Context(), at, &prior)
		require.NoError(t, err)

		shares, err = w.p.Shares(t.Context(), at, "channels")
		require.NoError(t, err)
		require.Len(t, shares, 3)
		for _, name := range []string{"nothing", "orders", ""} {
			_, err = w.p.Shares(t.Context(), at, name)
			require.ErrorIs(t, err, ErrInput)
		}
		_, err = w.p.Shares(t.Context(), time.Time{}, "taste")
		require.ErrorIs(t, err, ErrInput)
	}
}
