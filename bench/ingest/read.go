package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/synth"
)

// line is an invoice line.
type line struct {
	Invoice, Product, Description, Country string
	Customer, Quantity                     int64
	At                                     time.Time
	Price                                  ingest.Decimal
}

func schema(unique bool) *ingest.Schema[line] {
	s := &ingest.Schema[line]{
		Format: ingest.Format{Layouts: []string{time.DateTime}, Location: time.UTC},
		Fields: []ingest.Field[line]{
			{Name: "InvoiceNo", Into: ingest.Text(func(l *line) *string { return &l.Invoice }), Rules: []ingest.Rule{ingest.Required()}},
			{Name: "StockCode", Into: ingest.Text(func(l *line) *string { return &l.Product }), Rules: []ingest.Rule{ingest.Required()}},
			{Name: "Description", Into: ingest.Text(func(l *line) *string { return &l.Description })},
			{Name: "Quantity", Into: ingest.Int(func(l *line) *int64 { return &l.Quantity })},
			{Name: "InvoiceDate", Into: ingest.Time(func(l *line) *time.Time { return &l.At })},
			{Name: "UnitPrice", Into: ingest.Exact(func(l *line) *ingest.Decimal { return &l.Price })},
			{Name: "CustomerID", Into: ingest.Int(func(l *line) *int64 { return &l.Customer })},
			{Name: "Country", Into: ingest.Text(func(l *line) *string { return &l.Country })},
		},
	}
	if unique {
		s.Unique = []ingest.Unique{{}}
	}
	return s
}

// A form is how the lines are written and read.
type form struct {
	write  func(text []byte) ([]byte, error) // nil: as CSV
	unique bool
	target string
}

// reading reads all lines by package ingest.
func reading(as form) func(context.Context, *options, bool) ([]harness.Figure, error) {
	return func(ctx context.Context, o *options, _ bool) ([]harness.Figure, error) {
		f, err := o.made()
		if err != nil {
			return nil, err
		}
		text := f.text
		if as.write != nil {
			if text, err = as.write(text); err != nil {
				return nil, err
			}
		}
		figure, err := onOneCore("lines", "a second", func() (int, error) {
			r, err := ingest.NewReader(schema(as.unique), nil, ingest.Stream("shop", bytes.NewReader(text)))
			if err != nil {
				return 0, err
			}
			var got counts
			for l, err := range r.Records(ctx) {
				if err != nil {
					return 0, err
				}
				got.Lines, got.Pieces = got.Lines+1, got.Pieces+l.Quantity
				if l.Customer == 0 {
					got.Guests++
				}
			}
			if report := r.Report(); as.unique && report.SetAside > 0 {
				return int(report.Read), nil // some repeat
			}
			return got.Lines, f.check(got)
		})
		figure.Target = as.target
		return []harness.Figure{figure}, err
	}
}

// splitting is the floor: the lines as texts.
func splitting(_ context.Context, o *options, _ bool) ([]harness.Figure, error) {
	f, err := o.made()
	if err != nil {
		return nil, err
	}
	figure, err := onOneCore("lines", "a second", func() (int, error) {
		got, err := split(f.text)
		if err != nil {
			return 0, err
		}
		return got.Lines, f.check(got)
	})
	return []harness.Figure{figure}, err
}

//go:embed read.py
var program string

// pandas reads the lines in a process of its own, which tells its processor time; without pandas there are no figures.
func pandas(ctx context.Context, o *options, _ bool) ([]harness.Figure, error) {
	f, err := o.made()
	if err != nil {
		return nil, err
	}
	python := harness.Python{Needs: "pandas", Packages: "python3-pandas"}
	interpreter, err := python.Installed(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "left out:", err)
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "ingest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "shop.csv")
	if err := os.WriteFile(name, f.text, 0o600); err != nil {
		return nil, err
	}
	child := exec.CommandContext(ctx, interpreter, "-c", program, name)
	child.Stderr = os.Stderr
	out, err := child.Output()
	if err != nil {
		return nil, err
	}
	var got struct {
		CPU float64 `json:"cpu"` // seconds
		counts
	}
	if err := json.Unmarshal(out, &got); err != nil {
		return nil, err
	}
	return []harness.Figure{{Name: "lines", Value: float64(f.want.Lines) / got.CPU, Unit: "a second"}}, f.check(got.counts)
}

// making makes the events of a shop, and its lines.
func making(_ context.Context, o *options, _ bool) ([]harness.Figure, error) {
	shop, err := synth.New(1, &synth.Options{Location: time.UTC, Customers: max(100, o.lines/linesEach)})
	if err != nil {
		return nil, err
	}
	var figures []harness.Figure
	for _, way := range []struct {
		name, unit string
		make       func() (int, error)
	}{
		{"events in the order of time", "a second", func() (n int, err error) {
			for range shop.Events() {
				n++
			}
			return n, nil
		}},
		{"lines of invoices", "a second", func() (n int, err error) {
			for range shop.Lines() {
				n++
			}
			return n, nil
		}},
		{"lines as CSV", "MB a second", func() (int, error) {
			n, err := io.Copy(io.Discard, shop.CSV())
			return int(n), err
		}},
	} {
		figure, err := onOneCore(way.name, way.unit, way.make)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(way.unit, "MB") {
			figure.Value /= 1e6
		}
		figures = append(figures, figure)
	}
	return figures, nil
}
