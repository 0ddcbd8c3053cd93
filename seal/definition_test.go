package seal_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// TestByDefinition opens and commits with nothing but the bytes of the key.
func TestByDefinition(t *testing.T) {
	for _, tenant := range []string{"", "shop", "店铺"} {
		var s store.Memory
		w := &reusing{Wrapper: local(t, 1)}
		v := vault(t, &s, w, &seal.Options{Tenant: tenant})
		atom := customer.AtomID{1, 2, 3}
		create(t, &s, v, atom)
		k, err := v.Key(t.Context(), atom)
		require.NoError(t, err)
		for _, field := range []string{"", "phone", "地址"} {
			for _, value := range []string{"", "+8613912345670", string(make([]byte, 100_000))} {
				sealed := k.Seal([]byte("x"), []byte(value), field, 300)[1:]
				require.EqualValues(t, 1, sealed[0])
				block, err := aes.NewCipher(w.raw)
				require.NoError(t, err)
				gcm, err := cipher.NewGCM(block)
				require.NoError(t, err)
				place := wire.New("seal", 1)
				place.Text(tenant)
				place.Bytes(atom[:])
				place.Text(field)
				place.Uint(300)
				opened, err := gcm.Open(nil, sealed[1:13], sealed[13:], place.Data())
				require.NoError(t, err)
				require.Equal(t, value, string(opened))

				said := wire.New("seal/commitment", 1)
				said.Text(tenant)
				said.Bytes(atom[:])
				said.Text(field)
				said.Bytes([]byte(value))
				derived, err := hkdf.Key(sha256.New, w.raw, nil, "clientele commitment", 32)
				require.NoError(t, err)
				mac := hmac.New(sha256.New, derived)
				mac.Write(said.Data())
				require.Equal(t, mac.Sum(nil), k.Commitment([]byte(value), field))
			}
		}
	}
}
