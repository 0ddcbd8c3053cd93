// Package clusterbench compares package cluster with its peers on points in memory, the
// same for all: 8 numbers in blobs with noise, and the logarithms of recency, frequency,
// monetary and tenure.
package clusterbench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

const (
	sklearnName = "scikit-learn"
	faissName   = "FAISS"
)

// Options say how large a comparison is. It is a plain value: safe for concurrent reads.
type Options struct {
	Points int    // of each data set
	Seeds  int    // with which defaults are fitted; 0: 20
	Python string // interpreter that has the peers; "": look for one
}

// A job is what is to be done with points.
type job struct {
	*points
	k          int
	iterations int     // at most, from the same start; 0: defaults with a start of one's own
	tolerance  float64 // negative: until no label changes
	starts     int     // 0: the default
}

// inertia is the sum of the squared distances of the points to their nearest centres.
func (j *job) inertia(centers []float64) float64 {
	total := 0.0
	for row := range slices.Chunk(j.rows, j.d) {
		least := math.Inf(1)
		for center := range slices.Chunk(centers, j.d) {
			sum := 0.0
			for i, x := range row {
				sum += (x - center[i]) * (x - center[i])
			}
			least = min(least, sum)
		}
		total += least
	}
	return total
}

// A way is one way to do a job.
type way struct {
	name, version string
	threads       int                             // that were quickest; 0: not chosen
	prepare       func(ctx context.Context) error // nil: nothing to do
	run           func(ctx context.Context) (harness.Cost, error)
	answer        func(ctx context.Context) (*answer, error)
}

func (w *way) Name() string                                  { return w.name }
func (w *way) Version() string                               { return w.version }
func (w *way) Run(ctx context.Context) (harness.Cost, error) { return w.run(ctx) }
func (w *way) Answer(ctx context.Context) (*answer, error)   { return w.answer(ctx) }

func (w *way) Prepare(ctx context.Context) error {
	if w.prepare == nil {
		return nil
	}
	return w.prepare(ctx)
}

// Run measures all tasks and writes their tables.
func Run(ctx context.Context, s *harness.Session, table io.Writer, o Options) (err error) {
	b := &bench{s: s, seeds: cmp.Or(o.Seeds, 20)}
	b.sklearn = newPython("sklearn", "python3-sklearn", o.Python)
	b.faiss = newPython("faiss", "python3-faiss", o.Python)
	defer func() { err = errors.Join(err, b.sklearn.Close(), b.faiss.Close()) }()
	for _, t := range slices.Concat(onBlobs(blobs(o.Points)), onShoppers(shoppers(o.Points))) {
		if err := b.run(ctx, t); err != nil {
			return err
		}
	}
	b.report(table)
	return nil
}

// A task is a job for the library and its peers.
type task struct {
	name    string
	job     *job
	ours    func(j *job) *way
	peers   []peer
	compare func(want, got *answer) error
	seeds   bool // a run a seed, whose inertias are compared by their medians
}

// A peer does a task, and takes as often our time as target says.
type peer struct {
	name   string
	do     string // the task of peers.py
	target float64
}

func sklearn(do string, target float64) peer { return peer{sklearnName, do, target} }

func lloyds(p *points, eight, fifty float64) []task {
	whole := fmt.Sprintf("cluster: %s, %s x %d", p.name, short(p.n), p.d)
	return []task{
		{
			name: whole + ", k=8, same start, to convergence", job: &job{points: p, k: 8, iterations: 300, tolerance: 1e-4},
			ours: fit, peers: []peer{sklearn("lloyd", eight)}, compare: same,
		},
		{
			name: whole + ", k=8, same start, 20 iterations", job: &job{points: p, k: 8, iterations: 20, tolerance: -1},
			ours: fit, peers: []peer{sklearn("lloyd", 0), {faissName, "train", 3}}, compare: same,
		},
		{
			name: whole + ", k=50, same start, 20 iterations", job: &job{points: p, k: 50, iterations: 20, tolerance: -1},
			ours: fit, peers: []peer{sklearn("lloyd", fifty), {faissName, "train", 3}}, compare: same,
		},
		{
			name: whole + ", k=50, defaults", job: &job{points: p, k: 50},
			ours: fit, peers: []peer{sklearn("default", 4)}, compare: near(0.5), seeds: true,
		},
		{
			name: whole + ", k=8, assign", job: &job{points: p, k: 8, iterations: 10, tolerance: -1},
			ours: assign, peers: []peer{sklearn("predict", 2)}, compare: same,
		},
		{
			name: whole + ", k=50, assign", job: &job{points: p, k: 50, iterations: 10, tolerance: -1},
			ours: assign, peers: []peer{sklearn("predict", 2)}, compare: same,
		},
	}
}

func onShoppers(p *points) []task { return lloyds(p, 2.8, 3.8) }

func onBlobs(p *points) []task {
	tasks := lloyds(p, 3, 3)
	for _, t := range []task{tasks[0], tasks[2]} {
		t.name += ", pure Go"
		t.ours = func(j *job) *way { return inGo(fit(j)) }
		t.peers = []peer{sklearn("lloyd", 0.3)}
		tasks = append(tasks, t)
	}
	part, pairs := p.head(100_000), p.head(20_000)
	return append(tasks, task{
		name: fmt.Sprintf("cluster: %s, %s x %d, k=8, defaults", part.name, short(part.n), part.d), job: &job{points: part, k: 8},
		ours: fit, peers: []peer{{muesliName, "", 0}}, compare: near(0.5), seeds: true,
	}, task{
		name: fmt.Sprintf("cluster: %s, %s x %d, k=8, one start", part.name, short(part.n), part.d), job: &job{points: part, k: 8, starts: 1},
		ours: fit, peers: []peer{{muesliName, "", 40}}, compare: near(0.5), seeds: true,
	}, task{
		name: fmt.Sprintf("cluster: %s, %s x %d, k=8, silhouette", pairs.name, short(pairs.n), pairs.d),
		job:  &job{points: pairs, k: 8, iterations: 10, tolerance: -1},
		ours: silhouette, peers: []peer{sklearn("silhouette", 5)}, compare: near(1e-9),
	})
}
