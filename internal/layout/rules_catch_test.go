package layout

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// clean is a small tree that keeps every rule and comes close to breaking many.
var clean = map[string]string{
	"go.mod":       "module " + root + "\n\ngo 1.26.0\n",
	"modules.txt":  "# modules\n. test api\nbench vet # cgo\n",
	"bench/go.mod": "module " + root + "/bench\n\ngo 1.26.0\n",
	"bench/main.go": `package main
import ("fmt"; "time"; "` + root + `/internal/day"; "github.com/some/peer")
func main() { fmt.Println(time.Now(), day.Of(1), peer.V) }`,
	"internal/day/day.go": `// Package day counts days.
package day
// Of gives the day.
func Of(n int) int { return n }`,
	"internal/day/day_test.go": `package day
import "fmt"
func init() { fmt.Println() }`,
	"table/table.go": `// Package table holds rows.
package table

import (
	"math/rand/v2"
	"time"

	"` + root + `/internal/day"
	"github.com/google/uuid"
)

// A Table holds rows, sorted or not, with OK set. It is not safe for
// concurrent use.
type Table[K comparable] struct {
	// Rows and Columns are counts.
	Rows    int
	Columns int

	Sorted bool
	OK     bool

	Name string // shown to people
	note string
}

// All gives the rows.
func (t *Table[K]) All() []K { return nil }

// A Source makes ids. Safe for concurrent use.
type Source interface {
	// Next makes one.
	Next() uuid.UUID
	ids()
}

// Kinds of columns.
const (
	Number = 1 // a number
	// Label is a word.
	Label = 2
)

// Small is the least size, Large the greatest.
const (
	Small = 1
	Large = 2
)

// Limit is a bound.
var Limit, limit = 1, 2

type hidden struct{ Field int }

func (hidden) Method() {}

// Draw draws.
func Draw(seed uint64) int {
	time := struct{ Now func() int }{func() int { return day.Of(1) }}
	return rand.New(rand.NewPCG(seed, 0)).IntN(10) + time.Now()
}

// Wait waits.
func Wait(d time.Duration) {}`,
	"table/gen.go": `//go:build ignore

package main
import ("fmt"; "time")
func main() { fmt.Println(time.Now()) }`,
	"table/table_test.go": `package table_test
import ("fmt"; "time"; "github.com/stretchr/testify/require"; "` + root + `/rfm")
var _ = time.Now
var _ = require.New
func Example() {
	fmt.Println(rfm.Score())
	// Output: 1
}`,
	"table/hostile_test.go": `package table_test
import "` + root + `/internal/hostiletest"
var _ = hostiletest.Table{"Draw": {Call: table.Draw, Names: "seed"}}
var _ = hostiletest.Exceptions{"Wait": "waits"}`,
	"rfm/rfm.go": `// Package rfm scores.
package rfm
import "` + root + `/table"
// Score scores.
func Score() int { return table.Draw(1) }`,
	"rfm/rfm_test.go": `package rfm
import "fmt"
func Example() {
	fmt.Print()
	// Output:
}`,
	"store/storetest/storetest.go": `// Package storetest tests stores.
package storetest
import ("testing"; "time"; "github.com/stretchr/testify/require")
// Run runs.
func Run(t *testing.T) { require.NotZero(t, time.Now()) }`,
	"examples/retail/main.go": `package main
import ("fmt"; "os"; "time"; "` + root + `/rfm")
func Exported() { fmt.Fprintln(os.Stdout, time.Now(), rfm.Score()) }
func main() {}`,
	"examples/shared/x.go":      `package shared; import _ "` + root + `/table"`,
	"examples/audience/main.go": `package main; import _ "` + root + `/examples/shared"`,
	"testdata/broken.go":        `not Go`,
}

