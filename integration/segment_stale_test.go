package integration

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

// Readers who have read nothing while the writer went on from checkpoint to checkpoint, whether they have followed or not,
// are told so, and can follow then.
func TestSegmentStale(t *testing.T) {
	ctx, s, w := t.Context(), &store.Memory{}, twinOf(sagaSeed)
	x := newSaga(sagaSeed)
	o := (&duty{Owner: "writer", Now: sagaStart}).options(x, func(line ...any) { t.Error(line...) })
	o.LogBytes = 1 << 30
	l, err := segment.OpenLive(ctx, s, o)
	require.NoError(t, err)
	type reader struct {
		live   *segment.Live
		every  int // moves after which it follows
		from   int // after how many moves it was opened
		told   []segment.Notice
		before uint64
	}
	var readers []*reader
	stale, moves := 0, 60
	for x.n < moves {
		if x.n%7 == 0 {
			for _, every := range []int{1, 4, 1000} {
				r := &reader{live: (&duty{Seed: sagaSeed, Reader: true}).openedReader(t, s), every: every, from: x.n}
				r.before = w.mark(t, x.n).last
				readers = append(readers, r)
			}
		}
		m := x.next()
		told, err := m.do(ctx, l)
		require.Equal(t, w.mark(t, x.n).outcome, outcome(told, err))
		if x.n%3 == 0 || x.n > moves-4 {
			require.NoError(t, l.Checkpoint(ctx))
		}
		for _, r := range readers {
			if x.n%r.every == 0 {
				told, err := r.live.Follow(ctx)
				require.NoError(t, err)
				r.told = append(r.told, told...)
			}
		}
	}
	for _, r := range readers {
		n := moves
		if r.every == 1000 {
			n = r.from
		}
		text, err := picture(ctx, r.live)
		for tries := 0; errors.Is(err, segment.ErrStale); tries++ {
			require.Less(t, tries, 2, "opened after %d moves, follows after each %d", r.from, r.every)
			stale++
			told, followErr := r.live.Follow(ctx)
			require.NoError(t, followErr)
			r.told, n = append(r.told, told...), moves
			text, err = picture(ctx, r.live)
		}
		require.NoError(t, err)
		require.Equal(t, w.mark(t, n).picture, short(text), "opened after %d moves, follows after each %d", r.from, r.every)
		told, err := r.live.Follow(ctx)
		require.NoError(t, err)
		r.told = append(r.told, told...)
		require.Equal(t, noticesText(w.told(r.before, w.mark(t, moves).last)), noticesText(r.told))
	}
	t.Log(len(readers), "readers,", stale, "stale")
	require.Positive(t, stale)
}
