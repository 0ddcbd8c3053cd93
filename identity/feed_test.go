package identity

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

var _ customer.Feed = (*feed)(nil)

var feedTime = time.Date(2026, 3, 5, 7, 8, 9, 123456000, time.UTC)

// feedID returns a customer; those of different numbers are in different shards more
// often than not.
func feedID(n int) customer.ID { return customer.FromInt64(int64(n)) }

// feedInShard returns the k-th customer of a shard.
func feedInShard(shard, k int) customer.ID {
	for n := 1; ; n++ {
		if id := feedID(n); customer.ShardOf(id) == shard {
			if k--; k < 0 {
				return id
			}
		}
	}
}

// feedAtoms returns n atoms that ascend, the first of which is named by first.
func feedAtoms(first uint64, n int) []customer.AtomID {
	var atoms []customer.AtomID
	for i := range n {
		var a customer.AtomID
		binary.BigEndian.PutUint64(a[:], first)
		binary.BigEndian.PutUint64(a[8:], uint64(i)+1)
		atoms = append(atoms, a)
	}
	return atoms
}

func feedName(c customer.Change) uint64 { return binary.BigEndian.Uint64(c.Atoms[0][:]) }

func feedChange(verb customer.Verb, from, to customer.ID, atoms []customer.AtomID) customer.Change {
	return customer.Change{Verb: verb, From: from, To: to, Atoms: atoms, At: feedTime}
}

// feedStores are stores on which everything must be the same.
var feedStores = map[string]func() store.Store{
	"memory":         func() store.Store { return new(store.Memory) },
	"minimal limits": func() store.Store { return store.Limited(new(store.Memory), store.MinLimits) },
}

func onFeedStores(t *testing.T, test func(t *testing.T, s store.Store)) {
	for name, open := range feedStores {
		t.Run(name, func(t *testing.T) { test(t, open()) })
	}
}

// readFeed returns the changes after the cursor, and moves it past them. It fails where
// the feed breaks its promises.
func readFeed(t *testing.T, f customer.Feed, after *customer.Cursor) []customer.Change {
	var changes []customer.Change
	for c, err := range f.Changes(t.Context(), *after) {
		require.NoError(t, err)
		require.NoError(t, c.Validate())
		require.NoError(t, after.Advance(c))
		if c.Part > 1 {
			before := changes[len(changes)-1]
			require.Equal(t, before.Part+1, c.Part)
			require.Equal(t, before.Seq, c.Seq)
		}
		changes = append(changes, c)
	}
	return changes
}

// feedKeys returns the keys under a prefix.
func feedKeys(t *testing.T, s store.Store, prefix string) (keys []string) {
	for e, err := range s.Scan(t.Context(), store.Under([]byte(prefix))) {
		require.NoError(t, err)
		keys = append(keys, string(e.Key))
	}
	return keys
}

func TestFeedOfEveryVerb(t *testing.T) {
	onFeedStores(t, func(t *testing.T, s store.Store) {
		f := newFeed(s)
		a, b, c := feedInShard(3, 0), feedInShard(3, 1), feedInShard(9, 0)
		changes := []customer.Change{
			feedChange(customer.Created, uuid.Nil, a, feedAtoms(1, 1)),
			feedChange(customer.Created, uuid.Nil, b, feedAtoms(2, 2)),
			feedChange(customer.Attached, uuid.Nil, a, feedAtoms(3, 1)),
			feedChange(customer.Split, a, c, feedAtoms(3, 1)),
			feedChange(customer.Moved, c, uuid.Nil, feedAtoms(3, 1)),
			feedChange(customer.Moved, b, a, feedAtoms(2, 1)),
			feedChange(customer.Merged, c, a, nil),
			feedChange(customer.Erased, a, uuid.Nil, feedAtoms(1, 1)),
		}
		given := slices.Clone(changes)
		var batch store.Batch
		batch.Put([]byte("x"), []byte("y"))
		version, err := f.commit(t.Context(), &batch, changes)
		require.NoError(t, err)
		require.Equal(t, given, changes)
		entries, err := s.Get(t.Context(), []byte("x"))
		require.NoError(t, err)
		require.Equal(t, version, entries[0].Version)

		entry := func(i int, whose customer.ID, seq uint64) customer.Change {
			c := changes[i]
			c.Customer, c.Shard, c.Seq, c.Part, c.Parts = whose, customer.ShardOf(whose), seq, 1, 1
			return c
		}
		want := []customer.Change{
			entry(0, a, 1), entry(1, b, 2), entry(2, a, 3), entry(3, a, 4), entry(5, b, 5), entry(5, a, 6), entry(6, a, 7), entry(7, a, 8),
			entry(3, c, 1), entry(4, c, 2), entry(6, c, 3),
		}
		var cursor customer.Cursor
		require.Equal(t, want, readFeed(t, f, &cursor))
		head, err := f.Head(t.Context())
		require.NoError(t, err)
		require.Equal(t, head, cursor)
		require.Empty(t, readFeed(t, f, &cursor))

		// Another process goes on where this one is, and this one after it.
		for i, f := range []*feed{newFeed(s), f} {
			_, err = store.Update(t.Context(), feedUpdater{s, f, given[4:5]}, nil, func(context.Context) (*store.Batch, error) { return new(store.Batch), nil })
			require.NoError(t, err)
			require.Equal(t, []customer.Change{entry(4, c, uint64(4+i))}, readFeed(t, f, &cursor))
		}
	})
}

