package segment

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// killed is a store that a process has until it is killed in the commit of the number last, which still happens or does not.
// Safe for concurrent use.
type killed struct {
	store.Store
	mu      sync.Mutex
	n, last int
	happens bool
}

func (k *killed) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.n++
	switch {
	case k.n < k.last:
		return k.Store.Commit(ctx, b)
	case k.n == k.last && k.happens:
		_, _ = k.Store.Commit(ctx, b)
	}
	return 0, store.ErrClosed
}

// Killed in any commit and opened again, it is as after the last step that was acknowledged, or as after the one under way.
func TestJournalKilled(t *testing.T) {
	ctx := t.Context()
	dumps, notices := journalTwin(t)
	history := journalHistory()
	for _, happens := range []bool{false, true} {
		for last := 1; ; last++ {
			inner := store.Limited(&store.Memory{}, store.MinLimits)
			k := &killed{Store: inner, last: last, happens: happens}
			clock := &clockAt{now: journalStart}
			done := -1 // steps acknowledged
			l, err := OpenLive(ctx, k, journalOptions(clock))
			for i := 0; err == nil && i < len(history); i++ {
				done = i
				if _, err = history[i](ctx, l); err == nil {
					done = i + 1
					if i%4 == 3 {
						err = l.Checkpoint(ctx)
					}
				}
			}
			if err == nil {
				err = l.Close(ctx)
			}
			clock.pass(DefaultLease)
			l = openJournal(t, inner, journalOptions(clock))
			switch now := dumped(t, l); {
			case done < 0 || now == dumps[done]:
				done = max(done, 0)
				require.Equal(t, dumps[done], now)
			default:
				done++
				require.Equal(t, dumps[done], now, "killed in commit %d", last)
			}
			for ; done < len(history); done++ {
				told, err := history[done](ctx, l)
				require.NoError(t, err)
				require.Equal(t, notices[done], told)
				require.Equal(t, dumps[done+1], dumped(t, l))
			}
			require.NoError(t, l.Close(ctx))
			if k.n < k.last {
				require.NoError(t, err)
				require.Greater(t, last, 30)
				break
			}
			require.ErrorIs(t, err, store.ErrClosed)
		}
	}
}

func TestJournalLease(t *testing.T) {
	ctx := t.Context()
	s, clock := &store.Memory{}, &clockAt{now: journalStart}
	options := func(owner string) *OpenOptions {
		o := journalOptions(clock)
		o.Owner = owner
		return o
	}
	count := func(l *Live) error {
		var b Batch
		b.Increment(customer.FromInt64(1), "spend", customer.Int64Value(1))
		_, err := l.Apply(ctx, l.At(), &b)
		return err
	}
	one := openJournal(t, s, options("one"))
	_, err := OpenLive(ctx, s, options("two"))
	require.ErrorIs(t, err, ErrLease)
	require.EqualError(t, err, `segment: no lease for live segments: "one" has it until 2026-03-01T08:00:10Z`)
	for range 20 { // steps renew it, also those that do nothing else
		clock.pass(6 * time.Second)
		_, err := one.Advance(ctx, one.At())
		require.NoError(t, err)
		clock.pass(6 * time.Second)
		require.NoError(t, count(one))
		_, err = OpenLive(ctx, s, options("two"))
		require.ErrorIs(t, err, ErrLease)
	}
	clock.pass(9 * time.Second)
	require.NoError(t, count(one), "less than the lease has passed")
	clock.pass(DefaultLease)
	require.NoError(t, count(one), "nobody has taken over")
	clock.pass(DefaultLease)
	two := openJournal(t, s, options("two"))
	require.NoError(t, count(two))
	was := dumped(t, two)
	for range 2 {
		for name, err := range map[string]error{
			"apply":      count(one),
			"checkpoint": one.Checkpoint(ctx),
			"declare":    one.Declare(ctx, Tag{Name: "x", Kind: Flag}),
		} {
			require.ErrorIs(t, err, ErrLease, name)
		}
	}
	_, err = one.Advance(ctx, one.At())
	require.ErrorIs(t, err, ErrLease)
	require.ErrorIs(t, one.Close(ctx), ErrLease)
	require.NoError(t, one.Close(ctx))
	require.NoError(t, count(two))
	require.NotEqual(t, was, dumped(t, two))
	was = dumped(t, two)
	require.NoError(t, two.Close(ctx))
	three := openJournal(t, s, options("three"))
	require.Equal(t, was, dumped(t, three), "at once, as two has closed")
	require.EqualValues(t, 3, three.journal.term.number)

	_, err = OpenLive(ctx, s, nil)
	require.EqualError(t, err, "segment: invalid options: Clock must be set")
	_, err = OpenLive(ctx, s, &OpenOptions{Reader: true, Lease: -1, LogBytes: -1, Live: LiveOptions{Keep: -1}})
	require.ErrorContains(t, err, "Lease must not be negative\nsegment: invalid options: LogBytes must not be negative\nsegment: invalid options: Live: Keep")
	require.NoError(t, three.Close(ctx))
	o := options("four")
	o.Live.Location = time.FixedZone("elsewhere", 0)
	_, err = OpenLive(ctx, s, o)
	require.ErrorIs(t, err, ErrOptions)
	require.ErrorContains(t, err, `Location is "elsewhere" and has to be "UTC", as before`)
	_ = openJournal(t, s, options("five")) // four has given the lease back
}

