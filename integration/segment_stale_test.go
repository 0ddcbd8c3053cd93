package integration

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

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

// mortal is a store that a process has for so many commits. Safe for concurrent use.
type mortal struct {
	store.Store
	left atomic.Int64
}

// Commit implements store.Store.
func (m *mortal) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if m.left.Add(-1) < 0 {
		return 0, errSevered
	}
	return m.Store.Commit(ctx, b)
}

// A writer dies in any commit of a checkpoint: a reader who has read nothing since the one before the last follows, and so
// does one who opens then; and another writer goes on.
func TestSegmentHalfCheckpoint(t *testing.T) {
	ctx, w := t.Context(), twinOf(sagaSeed)
	for n, over := int64(0), false; !over; n++ {
		s := &mortal{Store: &store.Memory{}}
		s.left.Store(1 << 40)
		x := newSaga(sagaSeed)
		d := &duty{Seed: sagaSeed, Owner: "writer", Now: sagaStart}
		o := d.options(x, func(line ...any) { t.Error(line...) })
		o.LogBytes = 1 << 30
		l, err := segment.OpenLive(ctx, store.Limited(s, store.Limits{Operations: 12}), o)
		require.NoError(t, err)
		var readers []*segment.Live
		var before []uint64
		for x.n < 15 {
			m := x.next()
			told, err := m.do(ctx, l)
			require.Equal(t, w.mark(t, x.n).outcome, outcome(told, err))
			if x.n%5 == 0 {
				readers = append(readers, (&duty{Seed: sagaSeed, Reader: true}).openedReader(t, s))
				before = append(before, w.mark(t, x.n).last)
				if x.n < 15 {
					require.NoError(t, l.Checkpoint(ctx))
				}
			}
		}
		s.left.Store(n)
		err = l.Checkpoint(ctx)
		if over = err == nil; !over {
			require.ErrorIs(t, err, errSevered)
		}
		last := w.mark(t, 15).last
		for i, r := range readers {
			told, err := r.Follow(ctx)
			require.NoError(t, err, "dead after %d commits, reader %d", n, i)
			require.Equal(t, noticesText(w.told(before[i], last)), noticesText(told))
			require.Equal(t, 15, (&trace{t: t, w: w, done: 15}).resembles(r, 0))
		}
		for range 2 {
			r := (&duty{Seed: sagaSeed, Reader: true}).openedReader(t, s)
			require.Equal(t, 15, (&trace{t: t, w: w, done: 15}).resembles(r, 0))
			s.left.Store(1 << 40)
			d.Now = d.Now.Add(time.Hour)
			l := d.opened(t, s)
			require.Equal(t, 15, (&trace{t: t, w: w, done: 15}).resembles(l, 0))
		}
	}
}
