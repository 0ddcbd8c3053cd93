package segment

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

func spend(n, by int64) *Batch {
	var b Batch
	b.Increment(customer.FromInt64(n), "spend", customer.Int64Value(by))
	return &b
}

// hooked is a store that calls before each Get and Scan. Safe for concurrent use.
type hooked struct {
	store.Store
	mu     sync.Mutex
	n      int
	before func(n int)
}

func (h *hooked) call() {
	h.mu.Lock()
	n, before := h.n, h.before
	h.n++
	h.mu.Unlock()
	if before != nil {
		before(n)
	}
}

func (h *hooked) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	h.call()
	return h.Store.Get(ctx, keys...)
}

func (h *hooked) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		h.call()
		h.Store.Scan(ctx, r)(yield)
	}
}

// A reader opens, follows and copies while the writer goes on and deletes what was before, between any two of its reads.
func TestJournalReaderOfMovingStore(t *testing.T) {
	ctx := t.Context()
	for at := range 40 {
		s := &store.Memory{}
		l := openJournal(t, s, journalOptions(&clockAt{now: journalStart}))
		var all []Notice
		step := func() {
			told, err := l.Apply(ctx, l.At(), spend(int64(len(all)), 50))
			require.NoError(t, err)
			all = append(all, told...)
			told, err = l.Advance(ctx, l.At().Add(40*time.Hour))
			require.NoError(t, err)
			all = append(all, told...)
			require.NoError(t, l.Checkpoint(ctx))
		}
		for range 3 {
			step()
		}
		h := &hooked{Store: s}
		move := func(from int) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.n, h.before = 0, func(n int) {
				if n == from || n == from+2 {
					step()
					step()
				}
			}
		}
		still := func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.before = nil
		}
		o := &OpenOptions{Reader: true, Live: LiveOptions{Location: time.UTC}}
		move(at)
		r, err := OpenLive(ctx, h, o)
		require.NoError(t, err)
		var told []Notice
		for n, err := range r.Notices(ctx, 0) {
			require.NoError(t, err)
			told = append(told, n)
		}
		for range 2 {
			step()
			move(at % 20)
			some, err := r.Follow(ctx)
			require.NoError(t, err)
			told = append(told, some...)
			still()
			if some, err = r.Follow(ctx); err == nil {
				told = append(told, some...)
			}
			require.NoError(t, err)
			require.Equal(t, all, told)
			require.Equal(t, dumped(t, l), dumped(t, r))
		}
		to := &store.Memory{}
		move(at)
		require.NoError(t, r.Backup(ctx, to))
		still()
		c := openJournal(t, to, journalOptions(&clockAt{now: journalStart}))
		_, err = c.Apply(ctx, c.At(), spend(1, 1))
		require.NoError(t, err)
		for _, n := range all[:min(len(all), int(c.last))] {
			require.LessOrEqual(t, n.Number, c.last)
		}
		require.NoError(t, l.Close(ctx))
	}
}

// A reader may be opened while the first writer begins: it finds nothing yet, or all.
func TestJournalReaderOfABeginning(t *testing.T) {
	ctx := t.Context()
	for at := range 8 {
		s := &store.Memory{}
		var l *Live
		h := &hooked{Store: s, before: func(n int) {
			if n == at {
				l = openJournal(t, s, journalOptions(&clockAt{now: journalStart}))
				_, err := l.Apply(ctx, l.At(), spend(1, 50))
				require.NoError(t, err)
			}
		}}
		r, err := OpenLive(ctx, h, &OpenOptions{Reader: true, Live: LiveOptions{Location: time.UTC}})
		if errors.Is(err, ErrReader) {
			continue
		}
		require.NoError(t, err, "at %d", at)
		if l != nil {
			require.Equal(t, dumped(t, l), dumped(t, r))
		}
	}
}