// parse reads the clean tree with some of its files replaced.
func parse(t *testing.T, changed map[string]string) *tree {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, files := range []map[string]string{clean, changed} {
		for name, text := range files {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	tr, err := readTree(fsys)
	require.NoError(t, err)
	return tr
}

func TestRulesAcceptCleanTree(t *testing.T) {
	tr := parse(t, nil)
	for _, r := range rules {
		require.Empty(t, r.check(tr), r.name)
	}
}

// TestRulesCatch adds one file to the clean tree and wants exactly one fault, of that rule and no other.
func TestRulesCatch(t *testing.T) {
	const table = "// Package table holds rows.\npackage table\n"
	cases := []struct {
		rule, name, file, text, want string
	}{
		{"imports", "unlisted edge", "table/x.go", table + `import _ "` + root + `/rfm"`, "table/x.go:3: imports rfm: the edge is not in the table"},
		{"imports", "unlisted package", "newcomer/x.go", "// Package newcomer is new.\npackage newcomer\n", "newcomer: package is not in the table: add a row"},
		{"imports", "internal imports public", "internal/day/x.go", `package day; import _ "` + root + `/store"`, "an internal package imports only internal"},
		{"imports", "command imports internal", "examples/retail/x.go", `package main; import _ "` + root + `/internal/day"`, "a user cannot import internal"},
		{"imports", "package of examples imports internal", "examples/shared/y.go", `package shared; import _ "` + root + `/internal/day"`, "a user cannot import internal"},
		{"imports", "package imports example", "table/x.go", table + `import _ "` + root + `/examples/shared"`, "nothing imports examples but"},
		{"imports", "test imports example", "table/x_test.go", `package table; import _ "` + root + `/examples/retail"`, "nothing imports examples"},
		{"imports", "behind a build constraint", "table/x_arm64.go", table + `import _ "` + root + `/store"`, "imports store: the edge"},
		{"dependencies", "unknown module", "table/x.go", table + `import _ "github.com/some/thing"`, "imports github.com/some/thing: not among"},
		{"dependencies", "unknown module in a test", "table/x_test.go", `package table; import _ "github.com/some/thing"`, "not among"},
		{"dependencies", "older major version", "table/x.go", table + `import _ "github.com/RoaringBitmap/roaring"`, "not among"},
		{"dependencies", "testify in library code", "table/x.go", table + `import _ "github.com/stretchr/testify/require"`, "in tests and test suites only"},
		{"dependencies", "phone numbers elsewhere", "table/x.go", table + `import _ "github.com/nyaruka/phonenumbers"`, "allowed only in identity/normalize"},
		{"bans", "old math/rand", "table/x.go", table + `import _ "math/rand"`, "imports math/rand: use math/rand/v2"},
		{"bans", "old math/rand in a test", "table/x_test.go", `package table; import _ "math/rand"`, "imports math/rand: use"},
		{"bans", "old math/rand in a command", "bench/x.go", `package main; import _ "math/rand"`, "imports math/rand: use"},
		{"bans", "chance", "table/x.go", table + `import "math/rand/v2"; var x = rand.IntN(5)`, "uses math/rand/v2.IntN"},
		{"bans", "clock", "table/x.go", table + `import "time"; var x = time.Now`, "uses time.Now: time is an argument"},
		{"bans", "clock under another name", "table/x.go", table + `import t "time"; func f(u t.Time) any { return t.Since(u) }`, "uses time.Since"},
		{"bans", "clock in own scope", "table/x.go", table + `import . "time"; var x = Now()`, "imports time into its own scope"},
		{"bans", "clock in an id", "table/x.go", table + `import "github.com/google/uuid"; var x, _ = uuid.NewV7()`, "uses github.com/google/uuid.NewV7"},
		{"bans", "printing", "internal/day/x.go", `package day; import "fmt"; func f() { fmt.Printf("") }`, "uses fmt.Printf"},
		{"bans", "standard output", "table/x.go", table + `import "os"; var x = os.Stdout`, "uses os.Stdout"},
		{"bans", "builtin", "table/x.go", table + `func f() { println() }`, "uses println"},
		{"bans", "logging", "table/x.go", table + `import _ "log"`, "imports log"},
		{"bans", "default logger", "table/x.go", table + `import "log/slog"; func f() { slog.Info("") }`, "uses log/slog.Info"},
		{"documentation", "package", "store/store.go", "package store\n", "package store has no doc"},
		{"documentation", "function", "table/x.go", table + "func F() {}", "table/x.go:3: func F has no doc"},
		{"documentation", "directive only", "table/x.go", table + "//go:noinline\nfunc F() {}", "func F has no doc"},
		{"documentation", "method of a generic type", "table/x.go", table + "func (t *Table[K]) M() {}", "method Table.M has no doc"},
		{"documentation", "in a test suite", "store/storetest/x.go", "package storetest\nfunc F() {}", "func F has no doc"},
		{"documentation", "behind a build constraint", "table/x_arm64.go", table + "func F() {}", "func F has no doc"},
		{"documentation", "constant of a group", "table/x.go", table + "// Two.\nconst (\n\tA = 1 // one\n\tB = 2\n)", "const B has no doc"},
		{"documentation", "variable", "table/x.go", table + "var V int", "var V has no doc"},
		{"documentation", "field after an empty line", "table/x.go", table + "// T is safe for concurrent use.\ntype T struct {\n// A is.\nA int\n\nB int\n}", "field T.B has no doc"},
		{"documentation", "field not named by the type", "table/x.go", table + "// T has a side a, and is safe for concurrent use.\ntype T struct {\nSide int\nA int }", "field T.A has no doc"},
		{"documentation", "field below a comment behind a line", "table/x.go", table + "// T is safe for concurrent use.\ntype T struct {\nA int // one\nB int }", "field T.B has no doc"},
		{"documentation", "method of an interface", "table/x.go", table + "// T is safe for concurrent use.\ntype T interface {\n// A is.\nA()\nB()\n}", "method T.B has no doc"},
		{"concurrency", "none", "table/x.go", table + "// T is.\ntype T int", "type T says 0 of"},
		{"concurrency", "two", "table/x.go", table + "// T is safe for concurrent use but not safe for concurrent use.\ntype T = int", "type T says 2 of"},
		{"concurrency", "other words", "table/x.go", table + "type (\n// T is safe for concurrent readers.\nT struct{}\n)", "type T says 0 of"},
		{"examples", "none", "synth/x.go", "// Package synth is.\npackage synth\n// F does.\nfunc F() {}", "synth: no plain Example"},
		{"examples", "only of a name", "rfm/rfm_test.go", "package rfm\nfunc ExampleScore() {\n// Output:\n}", "rfm: no plain Example"},
		{"examples", "without output", "table/x_test.go", "package table\nfunc ExampleDraw() {}", "ExampleDraw checks no output"},
		{"forms", "late moment", "table/x.go", table + "// T is safe for concurrent use.\ntype T interface {\n// M does.\nM(ctx context.Context, id int, at time.Time)\n}", "table/x.go:6: T: the moment does not stand first"},
		{"forms", "late moment of a function", "store/storetest/x.go", "package storetest\n// F does.\nfunc F(context.Context, string, time.Time) {}", "F: the moment does not stand first"},
		{"forms", "another word for a time", "table/x.go", table + "// T is safe for concurrent use.\ntype T struct {\n// Start and Until are.\nStart, Until time.Time\n}", "table/x.go:6: T.Start: a stretch of time is"},
		{"forms", "enumeration", "table/x.go", table + "// T is safe for concurrent use.\ntype T uint8\n// One.\nconst A T = 1\n// String returns.\nfunc (T) String() string { return \"\" }\n// MarshalText returns.\nfunc (T) MarshalText() ([]byte, error) { return nil, nil }", "T: an enumeration without method UnmarshalText"},
		{"length", "long", "table/x.go", table + strings.Repeat("\n", maxLines), "table/x.go: 702 lines"},
		{"length", "long test without a reason", "table/x_test.go", "// Long file:\n\npackage table" + strings.Repeat("\n", maxLines), "split it by concept"},
		{"modules", "not listed", "extra/go.mod", "module x\n\ngo 1.26.0\n", "extra: module is not in modules.txt"},
		{"modules", "listed but absent", "modules.txt", ". test api\nbench vet\ngone test\n", "gone: listed in modules.txt but has no go.mod"},
		{"modules", "patch version", "bench/go.mod", "module x\n\ngo 1.26.8\n", "bench: go.mod does not say"},
		{"modules", "toolchain", "bench/go.mod", "module x\n\ngo 1.26.0\n\ntoolchain go1.26.8\n", "bench: go.mod has a toolchain line"},
	}
	caught := map[string]bool{}
	const hostile = "package table\nvar _ = hostiletest."
	cases = append(cases, []struct{ rule, name, file, text, want string }{
		{"hostile", "function", "table/x.go", table + "// F takes.\nfunc F(x int) {}", "table/x.go:4: F: is not in the table of hostile cases"},
		{"hostile", "method", "table/x.go", table + "// M takes.\nfunc (t *Table[K]) M(k K) {}", "table/x.go:4: Table.M: is not in the table"},
		{"hostile", "no parameter", "table/x.go", table + "// Validate finds.\nfunc (t *Table[K]) Validate() {}", "Table.Validate: is not in the table"},
		{"hostile", "in another package", "rfm/x.go", "package rfm\n// Fit takes.\nfunc Fit(x int) {}", "rfm/x.go:3: Fit: is not in the table"},
		{"hostile", "unknown", "table/x_test.go", hostile + `Table{"Drawn": {Call: Drawn}}`, "table/x_test.go:2: Drawn: there is no function of that name"},
		{"hostile", "twice", "table/x_test.go", hostile + `Table{"Draw": {Call: Draw}}`, "Draw: is listed twice"},
		{"hostile", "exception of its own", "table/x_test.go", hostile + `Exceptions{"Draw": "slow"}`, "Draw: is listed twice"},
		{"hostile", "another is called", "table/hostile_test.go", hostile + `Table{"Draw": {Call: Take}, "Wait": {Call: Wait}}`, "Draw: the entry does not call it"},
		{"hostile", "no reason", "table/hostile_test.go", hostile + "Exceptions{\"Draw\": \"\", \"Wait\": \"waits\"}", "Draw: the entry does not call it"},
	}...)
	for _, c := range cases {
		caught[c.rule] = true
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			tr := parse(t, map[string]string{c.file: c.text})
			for _, r := range rules {
				faults := r.check(tr)
				if r.name != c.rule {
					require.Empty(t, faults, r.name)
					continue
				}
				require.Len(t, faults, 1)
				require.Contains(t, faults[0], c.want)
			}
		})
	}
	for _, r := range rules {
		require.True(t, caught[r.name], "no case shows what rule %s finds", r.name)
	}
}

