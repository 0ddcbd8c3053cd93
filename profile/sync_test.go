package profile

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// Whatever happens, who follows the rows has what folding everything from the beginning
// gives, and until Next nothing changes because time passes.
func TestSyncEqualsFolding(t *testing.T) {
	stores := map[string]func() store.Store{
		"memory": func() store.Store { return new(store.Memory) },
		"least":  smallest,
	}
	for name, open := range stores {
		for seed := range race.Fewer[uint64](4, 2) {
			t.Run(fmt.Sprint(name, seed), func(t *testing.T) {
				w := newSyncWorld(t, seed)
				s := open()
				p := w.open(s, &Options{Workers: 1 + int(seed)%3})
				prompt, slow := newKeeper(t), newKeeper(t)
				next := time.Time{}
				for step := range 60 {
					for range w.r.IntN(4) {
						w.change()
					}
					if w.r.IntN(3) > 0 {
						require.NoError(t, w.say(p, w.r.IntN(10)))
					}
					if w.r.IntN(3) == 0 && next.After(w.now) {
						w.now = next
					} else {
						w.now = w.now.Add(time.Duration(w.r.IntN(120)) * time.Minute)
					}
					done, err := p.Sync(t.Context(), w.now, w.feed)
					require.NoError(t, err)
					want := w.want(p, w.now)
					prompt.follow(p, 0)
					require.Equal(t, want, prompt.rows)
					requireMarks(t, p)
					requireNobodyWaits(t, p)
					if next = done.Next; next.IsZero() {
						next = w.now.Add(1000 * time.Hour)
					} else {
						require.True(t, next.After(w.now))
					}
					for range 3 {
						between := w.now.Add(time.Duration(w.r.Int64N(int64(next.Sub(w.now)))))
						require.Equal(t, want, w.want(p, between))
					}
					require.Equal(t, want, w.want(p, next.Add(-time.Microsecond)))

					again, err := p.Sync(t.Context(), w.now, w.feed)
					require.NoError(t, err)
					require.Equal(t, Synced{Next: done.Next}, again)
					if step%7 == 0 {
						slow.follow(p, 0)
						require.Equal(t, want, slow.rows)
					}
					if step%20 == 0 {
						fresh := newKeeper(t)
						fresh.begin(p)
						require.Equal(t, want, fresh.rows)
						head, err := p.RowsHead(t.Context())
						require.NoError(t, err)
						require.Equal(t, head, fresh.cursor)
					}
				}
			})
		}
	}
}

// Crashes at whatever commits, and clocks that differ, lose nothing; nor do calls at once.
func TestSyncCrashes(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newSyncWorld(t, 100+seed)
			var s store.Store = new(store.Memory)
			if seed%2 == 0 {
				s = smallest()
			}
			p, k := w.open(s, nil), newKeeper(t)
			for range 25 {
				for range 2 + w.r.IntN(5) {
					w.change()
				}
				require.NoError(t, w.say(p, 5))
				w.now = w.now.Add(time.Duration(w.r.IntN(300)) * time.Minute)
				for crashes := 0; ; crashes++ {
					require.Less(t, crashes, 100)
					mortal := &Profiles{s: crashAfter(s, w.r.IntN(4), w.r.IntN(2) == 0), o: p.o}
					mortal.schema.Store(p.schema.Load())
					// A later start may be of an earlier time.
					_, err := mortal.Sync(t.Context(), w.now.Add(-time.Duration(w.r.IntN(5))*time.Minute), w.feed)
					k.follow(p, 1+w.r.IntN(3))
					if err == nil {
						break
					}
					require.True(t, errors.Is(err, errCrash), "%v", err)
				}
				_, err := p.Sync(t.Context(), w.now, w.feed)
				require.NoError(t, err)
				k.follow(p, 0)
				require.Equal(t, w.want(p, w.now), k.rows)
				requireMarks(t, p)
			}
		})
	}
}

