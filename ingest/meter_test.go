package ingest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMeter(t *testing.T) {
	require.Nil(t, Meter(&bytes.Buffer{}))
	require.Nil(t, Meter(nil))
	require.Nil(t, Meter((*os.File)(nil)))
	file, err := os.Create(filepath.Join(t.TempDir(), "errors"))
	require.NoError(t, err)
	defer file.Close()
	require.Nil(t, Meter(file), "a file is no terminal")

	var shown bytes.Buffer
	show := meter(&shown)
	show(1<<20, 3<<20)
	show(2<<20+5, 3<<20)
	show(3<<20, 3<<20)
	show(7<<20, -1)
	show(0, 0)
	require.Equal(t, "\rread 1 of 3 MiB\rread 2 of 3 MiB\r\x1b[K\rread 7 MiB\r\x1b[K", shown.String())
}
