package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// The first step may be large enough for a checkpoint, which is then written while OpenLive returns.
func TestOpenLiveSavesAtOnce(t *testing.T) {
	ctx := t.Context()
	for range 20 {
		s := &store.Memory{}
		o := journalOptions(&clockAt{now: journalStart})
		o.LogBytes = 1
		l := openJournal(t, s, o)
		require.NoError(t, l.Close(ctx))
		o.Live = LiveOptions{Location: time.UTC}
		require.Equal(t, dumped(t, l), dumped(t, openJournal(t, s, o)))
	}
}

// Who is told that a checkpoint failed may close, which does not wait for who is told.
func TestJournalFailedCloses(t *testing.T) {
	ctx := t.Context()
	w := &weather{Store: &store.Memory{}, plan: func(int) int { return fine }}
	o := journalOptions(&clockAt{now: journalStart})
	var l *Live
	opened, closed := make(chan bool), make(chan error)
	o.LogBytes = 1 << 10
	o.Failed = func(error) {
		<-opened
		closed <- l.Close(ctx)
	}
	l = openJournal(t, w, o)
	var fails atomic.Bool
	w.mu.Lock()
	w.plan = func(int) int {
		if fails.Load() {
			return refused
		}
		return fine
	}
	w.mu.Unlock()
	l.mu.Lock()
	l.journal.since = o.LogBytes
	l.saveSoon()
	fails.Store(true)
	l.mu.Unlock()
	close(opened)
	select {
	case err := <-closed:
		require.ErrorIs(t, err, store.ErrUnavailable)
	case <-time.After(20 * time.Second):
		t.Fatal("Close hangs")
	}
}

// Indexes that began with the same snapshot give the same position to different customers.
func TestOpenLiveFromIsAnother(t *testing.T) {
	ctx := t.Context()
	ix, err := New(&Options{Tags: []Tag{{Name: "spend", Kind: Integer}}})
	require.NoError(t, err)
	require.NoError(t, ix.Apply(ctx, spend(1, 5)))
	began, err := ix.Snapshot().Set(ctx, Query{Rule: IsSet("spend")})
	require.NoError(t, err)
	open := func(s store.Store) *Live {
		return openJournal(t, s, &OpenOptions{
			Live: LiveOptions{At: journalStart}, From: ix.Snapshot(), Clock: (&clockAt{now: journalStart}).time,
		})
	}
	add := func(l *Live, n int64) Set {
		_, err := l.Apply(ctx, l.At(), spend(n, 5))
		require.NoError(t, err)
		set, err := l.Snapshot().Set(ctx, Query{Rule: IsSet("spend")})
		require.NoError(t, err)
		return set
	}
	count := func(l *Live, set Set) (int, error) {
		sets := func(context.Context, string) (Set, error) { return set, nil }
		return l.Snapshot().Count(ctx, Query{Rule: InSet("x"), Sets: sets})
	}
	both := &store.Memory{}
	one, err := store.Prefixed(both, []byte("one/"))
	require.NoError(t, err)
	two, err := store.Prefixed(both, []byte("two/"))
	require.NoError(t, err)
	a, b := open(one), open(two)
	set := add(a, 2)
	add(b, 3)
	require.ErrorIs(t, b.Snapshot().good(set), ErrExpiredSet)
	require.NoError(t, a.Snapshot().good(set))
	for _, l := range []*Live{a, b} {
		require.NoError(t, l.Snapshot().good(began), "what both began with means the same in both")
		n, err := count(l, began)
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
	// So it is with a copy that goes on by itself.
	to := &store.Memory{}
	require.NoError(t, a.Checkpoint(ctx))
	require.NoError(t, a.Backup(ctx, to))
	c := open(to)
	require.NoError(t, c.Snapshot().good(set))
	later := add(a, 4)
	add(c, 5)
	require.NoError(t, c.Snapshot().good(set))
	require.ErrorIs(t, c.Snapshot().good(later), ErrExpiredSet)
}

// A page of notices that a save has written for nothing does not take the place of that of a save after it, however late
// its commit happens.
func TestShelfLatePages(t *testing.T) {
	for wait := range 5 {
		x := newKeptTrial(t, 3, 0, 1<<20)
		w := &weather{Store: x.s, wait: wait, plan: func(int) int { return fine }}
		x.s = w
		x.reopen()
		x.save()
		for len(x.all) < 10 {
			x.step()
		}
		f := x.l.freeze()
		f.step = uint64(x.saves) + 1
		w.n, w.plan = 0, func(int) int { return fine }
		given := errors.New("given up")
		commit := x.k.commit
		x.k.commit = func(ctx context.Context, b *store.Batch) error {
			for _, write := range b.Writes {
				if strings.HasPrefix(string(write.Key), pageKeys) {
					w.plan = func(int) int { return lateUnknown }
					err := commit(ctx, b)
					w.plan = func(int) int { return fine }
					require.ErrorIs(t, err, store.ErrUnknownOutcome)
					return given
				}
			}
			return commit(ctx, b)
		}
		require.ErrorIs(t, x.k.save(t.Context(), f), given)
		x.k.commit = commit
		for range 30 {
			x.step()
		}
		for tries := 0; ; tries++ {
			f := x.l.freeze()
			f.step = uint64(x.saves) + 1
			if err := x.k.save(t.Context(), f); err == nil {
				x.l.saved(f)
				x.saves++
				break
			}
			require.Less(t, tries, 3)
		}
		for range 20 {
			x.step()
		}
		x.save()
		x.save()
		require.Empty(t, w.late)
		x.reopen()
		x.notices(0)
	}
}

// dimStore cannot scan some keys now and then. Safe for concurrent use.
type dimStore struct {
	store.Store
	mu   sync.Mutex
	dark string // the beginning of keys that cannot be scanned; "": all can
}

func (s *dimStore) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dark != "" && strings.HasPrefix(string(r.From), s.dark) {
		return func(yield func(store.Entry, error) bool) { yield(store.Entry{}, store.ErrUnavailable) }
	}
	return s.Store.Scan(ctx, r)
}

