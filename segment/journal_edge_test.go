package segment

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// From every number on the notices come whole, wherever the pages end and memory begins, or are said to be gone.
func TestJournalKeepsNotices(t *testing.T) {
	ctx := t.Context()
	for _, keep := range []int{1, 3, 40} {
		s := store.Limited(&store.Memory{}, store.MinLimits)
		clock := &clockAt{now: journalStart}
		o := journalOptions(clock)
		o.Live.Keep, o.Live.After = keep, 7
		o.Live.Definitions = []Definition{{Name: "rich", Rule: Ge("spend", 10)}}
		l := openJournal(t, s, o)
		all := make([]Notice, 7) // given by another before
		add := func(told []Notice, err error) {
			require.NoError(t, err)
			all = append(all, told...)
		}
		gone := 0
		for i := range int64(30) {
			b := spend(i/2%7, 20-i%2*40)
			add(l.Apply(ctx, l.At(), b))
			add(l.Advance(ctx, l.At().Add(31*time.Hour)))
			switch i % 5 {
			case 1:
				require.NoError(t, l.Checkpoint(ctx))
			case 2:
				require.NoError(t, l.Close(ctx))
				fallthrough
			case 4: // killed
				clock.pass(DefaultLease)
				l = openJournal(t, s, o)
			}
			for after := range len(all) + 1 {
				next := after
				for n, err := range l.Notices(ctx, uint64(after)) {
					if errors.Is(err, ErrExpiredNotices) {
						require.Equal(t, after, next, "before the first")
						require.True(t, after < 7 || len(all)-after > keep, "%d of %d", after, len(all))
						gone++
						next = len(all)
						break
					}
					require.NoError(t, err)
					require.Equal(t, all[next], n)
					next++
				}
				require.Equal(t, len(all), next)
			}
		}
		require.Greater(t, len(all), 7+20)
		if keep < 10 {
			require.Greater(t, gone, 7*30+20, "some that were given here are gone")
		}
	}
}

// Live segments begin with what lies in another store and has not been read, while that goes on.
func TestOpenLiveFromAnother(t *testing.T) {
	ctx := t.Context()
	o := journalOptions(&clockAt{now: journalStart})
	one, two := &store.Memory{}, &store.Memory{}
	l := openJournal(t, one, o)
	for _, step := range journalHistory()[:6] {
		_, err := step(ctx, l)
		require.NoError(t, err)
	}
	require.NoError(t, l.Close(ctx))
	l = openJournal(t, one, o)
	from := *o
	from.From, from.Live.At = l.Snapshot(), l.At()
	m := openJournal(t, two, &from)
	rows := func(s *Snapshot) (all []any) {
		for id, err := range s.Customers(ctx) {
			require.NoError(t, err)
			row, err := s.Row(ctx, id)
			require.NoError(t, err)
			all = append(all, id, row)
		}
		return all
	}
	require.NotEmpty(t, rows(l.Snapshot()))
	require.Equal(t, rows(l.Snapshot()), rows(m.Snapshot()))
	then := rows(l.Snapshot())
	_, err := m.Apply(ctx, m.At(), spend(1, 1000))
	require.NoError(t, err)
	require.Equal(t, then, rows(l.Snapshot()))
	require.NotEqual(t, then, rows(m.Snapshot()))
	after := dumped(t, m)
	require.NoError(t, m.Close(ctx))
	require.Equal(t, after, dumped(t, openJournal(t, two, o)))
	require.NoError(t, l.Close(ctx))
	require.Equal(t, then, rows(openJournal(t, one, o).Snapshot()))
}

// Customers whom a local clock moves in the nights when it is changed are moved the same after opening.
func TestJournalSummerTime(t *testing.T) {
	ctx := t.Context()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for _, start := range []time.Time{
		time.Date(2026, 3, 27, 12, 0, 0, 0, berlin), time.Date(2026, 10, 23, 12, 0, 0, 0, berlin),
	} {
		clock := &clockAt{now: start}
		o := journalOptions(clock)
		o.Live = LiveOptions{At: start, Location: berlin, Definitions: []Definition{
			{Name: "lately", Rule: Within("seen", Days(2))},
		}}
		s := &store.Memory{}
		kept := openJournal(t, s, o)
		ix, err := New(&o.Index)
		require.NoError(t, err)
		l, err := NewLive(ix, &o.Live)
		require.NoError(t, err)
		at := start
		for i := range int64(40) {
			b := &Batch{}
			if i < 20 {
				b = spend(i, 1)
				b.SetIfNewer(customer.FromInt64(i), "seen", customer.TimeValue(at), at)
			}
			want, err := l.Apply(ctx, at, b)
			require.NoError(t, err)
			got, err := kept.Apply(ctx, at, b)
			require.NoError(t, err)
			require.Equal(t, want, got)
			clock.pass(DefaultLease)
			kept = openJournal(t, s, o)
			require.Equal(t, l.Next(), kept.Next())
			require.Equal(t, dumped(t, l), dumped(t, kept))
			at = at.Add(5 * time.Hour)
		}
		require.NotZero(t, l.last)
	}
}
