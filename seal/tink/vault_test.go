package tink_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/seal/tink"
	"github.com/clientele-go/clientele/store"
)

// vault is one that asks the wrapper for each key.
func vault(t testing.TB, s store.Store, w seal.Wrapper, tenant string) *seal.Vault {
	v, err := seal.NewVault(s, w, &seal.Options{Tenant: tenant, Cache: -1})
	require.NoError(t, err)
	return v
}

func commit(t testing.TB, s store.Store, b *store.Batch) {
	_, err := s.Commit(t.Context(), b)
	require.NoError(t, err)
}

// add makes the key of an atom and seals a value under it.
func add(ctx context.Context, s store.Store, v *seal.Vault, atom customer.AtomID) error {
	var b store.Batch
	key, err := v.Create(ctx, &b, atom)
	if err != nil {
		return err
	}
	b.Put(valuePlace(atom), key.Seal(nil, value(atom), "name", 1))
	_, err = s.Commit(ctx, &b)
	return err
}

// put is add, or the end of the test.
func put(t testing.TB, s store.Store, v *seal.Vault, atom customer.AtomID) {
	t.Helper()
	require.NoError(t, add(t.Context(), s, v, atom))
}

// get opens the value of an atom.
func get(ctx context.Context, s store.Store, v *seal.Vault, atom customer.AtomID) ([]byte, error) {
	key, err := v.Key(ctx, atom)
	if err != nil {
		return nil, err
	}
	entries, err := s.Get(ctx, valuePlace(atom))
	if err != nil {
		return nil, err
	}
	return key.Open(nil, entries[0].Value, "name", 1)
}

// whole fails unless the values of all atoms open.
func whole(t testing.TB, s store.Store, v *seal.Vault, atoms []customer.AtomID) {
	t.Helper()
	for _, atom := range atoms {
		got, err := get(t.Context(), s, v, atom)
		require.NoError(t, err)
		require.Equal(t, value(atom), got)
	}
}

func valuePlace(atom customer.AtomID) []byte { return append([]byte("value/"), atom[:]...) }
func keyPlace(atom customer.AtomID) []byte   { return append([]byte("key/"), atom[:]...) }
func value(atom customer.AtomID) []byte      { return append([]byte("张三 "), atom[:]...) }

func atoms(n int) (ids []customer.AtomID) {
	for i := range n {
		ids = append(ids, customer.AtomID{byte(i >> 8), byte(i), 7})
	}
	return ids
}

// ring is a keyset under way.
type ring struct{ *keyset.Manager }

