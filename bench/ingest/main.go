// Command ingest measures how fast package ingest reads invoice lines on one core, beside pandas and the CSV reader of the
// standard library, and how fast package synth makes them. It writes a table and one JSON line a run to a folder.
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
		fmt.Fprintln(os.Stderr, "ingest:", err)
		os.Exit(1)
	}
}

type options struct {
	lines int
	file  *file // made by the first job that wants it
}

const target = "at least 1,000,000 a second"

var jobs = []harness.Job[options]{
	{Name: "CSV", Run: reading(form{target: target})},
	{Name: "CSV, whole rows that repeat set aside", Run: reading(form{unique: true})},
	{Name: "CSV, gzip", Run: reading(form{write: zipped})},
	{Name: "JSON lines", Run: reading(form{write: jsonLines})},
	{Name: "beside it: encoding/csv, split into texts", Run: splitting},
	{Name: "beside it: pandas.read_csv", Run: pandas},
	{Name: "made by synth", Run: making},
}

func run(ctx context.Context) error {
	var o options
	flag.IntVar(&o.lines, "lines", 1_000_000, "invoice lines, at least")
	return harness.Jobs(ctx, "ingest", &o, func(o *options) error {
		if o.lines < 1000 {
			return errors.New("at least 1,000 lines")
		}
		return nil
	}, about, jobs)
}

func about(o *options) string {
	return fmt.Sprintf(`At least %d lines of a generated shop, with the eight columns of UCI Online Retail: texts, a whole number, a time and a price. They are in memory, and each
becomes a struct: times of a zone, prices as exact decimals, customers as numbers that may be missing. One core does all; rates are of processor time, with that of the
collector of garbage. Every run counts the lines, those without a customer, and the pieces. pandas reads a file that the system holds in memory into a frame: prices are
floats, and it is told the types and the layout of times. encoding/csv, which reuses its record, only splits.`, o.lines)
}
