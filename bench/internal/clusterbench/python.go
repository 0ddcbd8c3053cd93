package clusterbench

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

//go:embed peers.py
var program string

// python is a child process that holds one of the peers: sklearn or faiss.
type python struct {
	harness.Python

	rows map[*points]string // files
}

func newPython(peer, packages, interpreter string) *python {
	return &python{
		Python: harness.Python{Program: program, Args: []string{peer}, Needs: "threadpoolctl, " + peer, Packages: packages, Interpreter: interpreter},
		rows:   map[*points]string{},
	}
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
	harness.Reply

	Wrote          string
	Threads        int
	Inertia, Score float64
}

// file is the file of the rows, written at first use.
func (p *python) file(of *points) (string, error) {
	if p.rows[of] == "" {
		name := fmt.Sprintf("rows%d", len(p.rows))
		if err := harness.Column(p.Dir, name, of.rows); err != nil {
			return "", err
		}
		p.rows[of] = name
	}
	return p.rows[of], nil
}

func (p *python) call(r request) (got reply, err error) {
	err = p.Call(r, &got)
	return got, err
}

// way is the task of peers.py that does the job.
func (p *python) way(name, task string, j *job) *way {
	w := &way{name: name}
	r := request{Task: task, D: j.d, K: j.k, Iterations: j.iterations, Tolerance: max(j.tolerance, 0)}
	w.prepare = func(ctx context.Context) (err error) {
		if err := p.Open(ctx, nil); err != nil {
			return err
		}
		if r.Rows, err = p.file(j.points); err != nil {
			return err
		}
		r.Start = "start"
		if err := harness.Column(p.Dir, r.Start, j.start(j.k)...); err != nil {
			return err
		}
		r.Do = "prepare"
		got, err := p.call(r)
		w.threads, w.version = got.Threads, p.Version
		return err
	}
	w.run = func(context.Context) (harness.Cost, error) {
		r.Do = "run"
		r.Seed++
		got, err := p.call(r)
		return got.Cost(), err
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
			a.labels, err = harness.ReadColumn[int32](p.Dir, "answer")
		case "centers":
			var centers []float64
			centers, err = harness.ReadColumn[float64](p.Dir, "answer")
			a.inertia = j.inertia(centers)
		}
		return a, err
	}
	return w
}