func (r ring) add(t testing.TB) (id uint32) {
	id, err := r.Add(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	return id
}

// wrapper wraps by the keyset as it is now.
func (r ring) wrapper(t testing.TB) seal.Wrapper {
	handle, err := r.Handle()
	require.NoError(t, err)
	return tink.New(primitive(t, handle))
}

func newRing(t testing.TB) (r ring, first uint32) {
	r = ring{keyset.NewManager()}
	first = r.add(t)
	require.NoError(t, r.SetPrimary(first))
	return r, first
}

func TestVault(t *testing.T) {
	each(t, func(t *testing.T, w seal.Wrapper) {
		var memory store.Memory
		s := store.Limited(&memory, store.MinLimits)
		ids := atoms(3)
		v := vault(t, s, w, "shop")
		for _, atom := range ids {
			put(t, s, v, atom)
		}
		whole(t, s, vault(t, s, w, "shop"), ids)

		_, err := get(t.Context(), s, vault(t, s, w, "other shop"), ids[0])
		require.ErrorContains(t, err, "seal: unwrap: tink: ", "bound to the tenant")
		entries, err := s.Get(t.Context(), keyPlace(ids[0]))
		require.NoError(t, err)
		var moved store.Batch
		moved.Put(keyPlace(ids[1]), entries[0].Value)
		commit(t, s, &moved)
		_, err = get(t.Context(), s, v, ids[1])
		require.ErrorContains(t, err, "seal: unwrap: tink: ", "bound to the atom")

		var end store.Batch
		v.Destroy(&end, ids[0])
		commit(t, s, &end)
		_, err = get(t.Context(), s, v, ids[0])
		require.ErrorIs(t, err, seal.ErrDestroyed)
		whole(t, s, v, ids[2:])
	})
}

// by tells which key of a keyset wrapped the key of an atom.
func by(t testing.TB, s store.Store, atom customer.AtomID, ids ...uint32) (found uint32) {
	entries, err := s.Get(t.Context(), keyPlace(atom))
	require.NoError(t, err)
	for _, id := range ids {
		if bytes.Contains(entries[0].Value, binary.BigEndian.AppendUint32([]byte{1}, id)) { // Tink's prefix
			found = id
		}
	}
	require.NotZero(t, found)
	return found
}

func TestRotation(t *testing.T) {
	r, first := newRing(t)
	var s store.Memory
	ids := atoms(600) // three commits
	before := r.wrapper(t)
	for _, atom := range ids[:590] {
		put(t, &s, vault(t, &s, before, "shop"), atom)
	}
	var end store.Batch
	vault(t, &s, before, "shop").Destroy(&end, ids[0])
	commit(t, &s, &end)
	live := ids[1:]

	// Added, and some processes have it; then primary, and some are still before.
	second := r.add(t)
	added := r.wrapper(t)
	require.NoError(t, r.SetPrimary(second))
	turned := r.wrapper(t)
	for _, atom := range ids[590:595] {
		put(t, &s, vault(t, &s, added, "shop"), atom)
	}
	for _, atom := range ids[595:] {
		put(t, &s, vault(t, &s, turned, "shop"), atom)
	}
	whole(t, &s, vault(t, &s, added, "shop"), live)
	whole(t, &s, vault(t, &s, turned, "shop"), live)
	require.Equal(t, first, by(t, &s, ids[594], first, second))
	require.Equal(t, second, by(t, &s, ids[595], first, second))

	// Wrapping anew is broken off, and called again.
	broken := errors.New("broken")
	var left atomic.Int64
	left.Store(300)
	v := vault(t, &s, failing{turned, func() error {
		if left.Add(-1) < 0 {
			return broken
		}
		return nil
	}}, "shop")
	require.ErrorIs(t, v.Rewrap(t.Context(), nil), broken)
	require.Equal(t, second, by(t, &s, live[0], first, second))
	require.Equal(t, first, by(t, &s, ids[589], first, second))
	whole(t, &s, vault(t, &s, turned, "shop"), live)
	var done int64
	require.NoError(t, vault(t, &s, turned, "shop").Rewrap(t.Context(), func(n, _ int64) { done = n }))
	require.EqualValues(t, len(ids), done)
	for _, atom := range live {
		require.Equal(t, second, by(t, &s, atom, first, second))
	}

	// The old key is not needed any more, and the destroyed one stays so.
	require.NoError(t, r.Delete(first))
	v = vault(t, &s, r.wrapper(t), "shop")
	whole(t, &s, v, live)
	_, err := v.Key(t.Context(), ids[0])
	require.ErrorIs(t, err, seal.ErrDestroyed)
}

// failing may refuse to wrap. err is called by several goroutines at once.
type failing struct {
	seal.Wrapper
	err func() error
}

func (f failing) Wrap(ctx context.Context, key, binding []byte) ([]byte, error) {
	if err := f.err(); err != nil {
		return nil, err
	}
	return f.Wrapper.Wrap(ctx, key, binding)
}

func TestKeyOfTheKeysetIsGone(t *testing.T) {
	r, first := newRing(t)
	var s store.Memory
	atom := customer.AtomID{1}
	put(t, &s, vault(t, &s, r.wrapper(t), "shop"), atom)
	second := r.add(t)
	require.NoError(t, r.SetPrimary(second))

	refused := func() {
		v := vault(t, &s, r.wrapper(t), "shop")
		_, err := v.Key(t.Context(), atom)
		require.ErrorContains(t, err, "seal: unwrap: tink: ")
		require.NotErrorIs(t, err, seal.ErrNoKey)
		require.NotErrorIs(t, err, seal.ErrDestroyed)
		require.Error(t, v.Rewrap(t.Context(), nil), "nothing is passed over in silence")
		require.Equal(t, first, by(t, &s, atom, first, second), "the record is left as it is")
	}
	require.NoError(t, r.Disable(first))
	refused()
	require.NoError(t, r.Enable(first))
	whole(t, &s, vault(t, &s, r.wrapper(t), "shop"), []customer.AtomID{atom})
	require.NoError(t, r.Delete(first))
	refused()
}

func TestConcurrentUse(t *testing.T) {
	r, first := newRing(t)
	var s store.Memory
	ids := atoms(200)
	old := r.wrapper(t)
	for _, atom := range ids[:100] {
		put(t, &s, vault(t, &s, old, "shop"), atom)
	}
	second := r.add(t)
	require.NoError(t, r.SetPrimary(second))
	v := vault(t, &s, r.wrapper(t), "shop") // one vault and one wrapper for all
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < 100; i += 4 {
				if got, err := get(t.Context(), &s, v, ids[i]); err != nil || !bytes.Equal(got, value(ids[i])) {
					t.Errorf("atom %d: %q, %v", i, got, err)
				}
				if err := add(t.Context(), &s, v, ids[100+i]); err != nil {
					t.Errorf("atom %d: %v", 100+i, err)
				}
			}
		})
	}
	wg.Go(func() {
		if err := v.Rewrap(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	whole(t, &s, v, ids)
	for _, atom := range ids {
		require.Equal(t, second, by(t, &s, atom, first, second))
	}
}
