package audit_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// A commitment in a sealed entry shows which value it was to who has the key of the atom. Once the key is destroyed nobody can
// hold a guess against it, and the log verifies as before.
func TestCommitmentOfValue(t *testing.T) {
	ctx := t.Context()
	s := new(store.Memory)
	wrapper, err := seal.NewLocal(bytes.Repeat([]byte{1}, seal.KeyBytes))
	require.NoError(t, err)
	vault, err := seal.NewVault(s, wrapper, nil)
	require.NoError(t, err)
	log, err := audit.Open(s, nil)
	require.NoError(t, err)

	atom, phone := customer.AtomID{9}, "+8613912345670"
	b := new(store.Batch)
	key, err := vault.Create(ctx, b, atom)
	require.NoError(t, err)
	require.NoError(t, log.Queue(b, &audit.Entry{
		Time: start, Actor: "agent-7", Action: "phone.change", Customer: customer.FromInt64(1), Atom: atom,
		Commitments: []audit.Commitment{{Name: "phone", Sum: key.Commitment([]byte(phone), "phone")}},
	}))
	_, err = s.Commit(ctx, b)
	require.NoError(t, err)
	checkpoint, _, err := log.Seal(ctx, start)
	require.NoError(t, err)
	entry, err := log.Entry(ctx, 0)
	require.NoError(t, err)
	sum := entry.Commitments[0].Sum

	// is tells whether a guess is the value, as far as who has the store and the wrapping key can.
	is := func(guess string) (bool, error) {
		vault, err := seal.NewVault(s, wrapper, nil)
		require.NoError(t, err)
		key, err := vault.Key(ctx, entry.Atom)
		if err != nil {
			return false, err
		}
		return bytes.Equal(sum, key.Commitment([]byte(guess), "phone")), nil
	}
	right, err := is(phone)
	require.NoError(t, err)
	require.True(t, right)
	wrong, err := is("+8613912345671")
	require.NoError(t, err)
	require.False(t, wrong)

	end := new(store.Batch)
	vault.Destroy(end, atom)
	_, err = s.Commit(ctx, end)
	require.NoError(t, err)
	_, err = is(phone)
	require.ErrorIs(t, err, seal.ErrDestroyed)
	again := new(store.Batch)
	_, err = vault.Create(ctx, again, atom)
	require.NoError(t, err)
	_, err = s.Commit(ctx, again)
	require.ErrorIs(t, err, store.ErrConflict, "nor can there be another key")
	// What is left does not follow from the value without the key: a key of nobody, or of another atom, has another sum.
	other, err := vault.Create(ctx, new(store.Batch), customer.AtomID{8})
	require.NoError(t, err)
	nobodys, err := (*seal.Vault)(nil).Key(ctx, atom)
	require.NoError(t, err)
	for _, k := range []*seal.Key{other, nobodys} {
		require.NotEqual(t, sum, k.Commitment([]byte(phone), "phone"))
	}
	var left []byte
	for e, err := range s.Scan(ctx, store.Range{}) {
		require.NoError(t, err)
		left = fmt.Appendf(left, "%s\n%s\n", e.Key, e.Value)
	}
	require.Contains(t, string(left), string(sum))
	require.NotContains(t, string(left), "13912345670")

	found, err := log.Verify(ctx, &audit.VerifyOptions{Trusted: []audit.Checkpoint{checkpoint}})
	require.NoError(t, err)
	require.NoError(t, found.Err())
}
