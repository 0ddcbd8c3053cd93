// Command bench runs the library and its peers side by side and writes what
// it measured to a folder: one JSON line a run, and a table.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/bench/internal/rfmbench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	out := flag.String("out", "results", "folder for the results")
	runs := flag.Int("runs", 5, "counted runs of each peer, after one that warms up")
	task := flag.String("task", "", "run only the tasks whose name matches this regular expression")
	var o rfmbench.Options
	flag.IntVar(&o.Lines, "lines", 10_000_000, "invoice lines")
	flag.IntVar(&o.Customers, "customers", 1_000_000, "customers, at most as many as lines")
	flag.StringVar(&o.Python, "python", "", "Python interpreter that has pandas (default: look for one)")
	memory := flag.Int("memory", -1, "used by the program itself: measure the memory of one job")
	flag.Parse()
	if *memory >= 0 {
		return rfmbench.MemoryChild(ctx, os.Stdout, o, *memory)
	}
	if *runs < 1 || o.Customers < 10 || o.Lines < o.Customers {
		return fmt.Errorf("want at least 1 run, 10 customers, and as many lines as customers")
	}
	s := &harness.Session{Machine: harness.ThisMachine(), Runs: *runs, Log: os.Stderr}
	if *task != "" {
		if s.Only, err = regexp.Compile(*task); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(*out, 0o777); err != nil {
		return err
	}
	lines, err := os.OpenFile(filepath.Join(*out, "rfm.jsonl"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lines.Close()) }()
	s.Lines = lines

	if err := rfmbench.Run(ctx, s, o); err != nil {
		return err
	}
	var table bytes.Buffer
	fmt.Fprintf(&table, "# rfm and its peers\n\n%s\n", rfmbench.About(o))
	s.Report(&table)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := rfmbench.Memory(ctx, s, &table, self, "-lines", fmt.Sprint(o.Lines), "-customers", fmt.Sprint(o.Customers), "-memory"); err != nil {
		return err
	}
	os.Stdout.Write(table.Bytes())
	return os.WriteFile(filepath.Join(*out, "rfm.md"), table.Bytes(), 0o666)
}
