package harness

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// Child is a child process that holds a peer. It gets requests and gives replies as JSON
// lines; columns travel as files of a folder that both know. It is not safe for concurrent
// use.
type Child struct {
	// Version is what the first line of the program says, Dir the folder, once it runs.
	Version, Dir string

	name string // of the interpreter, for people
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
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

// open starts the command that is given for the folder, unless it runs. fill writes files
// that the program reads as it begins; nil: there are none.
func (c *Child) open(ctx context.Context, name string, command func(dir string) (*exec.Cmd, error), fill func() error) (err error) {
	if c.cmd != nil {
		return nil
	}
	c.name = name
	if c.Dir, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	if fill != nil {
		if err := fill(); err != nil {
			return err
		}
	}
	if c.cmd, err = command(c.Dir); err != nil {
		return err
	}
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	c.out = bufio.NewScanner(out)
	if err := c.cmd.Start(); err != nil {
		return err
	}
	var hello Reply
	err = c.read(&hello)
	c.Version = hello.Version
	return err
}

// Call sends a request and reads the reply.
func (c *Child) Call(request, reply any) error {
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return err
	}
	return c.read(reply)
}

func (c *Child) read(reply any) error {
	if !c.out.Scan() {
		return errors.Join(errors.New(c.name+" ended early"), c.out.Err())
	}
	return json.Unmarshal(c.out.Bytes(), reply)
}

// Close ends the child and removes the folder.
func (c *Child) Close() error {
	if c.Dir == "" {
		return nil
	}
	var errs []error
	if c.cmd != nil && c.cmd.Process != nil {
		errs = append(errs, c.in.Close(), c.cmd.Wait())
	}
	return errors.Join(append(errs, os.RemoveAll(c.Dir))...)
}

// Column writes a file of a folder, the columns one after the other as the machine holds them.
func Column[T float64 | int64 | int32](dir, name string, columns ...[]T) (err error) {
	f, err := os.Create(filepath.Join(dir, name))
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

// ReadColumn reads a file of a folder that a program wrote.
func ReadColumn[T float64 | int64 | int32](dir, name string) ([]T, error) {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	var zero T
	column := make([]T, len(data)/binary.Size(zero))
	_, err = binary.Decode(data, binary.NativeEndian, column)
	return column, err
}
