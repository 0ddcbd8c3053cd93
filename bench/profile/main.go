// Command profile measures package profile: folding, adding events, and what is done for
// all customers at once. It writes a table and one JSON line a run to a folder.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"slices"
	"time"

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

// A job measures one thing several times.
type job struct {
	name string
	run  func(ctx context.Context, o *options) ([]figure, error)
}

// A figure is one measured number.
type figure struct {
	name   string
	value  float64
	unit   string
	bounds harness.Bounds
}

// free is of a figure of which nothing is asked.
var free harness.Bounds

type options struct {
	customers int // of the jobs on all customers, each with eventsEach events
	folded    int // customers of the job on folding
	events    int // of the jobs that add some
	dir       string

	warm  bool   // the run does not count
	crowd *crowd // what loading left behind; nil: nothing yet
}

var jobs = []job{
	{"fold", folding},
	{"add in memory, one core", adding},
	{"add on Pebble, durable", durable},
	{"timeline of 10,000 events", timeline},
	{"load", loading},
	{"recompute all", recomputing},
	{"a day passes", passing},
	{"quality", measuring},
}

func run(ctx context.Context) (err error) {
	out := flag.String("out", "results", "folder for the results")
	runs := flag.Int("runs", 3, "counted runs, after one that warms up")
	only := flag.String("task", "", "only the jobs whose name matches this regular expression")
	var o options
	flag.IntVar(&o.customers, "customers", 1_000_000, "customers of the jobs on all of them, with ten events each")
	flag.IntVar(&o.folded, "folded", 20_000, "customers of the job on folding")
	flag.IntVar(&o.events, "events", 400_000, "events of the jobs that add some; on Pebble a quarter")
	flag.StringVar(&o.dir, "dir", "", "folder for Pebble (default: a temporary one)")
	cpu := flag.String("cpuprofile", "", "write a profile of the processor to this file")
	flag.Parse()
	if *runs < 1 || o.customers < 100 || o.folded < 100 || o.events < 1000 {
		return errors.New("at least one run, 100 customers and 1,000 events")
	}
	if *cpu != "" {
		f, err := os.Create(*cpu)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	chosen, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*out, 0o777); err != nil {
		return err
	}
	lines, err := os.OpenFile(filepath.Join(*out, "profile.jsonl"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lines.Close()) }()
	machine := harness.ThisMachine()
	var table bytes.Buffer
	fmt.Fprintf(&table, "# profile\n\n%s, %d cores, %d GiB, %s, %s, %s. Medians of %d runs.\n\n", machine.Processor, machine.Cores, machine.Memory, machine.System, machine.Go, time.Now().UTC().Format(time.DateOnly), *runs)
	fmt.Fprintf(&table, "%s\n\n| job | figure | median | least | most | target |\n|---|---|---|---|---|---|\n", about(&o))
	for _, j := range jobs {
		if !chosen.MatchString(j.name) {
			continue
		}
		measured := map[string][]float64{}
		var order []figure
		for run := range *runs + 1 {
			o.warm = run == 0
			figures, err := j.run(ctx, &o)
			if err != nil {
				return fmt.Errorf("%s: %w", j.name, err)
			}
			if run == 0 {
				order = figures
				continue
			}
			record := harness.Figures{Time: time.Now().UTC().Truncate(time.Second), Job: j.name, Run: run, Machine: machine}
			for _, f := range figures {
				measured[f.name] = append(measured[f.name], f.value)
				record.Figures = append(record.Figures, harness.Figure{Name: f.name, Value: f.value, Unit: f.unit, Bounds: f.bounds})
			}
			if err := json.NewEncoder(lines).Encode(record); err != nil {
				return err
			}
			fmt.Fprintln(os.Stderr, j.name, run, figures)
		}
		for _, f := range order {
			v := measured[f.name]
			slices.Sort(v)
			fmt.Fprintf(&table, "| %s | %s (%s) | %s | %s | %s | %s |\n", j.name, f.name, f.unit, number(harness.Median(v)), number(v[0]), number(v[len(v)-1]), f.bounds.Verdict(harness.Median(v)))
		}
	}
	os.Stdout.Write(table.Bytes())
	return os.WriteFile(filepath.Join(*out, "profile.md"), table.Bytes(), 0o666)
}

func number(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func about(o *options) string {
	return fmt.Sprintf(`Fold: %d customers in memory, each of 5 atoms with 15 statements of 20 traits under mixed policies, and 26 events; 10 computed traits: counts, a sum, a
quantile, distinct and top values, an affinity, a lifecycle stage, the last time, and pairs. One core does all: the figures hold reading from the store
and decoding. Profile is asked for one customer at a time and gives provenance, as All does in a walk; Table and Sync fold without it. The same under a schema of
one trait is the walk, the reading and the decoding; the fold alone is what Table takes beyond that.
Add: events of 4 fields, 10 an atom; %d in memory, %d on Pebble. Random: in no order, so that those of an atom come far from each other; together: atom after atom. One by one: a
commit for each event. Sync afterwards: the feed of as many customers as 2 atoms each make, and their rows.
Timeline: a customer of two atoms, the newest events first, each page after the last entry of the one before, begun with a collected heap.
Load and what follows it: %d customers in memory on at most two cores, each of 2 atoms with 5 orders, 4 visits and a contact over two years, in no order, and one statement of
3 traits; 10 computed traits. Their ids ascend and their atoms are scattered. Stored: keys and values after the load. Heap: live, less what was there before.
Recompute: Apply of a schema that changes a value of every customer, then Sync; Rows reads what it handed on; All and Table fold all and store nothing.
A day passes: Sync shortly after the next local midnight, of those customers whose windows or stages end there. Warming up, load is of a twentieth.`,
		o.folded, o.events, o.events/4, o.customers)
}