func TestNestedModuleImportsOnlyPublicPackages(t *testing.T) {
	tr := parse(t, map[string]string{
		"modules.txt":         ". test api\nbench vet\nstore/sqlite test api\n",
		"store/sqlite/go.mod": "module " + root + "/store/sqlite\n\ngo 1.26.0\n",
		"store/sqlite/s.go": "package sqlite\nimport (\n_ \"" + root + "/store\"\n_ \"" + root + "/store/sqlite/internal/x\"\n_ \"" +
			root + "/internal/day\"\n_ \"modernc.org/sqlite\"\n)\n",
	})
	faults := checkImports(tr)
	require.Len(t, faults, 1)
	require.Contains(t, faults[0], "store/sqlite/s.go:5: imports internal/day: a nested module uses the public packages only")
	require.Empty(t, checkDependencies(tr), "nested modules choose their dependencies")
	require.Len(t, checkDocumentation(tr), 1, "a nested module with an API documents its package")
}

func TestLongFileWithReasonIsAccepted(t *testing.T) {
	for name, head := range map[string]string{
		"reason":    "// Long file: one table, and a table cut in two is harder to read.\n\npackage table\n",
		"generated": "// Code generated by gen. DO NOT EDIT.\n\npackage table\n",
	} {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, checkLength(parse(t, map[string]string{"table/x.go": head + strings.Repeat("\n", maxLines)})))
		})
	}
}

