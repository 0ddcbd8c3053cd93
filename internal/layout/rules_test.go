package layout

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// A rule finds its faults in a tree, one line each.
type rule struct {
	name  string
	check func(*tree) []string
}

var rules = []rule{
	{"imports", checkImports},
	{"dependencies", checkDependencies},
	{"bans", checkBans},
	{"documentation", checkDocumentation},
	{"concurrency", checkConcurrency},
	{"examples", checkExamples},
	{"length", checkLength},
	{"modules", checkModules},
	{"hostile", checkHostile},
	{"forms", checkForms},
}

// checkImports holds every import of one of our own packages against the table of edges.
func checkImports(t *tree) (faults []string) {
	for _, p := range t.packages {
		allowed, listed := edges[p.dir]
		example := p.name == "main" || within(p.dir, "examples")
		if p.module == "." && !example && !listed && !p.internal() {
			faults = append(faults, fmt.Sprintf("%s: package is not in the table: add a row to edges in internal/layout/table_test.go", p.dir))
			continue
		}
		for _, f := range p.files {
			for _, imp := range f.imports() {
				if !within(imp.path, root) {
					continue
				}
				to := strings.TrimPrefix(strings.TrimPrefix(imp.path, root), "/")
				internal := slices.Contains(strings.Split(to, "/"), "internal")
				why := ""
				switch {
				case within(to, "examples"):
					if !within(p.dir, "examples") {
						why = "nothing imports examples but other examples"
					}
				case within(to, p.module) && p.module != ".":
					// A nested module may import itself.
				case p.module != ".":
					if internal && !slices.Contains(modulesWithInternal, p.module) {
						why = "a nested module uses the public packages only"
					}
				case f.test:
				case p.internal():
					if !internal && !slices.Contains(vocabulary, to) {
						why = "an internal package imports only internal packages and table"
					}
				case example:
					if internal {
						why = "an example or a command shows what a user can do, and a user cannot import internal packages"
					}
				case !internal && !slices.Contains(allowed, to):
					why = "the edge is not in the table: see edges in internal/layout/table_test.go"
				}
				if why != "" {
					faults = append(faults, t.at(imp.pos, "imports %s: %s", to, why))
				}
			}
		}
	}
	return faults
}

// checkDependencies holds every import of foreign code in the root module against the list.
func checkDependencies(t *tree) (faults []string) {
	for _, p := range t.packages {
		if p.module != "." {
			continue
		}
		for _, f := range p.files {
			for _, imp := range f.imports() {
				first, _, _ := strings.Cut(imp.path, "/")
				if !strings.Contains(first, ".") || within(imp.path, root) {
					continue
				}
				i := slices.IndexFunc(dependencies, func(d dependency) bool { return within(imp.path, d.module) })
				why := ""
				switch {
				case i < 0:
					why = "not among the dependencies in internal/layout/table_test.go"
				case dependencies[i].tests && !f.test && !p.suite():
					why = "allowed in tests and test suites only"
				case len(dependencies[i].only) > 0 && !slices.Contains(dependencies[i].only, p.dir):
					why = "allowed only in " + strings.Join(dependencies[i].only, ", ")
				}
				if why != "" {
					faults = append(faults, t.at(imp.pos, "imports %s: %s", imp.path, why))
				}
			}
		}
	}
	return faults
}

// checkBans looks for uses of what is banned.
func checkBans(t *tree) (faults []string) {
	libraries := t.libraries()
	for _, p := range t.packages {
		code := p.code()
		for _, f := range p.files {
			strict := slices.Contains(libraries, p) && slices.Contains(code, f) && !p.suite()
			banned := map[string]ban{} // by name in this file
			for _, imp := range f.imports() {
				if strict && imp.name == "." {
					faults = append(faults, t.at(imp.pos, "imports %s into its own scope", imp.path))
				}
				i := slices.IndexFunc(bans, func(b ban) bool { return b.path == imp.path })
				if i < 0 || !strict && !bans[i].always {
					continue
				}
				if b := bans[i]; len(b.names)+len(b.except) == 0 {
					faults = append(faults, t.at(imp.pos, "imports %s: %s", imp.path, b.why))
				} else {
					banned[imp.name] = b
				}
			}
			if !strict {
				continue
			}
			ast.Inspect(f.File, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					x, ok := n.X.(*ast.Ident)
					if !ok || x.Obj != nil { // a variable that hides the package
						return true
					}
					b, ok := banned[x.Name]
					if !ok {
						return true
					}
					if slices.Contains(b.names, n.Sel.Name) || len(b.names) == 0 && !slices.Contains(b.except, n.Sel.Name) {
						faults = append(faults, t.at(n.Pos(), "uses %s.%s: %s", b.path, n.Sel.Name, b.why))
					}
				case *ast.CallExpr:
					if x, ok := n.Fun.(*ast.Ident); ok && x.Obj == nil && (x.Name == "print" || x.Name == "println") {
						faults = append(faults, t.at(n.Pos(), "uses %s: a library does not write to the terminal", x.Name))
					}
				}
				return true
			})
		}
	}
	return faults
}

