package dataset_test

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
)

func TestBitmaps(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("CLIENTELE_DATA", folder)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "gaps.txt"), []byte("a 3,1,10\nb 4294967295\n"), 0o600))
	f, err := os.Create(filepath.Join(folder, "members.zip"))
	require.NoError(t, err)
	z := zip.NewWriter(f)
	for _, text := range []string{"3,4,14\n", "4294967295"} {
		w, err := z.Create(text[:1])
		require.NoError(t, err)
		_, err = w.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())

	want := [][]uint32{{3, 4, 14}, {1<<32 - 1}}
	require.Equal(t, want, dataset.Bitmaps(t, "gaps.txt"))
	require.Equal(t, want, dataset.Bitmaps(t, "members.zip"))
}
