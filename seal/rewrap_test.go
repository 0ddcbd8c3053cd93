package seal_test

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// TestRewrapAgain: where a key is destroyed or goes while its commit is made, the commit is
// made again without it, and the others are not wrapped twice.
func TestRewrapAgain(t *testing.T) {
	const n = 200
	for name, end := range map[string]func(s store.Store, v *seal.Vault, atom customer.AtomID){
		"destroyed": func(s store.Store, v *seal.Vault, atom customer.AtomID) { destroy(t, s, v, atom) },
		"deleted": func(s store.Store, _ *seal.Vault, atom customer.AtomID) {
			var b store.Batch
			b.Delete(append([]byte("key/"), atom[:]...))
			_, err := s.Commit(t.Context(), &b)
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var s store.Memory
			before := vault(t, &s, local(t, 1), nil)
			var keys [n]*seal.Key
			for i := range n {
				keys[i] = create(t, &s, before, atomOf(i))
			}
			w := &remote{Wrapper: local(t, 2, 1)}
			v := vault(t, &s, w, nil)
			var gone atomic.Bool
			w.fail = func(binding []byte) error {
				if last := atomOf(n - 1); bytes.HasSuffix(binding, last[:]) && gone.CompareAndSwap(false, true) {
					end(&s, v, atomOf(5))
				}
				return nil
			}
			require.NoError(t, v.Rewrap(t.Context(), nil))
			require.True(t, gone.Load())
			require.LessOrEqual(t, w.wraps.Load(), int64(n))
			after := vault(t, &s, local(t, 2), nil)
			for i := range n {
				k, err := after.Key(t.Context(), atomOf(i))
				if i == 5 {
					require.True(t, errors.Is(err, seal.ErrNoKey) || errors.Is(err, seal.ErrDestroyed), "%v", err)
					continue
				}
				require.NoError(t, err)
				_, err = k.Open(nil, keys[i].Seal(nil, nil, "f", 1), "f", 1)
				require.NoError(t, err)
			}
		})
	}
}

// TestRewrapBrokenOff: whatever call of the service or of the store is the last that
// succeeds, every key can be unwrapped, and calling again does the rest.
func TestRewrapBrokenOff(t *testing.T) {
	const n = 600
	errOff := errors.New("off")
	for _, calls := range []int64{0, 1, 100, 700, 1000, 1199} {
		var s store.Memory
		before := vault(t, &s, local(t, 1), nil)
		for i := range n {
			create(t, &s, before, atomOf(i))
		}
		w := &remote{Wrapper: local(t, 2, 1)}
		var left atomic.Int64
		left.Store(calls)
		w.fail = func([]byte) error {
			if left.Add(-1) < 0 {
				return errOff
			}
			return nil
		}
		done := int64(0)
		require.ErrorIs(t, vault(t, &s, w, nil).Rewrap(t.Context(), func(d, _ int64) { done = d }), errOff)
		require.Zero(t, done%256)
		readable(t, &s, local(t, 2, 1), n)
		w.fail = nil
		require.NoError(t, vault(t, &s, w, nil).Rewrap(t.Context(), func(d, _ int64) { done = d }))
		require.EqualValues(t, n, done)
		readable(t, &s, local(t, 2), n)
	}

	// The outcome of the second commit is not known, whether it was made or not.
	for _, made := range []bool{false, true} {
		var s store.Memory
		before := vault(t, &s, local(t, 1), nil)
		for i := range n {
			create(t, &s, before, atomOf(i))
		}
		lost := &lostOutcome{Store: &s, at: 2, made: made}
		require.ErrorIs(t, vault(t, lost, local(t, 2, 1), nil).Rewrap(t.Context(), nil), store.ErrUnknownOutcome)
		readable(t, &s, local(t, 2, 1), n)
		require.NoError(t, vault(t, lost, local(t, 2, 1), nil).Rewrap(t.Context(), nil))
		readable(t, &s, local(t, 2), n)
	}
}

func readable(t *testing.T, s store.Store, w seal.Wrapper, n int) {
	t.Helper()
	var atoms []customer.AtomID
	for i := range n {
		atoms = append(atoms, atomOf(i))
	}
	found, err := vault(t, s, w, nil).Keys(t.Context(), atoms...)
	require.NoError(t, err)
	for _, f := range found {
		require.NoError(t, f.Err)
	}
}

// lostOutcome is a store that can't tell whether one of its commits was made.
type lostOutcome struct {
	store.Store
	at   int
	made bool
}

func (s *lostOutcome) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if s.at--; s.at != 0 {
		return s.Store.Commit(ctx, b)
	}
	if s.made {
		if _, err := s.Store.Commit(ctx, b); err != nil {
			return 0, err
		}
	}
	return 0, store.ErrUnknownOutcome
}
