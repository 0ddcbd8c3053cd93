// Package dataset finds the published data sets that tests read. They are not part of the
// repository: where there is no folder of them the test is skipped, and where there is one
// without the set it fails, so that no test stays away unnoticed.
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
// folder that CLIENTELE_DATA names, or else in shared/data beside the repository. Without such a
// folder the test is skipped; in a folder that lacks the file it fails.
func Path(t TB, name string) string {
	t.Helper()
	path, ok := Find(name)
	switch {
	case path == "":
		t.Skipf("data set %s is not here; set %s to the folder that has it", name, variable)
	case !ok:
		t.Fatalf("data set %s is missing among the others: %s", name, path)
	}
	return path
}

// Find is Path for who has something else to do where the file is absent. Then the path is
// where it should be, and empty where there is no folder of data sets.
func Find(name string) (path string, ok bool) {
	folder := folder()
	if folder == "" {
		return "", false
	}
	path = filepath.Join(folder, filepath.FromSlash(name))
	_, err := os.Stat(path)
	return path, err == nil
}

// folder is that of the data sets, "" for none.
func folder() string {
	if named := os.Getenv(variable); named != "" {
		return named
	}
	at, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if found := filepath.Join(at, "shared", "data"); isFolder(found) {
			return found
		}
		up := filepath.Dir(at)
		if up == at {
			return ""
		}
		at = up
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
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
