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
	t.Run("no folder", func(t *testing.T) {
		t.Setenv("CLIENTELE_DATA", "")
		t.Chdir(t.TempDir())
		var s said
		dataset.Path(&s, "set/plain.csv")
		require.Equal(t, said{skipped: true}, s)
		path, ok := dataset.Find("set/plain.csv")
		require.Empty(t, path)
		require.False(t, ok)
	})
	t.Run("missing in the folder", func(t *testing.T) {
		for _, named := range []string{folder, filepath.Join(folder, "none")} {
			t.Setenv("CLIENTELE_DATA", named)
			var s said
			dataset.Path(&s, "set/none.csv")
			require.Equal(t, said{failed: true}, s)
			path, ok := dataset.Find("set/none.csv")
			require.Equal(t, filepath.Join(named, "set", "none.csv"), path)
			require.False(t, ok)
		}
	})
}

// said is what became of a test.
type said struct{ skipped, failed bool }

func (*said) Helper()                 {}
func (s *said) Skipf(string, ...any)  { s.skipped = true }
func (s *said) Fatalf(string, ...any) { s.failed = true }
func (*said) Cleanup(func())          {}
