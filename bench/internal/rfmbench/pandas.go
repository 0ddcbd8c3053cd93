package rfmbench

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

const pandasName = "pandas"

//go:embed rfm.py
var program string

// python is a child process that holds the lines of a shop in pandas.
type python struct {
	shop        *shop
	interpreter string

	dir     string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	version string
}

// request is one line to rfm.py, reply one line from it.
type request struct {
	Do         string `json:"do"`
	Frequency  string `json:"frequency"`
	TextIDs    bool   `json:"text_ids"`
	TextOrders bool   `json:"text_orders"`
	NTile      bool   `json:"ntile"`
	Coded      bool   `json:"coded"`
	Day        int64  `json:"day"`
	File       string `json:"file,omitempty"`
}

type reply struct {
	Version   string  `json:"version"`
	Wall, CPU float64 // seconds
}

// withPandas finds an interpreter that has pandas.
func withPandas(ctx context.Context, given string) (string, error) {
	candidates := []string{"python3", "/usr/bin/python3"}
	if given != "" {
		candidates = []string{given}
	}
	for _, c := range candidates {
		if exec.CommandContext(ctx, c, "-c", "import pandas").Run() == nil {
			return c, nil
		}
	}
	return "", fmt.Errorf("%w: no python3 with pandas (Debian package python3-pandas)", harness.ErrNotInstalled)
}

// open starts the child and loads the lines once.
func (p *python) open(ctx context.Context) (err error) {
	if p.cmd != nil {
		return nil
	}
	interpreter, err := withPandas(ctx, p.interpreter)
	if err != nil {
		return err
	}
	if p.dir, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	for name, column := range map[string][]int64{"customer": p.shop.customer, "unix": p.shop.unix, "amount": p.shop.amount, "order": p.shop.order} {
		if err := writeColumn(filepath.Join(p.dir, name), column); err != nil {
			return err
		}
	}
	p.cmd = exec.CommandContext(ctx, interpreter, "-c", program, p.dir)
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

func writeColumn(file string, column []int64) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	var b [8]byte
	for _, v := range column {
		binary.NativeEndian.PutUint64(b[:], uint64(v))
		w.Write(b[:]) // its error comes back from Flush
	}
	return w.Flush()
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

// pandasPeer does a job in the child, which reads its own clock.
type pandasPeer struct {
	job   job
	coded bool // ids are categories, coded before the clock starts
	*python
}

func (p *pandasPeer) Name() string {
	if p.coded {
		return pandasName + ", coded ids"
	}
	return pandasName
}

func (p *pandasPeer) Version() string { return p.version }

func (p *pandasPeer) request(do, file string) request {
	return request{
		Do: do, Frequency: p.job.frequency.String(), TextIDs: p.job.textIDs, TextOrders: p.job.textOrders,
		NTile: p.job.ntile, Coded: p.coded, Day: asOfDay, File: file,
	}
}

func (p *pandasPeer) Prepare(ctx context.Context) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	_, err := p.call(p.request("prepare", ""))
	return err
}

func (p *pandasPeer) Run(context.Context) (harness.Cost, error) {
	r, err := p.call(p.request("run", ""))
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	return harness.Cost{Wall: seconds(r.Wall), CPU: seconds(r.CPU)}, err
}

func (p *pandasPeer) Answer(context.Context) (*answer, error) {
	file := filepath.Join(p.dir, "answer")
	if _, err := p.call(p.request("answer", file)); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	a := newAnswer(p.shop.customers)
	const columns = 7
	for ; len(data) >= 8*columns; data = data[8*columns:] {
		var v [columns]int64
		for i := range v {
			v[i] = int64(binary.NativeEndian.Uint64(data[8*i:]))
		}
		if err := a.set(v[0], v[1], v[2], v[3], [3]int64(v[4:])); err != nil {
			return nil, err
		}
	}
	return a, nil
}
