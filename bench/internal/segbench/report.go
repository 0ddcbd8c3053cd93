package segbench

import (
	"fmt"
	"io"
	"time"
)

// row is what a peer took beside the library.
type row struct {
	shape      shape
	task, peer string
	theirs     time.Duration
	ours       [2]time.Duration // in Go, with kernels
	targets    [2]float64
}

func (r *row) ratio(i int) float64 { return float64(r.theirs) / float64(r.ours[i]) }

// note is memory that was measured.
type note struct {
	Task     string `json:"task"`
	What     string `json:"what"`
	Bytes    int    `json:"bytes"`
	Elements int    `json:"elements"` // customers
}

// remember keeps how much memory what takes.
func (b *bench) remember(what string, bytes int) error {
	n := note{fmt.Sprintf("segment: %s: memory", b.shape), what, bytes, b.customers}
	b.notes = append(b.notes, n)
	return b.s.Line(n)
}

// report writes the tables in Markdown.
func (b *bench) report(w io.Writer) {
	m := b.s.Machine
	fmt.Fprintf(w, "Machine: %s, %d cores, %d GiB, %s, %s. Peers: %s; %s.\n",
		m.Processor, m.Cores, m.Memory, m.System, m.Go, duckDBVersion, roaringVersion)
	fmt.Fprintf(w, "\nMedians of up to %d runs in turns after a warm-up. The ratio is the peer's time to ours: above 1 we are quicker.\n", b.s.Runs)
	var lost, missed []string
	var last shape
	for _, r := range b.rows {
		if r.shape != last {
			last = r.shape
			fmt.Fprintf(w, "\n## %s\n\n| task | peer | peer's time | ours, Go | ours, kernels | ratio, pure Go | target | ratio, with kernels | target |\n", r.shape)
			fmt.Fprint(w, "|---|---|---:|---:|---:|---:|---|---:|---|\n")
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |", r.task, r.peer, short(r.theirs), short(r.ours[0]), short(r.ours[1]))
		for i, form := range []string{"pure Go", "with kernels"} {
			goal := ""
			line := fmt.Sprintf("%s, %s, %s, %s: %sx", r.shape, r.task, r.peer, form, ratio(r.ratio(i)))
			if t := r.targets[i]; t > 0 {
				goal = fmt.Sprintf("%gx: met", t)
				if r.ratio(i) < t {
					goal = fmt.Sprintf("%gx: missed", t)
					missed = append(missed, fmt.Sprintf("%s, the target is %gx.", line, t))
				}
			}
			if r.ratio(i) < 1 {
				lost = append(lost, line+".")
			}
			fmt.Fprintf(w, " %s | %s |", ratio(r.ratio(i)), goal)
		}
		fmt.Fprintln(w)
	}
	if len(b.notes) > 0 {
		fmt.Fprint(w, "\n## Memory\n\n| task | what | MiB | bytes a customer |\n|---|---|---:|---:|\n")
		for _, n := range b.notes {
			fmt.Fprintf(w, "| %s | %s | %.1f | %.2f |\n", n.Task, n.What, float64(n.Bytes)/(1<<20), float64(n.Bytes)/float64(n.Elements))
		}
	}
	list(w, "Cases we lose", lost)
	list(w, "Targets missed", missed)
}

func list(w io.Writer, title string, lines []string) {
	fmt.Fprintf(w, "\n## %s\n\n", title)
	if len(lines) == 0 {
		fmt.Fprintln(w, "None of the above.")
	}
	for _, l := range lines {
		fmt.Fprintf(w, "- %s\n", l)
	}
}

// short writes a time with three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < time.Millisecond:
		return fmt.Sprintf("%.3g µs", float64(d)/1e3)
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}

// About is the introduction of the table: what is timed, and how.
func About(o Options) string {
	return fmt.Sprintf(`%s customers, three ways in which values lie: "uniform": all alike and independent; "Zipf": values by Zipf's law, a
few customers in most sets; "clustered": neighbours in order of arrival are alike. One thread for each: Query.Workers and
Options.Workers are 1, DuckDB has threads = 1. The library runs in its pure Go form and with the kernels in assembly
for this processor, in turns with its peers; the answer of every run is compared before its time counts.

DuckDB has its own table in memory, filled in the same order: BOOLEAN, the smallest integers that hold a column (codes
for enums), DATE, TIMESTAMP, DOUBLE, an id BIGINT; statements are prepared. Roaring bitmaps are run optimized; where data are clustered
they also stand without runs. "Count" is compared with AndCardinality and OrCardinality; "as roaring bitmap" is
Snapshot.Set, which ends in a *roaring.Bitmap; "in containers" is the operation on the index's own immutable sets, a rule
apart; both are compared with And and Or. "Compact" is an index with Options.Dense 1/16, "dense" one with 1/256; for
other densities the compact one. Questions about tags are asked of an index with default options.

Loading starts from slices in Go. DuckDB is filled by its Appender, by a table function that hands out the slices a
chunk at a time, and by CREATE TABLE AS from hashes, which reads nothing; its id column has no index, ours has its
dictionary. For single writes DuckDB has an index on id. The roaring portrait is the counts alone, without the statistics.
`, count(o.Customers))
}

// count writes 10000000 as 10 million.
func count(n int) string {
	if n%1_000_000 == 0 {
		return fmt.Sprintf("%d million", n/1_000_000)
	}
	return fmt.Sprint(n)
}

// ratio writes three digits.
func ratio(r float64) string {
	if r >= 100 {
		return fmt.Sprintf("%.0f", r)
	}
	return fmt.Sprintf("%.3g", r)
}
