package layout

import (
	"go/ast"
	"go/token"
	"regexp"
)

// An export is an exported name at the top level of a package, or an exported method of an exported type.
type export struct {
	kind string // const, var, type, func, method
	name string
	doc  string
	typ  ast.Expr // of a type
	pos  token.Pos
}

// exports lists the exported names of a package in order of its files.
func exports(p *pkg) (list []export) {
	for _, f := range p.code() {
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				list = append(list, exportedFunc(d)...)
			case *ast.GenDecl:
				list = append(list, exportedSpecs(d)...)
			}
		}
	}
	return list
}

func exportedFunc(d *ast.FuncDecl) []export {
	if !d.Name.IsExported() {
		return nil
	}
	e := export{kind: "func", name: d.Name.Name, doc: d.Doc.Text(), pos: d.Pos()}
	if d.Recv != nil {
		recv := receiver(d.Recv.List[0].Type)
		if !ast.IsExported(recv) {
			return nil
		}
		e.kind, e.name = "method", recv+"."+e.name
	}
	return []export{e}
}

// exportedSpecs lists the names of one declaration. The comment above "const (" is about the group, and documents a
// single name only if it speaks of it.
func exportedSpecs(d *ast.GenDecl) (list []export) {
	single := ""
	if !d.Lparen.IsValid() {
		single = d.Doc.Text()
	}
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				list = append(list, export{"type", s.Name.Name, single + s.Doc.Text(), s.Type, s.Pos()})
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() {
					doc := single + s.Doc.Text() + s.Comment.Text()
					if doc == "" && speaksOf(d.Doc.Text(), name.Name) {
						doc = d.Doc.Text()
					}
					list = append(list, export{d.Tok.String(), name.Name, doc, nil, name.Pos()})
				}
			}
		}
	}
	return list
}

// speaksOf reports whether the text has the name as a word of its own. A name of three letters or more may be written in
// any case, as in a sentence.
func speaksOf(text, name string) bool {
	expr := `\b` + name + `\b`
	if len(name) > 2 {
		expr = "(?i)" + expr
	}
	return regexp.MustCompile(expr).MatchString(text)
}

// receiver names the type of a method.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
