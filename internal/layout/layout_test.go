package layout

import (
	"bytes"
	"go/importer"
	"go/token"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const repository = "../.."

var readRepository = sync.OnceValues(func() (*tree, error) { return readTree(os.DirFS(repository)) })

func TestRules(t *testing.T) {
	tr, err := readRepository()
	require.NoError(t, err)
	require.NotEmpty(t, tr.libraries(), "no library was found, so nothing would be checked")
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, fault := range r.check(tr) {
				t.Error(fault)
			}
		})
	}
}

func TestNoInternalTypeInAPI(t *testing.T) {
	tr, err := readRepository()
	require.NoError(t, err)
	exportData := compile(t)
	imp := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exportData[path])
	})
	for _, p := range tr.libraries() {
		if p.module != "." || p.internal() {
			continue
		}
		typed, err := imp.Import(root + "/" + p.dir)
		require.NoError(t, err)
		for _, fault := range internalInAPI(typed) {
			t.Error(fault)
		}
	}
}

// compile returns the file with the compiled types of every package of the root module and of all they import.
func compile(t *testing.T) map[string]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}", "./...")
	cmd.Dir = repository
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		files[path] = file
	}
	return files
}

// TestSize prints how many names each package exports. Too many is a reason to think, not a failure.
func TestSize(t *testing.T) {
	tr, err := readRepository()
	require.NoError(t, err)
	for _, p := range tr.libraries() {
		types, names := size(p)
		note := ""
		if types > maxTypes || names > maxIdentifiers {
			note = "  more than it should"
		}
		t.Logf("%-20s %3d types %3d identifiers%s", p.dir, types, names, note)
	}
}

// size counts exported types, and all exported names with methods but without fields.
func size(p *pkg) (types, names int) {
	list := exports(p)
	for _, e := range list {
		if e.kind == "type" {
			types++
		}
	}
	return types, len(list)
}

func TestTableIsClosed(t *testing.T) {
	for _, from := range slices.Sorted(maps.Keys(edges)) {
		for _, to := range edges[from] {
			require.Contains(t, edges, to, "%s may import %s, which has no row", from, to)
		}
	}
}
