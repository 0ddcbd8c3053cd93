package store_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

var update = flag.Bool("update", false, "write the golden files of the present formats")

// TestReleasedFormats: what was stored once can be read for ever. A format that
// changes gets a file of its own beside the old one.
func TestReleasedFormats(t *testing.T) {
	path := filepath.Join("testdata", "snapshot_v1")
	if *update {
		var s store.Memory
		put(t, &s, "a\x00\xff", "", "once", "\x64once\x01")
		put(t, &s, "text", "客户")
		require.NoError(t, s.Save(t.Context(), path))
	}
	var s store.Memory
	require.NoError(t, s.Load(t.Context(), path))
	var dump bytes.Buffer
	require.NoError(t, store.Dump(t.Context(), &s, store.Range{}, &dump))
	require.Equal(t, `{"key":"a%00%FF","version":1,"raw":""}
{"key":"once","version":1,"kind":"once","format":1}
{"key":"text","version":2,"raw":"5a6i5oi3"}
`, dump.String())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(data, []byte("clientele store snapshot 1\n")))
}
