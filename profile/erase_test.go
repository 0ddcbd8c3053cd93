package profile

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// TestEraseLeavesNothing erases a customer who had evidence retracted, was merged and has
// many pages, and is interrupted at every commit.
func TestEraseLeavesNothing(t *testing.T) {
	for _, made := range []bool{false, true} {
		f, s := newFakeFeed(), smallest()
		p := follower(s)
		a, b, other := customer.FromInt64(1), customer.FromInt64(2), customer.FromInt64(3)
		f.created(a, fakeAtoms(1, 2, 3, 4)...)
		f.created(b, fakeAtoms(5)...)
		f.created(other, fakeAtoms(6, 7)...)
		_, err := p.follow(t.Context(), f.clock(), f)
		require.NoError(t, err)
		for n := range 7 {
			plant(t, s, fakeAtom(n+1), 450)
		}
		f.moved(a, customer.ID{}, fakeAtoms(2, 3)...) // retracted: 2 for good, 3 comes back elsewhere
		f.moved(a, other, fakeAtoms(4)...)
		f.attached(other, fakeAtoms(3)...)
		f.moved(other, customer.ID{}, fakeAtoms(7)...)
		f.merged(b, a)
		f.erased(a)
		for crashes := 0; ; crashes++ {
			_, err := follower(crashAfter(s, 1, made)).follow(t.Context(), f.clock(), f)
			if err == nil {
				require.Greater(t, crashes, 4)
				break
			}
			require.ErrorIs(t, err, errCrash)
			for _, id := range []customer.ID{a, b} {
				_, _, err := p.members(t.Context(), id, moment{known: never})
				require.ErrorIs(t, err, ErrErased, "at once")
			}
		}
		left := secrets(t, s)
		for n, want := range []bool{false, false, true, true, false, true, true} {
			require.Equal(t, want, left[fakeAtom(n+1)], fmt.Sprint(n+1))
		}
		for range s.Scan(t.Context(), store.Under(key('m', a[:]))) {
			require.Fail(t, "an atom of an erased customer")
		}
		for e, err := range s.Scan(t.Context(), store.Under(key('d'))) {
			require.NoError(t, err)
			id, err := nameOf(e.Key)
			require.NoError(t, err)
			require.NotEqual(t, a, id, "when the row of an erased customer was due")
		}
		for _, n := range []int{1, 2, 5} {
			heads, err := p.heads(t.Context(), fakeAtoms(n))
			require.NoError(t, err)
			require.True(t, heads[0].erased)
			require.Empty(t, heads[0].claims)
		}
	}
}

// A row that was folded before its customer was erased is not written after it, whether the
// customer waited, was due or was one of all that are folded anew, and whether others have
// since folded it too.
func TestEraseBeforeRowIsWritten(t *testing.T) {
	for _, why := range []string{"waits", "due", "refold"} {
		for _, folded := range []bool{false, true} {
			t.Run(fmt.Sprint(why, folded), func(t *testing.T) {
				f, s := newFakeFeed(), &intruded{Store: smallest()}
				p, other := openSync(t, s), openSync(t, s.Store)
				id, now := customer.FromInt64(1), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
				say := func(n int) {
					_, err := p.Add(t.Context(), now, Evidence{Atom: fakeAtom(n), ID: now.String(), Source: "shop", Event: "order", Time: now})
					require.NoError(t, err)
				}
				for n := range 3 {
					f.created(customer.FromInt64(int64(n)), fakeAtom(n))
					say(n)
				}
				_, err := p.Sync(t.Context(), now, f)
				require.NoError(t, err)
				switch now = now.Add(time.Minute); why {
				case "waits":
					say(1)
				case "due":
					now = now.AddDate(0, 0, 5)
				case "refold":
					require.NoError(t, p.Refold(t.Context()))
				}
				s.before = func() {
					f.erased(id)
					if _, err := other.follow(t.Context(), f.clock(), f); folded && err == nil {
						_, err = other.Sync(t.Context(), now, f)
						require.NoError(t, err)
					} else {
						require.NoError(t, err)
					}
				}
				_, err = p.Sync(t.Context(), now, f)
				require.NoError(t, err)
				require.Nil(t, s.before, "nothing came between")
				k := newKeeper(t)
				k.follow(p, 0)
				require.NotContains(t, k.rows, id)
				require.Len(t, k.rows, 2)
				e, err := s.Get(t.Context(), rowKey(id))
				require.NoError(t, err)
				require.Zero(t, e[0].Version)
			})
		}
	}
}

func openSync(t *testing.T, s store.Store) *Profiles {
	p, err := openTest(t, s, syncSchema(), nil)
	require.NoError(t, err)
	return p
}
