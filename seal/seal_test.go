package seal_test

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

func secret(b byte) []byte { return bytes.Repeat([]byte{b}, seal.KeyBytes) }

func local(t testing.TB, keys ...byte) *seal.Local {
	var raw [][]byte
	for _, k := range keys {
		raw = append(raw, secret(k))
	}
	l, err := seal.NewLocal(raw...)
	require.NoError(t, err)
	return l
}

func vault(t testing.TB, s store.Store, w seal.Wrapper, o *seal.Options) *seal.Vault {
	v, err := seal.NewVault(s, w, o)
	require.NoError(t, err)
	return v
}

// create makes and commits a key.
func create(t testing.TB, s store.Store, v *seal.Vault, atom customer.AtomID) *seal.Key {
	var b store.Batch
	k, err := v.Create(t.Context(), &b, atom)
	require.NoError(t, err)
	_, err = s.Commit(t.Context(), &b)
	require.NoError(t, err)
	return k
}

func destroy(t testing.TB, s store.Store, v *seal.Vault, atoms ...customer.AtomID) {
	var b store.Batch
	v.Destroy(&b, atoms...)
	_, err := s.Commit(t.Context(), &b)
	require.NoError(t, err)
	v.Forget(atoms...)
}

func TestSealedOpensInItsPlaceAlone(t *testing.T) {
	var s store.Memory
	v := vault(t, &s, local(t, 1), &seal.Options{Tenant: "a"})
	key := create(t, &s, v, customer.AtomID{1})
	for _, value := range [][]byte{nil, []byte("x"), []byte("张三"), make([]byte, 5000)} {
		sealed := key.Seal([]byte("before"), value, "name", 2)
		require.LessOrEqual(t, len(sealed), len("before")+len(value)+seal.Overhead)
		require.True(t, bytes.HasPrefix(sealed, []byte("before")))
		sealed = sealed[len("before"):]
		require.NotEqual(t, sealed, key.Seal(nil, value, "name", 2), "a nonce is never used again")

		again, err := v.Key(t.Context(), customer.AtomID{1})
		require.NoError(t, err)
		opened, err := again.Open([]byte("before"), sealed, "name", 2)
		require.NoError(t, err)
		require.Equal(t, "before"+string(value), string(opened))

		_, err = key.Open(nil, sealed, "name", 3)
		require.ErrorIs(t, err, seal.ErrOpen)
		_, err = key.Open(nil, sealed, "nam", 2)
		require.ErrorIs(t, err, seal.ErrOpen)
		_, err = create(t, &s, v, customer.AtomID{byte(len(value)), 9}).Open(nil, sealed, "name", 2)
		require.ErrorIs(t, err, seal.ErrOpen)
	}
}

func TestChangedBytesDoNotOpen(t *testing.T) {
	var s store.Memory
	key := create(t, &s, vault(t, &s, local(t, 1), nil), customer.AtomID{1})
	sealed := key.Seal(nil, []byte("value"), "name", 1)
	for i := range sealed {
		_, err := key.Open(nil, sealed[:i], "name", 1)
		require.ErrorIs(t, err, seal.ErrOpen)
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		_, err = key.Open(nil, changed, "name", 1)
		require.ErrorIs(t, err, seal.ErrOpen)
	}
}

func TestKeysOfAnotherTenantOrWrapper(t *testing.T) {
	var s store.Memory
	create(t, &s, vault(t, &s, local(t, 1), &seal.Options{Tenant: "a"}), customer.AtomID{1})
	_, err := vault(t, &s, local(t, 1), &seal.Options{Tenant: "b"}).Key(t.Context(), customer.AtomID{1})
	require.ErrorIs(t, err, seal.ErrOpen, "bound to the tenant")
	_, err = vault(t, &s, local(t, 2), &seal.Options{Tenant: "a"}).Key(t.Context(), customer.AtomID{1})
	require.ErrorIs(t, err, seal.ErrOpen)

	// A wrapped key moved to another atom does not unwrap.
	entries, err := s.Get(t.Context(), append([]byte("key/"), make([]byte, 16)...), atomKey(1))
	require.NoError(t, err)
	var b store.Batch
	b.Put(atomKey(2), entries[1].Value)
	_, err = s.Commit(t.Context(), &b)
	require.NoError(t, err)
	_, err = vault(t, &s, local(t, 1), &seal.Options{Tenant: "a"}).Key(t.Context(), customer.AtomID{2})
	require.ErrorIs(t, err, seal.ErrOpen)
}

