package clusterbench

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

//go:embed peers.py
var program string

// python is a child process that holds one of the peers. Its files are in dir.
type python struct {
	peer        string // sklearn or faiss
	interpreter string // "": look for one

	dir     string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	version string
	rows    map[*points]string // files
}

// request is one line to peers.py, reply one line from it.
type request struct {
	Do         string  `json:"do"`
	Task       string  `json:"task"`
	Rows       string  `json:"rows"`
	Start      string  `json:"start"`
	D          int     `json:"d"`
	K          int     `json:"k"`
	Iterations int     `json:"iterations"`
	Tolerance  float64 `json:"tolerance"`
	Seed       int     `json:"seed"`
}

type reply struct {
	Version, Wrote string
	Threads        int
	Wall, CPU      float64 // seconds
	Inertia, Score float64
}

// installed finds an interpreter that has the peer.
func (p *python) installed(ctx context.Context) (string, error) {
	candidates := []string{"python3", "/usr/bin/python3"}
	if p.interpreter != "" {
		candidates = []string{p.interpreter}
	}
	for _, c := range candidates {
		if exec.CommandContext(ctx, c, "-c", "import threadpoolctl, "+p.peer).Run() == nil {
			return c, nil
		}
	}
	return "", fmt.Errorf("%w: no python3 with %s (Debian packages python3-sklearn, python3-faiss)", harness.ErrNotInstalled, p.peer)
}

// open starts the child.
func (p *python) open(ctx context.Context) (err error) {
	if p.cmd != nil {
		return nil
	}
	interpreter, err := p.installed(ctx)
	if err != nil {
		return err
	}
	p.rows = map[*points]string{}
	if p.dir, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	p.cmd = exec.CommandContext(ctx, interpreter, "-c", program, p.dir, p.peer)
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
	r, err := p.read()
	p.version = r.Version
	return err
}

// file is the file of the rows, written at first use.
func (p *python) file(of *points) (string, error) {
	if p.rows[of] == "" {
		name := fmt.Sprintf("rows%d", len(p.rows))
		if err := write(filepath.Join(p.dir, name), of.rows...); err != nil {
			return "", err
		}
		p.rows[of] = name
	}
	return p.rows[of], nil
}

func (p *python) call(r request) (reply, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return reply{}, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return reply{}, err
	}
	return p.read()
}

func (p *python) read() (r reply, err error) {
	if !p.out.Scan() {
		return r, errors.Join(errors.New("python ended early"), p.out.Err())
	}
	return r, json.Unmarshal(p.out.Bytes(), &r)
}

func (p *python) close() error {
	if p.dir == "" {
		return nil
	}
	var errs []error
	if p.cmd != nil && p.cmd.Process != nil {
		errs = append(errs, p.in.Close(), p.cmd.Wait())
	}
	return errors.Join(append(errs, os.RemoveAll(p.dir))...)
}

// wrote reads the file that the child has just written, with elements of size bytes.
func (p *python) wrote(size int, each func(b []byte)) error {
	data, err := os.ReadFile(filepath.Join(p.dir, "answer"))
	for b := range slices.Chunk(data, size) {
		each(b)
	}
	return err
}

// way is the task of peers.py that does the job.
func (p *python) way(name, task string, j *job) *way {
	w := &way{name: name}
	r := request{Task: task, D: j.d, K: j.k, Iterations: j.iterations, Tolerance: max(j.tolerance, 0)}
	w.prepare = func(ctx context.Context) (err error) {
		if err := p.open(ctx); err != nil {
			return err
		}
		if r.Rows, err = p.file(j.points); err != nil {
			return err
		}
		r.Start = "start"
		if err := write(filepath.Join(p.dir, r.Start), slices.Concat(j.start(j.k)...)...); err != nil {
			return err
		}
		r.Do = "prepare"
		got, err := p.call(r)
		w.threads, w.version = got.Threads, p.version
		return err
	}
	w.run = func(context.Context) (harness.Cost, error) {
		r.Do = "run"
		r.Seed++
		got, err := p.call(r)
		seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
		return harness.Cost{Wall: seconds(got.Wall), CPU: seconds(got.CPU)}, err
	}
	w.answer = func(context.Context) (*answer, error) {
		r.Do = "answer"
		got, err := p.call(r)
		if err != nil {
			return nil, err
		}
		a := &answer{inertia: got.Inertia, score: got.Score}
		switch got.Wrote {
		case "labels":
			err = p.wrote(4, func(b []byte) { a.labels = append(a.labels, int32(binary.NativeEndian.Uint32(b))) })
		case "centers":
			var centers []float64
			err = p.wrote(8, func(b []byte) {
				centers = append(centers, math.Float64frombits(binary.NativeEndian.Uint64(b)))
			})
			a.inertia = j.inertia(centers)
		}
		return a, err
	}
	return w
}
