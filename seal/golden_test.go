package seal_test

import (
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

var update = flag.Bool("update", false, "write the golden files of the present formats")

// TestReleasedFormats: what was sealed once can be opened for ever. The file has, in
// hexadecimal, the record of a key, a value sealed under it and a blind index.
func TestReleasedFormats(t *testing.T) {
	path := filepath.Join("testdata", "sealed_v1")
	var s store.Memory
	v := vault(t, &s, local(t, 42), &seal.Options{Tenant: "shop"})
	index, err := seal.NewIndex(seal.IndexKey{Version: 3, Key: secret(43)})
	require.NoError(t, err)
	if *update {
		sealed := create(t, &s, v, customer.AtomID{7}).Seal(nil, []byte("客户"), "name", 2)
		entries, err := s.Get(t.Context(), atomKey(7))
		require.NoError(t, err)
		lines := []string{hex.EncodeToString(entries[0].Value), hex.EncodeToString(sealed), hex.EncodeToString(index.Blind("phone", "+8613912345670"))}
		require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644))
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var stored [][]byte
	for line := range strings.FieldsSeq(string(data)) {
		b, err := hex.DecodeString(line)
		require.NoError(t, err)
		stored = append(stored, b)
	}
	var b store.Batch
	b.Put(atomKey(7), stored[0])
	var fresh store.Memory
	_, err = fresh.Commit(t.Context(), &b)
	require.NoError(t, err)
	key, err := vault(t, &fresh, local(t, 42), &seal.Options{Tenant: "shop"}).Key(t.Context(), customer.AtomID{7})
	require.NoError(t, err)
	value, err := key.Open(nil, stored[1], "name", 2)
	require.NoError(t, err)
	require.Equal(t, "客户", string(value))
	require.Equal(t, stored[2], index.Blind("phone", "+8613912345670"))
}
