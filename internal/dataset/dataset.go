// Package dataset finds the published data sets that tests read. They are not part of the
// repository: where one is absent the test is skipped.
package dataset

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// TB is what this package needs of a test, of package testing. Not safe for concurrent use.
type TB interface {
	Helper()                           // as of testing.TB
	Skipf(format string, args ...any)  // as of testing.TB
	Fatalf(format string, args ...any) // as of testing.TB
	Cleanup(f func())                  // as of testing.TB
}

// variable names the environment variable with the folder of the data sets.
const variable = "CLIENTELE_DATA"

// Path returns the path of a file of the data sets, such as "cdnow/CDNOW_master.txt.gz": in the
// folder that CLIENTELE_DATA names, or else in shared/data beside the repository. Where it is
// not there the test is skipped.
func Path(t TB, name string) string {
	t.Helper()
	path, ok := Find(name)
	if !ok {
		t.Skipf("data set %s is not here; set %s to the folder that has it", name, variable)
	}
	return path
}

// Find is Path for who has something else to do where the file is absent.
func Find(name string) (path string, ok bool) {
	there := func(folder string) bool {
		path = filepath.Join(folder, filepath.FromSlash(name))
		_, err := os.Stat(path)
		return err == nil
	}
	if folder := os.Getenv(variable); folder != "" {
		return path, there(folder)
	}
	at, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if there(filepath.Join(at, "shared", "data")) {
			return path, true
		}
		up := filepath.Dir(at)
		if up == at {
			return "", false
		}
		at = up
	}
}

// Open opens the file of Path until the end of the test; one whose name ends in .gz it unpacks.
func Open(t TB, name string) io.Reader {
	t.Helper()
	f, err := os.Open(Path(t, name))
	if err != nil {
		t.Fatalf("data set %s: %v", name, err)
	}
	t.Cleanup(func() { f.Close() })
	if !strings.HasSuffix(name, ".gz") {
		return f
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("data set %s: %v", name, err)
	}
	return z
}
