package segment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// dumped returns all that can be seen of a Live but its clock, which an Advance before Next moves in memory alone.
func dumped(t testing.TB, l *Live) string {
	text, err := dumpLive(t.Context(), l)
	require.NoError(t, err)
	return text
}

// dumpLive is dumped for a Live that may be damaged.
func dumpLive(ctx context.Context, l *Live) (string, error) {
	var b strings.Builder
	var errs []error
	say := func(v any) {
		data, err := json.Marshal(v)
		b.Write(append(data, '\n'))
		errs = append(errs, err)
	}
	s := l.Snapshot()
	say(s.version)
	for _, tag := range s.Catalogue().tags {
		say(tag)
	}
	for id, err := range s.Customers(ctx) {
		errs = append(errs, err)
		say(id)
		row, err := s.Row(ctx, id)
		errs = append(errs, err)
		say(row)
	}
	for _, v := range l.Definitions() {
		name := v.Definition.Name
		history, sizes, err := l.History(name)
		errs = append(errs, err)
		say(history)
		say(sizes)
		for _, ask := range []func(context.Context, string) (Set, error){l.Set, l.HeldOut} {
			if set, err := ask(ctx, name); err != nil {
				errs = append(errs, err)
			} else {
				say(set.Bitmap.ToArray())
			}
		}
		n, err := l.Len(name)
		errs = append(errs, err)
		say(n)
	}
	say(l.Next())
	for n, err := range l.Notices(ctx, 0) {
		errs = append(errs, err)
		say(n)
	}
	return b.String(), errors.Join(errs...)
}

// stepOf is a step of a history.
type stepOf func(ctx context.Context, l *Live) ([]Notice, error)

var journalStart = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func journalDefinitions() []Definition {
	return []Definition{
		{Name: "recent", Rule: Within("seen", Days(3))},
		{Name: "rich", Rule: Ge("spend", 10), Stay: Ge("spend", 5), Dwell: 30 * time.Hour, Cap: 3},
		{Name: "both", Rule: And(Segment("recent"), Segment("rich")), Holdout: 30},
	}
}

// journalHistory is a history with steps of all sorts, of which one changes nothing and one fails.
func journalHistory() []stepOf {
	id := func(n int) customer.ID { return customer.FromInt64(int64(n)) }
	at := func(hours int) time.Time { return journalStart.Add(time.Duration(hours) * time.Hour) }
	apply := func(hours int, fill func(b *Batch)) stepOf {
		return func(ctx context.Context, l *Live) ([]Notice, error) {
			var b Batch
			b.At = at(hours)
			fill(&b)
			defer b.Reset()
			return l.Apply(ctx, at(hours), &b)
		}
	}
	advance := func(hours int) stepOf {
		return func(ctx context.Context, l *Live) ([]Notice, error) { return l.Advance(ctx, at(hours)) }
	}
	return []stepOf{
		apply(1, func(b *Batch) {
			for n := range 8 {
				b.Set(id(n), "spend", customer.Int64Value(int64(3*n)))
				b.SetIfNewer(id(n), "seen", customer.TimeValue(at(-10*n)), at(n))
				b.AddLabels(id(n), "likes", "tea", fmt.Sprint("x", n))
			}
		}),
		apply(2, func(b *Batch) { b.Increment(id(4), "spend", customer.Int64Value(100)) }),
		advance(3), // before Next
		advance(60),
		func(ctx context.Context, l *Live) ([]Notice, error) {
			return nil, l.Declare(ctx, Tag{Name: "city", Kind: Enum, Hierarchy: true, Label: customer.Text{ZH: "城市"}})
		},
		apply(61, func(b *Batch) { // of many parts
			for n := range 40 {
				b.Set(id(n%20), "city", customer.TextValue(strings.Repeat("广州", 20)+fmt.Sprint(n)))
				b.Increment(id(n%20), "spend", customer.Int64Value(1))
			}
		}),
		func(ctx context.Context, l *Live) ([]Notice, error) {
			return l.Define(ctx, at(61), "boß", Definition{Name: "town", Rule: IsSet("city")}, Definition{Name: "rich", Rule: Ge("spend", 12), Cap: 4})
		},
		func(ctx context.Context, l *Live) ([]Notice, error) {
			return l.ApplyRows(ctx, at(62), customer.RowBatch{
				Deletes: []customer.ID{id(4), id(5)}, Merges: []customer.Merge{{Loser: id(4), Survivor: id(6)}},
				Upserts: []customer.Row{{ID: id(6), Values: []customer.Field{{Name: "spend", Value: customer.Int64Value(77)}}}},
			})
		},
		apply(63, func(b *Batch) { b.Delete(id(0)); b.Add(id(0)); b.Set(id(30), "new", customer.DecimalValue(125, 2)) }),
		func(ctx context.Context, l *Live) ([]Notice, error) { return l.Drop(ctx, at(64), "both") },
		func(ctx context.Context, l *Live) ([]Notice, error) { return l.Rollback(ctx, at(65), "x", "rich", 1) },
		advance(200),
		apply(200, func(b *Batch) { b.Increment(id(7), "spend", customer.Int64Value(1)) }),
	}
}

