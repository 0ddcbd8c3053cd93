// Command apitext writes the exported API of Go packages as text, one line an identifier, so that every change of the API
// shows up as a changed line in review.
//
// Usage:
//
//	apitext [-check] [-root dir] [-out dir] [module dir ...]
//
// Module directories are relative to -root; the default is the root module alone. Each public package gives one file in
// the -out directory, named by its path below the root module with "/" replaced by "-": identity/normalize becomes
// identity-normalize.txt. Commands, internal packages and examples have no API.
//
// With -check nothing is written: the files are compared with the code, the differences are printed, and the exit status
// is 1 if there are any. It is also 1 if a line of the last release is gone or changed and the changelog since then does
// not name it; from v1 on no such line may go.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	check := flag.Bool("check", false, "compare instead of writing; exit with status 1 on any difference")
	root := flag.String("root", ".", "`directory` of the root module")
	out := flag.String("out", "api", "`directory` of the text files, relative to the root")
	flag.Parse()
	modules := flag.Args()
	if len(modules) == 0 {
		modules = []string{"."}
	}
	if err := run(*root, filepath.Join(*root, *out), modules, *check); err != nil {
		fmt.Fprintln(os.Stderr, "apitext:", err)
		os.Exit(1)
	}
}

// run writes the files of dir, or compares them with the code.
func run(root, dir string, modules []string, check bool) error {
	now, err := describe(root, modules)
	if err != nil {
		return err
	}
	was, err := readFiles(dir)
	if err != nil {
		return err
	}
	if !check {
		return writeFiles(dir, was, now)
	}
	if changes := diff(was, now); len(changes) > 0 {
		show(changes)
		return fmt.Errorf("%d lines of the exported API changed; if that is meant, run \"make api\" and commit the result", len(changes))
	}
	out, err := filepath.Rel(root, dir)
	if err != nil {
		return err
	}
	gone, err := unsaid(root, out, now)
	if err != nil || len(gone) == 0 {
		return err
	}
	show(gone)
	return fmt.Errorf("lines of the last release that are gone: %d; CHANGELOG.md has to name what, between backquotes, and from v1 on none may go", len(gone))
}

func show(lines []string) {
	for _, line := range lines {
		fmt.Println(line)
	}
}
