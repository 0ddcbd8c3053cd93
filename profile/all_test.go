package profile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// crowd is a store of n customers, of whom some have been merged or erased or have nothing
// left, and the ids of the others, ascending. Each of these has an atom with an event.
func crowd(t *testing.T, n int, s store.Store) (*Profiles, []customer.ID) {
	p, err := openTest(t, s, readsSchema(), nil)
	require.NoError(t, err)
	var ids []customer.ID
	var said []Evidence
	b := new(store.Batch)
	for i := range n {
		id, w := readsID(i), &whereabouts{turns: []turn{{since: 1, now: live}}}
		switch {
		case i%7 == 0:
			w.become(turn{since: 2, now: merged, into: readsID(i + 1)})
		case i%70 == 3:
			w.become(turn{since: 2, now: erased})
		case i%70 != 4:
			ids = append(ids, id)
			w.atoms = 1
			b.Put(memberKey(id, fakeAtom(i)), (&member{bounds: []int64{1}}).data())
			said = append(said, Evidence{Atom: fakeAtom(i), ID: "v", Source: "shop", Event: "visit", Time: crowdTime})
		}
		b.Put(customerKey(id), w.data())
		if len(b.Writes) >= 900 || i == n-1 {
			_, err := s.Commit(t.Context(), b)
			require.NoError(t, err)
			b = new(store.Batch)
		}
	}
	_, err = p.Add(t.Context(), crowdTime, said...)
	require.NoError(t, err)
	return p, ids
}

var crowdTime = time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)

func TestAllIsEveryProfileInOrder(t *testing.T) {
	s := store.Limited(new(store.Memory), store.MinLimits)
	_, live := crowd(t, 2*pageCustomers+100, s)
	m := Moment{At: crowdTime}
	for _, workers := range []int{0, 1, 2, 7} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			p, err := openTest(t, s, nil, &Options{Workers: workers})
			require.NoError(t, err)
			all := collectProfiles(t, t.Context(), p, m)
			require.Len(t, all, len(live))
			for i, id := range live {
				require.Equal(t, id, all[i].Customer)
				require.Equal(t, crowdTime, mustTime(all[i].Value("last_seen")))
				if i%50 == 0 {
					one, err := p.Profile(t.Context(), id, m)
					require.NoError(t, err)
					requireSameJSON(t, one, all[i])
				}
			}
		})
	}
}

// What goes through all customers tells how many it has done, and Sync how many it has folded.
func TestProgress(t *testing.T) {
	s := new(store.Memory)
	_, live := crowd(t, pageCustomers+100, s)
	var told []int64
	p, err := openTest(t, s, nil, &Options{Progress: func(done, total int64) {
		require.Equal(t, int64(-1), total)
		told = append(told, done)
	}})
	require.NoError(t, err)
	m := Moment{At: crowdTime}
	for name, work := range map[string]func() error{
		"table":   func() error { _, err := p.Table(t.Context(), m); return err },
		"quality": func() error { _, err := p.Quality(t.Context(), m.At); return err },
		"preview": func() error { _, err := p.Preview(t.Context(), m.At, readsSchema()); return err },
		"csv":     func() error { return p.WriteCSV(t.Context(), io.Discard, m) },
		"all":     func() error { collectProfiles(t, t.Context(), p, m); return nil },
		"sync": func() error {
			require.NoError(t, p.Refold(t.Context()))
			_, err := p.Sync(t.Context(), m.At, nil)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			told = nil
			require.NoError(t, work())
			require.Greater(t, len(told), 1)
			require.IsIncreasing(t, told)
			require.Equal(t, int64(len(live)), told[len(told)-1])
		})
	}
}

