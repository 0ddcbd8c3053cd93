package profile

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// An intruded store has something done before its next commit of rows.
type intruded struct {
	store.Store
	before func()
}

func (s *intruded) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	for i := range b.Writes {
		if f := s.before; f != nil && b.Writes[i].Key[3] == 'r' && b.Writes[i].Key[4] == '/' {
			s.before = nil
			f()
		}
	}
	return s.Store.Commit(ctx, b)
}

// What others do between reading and the commit is seen.
func TestSyncIntruded(t *testing.T) {
	intrusions := map[string]func(w *syncWorld, p *Profiles) error{
		"evidence": func(w *syncWorld, p *Profiles) error { return w.say(p, 40) },
		"schema": func(w *syncWorld, p *Profiles) error {
			schema := syncSchema()
			schema.Computed[1].Window.Days = 1
			_, err := p.Apply(t.Context(), w.now, schema)
			return err
		},
		"later rows": func(w *syncWorld, p *Profiles) error {
			w.now = w.now.Add(30 * time.Hour)
			_, err := p.Sync(t.Context(), w.now, w.feed)
			return err
		},
		"changes": func(w *syncWorld, p *Profiles) error {
			for range 20 {
				w.change()
			}
			_, err := p.follow(t.Context(), w.feed.clock(), w.feed)
			return err
		},
	}
	for name, intrude := range intrusions {
		t.Run(name, func(t *testing.T) {
			w := newSyncWorld(t, 600)
			s := &intruded{Store: smallest()}
			p, other, k := w.open(s, nil), w.open(s.Store, nil), newKeeper(t)
			for round := range 6 {
				for range 20 {
					w.change()
				}
				require.NoError(t, w.say(p, 60))
				if round%2 == 1 {
					require.NoError(t, p.Refold(t.Context()))
				}
				s.before = func() { require.NoError(t, intrude(w, other)) }
				_, err := p.Sync(t.Context(), w.now, w.feed)
				require.NoError(t, err)
				_, err = p.Sync(t.Context(), w.now, w.feed)
				require.NoError(t, err)
				k.follow(p, 0)
				require.Equal(t, w.want(p, w.now), k.rows)
				requireMarks(t, p)
				requireNobodyWaits(t, p)
			}
		})
	}
}
