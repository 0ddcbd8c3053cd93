package harness

import (
	"context"
	"fmt"
	"os/exec"
)

// Python is a child that runs a program in Python. It is not safe for concurrent use.
type Python struct {
	Child

	Program     string   // its text
	Args        []string // beside the folder, which is the first
	Needs       string   // modules, as after import
	Packages    string   // Debian packages that have them, for people
	Interpreter string   // "": look for one that has the modules
}

// Installed finds an interpreter that has the modules, or says [ErrNotInstalled].
func (p *Python) Installed(ctx context.Context) (string, error) {
	candidates := []string{"python3", "/usr/bin/python3"}
	if p.Interpreter != "" {
		candidates = []string{p.Interpreter}
	}
	for _, c := range candidates {
		if exec.CommandContext(ctx, c, "-c", "import "+p.Needs).Run() == nil {
			return c, nil
		}
	}
	return "", fmt.Errorf("%w: no python3 with %s (Debian packages %s)", ErrNotInstalled, p.Needs, p.Packages)
}

// Open starts the child, unless it runs. fill writes files that the program reads as it
// begins; nil: there are none.
func (p *Python) Open(ctx context.Context, fill func() error) error {
	if p.cmd != nil {
		return nil
	}
	interpreter, err := p.Installed(ctx)
	if err != nil {
		return err
	}
	return p.open(ctx, "python", func(dir string) (*exec.Cmd, error) {
		return exec.CommandContext(ctx, interpreter, append([]string{"-c", p.Program, dir}, p.Args...)...), nil
	}, fill)
}