func TestSizeCountsNamesAndMethods(t *testing.T) {
	tr := parse(t, nil)
	i := slices.IndexFunc(tr.packages, func(p *pkg) bool { return p.dir == "table" })
	types, names := size(tr.packages[i])
	require.Equal(t, 2, types, "Table, Source")
	require.Equal(t, 10, names, "Table, Source, Table.All, Number, Label, Small, Large, Limit, Draw, Wait")
}

func TestInternalInAPIIsCaught(t *testing.T) {
	const head = `package table; import "` + root + `/internal/day"; `
	for text, want := range map[string]string{
		"func F(d day.Day) {}":                                "table.F exposes internal/day.Day",
		"func F() (int, []map[string]*day.Day) { panic(0) }":  "table.F exposes internal/day.Day",
		"var V = day.First":                                   "table.V exposes internal/day.Day",
		"const C = day.Zero":                                  "table.C exposes internal/day.Day",
		"type T struct{ D day.Day }":                          "table.T exposes internal/day.Day",
		"type T struct{ day.Day }":                            "table.T exposes internal/day.Day",
		"type T = day.Day":                                    "table.T exposes internal/day.Day",
		"type T []day.Day":                                    "table.T exposes internal/day.Day",
		"type T struct{}; func (T) M(func(day.Day)) {}":       "table.T exposes internal/day.Day",
		"type T interface{ M() chan day.Day }":                "table.T exposes internal/day.Day",
		"type T interface{ ~string | day.Day }":               "table.T exposes internal/day.Day",
		"type T[K day.Some] struct{}":                         "table.T exposes internal/day.Some",
		"func F[K day.Some]() {}":                             "table.F exposes internal/day.Some",
		"type box[K any] struct{}; var V box[day.Day]":        "table.V exposes internal/day.Day",
		"type t struct{ D day.Day }; func F() *t { panic(0)}": "table.F exposes internal/day.Day",
		"type t = day.Day; func F(t) {}":                      "table.F exposes internal/day.Day",
		"type T struct{ d day.Day }; var v day.Day":           "",
		"func F() int { return int(day.First) }":              "",
		"type t struct{ D day.Day }; func f() t { panic(0) }": "",
		"type T struct{}; func (T) m(day.Day) {}":             "",
	} {
		t.Run(text, func(t *testing.T) {
			faults := internalInAPI(check(t, head+text))
			if want == "" {
				require.Empty(t, faults)
				return
			}
			require.Contains(t, faults, want)
		})
	}
}

