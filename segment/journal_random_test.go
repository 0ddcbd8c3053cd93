package segment

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// TestJournalIsLive lets random histories go on in a Live that is killed, closed, copied and opened again at random, and
// in one that only reads and follows now and then, and compares both with one that goes on in memory.
func TestJournalIsLive(t *testing.T) {
	seeds := 30
	if testing.Short() || race.Enabled {
		seeds = 4
	}
	for seed := range uint64(seeds) {
		filler := 0
		if seed%10 == 9 {
			filler = 65_500
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) { testJournal(t, seed, 120, filler) })
	}
}

func testJournal(t *testing.T, seed uint64, steps, filler int) {
	ctx := t.Context()
	var s store.Store = store.Limited(&store.Memory{}, store.MinLimits)
	clock := &clockAt{now: journalStart}
	o := OpenOptions{Clock: clock.time, Backoff: quick, LogBytes: 3000}
	o.Failed = func(err error) {
		if !errors.Is(err, ErrLease) {
			t.Errorf("in the background: %v", err)
		}
	}
	if seed%2 == 0 {
		o.limits = narrow
	}
	x := newLiveTrialOf(t, seed, filler, func(ix *Index, lo *LiveOptions) (*Live, error) {
		first := o
		first.Live, first.From = *lo, ix.Snapshot()
		first.Index = Options{Workers: 1 + int(seed%3)}
		o.Live.Location = lo.Location
		return OpenLive(ctx, s, &first)
	})
	x.twin = newLiveTrial(t, seed, filler).l
	reading := o
	reading.Reader, reading.Clock = true, nil
	reader, err := OpenLive(ctx, s, &reading)
	require.NoError(t, err)
	var told []Notice
	follow := func() {
		some, err := reader.Follow(ctx)
		require.NoError(t, err)
		told = append(told, some...)
		require.Equal(t, len(x.all), len(told))
		x.m.same(reader)
	}
	for range steps {
		x.step()
		if x.rng.IntN(10) == 0 {
			follow()
		}
		before := ""
		if x.rng.IntN(8) == 0 {
			before = dumped(t, x.l)
		}
		if x.rng.IntN(6) == 0 {
			require.NoError(t, x.l.Checkpoint(ctx))
		}
		if before == "" {
			continue
		}
		if x.rng.IntN(2) == 0 {
			require.NoError(t, x.l.Close(ctx))
		}
		if x.rng.IntN(3) == 0 {
			to := &store.Memory{}
			from := x.l
			if x.rng.IntN(2) == 0 {
				follow()
				from = reader
			}
			require.NoError(t, from.Backup(ctx, to))
			require.ErrorIs(t, from.Backup(ctx, to), store.ErrInvalid)
			copied, err := OpenLive(ctx, to, &o)
			require.NoError(t, err)
			require.Equal(t, before, dumped(t, copied))
			require.NoError(t, copied.Close(ctx))
		}
		clock.pass(DefaultLease)
		x.l, err = OpenLive(ctx, s, &o)
		require.NoError(t, err)
		require.Equal(t, before, dumped(t, x.l))
	}
	follow()
	require.Equal(t, x.all, told)
	i := 0
	for n, err := range x.l.Notices(ctx, 0) {
		require.NoError(t, err)
		require.Equal(t, x.all[i], n)
		i++
	}
	require.Len(t, x.all, i)
	for name, err := range map[string]error{
		"apply": func() error { _, err := reader.Apply(ctx, time.Now(), &Batch{}); return err }(),
		"check": reader.Checkpoint(ctx),
	} {
		require.ErrorIs(t, err, ErrReader, name)
	}
	require.NoError(t, reader.Close(ctx))
	require.NoError(t, x.l.Close(ctx))
}