func TestSyncAtOnce(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newSyncWorld(t, 200+seed)
			s := smallest()
			p, k := w.open(s, nil), newKeeper(t)
			for range 8 {
				for range 10 {
					w.change()
				}
				require.NoError(t, w.say(p, 20))
				w.now = w.now.Add(5 * time.Hour)
				if seed == 1 {
					require.NoError(t, p.Refold(t.Context()))
				}
				// Meanwhile evidence comes, which one of them or the next takes in.
				rest := make([]Evidence, 20)
				for i := range rest {
					w.said++
					rest[i] = Evidence{Atom: fakeAtom(1 + w.r.IntN(w.atoms)), ID: fmt.Sprint(w.said), Source: "shop", Time: w.now, Event: "order"}
				}
				errs := make([]error, 5)
				var wg sync.WaitGroup
				for i := range errs {
					wg.Go(func() {
						if i == 4 {
							for j := range rest {
								if _, err := p.Add(t.Context(), w.now, rest[j]); err != nil && !errors.Is(err, ErrErased) {
									errs[i] = err
								}
							}
							return
						}
						other := w.open(s, &Options{Workers: 1 + i})
						_, errs[i] = other.Sync(t.Context(), w.now.Add(-time.Duration(i)*time.Hour), w.feed)
					})
				}
				wg.Wait()
				for _, err := range errs {
					require.NoError(t, err)
				}
				_, err := p.Sync(t.Context(), w.now, w.feed)
				require.NoError(t, err)
				k.follow(p, 0)
				require.Equal(t, w.want(p, w.now), k.rows)
				requireMarks(t, p)
				requireNobodyWaits(t, p)
			}
		})
	}
}

// What is stored does not depend on the number of goroutines.
func TestSyncWorkers(t *testing.T) {
	var first []byte
	for _, workers := range []int{1, 2, 7} {
		w := newSyncWorld(t, 300)
		p := w.open(new(store.Memory), &Options{Workers: workers})
		for range 4 {
			for range 60 {
				w.change()
			}
			require.NoError(t, w.say(p, 100))
			w.now = w.now.Add(7 * time.Hour)
			_, err := p.Sync(t.Context(), w.now, w.feed)
			require.NoError(t, err)
		}
		all := dumped(t.Context(), p.s, "rdhqw")
		if first == nil {
			first = all
		}
		require.Equal(t, first, all)
	}
}

func TestSyncSteps(t *testing.T) {
	ctx := t.Context()
	w := newSyncWorld(t, 1)
	p, k := w.open(smallest(), nil), newKeeper(t)
	alice, bob := customer.FromInt64(1), customer.FromInt64(2)
	a, b := fakeAtom(1), fakeAtom(2)
	step := func(want Synced) {
		t.Helper()
		got, err := p.Sync(ctx, w.now, w.feed)
		require.NoError(t, err)
		if want.Next.IsZero() {
			want.Next = got.Next
		}
		require.Equal(t, want, got)
		k.follow(p, 0)
		require.Equal(t, w.want(p, w.now), k.rows)
	}
	step(Synced{})
	require.Zero(t, k.cursor)

	w.feed.created(alice, a)
	w.feed.created(bob, b)
	step(Synced{Changes: 2, Refolded: 2, Rows: 2})
	require.Len(t, k.rows, 2)
	require.Equal(t, customer.Int64Value(0), k.rows[alice]["orders"])

	order := Evidence{Atom: a, ID: "1", Source: "shop", Event: "order", Time: w.now, Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(7)}}}
	_, err := p.Add(ctx, w.now, order)
	require.NoError(t, err)
	step(Synced{Refolded: 1, Rows: 1, Next: w.now.Add(5 * time.Hour).UTC()})
	_, err = p.Add(ctx, w.now, order) // again
	require.NoError(t, err)
	head, err := p.RowsHead(ctx)
	require.NoError(t, err)
	step(Synced{})

	// An earlier time does not take back what was seen.
	_, err = p.Sync(ctx, w.now.Add(-time.Hour), w.feed)
	require.NoError(t, err)
	after, err := p.RowsHead(ctx)
	require.NoError(t, err)
	require.Equal(t, head, after)

	// Both sides of a merger are in one batch.
	w.feed.merged(alice, bob)
	_, err = p.Sync(ctx, w.now, w.feed)
	require.NoError(t, err)
	batches := 0
	for batch, err := range p.Rows(ctx, k.cursor) {
		require.NoError(t, err)
		require.Equal(t, []customer.ID{alice}, batch.Deletes)
		require.Equal(t, []customer.Merge{{Loser: alice, Survivor: bob}}, batch.Merges)
		require.Len(t, batch.Upserts, 1)
		require.Equal(t, bob, batch.Upserts[0].ID)
		batches++
	}
	require.Equal(t, 1, batches)
	k.follow(p, 0)
	require.Equal(t, customer.Int64Value(1), k.rows[bob]["orders"])

	// The window of five hours ends at its instant, not before.
	w.now = w.now.Add(5*time.Hour - time.Microsecond)
	step(Synced{})
	w.now = w.now.Add(time.Microsecond)
	step(Synced{Refolded: 1, Rows: 1})

	w.feed.erased(bob)
	step(Synced{Changes: 1, Refolded: 1, Rows: 1})
	require.Empty(t, k.rows)

	_, err = p.Sync(ctx, time.Time{}, nil)
	require.ErrorIs(t, err, ErrInput)
}