// check compiles a package that imports internal/day.
func check(t *testing.T, text string) *types.Package {
	t.Helper()
	known := map[string]*types.Package{}
	for _, src := range []struct{ path, text string }{
		{root + "/internal/day", "package day; type Day int; const Zero Day = 0; var First Day; type Some interface{ ~int }"},
		{root + "/table", text},
	} {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "x.go", src.text, 0)
		require.NoError(t, err)
		conf := types.Config{Importer: importerOf(known)}
		known[src.path], err = conf.Check(src.path, fset, []*ast.File{f}, nil)
		require.NoError(t, err)
	}
	return known[root+"/table"]
}

type importerOf map[string]*types.Package

func (m importerOf) Import(path string) (*types.Package, error) { return m[path], nil }

func TestCountSentences(t *testing.T) {
	for text, want := range map[string]int{
		"It is safe for concurrent use.":                                    1,
		"It is not safe for concurrent use.":                                1,
		"Safe for\nconcurrent\treads.":                                      1,
		"Safe for concurrent use, really safe for concurrent use.":          1,
		"Safe for concurrent reads, but not safe for concurrent use.":       2,
		"Safe for concurrent use. The copy is not safe for concurrent use.": 2,
		"Safe to use.": 0,
	} {
		require.Equal(t, want, countSentences(text), text)
	}
}
