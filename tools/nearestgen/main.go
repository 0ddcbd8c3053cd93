// Command nearestgen writes the assembly of package nearest.
//
// Usage:
//
//	nearestgen [-check] [-root dir]
//
// It writes two files of the folder internal/nearest below -root: the functions, for AVX2 with FMA and for AVX-512, and
// their declarations in Go. With -check nothing is written: the exit status is 1 if the files are not what it would write.
package main

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

func main() {
	check := flag.Bool("check", false, "compare instead of writing; exit with status 1 on any difference")
	root := flag.String("root", ".", "`directory` of the root module")
	flag.Parse()
	if err := run(filepath.Join(*root, "internal", "nearest"), *check); err != nil {
		fmt.Fprintln(os.Stderr, "nearestgen:", err)
		os.Exit(1)
	}
}

// run writes the files to dir, or compares them with those there.
func run(dir string, check bool) error {
	files, err := generate()
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
func generate() (map[string][]byte, error) {
	c := build.NewContext()
	c.ConstraintExpr("!purego")
	counts := countTable(c)
	nearest(c, counts, "nearestAVX2", vector, false)
	nearest(c, counts, "nearest2AVX2", vector, true)
	nearest(c, counts, "nearestAVX512", widest, false)
	nearest(c, counts, "nearest2AVX512", widest, true)
	distances(c)
	sumLengths(c)
	file, err := c.Result()
	if err != nil {
		return nil, err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return nil, err
	}
	config := printer.Config{Name: "nearestgen", Pkg: "nearest"}
	text := map[string][]byte{}
	for name, with := range map[string]printer.Builder{
		"znearest_amd64.s":  printer.NewGoAsm,
		"znearest_amd64.go": printer.NewStubs,
	} {
		if text[name], err = with(config).Print(file); err != nil {
			return nil, err
		}
	}
	return text, nil
}
