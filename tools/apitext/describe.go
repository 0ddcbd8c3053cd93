package main

import (
	"fmt"
	"go/constant"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/go/packages"
)

// describe returns the API lines of every public package of the modules, by file name.
func describe(root string, modules []string) (map[string][]string, error) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	base := modfile.ModulePath(mod)
	files := make(map[string][]string)
	for _, module := range modules {
		pkgs, err := packages.Load(&packages.Config{
			Mode: packages.NeedName | packages.NeedTypes,
			Dir:  filepath.Join(root, module),
			Env:  append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0"),
		}, "./...")
		if err != nil {
			return nil, err
		}
		for _, p := range pkgs {
			if len(p.Errors) > 0 {
				return nil, fmt.Errorf("package %s: %w", p.PkgPath, p.Errors[0])
			}
			below := strings.TrimPrefix(strings.TrimPrefix(p.PkgPath, base), "/")
			if p.Name == "main" || !public(below) {
				continue
			}
			if lines := describePackage(p.Types); len(lines) > 0 {
				files[fileName(below, p.Name)] = lines
			}
		}
	}
	return files, nil
}

// public reports whether the package at this path below the root module is part of the API.
func public(below string) bool {
	parts := strings.Split(below, "/")
	return parts[0] != "examples" && !slices.Contains(parts, "internal")
}

// fileName names the file of a package by its path below the root module; the root package goes by its own name.
func fileName(below, name string) string {
	if below == "" {
		below = name
	}
	return strings.ReplaceAll(below, "/", "-") + ".txt"
}

// describePackage returns the exported identifiers of a package, one line each, sorted.
func describePackage(pkg *types.Package) []string {
	d := describer{pkg: pkg}
	for _, name := range pkg.Scope().Names() {
		if obj := pkg.Scope().Lookup(name); obj.Exported() {
			d.object(obj)
		}
	}
	slices.Sort(d.lines)
	return d.lines
}

// A describer collects the lines of one package. It is not safe for concurrent use.
type describer struct {
	pkg   *types.Package
	lines []string
}

func (d *describer) add(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *describer) object(obj types.Object) {
	switch obj := obj.(type) {
	case *types.Const:
		d.add("const %s %s = %s", obj.Name(), d.typ(obj.Type()), value(obj.Val()))
	case *types.Var:
		d.add("var %s %s", obj.Name(), d.typ(obj.Type()))
	case *types.Func:
		sig := obj.Signature()
		d.add("func %s%s%s", obj.Name(), d.typeParams(sig.TypeParams()), d.signature(sig))
	case *types.TypeName:
		d.typeName(obj)
	}
}

func (d *describer) typeName(obj *types.TypeName) {
	if alias, ok := obj.Type().(*types.Alias); ok {
		d.add("type %s%s = %s", obj.Name(), d.typeParams(alias.TypeParams()), d.typ(alias.Rhs()))
		return
	}
	named := obj.Type().(*types.Named)
	head := "type " + obj.Name() + d.typeParams(named.TypeParams())
	switch under := named.Underlying().(type) {
	case *types.Struct:
		d.add("%s struct", head)
		d.fields(head+" struct", under, map[*types.Struct]bool{})
	case *types.Interface:
		d.interfaceLines(head+" interface", under)
		return
	default:
		d.add("%s %s", head, d.typ(under))
	}
	d.methods(named)
}

// fields adds the exported fields of a struct, those promoted from unexported embedded structs included: callers reach
// them all the same.
func (d *describer) fields(head string, s *types.Struct, seen map[*types.Struct]bool) {
	if seen[s] {
		return
	}
	seen[s] = true
	for i := range s.NumFields() {
		f := s.Field(i)
		tag := ""
		if s.Tag(i) != "" {
			tag = " " + strconv.Quote(s.Tag(i))
		}
		switch {
		case f.Exported() && f.Embedded():
			d.add("%s, embedded %s%s", head, d.typ(f.Type()), tag)
		case f.Exported():
			d.add("%s, %s %s%s", head, f.Name(), d.typ(f.Type()), tag)
		case f.Embedded():
			if inner, ok := deref(f.Type()).Underlying().(*types.Struct); ok {
				d.fields(head, inner, seen)
			}
		}
	}
}

