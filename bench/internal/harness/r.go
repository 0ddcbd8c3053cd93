package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// R is a child that runs a program in R; the folder is its argument. It is not safe for
// concurrent use.
type R struct {
	Child

	Program  string // its text
	Needs    string // a package, as after library
	Packages string // Debian packages that have it, for people
}

// Installed says [ErrNotInstalled] if there is no R with the package.
func (r *R) Installed(ctx context.Context) error {
	if exec.CommandContext(ctx, "Rscript", "-e", "library("+r.Needs+")").Run() != nil {
		return fmt.Errorf("%w: no Rscript with %s (Debian packages %s)", ErrNotInstalled, r.Needs, r.Packages)
	}
	return nil
}

// Open starts the child, unless it runs.
func (r *R) Open(ctx context.Context) error {
	if r.cmd != nil {
		return nil
	}
	if err := r.Installed(ctx); err != nil {
		return err
	}
	return r.open(ctx, "R", func(dir string) (*exec.Cmd, error) {
		file := filepath.Join(dir, "program.R")
		err := os.WriteFile(file, []byte(r.Program), 0o666)
		return exec.CommandContext(ctx, "Rscript", file, dir), err
	}, nil)
}