// The context of a step may end at any moment: then all of it is there or nothing.
func TestJournalCancelled(t *testing.T) {
	s := &store.Memory{}
	w := &weather{Store: s, plan: func(int) int { return fine }}
	l := openJournal(t, w, journalOptions(&clockAt{now: journalStart}))
	sum := int64(0)
	for i := range 40 {
		ctx, cancel := context.WithCancel(t.Context())
		outcome := []int{fine, doneUnknown, lostUnknown, lateUnknown, refused}[i%5]
		w.mu.Lock()
		w.n, w.plan = 0, func(n int) int {
			if n == i%3 {
				cancel()
				return outcome
			}
			return fine
		}
		w.mu.Unlock()
		b := spend(1, 1)
		b.Set(customer.FromInt64(1), "city", customer.TextValue(strings.Repeat("x", 1300))) // in three commits
		version := l.Snapshot().Version()
		_, err := l.Apply(ctx, l.At(), b)
		cancel()
		w.mu.Lock()
		w.plan = func(int) int { return fine }
		w.mu.Unlock()
		if err != nil {
			require.True(t, errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUnknownOutcome), "%v", err)
			require.Equal(t, version, l.Snapshot().Version(), "nothing is seen of it")
			_, err := l.Advance(t.Context(), l.At())
			require.NoError(t, err)
		}
		sum += int64(l.Snapshot().Version() - version)
		if sum > 0 {
			require.Equal(t, customer.Int64Value(sum), valueOf(t, l, 1, "spend"))
		}
	}
	require.Greater(t, sum, int64(10))
	require.Less(t, sum, int64(40))
	require.NoError(t, l.Close(t.Context()))
	l = openJournal(t, s, journalOptions(&clockAt{now: journalStart.Add(time.Hour)}))
	require.Equal(t, customer.Int64Value(sum), valueOf(t, l, 1, "spend"))
}

func valueOf(t testing.TB, l *Live, n int64, tag string) customer.Value {
	v, err := l.Snapshot().Value(t.Context(), customer.FromInt64(n), tag)
	require.NoError(t, err)
	return v
}

// Steps, readers, checkpoints and copies go on at the same time.
func TestJournalConcurrent(t *testing.T) {
	ctx := t.Context()
	s := store.Limited(&store.Memory{}, store.MinLimits)
	o := journalOptions(&clockAt{now: journalStart})
	o.LogBytes = 300
	l := openJournal(t, s, o)
	r, err := OpenLive(ctx, s, &OpenOptions{Reader: true, Live: LiveOptions{Location: time.UTC}})
	require.NoError(t, err)
	const steps = 60
	var group sync.WaitGroup
	for i := range 3 {
		group.Go(func() {
			for range steps {
				if _, err := l.Apply(ctx, l.At(), spend(int64(i), 1)); err != nil {
					t.Errorf("apply: %v", err)
				}
			}
		})
	}
	group.Go(func() {
		for range 20 {
			_, err := r.Follow(ctx)
			if err != nil {
				t.Errorf("follow: %v", err)
			}
			if _, err := r.Len("rich"); err != nil {
				t.Errorf("len: %v", err)
			}
		}
	})
	group.Go(func() {
		for range 4 {
			for _, from := range []*Live{l, r} {
				to := &store.Memory{}
				if err := from.Backup(ctx, to); err != nil {
					t.Errorf("backup: %v", err)
				} else if _, err := OpenLive(ctx, to, journalOptions(&clockAt{now: journalStart})); err != nil {
					t.Errorf("open a copy: %v", err)
				}
			}
			if err := l.Checkpoint(ctx); err != nil {
				t.Errorf("checkpoint: %v", err)
			}
		}
	})
	group.Wait()
	require.NoError(t, l.Close(ctx))
	_, err = r.Follow(ctx)
	require.NoError(t, err)
	for i := range 3 {
		require.Equal(t, customer.Int64Value(steps), valueOf(t, r, int64(i), "spend"))
	}
	require.Equal(t, dumped(t, l), dumped(t, r))
}

