// Command release tags a version of the root module and of the nested modules that are published.
//
// Usage:
//
//	release [-n=false] [-root dir] version
//
// It checks what a release needs, and says all that is missing. Then it prints the tags it would make; with -n=false it makes
// them. It pushes nothing, and changes neither files nor branches. docs/releasing.md says how a release is made.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	dry := flag.Bool("n", true, "print only; -n=false makes the tags")
	root := flag.String("root", ".", "`directory` of the root module")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "release: want one version, such as v0.2.0")
		os.Exit(2)
	}
	if err := run(os.Stdout, *root, flag.Arg(0), *dry); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, root, version string, dry bool) error {
	p, err := newPlan(root, version)
	if err != nil {
		return err
	}
	if err := p.write(out); err != nil || dry {
		fmt.Fprintln(out, "Nothing was made; -n=false makes them.")
		return err
	}
	if err := p.make(); err != nil {
		return err
	}
	fmt.Fprintf(out, "Made. To publish them: git push origin%s\n", p.names())
	return nil
}