// feedUpdater commits with changes, for store.Update.
type feedUpdater struct {
	store.Store
	f       *feed
	changes []customer.Change
}

func (u feedUpdater) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	return u.f.commit(ctx, b, u.changes)
}

func TestFeedWithoutChanges(t *testing.T) {
	s := new(store.Memory)
	var b store.Batch
	b.Put([]byte("x"), nil)
	version, err := newFeed(s).commit(t.Context(), &b, nil)
	require.NoError(t, err)
	require.NotZero(t, version)
	require.Equal(t, []string{"x"}, feedKeys(t, s, ""))
	head, err := newFeed(s).Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, customer.Cursor{}, head)
}

func TestFeedRefusesChanges(t *testing.T) {
	s := new(store.Memory)
	a, b := feedID(1), feedID(2)
	for name, c := range map[string]customer.Change{
		"nobody":            feedChange(customer.Moved, uuid.Nil, uuid.Nil, nil),
		"no verb":           feedChange(0, a, b, nil),
		"verb and sides":    feedChange(customer.Created, a, b, nil),
		"atoms that repeat": feedChange(customer.Moved, a, b, append(feedAtoms(1, 100), feedAtoms(1, 1)...)),
		"no time":           {Verb: customer.Moved, From: a, To: b},
	} {
		t.Run(name, func(t *testing.T) {
			big := feedChange(customer.Moved, a, b, feedAtoms(1, 100))
			_, err := newFeed(s).commit(t.Context(), new(store.Batch), []customer.Change{big, c})
			require.ErrorContains(t, err, "identity: change 1: ")
			var field *customer.FieldError
			require.ErrorAs(t, err, &field)
			require.Empty(t, feedKeys(t, s, ""))
		})
	}
}

func TestFeedOfManyAtoms(t *testing.T) {
	onFeedStores(t, func(t *testing.T, s store.Store) {
		f := newFeed(s)
		a, b := feedID(1), feedID(2)
		var cursor customer.Cursor
		for n, parts := range map[int]int{0: 0, 1: 0, feedInlineAtoms: 0, feedInlineAtoms + 1: 1, 4000: 1, 4001: 2, 32_000: 8, 32_001: 9, 100_000: 25} {
			if n > 10_000 && race.Enabled {
				continue
			}
			before := len(feedKeys(t, s, "feed/atoms/"))
			want := feedAtoms(1, n)
			_, err := f.commit(t.Context(), new(store.Batch), []customer.Change{feedChange(customer.Moved, a, b, want)})
			require.NoError(t, err)
			require.Len(t, feedKeys(t, s, "feed/atoms/"), before+parts, "shared by both entries")
			got := map[customer.ID][]customer.AtomID{}
			for _, c := range readFeed(t, f, &cursor) {
				require.Equal(t, max(parts, 1), c.Parts)
				got[c.Customer] = append(got[c.Customer], c.Atoms...)
			}
			require.Len(t, got, 2)
			require.Equal(t, want, got[a])
			require.Equal(t, want, got[b])
		}
	})
}

