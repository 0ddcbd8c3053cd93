package seal_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

func TestCommitment(t *testing.T) {
	var s store.Memory
	v := vault(t, &s, local(t, 1), &seal.Options{Tenant: "shop"})
	one, other := create(t, &s, v, customer.AtomID{1}), create(t, &s, v, customer.AtomID{2})
	sum := one.Commitment([]byte("+8613912345670"), "phone")
	require.Len(t, sum, 32)
	require.Equal(t, sum, one.Commitment([]byte("+8613912345670"), "phone"))
	require.NotEqual(t, sum, one.Commitment([]byte("+8613912345671"), "phone"))
	require.NotEqual(t, sum, one.Commitment([]byte("+8613912345670"), "mobile"))
	require.NotEqual(t, sum, other.Commitment([]byte("+8613912345670"), "phone"))

	// The key of a nil vault, by the definition.
	plain, err := (*seal.Vault)(nil).Key(t.Context(), customer.AtomID{})
	require.NoError(t, err)
	w := wire.New("seal/commitment", 1)
	w.Text("")
	w.Bytes(make([]byte, 16))
	w.Text("a")
	w.Bytes([]byte("b"))
	mac := hmac.New(sha256.New, nil)
	mac.Write(w.Data())
	require.Equal(t, mac.Sum(nil), plain.Commitment([]byte("b"), "a"))

	// Read again from the store it is the same.
	v.Forget(customer.AtomID{1})
	again, err := v.Key(t.Context(), customer.AtomID{1})
	require.NoError(t, err)
	require.Equal(t, sum, again.Commitment([]byte("+8613912345670"), "phone"))
}

// Many commit with one key at the same time.
func TestCommitmentsTogether(t *testing.T) {
	var s store.Memory
	k := create(t, &s, vault(t, &s, local(t, 1), nil), customer.AtomID{1})
	var want [50][]byte
	for i := range want {
		want[i] = k.Commitment([]byte{byte(i)}, "phone")
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range want {
				if !bytes.Equal(want[i], k.Commitment([]byte{byte(i)}, "phone")) {
					t.Error(i)
				}
			}
		})
	}
	group.Wait()
}

// A wrapper that uses its bytes again does not change a key.
func TestKeyOfItsOwn(t *testing.T) {
	var s store.Memory
	w := &reusing{Wrapper: local(t, 1)}
	k := create(t, &s, vault(t, &s, w, nil), customer.AtomID{1})
	again, err := vault(t, &s, w, nil).Key(t.Context(), customer.AtomID{1})
	require.NoError(t, err)
	clear(w.raw)
	require.Equal(t, k.Commitment([]byte("a"), "b"), again.Commitment([]byte("a"), "b"))
}

// Opening a key derives nothing from it, and a commitment uses again what computed the one before.
func TestCommitmentIsLazy(t *testing.T) {
	race.Skip(t)
	var s store.Memory
	v := vault(t, &s, local(t, 1), &seal.Options{Cache: -1})
	k := create(t, &s, v, customer.AtomID{1})
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { k.Commitment([]byte("a"), "b") }), 3.0)
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _ = v.Key(t.Context(), customer.AtomID{1}) }), 15.0)
}

type reusing struct {
	seal.Wrapper
	raw []byte
}

func (r *reusing) Unwrap(ctx context.Context, wrapped, binding []byte) (raw []byte, err error) {
	r.raw, err = r.Wrapper.Unwrap(ctx, wrapped, binding)
	return r.raw, err
}

func BenchmarkCommitment(b *testing.B) {
	var s store.Memory
	k := create(b, &s, vault(b, &s, local(b, 1), nil), customer.AtomID{1})
	b.ReportAllocs()
	for b.Loop() {
		k.Commitment([]byte("+8613912345670"), "phone")
	}
}

// Keys from the store that commit to nothing.
func BenchmarkKey(b *testing.B) {
	var s store.Memory
	v := vault(b, &s, local(b, 1), &seal.Options{Cache: -1})
	create(b, &s, v, customer.AtomID{1})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Key(b.Context(), customer.AtomID{1}); err != nil {
			b.Fatal(err)
		}
	}
}