// A Follow that has to read all anew, and then cannot read the notices, leaves them to the next one.
func TestJournalFollowLosesNothing(t *testing.T) {
	ctx := t.Context()
	s := &store.Memory{}
	l := openJournal(t, s, journalOptions(&clockAt{now: journalStart}))
	d := &dimStore{Store: s}
	r, err := OpenLive(ctx, d, &OpenOptions{Reader: true, Live: LiveOptions{Location: time.UTC}})
	require.NoError(t, err)
	var want, got []Notice
	for n := range int64(6) {
		told, err := l.Apply(ctx, l.At(), spend(n, 50))
		require.NoError(t, err)
		want = append(want, told...)
		told, err = l.Advance(ctx, l.At().Add(40*time.Hour))
		require.NoError(t, err)
		want = append(want, told...)
		require.NoError(t, l.Checkpoint(ctx))
	}
	require.NotEmpty(t, want)
	d.dark = pageKeys
	told, err := r.Follow(ctx)
	require.ErrorIs(t, err, store.ErrUnavailable)
	got = append(got, told...)
	d.dark = ""
	for range 2 {
		told, err = r.Follow(ctx)
		require.NoError(t, err)
		got = append(got, told...)
	}
	require.Equal(t, want, got)
}

// Whoever reads does not wait for a Follow that reads all anew.
func TestJournalReadsWhileItFollows(t *testing.T) {
	ctx := t.Context()
	s := &store.Memory{}
	l := openJournal(t, s, journalOptions(&clockAt{now: journalStart}))
	r, err := OpenLive(ctx, s, &OpenOptions{Reader: true, Live: LiveOptions{Location: time.UTC}})
	require.NoError(t, err)
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				next := uint64(1)
				for n, err := range r.Notices(ctx, 0) {
					if err != nil || n.Number != next {
						t.Errorf("notice %d for %d: %v", n.Number, next, err)
						return
					}
					next++
				}
			}
		})
	}
	for n := range int64(8) {
		for range 3 {
			_, err := l.Apply(ctx, l.At(), spend(n, 50))
			require.NoError(t, err)
			_, err = l.Advance(ctx, l.At().Add(40*time.Hour))
			require.NoError(t, err)
			require.NoError(t, l.Checkpoint(ctx))
		}
		_, err := r.Follow(ctx)
		require.NoError(t, err)
	}
	close(done)
	group.Wait()
}

