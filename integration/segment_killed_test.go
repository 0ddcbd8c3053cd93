package integration

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

// A trace is how far live segments in a store have come, as far as it is known.
type trace struct {
	t    *testing.T
	w    *twin
	done int        // moves acknowledged, or seen after a death
	bigs int        // big moves that were under way at a death
	more int        // moves that had happened and were not acknowledged
	rng  *rand.Rand // nil: no questions are asked
}

// watch reads what a worker says, and kills it after so many moves are done, or while a big one is under way, after a
// while; lives is for how long, unless it is 0: then it ends in order.
func (x *trace) watch(w *worker, moves int, big bool, lives time.Duration) {
	t, from, ending, under := x.t, x.done, false, false
	end := func() {
		if ending {
			return
		}
		ending = true
		if lives == 0 {
			w.end()
			return
		}
		go func() {
			time.Sleep(lives)
			w.kill()
		}()
	}
	for line := range w.lines {
		words := strings.Fields(line)
		var n int
		if len(words) > 1 {
			_, _ = fmt.Sscan(words[1], &n)
		}
		switch words[0] {
		case "on":
			if moves < 0 {
				end()
			}
		case "open":
			require.Equal(t, x.done, n)
		case "begin":
			require.Equal(t, x.done+1, n)
			under = words[2] == "true"
			if under && big && n > from+moves {
				end()
			}
		case "done":
			require.Equal(t, x.done+1, n)
			require.Equal(t, fmt.Sprint("done ", n, " ", x.w.mark(t, n).outcome), line, "%s", x.w.mark(t, n).move.name)
			x.done, under = n, false
			if n >= from+moves && !big {
				end()
			}
		default:
			require.Fail(t, line)
		}
	}
	require.NoError(t, w.wait())
	if under && lives > 0 {
		x.bigs++
	}
}

// resembles fails unless the live segments are as after the last move acknowledged, or after one more, and have the notices
// of that. It returns how many moves that is.
func (x *trace) resembles(l *segment.Live, keep int) int {
	t := x.t
	t.Helper()
	var asked []question
	var answers []string
	if x.rng != nil {
		asked = questions(x.rng)
	}
	for _, q := range asked {
		a, err := q.answer(t.Context(), l.Snapshot(), sagaStart)
		require.NoError(t, err)
		answers = append(answers, a)
	}
	text, err := picture(t.Context(), l)
	require.NoError(t, err)
	n := x.done
	if short(text) != x.w.mark(t, n).picture {
		if n++; short(text) != x.w.mark(t, n).picture {
			differ(t, x.w.textAt(t, x.done), text)
			require.Fail(t, "neither as acknowledged nor as after one move more", "%d moves", x.done)
		}
	}
	for i, q := range asked {
		a, err := q.answer(t.Context(), x.w.mark(t, n).snapshot, sagaStart)
		require.NoError(t, err)
		require.Equal(t, a, answers[i])
	}
	last, after := x.w.mark(t, n).last, uint64(0)
	if keep > 0 && last > uint64(keep) {
		after = last - uint64(keep)
	}
	var told []segment.Notice
	for notice, err := range l.Notices(t.Context(), after) {
		require.NoError(t, err)
		told = append(told, notice)
	}
	require.Equal(t, len(x.w.told(after, last)), len(told))
	require.Equal(t, noticesText(x.w.told(after, last)), noticesText(told))
	return n
}

// differ logs the first lines that differ.
func differ(t *testing.T, want, got string) {
	t.Helper()
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		var p, q string
		if i < len(a) {
			p = a[i]
		}
		if i < len(b) {
			q = b[i]
		}
		if p != q {
			t.Logf("line %d\nwant %.600s\ngot  %.600s", i, p, q)
			return
		}
	}
}

