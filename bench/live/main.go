// Command live measures live segments of package segment: updates, the clock, readers beside a writer, and opening what a
// store keeps. It writes a table and one JSON line a run to a folder.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "live:", err)
		os.Exit(1)
	}
}

type options struct {
	customers int
	dir       string

	crowd   *crowd           // nil: not made yet
	kept    string           // the file of SQLite; "": not written yet
	written []harness.Figure // while it was
}

var jobs = []harness.Job[options]{
	{Name: "full evaluation", Run: evaluating},
	{Name: "updates, one core", Run: updating},
	{Name: "clock, one core", Run: ticking},
	{Name: "readers beside a writer", Run: reading},
	{Name: "kept in SQLite", Run: keeping},
}

func run(ctx context.Context) error {
	var o options
	flag.IntVar(&o.customers, "customers", 10_000_000, "customers")
	flag.StringVar(&o.dir, "dir", "", "folder for the file of SQLite (default: a temporary one)")
	defer func() {
		if o.kept != "" {
			os.RemoveAll(filepath.Dir(o.kept))
		}
	}()
	return harness.Jobs(ctx, "live", &o, func(o *options) error {
		if o.customers < 1000 {
			return errors.New("at least 1,000 customers")
		}
		return nil
	}, about, jobs)
}

func about(o *options) string {
	return fmt.Sprintf(`%d customers; 1,000 live segments with two to four conditions each, a fifth of them on time, over 100 tags: flags, enums of 40 values, whole
numbers, times, labels, floats. Updates: half of them count something up, a quarter says when something was last done, the others give a flag, an enum, labels or a float
another value; the customers are drawn at random. Time is that of the processors. The index alone: the same batch without live segments.
Clock: to just before something happens; and over it, from there until the notices are there.
Readers: one goroutine counts the customers of rules of three conditions, one after the other, on two cores; beside it another writes batches of 20,000 updates, ten a second or as many as it can, and then batches of a million, one after the other.
Kept in SQLite: the same customers with 900 tags more, of which one customer in twenty has a value; written for the first time with the members of all segments, closed, and
opened again by each run, on two cores, with the file in the memory of the operating system.`, o.customers)
}
