package harness

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// Python is a child process that holds a peer. It gets requests and gives replies as JSON
// lines; columns travel as files of a folder that both know. It is not safe for concurrent
// use.
type Python struct {
	Program     string   // its text
	Args        []string // beside the folder, which is the first
	Needs       string   // modules, as after import
	Packages    string   // Debian packages that have them, for people
	Interpreter string   // "": look for one that has the modules

	// Version is what the first line of the program says, Dir the folder, once it runs.
	Version, Dir string

	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// Reply is what programs say of a run. A plain value: safe for concurrent reads.
type Reply struct {
	Version   string
	Wall, CPU float64 // seconds
}

// Cost is the time that the program took by its own clock.
func (r *Reply) Cost() Cost {
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	return Cost{Wall: seconds(r.Wall), CPU: seconds(r.CPU)}
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
func (p *Python) Open(ctx context.Context, fill func() error) (err error) {
	if p.cmd != nil {
		return nil
	}
	interpreter, err := p.Installed(ctx)
	if err != nil {
		return err
	}
	if p.Dir, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	if fill != nil {
		if err := fill(); err != nil {
			return err
		}
	}
	p.cmd = exec.CommandContext(ctx, interpreter, append([]string{"-c", p.Program, p.Dir}, p.Args...)...)
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.out = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		return err
	}
	var hello Reply
	err = p.read(&hello)
	p.Version = hello.Version
	return err
}

// Call sends a request and reads the reply.
func (p *Python) Call(request, reply any) error {
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return err
	}
	return p.read(reply)
}

func (p *Python) read(reply any) error {
	if !p.out.Scan() {
		return errors.Join(errors.New("python ended early"), p.out.Err())
	}
	return json.Unmarshal(p.out.Bytes(), reply)
}

// Close ends the child and removes the folder.
func (p *Python) Close() error {
	if p.Dir == "" {
		return nil
	}
	var errs []error
	if p.cmd != nil && p.cmd.Process != nil {
		errs = append(errs, p.in.Close(), p.cmd.Wait())
	}
	return errors.Join(append(errs, os.RemoveAll(p.Dir))...)
}

// Column writes a file of the folder, the columns one after the other as the machine holds them.
func Column[T float64 | int64 | int32](p *Python, name string, columns ...[]T) (err error) {
	f, err := os.Create(filepath.Join(p.Dir, name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	for _, c := range columns {
		for part := range slices.Chunk(c, 1<<16) {
			if err := binary.Write(w, binary.NativeEndian, part); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// ReadColumn reads a file of the folder that the program wrote.
func ReadColumn[T float64 | int64 | int32](p *Python, name string) ([]T, error) {
	data, err := os.ReadFile(filepath.Join(p.Dir, name))
	if err != nil {
		return nil, err
	}
	var zero T
	column := make([]T, len(data)/binary.Size(zero))
	_, err = binary.Decode(data, binary.NativeEndian, column)
	return column, err
}
