package rfmbench

import (
	"context"
	_ "embed"
	"path/filepath"
	"slices"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

const pandasName = "pandas"

//go:embed rfm.py
var program string

// python is a child process that holds the lines of a shop in pandas.
type python struct {
	harness.Python

	shop *shop
}

func newPython(s *shop, interpreter string) *python {
	return &python{harness.Python{Program: program, Needs: "pandas", Packages: "python3-pandas", Interpreter: interpreter}, s}
}

// request is one line to rfm.py.
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

// open starts the child and loads the lines once.
func (p *python) open(ctx context.Context) error {
	return p.Open(ctx, func() error {
		for name, column := range map[string][]int64{"customer": p.shop.customer, "unix": p.shop.unix, "amount": p.shop.amount, "order": p.shop.order} {
			if err := harness.Column(p.Dir, name, column); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *python) call(r request) (got harness.Reply, err error) {
	err = p.Call(r, &got)
	return got, err
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

func (p *pandasPeer) Version() string { return p.python.Version }

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
	return r.Cost(), err
}

func (p *pandasPeer) Answer(context.Context) (*answer, error) {
	if _, err := p.call(p.request("answer", filepath.Join(p.Dir, "answer"))); err != nil {
		return nil, err
	}
	data, err := harness.ReadColumn[int64](p.Dir, "answer")
	if err != nil {
		return nil, err
	}
	a := newAnswer(p.shop.customers)
	const columns = 7
	for v := range slices.Chunk(data, columns) {
		if err := a.set(v[0], v[1], v[2], v[3], [3]int64(v[4:])); err != nil {
			return nil, err
		}
	}
	return a, nil
}