func atomKey(n byte) []byte {
	atom := customer.AtomID{n}
	return append([]byte("key/"), atom[:]...)
}

func TestDestroyedForGood(t *testing.T) {
	var s store.Memory
	v := vault(t, &s, local(t, 1), nil)
	atom, never := customer.AtomID{1}, customer.AtomID{2}
	_, err := v.Key(t.Context(), atom)
	require.ErrorIs(t, err, seal.ErrNoKey)
	create(t, &s, v, atom)
	_, err = v.Key(t.Context(), atom)
	require.NoError(t, err)
	destroy(t, &s, v, atom, never)
	for _, a := range []customer.AtomID{atom, never} {
		_, err = v.Key(t.Context(), a)
		require.ErrorIs(t, err, seal.ErrDestroyed)
		var b store.Batch
		_, err = v.Create(t.Context(), &b, a)
		require.NoError(t, err)
		_, err = s.Commit(t.Context(), &b)
		require.ErrorIs(t, err, store.ErrConflict)
	}
}

func TestOnlyOneCreates(t *testing.T) {
	var s store.Memory
	v := vault(t, &s, local(t, 1), nil)
	var first, second store.Batch
	for _, b := range []*store.Batch{&first, &second} {
		_, err := v.Create(t.Context(), b, customer.AtomID{1})
		require.NoError(t, err)
	}
	_, err := s.Commit(t.Context(), &first)
	require.NoError(t, err)
	_, err = s.Commit(t.Context(), &second)
	require.ErrorIs(t, err, store.ErrConflict)
}

func TestCacheHoldsNoMoreThanItMay(t *testing.T) {
	for _, size := range []int{-1, 1, 3} {
		var s store.Memory
		gets := 0
		counted := store.Observed(&s, func(_ context.Context, c store.Call) func(store.Outcome) {
			if c.Method == "Get" {
				gets++
			}
			return nil
		})
		v := vault(t, counted, local(t, 1), &seal.Options{Cache: size})
		for i := range byte(10) {
			create(t, &s, v, customer.AtomID{i})
		}
		for i := range byte(10) {
			for range 2 {
				_, err := v.Key(t.Context(), customer.AtomID{i})
				require.NoError(t, err)
			}
		}
		want := 10
		if size < 0 {
			want = 20
		}
		require.Equal(t, want, gets)
		for i := range byte(10) { // of these at most size are at hand
			_, err := v.Key(t.Context(), customer.AtomID{i})
			require.NoError(t, err)
		}
		require.GreaterOrEqual(t, gets, want+10-max(size, 0))
	}
}

// slow unwraps while something else happens.
type slow struct {
	seal.Wrapper
	meanwhile func()
}

func (s *slow) Unwrap(ctx context.Context, wrapped, binding []byte) ([]byte, error) {
	s.meanwhile()
	return s.Wrapper.Unwrap(ctx, wrapped, binding)
}

func TestAKeyDestroyedWhileItIsReadIsNotCached(t *testing.T) {
	var s store.Memory
	w := &slow{Wrapper: local(t, 1), meanwhile: func() {}}
	v := vault(t, &s, w, nil)
	create(t, &s, v, customer.AtomID{1})
	w.meanwhile = func() { destroy(t, &s, v, customer.AtomID{1}) }
	_, err := v.Key(t.Context(), customer.AtomID{1})
	require.NoError(t, err, "it was read before")
	_, err = v.Key(t.Context(), customer.AtomID{1})
	require.ErrorIs(t, err, seal.ErrDestroyed)
}

