package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clientele-go/clientele/tools/internal/modules"
)

// tree is a small repository of the same form as this one.
var tree = map[string]string{
	"LICENSE":     "Do what you like.\n",
	"modules.txt": ".         api test\nstore/db  api test\nbench     vet\n",
	"go.mod":      "module example.com/shop\n\ngo 1.26.0\n",
	"shop.go":     "package shop\n\nimport \"example.com/shop/internal/deep\"\n\nconst Answer = deep.Answer\n",

	"internal/deep/deep.go": "package deep\n\nconst Answer = 42\n",
	"examples/lib/lib.go":   "package lib\n\nfunc init() { panic(\"an example was imported\") }\n",
	"tea/tea.go":            "package tea\n\nimport \"os\"\n\nfunc init() { _ = os.WriteFile(os.Getenv(\"TEA\"), nil, 0o666) }\n",
	"cmd/run/main.go":       "package main\n\nfunc main() {}\n",
	"store/db/go.mod":       "module example.com/shop/store/db\n\ngo 1.26.0\n\nreplace example.com/shop => ../..\n\nrequire example.com/shop v0.0.0\n",
	"store/db/db.go":        "package db\n\nimport \"example.com/shop\"\n\nconst Answer = shop.Answer\n",
	"bench/go.mod":          "module example.com/shop/bench\n\ngo 1.26.0\n",
	"bench/main.go":         "package main\n\nfunc main() {}\n",
}

const good = "package main\n\nimport (\n\t\"os\"\n\n\t\"example.com/shop/store/db\"\n)\n\nfunc main() { os.Exit(db.Answer - 42) }\n"

// lay writes the tree with what differs, and lets the go command find nothing elsewhere. It returns the root and the cache
// of modules.
func lay(t *testing.T, differs map[string]string) (root, cache string) {
	t.Helper()
	root, cache = t.TempDir(), t.TempDir()
	for _, files := range []map[string]string{tree, differs} {
		for name, text := range files {
			path := filepath.Join(root, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Setenv("GOMODCACHE", cache)
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOWORK", "off")
	t.Setenv("GOFLAGS", "-buildvcs=false")
	return root, cache
}

func TestRun(t *testing.T) {
	root, cache := lay(t, nil)
	made := filepath.Join(t.TempDir(), "tea")
	t.Setenv("TEA", made)
	if err := run(t.Context(), root, "v0.3.0", []byte(good)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(made); err != nil {
		t.Error("the program did not import a package that it does not use")
	}
	if left, err := os.ReadDir(cache); err != nil || len(left) > 0 {
		t.Errorf("left in the cache of modules: %v, %v", left, err)
	}
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		differs       map[string]string
		program, want string
	}{
		"a program that fails":           {nil, strings.Replace(good, "db.Answer - 42", "db.Answer", 1), "exit status 42"},
		"a program that does not build":  {nil, strings.Replace(good, "db.Answer", "db.Question", 1), "undefined: db.Question"},
		"a module that is not published": {nil, strings.Replace(good, "store/db", "bench", 1), "bench"},
		"an internal package":            {nil, strings.NewReplacer("store/db", "internal/deep", "db.", "deep.").Replace(good), "use of internal package"},
		"a file no zip can hold":         {map[string]string{"a:b.txt": ""}, good, "a:b.txt"},
		"a replaced stranger": {
			map[string]string{"store/db/go.mod": tree["store/db/go.mod"] + "\nreplace example.com/x => ../x\n"}, good, "replaces example.com/x",
		},
	} {
		t.Run(name, func(t *testing.T) {
			root, _ := lay(t, c.differs)
			if err := run(t.Context(), root, "v0.3.0", []byte(c.program)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestMade(t *testing.T) {
	root, _ := lay(t, nil)
	all, err := modules.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	all = modules.Published(all)
	const built = "program: go1.26\n\tpath\tp\n\tmod\tp\t(devel)\t\n\tdep\texample.com/shop\tv0.3.0\th1:a=\n\tdep\texample.com/shop/store/db\tv0.3.0\th1:b=\n"
	if err := made(built, all, "v0.3.0"); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"another version": strings.Replace(built, "db\tv0.3.0", "db\tv0.2.0", 1),
		"a missing one":   strings.Replace(built, "\tdep\texample.com/shop\tv0.3.0\th1:a=\n", "", 1),
		"a replaced one":  strings.Replace(built, "\th1:a=\n", "\n\t=>\t../shop\t(devel)\t\n", 1),
	} {
		if made(text, all, "v0.3.0") == nil {
			t.Errorf("%s was not noticed", name)
		}
	}
}
