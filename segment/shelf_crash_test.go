package segment

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// cutStore is a store in which one commit fails.
type cutStore struct {
	store.Store
	left int // commits before that
	mode failure
	late *store.Batch // is made before the next commit
}

type failure int

const (
	nothingHappened failure = iota
	unknownHappened
	unknownNot
	unknownLater
	failures
)

func (s *cutStore) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if s.late != nil {
		_, err := s.Store.Commit(ctx, s.late)
		if err != nil && !errors.Is(err, store.ErrConflict) {
			return 0, err
		}
		s.late = nil
	}
	s.left--
	if s.left != -1 {
		return s.Store.Commit(ctx, b)
	}
	switch s.mode {
	case nothingHappened:
		return 0, store.ErrUnavailable
	case unknownHappened:
		if _, err := s.Store.Commit(ctx, b); err != nil {
			return 0, err
		}
	case unknownLater:
		s.late = &store.Batch{Writes: slices.Clone(b.Writes), Conditions: slices.Clone(b.Conditions)}
	}
	return 0, fmt.Errorf("%w: cut off", store.ErrUnknownOutcome)
}

// TestShelfSaveFails cuts each commit of a save short, in each way, then saves again or opens the store anew.
func TestShelfSaveFails(t *testing.T) {
	for mode := range failures {
		for _, reopen := range []bool{false, true} {
			t.Run(fmt.Sprint(mode, reopen), func(t *testing.T) {
				for n := 0; ; n++ {
					if !testSaveFails(t, n, mode, reopen) {
						require.Greater(t, n, 2)
						return
					}
				}
			})
		}
	}
}

// testSaveFails tells whether there was a commit n.
func testSaveFails(t *testing.T, n int, mode failure, reopen bool) bool {
	x := newKeptTrial(t, 5, 0, 1)
	s := &cutStore{Store: x.s, left: -1, mode: mode}
	small := store.MinLimits
	small.BatchBytes = commitRoom + partBytes + 64 // so that there are more commits
	x.s = store.Limited(s, small)
	x.reopen()
	for range 25 {
		x.step()
	}
	x.save()
	for range 10 {
		x.step()
	}
	f := x.l.freeze()
	f.step = uint64(x.saves) + 1
	s.left = n
	err := x.k.save(t.Context(), f)
	if s.left >= 0 {
		require.NoError(t, err)
		return false
	}
	s.left = -1
	last, r, err2 := x.k.last(t.Context())
	require.NoError(t, err2)
	require.NotEmpty(t, last)
	if r.step == f.step {
		x.saves++
	} else {
		require.Error(t, err)
	}
	require.NoError(t, x.readAll(t.Context()))
	if err == nil {
		x.l.saved(f)
	}
	if reopen && r.step != f.step { // what came after the last root is lost: what carries it out again is not of the shelf
		k := shelfOf(x.s, x.k.term+1)
		again, err := k.open(t.Context())
		require.NoError(t, err)
		l := k.resume(again, &LiveOptions{Location: x.m.loc, Keep: 1})
		require.NoError(t, k.save(t.Context(), l.freeze()))
		require.NoError(t, k.save(t.Context(), l.freeze()))
		x.k = k
		x.noGarbage()
		return true
	}
	if reopen {
		x.reopen()
	}
	for range 10 {
		x.step()
	}
	x.save()
	for range 10 {
		x.step()
	}
	x.save()
	x.reopen()
	x.m.same(x.l)
	x.save()
	x.save()
	x.noGarbage()
	return true
}

func TestShelfKeepsNotices(t *testing.T) {
	const keep = 30
	x := newKeptTrial(t, 8, 0, keep)
	least := 0
	for i := range 400 {
		x.step()
		if i%7 == 0 {
			x.save()
			if i%3 == 0 {
				x.reopen()
			}
		}
		least = max(0, len(x.all)-keep)
		x.notices(least)
		x.notices(len(x.all))
	}
	require.Greater(t, least, 100)
	pages := 0
	for e, err := range x.s.Scan(t.Context(), store.Under([]byte(pageKeys))) {
		require.NoError(t, err)
		_, err = decodePage(e.Value, binary.BigEndian.Uint64(e.Key[len(pageKeys):]))
		require.NoError(t, err)
		pages++
	}
	require.Less(t, pages, keep)
	x.save()
	x.reopen()
	for after, want := range map[int]error{0: ErrExpiredNotices, len(x.all) + 1: ErrExpiredNotices} {
		for _, err := range x.l.Notices(t.Context(), uint64(after)) {
			require.ErrorIs(t, err, want)
		}
	}
}