func TestRewrap(t *testing.T) {
	const n = 1000
	atom := func(i int) customer.AtomID { return customer.AtomID{byte(i), byte(i >> 8)} }
	var s store.Memory
	old := vault(t, store.Limited(&s, store.MinLimits), local(t, 1), nil)
	sealed := map[int][]byte{}
	for i := range n {
		sealed[i] = create(t, &s, old, atom(i)).Seal(nil, []byte("value"), "f", 1)
	}
	destroy(t, &s, old, atom(7))

	both := vault(t, store.Limited(&s, store.MinLimits), local(t, 2, 1), nil)
	var wg sync.WaitGroup
	wg.Go(func() { // somebody is destroyed meanwhile
		for i := 100; i < 200; i++ {
			destroy(t, &s, both, atom(i))
		}
	})
	var done int64
	require.NoError(t, both.Rewrap(t.Context(), func(d, _ int64) { done = d }))
	wg.Wait()
	require.EqualValues(t, n, done)

	fresh := vault(t, &s, local(t, 2), nil)
	for i := range n {
		k, err := fresh.Key(t.Context(), atom(i))
		if i == 7 || i >= 100 && i < 200 {
			require.ErrorIs(t, err, seal.ErrDestroyed, "%d", i)
			continue
		}
		require.NoError(t, err)
		value, err := k.Open(nil, sealed[i], "f", 1)
		require.NoError(t, err)
		require.Equal(t, "value", string(value))
	}
	require.ErrorIs(t, vault(t, &s, local(t, 3), nil).Rewrap(t.Context(), nil), seal.ErrOpen)
	require.NoError(t, vault(t, new(store.Memory), local(t, 3), nil).Rewrap(t.Context(), nil))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, fresh.Rewrap(ctx, nil), context.Canceled)
}

// away is a key service that does not answer.
type away struct{}

var errAway = errors.New("away")

func (away) Wrap(context.Context, []byte, []byte) ([]byte, error)   { return nil, errAway }
func (away) Unwrap(context.Context, []byte, []byte) ([]byte, error) { return nil, errAway }

func TestErrorsOfTheWrapper(t *testing.T) {
	var s store.Memory
	create(t, &s, vault(t, &s, local(t, 1), nil), customer.AtomID{1})
	v := vault(t, &s, away{}, nil)
	_, err := v.Create(t.Context(), new(store.Batch), customer.AtomID{2})
	require.ErrorIs(t, err, errAway)
	_, err = v.Key(t.Context(), customer.AtomID{1})
	require.ErrorIs(t, err, errAway)
	require.ErrorIs(t, v.Rewrap(t.Context(), nil), errAway)
}

func TestDamagedRecord(t *testing.T) {
	var s store.Memory
	v := vault(t, &s, local(t, 1), &seal.Options{Cache: -1})
	create(t, &s, v, customer.AtomID{1})
	entries, err := s.Get(t.Context(), atomKey(1))
	require.NoError(t, err)
	good := entries[0].Value
	for i := range good {
		for _, value := range [][]byte{good[:i], append(bytes.Clone(good[:i]), append([]byte{good[i] ^ 1}, good[i+1:]...)...)} {
			var b store.Batch
			b.Put(atomKey(1), value)
			_, err := s.Commit(t.Context(), &b)
			require.NoError(t, err)
			_, err = v.Key(t.Context(), customer.AtomID{1})
			require.True(t, errors.Is(err, store.ErrCorrupt) || errors.Is(err, seal.ErrOpen), "byte %d: %v", i, err)
		}
	}
}

func TestNilVault(t *testing.T) {
	var v *seal.Vault
	var b store.Batch
	k, err := v.Create(t.Context(), &b, customer.AtomID{1})
	require.NoError(t, err)
	v.Destroy(&b, customer.AtomID{1})
	v.Forget(customer.AtomID{1})
	require.NoError(t, v.Rewrap(t.Context(), nil))
	require.Empty(t, b)
	sealed := k.Seal(nil, []byte("plain"), "f", 1)
	k, err = v.Key(t.Context(), customer.AtomID{1})
	require.NoError(t, err)
	value, err := k.Open(nil, sealed, "f", 1)
	require.NoError(t, err)
	require.Equal(t, "plain", string(value))

	var s store.Memory
	real := create(t, &s, vault(t, &s, local(t, 1), nil), customer.AtomID{1})
	_, err = real.Open(nil, sealed, "f", 1)
	require.ErrorIs(t, err, seal.ErrOpen, "plain values are not taken for sealed ones")
	_, err = k.Open(nil, real.Seal(nil, nil, "f", 1), "f", 1)
	require.ErrorIs(t, err, seal.ErrOpen)
}

