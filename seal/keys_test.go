package seal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// remote is a wrapper that is not in the process: it counts its calls, and fails for the
// keys that it is told.
type remote struct {
	seal.Wrapper
	wraps, unwraps, now, most atomic.Int64
	fail                      func(binding []byte) error
	wait                      func() // in Unwrap
}

func (r *remote) enter(binding []byte) error {
	now := r.now.Add(1)
	for most := r.most.Load(); now > most && !r.most.CompareAndSwap(most, now); {
		most = r.most.Load()
	}
	if r.fail != nil {
		return r.fail(binding)
	}
	return nil
}

func (r *remote) Wrap(ctx context.Context, key, binding []byte) ([]byte, error) {
	r.wraps.Add(1)
	defer r.now.Add(-1)
	if err := r.enter(binding); err != nil {
		return nil, err
	}
	return r.Wrapper.Wrap(ctx, key, binding)
}

func (r *remote) Unwrap(ctx context.Context, wrapped, binding []byte) ([]byte, error) {
	r.unwraps.Add(1)
	defer r.now.Add(-1)
	if err := r.enter(binding); err != nil {
		return nil, err
	}
	if r.wait != nil {
		r.wait()
	}
	return r.Wrapper.Unwrap(ctx, wrapped, binding)
}

// gets returns s with the number of its Gets.
func gets(s store.Store) (store.Store, *int) {
	n := new(int)
	return store.Observed(s, func(_ context.Context, c store.Call) func(store.Outcome) {
		if c.Method == "Get" {
			*n++
		}
		return nil
	}), n
}

func atomOf(i int) customer.AtomID { return customer.AtomID{byte(i), byte(i >> 8)} }

// TestKeysAsKey: Keys is what Key says of each, for any state, order, repetition, wrapper
// and size of the cache.
func TestKeysAsKey(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		var s store.Memory
		for _, w := range []seal.Wrapper{local(t, 1), &remote{Wrapper: local(t, 1)}} {
			maker := vault(t, &s, w, &seal.Options{Tenant: "a"})
			sealed := map[customer.AtomID][]byte{}
			for i := range 40 {
				atom := atomOf(i)
				switch rnd.IntN(4) {
				case 0:
					destroy(t, &s, maker, atom)
				case 1:
				default:
					if _, err := maker.Key(t.Context(), atom); errors.Is(err, seal.ErrNoKey) {
						create(t, &s, maker, atom)
					}
				}
			}
			one := vault(t, &s, w, &seal.Options{Tenant: "a"})
			size := []int{-1, 1, 7, 0}[round%4]
			counted, n := gets(&s)
			many := vault(t, counted, w, &seal.Options{Tenant: "a", Cache: size})
			for range 3 {
				atoms := make([]customer.AtomID, rnd.IntN(60))
				for i := range atoms {
					atoms[i] = atomOf(rnd.IntN(50))
				}
				*n = 0
				found, err := many.Keys(t.Context(), atoms...)
				require.NoError(t, err)
				require.Len(t, found, len(atoms))
				require.LessOrEqual(t, *n, 1)
				for i, f := range found {
					want, err := one.Key(t.Context(), atoms[i])
					require.Equal(t, err, f.Err)
					require.Equal(t, err != nil, f.Key == nil)
					if err != nil {
						continue
					}
					if sealed[atoms[i]] == nil {
						sealed[atoms[i]] = want.Seal(nil, []byte("v"), "f", 1)
					}
					opened, err := f.Key.Open(nil, sealed[atoms[i]], "f", 1)
					require.NoError(t, err)
					require.Equal(t, "v", string(opened))
				}
			}
		}
	}
}

func TestKeysAreReadOnce(t *testing.T) {
	var s store.Memory
	counted, n := gets(store.Limited(&s, store.MinLimits))
	w := &remote{Wrapper: local(t, 1)}
	v := vault(t, counted, w, &seal.Options{Cache: 5000})
	var atoms []customer.AtomID
	var b store.Batch
	for i := range 2500 {
		if i%500 == 0 {
			_, err := s.Commit(t.Context(), &b)
			require.NoError(t, err)
			b = store.Batch{}
		}
		_, err := v.Create(t.Context(), &b, atomOf(i))
		require.NoError(t, err)
		atoms = append(atoms, atomOf(i), atomOf(i))
	}
	_, err := s.Commit(t.Context(), &b)
	require.NoError(t, err)
	found, err := v.Keys(t.Context(), atoms...)
	require.NoError(t, err)
	require.Equal(t, 3, *n, "a get takes 1000 keys")
	require.EqualValues(t, 2500, w.unwraps.Load())
	for _, f := range found {
		require.NoError(t, f.Err)
	}
	_, err = v.Keys(t.Context(), atoms...)
	require.NoError(t, err)
	require.Equal(t, 3, *n, "all are at hand")

	found, err = v.Keys(t.Context())
	require.NoError(t, err)
	require.Empty(t, found)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = v.Keys(ctx, atoms...)
	require.ErrorIs(t, err, context.Canceled)
}