// clockAt is a clock that is set by hand. Safe for concurrent use.
type clockAt struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clockAt) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clockAt) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// quick tries again at once, a few times.
var quick = &store.Backoff{Attempts: 6, First: 1, Most: 1}

// narrow makes steps of many parts, and parts of several commits, out of small ones.
var narrow = &store.Limits{KeyBytes: 512, ValueBytes: 400, Operations: 11, BatchBytes: roomInBatch + 1000}

func journalOptions(clock *clockAt) *OpenOptions {
	return &OpenOptions{
		Live: LiveOptions{At: journalStart, Location: time.UTC, Definitions: journalDefinitions(), Actor: "me"},
		Index: Options{Infer: true, Tags: []Tag{
			{Name: "spend", Kind: Integer}, {Name: "seen", Kind: Time}, {Name: "likes", Kind: Labels},
		}},
		Clock: clock.time, Owner: "one", Backoff: quick, limits: narrow,
	}
}

// journalTwin returns what is to be seen of a Live in memory after each step, the first being that of the beginning.
func journalTwin(t testing.TB) (dumps []string, notices [][]Notice) {
	o := journalOptions(&clockAt{})
	ix, err := New(&o.Index)
	require.NoError(t, err)
	l, err := NewLive(ix, &o.Live)
	require.NoError(t, err)
	dumps = append(dumps, dumped(t, l))
	for _, step := range journalHistory() {
		told, err := step(t.Context(), l)
		require.NoError(t, err)
		dumps, notices = append(dumps, dumped(t, l)), append(notices, told)
	}
	return dumps, notices
}

func openJournal(t testing.TB, s store.Store, o *OpenOptions) *Live {
	l, err := OpenLive(t.Context(), s, o)
	require.NoError(t, err)
	return l
}

func TestOpenLive(t *testing.T) {
	ctx := t.Context()
	dumps, notices := journalTwin(t)
	for _, end := range []string{"close", "kill", "checkpoint and kill", "leave open"} {
		t.Run(end, func(t *testing.T) {
			clock := &clockAt{now: journalStart}
			s := store.Limited(&store.Memory{}, store.MinLimits)
			l := openJournal(t, s, journalOptions(clock))
			require.Equal(t, dumps[0], dumped(t, l))
			epoch := l.Snapshot().epoch
			for i, step := range journalHistory() {
				told, err := step(ctx, l)
				require.NoError(t, err)
				require.Equal(t, notices[i], told)
				require.Equal(t, dumps[i+1], dumped(t, l))
				switch end {
				case "close":
					require.NoError(t, l.Close(ctx))
					require.NoError(t, l.Close(ctx))
					_, err := l.Advance(ctx, l.At())
					require.ErrorIs(t, err, ErrLease)
				case "checkpoint and kill":
					require.NoError(t, l.Checkpoint(ctx))
					fallthrough
				case "kill":
					clock.pass(DefaultLease)
				}
				if end != "leave open" {
					o := journalOptions(clock)
					o.Live = LiveOptions{Location: time.UTC}
					o.Index = Options{}
					l = openJournal(t, s, o)
					require.Equal(t, dumps[i+1], dumped(t, l))
					require.Equal(t, epoch, l.Snapshot().epoch)
				}
			}
			require.NoError(t, l.Close(ctx))
		})
	}
}

// What a commit may become.
const (
	fine        = iota
	refused     // ErrUnavailable
	gaveWay     // ErrConflict, though the conditions hold
	doneUnknown // ErrUnknownOutcome, and it has happened
	lostUnknown // ErrUnknownOutcome, and it never happens
	lateUnknown // ErrUnknownOutcome, and it happens later
)

// weather is a store whose commits come out as plan says. Safe for concurrent use.
type weather struct {
	store.Store
	mu   sync.Mutex
	n    int // commits so far
	plan func(n int) int
	late []lateBatch
	wait int // late ones happen before the commit of that many later
}

type lateBatch struct {
	b    *store.Batch
	wait int
}

func (w *weather) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var left []lateBatch
	for _, l := range w.late {
		if l.wait--; l.wait >= 0 {
			left = append(left, l)
		} else if _, err := w.Store.Commit(context.Background(), l.b); err != nil && !errors.Is(err, store.ErrConflict) {
			return 0, err
		}
	}
	w.late = left
	w.n++
	switch w.plan(w.n - 1) {
	case refused:
		return 0, store.ErrUnavailable
	case gaveWay:
		return 0, store.ErrConflict
	case doneUnknown:
		if _, err := w.Store.Commit(ctx, b); err != nil {
			return 0, err
		}
		return 0, store.ErrUnknownOutcome
	case lostUnknown:
		return 0, store.ErrUnknownOutcome
	case lateUnknown:
		c := &store.Batch{}
		for _, x := range b.Writes {
			x.Key, x.Value = append([]byte(nil), x.Key...), append([]byte(nil), x.Value...)
			c.Writes = append(c.Writes, x)
		}
		for _, x := range b.Conditions {
			x.Key = append([]byte(nil), x.Key...)
			c.Conditions = append(c.Conditions, x)
		}
		w.late = append(w.late, lateBatch{c, w.wait})
		return 0, store.ErrUnknownOutcome
	}
	return w.Store.Commit(ctx, b)
}

