// Command identity measures package identity against the least that its work can cost,
// and writes a table and one JSON line a run to a folder.
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
		fmt.Fprintln(os.Stderr, "identity:", err)
		os.Exit(1)
	}
}

// A job measures one thing several times.
type job struct {
	name   string
	bounds harness.Bounds // of the last figure
	run    func(ctx context.Context, o *options) ([]figure, error)
}

// A figure is one measured number.
type figure struct {
	name  string
	value float64
	unit  string
}

type options struct {
	observations int // of the jobs that take some
	many         int // of ObserveMany
	dir          string
}

var jobs = []job{
	{"observe in memory", harness.AtLeast(0.5), observing},
	{"observe on Pebble, durable", harness.AtLeast(10_000), durable},
	{"observe many", harness.AtMost(3), observingMany},
	{"retract in a component of 1,000 identifiers", harness.AtMost(50), retracting},
	{"preview of a policy", harness.Bounds{}, previewing},
}

func run(ctx context.Context) (err error) {
	out := flag.String("out", "results", "folder for the results")
	runs := flag.Int("runs", 3, "counted runs, after one that warms up")
	only := flag.String("task", "", "only the jobs whose name matches this regular expression")
	var o options
	flag.IntVar(&o.observations, "observations", 100_000, "observations of the jobs on single ones")
	flag.IntVar(&o.many, "many", 10_000_000, "observations of ObserveMany")
	flag.StringVar(&o.dir, "dir", "", "folder for Pebble (default: a temporary one)")
	profile := flag.String("cpuprofile", "", "write a profile of the processor to this file")
	flag.Parse()
	if *profile != "" {
		f, err := os.Create(*profile)
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
	lines, err := os.OpenFile(filepath.Join(*out, "identity.jsonl"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lines.Close()) }()
	machine := harness.ThisMachine()
	var table bytes.Buffer
	fmt.Fprintf(&table, "# identity\n\n%s, %d cores, %d GiB, %s, %s, %s. Medians of %d runs.\n\n", machine.Processor, machine.Cores, machine.Memory, machine.System, machine.Go, time.Now().UTC().Format(time.DateOnly), *runs)
	fmt.Fprintf(&table, "%s\n\n| job | figure | median | least | most | target |\n|---|---|---|---|---|---|\n", about(&o))
	for _, j := range jobs {
		if !chosen.MatchString(j.name) {
			continue
		}
		measured := map[string][]float64{}
		var order []figure
		for run := range *runs + 1 {
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
				record.Figures = append(record.Figures, harness.Figure{Name: f.name, Value: f.value, Unit: f.unit})
			}
			record.Figures[len(figures)-1].Bounds = j.bounds
			if err := json.NewEncoder(lines).Encode(record); err != nil {
				return err
			}
			fmt.Fprintln(os.Stderr, j.name, run, figures)
		}
		for i, f := range order {
			v := measured[f.name]
			slices.Sort(v)
			target := ""
			if i == len(order)-1 {
				target = j.bounds.Verdict(harness.Median(v))
			}
			fmt.Fprintf(&table, "| %s | %s (%s) | %s | %s | %s | %s |\n", j.name, f.name, f.unit, number(harness.Median(v)), number(v[0]), number(v[len(v)-1]), target)
		}
	}
	os.Stdout.Write(table.Bytes())
	return os.WriteFile(filepath.Join(*out, "identity.md"), table.Bytes(), 0o666)
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
	return fmt.Sprintf(`Observations have three identifiers and a record of their own; a customer is seen ten times on average. Identifiers are hashed
under a key; nothing is sealed. In memory and on Pebble: %d observations, one after the other or by several goroutines. Many: %d. The bare store is given the
same reads and commits again that were noted while observing. Hashing and union-find: the keyed hashes of the five strings of each observation, on all cores,
then union-find over records and identifiers in a hash table, with nothing stored.`, o.observations, o.many)
}
