package learnbench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/learn/boost"
)

const (
	scored    = 1000 // rows one by one
	explained = 2000 // rows by TreeSHAP
)

// forest is a model to be asked, and rows to ask it about.
type forest struct {
	crowd *crowd
	model *boost.Model
	rows  []float64
	same  bool // the trees are those of XGBoost
}

// newForest fits the trees in XGBoost and reads them, or fits ours where that is not installed.
func (u *suite) newForest(ctx context.Context) (f *forest, err error) {
	f = &forest{crowd: newCrowd(min(100_000, u.options.Rows), explained)}
	f.rows = rows(f.crowd.test)
	p := u.xgboost
	switch err := f.fit(ctx, p); {
	case errors.Is(err, harness.ErrNotInstalled):
		f.model, err = boost.Fit(ctx, f.crowd.train, f.crowd.labels, &options)
		return f, err
	case err != nil:
		return nil, err
	}
	file, err := os.Open(filepath.Join(p.Dir, "model.json"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	f.same = true
	f.model, err = boost.ReadXGBoost(file, nil)
	return f, err
}

// fit has a child fit its own trees.
func (f *forest) fit(ctx context.Context, p *harness.Python) error {
	if err := p.Open(ctx, nil); err != nil {
		return err
	}
	if err := f.crowd.write(p.Dir); err != nil {
		return err
	}
	return p.Call(request{Do: "model", D: columns}, &reply{})
}

func (f *forest) row(i int) []float64 { return f.rows[i*columns : (i+1)*columns] }

// answer is numbers of rows; those of other trees are only near ours.
type answer struct {
	values []float64
	near   bool
}

func sameAnswers(want, got answer) error {
	if len(want.values) != len(got.values) {
		return fmt.Errorf("got %d values, want %d", len(got.values), len(want.values))
	}
	sum, largest := 0.0, 0.0
	for i, x := range got.values {
		d := math.Abs(x - want.values[i])
		if !(d <= 1e9) {
			return fmt.Errorf("got %v, want %v", x, want.values[i])
		}
		sum, largest = sum+d, max(largest, d)
	}
	if mean := sum / float64(len(got.values)); mean > 0.5 || !got.near && largest > 1e-4 {
		return fmt.Errorf("values differ by %.2g on average and %.2g at most", mean, largest)
	}
	return nil
}

func (f *forest) peer(name, task string, p *harness.Python, near bool) *harness.Way[answer] {
	open := func(ctx context.Context) error {
		if f.same && name == xgboostName {
			return nil
		}
		return f.fit(ctx, p)
	}
	return peer(name, &p.Child, request{Task: task}, open, func(reply) (answer, error) {
		values, err := harness.ReadColumn[float64](p.Dir, "values")
		return answer{values, near}, err
	})
}

// row has the time of a thousand rows, as a table of seconds shows it, and that of one.
func (u *suite) row(ctx context.Context) error {
	name := fmt.Sprintf("learn: %d rows one by one through %d trees", scored, trees)
	if !u.session.Wants(name) {
		return nil
	}
	f, err := u.newForest(ctx)
	if err != nil {
		return err
	}
	scores := make([]float64, scored)
	ours := &harness.Way[answer]{
		Label: libraryName,
		Do: func(context.Context) (harness.Cost, error) {
			return harness.Repeat(50*time.Millisecond, func() error {
				for i := range scores {
					scores[i] = f.model.LogOdds(f.row(i))
				}
				return nil
			})
		},
		Result: func() (answer, error) { return answer{values: append([]float64{}, scores...)}, nil },
	}
	err = harness.Measure(ctx, u.session, &harness.Task[answer]{
		Name: name, Compare: sameAnswers,
		Peers: []harness.Peer[answer]{ours, f.peer(xgboostName, "row", u.xgboost, false), f.peer(sklearnName, "row", u.sklearn, true)},
	})
	if err != nil {
		return err
	}
	b := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			f.model.LogOdds(f.row(i % explained))
		}
	})
	verdict := "met"
	if b.NsPerOp() > 5000 || b.AllocsPerOp() > 0 {
		verdict = "missed"
	}
	fmt.Fprintf(u.table, "One row through %d trees, of %d in turn: %.2f µs and %d allocations; at most 5 and 0 are the target: %s.\n\n",
		trees, explained, float64(b.NsPerOp())/1000, b.AllocsPerOp(), verdict)
	return u.session.Figures(fmt.Sprintf("learn: one row through %d trees", trees),
		harness.Figure{Name: "time", Value: float64(b.NsPerOp()) / 1000, Unit: "µs", Target: "at most 5 µs"},
		harness.Figure{Name: "allocations", Value: float64(b.AllocsPerOp()), Target: "at most 0"})
}

func (u *suite) contributions(ctx context.Context) error {
	name := fmt.Sprintf("learn: TreeSHAP, %d rows, %d trees", explained, trees)
	if !u.session.Wants(name) {
		return nil
	}
	f, err := u.newForest(ctx)
	if err != nil {
		return err
	}
	values := make([]float64, explained*(columns+1))
	ours := &harness.Way[answer]{
		Label: libraryName,
		Do: func(context.Context) (harness.Cost, error) {
			return harness.Clock(func() error { f.explain(values); return nil })
		},
		Result: func() (answer, error) { return answer{values: append([]float64{}, values...)}, nil },
	}
	return harness.Measure(ctx, u.session, &harness.Task[answer]{
		Name: name, Compare: sameAnswers,
		Peers:   []harness.Peer[answer]{ours, f.peer(xgboostName, "contributions", u.xgboost, false)},
		Targets: []harness.Target{{Peer: xgboostName, Ratio: 1}},
	})
}

// explain writes the contributions of each row and the base, on all cores.
func (f *forest) explain(values []float64) {
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wait.Go(func() {
			for i := explained * w / workers; i < explained*(w+1)/workers; i++ {
				of := values[i*(columns+1) : (i+1)*(columns+1)]
				_, of[columns] = f.model.Contributions(of[:0], f.row(i))
			}
		})
	}
	wait.Wait()
}