func TestAllEndsEarly(t *testing.T) {
	s := new(store.Memory)
	p, live := crowd(t, 4*pageCustomers, s)
	m := Moment{At: crowdTime}
	before := runtime.NumGoroutine()
	t.Run("break", func(t *testing.T) {
		n := 0
		for one, err := range p.All(t.Context(), m) {
			require.NoError(t, err)
			require.Equal(t, live[n], one.Customer)
			if n++; n == 10 {
				break
			}
		}
		require.Equal(t, 10, n)
	})
	t.Run("no time", func(t *testing.T) {
		n := 0
		for one, err := range p.All(t.Context(), Moment{}) {
			require.Nil(t, one)
			require.ErrorIs(t, err, ErrInput)
			n++
		}
		require.Equal(t, 1, n)
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var last error
		n := 0
		for one, err := range p.All(ctx, m) {
			if n++; n == 3 {
				cancel()
			}
			if last = err; err != nil {
				require.Nil(t, one)
			}
		}
		require.ErrorIs(t, last, context.Canceled)
		require.Less(t, n, len(live))
	})
	t.Run("corrupt", func(t *testing.T) {
		// The first error in order, whichever page fails first.
		_, atoms, err := p.members(t.Context(), live[len(live)/2], moment{known: never})
		require.NoError(t, err)
		b := new(store.Batch)
		b.Put(headKey(atoms[0]), []byte{1})
		_, err = s.Commit(t.Context(), b)
		require.NoError(t, err)
		n := 0
		for one, err := range p.All(t.Context(), m) {
			if err != nil {
				require.ErrorIs(t, err, store.ErrCorrupt)
				break
			}
			require.Equal(t, live[n], one.Customer)
			n++
		}
		require.LessOrEqual(t, n, len(live)/2)
		require.Positive(t, n)
	})
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("goroutines are left")
}

// What work returns reaches emit in the order of pages, and an error of either ends the walk.
func TestWalk(t *testing.T) {
	p, live := crowd(t, 3*pageCustomers, new(store.Memory))
	f, err := p.reread(t.Context())
	require.NoError(t, err)
	at := moment{at: crowdTime.UnixMicro(), known: never}
	var ids []customer.ID
	collect := func(page []loading) ([]customer.ID, error) {
		var ids []customer.ID
		for i := range page {
			ids = append(ids, page[i].id)
			require.NotEmpty(t, page[i].atoms)
		}
		return ids, nil
	}
	require.NoError(t, walk(t.Context(), p, f, at, collect, func(page []customer.ID) error {
		ids = append(ids, page...)
		return nil
	}))
	require.Equal(t, live, ids)

	broken := errors.New("broken")
	calls := 0
	err = walk(t.Context(), p, f, at, collect, func([]customer.ID) error { calls++; return broken })
	require.ErrorIs(t, err, broken)
	require.Equal(t, 1, calls)
	err = walk(t.Context(), p, f, at, func(page []loading) (int, error) {
		if page[0].id != ids[0] {
			return 0, broken
		}
		return len(page), nil
	}, func(n int) error { calls += n; return nil })
	require.ErrorIs(t, err, broken)
	require.Positive(t, calls)
}

// While customers merge, everybody who is there all the time is yielded once, and whole.
func TestAllBesideChanges(t *testing.T) {
	w := newReadsWorld(t, new(store.Memory), 32, readsSchema(), &Options{Workers: 2})
	const n = 200
	for range n {
		w.found(2)
	}
	w.sync(w.p, w.feed)
	m := moment{at: w.feed.now.UnixMicro(), known: never}
	stay := map[customer.ID]bool{}
	for _, id := range w.ids[n/2:] {
		stay[id] = true
	}
	done := make(chan error, 1)
	go func() {
		for i := range n / 2 {
			w.feed.merged(w.ids[i], w.ids[n/2+i])
			if _, err := w.p.follow(t.Context(), w.feed.clock(), w.feed); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 5 {
		seen := map[customer.ID]bool{}
		err := walkHoldings(t.Context(), w.p, m, func(_ context.Context, page []holding) ([]holding, error) { return page, nil },
			func(page []holding) error {
				for _, h := range page {
					require.False(t, seen[h.id])
					seen[h.id] = true
					require.True(t, len(h.atoms) == 2 || len(h.atoms) == 4 && stay[h.id], "%d", len(h.atoms))
				}
				return nil
			})
		require.NoError(t, err)
		for id := range stay {
			require.True(t, seen[id])
		}
	}
	require.NoError(t, <-done)
}

func mustTime(v customer.Value) time.Time {
	at, _ := v.Time()
	return at
}
