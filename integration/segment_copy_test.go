package integration

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

// place returns how many moves have been done when the clock is at, of so many at most.
func (w *twin) place(t *testing.T, at time.Time, most int) (n int) {
	for i := range most + 1 {
		m := w.mark(t, i)
		if m.move.at.After(at) {
			break
		}
		if i == 0 || !m.idle && m.move.name != "declare" {
			n = i
		}
	}
	return n
}

// opened opens the live segments of a store, with what it begins with.
func (d *duty) opened(t *testing.T, s store.Store) *segment.Live {
	t.Helper()
	l, err := segment.OpenLive(t.Context(), store.Limited(s, store.MinLimits), d.options(newSaga(d.Seed), func(line ...any) { t.Error(line...) }))
	require.NoError(t, err)
	return l
}

// Copies that are made while the writer goes on, by itself and by a reader, are as the writer was after some move, and go
// on by themselves as it did.
func TestSegmentBackup(t *testing.T) {
	t.Cleanup(memories.Clear)
	onPlaces(t, func(p *place) bool { return p.name != "mariadb" }, func(t *testing.T, p *place) {
		ctx := t.Context()
		open := func() store.Store {
			s, err := p.open(ctx, t.TempDir(), 4)
			require.NoError(t, err)
			t.Cleanup(func() { s.Close() })
			return s
		}
		w, s := twinOf(sagaSeed), open()
		d := &duty{Seed: sagaSeed, Owner: "writer", Now: sagaStart}
		l := d.opened(t, s)
		reader := (&duty{Seed: sagaSeed, Reader: true}).openedReader(t, s)
		var over atomic.Bool
		var done atomic.Int64
		ended := make(chan error)
		go func() {
			x := newSaga(sagaSeed)
			_, err := x.first(ctx)
			for err == nil && !over.Load() {
				m := x.next()
				if told, stepErr := m.do(ctx, l); outcome(told, stepErr) != w.mark(t, x.n).outcome {
					err = fmt.Errorf("move %d: %w", x.n, stepErr)
				}
				done.Store(int64(x.n))
			}
			ended <- err
		}()
		var copies []store.Store
		var from []int64 // moves done when the copy was begun
		for i := range race.Fewer(6, 3) {
			for before := done.Load(); done.Load() < before+7; {
				time.Sleep(time.Millisecond)
			}
			c := store.Store(&store.Memory{})
			if i < 2 {
				c = open()
			}
			live := l
			if i%2 == 1 {
				live = reader
			}
			from = append(from, done.Load())
			require.NoError(t, live.Backup(ctx, store.Limited(c, store.MinLimits)))
			copies = append(copies, c)
		}
		require.ErrorIs(t, l.Backup(ctx, copies[0]), store.ErrInvalid)
		over.Store(true)
		require.NoError(t, <-ended)
		end := int(done.Load())
		require.NoError(t, l.Close(ctx))
		for i, c := range copies {
			r := (&duty{Seed: sagaSeed, Reader: true}).openedReader(t, c)
			n := w.place(t, r.At(), end)
			x := &trace{t: t, w: w, done: n}
			n = x.resembles(r, 0)
			require.True(t, n >= w.place(t, w.mark(t, int(from[i])).move.at, end) && n <= end, "%d", n)
			l := d.opened(t, c)
			require.Equal(t, n, x.resembles(l, 0))
			s := newSaga(sagaSeed)
			_, err := s.first(ctx)
			require.NoError(t, err)
			for s.n < n+30 { // a big one is among them
				if m := s.next(); s.n > n {
					told, err := m.do(ctx, l)
					require.Equal(t, w.mark(t, s.n).outcome, outcome(told, err), "copy %d, move %d, %s", i, s.n, m.name)
				}
			}
			x.done = s.n
			require.Equal(t, s.n, x.resembles(l, 0))
			require.NoError(t, l.Close(ctx))
		}
		x := &trace{t: t, w: w, done: end}
		d.Now = d.Now.Add(time.Hour)
		require.Equal(t, end, x.resembles(d.opened(t, s), 0))
	})
}

// openedReader opens the live segments of a store to read them.
func (d *duty) openedReader(t *testing.T, s store.Store) *segment.Live {
	t.Helper()
	l, err := segment.OpenLive(t.Context(), s, d.options(nil, nil))
	require.NoError(t, err)
	return l
}

// bent is a store of which one value reads as another. Safe for concurrent use.
type bent struct {
	store.Store
	key    []byte
	value  []byte // nil: there is none
	served atomic.Bool
}

func (b *bent) turn(e store.Entry) store.Entry {
	if bytes.Equal(e.Key, b.key) {
		b.served.Store(true)
		if e.Value = b.value; b.value == nil {
			e.Version = 0
		}
	}
	return e
}

// Get implements store.Store.
func (b *bent) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	entries, err := b.Store.Get(ctx, keys...)
	for i := range entries {
		entries[i] = b.turn(entries[i])
	}
	return entries, err
}

