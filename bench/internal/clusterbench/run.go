package clusterbench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

// bench is one run of all tasks.
type bench struct {
	s              *harness.Session
	seeds          int
	sklearn, faiss *python
	threads        []string // what the peers chose
	inertias       []string // rows of their table
}

// run runs a task.
func (b *bench) run(ctx context.Context, t task) error {
	if !b.s.Wants(t.name) {
		return nil
	}
	t.job.make()
	if err := t.job.settle(ctx); err != nil {
		return err
	}
	task := &harness.Task[*answer]{Name: t.name, Compare: t.compare}
	ways := []*way{t.ours(t.job)}
	for _, p := range t.peers {
		switch p.name {
		case sklearnName:
			ways = append(ways, b.sklearn.way(p.name, p.do, t.job))
		case faissName:
			ways = append(ways, b.faiss.way(p.name, p.do, t.job))
		case muesliName:
			ways = append(ways, muesli(t.job))
		}
		if p.target > 0 {
			task.Targets = append(task.Targets, harness.Target{Peer: p.name, Ratio: p.target})
		}
	}
	found := make([][]float64, len(ways))
	for i, w := range ways {
		find := w.answer
		w.answer = func(ctx context.Context) (*answer, error) {
			a, err := find(ctx)
			if err == nil {
				found[i] = append(found[i], a.inertia)
			}
			return a, err
		}
		task.Peers = append(task.Peers, w)
	}
	if t.seeds {
		runs := b.s.Runs
		b.s.Runs = b.seeds
		defer func() { b.s.Runs = runs }()
	}
	if err := harness.Measure(ctx, b.s, task); err != nil {
		return err
	}
	for i, w := range ways {
		if w.threads > 0 {
			b.threads = append(b.threads, fmt.Sprintf("%s, %s: %d", t.name, w.name, w.threads))
		}
		if len(found[i]) > 0 && found[i][0] > 0 {
			b.inertias = append(b.inertias, inertiaRow(t.name, w.name, found[0][1:], found[i][1:]))
		}
	}
	return nil
}

// inertiaRow is the row of a peer whose runs, without the warm-up, found these inertias.
func inertiaRow(task, peer string, ours, found []float64) string {
	ours, found = slices.Sorted(slices.Values(ours)), slices.Sorted(slices.Values(found))
	median := harness.Median(found)
	return fmt.Sprintf("| %s | %s | %.7g (%.7g to %.7g) | %+.4f %% |", task, peer,
		median, found[0], found[len(found)-1], 100*(median/harness.Median(ours)-1))
}

// report writes the tables.
func (b *bench) report(w io.Writer) {
	b.s.Report(w)
	fmt.Fprint(w, "\n## Inertia\n\nSum of squared distances to the nearest centres: median (least to most) of the runs; more than ours by the medians.\n\n| task | peer | inertia | more than ours |\n|---|---|---:|---:|\n")
	for _, row := range b.inertias {
		fmt.Fprintln(w, row)
	}
	fmt.Fprint(w, "\n## Threads\n\nWith which a peer was quickest, and ran.\n\n")
	for _, row := range b.threads {
		fmt.Fprintf(w, "- %s\n", row)
	}
}

// About is the introduction of the table: what is timed, and how.
func About(o Options) string {
	return fmt.Sprintf(`%s points in memory are divided into k groups, or assigned to them. Blobs are 12 normal distributions of 8 numbers
and a tenth of noise; log RFM are 4 logarithms of recency, frequency, monetary and tenure without groups of their own.
"Same start": k rows, the same for all; labels are compared with those of scikit-learn but for one in 100,000, inertia to
1e-9, FAISS, which computes in single precision, to 1 %%. "Defaults": each library with its own start, one run a seed, %d
seeds; scikit-learn is KMeans(n_init=1).

clientele has the points in columns and unscaled, copies them, and computes in double precision with as many
goroutines as cores; its time includes the labels and what the model keeps of the rows. scikit-learn has them in
rows, double precision; FAISS in single precision and trains on all points, without labels. Both may use one
thread or as many as cores: what was quicker of two trials each.
`, short(o.Points), cmp.Or(o.Seeds, 20))
}
