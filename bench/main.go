// Command bench runs the library and its peers side by side and writes what
// it measured to a folder: one JSON line a run, and a table.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"time"

	"github.com/clientele-go/clientele/bench/internal/churnbench"
	"github.com/clientele-go/clientele/bench/internal/clusterbench"
	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/bench/internal/learnbench"
	"github.com/clientele-go/clientele/bench/internal/privacybench"
	"github.com/clientele-go/clientele/bench/internal/rfmbench"
	"github.com/clientele-go/clientele/bench/internal/segbench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A suite compares one package with its peers.
type suite struct {
	name, title string
	run         func(ctx context.Context, s *harness.Session, table io.Writer) error
}

func run(ctx context.Context) (err error) {
	out := flag.String("out", "results", "folder for the results")
	runs := flag.Int("runs", 5, "counted runs of each peer, after one that warms up")
	task := flag.String("task", "", "run only the tasks whose name matches this regular expression; they begin with rfm:, segment:, cluster:, churn:, learn: and privacy:")
	profile := flag.String("cpuprofile", "", "file for a profile of the whole")
	var o rfmbench.Options
	flag.IntVar(&o.Lines, "lines", 10_000_000, "invoice lines")
	customers := flag.Int("customers", 0, "customers (default: of segment 10 million, of rfm a million; there at most as many as lines)")
	flag.StringVar(&o.Python, "python", "", "Python interpreter that has pandas, scikit-learn and FAISS (default: look for one)")
	var groups clusterbench.Options
	flag.IntVar(&groups.Points, "points", 1_000_000, "points of each data set of cluster, rows of the large regression of churn and of the largest fits of learn, audit entries of privacy")
	flag.IntVar(&groups.Seeds, "seeds", 0, "runs of those tasks of cluster that compare seeds (default 20)")
	memory := flag.Int("memory", -1, "used by the program itself: measure the memory of one job")
	flag.Parse()
	of := segbench.Options{Customers: 10_000_000}
	o.Customers = min(1_000_000, o.Lines)
	groups.Python = o.Python
	if *customers != 0 {
		o.Customers, of.Customers = *customers, *customers
	}
	if *memory >= 0 {
		return rfmbench.MemoryChild(ctx, os.Stdout, o, *memory)
	}
	var only *regexp.Regexp
	if *task != "" {
		if only, err = regexp.Compile(*task); err != nil {
			return err
		}
	}
	if *runs < 1 || o.Customers < 10 || groups.Points < 1000 {
		return fmt.Errorf("want at least 1 run, 10 customers and 1000 points")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*out, 0o777); err != nil {
		return err
	}
	if *profile != "" {
		f, failed := os.Create(*profile)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	for _, suite := range []suite{
		{"rfm", "rfm and its peers", func(ctx context.Context, s *harness.Session, table io.Writer) error {
			if o.Lines < o.Customers {
				return fmt.Errorf("want as many lines as customers")
			}
			if err := rfmbench.Run(ctx, s, o); err != nil {
				return err
			}
			fmt.Fprintln(table, rfmbench.About(o))
			s.Report(table)
			return rfmbench.Memory(ctx, s, table, self, "-lines", fmt.Sprint(o.Lines), "-customers", fmt.Sprint(o.Customers), "-memory")
		}},
		{"segment", "segment and its peers", func(ctx context.Context, s *harness.Session, table io.Writer) error {
			fmt.Fprintln(table, segbench.About(of))
			return segbench.Run(ctx, s, table, of)
		}},
		{"cluster", "cluster and its peers", func(ctx context.Context, s *harness.Session, table io.Writer) error {
			fmt.Fprintln(table, clusterbench.About(groups))
			return clusterbench.Run(ctx, s, table, groups)
		}},
		{"churn", "churn and its peers", func(ctx context.Context, s *harness.Session, table io.Writer) error {
			leaving := churnbench.Options{Events: o.Lines, Customers: o.Customers, Rows: groups.Points, Python: o.Python}
			fmt.Fprintln(table, churnbench.About(leaving))
			return churnbench.Run(ctx, s, table, leaving)
		}},
		{"learn", "learn and its peers", func(ctx context.Context, s *harness.Session, table io.Writer) error {
			fmt.Fprintln(table, learnbench.About())
			return learnbench.Run(ctx, s, table, learnbench.Options{Rows: groups.Points, Python: o.Python})
		}},
		{"privacy", "sealing, the blind index and the audit log", func(ctx context.Context, s *harness.Session, table io.Writer) error {
			guarded := privacybench.Options{Entries: groups.Points, Values: min(200_000, groups.Points), Customers: min(2000, groups.Points), Service: 20 * time.Millisecond}
			fmt.Fprintln(table, privacybench.About(guarded))
			return privacybench.Run(ctx, s, table, guarded)
		}},
	} {
		s := &harness.Session{Machine: harness.ThisMachine(), Runs: *runs, Only: only, Log: os.Stderr}
		if err := suite.write(ctx, s, *out); err != nil {
			return err
		}
	}
	return nil
}

// write runs the suite and writes its files, unless none of its tasks was asked for.
func (u *suite) write(ctx context.Context, s *harness.Session, out string) (err error) {
	lines := &lazyFile{name: filepath.Join(out, u.name+".jsonl")}
	defer func() { err = errors.Join(err, lines.Close()) }()
	s.Lines = lines
	var table bytes.Buffer
	fmt.Fprintf(&table, "# %s\n\n", u.title)
	if err := u.run(ctx, s, &table); err != nil || lines.file == nil {
		return err
	}
	os.Stdout.Write(table.Bytes())
	return os.WriteFile(filepath.Join(out, u.name+".md"), table.Bytes(), 0o666)
}

// lazyFile appends to a file, opened with the first write. It is not safe for concurrent use.
type lazyFile struct {
	name string
	file *os.File
}

func (l *lazyFile) Write(p []byte) (n int, err error) {
	if l.file == nil {
		if l.file, err = os.OpenFile(l.name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666); err != nil {
			return 0, err
		}
	}
	return l.file.Write(p)
}

func (l *lazyFile) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
