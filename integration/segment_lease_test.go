package integration

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

// testimony is what several workers said, line by line. Safe for concurrent use.
type testimony struct {
	mu    sync.Mutex
	lines []string
	opens int
	done  int
	saw   int
}

// hear takes down what a worker says, until the end.
func (x *testimony) hear(name string, w *worker) error {
	for line := range w.lines {
		x.mu.Lock()
		x.lines = append(x.lines, name+" "+line)
		switch {
		case strings.HasPrefix(line, "open"):
			x.opens++
		case strings.HasPrefix(line, "done"):
			x.done++
		case strings.HasPrefix(line, "saw"):
			x.saw++
		}
		x.mu.Unlock()
	}
	return w.wait()
}

func (x *testimony) so() (opens, done, saw int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.opens, x.done, x.saw
}

// Two processes want to write, by a clock that jumps beyond the lease again and again, and one of them is killed now and
// then: each move is acknowledged once, with the result that it has where only one process does all. A third one follows
// and sees nothing but what the writers have left after some move, and each notice once.
func TestSegmentRivals(t *testing.T) {
	t.Cleanup(memories.Clear)
	onPlaces(t, nil, func(t *testing.T, p *place) {
		ctx, dir := t.Context(), t.TempDir()
		var s store.Store
		if !p.stays || !p.shared {
			var err error
			s, err = p.open(ctx, dir, 4)
			require.NoError(t, err)
			defer s.Close()
		}
		now := sagaStart
		setClock(t, clockFile(dir), now)
		x := &testimony{}
		var writers, group sync.WaitGroup
		errs := make(chan error, 100)
		send := func(name string, d duty) *worker {
			d.Place, d.Dir, d.Seed, d.Owner, d.Clock, d.Done, d.Rival = p.name, dir, sagaSeed, name, clockFile(dir), -1, true
			w, g := d.send(t, s), &writers
			if d.Reader {
				g = &group
			}
			g.Go(func() { errs <- x.hear(name, w) })
			return w
		}
		workers := map[string]*worker{"one": send("one", duty{}), "two": send("two", duty{})}
		reader := send("reader", duty{Reader: true})
		deadline := time.Now().Add(3 * time.Minute)
		for kills, before, waited := 0, 0, 0; ; {
			time.Sleep(25 * time.Millisecond)
			opens, done, saw := x.so()
			if waited++; done >= before+2 || waited == 20 { // who has the lease gets something done
				before, waited, now = done, 0, now.Add(segment.DefaultLease+time.Second)
				setClock(t, clockFile(dir), now)
			}
			if opens >= race.Fewer(8, 6) && done >= race.Fewer(60, 25) && saw >= race.Fewer(20, 10) && kills == 2 || t.Failed() {
				break
			}
			select {
			case err := <-errs:
				require.NoError(t, err) // of who was killed it is nil
			default:
			}
			require.False(t, time.Now().After(deadline), "%d moves, %d writers, and the reader saw %d states", done, opens, saw)
			if kills < 2 && opens >= 3*(kills+1) {
				name := []string{"one", "two"}[kills]
				workers[name].kill()
				kills++
				workers[name] = send(name, duty{})
			}
		}
		for _, w := range workers {
			w.end()
		}
		writers.Wait()
		reader.end()
		group.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		end := x.agrees(t, twinOf(sagaSeed))

		if s == nil {
			var err error
			s, err = p.open(ctx, dir, 4)
			require.NoError(t, err)
			defer s.Close()
		}
		d := &duty{Seed: sagaSeed, Owner: "the last", Now: now.Add(48 * time.Hour)}
		l, err := segment.OpenLive(ctx, store.Limited(s, store.MinLimits), d.options(newSaga(d.Seed), func(line ...any) { t.Error(line...) }))
		require.NoError(t, err)
		(&trace{t: t, w: twinOf(sagaSeed), done: end}).resembles(l, 0)
		require.NoError(t, l.Close(ctx))
	})
}

// agrees fails unless what was said is what the twin knows. It returns how many moves there were.
func (x *testimony) agrees(t *testing.T, w *twin) (end int) {
	t.Helper()
	by := map[int]string{} // who did a move
	places := map[int64]int{sagaStart.UnixNano(): 0}
	lost := 0
	for _, line := range x.lines {
		words := strings.Fields(line)
		var n int
		if words[1] != "done" {
			continue
		}
		_, _ = fmt.Sscan(words[2], &n)
		m := w.mark(t, n)
		require.Equal(t, fmt.Sprint(words[0], " done ", n, " ", m.outcome), line, m.move.name)
		if !m.idle && m.move.name != "declare" { // these may be done twice
			require.Empty(t, by[n], "move %d", n)
			by[n] = words[0]
		}
		end = max(end, n)
	}
	for n := 1; n <= end+1; n++ { // the writers may have ended before they could say that the last one is done
		m := w.mark(t, n)
		at := m.move.at.UnixNano()
		if _, known := places[at]; m.idle || m.move.name == "declare" {
			if !known { // tags declared have the clock of the writer, which an idle move may have set
				places[at] = n
			}
			continue
		}
		places[at] = n
		if n <= end && by[n] == "" { // it was not acknowledged, and yet has to have happened
			lost++
		}
	}
	last, seen, before := uint64(0), map[int]bool{}, 0
	for _, line := range x.lines {
		words := strings.Fields(line)
		switch words[1] {
		case "from":
			_, _ = fmt.Sscan(words[2], &last)
		case "saw":
			var at int64
			_, _ = fmt.Sscan(words[2], &at)
			n, ok := places[at]
			require.True(t, ok, line)
			require.GreaterOrEqual(t, n, before, "the reader goes back")
			before = n
			known := false
			for ; !known && (n == places[at] || n <= end && (w.mark(t, n).idle || w.mark(t, n).move.name == "declare")); n++ {
				known = w.mark(t, n).picture == words[3]
			}
			require.True(t, known, "the reader saw what never was: %s, %d", line, places[at])
			seen[places[at]] = true
			told := w.told(last, w.mark(t, places[at]).last)
			require.Equal(t, outcome(told, nil), strings.Join(words[4:], " "))
			last += uint64(len(told))
		}
	}
	opens, done, _ := x.so()
	t.Log(end, "moves,", done, "said to be done,", lost, "done but not acknowledged, by", opens, "writers; the reader saw", len(seen), "states")
	require.Greater(t, len(seen), 2)
	require.Contains(t, []uint64{w.mark(t, end).last, w.mark(t, end+1).last}, last)
	require.LessOrEqual(t, lost, 2*opens)
	return end
}