// checkDocumentation wants a comment on every package and every exported name. A constant, variable or field may carry it
// behind it on its line, or be named in the comment of its group or type. Fields in one block, no empty line between, may
// share the comment above the first.
func checkDocumentation(t *tree) (faults []string) {
	missing := func(pos token.Pos, what, name string) {
		faults = append(faults, t.at(pos, "%s %s has no documentation", what, name))
	}
	for _, p := range t.libraries() {
		code := p.code()
		if !slices.ContainsFunc(code, func(f *file) bool { return f.Doc.Text() != "" }) {
			missing(code[0].Package, "package", p.name)
		}
		for _, d := range exports(p) {
			if d.doc == "" {
				missing(d.pos, d.kind, d.name)
			}
			if d.typ != nil {
				t.undocumentedMembers(d, missing)
			}
		}
	}
	return faults
}

// undocumentedMembers reports the exported fields or methods of a struct or interface type that have no comment.
func (t *tree) undocumentedMembers(d export, missing func(pos token.Pos, what, name string)) {
	var list *ast.FieldList
	what := "field"
	switch typ := d.typ.(type) {
	case *ast.StructType:
		list = typ.Fields
	case *ast.InterfaceType:
		list, what = typ.Methods, "method"
	default:
		return
	}
	shared, last := false, 0 // does a comment reach down to the line below last?
	for _, f := range list.List {
		first := t.fset.Position(f.Pos()).Line
		switch {
		case f.Doc.Text() != "":
			shared = true
		case first != last+1:
			shared = false
		}
		last = t.fset.Position(f.End()).Line
		if f.Comment.Text() != "" || f.Doc.Text() != "" || shared && what == "field" {
			continue
		}
		for _, name := range f.Names { // embedded types are documented where they are declared
			if name.IsExported() && !(what == "field" && speaksOf(d.doc, name.Name)) {
				missing(name.Pos(), what, d.name+"."+name.Name)
			}
		}
	}
}

// checkConcurrency wants exactly one of the set sentences in the documentation of every exported type.
func checkConcurrency(t *tree) (faults []string) {
	for _, p := range t.libraries() {
		for _, d := range exports(p) {
			if d.kind != "type" {
				continue
			}
			if n := countSentences(d.doc); n != 1 {
				faults = append(faults, t.at(d.pos, "type %s says %d of %q, want exactly one", d.name, n, concurrency))
			}
		}
	}
	return faults
}

// countSentences counts which of the set sentences occur, each once. The longest are looked for first, since one ends in
// another.
func countSentences(text string) (n int) {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, s := range slices.SortedFunc(slices.Values(concurrency), func(a, b string) int { return len(b) - len(a) }) {
		if strings.Contains(text, s) {
			n++
			text = strings.ReplaceAll(text, s, "")
		}
	}
	return n
}

// checkExamples wants a plain Example in every public package that exports something, and that all examples check their
// output. A test suite has nothing an example could run.
func checkExamples(t *tree) (faults []string) {
	for _, p := range t.libraries() {
		var tests []*ast.File
		for _, f := range p.files {
			if f.test {
				tests = append(tests, f.File)
			}
		}
		plain := false
		for _, ex := range doc.Examples(tests...) {
			plain = plain || ex.Name == ""
			if ex.Output == "" && !ex.EmptyOutput {
				faults = append(faults, t.at(ex.Code.Pos(), "Example%s checks no output", ex.Name))
			}
		}
		if !plain && !p.internal() && !p.suite() && len(exports(p)) > 0 {
			faults = append(faults, p.dir+": no plain Example")
		}
	}
	return faults
}

// checkLength wants files short, or the reason why not.
func checkLength(t *tree) (faults []string) {
	for _, p := range t.packages {
		for _, f := range p.files {
			if f.lines <= maxLines || ast.IsGenerated(f.File) {
				continue
			}
			reason := slices.ContainsFunc(f.Comments, func(c *ast.CommentGroup) bool {
				after, ok := strings.CutPrefix(c.Text(), longFile)
				return c.Pos() < f.Package && ok && strings.TrimSpace(after) != ""
			})
			if !reason {
				faults = append(faults, fmt.Sprintf("%s: %d lines: split it by concept, or give the reason above the package clause as \"// %s ...\"",
					f.path, f.lines, longFile))
			}
		}
	}
	return faults
}

// checkModules wants modules.txt to list every module, and every go.mod to ask for the same Go and no toolchain.
func checkModules(t *tree) (faults []string) {
	for _, dir := range slices.Sorted(maps.Keys(t.gomods)) {
		if _, ok := t.modules[dir]; !ok {
			faults = append(faults, dir+": module is not in modules.txt")
		}
		lines := strings.Split(t.gomods[dir], "\n")
		if !slices.Contains(lines, "go 1.26.0") {
			faults = append(faults, dir+": go.mod does not say \"go 1.26.0\"")
		}
		if slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "toolchain ") }) {
			faults = append(faults, dir+": go.mod has a toolchain line, which shuts out older patch versions")
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(t.modules)) {
		if _, ok := t.gomods[dir]; !ok {
			faults = append(faults, dir+": listed in modules.txt but has no go.mod")
		}
	}
	return faults
}
