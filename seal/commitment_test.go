package seal_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
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
