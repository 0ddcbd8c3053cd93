// Command profile measures package profile: folding, adding events, and what is done for
// all customers at once. It writes a table and one JSON line a run to a folder.
package main

import (
	"context"
	"errors"
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
		fmt.Fprintln(os.Stderr, "profile:", err)
		os.Exit(1)
	}
}

type options struct {
	customers int // of the jobs on all customers, each with eventsEach events
	folded    int // customers of the job on folding
	events    int // of the jobs that add some
	dir       string

	crowd *crowd // what loading left behind; nil: nothing yet
}

var jobs = []harness.Job[options]{
	{Name: "fold", Run: folding},
	{Name: "add in memory, one core", Run: adding},
	{Name: "add on Pebble, durable", Run: durable},
	{Name: "timeline of 10,000 events", Run: timeline},
	{Name: "load", Run: loading},
	{Name: "recompute all", Run: recomputing},
	{Name: "a day passes", Run: passing},
	{Name: "quality", Run: measuring},
}

func run(ctx context.Context) error {
	var o options
	flag.IntVar(&o.customers, "customers", 1_000_000, "customers of the jobs on all of them, with ten events each")
	flag.IntVar(&o.folded, "folded", 20_000, "customers of the job on folding")
	flag.IntVar(&o.events, "events", 400_000, "events of the jobs that add some; on Pebble a quarter of 10 an atom")
	flag.StringVar(&o.dir, "dir", "", "folder for Pebble (default: a temporary one)")
	return harness.Jobs(ctx, "profile", &o, func(o *options) error {
		if o.customers < 100 || o.folded < 100 || o.events < 1000 {
			return errors.New("at least 100 customers and 1,000 events")
		}
		return nil
	}, about, jobs)
}

func about(o *options) string {
	return fmt.Sprintf(`Fold: %d customers in memory, each of 5 atoms with 15 statements of 20 traits under mixed policies, and 26 events; 10 computed traits: counts, a sum, a
quantile, distinct and top values, an affinity, a lifecycle stage, the last time, and pairs. One core does all: the figures hold reading from the store
and decoding. Profile is asked for one customer at a time and gives provenance, as All does in a walk; Table and Sync fold without it. The same under a schema of
one trait is the walk, the reading and the decoding; the fold with provenance is what All takes beyond that, and the fold without what Table does, each of these three walks the least of five.
The same of customers who have done all of it twenty times: of their 535 events and statements most lie in pages, and profiles are made of partials.
Add: events of 4 fields, 10 an atom or 1,000, of which most go to pages; %d in memory, on Pebble %d of 10 an atom. Random: in no order, so that those of an atom come far from each other; together: atom after atom.
One by one: a commit for each event. And Sync: with the time that this takes afterwards, with the feed of as many customers as 2 atoms each make, and their rows.
Timeline: a customer of two atoms, the newest events first, each page after the last entry of the one before, begun with a collected heap.
Load and what follows it: %d customers in memory on at most two cores, each of 2 atoms with 5 orders, 4 visits and a contact over two years, in no order, and one statement of
3 traits; 10 computed traits. Their ids ascend and their atoms are scattered. Stored: keys and values after the load. Heap: live, less what was there before.
Recompute: Apply of a schema that changes a value of every customer, then Sync; Rows reads what it handed on; All and Table fold all and store nothing.
A day passes: Sync shortly after the next local midnight, of those customers whose windows or stages end there. Warming up, load is of a twentieth.`,
		o.folded, o.events, o.events/4, o.customers)
}
