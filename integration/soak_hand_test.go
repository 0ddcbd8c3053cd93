package integration

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

var errDead = errors.New("the process is dead")

// A dying store takes so many commits, and then nothing any more. Not safe for concurrent use.
type dying struct {
	store.Store
	left int
}

func (s *dying) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if s.left == 0 {
		return 0, errDead
	}
	s.left--
	return s.Store.Commit(ctx, b)
}

// Rows that are handed on by a process that dies after any of its commits, and by another one
// after it, are those that there are; no notice comes twice or is missing.
func TestHandOn(t *testing.T) {
	for commits, over := 0, false; !over; commits++ {
		ctx := t.Context()
		all := new(store.Memory)
		g, p, err := soakParts(ctx, all)
		require.NoError(t, err)
		s := &dying{Store: all, left: commits}
		v := handing(t, s, p, time.Now())
		over = v != nil
		for round := range 5 {
			at := soakBegin.Add(time.Duration(round) * day)
			for n := round * 40; n < round*40+40; n++ {
				_, err := deedOf(n).do(ctx, g, p, at)
				require.NoError(t, err)
			}
			_, err := p.Sync(ctx, at, g)
			require.NoError(t, err)
			for v == nil || v.handOn(ctx, func() time.Time { return at }) != nil {
				require.False(t, v != nil && s.left > 0)
				over, s.left = false, 1<<30
				v = handing(t, s, p, time.Now().Add(time.Hour)) // the lease has run out
				require.NotNil(t, v)
			}
		}
		var l ledger
		require.NoError(t, l.begin(ctx, p))
		require.Equal(t, len(l.rows), v.live.Snapshot().Len())
		for id, row := range l.rows {
			have := map[string]customer.Value{}
			fields, err := v.live.Snapshot().Row(ctx, id)
			require.NoError(t, err)
			for _, f := range fields {
				have[f.Name] = f.Value
			}
			for _, tag := range soakIndexTags {
				require.Equal(t, text(t, row[tag.Name]), text(t, have[tag.Name]), "after %d commits: %s of %v", commits, tag.Name, id)
			}
		}
		f := &fold{members: map[string]map[customer.ID]bool{}}
		for _, d := range soakSegments() {
			f.members[d.Name] = map[customer.ID]bool{}
		}
		var told []segment.Notice
		for n, err := range v.live.Notices(ctx, 0) {
			require.NoError(t, err)
			told = append(told, n)
		}
		require.Greater(t, len(told), 100)
		require.NoError(t, f.take(told))
		require.NoError(t, f.agree(ctx, v.live))
		require.Less(t, commits, 1000)
	}
}

// handing returns a service that hands rows on, nil if the store dies before.
func handing(t *testing.T, s store.Store, p *profile.Profiles, clock time.Time) *service {
	ctx := t.Context()
	v := &service{p: p}
	var err error
	v.how, err = store.Prefixed(s, []byte(soakHow))
	require.NoError(t, err)
	sets, err := store.Prefixed(s, []byte(soakSets))
	require.NoError(t, err)
	v.live, err = segment.OpenLive(ctx, sets, &segment.OpenOptions{
		Live:  segment.LiveOptions{At: soakBegin, Location: time.UTC, Definitions: soakSegments()},
		Index: segment.Options{Tags: soakIndexTags}, Clock: func() time.Time { return clock },
	})
	if errors.Is(err, errDead) {
		return nil
	}
	require.NoError(t, err)
	require.NoError(t, v.read(ctx))
	return v
}
