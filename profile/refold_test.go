package profile

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// After a change of the schema all rows are as it says, whoever is interrupted on the way,
// and who keeps rows forgets what they have no more.
func TestRefoldSchema(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			ctx := t.Context()
			w := newSyncWorld(t, 400+seed)
			s := smallest()
			p, k := w.open(s, nil), newKeeper(t)
			for range 300 {
				w.change()
			}
			require.NoError(t, w.say(p, 400))
			_, err := p.Sync(ctx, w.now, w.feed)
			require.NoError(t, err)
			lag := newKeeper(t)
			lag.follow(p, 0)
			schemas := []func(s *Schema){
				func(s *Schema) { s.Computed, s.Traits = s.Computed[1:], s.Traits[:2] },
				func(s *Schema) { s.Computed[1].Window.Days = 3 },
				func(s *Schema) { s.Traits[0].Sensitivity, s.Traits[1].Sensitivity = Public, Sensitive },
				func(*Schema) {},
			}
			for i, change := range schemas {
				schema := syncSchema()
				change(schema)
				_, err := p.Apply(ctx, w.now, schema)
				require.NoError(t, err)
				for {
					mortal := w.open(s, nil)
					mortal.s = crashAfter(s, 2, w.r.IntN(2) == 0)
					if _, err := mortal.Sync(ctx, w.now, w.feed); err == nil {
						break
					} else {
						require.True(t, errors.Is(err, errCrash), "%v", err)
					}
					if w.r.IntN(2) == 0 {
						k.follow(p, 1)
					}
				}
				entries, err := s.Get(ctx, []byte(refoldKey))
				require.NoError(t, err)
				require.Zero(t, entries[0].Version)
				k.follow(p, 0)
				require.Equal(t, w.want(p, w.now), k.rows)
				requireMarks(t, p)
				if i == 2 {
					lag.follow(p, 0)
					require.Equal(t, k.rows, lag.rows)
				}
				w.now = w.now.Add(13 * time.Hour)
				_, err = p.Sync(ctx, w.now, w.feed)
				require.NoError(t, err)
			}
			// Numbers were given back with the names.
			fresh := newKeeper(t)
			fresh.begin(p)
			require.Equal(t, w.want(p, w.now), fresh.rows)
		})
	}
}

// A change of Options.Rows, which the store does not know of, is taken in by Refold.
func TestRefoldOptions(t *testing.T) {
	ctx := t.Context()
	w := newSyncWorld(t, 500)
	s := store.Store(new(store.Memory))
	p, k := w.open(s, nil), newKeeper(t)
	w.feed.created(customer.FromInt64(1), fakeAtom(1))
	w.feed.created(customer.FromInt64(2), fakeAtom(2))
	w.feed.created(customer.FromInt64(3))
	w.atoms = 2
	require.NoError(t, w.say(p, 20))
	_, err := p.Sync(ctx, w.now, w.feed)
	require.NoError(t, err)
	k.follow(p, 0)
	p = w.open(s, &Options{Rows: []string{"name", "seen"}})
	require.NoError(t, p.Refold(ctx))
	done, err := p.Sync(ctx, w.now, nil)
	require.NoError(t, err)
	require.Equal(t, 2, done.Refolded)
	require.Equal(t, 2, done.Rows)
	k.follow(p, 0)
	require.Equal(t, w.want(p, w.now), k.rows)
	done, err = p.Sync(ctx, w.now, nil)
	require.NoError(t, err)
	require.Zero(t, done.Refolded)
}