func TestFeedOfManySlices(t *testing.T) {
	onFeedStores(t, func(t *testing.T, s store.Store) {
		f := newFeed(s)
		a, b := feedID(1), feedID(2)
		var cursor customer.Cursor
		for n, parts := range map[int]int{1: 1, feedInlineAtoms: 1, feedPartSlices + 1: 2, 10_000: 12} {
			c := feedChange(customer.Moved, a, b, feedAtoms(1, n))
			c.Slices = feedSlices(c.Atoms[:n-n/3])
			_, err := f.commit(t.Context(), new(store.Batch), []customer.Change{c})
			require.NoError(t, err)
			got := map[customer.ID][]customer.Slice{}
			for _, part := range readFeed(t, f, &cursor) {
				require.NoError(t, part.Validate())
				require.Equal(t, parts, part.Parts)
				got[part.Customer] = append(got[part.Customer], part.Slices...)
			}
			require.Equal(t, c.Slices, got[a])
			require.Equal(t, c.Slices, got[b])
		}
	})
}

// TestFeedFitsTheLimits: the feed leaves a caller 900 operations of the least a store
// takes, and what is too much is told by the store.
func TestFeedFitsTheLimits(t *testing.T) {
	s := feedStores["minimal limits"]()
	f := newFeed(s)
	batch := func(n int) *store.Batch {
		var b store.Batch
		for i := range n / 2 {
			key := fmt.Append(nil, "x", n, i)
			b.If(key, 0)
			b.Put(key, make([]byte, 1000))
		}
		return &b
	}
	var changes []customer.Change
	for i := range 16 {
		changes = append(changes, feedChange(customer.Merged, feedID(2*i+1), feedID(2*i+2), feedAtoms(uint64(i), 50+5000*(i%2))))
	}
	_, err := f.commit(t.Context(), batch(900), changes)
	require.NoError(t, err)
	var cursor customer.Cursor
	require.Len(t, readFeed(t, f, &cursor), 16+16*2)
	atoms := feedKeys(t, s, "feed/atoms/")
	_, err = f.commit(t.Context(), batch(1000), changes)
	require.ErrorIs(t, err, store.ErrTooLarge)
	require.Equal(t, atoms, feedKeys(t, s, "feed/atoms/"))
	require.Empty(t, readFeed(t, f, &cursor))
}

// TestFeedReadsHeadsOnce: a process that is alone reads no head twice.
func TestFeedReadsHeadsOnce(t *testing.T) {
	s := &feedFaults{Store: new(store.Memory)}
	f := newFeed(s)
	changes := []customer.Change{feedChange(customer.Moved, feedID(1), feedID(2), nil)}
	for range 3 {
		_, err := f.commit(t.Context(), new(store.Batch), changes)
		require.NoError(t, err)
		require.Equal(t, 1, s.gets)
	}
	s.fault = func(context.Context, *store.Batch) (store.Version, error) { return 0, store.ErrConflict }
	_, err := f.commit(t.Context(), new(store.Batch), changes)
	require.ErrorIs(t, err, store.ErrConflict)
	s.fault = nil
	_, err = f.commit(t.Context(), new(store.Batch), changes)
	require.NoError(t, err)
	require.Equal(t, 2, s.gets)
}

// feedFaults is a store whose commits go as fault says. Not safe for concurrent use.
type feedFaults struct {
	store.Store
	fault func(ctx context.Context, b *store.Batch) (store.Version, error)
	gets  int
}

func (s *feedFaults) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	s.gets++
	return s.Store.Get(ctx, keys...)
}

func (s *feedFaults) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if s.fault != nil {
		return s.fault(ctx, b)
	}
	return s.Store.Commit(ctx, b)
}

// TestFeedLeavesTheBatch: neither the slices of a batch nor what lies behind them changes.
func TestFeedLeavesTheBatch(t *testing.T) {
	s := &feedFaults{Store: new(store.Memory)}
	b := store.Batch{Writes: make([]store.Write, 1, 100), Conditions: make([]store.Condition, 1, 100)}
	b.Writes[0], b.Conditions[0] = store.Write{Key: []byte("x")}, store.Condition{Key: []byte("x")}
	for _, err := range []error{store.ErrConflict, nil} {
		s.fault = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			if err != nil {
				return 0, err
			}
			return s.Store.Commit(ctx, b)
		}
		_, got := newFeed(s).commit(t.Context(), &b, []customer.Change{feedChange(customer.Moved, feedID(1), feedID(2), nil)})
		require.ErrorIs(t, got, err)
		require.Len(t, b.Writes, 1)
		require.Len(t, b.Conditions, 1)
		require.Equal(t, make([]store.Write, 99), b.Writes[1:100])
		require.Equal(t, make([]store.Condition, 99), b.Conditions[1:100])
	}
}

func TestFeedWaitsNoLongerThanTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := &feedSlow{Memory: new(store.Memory), release: release}
		f := newFeed(s)
		change := func(shard int) []customer.Change {
			return []customer.Change{feedChange(customer.Moved, feedInShard(shard, 0), feedInShard(7, 0), nil)}
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := f.commit(t.Context(), new(store.Batch), change(20))
			require.NoError(t, err)
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := f.commit(ctx, new(store.Batch), change(5))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, store.ErrUnknownOutcome)
		require.Equal(t, time.Second, time.Since(start))
		close(release)
		wg.Wait()
		_, err = f.commit(t.Context(), new(store.Batch), change(5))
		require.NoError(t, err, "the lock of shard 5 was given back")
	})
}

// feedSlow is a store whose commits wait.
type feedSlow struct {
	*store.Memory
	release chan struct{}
}

func (s *feedSlow) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	<-s.release
	return s.Memory.Commit(ctx, b)
}

// TestFeedOfTwoProcesses: two feeds on a store, with eight writers each, while a
// follower reads and checks at each head that it has both entries of a change or neither.
// Each customer's changes come in the order that the writers' own commits gave them.
func TestFeedOfTwoProcesses(t *testing.T) {
	onFeedStores(t, func(t *testing.T, s store.Store) {
		const writers, each, customers = 16, 40, 12
		feeds := []*feed{newFeed(s), newFeed(s)}
		done := make(chan struct{})
		var wg, following sync.WaitGroup
		var all []customer.Change
		following.Go(func() { all = followPairs(t, newFeed(s), done) })
		for w := range writers {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(w), 1))
				for i := range each {
					if err := moveOne(t.Context(), s, feeds[w%2], uint64(w*each+i+1), r.Perm(customers)[:2], r.IntN(10)*20); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		close(done)
		following.Wait()

		orders := map[customer.ID][]uint64{}
		sides := map[uint64]int{}
		for _, c := range all {
			orders[c.Customer] = append(orders[c.Customer], feedName(c))
			sides[feedName(c)]++
		}
		require.Len(t, sides, writers*each)
		for name, n := range sides {
			require.Equal(t, 2, n, name)
		}
		for n := range customers {
			var want []uint64
			for e, err := range s.Scan(t.Context(), store.Under([]byte{'l', byte(n)})) {
				require.NoError(t, err)
				want = append(want, binary.BigEndian.Uint64(e.Value))
			}
			require.Equal(t, want, orders[feedID(n+1)])
		}
		parts := 0
		for _, c := range all {
			if len(c.Atoms) > feedInlineAtoms {
				parts++
			}
		}
		require.Len(t, feedKeys(t, s, "feed/atoms/"), parts/2, "nothing is left of what failed")
	})
}

// moveOne moves atoms named name between two customers, and notes at each of them that
// this was the next thing that happened.
func moveOne(ctx context.Context, s store.Store, f *feed, name uint64, between []int, atoms int) error {
	u := feedUpdater{s, f, []customer.Change{feedChange(customer.Moved, feedID(between[0]+1), feedID(between[1]+1), feedAtoms(name, atoms+1))}}
	_, err := store.Update(ctx, u, &store.Backoff{Attempts: 10_000, Most: 2 * time.Millisecond}, func(ctx context.Context) (*store.Batch, error) {
		counters := [][]byte{{'n', byte(between[0])}, {'n', byte(between[1])}}
		entries, err := s.Get(ctx, counters...)
		if err != nil {
			return nil, err
		}
		var b store.Batch
		for i, e := range entries {
			count := append(make([]byte, 8), e.Value...)
			count = binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(count[len(count)-8:])+1)
			b.If(counters[i], e.Version)
			b.Put(counters[i], count)
			b.Put(append([]byte{'l', byte(between[i])}, count...), binary.BigEndian.AppendUint64(nil, name))
		}
		return &b, nil
	})
	return err
}

// followPairs follows f until done, and returns what it read.
func followPairs(t *testing.T, f *feed, done <-chan struct{}) (all []customer.Change) {
	var cursor customer.Cursor
	for last := false; !last; {
		select {
		case <-done:
			last = true
		default:
		}
		head, err := f.Head(t.Context())
		if err != nil {
			t.Error(err)
			return nil
		}
		atHead, atEnd := map[uint64]int{}, map[uint64]int{}
		note := func(c customer.Change) {
			atEnd[feedName(c)]++
			if c.Seq <= head[c.Shard] {
				atHead[feedName(c)]++
			}
		}
		for c, err := range f.Changes(t.Context(), cursor) {
			if err = errors.Join(err, c.Validate(), cursor.Advance(c)); err != nil {
				t.Error(err)
				return nil
			}
			note(c)
			all = append(all, c)
		}
		if !cursor.Covers(head) {
			t.Error("changes end before the head that was there")
		}
		for _, sides := range []map[uint64]int{atHead, atEnd} {
			for name, n := range sides {
				if n != 2 {
					t.Errorf("move %d has %d entries", name, n)
				}
			}
		}
	}
	return all
}

