package audit_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/store"
)

var update = flag.Bool("update", false, "write the golden files of the present formats")

// TestReleasedFormats: a log that was stored once can be read and verified for ever. The files have its keys and values
// in hexadecimal, and its export.
func TestReleasedFormats(t *testing.T) {
	s := new(store.Memory)
	l, err := audit.Open(s, &audit.Options{Origin: origin})
	require.NoError(t, err)
	for i := range 12 {
		require.NoError(t, l.Append(t.Context(), entry(i)))
		if i == 6 || i == 10 {
			_, _, err := l.Seal(t.Context(), start)
			require.NoError(t, err)
		}
	}
	var stored, export bytes.Buffer
	for _, e := range under(t, s, "") {
		fmt.Fprintf(&stored, "%s %s\n", hex.EncodeToString(e.Key), hex.EncodeToString(e.Value))
	}
	require.NoError(t, l.Export(t.Context(), &export))
	storedPath, exportPath := filepath.Join("testdata", "log_v1.txt"), filepath.Join("testdata", "export_v1.jsonl")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(storedPath, stored.Bytes(), 0o644))
		require.NoError(t, os.WriteFile(exportPath, export.Bytes(), 0o644))
	}
	want, err := os.ReadFile(storedPath)
	require.NoError(t, err)
	require.Equal(t, string(want), stored.String())
	wantExport, err := os.ReadFile(exportPath)
	require.NoError(t, err)
	require.Equal(t, string(wantExport), export.String())

	old := new(store.Memory)
	for line := range strings.Lines(string(want)) {
		var key, value []byte
		_, err := fmt.Sscanf(line, "%x %x", &key, &value)
		if err != nil { // an empty value
			_, err = fmt.Sscanf(line, "%x", &key)
		}
		require.NoError(t, err)
		put(t, old, key, append([]byte{}, value...))
	}
	l, err = audit.Open(old, &audit.Options{Origin: origin})
	require.NoError(t, err)
	for i, e := range all(t, l, nil) {
		require.Equal(t, *entry(i), e.Entry)
	}
	c, n, err := l.Seal(t.Context(), start)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, int64(12), c.Size)
	v, err := l.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, v.Err())
	_, v, err = audit.VerifyExport(t.Context(), bytes.NewReader(wantExport), origin, nil)
	require.NoError(t, err)
	require.NoError(t, v.Err())
}