// TestKeysTogether: the calls of a service that is far away overlap, but are no more than 16.
func TestKeysTogether(t *testing.T) {
	var s store.Memory
	w := &remote{Wrapper: local(t, 1)}
	v := vault(t, &s, w, &seal.Options{Cache: -1})
	var atoms []customer.AtomID
	for i := range 64 {
		create(t, &s, v, atomOf(i))
		atoms = append(atoms, atomOf(i))
	}
	// Each waits until 16 have come: this ends only if they come at once.
	gate := make(chan struct{}, 16)
	var come atomic.Int64
	w.wait = func() {
		if come.Add(1)%16 == 0 {
			for range 16 {
				gate <- struct{}{}
			}
		}
		<-gate
	}
	w.most.Store(0)
	_, err := v.Keys(t.Context(), atoms...)
	require.NoError(t, err)
	require.EqualValues(t, 16, w.most.Load())
	come.Store(0)
	w.most.Store(0)
	require.NoError(t, v.Rewrap(t.Context(), nil))
	require.EqualValues(t, 16, w.most.Load())
}

func TestKeysFailWithTheFirst(t *testing.T) {
	var s store.Memory
	w := &remote{Wrapper: local(t, 1)}
	v := vault(t, &s, w, nil)
	var atoms []customer.AtomID
	for i := range 200 {
		create(t, &s, v, atomOf(i))
		atoms = append(atoms, atomOf(i))
	}
	for range 200 {
		w.fail = func(binding []byte) error {
			for i := 40; i < 200; i++ {
				if atom := atomOf(i); bytes.HasSuffix(binding, atom[:]) {
					return fmt.Errorf("away %d", i)
				}
			}
			return nil
		}
		found, err := v.Keys(t.Context(), atoms...)
		require.EqualError(t, err, "seal: unwrap: away 40")
		require.Nil(t, found)
	}
	w.fail = nil
	found, err := v.Keys(t.Context(), atoms...)
	require.NoError(t, err)
	require.NoError(t, found[199].Err)

	// A record that is damaged, and a store that fails.
	var b store.Batch
	b.Put(atomKey(3), []byte("no record"))
	_, err = s.Commit(t.Context(), &b)
	require.NoError(t, err)
	v.Forget(atoms...)
	_, err = v.Keys(t.Context(), atoms...)
	require.ErrorIs(t, err, store.ErrCorrupt)
	require.NoError(t, s.Close())
	_, err = v.Keys(t.Context(), atoms...)
	require.ErrorIs(t, err, store.ErrClosed)
}

func TestKeysDestroyedWhileReadAreNotCached(t *testing.T) {
	var s store.Memory
	var once atomic.Bool
	w := &slow{Wrapper: local(t, 1), meanwhile: func() {}}
	v := vault(t, &s, w, nil)
	create(t, &s, v, atomOf(1))
	create(t, &s, v, atomOf(2))
	w.meanwhile = func() {
		if once.CompareAndSwap(false, true) {
			destroy(t, &s, v, atomOf(1))
		}
	}
	_, err := v.Keys(t.Context(), atomOf(1), atomOf(2))
	require.NoError(t, err, "they were read before")
	found, err := v.Keys(t.Context(), atomOf(1), atomOf(2))
	require.NoError(t, err)
	require.ErrorIs(t, found[0].Err, seal.ErrDestroyed)
	require.NoError(t, found[1].Err)
}

func TestKeysOfTheNilVault(t *testing.T) {
	var v *seal.Vault
	found, err := v.Keys(t.Context(), atomOf(1), atomOf(2))
	require.NoError(t, err)
	require.Len(t, found, 2)
	for _, f := range found {
		require.NoError(t, f.Err)
		require.Equal(t, []byte("\x00plain"), f.Key.Seal(nil, []byte("plain"), "f", 1))
	}
}