// Scan implements store.Store.
func (b *bent) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		for e, err := range b.Store.Scan(ctx, r) {
			if e = b.turn(e); err == nil && e.Version == 0 {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// viewed returns all that can be seen of live segments, and what the next move comes to unless they are only read. A panic is
// an error as well, which wraps nothing.
func viewed(ctx context.Context, s store.Store, d *duty, next func(l *segment.Live) string) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	var saga *saga
	if !d.Reader {
		saga = newSaga(d.Seed)
	}
	l, err := segment.OpenLive(ctx, s, d.options(saga, func(...any) {}))
	if err != nil {
		return "", err
	}
	if text, err = picture(ctx, l); err != nil {
		return "", err
	}
	var told []segment.Notice
	for n, err := range l.Notices(ctx, 0) {
		if err != nil {
			return "", err
		}
		told = append(told, n)
	}
	text += noticesText(told)
	if d.Reader {
		_, err = l.Follow(ctx)
		return text, err
	}
	text += next(l)
	return text, l.Close(ctx)
}

// named is what errors name, by the first letters of the key after segment/.
var named = map[string]*regexp.Regexp{
	"term":  regexp.MustCompile("term"),
	"lease": regexp.MustCompile("lease"),
	"head":  regexp.MustCompile("head"),
	"root":  regexp.MustCompile("root"),
	"l":     regexp.MustCompile("step [0-9]+"),
	"k":     regexp.MustCompile(`tag "[^"]+": |ids of chunk [0-9]|live segment "[^"]+": |contents|who exists|catalogue of (tags|live segments)|definitions of|list of what`),
	"n":     regexp.MustCompile("notices from [0-9]"),
}

// Each value of a store, altered, cut short or taken away, is an error that says what it is, wherever it is read, or it is
// not needed and all is as it was.
func TestSegmentDamaged(t *testing.T) {
	race.Skip(t)
	t.Cleanup(memories.Clear)
	onPlaces(t, func(p *place) bool { return p.name != "mariadb" && p.name != "memory" }, func(t *testing.T, p *place) {
		ctx := t.Context()
		s, err := p.open(ctx, t.TempDir(), 4)
		require.NoError(t, err)
		defer s.Close()
		d := &duty{Seed: sagaSeed, Owner: "writer", Now: sagaStart}
		x := newSaga(sagaSeed)
		o := d.options(x, func(line ...any) { t.Error(line...) })
		o.LogBytes = 0
		l, err := segment.OpenLive(ctx, s, o)
		require.NoError(t, err)
		for x.n < 19 {
			m := x.next()
			told, err := m.do(ctx, l)
			require.Equal(t, twinOf(sagaSeed).mark(t, x.n).outcome, outcome(told, err))
			if x.n == 9 || x.n == 14 {
				require.NoError(t, l.Checkpoint(ctx))
			}
		}
		reader := &duty{Seed: sagaSeed, Reader: true}
		right, err := viewed(ctx, s, reader, nil)
		require.NoError(t, err)
		writer := &duty{Seed: sagaSeed, Owner: "another", Now: sagaStart.Add(time.Hour)}
		next := func(l *segment.Live) string {
			x := newSaga(sagaSeed)
			_, err := x.first(ctx)
			for err == nil && x.n < 19 {
				x.next()
			}
			told, err := x.next().do(ctx, l)
			return outcome(told, err)
		}
		var entries []store.Entry
		for e, err := range s.Scan(ctx, store.Under([]byte("segment/"))) {
			require.NoError(t, err)
			entries = append(entries, e)
		}
		copied := func(key, value []byte) store.Store {
			c := &store.Memory{}
			for _, e := range entries {
				b := &store.Batch{}
				if !bytes.Equal(e.Key, key) {
					b.Put(e.Key, e.Value)
				} else if value != nil {
					b.Put(key, value)
				}
				_, err := c.Commit(ctx, b)
				require.NoError(t, err)
			}
			return c
		}
		rightNext, err := viewed(ctx, copied(nil, nil), writer, next)
		require.NoError(t, err)
		require.Equal(t, right+twinOf(sagaSeed).mark(t, 20).outcome, rightNext)

		rng, found, needless := rand.New(rand.NewPCG(9, 9)), map[string]int{}, 0
		fails := func(err error, key, how string) {
			t.Helper()
			part := strings.Split(key, "/")[1]
			require.ErrorIs(t, err, segment.ErrCorrupt, "%q %s", key, how)
			require.Regexp(t, named[part], err.Error(), "%q %s", key, how)
			found[part]++
		}
		for _, e := range entries {
			key := string(e.Key)
			flipped := slices.Clone(e.Value)
			flipped[rng.IntN(len(flipped))] ^= byte(1 + rng.IntN(255))
			for how, value := range map[string][]byte{
				"altered": flipped, "cut short": e.Value[:rng.IntN(len(e.Value))], "longer": append(slices.Clone(e.Value), 0), "gone": nil,
			} {
				if p.stays && how != "altered" {
					continue // the store has no part in it
				}
				b := &bent{Store: s, key: e.Key, value: value}
				text, err := viewed(ctx, b, reader, nil)
				switch {
				case err != nil:
					fails(err, key, how)
				case b.served.Load():
					require.Fail(t, "it was read and is no error", "%q %s", key, how)
				default:
					require.Equal(t, right, text, "%q %s", key, how)
					needless++
				}
				if p.stays {
					continue
				}
				if text, err = viewed(ctx, copied(e.Key, value), writer, next); err != nil {
					fails(err, key, how)
				} else {
					require.Equal(t, rightNext, text, "%q %s", key, how)
				}
			}
		}
		t.Log(len(entries), "values; errors by what was damaged:", found, "of no consequence:", needless)
		require.GreaterOrEqual(t, len(found), 4)
	})
}