// A process that does moves, each a step of live segments in a store, and writes checkpoints all the time, is killed
// again and again: what the next one opens is as after the last move that was acknowledged, or after the one under way.
func TestSegmentKilled(t *testing.T) {
	t.Cleanup(memories.Clear)
	onPlaces(t, nil, func(t *testing.T, p *place) {
		ctx, dir := t.Context(), t.TempDir()
		rng := rand.New(rand.NewPCG(uint64(len(p.name)), 3))
		x := &trace{t: t, w: twinOf(sagaSeed), rng: rng}
		d := &duty{Place: p.name, Dir: dir, Seed: sagaSeed, Owner: "worker", Now: sagaStart}
		switch p.name {
		case "pebble":
			d.Keep = 300
		case "memory of least limits": // fewer than come between two checkpoints
			d.Keep, d.LogBytes = 5, 2<<20
		}
		random := func(most time.Duration) time.Duration { return 1 + time.Duration(rng.Int64N(int64(most))) }
		for life := range race.Fewer(11, 4) {
			var s store.Store
			if !p.stays {
				var err error
				s, err = p.open(ctx, dir, 4)
				require.NoError(t, err)
			}
			d.Done = x.done
			moves, big, lives := 1+rng.IntN(25), false, random(4*time.Millisecond)
			switch {
			case life%4 == 3: // while it opens, or soon after
				moves, lives = -1, random(40*time.Millisecond)
			case life%2 == 1:
				moves, big, lives = rng.IntN(10), true, random(12*time.Millisecond)
			}
			x.watch(d.send(t, s), moves, big, lives)
			x.reopen(p, d, rng.IntN(2) == 0)
		}
		d.Done = x.done
		var s store.Store
		if !p.stays {
			var err error
			s, err = p.open(ctx, dir, 4)
			require.NoError(t, err)
		}
		x.watch(d.send(t, s), 10, false, 0)
		x.reopen(p, d, true)
		x.clean(p, d)
		t.Log(x.done, "moves,", x.more, "of them done but not acknowledged,", x.bigs, "killed in a big one")
		require.Greater(t, x.done, race.Fewer(40, 20))
	})
}

// reopen looks at the store after a worker has ended, first as a reader and then as a writer, and goes on from there.
func (x *trace) reopen(p *place, d *duty, closes bool) {
	t, ctx := x.t, x.t.Context()
	s, err := p.open(ctx, d.Dir, 4)
	require.NoError(t, err)
	if p.stays {
		defer func() { require.NoError(t, s.Close()) }()
	}
	least := store.Limited(s, store.MinLimits)
	n, there := x.done, true
	reader := *d
	reader.Reader = true
	l, err := segment.OpenLive(ctx, least, reader.options(nil, func(...any) {}))
	if x.done == 0 && err != nil { // it was killed before it had begun
		require.ErrorIs(t, err, segment.ErrReader)
		there = false
	} else {
		require.NoError(t, err)
		n = x.resembles(l, d.Keep)
	}
	d.Now = d.Now.Add(24 * time.Hour)
	failed := func(line ...any) { t.Error(line...) }
	l, err = segment.OpenLive(ctx, least, d.options(newSaga(d.Seed), failed))
	require.NoError(t, err)
	require.Equal(t, n, x.resembles(l, d.Keep))
	require.True(t, there || n == 0)
	if closes {
		require.NoError(t, l.Close(ctx))
		require.Equal(t, n, x.resembles(l, d.Keep))
	} else {
		d.Now = d.Now.Add(24 * time.Hour)
	}
	if n > x.done {
		x.more++
	}
	x.done = n
}

// clean fails unless nothing is left of checkpoints that no root names any more, when a few have been written.
func (x *trace) clean(p *place, d *duty) {
	t, ctx := x.t, x.t.Context()
	s, err := p.open(ctx, d.Dir, 4)
	require.NoError(t, err)
	if p.stays {
		defer func() { require.NoError(t, s.Close()) }()
	}
	d.Now = d.Now.Add(24 * time.Hour)
	l := d.opened(t, s)
	for n := range 6 {
		_, err := l.Define(ctx, l.At(), "", segment.Definition{Name: "last", Rule: segment.Ge("spend", n)})
		require.NoError(t, err)
		require.NoError(t, l.Checkpoint(ctx))
	}
	c := &store.Memory{}
	require.NoError(t, l.Backup(ctx, c))
	require.NoError(t, l.Close(ctx))
	there, copied := keysUnder(t, s, "segment/k/"), keysUnder(t, c, "segment/k/")
	require.LessOrEqual(t, len(there), len(copied)+30, "%q, of which are needed %q", there, copied)
	require.Less(t, len(keysUnder(t, s, "segment/l/")), 4)
	require.LessOrEqual(t, len(keysUnder(t, s, "segment/n/")), len(keysUnder(t, c, "segment/n/"))+1)
}