// interfaceLines adds an interface and its methods. An interface with unexported methods, which no other package can
// implement, says so; one that is a set of types lists it.
func (d *describer) interfaceLines(head string, it *types.Interface) {
	if !it.IsMethodSet() {
		d.add("%s %s", strings.TrimSuffix(head, " interface"), d.typ(it))
		return
	}
	sealed := ""
	for m := range it.Methods() {
		if m.Exported() {
			d.add("%s, %s%s", head, m.Name(), d.signature(m.Signature()))
		} else {
			sealed = " with unexported methods"
		}
	}
	d.add("%s%s", head, sealed)
}

// methods adds the exported methods a variable of the type has, promoted ones included.
func (d *describer) methods(named *types.Named) {
	byValue := types.NewMethodSet(named)
	for sel := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		m := sel.Obj().(*types.Func)
		if !m.Exported() {
			continue
		}
		star := "*"
		if byValue.Lookup(m.Pkg(), m.Name()) != nil {
			star = ""
		}
		recv := named.Obj().Name()
		if tp := named.TypeParams(); tp.Len() > 0 {
			recv += "[" + typeParamNames(tp) + "]"
		}
		d.add("method (%s%s) %s%s", star, recv, m.Name(), d.signature(sel.Type().(*types.Signature)))
	}
}

func (d *describer) typ(t types.Type) string {
	return types.TypeString(nameless(t), d.qualifier)
}

// signature returns parameters and results without their names: renaming a parameter is no change of the API.
func (d *describer) signature(sig *types.Signature) string {
	return strings.TrimPrefix(d.typ(types.NewSignatureType(nil, nil, nil, sig.Params(), sig.Results(), sig.Variadic())), "func")
}

func (d *describer) typeParams(list *types.TypeParamList) string {
	if list.Len() == 0 {
		return ""
	}
	var params []string
	for p := range list.TypeParams() {
		params = append(params, p.Obj().Name()+" "+d.typ(p.Constraint()))
	}
	return "[" + strings.Join(params, ", ") + "]"
}

// qualifier writes names of the package itself bare and those of others as in source code.
func (d *describer) qualifier(p *types.Package) string {
	if p == d.pkg {
		return ""
	}
	return p.Name()
}

func typeParamNames(list *types.TypeParamList) string {
	var names []string
	for p := range list.TypeParams() {
		names = append(names, p.Obj().Name())
	}
	return strings.Join(names, ", ")
}

func deref(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// nameless returns the type with the parameter names of all function types in it removed.
func nameless(t types.Type) types.Type {
	switch t := t.(type) {
	case *types.Pointer:
		return types.NewPointer(nameless(t.Elem()))
	case *types.Slice:
		return types.NewSlice(nameless(t.Elem()))
	case *types.Array:
		return types.NewArray(nameless(t.Elem()), t.Len())
	case *types.Chan:
		return types.NewChan(t.Dir(), nameless(t.Elem()))
	case *types.Map:
		return types.NewMap(nameless(t.Key()), nameless(t.Elem()))
	case *types.Signature:
		return types.NewSignatureType(nil, nil, nil, namelessTuple(t.Params()), namelessTuple(t.Results()), t.Variadic())
	}
	return t
}

func namelessTuple(tuple *types.Tuple) *types.Tuple {
	var vars []*types.Var
	for v := range tuple.Variables() {
		vars = append(vars, types.NewParam(v.Pos(), v.Pkg(), "", nameless(v.Type())))
	}
	return types.NewTuple(vars...)
}

// value writes a constant in full: floats in the shortest decimal form that gives the same float64.
func value(v constant.Value) string {
	switch v.Kind() {
	case constant.String:
		return strconv.Quote(constant.StringVal(v))
	case constant.Float:
		f, _ := constant.Float64Val(v)
		return strconv.FormatFloat(f, 'g', -1, 64)
	default:
		return v.ExactString()
	}
}