// Of many segments each question to the store is about many.
func TestOpenLiveManySegments(t *testing.T) {
	ctx := t.Context()
	s := &store.Memory{}
	o := journalOptions(&clockAt{now: journalStart})
	o.limits = nil
	const many = 3000
	o.Live.Definitions = nil
	long := strings.Repeat("长", 64<<10/3)
	for n := range many {
		d := Definition{Name: fmt.Sprint("s", n), Rule: Ge("spend", int64(n%7))}
		if n == 0 {
			d.Label.ZH = long
		}
		o.Live.Definitions = append(o.Live.Definitions, d)
	}
	l := openJournal(t, s, o)
	_, err := l.Apply(ctx, l.At(), spend(1, 3))
	require.NoError(t, err)
	require.NoError(t, l.Close(ctx))
	c := &counted{Store: s}
	l = openJournal(t, c, o)
	_, err = l.Apply(ctx, l.At(), spend(1, 1))
	require.NoError(t, err)
	require.Less(t, c.calls.Load(), int64(100))
	n, err := l.Len("s4")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, customer.Int64Value(4), valueOf(t, l, 1, "spend"))
}

// A customer who was deleted is nowhere in the store from the second checkpoint on, as OpenLive says.
func TestJournalForgets(t *testing.T) {
	ctx := t.Context()
	s := &store.Memory{}
	o := journalOptions(&clockAt{now: journalStart})
	o.limits = nil
	l := openJournal(t, s, o)
	id := customer.ID{1, 2, 3, 4, 0xfe, 6, 0x87, 8, 0x89, 10, 11, 12, 13, 14, 15, 0xfd}
	where := func() (keys []string) {
		for _, e := range storedEntries(t, s) {
			if bytes.Contains(e.Value, id[:]) {
				keys = append(keys, string(e.Key[:len("segment/x/")]))
			}
		}
		return keys
	}
	step := func(fill func(*Batch)) {
		b := spend(1, 1)
		fill(b)
		_, err := l.Apply(ctx, l.At(), b)
		require.NoError(t, err)
	}
	nothing := func(*Batch) {}
	step(func(b *Batch) { b.Set(id, "spend", customer.Int64Value(1)) }) // too little for a segment, and so for a notice
	require.NoError(t, l.Checkpoint(ctx))
	step(func(b *Batch) {
		b.SetIfNewer(id, "seen", customer.TimeValue(journalStart.Add(-99*time.Hour)), journalStart)
	})
	require.NoError(t, l.Checkpoint(ctx))
	step(nothing)
	require.NoError(t, l.Checkpoint(ctx))
	require.Equal(t, []string{"segment/k/"}, where())
	step(func(b *Batch) { b.Delete(id) })
	require.NoError(t, l.Checkpoint(ctx))
	require.Equal(t, []string{"segment/k/", "segment/l/"}, where(), "what was replaced, and the deletion")
	require.NoError(t, l.Checkpoint(ctx))
	require.Len(t, where(), 2, "without a step there is nothing to write")
	step(nothing)
	require.NoError(t, l.Checkpoint(ctx))
	require.Empty(t, where())
}

