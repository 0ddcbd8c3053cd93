package rfm_test

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// dataFile opens a real data set, which may be gzipped. The data is not part
// of the repository: where it is absent the test is skipped.
func dataFile(t *testing.T, name string) io.Reader {
	t.Helper()
	dir := os.Getenv("CLIENTELE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Skipf("data set %s is not here; set CLIENTELE_DATA to its folder", name)
	}
	t.Cleanup(func() { f.Close() })
	if !strings.HasSuffix(name, ".gz") {
		return f
	}
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	return z
}

func readCSV(t *testing.T, name string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(dataFile(t, name)).ReadAll()
	require.NoError(t, err)
	return rows[1:]
}
