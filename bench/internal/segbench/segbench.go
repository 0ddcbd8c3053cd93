// Package segbench compares package segment with its peers, DuckDB and
// roaring, on one thread each: rules over customers with twenty tags, algebra
// of sets, overlap, portrait, loading, updates and the dictionary of ids.
package segbench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

const (
	duckDBName     = "DuckDB"
	roaringName    = "roaring"
	roaringVersion = "roaring v2.30.0"
)

// Options say how large a comparison is. It is a plain value: safe for concurrent reads.
type Options struct {
	Customers int
	Least     time.Duration // how long a run goes on, so that the clock can tell; 0: 10 ms
}

// bench is one invocation. It is not safe for concurrent use.
type bench struct {
	s         *harness.Session
	customers int
	least     time.Duration
	shape     shape
	rows      []row
	notes     []note
}

// Run measures all tasks on data of each shape and writes the table.
func Run(ctx context.Context, s *harness.Session, table io.Writer, o Options) error {
	b := &bench{s: s, customers: o.Customers, least: cmp.Or(o.Least, 10*time.Millisecond)}
	for _, b.shape = range shapes {
		for _, group := range []func(context.Context, *bench) error{questions, algebra, portraits, loading, updates, dictionary} {
			if err := group(ctx, b); err != nil {
				return err
			}
		}
	}
	b.report(table)
	return nil
}

// A way is one way to do a task whose answer is an A.
type way[A any] struct {
	name, version string
	ready         func(ctx context.Context) error // before each run, outside the clock; nil: nothing
	do            func(ctx context.Context) (A, error)
	answer        func(ctx context.Context) (A, error) // after each run, outside the clock; nil: what do returned
	targets       [2]float64                           // for the library in Go, and with kernels; 0: none
}

// A task is described once for all ways.
type task[A any] struct {
	name    string
	prepare func(ctx context.Context) error // called before the first run, several times
	// ours is given twice where each form of the library needs a state of its own, else once.
	ours  []way[A]
	peers []way[A]
	equal func(want, got A) bool
	per   int // do does the work so many times; 0: do is repeated until a run is long enough, and counts once
	runs  int // at most so many counted runs; 0: as many as asked for
}

// measure runs a task, and keeps a row for each of its peers.
func measure[A any](ctx context.Context, b *bench, t task[A]) error {
	full := fmt.Sprintf("segment: %s: %s", b.shape, t.name)
	if !b.s.Wants(full) {
		return nil
	}
	h := &harness.Task[A]{Name: full, Compare: func(want, got A) error {
		if !t.equal(want, got) {
			return errors.New("not as the library's")
		}
		return nil
	}}
	var peers []*peer[A]
	for i, assembly := range []bool{false, true} {
		w := t.ours[min(i, len(t.ours)-1)]
		w.name = ourNames[i]
		peers = append(peers, &peer[A]{way: w, task: &t, assembly: assembly, least: b.least})
	}
	for _, w := range t.peers {
		for i, ratio := range w.targets {
			if ratio > 0 {
				h.Targets = append(h.Targets, harness.Target{Peer: w.name, Ratio: ratio, Of: ourNames[i]})
			}
		}
		peers = append(peers, &peer[A]{way: w, task: &t, assembly: true, least: b.least})
	}
	for _, p := range peers {
		h.Peers = append(h.Peers, p)
	}
	defer func(runs int) { b.s.Runs = runs }(b.s.Runs)
	if t.runs > 0 {
		b.s.Runs = min(b.s.Runs, t.runs)
	}
	if err := harness.Measure(ctx, b.s, h); err != nil {
		return err
	}
	for _, p := range peers[2:] {
		b.rows = append(b.rows, row{
			shape: b.shape, task: t.name, peer: p.name, targets: p.targets,
			theirs: p.median(), ours: [2]time.Duration{peers[0].median(), peers[1].median()},
		})
	}
	return nil
}

var ourNames = [2]string{"clientele, Go", "clientele, kernels"}
