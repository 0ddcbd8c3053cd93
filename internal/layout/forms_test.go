package layout

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// checkForms wants the same things to have the same forms in all packages: the moment stands first after the context, a
// stretch of time is Since and Until, and an enumeration is a text in JSON.
func checkForms(t *tree) (faults []string) {
	for _, p := range t.libraries() {
		if p.internal() {
			continue
		}
		for _, f := range p.code() {
			for _, decl := range f.Decls {
				if d, ok := decl.(*ast.FuncDecl); ok {
					for _, e := range exportedFunc(d) {
						if lateMoment(d.Type) && !slices.Contains(lateMoments, p.dir+"."+e.name) {
							faults = append(faults, t.at(e.pos, "%s: the moment does not stand first after the context", e.name))
						}
					}
				}
			}
		}
		list := exports(p)
		enumerations := enumerations(p)
		for _, e := range list {
			if e.kind != "type" {
				continue
			}
			ast.Inspect(e.typ, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncType:
					if lateMoment(n) {
						faults = append(faults, t.at(n.Pos(), "%s: the moment does not stand first after the context", e.name))
					}
				case *ast.Field:
					for _, name := range n.Names {
						if isTime(n.Type) && slices.Contains([]string{"From", "To", "Start", "End"}, name.Name) {
							faults = append(faults, t.at(name.Pos(), "%s.%s: a stretch of time is Since and Until", e.name, name.Name))
						}
					}
				}
				return true
			})
			if !slices.Contains(enumerations, e.name) {
				continue
			}
			for _, method := range []string{"String", "MarshalText", "UnmarshalText"} {
				if !slices.ContainsFunc(list, func(m export) bool { return m.kind == "method" && m.name == e.name+"."+method }) {
					faults = append(faults, t.at(e.pos, "%s: an enumeration without method %s", e.name, method))
				}
			}
		}
	}
	return faults
}

// lateMoment tells whether a function takes a context first and a time, but not next to it.
func lateMoment(f *ast.FuncType) bool {
	var params []ast.Expr
	for _, field := range f.Params.List {
		for range max(len(field.Names), 1) {
			params = append(params, field.Type)
		}
	}
	return len(params) > 2 && isSelector(params[0], "context", "Context") && !isTime(params[1]) && slices.ContainsFunc(params, isTime)
}

func isTime(e ast.Expr) bool { return isSelector(e, "time", "Time") }

func isSelector(e ast.Expr, pkg, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && isIdent(s.X, pkg) && s.Sel.Name == name
}

// enumerations are the types of a package that are whole numbers and have constants.
func enumerations(p *pkg) (names []string) {
	numbers := map[string]bool{}
	for _, e := range exports(p) {
		if id, ok := e.typ.(*ast.Ident); ok && e.kind == "type" && strings.HasPrefix(strings.TrimPrefix(id.Name, "u"), "int") {
			numbers[e.name] = true
		}
	}
	for _, f := range p.code() {
		for _, decl := range f.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.CONST {
				continue
			}
			for _, spec := range d.Specs {
				if id, ok := spec.(*ast.ValueSpec).Type.(*ast.Ident); ok && numbers[id.Name] {
					names = append(names, id.Name)
				}
			}
		}
	}
	return names
}
