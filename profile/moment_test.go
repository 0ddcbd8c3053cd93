package profile

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// What was known at a time is what a fresh store answers that was given what was known then.
func TestProfileIsThatOfAStoreOfThen(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			schema := readsSchema()
			schema.Retention = int(seed%2) * 100
			w := newReadsWorld(t, store.Limited(new(store.Memory), store.MinLimits), seed, schema, nil)
			w.build(40)
			w.say(200, fakeAtom(1)) // in pages
			w.retract(40)
			for range 4 {
				m := w.moment()
				known := m.Known
				if known.IsZero() {
					known = w.feed.now
				}
				fresh, err := openTest(t, new(store.Memory), schema, &Options{Workers: 3})
				require.NoError(t, err)
				w.sync(fresh, w.until(known))
				then := map[time.Time][]Evidence{} // in any order
				for _, s := range w.said {
					if !s.learned.After(known) && (s.retracted.IsZero() || s.retracted.After(known)) {
						then[s.learned] = append(then[s.learned], s.Evidence)
					}
				}
				for learned, said := range then {
					_, err := fresh.Add(t.Context(), learned, said...)
					require.NoError(t, err)
				}
				for _, id := range w.liveIDs(m.Known) {
					want, err := fresh.Profile(t.Context(), id, Moment{At: m.At})
					require.NoError(t, err)
					got, err := w.p.Profile(t.Context(), id, m)
					require.NoError(t, err)
					require.Equal(t, id, got.Customer)
					want.Known = m.Known
					requireSameJSON(t, want, got)
				}
				before, now := collectProfiles(t, t.Context(), fresh, Moment{At: m.At}), collectProfiles(t, t.Context(), w.p, m)
				require.Len(t, now, len(w.liveIDs(m.Known)))
				for i := range before {
					before[i].Known = m.Known
				}
				requireSameJSON(t, before, now)
			}
		})
	}
}

func requireSameJSON(t *testing.T, want, got any) {
	t.Helper()
	a, err := json.Marshal(want)
	require.NoError(t, err)
	b, err := json.Marshal(got)
	require.NoError(t, err)
	if string(a) != string(b) {
		at := 0
		for at < min(len(a), len(b)) && a[at] == b[at] {
			at++
		}
		at = max(0, at-200)
		require.Equal(t, string(a[at:min(len(a), at+400)]), string(b[at:min(len(b), at+400)]))
	}
}

func TestProfileErrors(t *testing.T) {
	w := newReadsWorld(t, new(store.Memory), 1, readsSchema(), nil)
	a, b, c := w.found(1), w.found(2), w.found(1)
	w.say(20)
	w.sync(w.p, w.feed)
	now := w.feed.now
	w.feed.merged(a, b)
	w.feed.erased(c)
	w.sync(w.p, w.feed)

	one, err := w.p.Profile(t.Context(), a, Moment{At: now})
	require.NoError(t, err)
	require.Equal(t, b, one.Customer, "the customer it was merged into")
	one, err = w.p.Profile(t.Context(), a, Moment{At: now, Known: now})
	require.NoError(t, err)
	require.Equal(t, a, one.Customer, "it was not merged then")

	for name, c := range map[string]struct {
		id   customer.ID
		m    Moment
		want error
	}{
		"no time":       {b, Moment{}, ErrInput},
		"year 10000":    {b, Moment{At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, ErrInput},
		"known in 0":    {b, Moment{At: now, Known: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)}, ErrInput},
		"nobody":        {nobody, Moment{At: now}, ErrUnknown},
		"unknown":       {readsID(-1), Moment{At: now}, ErrUnknown},
		"not yet":       {b, Moment{At: now, Known: now.Add(-24 * time.Hour)}, ErrUnknown},
		"erased":        {c, Moment{At: now}, ErrErased},
		"erased, since": {c, Moment{At: now, Known: now}, ErrErased},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.p.Profile(t.Context(), c.id, c.m)
			require.ErrorIs(t, err, c.want)
			for e, err := range w.p.Timeline(t.Context(), c.id, c.m, nil) {
				require.Nil(t, e)
				require.ErrorIs(t, err, c.want)
			}
		})
	}
}
