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
	if len(found) != len(areas) {
		return fmt.Errorf("%s has %d files of results, and areas.go describes %d", dir, len(found), len(areas))
	}
	results := make([]*result, len(areas))
	for i, a := range areas {
		if results[i], err = read(filepath.Join(dir, a.file+".jsonl"), a); err != nil {
			return err
		}
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
