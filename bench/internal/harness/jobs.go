package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"slices"
	"time"
)

// A Job measures what has no peer. It is a plain value: safe for concurrent reads.
type Job[O any] struct {
	Name string
	// Run measures once. warm: the run does not count.
	Run func(ctx context.Context, o *O, warm bool) ([]Figure, error)
}

// A Figure is one measured number. It is a plain value: safe for concurrent reads.
type Figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target,omitempty"` // "at most 5 s", "at least 10,000 a second"; "": none
}

// Jobs is the whole of a command that runs jobs one after the other, each once to warm up, and writes a table, name.md, and
// one JSON line a run, name.jsonl, to a folder. It parses the flags, those that the caller has defined for o among them,
// which check looks at; about is what the table says of the work.
func Jobs[O any](ctx context.Context, name string, o *O, check func(*O) error, about func(*O) string, jobs []Job[O]) (err error) {
	out := flag.String("out", "results", "folder for the results")
	runs := flag.Int("runs", 3, "counted runs, after one that warms up")
	only := flag.String("task", "", "only the jobs whose name matches this regular expression")
	profile := flag.String("cpuprofile", "", "write a profile of the processor to this file")
	flag.Parse()
	if *runs < 1 {
		return errors.New("at least one run")
	}
	if err := check(o); err != nil {
		return err
	}
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
	lines, err := os.OpenFile(filepath.Join(*out, name+".jsonl"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lines.Close()) }()
	m := ThisMachine()
	var table bytes.Buffer
	fmt.Fprintf(&table, "# %s\n\n%s, %d cores, %d GiB, %s, %s, %s. Medians of runs: %d.\n\n",
		name, m.Processor, m.Cores, m.Memory, m.System, m.Go, time.Now().UTC().Format(time.DateOnly), *runs)
	fmt.Fprintf(&table, "%s\n\n| job | figure | median | least | most | target |\n|---|---|---|---|---|---|\n", about(o))
	for _, j := range jobs {
		if !chosen.MatchString(j.Name) {
			continue
		}
		measured := map[string][]float64{}
		var order []Figure
		for run := range *runs + 1 {
			figures, err := j.Run(ctx, o, run == 0)
			if err != nil {
				return fmt.Errorf("%s: %w", j.Name, err)
			}
			if run == 0 {
				continue
			}
			order = figures
			for _, f := range figures {
				measured[f.Name] = append(measured[f.Name], f.Value)
			}
			record := struct {
				Time    time.Time `json:"time"`
				Job     string    `json:"job"`
				Run     int       `json:"run"`
				Figures []Figure  `json:"figures"`
				Machine
			}{time.Now().UTC().Truncate(time.Second), j.Name, run, figures, m}
			if err := json.NewEncoder(lines).Encode(record); err != nil {
				return err
			}
			fmt.Fprintln(os.Stderr, j.Name, run, figures)
		}
		for _, f := range order {
			v := measured[f.Name]
			slices.Sort(v)
			fmt.Fprintf(&table, "| %s | %s (%s) | %s | %s | %s | %s |\n",
				j.Name, f.Name, f.Unit, number(Median(v)), number(v[0]), number(v[len(v)-1]), f.Target)
		}
	}
	os.Stdout.Write(table.Bytes())
	return os.WriteFile(filepath.Join(*out, name+".md"), table.Bytes(), 0o666)
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
