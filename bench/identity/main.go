// Command identity measures package identity against the least that its work can cost,
// and writes a table and one JSON line a run to a folder.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "identity:", err)
		os.Exit(1)
	}
}

type options struct {
	observations int // of the jobs that take some
	many         int // of ObserveMany
	dir          string
}

var jobs = []harness.Job[options]{
	{Name: "observe in memory", Run: observing},
	{Name: "observe on Pebble, durable", Run: durable},
	{Name: "observe many", Run: observingMany},
	{Name: "retract in a component of 1,000 identifiers", Run: retracting},
	{Name: "retract, sealed", Run: retractingSealed},
	{Name: "preview of a policy", Run: previewing},
}

func run(ctx context.Context) error {
	var o options
	flag.IntVar(&o.observations, "observations", 100_000, "observations of the jobs on single ones")
	flag.IntVar(&o.many, "many", 10_000_000, "observations of ObserveMany")
	flag.StringVar(&o.dir, "dir", "", "folder for Pebble (default: a temporary one)")
	return harness.Jobs(ctx, "identity", &o, func(*options) error { return nil }, about, jobs)
}

func about(o *options) string {
	return fmt.Sprintf(`Observations have three identifiers and a record of their own; a customer is seen ten times on average. Identifiers are hashed
under a key; nothing is sealed but where it says so. In memory and on Pebble: %d observations, one after the other or by several goroutines. Many: %d. The bare store is given the
same reads and commits again, one after the other, that were noted while observing. Hashing and union-find: the keyed hashes of the five strings of each observation, on all cores,
then union-find over records and identifiers in a hash table, with nothing stored.`, o.observations, o.many)
}
