package layout

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// internalInAPI lists the internal types that a user of the package meets: in signatures, exported fields, constants and
// variables.
func internalInAPI(p *types.Package) (faults []string) {
	for _, name := range p.Scope().Names() {
		obj := p.Scope().Lookup(name)
		if !obj.Exported() {
			continue
		}
		w := walker{pkg: p, seen: map[types.Type]bool{}}
		if named, ok := obj.Type().(*types.Named); ok {
			if _, isType := obj.(*types.TypeName); isType {
				w.declaration(named)
			}
		}
		w.walk(obj.Type())
		for _, found := range w.found {
			faults = append(faults, fmt.Sprintf("%s.%s exposes %s", p.Name(), name, found))
		}
	}
	return faults
}

// A walker follows the exported parts of one declaration.
type walker struct {
	pkg   *types.Package
	seen  map[types.Type]bool
	found []string
}

// declaration walks what a user of a type of this package sees of it.
func (w *walker) declaration(n *types.Named) {
	for p := range n.TypeParams().TypeParams() {
		w.walk(p.Constraint())
	}
	w.walk(n.Underlying())
	for m := range n.Methods() {
		if m.Exported() {
			w.walk(m.Type())
		}
	}
}

// named notes a type that an internal package declares, and enters unexported types of this package, whose exported
// parts a user reaches through values. Exported types are walked at their own declaration.
func (w *walker) named(obj *types.TypeName) bool {
	if obj.Pkg() == nil {
		return false
	}
	if path := obj.Pkg().Path(); within(path, root) && slices.Contains(strings.Split(path, "/"), "internal") && path != w.pkg.Path() {
		w.found = append(w.found, strings.TrimPrefix(path, root+"/")+"."+obj.Name())
		return false
	}
	return obj.Pkg() == w.pkg && !obj.Exported()
}

func (w *walker) walk(t types.Type) {
	if t == nil || w.seen[t] {
		return
	}
	w.seen[t] = true
	switch t := t.(type) {
	case *types.Alias:
		w.named(t.Obj())
		w.walk(t.Rhs())
	case *types.Named:
		for arg := range t.TypeArgs().Types() {
			w.walk(arg)
		}
		if w.named(t.Obj()) {
			w.declaration(t)
		}
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() || f.Embedded() {
				w.walk(f.Type())
			}
		}
	case *types.Interface:
		for e := range t.EmbeddedTypes() {
			w.walk(e)
		}
		for m := range t.ExplicitMethods() {
			if m.Exported() {
				w.walk(m.Type())
			}
		}
	case *types.Signature:
		for p := range t.TypeParams().TypeParams() {
			w.walk(p.Constraint())
		}
		w.walk(t.Params())
		w.walk(t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			w.walk(v.Type())
		}
	case *types.Union:
		for term := range t.Terms() {
			w.walk(term.Type())
		}
	case *types.Map:
		w.walk(t.Key())
		w.walk(t.Elem())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		w.walk(t.Elem())
	}
}
