// Command performance writes docs/performance.md from the results of the comparisons with other software.
//
// Usage:
//
//	performance [-check] [-root dir]
//
// It reads every file of bench/results that ends in .jsonl, one line a run, and takes of each task the last session. With
// -check nothing is written: the exit status is 1 if the page is not what it would write.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	check := flag.Bool("check", false, "compare instead of writing; exit with status 1 on any difference")
	root := flag.String("root", ".", "`directory` of the root module")
	flag.Parse()
	if err := run(filepath.Join(*root, "bench", "results"), filepath.Join(*root, "docs", "performance.md"), areas, *check); err != nil {
		fmt.Fprintln(os.Stderr, "performance:", err)
		os.Exit(1)
	}
}

// run writes the page of the results in dir, or compares it.
func run(dir, page string, areas []area, check bool) error {
	found, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return err
	}
	var results []*result
	for _, a := range areas {
		name := filepath.Join(dir, a.file+".jsonl")
		i := slices.Index(found, name)
		if i < 0 {
			continue // nobody has measured it yet
		}
		found = slices.Delete(found, i, i+1)
		r, err := read(name, a)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	if len(found) > 0 {
		return fmt.Errorf("tools/performance/areas.go does not say what %s is about", strings.Join(found, ", "))
	}
	text := document(results)
	if !check {
		return os.WriteFile(page, text, 0o666)
	}
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	if !bytes.Equal(old, text) {
		return fmt.Errorf("%s is not what bench/results gives: run \"make generate\" and commit the result", page)
	}
	return nil
}
