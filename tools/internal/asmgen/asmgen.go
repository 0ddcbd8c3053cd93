// Package asmgen writes generated assembly, or checks it.
package asmgen

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// Generator makes the assembly of one package.
type Generator struct {
	Package string                   // of the root module's folder internal
	Build   func(ctx *build.Context) // adds the functions
}

// Main reads the flags -check and -root, and writes or checks the files. It ends the process
// with status 1 on an error.
func (g *Generator) Main() {
	check := flag.Bool("check", false, "compare instead of writing; exit with status 1 on any difference")
	root := flag.String("root", ".", "`directory` of the root module")
	flag.Parse()
	if err := g.Run(filepath.Join(*root, "internal", g.Package), *check); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", g.name(), err)
		os.Exit(1)
	}
}

func (g *Generator) name() string { return g.Package + "gen" }

// Run writes the files to dir, or compares them with those there.
func (g *Generator) Run(dir string, check bool) error {
	files, err := g.generate()
	if err != nil {
		return err
	}
	for _, base := range slices.Sorted(maps.Keys(files)) {
		name, text := filepath.Join(dir, base), files[base]
		if !check {
			if err := os.WriteFile(name, text, 0o666); err != nil {
				return err
			}
			continue
		}
		old, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if !bytes.Equal(old, text) {
			return fmt.Errorf("%s is not what its generator writes: run \"make generate\" and commit the result", name)
		}
	}
	return nil
}

// generate returns the text of each file.
func (g *Generator) generate() (map[string][]byte, error) {
	c := build.NewContext()
	c.ConstraintExpr("!purego")
	g.Build(c)
	file, err := c.Result()
	if err != nil {
		return nil, err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return nil, err
	}
	config := printer.Config{Name: g.name(), Pkg: g.Package}
	text := map[string][]byte{}
	for name, with := range map[string]printer.Builder{
		"z" + g.Package + "_amd64.s":  printer.NewGoAsm,
		"z" + g.Package + "_amd64.go": printer.NewStubs,
	} {
		if text[name], err = with(config).Print(file); err != nil {
			return nil, err
		}
	}
	return text, nil
}