// commits returns how many commits the history takes.
func commits(t testing.TB, each bool) int {
	w := &weather{Store: &store.Memory{}, plan: func(int) int { return fine }}
	playJournal(t, w, each)
	return w.n
}

// playJournal carries out the history, with a checkpoint now and then, and closes.
func playJournal(t testing.TB, s store.Store, check bool) {
	dumps, notices := journalTwin(t)
	l := openJournal(t, s, journalOptions(&clockAt{now: journalStart}))
	for i, step := range journalHistory() {
		told, err := step(t.Context(), l)
		require.NoError(t, err)
		require.Equal(t, notices[i], told)
		if i%4 == 3 {
			require.NoError(t, l.Checkpoint(t.Context()))
		}
		if check {
			require.Equal(t, dumps[i+1], dumped(t, l))
		}
	}
	require.NoError(t, l.Close(t.Context()))
	if w, ok := s.(*weather); ok {
		w.plan = func(int) int { return fine }
	}
	l = openJournal(t, s, journalOptions(&clockAt{now: journalStart.Add(time.Hour)})) // a late renewal may come after the release
	require.Equal(t, dumps[len(dumps)-1], dumped(t, l))
}

// A commit that goes wrong once is found out about, and done again where need be, in the call.
func TestJournalSettles(t *testing.T) {
	n := commits(t, false)
	require.Greater(t, n, 30)
	for _, outcome := range []int{refused, gaveWay, doneUnknown, lostUnknown, lateUnknown} {
		for wait := range 3 {
			if wait > 0 && outcome != lateUnknown {
				break
			}
			t.Run(fmt.Sprint(outcome, wait), func(t *testing.T) {
				for at := 0; at < n; at += race.Fewer(1, 5) {
					playJournal(t, &weather{Store: &store.Memory{}, wait: wait, plan: func(n int) int {
						if n == at {
							return outcome
						}
						return fine
					}}, false)
				}
			})
		}
	}
}

// A commit that goes wrong for good fails the call. The Live then finds out in the next one, or is opened again.
func TestJournalUnsettled(t *testing.T) {
	ctx := t.Context()
	dumps, _ := journalTwin(t)
	count := commits(t, false)
	for _, outcome := range []int{refused, gaveWay, doneUnknown, lostUnknown, lateUnknown} {
		for wait := range 4 {
			for _, reopen := range []bool{false, true} {
				if wait > 0 && outcome != lateUnknown {
					continue
				}
				t.Run(fmt.Sprint(outcome, wait, reopen), func(t *testing.T) {
					for at := 0; at < count; at += race.Fewer(1, 9) {
						w := &weather{Store: &store.Memory{}, wait: wait, plan: func(n int) int {
							if n == at {
								return outcome
							}
							return fine
						}}
						clock := &clockAt{now: journalStart}
						open := func() (l *Live) {
							for tries := 0; ; tries++ {
								o := journalOptions(clock)
								o.Backoff = &store.Backoff{Attempts: 1}
								l, err := OpenLive(ctx, w, o)
								if err == nil {
									return l
								}
								require.Less(t, tries, 9, "%v", err)
								clock.pass(DefaultLease)
							}
						}
						l := open()
						for i, history := 0, journalHistory(); i < len(history); {
							_, err := history[i](ctx, l)
							if err == nil {
								i++
								require.Equal(t, dumps[i], dumped(t, l), "commit %d, step %d", at, i)
							} else if reopen {
								clock.pass(DefaultLease)
								l = open()
							}
							for tries := 0; errors.Is(err, store.ErrUnknownOutcome) && !reopen; tries++ {
								_, err = l.Advance(ctx, l.At())
								require.Less(t, tries, 3)
							}
							if now := dumped(t, l); now != dumps[i] {
								require.Equal(t, dumps[i+1], now, "commit %d, step %d", at, i)
								i++ // it had happened
							}
							if i%4 == 3 {
								_ = l.Checkpoint(ctx)
							}
						}
						for tries := 0; l.Checkpoint(ctx) != nil; tries++ {
							require.Less(t, tries, 3)
						}
						require.Equal(t, l.journal.head.step, l.journal.shelf.root.Load().step)
						_ = l.Close(ctx)
						clock.pass(DefaultLease)
						require.Equal(t, dumps[len(dumps)-1], dumped(t, open()))
					}
				})
			}
		}
	}
}
