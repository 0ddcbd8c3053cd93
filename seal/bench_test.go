package seal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// Sealing into memory of the caller allocates nothing, nor does opening; a blind index is one
// allocation.
func TestAllocations(t *testing.T) {
	race.Skip(t)
	var s store.Memory
	key := create(t, &s, vault(t, &s, local(t, 1), &seal.Options{Tenant: "shop"}), customer.AtomID{1})
	value, dst := []byte("+8613912345670"), make([]byte, 0, 64)
	sealed := key.Seal(nil, value, "phone", 1)
	require.LessOrEqual(t, testing.AllocsPerRun(1000, func() { key.Seal(dst, value, "phone", 1) }), 0.1)
	require.LessOrEqual(t, testing.AllocsPerRun(1000, func() { _, _ = key.Open(dst, sealed, "phone", 1) }), 0.1)
	x, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: secret(1)})
	require.NoError(t, err)
	kinds := []string{"profile/phone", "profile/email"}
	n := 0
	require.LessOrEqual(t, testing.AllocsPerRun(1000, func() { n++; x.Blind(kinds[n%2], "+8613912345670") }), 1.1)
}

func BenchmarkSeal(b *testing.B) {
	var s store.Memory
	key := create(b, &s, vault(b, &s, local(b, 1), nil), customer.AtomID{1})
	value, dst := make([]byte, 16), make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		dst = key.Seal(dst[:0], value, "phone", 1)
	}
}

func BenchmarkOpen(b *testing.B) {
	var s store.Memory
	key := create(b, &s, vault(b, &s, local(b, 1), nil), customer.AtomID{1})
	sealed, dst := key.Seal(nil, make([]byte, 16), "phone", 1), make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if dst, err = key.Open(dst[:0], sealed, "phone", 1); err != nil {
			b.Fatal(err)
		}
	}
}

// Kinds are put together by the caller, so they are not constants.
func BenchmarkBlind(b *testing.B) {
	x, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: secret(1)})
	require.NoError(b, err)
	kinds := []string{"profile/phone", "profile/email"}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		x.Blind(kinds[n%2], "+861391234567000")
	}
}

// The keys of a profile that are at hand.
func BenchmarkKeys(b *testing.B) {
	var s store.Memory
	v := vault(b, &s, local(b, 1), nil)
	var atoms []customer.AtomID
	for i := range 5 {
		create(b, &s, v, atomOf(i))
		atoms = append(atoms, atomOf(i))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Keys(b.Context(), atoms...); err != nil {
			b.Fatal(err)
		}
	}
}