// A batch whose increments are acknowledged counts once, whoever writes; others are ErrLease and do not count.
func TestJournalFight(t *testing.T) {
	ctx := t.Context()
	s, clock := store.Limited(&store.Memory{}, store.MinLimits), &clockAt{now: journalStart}
	acknowledged := [3]int{}
	each := 60
	if race.Enabled {
		each = 15
	}
	var group sync.WaitGroup
	for i := range acknowledged {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 5))
			var l *Live
			for acknowledged[i] < each {
				if l == nil {
					o := journalOptions(clock)
					o.LogBytes = 500
					o.Backoff = &store.Backoff{First: 1, Most: 1000}
					var err error
					if l, err = OpenLive(ctx, s, o); err != nil {
						if !errors.Is(err, ErrLease) {
							t.Errorf("open: %v", err)
						}
						clock.pass(time.Second)
						continue
					}
				}
				var b Batch
				b.Increment(customer.FromInt64(int64(i)), "spend", customer.Int64Value(1))
				b.Set(customer.FromInt64(int64(100+i)), "city", customer.TextValue(strings.Repeat("x", rng.IntN(900))))
				_, err := l.Apply(ctx, l.At(), &b)
				switch {
				case err == nil:
					acknowledged[i]++
				case !errors.Is(err, ErrLease):
					t.Errorf("apply: %v", err)
				default:
					l = nil
				}
				switch k := rng.IntN(20); {
				case l == nil:
				case k == 0:
					if err := l.Close(ctx); err != nil && !errors.Is(err, ErrLease) {
						t.Errorf("close: %v", err)
					}
					l = nil
				case k == 1:
					l = nil
				case k < 6:
					clock.pass(7 * time.Second)
				}
			}
		})
	}
	group.Wait()
	clock.pass(DefaultLease)
	l := openJournal(t, s, journalOptions(clock))
	for i, n := range acknowledged {
		require.Equal(t, each, n)
		v, err := l.Snapshot().Value(ctx, customer.FromInt64(int64(i)), "spend")
		require.NoError(t, err)
		require.Equal(t, customer.Int64Value(int64(n)), v)
	}
}

// stored returns all entries.
func storedEntries(t testing.TB, s store.Store) (all []store.Entry) {
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		all = append(all, e)
	}
	return all
}

// Whatever is altered, cut short or taken away is an error that says what it is, and nothing is guessed.
func TestJournalCorrupt(t *testing.T) {
	ctx := t.Context()
	s, clock := &store.Memory{}, &clockAt{now: journalStart}
	l := openJournal(t, s, journalOptions(clock))
	history := journalHistory()
	for i, step := range history {
		_, err := step(ctx, l)
		require.NoError(t, err)
		if i == 2 {
			require.NoError(t, l.Checkpoint(ctx))
		}
	}
	want := dumped(t, l)
	clock.pass(DefaultLease)
	rng := rand.New(rand.NewPCG(1, 2))
	kinds := map[string]int{}
	for _, e := range storedEntries(t, s) {
		changes := map[string]func(b *store.Batch){
			"away":  func(b *store.Batch) { b.Delete(e.Key) },
			"empty": func(b *store.Batch) { b.Put(e.Key, nil) },
			"short": func(b *store.Batch) { b.Put(e.Key, e.Value[:len(e.Value)-1-rng.IntN(len(e.Value)-1)]) },
			"long":  func(b *store.Batch) { b.Put(e.Key, append(slices.Clone(e.Value), byte(rng.Uint32()))) },
		}
		for i := range 8 {
			changes[fmt.Sprint("altered", i)] = func(b *store.Batch) {
				v := slices.Clone(e.Value)
				v[rng.IntN(len(v))] ^= 1 << rng.IntN(8)
				b.Put(e.Key, v)
			}
		}
		for name, change := range changes {
			copied := &store.Memory{}
			for _, e := range storedEntries(t, s) {
				var b store.Batch
				b.Put(e.Key, e.Value)
				_, err := copied.Commit(ctx, &b)
				require.NoError(t, err)
			}
			var b store.Batch
			change(&b)
			_, err := copied.Commit(ctx, &b)
			require.NoError(t, err)
			for _, reader := range []bool{true, false} {
				o := journalOptions(clock)
				o.Reader = reader
				opened, err := OpenLive(ctx, copied, o)
				var now string
				if err == nil {
					now, err = dumpLive(ctx, opened)
				}
				part := strings.SplitN(string(e.Key), "/", 3)[1]
				if err == nil { // neither names anything, or it is older than the checkpoint
					require.Equal(t, want, now, "%q %s", e.Key, name)
					stale := part == "l" && binary.BigEndian.Uint64(e.Key[len(keyLog):]) <= opened.journal.shelf.root.Load().step
					require.True(t, stale || part == "k" || part == "n" || name == "away" && part == "lease" || reader && (part == "term" || part == "lease"), "%q %s", e.Key, name)
					continue
				}
				kinds[part]++
				require.ErrorIs(t, err, ErrCorrupt, "%q %s", e.Key, name)
				if part == "l" {
					require.ErrorContains(t, err, fmt.Sprintf("step %d", binary.BigEndian.Uint64(e.Key[len(keyLog):])), "%q %s", e.Key, name)
				}
			}
		}
	}
	for _, part := range []string{"head", "k", "l", "lease", "root", "term"} {
		require.Positive(t, kinds[part], part)
	}
}