// TestFeedOnAFailingStore: whatever becomes of the commits, and of the answers to them,
// each change is there once and whole.
func TestFeedOnAFailingStore(t *testing.T) {
	seeds := uint64(24)
	if race.Enabled {
		seeds = 6
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 2))
		memory := feedStores["minimal limits"]()
		s := &feedFaults{Store: memory}
		var late []*store.Batch // sent, but not arrived yet
		unknown := seed%3 > 0
		s.fault = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			if len(late) > 0 && r.IntN(3) == 0 {
				_, _ = memory.Commit(ctx, late[0])
				late = late[1:]
			}
			faults := 5 // the last of them: lost on the way
			switch {
			case unknown:
			case b.Writes[0].Delete: // what failed is cleaned up
				return memory.Commit(ctx, b)
			default:
				faults = 2
			}
			switch fault := r.IntN(10); {
			case fault >= faults:
				return memory.Commit(ctx, b)
			case fault == 0:
				return 0, store.ErrUnavailable
			case fault == 1:
				return 0, fmt.Errorf("%w: gave way", store.ErrConflict)
			case fault == 2: // the answer is lost
				_, _ = memory.Commit(ctx, b)
			case fault == 3: // on the way for a long time
				late = append(late, b)
			}
			return 0, store.ErrUnknownOutcome
		}
		feeds := []*feed{newFeed(s), newFeed(s)}
		const moves = 20
		for name := range uint64(moves) {
			change := feedChange(customer.Moved, feedID(r.IntN(3)+1), feedID(r.IntN(3)+10), feedAtoms(name+1, []int{3, 100, 4100}[r.IntN(3)]))
			token := fmt.Append(nil, "token", name)
			for {
				entries, err := memory.Get(t.Context(), token)
				require.NoError(t, err)
				if entries[0].Version != 0 {
					break
				}
				var b store.Batch
				b.If(token, 0)
				b.Put(token, nil)
				_, _ = feeds[r.IntN(2)].commit(t.Context(), &b, []customer.Change{change})
			}
		}
		for _, b := range late {
			_, _ = memory.Commit(t.Context(), b)
		}
		s.fault = nil
		var cursor customer.Cursor
		atoms := map[uint64]int{}
		entries := map[uint64]int{}
		for _, c := range readFeed(t, feeds[0], &cursor) {
			atoms[feedName(c)] += len(c.Atoms)
			if c.Part == 1 {
				entries[feedName(c)]++
			}
		}
		require.Len(t, entries, moves, "seed %d", seed)
		stored := 0
		for name, n := range entries {
			require.Equal(t, 2, n, "seed %d", seed)
			require.Contains(t, []int{6, 200, 8200}, atoms[name], "seed %d", seed)
			stored += map[int]int{200: 1, 8200: 2}[atoms[name]]
		}
		if !unknown {
			require.Len(t, feedKeys(t, s, "feed/atoms/"), stored, "seed %d: nothing is left of what failed", seed)
		}
		require.NoError(t, feeds[1].Trim(t.Context(), cursor))
		require.Empty(t, feedKeys(t, s, "feed/entry/"))
	}
}

func BenchmarkFeedCommit(b *testing.B) {
	value := bytes.Repeat([]byte{7}, 200)
	for _, c := range []struct {
		name  string
		sides int
	}{{"bare store", 0}, {"attached", 1}, {"moved", 2}} {
		b.Run(c.name, func(b *testing.B) {
			f := newFeed(new(store.Memory))
			atoms := feedAtoms(1, 2)
			for i := 0; b.Loop(); i++ {
				var batch store.Batch
				batch.Put(binary.BigEndian.AppendUint64(nil, uint64(i)), value)
				var changes []customer.Change
				switch c.sides {
				case 1:
					changes = []customer.Change{feedChange(customer.Attached, uuid.Nil, feedID(i), atoms)}
				case 2:
					changes = []customer.Change{feedChange(customer.Moved, feedID(i), feedID(i+1), atoms)}
				}
				if _, err := f.commit(b.Context(), &batch, changes); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
