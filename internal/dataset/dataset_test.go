package dataset_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
)

func TestOpen(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "set"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "set", "plain.csv"), []byte("plain"), 0o600))
	packed, err := os.Create(filepath.Join(folder, "set", "packed.csv.gz"))
	require.NoError(t, err)
	z := gzip.NewWriter(packed)
	_, err = z.Write([]byte("packed"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, packed.Close())

	read := func(name string) string {
		t.Helper()
		text, err := io.ReadAll(dataset.Open(t, name))
		require.NoError(t, err)
		return string(text)
	}
	t.Run("named folder", func(t *testing.T) {
		t.Setenv("CLIENTELE_DATA", folder)
		require.Equal(t, "plain", read("set/plain.csv"))
		require.Equal(t, "packed", read("set/packed.csv.gz"))
	})
	t.Run("beside the repository", func(t *testing.T) {
		t.Setenv("CLIENTELE_DATA", "")
		root := t.TempDir()
		below := filepath.Join(root, "repository", "package")
		require.NoError(t, os.MkdirAll(below, 0o755))
		require.NoError(t, os.MkdirAll(filepath.Join(root, "shared"), 0o755))
		require.NoError(t, os.Symlink(folder, filepath.Join(root, "shared", "data")))
		t.Chdir(below)
		require.Equal(t, "plain", read("set/plain.csv"))
	})
	skipped := true
	t.Run("absent", func(t *testing.T) {
		t.Setenv("CLIENTELE_DATA", folder)
		dataset.Path(t, "set/none.csv")
		skipped = false
	})
	require.True(t, skipped)
}