// The log is cut by checkpoints, and grows by steps that change something alone.
func TestJournalLogIsCut(t *testing.T) {
	ctx := t.Context()
	s := &store.Memory{}
	l := openJournal(t, s, journalOptions(&clockAt{now: journalStart}))
	count := func() (n int) {
		for _, e := range storedEntries(t, s) {
			if strings.HasPrefix(string(e.Key), keyLog) {
				n++
			}
		}
		return n
	}
	before := count()
	for range 100 {
		_, err := l.Advance(ctx, l.At())
		require.NoError(t, err)
	}
	require.Equal(t, before, count())
	for range 10 {
		_, err := l.Apply(ctx, l.At(), spend(1, 1))
		require.NoError(t, err)
	}
	require.Equal(t, before+10, count())
	require.NoError(t, l.Checkpoint(ctx))
	require.NoError(t, l.Checkpoint(ctx), "nothing to do")
	require.Equal(t, before+10, count(), "readers may be reading it")
	_, err := l.Apply(ctx, l.At(), spend(1, 1))
	require.NoError(t, err)
	require.NoError(t, l.Checkpoint(ctx))
	require.Equal(t, 1, count())
	require.NoError(t, l.Close(ctx))
	l = openJournal(t, s, journalOptions(&clockAt{now: journalStart}))
	require.Equal(t, customer.Int64Value(11), valueOf(t, l, 1, "spend"))
}

// What goes wrong before anything is accepted leaves nothing behind.
func TestJournalRefuses(t *testing.T) {
	ctx := t.Context()
	s := &store.Memory{}
	_, err := OpenLive(ctx, s, &OpenOptions{Reader: true})
	require.ErrorIs(t, err, ErrReader)
	o := journalOptions(&clockAt{now: journalStart})
	o.Live.At = time.Time{}
	_, err = OpenLive(ctx, s, o)
	require.ErrorIs(t, err, ErrOptions)
	o = journalOptions(&clockAt{now: journalStart})
	o.Index.Dense = 2
	_, err = OpenLive(ctx, s, o)
	require.ErrorContains(t, err, "Dense must be")
	o = journalOptions(&clockAt{now: journalStart})
	o.Live.Definitions[0].Rule = Ge("nothing", 1)
	_, err = OpenLive(ctx, s, o)
	require.ErrorIs(t, err, ErrRule)
	_, err = OpenLive(ctx, s, &OpenOptions{Reader: true, Live: LiveOptions{Location: time.UTC}})
	require.ErrorIs(t, err, ErrReader)

	o = journalOptions(&clockAt{now: journalStart})
	o.Live.After, o.Live.At = 77, journalStart.Add(time.Hour) // not those of the tries before
	l := openJournal(t, s, o)
	was := dumpAfter(t, l, 77)
	texts := make([]string, 5000)
	for i := range texts {
		texts[i] = strings.Repeat("x", 300) + fmt.Sprint(i)
	}
	_, err = l.Define(ctx, l.At(), "me", Definition{Name: "large", Rule: In("city", anys(texts)...)})
	require.Error(t, err)
	_, err = l.Apply(ctx, l.At().Add(-1), spend(1, 1))
	require.ErrorIs(t, err, ErrClock)
	require.Error(t, l.Declare(ctx, Tag{Name: "spend", Kind: Float}))
	require.NoError(t, l.Declare(ctx, Tag{Name: "spend", Kind: Integer}), "it is there")
	var b Batch
	b.Set(customer.FromInt64(5), "city", customer.TextValue("x"))
	b.Set(customer.FromInt64(6), "spend", customer.TextValue("x"))
	_, err = l.Apply(ctx, l.At(), &b)
	require.Error(t, err)
	require.Equal(t, was, dumpAfter(t, l, 77))
	require.EqualValues(t, 1, l.journal.head.step)
	told, err := l.Apply(ctx, l.At(), spend(1, 100))
	require.NoError(t, err)
	require.EqualValues(t, 78, told[0].Number)

	for _, err := range []error{l.Backup(ctx, s)} {
		require.ErrorIs(t, err, store.ErrInvalid)
	}
	to := &weather{Store: &store.Memory{}, plan: func(n int) int { return []int{fine, refused}[min(n, 1)] }}
	require.ErrorIs(t, l.Backup(ctx, to), store.ErrUnavailable)
	_, err = OpenLive(ctx, to.Store, o)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "a backup that was not finished")

	memory := newTestLive(t, liveStart)
	require.NoError(t, memory.Declare(ctx, Tag{Name: "new", Kind: Flag}))
	_, known := memory.Snapshot().Catalogue().Tag("new")
	require.True(t, known)
	require.NoError(t, memory.Checkpoint(ctx))
	require.ErrorIs(t, memory.Backup(ctx, &store.Memory{}), errors.ErrUnsupported)
	told, err = memory.Follow(ctx)
	require.NoError(t, err)
	require.Empty(t, told)
	require.NoError(t, memory.Close(ctx))
	_, err = memory.Advance(ctx, memory.At())
	require.NoError(t, err)
}