// A parted store stops following in the middle of a change; without the feed those whom it
// touched are not handed on.
func TestSyncUnsettled(t *testing.T) {
	ctx := t.Context()
	w := newSyncWorld(t, 1)
	s := smallest()
	p, k := w.open(s, nil), newKeeper(t)
	alice, bob := customer.FromInt64(1), customer.FromInt64(2)
	var atoms []customer.AtomID
	for i := range 3000 {
		atoms = append(atoms, fakeAtom(i+1))
	}
	w.feed.created(alice, atoms...)
	w.feed.created(bob, fakeAtom(5000))
	_, err := p.Sync(ctx, w.now, w.feed)
	require.NoError(t, err)
	k.follow(p, 0)
	before := w.want(p, w.now)
	require.Equal(t, before, k.rows)
	for i := range 4 {
		_, err = p.Add(ctx, w.now, Evidence{Atom: fakeAtom(1 + 900*i), ID: "1", Source: "shop", Event: "order", Time: w.now})
		require.NoError(t, err)
	}
	_, err = p.Sync(ctx, w.now, nil)
	require.NoError(t, err)
	k.follow(p, 0)
	before = w.want(p, w.now)

	w.feed.moved(alice, bob, atoms[:2999]...)
	mortal := &Profiles{s: crashAfter(s, 2, false), o: p.o}
	mortal.schema.Store(p.schema.Load())
	_, err = mortal.Sync(ctx, w.now, w.feed)
	require.ErrorIs(t, err, errCrash)
	at, err := p.position(ctx)
	require.NoError(t, err)
	require.False(t, at.settled())
	done, err := p.Sync(ctx, w.now, nil)
	require.NoError(t, err)
	require.Zero(t, done.Rows)
	k.follow(p, 0)
	require.Equal(t, before, k.rows)

	_, err = p.Sync(ctx, w.now, w.feed)
	require.NoError(t, err)
	k.follow(p, 0)
	require.Equal(t, w.want(p, w.now), k.rows)
}

func TestSyncCancelled(t *testing.T) {
	w := newSyncWorld(t, 1)
	p := w.open(new(store.Memory), nil)
	w.feed.created(customer.FromInt64(1), fakeAtom(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.Sync(ctx, w.now, w.feed)
	require.ErrorIs(t, err, context.Canceled)
	_, err = p.Sync(ctx, w.now, nil)
	require.ErrorIs(t, err, context.Canceled)
}