// TestNothingReadable: neither values nor keys are in the store.
func TestNothingReadable(t *testing.T) {
	var s store.Memory
	v := vault(t, &s, local(t, 1), nil)
	index, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: secret(9)})
	require.NoError(t, err)
	planted := "+8613912345670"
	var b store.Batch
	k, err := v.Create(t.Context(), &b, customer.AtomID{1})
	require.NoError(t, err)
	b.Put(index.Blind("phone", planted), k.Seal(nil, []byte(planted), "phone", 1))
	_, err = s.Commit(t.Context(), &b)
	require.NoError(t, err)
	var dump bytes.Buffer
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		dump.Write(e.Key)
		dump.Write(e.Value)
	}
	for _, part := range []string{planted, planted[3:], string(secret(1)[:8]), string(secret(9)[:8])} {
		require.NotContains(t, dump.String(), part)
	}
}

func TestOptionsOfKeys(t *testing.T) {
	_, err := seal.NewLocal()
	require.Error(t, err)
	_, err = seal.NewLocal(secret(1), []byte("short"))
	require.ErrorContains(t, err, "key 1: seal: key of 5 bytes, want 32")
	_, err = seal.NewLocal(secret(1), secret(1))
	require.ErrorContains(t, err, "key 1: given twice")
	_, err = seal.NewIndex()
	require.Error(t, err)
	for _, keys := range [][]seal.IndexKey{{{Version: 0, Key: secret(1)}}, {{Version: 1, Key: secret(1)}, {Version: 1, Key: secret(2)}}, {{Version: 1}}} {
		_, err = seal.NewIndex(keys...)
		require.ErrorContains(t, err, "index key")
	}
	_, err = seal.NewVault(new(store.Memory), local(t, 1), &seal.Options{Prefix: make([]byte, 1024)})
	require.ErrorContains(t, err, "Options.Prefix")
}

// TestBlind computes the index by its definition.
func TestBlind(t *testing.T) {
	x, err := seal.NewIndex(seal.IndexKey{Version: 7, Key: secret(7)}, seal.IndexKey{Version: 3, Key: secret(3)})
	require.NoError(t, err)
	want := func(version uint32, raw []byte, kind, value string) []byte {
		key, err := hkdf.Key(sha256.New, raw, nil, "clientele blind index\x00"+kind, 32)
		require.NoError(t, err)
		h := hmac.New(sha256.New, key)
		h.Write([]byte(value))
		return append(binary.BigEndian.AppendUint32(nil, version), h.Sum(nil)[:16]...)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, kind := range []string{"", "phone", "email"} {
				for _, value := range []string{"", "a", "张三", string(make([]byte, 1000))} {
					seven, three := want(7, secret(7), kind, value), want(3, secret(3), kind, value)
					if !bytes.Equal(seven, x.Blind(kind, value)) || !bytes.Equal(three, x.All(kind, value)[1]) || !bytes.Equal(seven, x.All(kind, value)[0]) {
						t.Errorf("blind index of %q of kind %q", value, kind)
					}
				}
			}
		})
	}
	wg.Wait()
	var none *seal.Index
	require.Equal(t, [][]byte{none.Blind("phone", "1")}, none.All("phone", "1"))
	require.Len(t, none.Blind("phone", "1"), seal.BlindBytes)
}

func FuzzOpen(f *testing.F) {
	var s store.Memory
	key := create(f, &s, vault(f, &s, local(f, 1), nil), customer.AtomID{1})
	f.Add([]byte{1})
	f.Add([]byte{0, 'a'})
	f.Add(make([]byte, 60))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := key.Open(nil, data, "f", 1)
		require.ErrorIs(t, err, seal.ErrOpen)
	})
}