func TestPagesOfNotices(t *testing.T) {
	var list []Notice
	for i := range 5000 {
		list = append(list, Notice{
			Number: uint64(i + 7), At: liveStart.Add(time.Duration(i/3) * time.Hour), Customer: subjectID(uint64(i)),
			Segment: strings.Repeat("s", 1+i%100) + fmt.Sprint(i%(1+i/1000*500)), Version: 1 + i%70_000, Entered: i%2 == 0, Cause: ByPlace,
		})
	}
	var got []Notice
	for rest := list; len(rest) > 0; {
		data, n := encodePage(rest)
		require.LessOrEqual(t, len(data), partBytes)
		page, err := decodePage(data, rest[0].Number)
		require.NoError(t, err)
		got, rest = append(got, page...), rest[n:]
	}
	require.Equal(t, list, got)
}

func TestShelfCopy(t *testing.T) {
	x := savedTrial(t, 4)
	to := smallStore()
	var values []store.Entry
	x.k.pins.Add(1) // a copy under way: nothing it needs may go
	_, r, err := x.k.last(t.Context())
	require.NoError(t, err)
	for e, err := range x.s.Scan(t.Context(), store.Under([]byte("segment/"))) {
		require.NoError(t, err)
		values = append(values, e)
	}
	for range 40 {
		x.step()
		x.save()
	}
	for _, e := range values {
		if string(e.Key) == rootKey {
			continue
		}
		again, err := x.s.Get(t.Context(), e.Key)
		require.NoError(t, err)
		require.Equal(t, e.Value, again[0].Value)
	}
	require.Greater(t, x.k.saved.root.generation, r.generation)
	x.k.pins.Add(-1)

	root, r, err := x.k.copy(t.Context(), to)
	require.NoError(t, err)
	require.Equal(t, uint64(x.saves), r.step)
	var b store.Batch
	b.Put([]byte(rootKey), root)
	_, err = to.Commit(t.Context(), &b)
	require.NoError(t, err)
	_, _, err = x.k.copy(t.Context(), to)
	require.ErrorIs(t, err, errNotEmpty)
	x.step()
	x.save()
	x.save()
	x.noGarbage()
	x.step()
	x.save()
	saves := x.saves
	x.s, x.k = to, shelfOf(to, x.k.term)
	require.NoError(t, x.readAll(t.Context()))
	x.saves = int(r.step)
	require.Less(t, x.saves, saves)
}

// TestShelfIsStale: a process that only reads, and does not follow, is told when what it would read is gone.
func TestShelfIsStale(t *testing.T) {
	x := savedTrial(t, 6)
	reader, err := newShelf(x.s, 0).open(t.Context())
	require.NoError(t, err)
	for range 3 {
		for range 30 {
			x.step()
		}
		x.save()
	}
	require.ErrorIs(t, reader.index.Snapshot().needAll(t.Context()), ErrStale)
}

// TestShelfManyReaders: whoever asks first reads, the others wait, while the writer goes on and saves.
func TestShelfManyReaders(t *testing.T) {
	x := savedTrial(t, 7)
	rounds := 12
	if race.Enabled {
		rounds = 4
	}
	for range rounds {
		x.reopen()
		s, l := x.l.Snapshot(), x.l
		want := len(customersOf(t, s))
		var all sync.WaitGroup
		for reader := range 4 {
			all.Go(func() {
				for i := range s.data {
					tag := s.tags.tags[(i+reader)%len(s.data)].Name
					if _, err := s.Count(t.Context(), Query{Rule: IsSet(tag), Workers: 2}); err != nil {
						t.Error(err)
					}
				}
				n := 0
				for id, err := range s.Customers(t.Context()) {
					if has, err2 := s.Has(t.Context(), id); !has || err != nil || err2 != nil {
						t.Error(has, err, err2)
					}
					n++
				}
				if n != want {
					t.Errorf("%d customers of %d", n, want)
				}
				for _, v := range l.Definitions() {
					if _, err := l.Set(t.Context(), v.Definition.Name); err != nil && !errors.Is(err, ErrUnknown) {
						t.Error(err)
					}
				}
			})
		}
		for range 10 {
			x.step()
			x.save()
		}
		all.Wait()
	}
}