// A Live that was closed, also when a context had ended or a checkpoint was under way, writes nothing, and can be read.
func TestJournalCloses(t *testing.T) {
	for _, way := range []string{"cancelled", "while it saves", "by many"} {
		t.Run(way, func(t *testing.T) {
			ctx := t.Context()
			s := &store.Memory{}
			clock := &clockAt{now: journalStart}
			o := journalOptions(clock)
			o.Failed = func(err error) { t.Errorf("in the background: %v", err) }
			if way != "cancelled" {
				o.LogBytes = 1
			}
			l := openJournal(t, s, o)
			for n := range int64(5) {
				_, err := l.Apply(ctx, l.At(), spend(n, 40))
				require.NoError(t, err)
			}
			before := dumped(t, l)
			switch way {
			case "cancelled":
				ended, end := context.WithCancel(ctx)
				end()
				require.ErrorIs(t, l.Close(ended), context.Canceled)
				clock.pass(DefaultLease) // it could not be given back
			case "while it saves":
				require.NoError(t, l.Close(ctx))
			case "by many":
				var group sync.WaitGroup
				for range 4 {
					group.Go(func() {
						if err := l.Close(ctx); err != nil {
							t.Errorf("close: %v", err)
						}
					})
				}
				group.Wait()
			}
			require.NoError(t, l.Close(ctx))
			stored := storedEntries(t, s)
			_, err := l.Apply(ctx, l.At(), spend(1, 1))
			require.ErrorIs(t, err, ErrLease)
			_, err = l.Advance(ctx, l.At())
			require.ErrorIs(t, err, ErrLease)
			_, err = l.Rollback(ctx, l.At(), "x", "rich", 1)
			require.ErrorIs(t, err, ErrLease)
			require.ErrorIs(t, l.Declare(ctx, Tag{Name: "more", Kind: Flag}), ErrLease)
			require.ErrorIs(t, l.Checkpoint(ctx), ErrLease)
			_, err = l.Preview(ctx, Definition{Name: "rich", Rule: Ge("spend", 1)}, 1)
			require.NoError(t, err)
			require.Equal(t, before, dumped(t, l))
			require.Equal(t, stored, storedEntries(t, s))
			require.Equal(t, before, dumped(t, openJournal(t, s, o)))
		})
	}
}

// What does not write much wakes nothing, and what needs more wakes it.
func TestJournalAsleep(t *testing.T) {
	ctx := t.Context()
	for way, act := range map[string]func(l *Live) error{
		"declare": func(l *Live) error { return l.Declare(ctx, Tag{Name: "more", Kind: Enum}) },
		"preview": func(l *Live) error {
			_, err := l.Preview(ctx, Definition{Name: "rich", Rule: And(Ge("spend", 1), Segment("recent"))}, 2)
			return err
		},
		"rollback": func(l *Live) error { _, err := l.Rollback(ctx, l.At(), "x", "rich", 1); return err },
		"drop":     func(l *Live) error { _, err := l.Drop(ctx, l.At(), "both"); return err },
		"advance":  func(l *Live) error { _, err := l.Advance(ctx, l.At().Add(1)); return err },
		"backup":   func(l *Live) error { return l.Backup(ctx, &store.Memory{}) },
		"save":     func(l *Live) error { return l.Checkpoint(ctx) },
	} {
		t.Run(way, func(t *testing.T) {
			for _, customers := range []int64{0, 9} {
				o := journalOptions(&clockAt{now: journalStart})
				o.Live.Definitions[1].Dwell = time.Hour
				s := &store.Memory{}
				l := openJournal(t, s, o)
				for n := range customers {
					_, err := l.Apply(ctx, l.At(), spend(n, 4*n))
					require.NoError(t, err)
				}
				require.NoError(t, l.Close(ctx))
				l = openJournal(t, s, o)
				require.True(t, l.asleep)
				require.NoError(t, act(l))
				require.NoError(t, l.Declare(ctx, Tag{Name: "other", Kind: Flag}))
				then := dumped(t, l)
				require.NoError(t, l.Checkpoint(ctx))
				require.Equal(t, then, dumped(t, l))
				require.NoError(t, l.Close(ctx))
				l = openJournal(t, s, o)
				require.Equal(t, then, dumped(t, l))
				_, err := l.Apply(ctx, l.At(), spend(3, 100))
				require.NoError(t, err)
				then = dumped(t, l)
				require.NoError(t, l.Close(ctx))
				require.Equal(t, then, dumped(t, openJournal(t, s, o)))
			}
		})
	}
}
