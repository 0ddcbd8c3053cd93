package layout

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// checkHostile wants every exported function and method of a public package that takes anything, and every method
// Validate, to be an entry of a hostiletest.Table in the tests of the package, which calls it, or of its
// hostiletest.Exceptions. Nothing else may be listed there.
func checkHostile(t *tree) (faults []string) {
	for _, p := range t.libraries() {
		if p.module != "." || p.internal() || p.suite() {
			continue
		}
		want, listed := takers(p), entries(p)
		for _, e := range listed {
			switch fault := t.at(e.pos, "%s: ", e.name); {
			case e.twice:
				faults = append(faults, fault+"is listed twice")
			case want[e.name].pos == token.NoPos:
				faults = append(faults, fault+"there is no function of that name")
			case e.reason == "" && !e.calls():
				faults = append(faults, fault+"the entry does not call it")
			}
		}
		for name, f := range want {
			if f.takes && !slices.ContainsFunc(listed, func(e entry) bool { return e.name == name }) {
				faults = append(faults, t.at(f.pos, "%s: is not in the table of hostile cases of the package: see internal/hostiletest", name))
			}
		}
	}
	slices.Sort(faults)
	return faults
}

// A taker is an exported function or method, and whether it takes anything.
type taker struct {
	pos   token.Pos
	takes bool
}

// takers are the exported functions and methods of a package, by name.
func takers(p *pkg) map[string]taker {
	list := map[string]taker{}
	for _, f := range p.code() {
		for _, decl := range f.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			for _, e := range exportedFunc(d) {
				list[e.name] = taker{e.pos, d.Type.Params.NumFields() > 0 || d.Name.Name == "Validate"}
			}
		}
	}
	return list
}

// An entry is a name in a table of hostile cases, or in its exceptions.
type entry struct {
	name   string
	reason string // of an exception
	twice  bool
	value  ast.Expr
	pos    token.Pos
}

func entries(p *pkg) (list []entry) {
	for _, f := range p.files {
		if !f.test {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			typ, ok := lit.Type.(*ast.SelectorExpr)
			if !ok || !isIdent(typ.X, "hostiletest") || typ.Sel.Name != "Table" && typ.Sel.Name != "Exceptions" {
				return true
			}
			for _, elt := range lit.Elts {
				list = append(list, newEntry(elt, typ.Sel.Name == "Exceptions", list))
			}
			return true
		})
	}
	return list
}

func isIdent(e ast.Expr, name string) bool {
	x, ok := e.(*ast.Ident)
	return ok && x.Name == name
}

func newEntry(elt ast.Expr, exception bool, before []entry) entry {
	e := entry{pos: elt.Pos()}
	pair, ok := elt.(*ast.KeyValueExpr)
	if !ok {
		return e
	}
	if key, ok := pair.Key.(*ast.BasicLit); ok {
		e.name, _ = strconv.Unquote(key.Value)
	}
	e.value = pair.Value
	e.twice = slices.ContainsFunc(before, func(b entry) bool { return b.name == e.name })
	if exception {
		e.reason = fmt.Sprint(pair.Value)
		if text, ok := pair.Value.(*ast.BasicLit); ok {
			e.reason, _ = strconv.Unquote(text.Value)
		}
	}
	return e
}

// calls tells whether each part of the name, the type and the method, occurs in the entry.
func (e *entry) calls() bool {
	for part := range strings.SplitSeq(e.name, ".") {
		found := false
		ast.Inspect(e.value, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			found = found || ok && id.Name == part
			return !found
		})
		if !found {
			return false
		}
	}
	return true
}
