package profile_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

// A scriptedStore fails as told: a commit is of unknown outcome and has not happened, and a
// Get after that is unavailable.
type scriptedStore struct {
	store.Store
	commits, gets int // left until then
}

func (s *scriptedStore) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	if s.commits == 0 {
		if s.gets--; s.gets == 0 {
			return nil, store.ErrUnavailable
		}
	}
	return s.Store.Get(ctx, keys...)
}

func (s *scriptedStore) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if s.commits > 0 {
		if s.commits--; s.commits == 0 {
			return 0, store.ErrUnknownOutcome
		}
	}
	return s.Store.Commit(ctx, b)
}

// A commit that has to be made anew is made of what is read anew, wherever that breaks off.
func TestSyncBreaksOff(t *testing.T) {
	id, atom := customer.FromInt64(1), customer.AtomID{1}
	now := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	schema := &profile.Schema{
		Location: "UTC", Sources: []profile.Source{{Name: "crm"}}, Traits: []profile.Trait{{Name: "city", Kind: customer.KindText}},
	}
	for n := range 60 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := &scriptedStore{Store: new(store.Memory), commits: -1}
			feed := new(worldFeed)
			feed.put(deed{verb: customer.Created, to: id, atoms: []customer.AtomID{atom}, at: now})
			o := &profile.Options{Workers: 1, Backoff: &store.Backoff{First: time.Nanosecond, Most: time.Nanosecond}}
			p, err := profile.Open(t.Context(), s, schema, o)
			require.NoError(t, err)
			_, err = p.Add(t.Context(), now, profile.Evidence{
				Atom: atom, ID: "1", Source: "crm", Time: now, Values: []customer.Field{{Name: "city", Value: customer.TextValue("a")}},
			})
			require.NoError(t, err)
			_, err = p.Sync(t.Context(), now, feed)
			require.NoError(t, err)
			other, err := profile.Open(t.Context(), s, nil, o)
			require.NoError(t, err)
			changed := *schema
			changed.Traits = append(changed.Traits[:1:1], profile.Trait{Name: "name", Kind: customer.KindText})
			_, err = other.Apply(t.Context(), now, &changed)
			require.NoError(t, err)

			s.commits, s.gets = 1+n%3, 1+n/3
			if _, err = p.Sync(t.Context(), now, feed); err != nil {
				require.True(t, wounded(err))
				s.commits = -1
				_, err = p.Sync(t.Context(), now, feed)
				require.NoError(t, err)
			}
			s.commits = -1
			rows := worldRows{}
			for b, err := range p.AllRows(t.Context()) {
				require.NoError(t, err)
				rows.take(b)
			}
			require.Equal(t, customer.TextValue("a"), rows[id]["city"])
		})
	}
}

// A customer can be merged, begin again, and be merged again before anybody follows.
func TestMergedAgain(t *testing.T) {
	a, b := customer.FromInt64(1), customer.FromInt64(2)
	one, two := []customer.AtomID{{1}}, []customer.AtomID{{2}}
	now := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	feed := new(worldFeed)
	feed.put(deed{verb: customer.Created, to: a, atoms: one, at: now})
	feed.put(deed{verb: customer.Created, to: b, atoms: two, at: now})
	feed.put(deed{verb: customer.Merged, from: a, to: b, atoms: one, at: now})
	feed.put(deed{verb: customer.Split, from: b, to: a, atoms: one, at: now})
	feed.put(deed{verb: customer.Merged, from: a, to: b, atoms: one, at: now})
	p, err := profile.Open(t.Context(), new(store.Memory), &profile.Schema{Location: "UTC", Sources: []profile.Source{{Name: "crm"}}}, nil)
	require.NoError(t, err)
	_, err = p.Sync(t.Context(), now, feed)
	require.NoError(t, err)
	got, err := p.Profile(t.Context(), a, profile.Moment{At: now})
	require.NoError(t, err)
	require.Equal(t, b, got.Customer)
}
