package layout

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A tree is the parsed source of the repository: all files, whatever their build constraints.
type tree struct {
	fset     *token.FileSet
	packages []*pkg            // sorted by directory, the external test package with its package
	gomods   map[string]string // directory of each module to its go.mod
	modules  map[string]string // modules.txt: directory to flags
}

// A pkg is one directory with Go files.
type pkg struct {
	dir    string // slash-separated path in the repository
	module string // directory of the module it belongs to; "." is the root module
	name   string
	files  []*file
}

type file struct {
	*ast.File
	path  string
	lines int
	test  bool // name ends in _test.go
}

// readTree parses every Go file below fsys but those in testdata and hidden directories.
func readTree(fsys fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet(), gomods: map[string]string{}, modules: map[string]string{}}
	byDir := map[string]*pkg{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != "." && (base == "testdata" || base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		}
		if base != "go.mod" && name != "modules.txt" && path.Ext(base) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		switch {
		case base == "go.mod":
			t.gomods[dir] = string(src)
		case name == "modules.txt":
			t.modules = parseModules(string(src))
		default:
			parsed, err := parser.ParseFile(t.fset, name, src, parser.ParseComments)
			if err != nil {
				return err
			}
			p := byDir[dir]
			if p == nil {
				p = &pkg{dir: dir}
				byDir[dir] = p
				t.packages = append(t.packages, p)
			}
			test := strings.HasSuffix(base, "_test.go")
			if p.name == "" || p.name == "main" { // a generator beside a library does not make it a command
				p.name = strings.TrimSuffix(parsed.Name.Name, "_test")
			}
			p.files = append(p.files, &file{File: parsed, path: name, lines: bytes.Count(src, []byte("\n")), test: test})
		}
		return nil
	})
	for _, p := range t.packages {
		p.module = t.moduleOf(p.dir)
	}
	slices.SortFunc(t.packages, func(a, b *pkg) int { return strings.Compare(a.dir, b.dir) })
	return t, err
}

// parseModules reads modules.txt: one module a line, its directory first, then its flags; "#" begins a comment.
func parseModules(text string) map[string]string {
	modules := map[string]string{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if dir, flags, _ := strings.Cut(strings.TrimSpace(line), " "); dir != "" {
			modules[dir] = flags
		}
	}
	return modules
}

// moduleOf returns the directory of the module that holds dir.
func (t *tree) moduleOf(dir string) string {
	for dir != "." {
		if _, ok := t.gomods[dir]; ok {
			break
		}
		dir = path.Dir(dir)
	}
	return dir
}

// published reports whether the module at this directory has an API that others import.
func (t *tree) published(module string) bool {
	return slices.Contains(strings.Fields(t.modules[module]), "api")
}

// libraries are the packages that others import, internal ones included.
func (t *tree) libraries() []*pkg {
	var libs []*pkg
	for _, p := range t.packages {
		if t.published(p.module) && p.name != "main" && !within(p.dir, "examples") && len(p.code()) > 0 {
			libs = append(libs, p)
		}
	}
	return libs
}

func (t *tree) at(pos token.Pos, format string, args ...any) string {
	p := t.fset.Position(pos)
	return fmt.Sprintf("%s:%d: ", p.Filename, p.Line) + fmt.Sprintf(format, args...)
}

// code are the files of the package itself, without tests and generators.
func (p *pkg) code() []*file {
	return slices.DeleteFunc(slices.Clone(p.files), func(f *file) bool { return f.test || f.Name.Name != p.name })
}

// suite reports whether the package is a test suite, such as storetest.
func (p *pkg) suite() bool {
	return strings.HasSuffix(p.name, "test") && p.name == path.Base(p.dir)
}

func (p *pkg) internal() bool {
	return slices.Contains(strings.Split(p.dir, "/"), "internal")
}

// imports lists what a file imports, each path with the name it goes by in the file.
func (f *file) imports() (list []imported) {
	for _, spec := range f.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(p)
		if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
			name = path.Base(path.Dir(p))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		list = append(list, imported{path: p, name: name, pos: spec.Pos()})
	}
	return list
}

type imported struct {
	path, name string
	pos        token.Pos
}

// within reports whether p is parent or below it.
func within(p, parent string) bool {
	return p == parent || strings.HasPrefix(p, parent+"/")
}
