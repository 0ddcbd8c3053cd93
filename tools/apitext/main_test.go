package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const shop = `package shop

import (
	"context"
	"errors"
	"iter"
)

const (
	Answer       = 42
	Third        = 1.0 / 3
	Name         = "a\tb"
	Red    Color = iota
	hidden       = 1
)

var ErrGone = errors.New("shop: gone")

type Color uint8

func (c Color) String() string { return "" }

type base struct{ Depth int }

func (base) Promoted() {}

type Order struct {
	base
	Color
	ID    string ` + "`json:\"id\"`" + `
	Apply func(name string, deep func(x int) error) bool
	note  string
}

func (o *Order) Add(ctx context.Context, lines ...int) (n int, err error) { return 0, nil }
func (o *Order) hide() {}

type Table[K comparable] struct{ IDs []K }

func (t *Table[K]) All() iter.Seq2[int, K] { return nil }

func New[K comparable](ids []K, less func(a, b K) int) *Table[K] { return nil }

type Reader interface {
	Read(p []byte) (n int, err error)
	sealed()
}

type Number interface{ ~int | ~float64 }

type Pair[T any] = map[string]T

func internalOnly() {}
`

// want follows the language specification, not the program: each line was written by hand from the source above.
const want = `const Answer untyped int = 42
const Name untyped string = "a\tb"
const Red Color = 3
const Third untyped float = 0.3333333333333333
func New[K comparable]([]K, func(K, K) int) *Table[K]
method (*Order) Add(context.Context, ...int) (int, error)
method (*Table[K]) All() iter.Seq2[int, K]
method (Color) String() string
method (Order) Promoted()
method (Order) String() string
type Color uint8
type Number interface{~int | ~float64}
type Order struct
type Order struct, Apply func(string, func(int) error) bool
type Order struct, Depth int
type Order struct, ID string "json:\"id\""
type Order struct, embedded Color
type Pair[T any] = map[string]T
type Reader interface with unexported methods
type Reader interface, Read([]byte) (int, error)
type Table[K comparable] struct
type Table[K comparable] struct, IDs []K
var ErrGone error
`

// module lays out a small tree of modules and returns its directory.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                "module example.com/shop\n\ngo 1.26.0\n",
		"shop.go":               shop,
		"internal/deep/deep.go": "package deep\n\nfunc Exported() {}\n",
		"examples/lib/lib.go":   "package lib\n\nfunc Exported() {}\n",
		"cmd/run/main.go":       "package main\n\nfunc Exported() {}\n\nfunc main() {}\n",
		"a/b/b.go":              "package b\n\nfunc F() {}\n",
		"empty/empty.go":        "package empty\n",
		"nested/go.mod":         "module example.com/shop/nested\n\ngo 1.26.0\n",
		"nested/n.go":           "package nested\n\nvar V int\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDescribe(t *testing.T) {
	files, err := describe(module(t), []string{".", "nested"})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(files["shop.txt"], "\n") + "\n"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	for name, lines := range map[string][]string{"a-b.txt": {"func F()"}, "nested.txt": {"var V int"}} {
		if !slices.Equal(files[name], lines) {
			t.Errorf("%s: got %q, want %q", name, files[name], lines)
		}
	}
	if len(files) != 3 {
		t.Errorf("got %d files, want 3: commands, internal packages, examples and empty packages have no API", len(files))
	}
}

func TestRunWritesThenAgreesThenFindsEveryChange(t *testing.T) {
	root := module(t)
	dir := filepath.Join(root, "api")
	if err := run(root, dir, []string{"."}, true); err == nil {
		t.Fatal("check passed although no text was written yet")
	}
	stale := filepath.Join(dir, "gone.txt")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stale, []byte("func Gone()\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(root, dir, []string{"."}, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Error("the text of a package that is gone was kept")
	}
	if err := run(root, dir, []string{"."}, true); err != nil {
		t.Fatalf("check after writing: %v", err)
	}
	edited := strings.Replace(shop, "Answer       = 42", "Answer       = 43", 1)
	if err := os.WriteFile(filepath.Join(root, "shop.go"), []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(root, dir, []string{"."}, true); err == nil || !strings.Contains(err.Error(), "make api") {
		t.Fatalf("check after a change: %v", err)
	}
}

func TestRunRefusesCodeThatDoesNotCompile(t *testing.T) {
	root := module(t)
	if err := os.WriteFile(filepath.Join(root, "a/b/b.go"), []byte("package b\n\nfunc F() int {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(root, filepath.Join(root, "api"), []string{"."}, false); err == nil {
		t.Fatal("broken code was described")
	}
}

func TestDiff(t *testing.T) {
	was := map[string][]string{"a.txt": {"func A()", "func B()"}, "gone.txt": {"var V int"}}
	now := map[string][]string{"a.txt": {"func A()", "func B(int)"}, "new.txt": {"var W int"}}
	want := []string{"a.txt: - func B()", "a.txt: + func B(int)", "gone.txt: - var V int", "new.txt: + var W int"}
	if got := diff(was, now); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := diff(was, was); got != nil {
		t.Errorf("equal sides differ: %q", got)
	}
}