func anys(texts []string) (list []any) {
	for _, text := range texts {
		list = append(list, text)
	}
	return list
}

// dumpAfter returns the notices after a number and what the segments are.
func dumpAfter(t testing.TB, l *Live, after uint64) string {
	var text strings.Builder
	text.WriteString(fmt.Sprint(l.Snapshot().Version(), l.Snapshot().Len(), l.At()))
	for _, v := range l.Definitions() {
		text.WriteString(fmt.Sprint(" ", v.Definition.Name, v.Number))
	}
	for n, err := range l.Notices(t.Context(), after) {
		require.NoError(t, err)
		text.WriteString(fmt.Sprint(n))
	}
	return text.String()
}

// A step that failed and was given up does not come back, whatever is done instead and however late its commit happens.
func TestJournalLate(t *testing.T) {
	ctx := t.Context()
	for wait := range 6 {
		for part := range 4 {
			s := &store.Memory{}
			w := &weather{Store: s, wait: wait, plan: func(int) int { return fine }}
			o := journalOptions(&clockAt{now: journalStart})
			o.Backoff = &store.Backoff{Attempts: 1}
			l := openJournal(t, w, o)
			b := spend(1, 1000)
			b.Set(customer.FromInt64(1), "city", customer.TextValue(strings.Repeat("x", 2200))) // in three commits
			w.n, w.plan = 0, func(n int) int {
				if n == part {
					return lateUnknown
				}
				return fine
			}
			_, err := l.Apply(ctx, l.At(), b)
			require.ErrorIs(t, err, store.ErrUnknownOutcome)
			require.Equal(t, part+1, w.n)
			require.Equal(t, part == 3, l.journal.loose.input != nil, "the last of four commits")
			want := int64(0)
			if _, err = l.Advance(ctx, l.At()); err != nil {
				_, err = l.Advance(ctx, l.At())
			}
			require.NoError(t, err)
			if l.journal.head.step == 2 {
				want = 1000
			}
			for n := range 8 {
				c := spend(1, 1)
				c.Set(customer.FromInt64(2), "city", customer.TextValue(strings.Repeat("y", 200*n)))
				_, err := l.Apply(ctx, l.At(), c)
				require.NoError(t, err)
				want++
			}
			require.Empty(t, w.late)
			require.Equal(t, customer.Int64Value(want), valueOf(t, l, 1, "spend"))
			l = openJournal(t, s, journalOptions(&clockAt{now: journalStart.Add(time.Hour)}))
			require.Equal(t, customer.Int64Value(want), valueOf(t, l, 1, "spend"), "wait %d, part %d", wait, part)
			require.EqualValues(t, 9+want/1000, l.journal.head.step)
		}
	}
}
