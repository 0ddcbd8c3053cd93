package identity

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

func TestFeedTrimKeepsSharedAtoms(t *testing.T) {
	onFeedStores(t, func(t *testing.T, s store.Store) {
		f := newFeed(s)
		a, b := feedInShard(1, 0), feedInShard(2, 0)
		for _, ids := range [][2]customer.ID{{a, b}, {b, feedInShard(2, 1)}} {
			_, err := f.commit(t.Context(), new(store.Batch), []customer.Change{feedChange(customer.Moved, ids[0], ids[1], feedAtoms(1, 4001))})
			require.NoError(t, err)
		}
		for _, c := range []struct {
			one, two uint64
			parts    int
		}{{1, 0, 4}, {1, 1, 2}, {1, 2, 2}, {1, 3, 0}} {
			cursor := customer.Cursor{1: c.one, 2: c.two}
			require.NoError(t, f.Trim(t.Context(), cursor))
			require.Len(t, feedKeys(t, s, "feed/atoms/"), c.parts)
			require.Len(t, readFeed(t, f, &cursor), int(2*(4-c.one-c.two)))
		}
	})
}

// TestFeedTrimBrokenOff: a trim that fails at any of its commits is completed by the next.
func TestFeedTrimBrokenOff(t *testing.T) {
	broken := errors.New("broken")
	for fails := 0; ; fails++ {
		memory := new(store.Memory)
		s := &feedFaults{Store: memory}
		f := newFeed(s)
		for i := range 300 {
			_, err := f.commit(t.Context(), new(store.Batch), []customer.Change{feedChange(customer.Merged, feedInShard(1, 0), feedInShard(2, 0), feedAtoms(uint64(i), 66))})
			require.NoError(t, err)
		}
		head, err := f.Head(t.Context())
		require.NoError(t, err)
		commits := 0
		s.fault = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			if commits++; commits > fails {
				return 0, broken
			}
			return memory.Commit(ctx, b)
		}
		broke := f.Trim(t.Context(), head)
		s.fault = nil
		if broke != nil {
			require.ErrorIs(t, broke, broken)
			require.NoError(t, newFeed(s).Trim(t.Context(), head))
		}
		require.Len(t, feedKeys(t, s, ""), 2, "the heads")
		if broke == nil {
			require.GreaterOrEqual(t, fails, 6)
			return
		}
	}
}

// TestFeedTrimMeanwhile: two processes trim while others write and follow; nobody sees
// a gap, and nothing stays behind.
func TestFeedTrimMeanwhile(t *testing.T) {
	s := feedStores["minimal limits"]()
	writers := []*feed{newFeed(s), newFeed(s)}
	done := make(chan struct{})
	var wg, others sync.WaitGroup
	for w, f := range writers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 3))
			for i := range 150 {
				if err := moveOne(t.Context(), s, f, uint64(w*1000+i+1), r.Perm(5)[:2], r.IntN(100)); err != nil {
					t.Error(err)
				}
			}
		})
		others.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				head, err := f.Head(t.Context())
				if err = errors.Join(err, f.Trim(t.Context(), head)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	others.Go(func() {
		f := newFeed(s)
		cursor, err := f.Head(t.Context())
		for ended := false; !ended && err == nil; {
			select {
			case <-done:
				ended = true
			default:
			}
			for c, err := range f.Changes(t.Context(), cursor) {
				if errors.Is(err, customer.ErrCursorExpired) {
					cursor, err = f.Head(t.Context())
				} else {
					err = errors.Join(err, c.Validate(), cursor.Advance(c))
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	wg.Wait()
	close(done)
	others.Wait()
	head, err := writers[0].Head(t.Context())
	require.NoError(t, err)
	require.NoError(t, writers[0].Trim(t.Context(), head))
	require.Empty(t, feedKeys(t, s, "feed/entry/"))
	require.Empty(t, feedKeys(t, s, "feed/atoms/"))
	entries := uint64(0)
	for _, n := range head {
		entries += n
	}
	require.EqualValues(t, 2*300, entries)
}
