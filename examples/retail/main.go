// Command retail goes from a file of invoice lines to decisions: how good the
// data is, what the customers are worth, which segments they form and how they
// move between them, and who is leaving and why.
//
//	go run ./examples/retail                                  a generated shop
//	go run ./examples/retail -data online_retail.csv.gz       a file of the layout of UCI Online Retail
//	go run ./examples/retail -data my.csv -invoice order_id -time created_at -layout 2006-01-02T15:04:05Z07:00 ...
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"time"
	_ "time/tzdata" // zones where the system has none

	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/rfm"
	"github.com/clientele-go/clientele/synth"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "retail:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c config
	if err := c.parse(args, stderr); err != nil {
		return err
	}
	source := ingest.File(c.data)
	if c.data == "" {
		shop, err := synth.New(1, &synth.Options{Location: c.location, Customers: 3000})
		if err != nil {
			return err
		}
		fmt.Fprintln(stdout, "No -data given: this is a generated shop, not a real one.")
		source = ingest.Stream("generated shop", shop.CSV())
	}
	read, err := readLines(ctx, &c, source, stderr, false)
	if err == nil && len(read.transactions) == 0 {
		if _, err = readLines(ctx, &c, source, stderr, true); err == nil { // strict says what is wrong with the first line
			err = read.nothing(c.data)
		}
	}
	if err != nil {
		return err
	}
	asOf := read.last
	if !c.asOf.IsZero() {
		asOf = c.asOf
	}
	p := &printer{w: stdout}
	p.quality(read)

	a, err := rfm.Analyze(ctx, slices.Values(read.transactions), c.options(asOf))
	if err != nil {
		return err
	}
	p.title("Customers as of %s: recency in days, frequency in orders, monetary value in revenue less refunds", c.day(asOf))
	if c.day(asOf) > c.day(read.last) {
		p.printf("  Note: the data ends on %s.\n", c.day(read.last))
	}
	p.report(a)
	p.distribution(a)
	p.groups("Segments: recency score by mean of frequency and monetary score", a.BySegment())
	p.groups("The eight classes: above the mean score or not, in R, F and M", a.ByClass())
	tiers, err := a.ByTier()
	if err != nil {
		return err
	}
	p.groups("Value tiers: who brings the revenue", tiers)
	if err := p.halfYear(ctx, &c, read.transactions, asOf); err != nil {
		return err
	}
	p.top(a, 10)
	before, err := rfm.Analyze(ctx, slices.Values(read.transactions), c.options(monthsBefore(asOf.In(c.location), 3)))
	if errors.Is(err, rfm.ErrNoCustomers) {
		before = &rfm.Analysis[string]{}
	} else if err != nil {
		return err
	}
	if err := p.clusters(ctx, a, before); err != nil {
		return err
	}
	ix, err := index(ctx, read.people, a, before, tiers, asOf)
	if err != nil {
		return err
	}
	if err := p.audiences(ctx, ix, asOf, c.location); err != nil {
		return err
	}
	if err := p.leaving(ctx, &c, read.transactions, asOf); err != nil {
		return err
	}
	if c.out != "" {
		if err := writeFiles(c.out, a, tiers); err != nil {
			return err
		}
		p.title("Written to %s: customers.csv, segments.csv, set_aside.csv", c.out)
	}
	return p.err
}

// halfYear compares the two quarters before asOf, each by its own purchases,
// and tells what the segments of the day between them did afterwards.
func (p *printer) halfYear(ctx context.Context, c *config, transactions []rfm.Transaction[string], asOf time.Time) error {
	middle, begin := monthsBefore(asOf.In(c.location), 3), monthsBefore(asOf.In(c.location), 6)
	quarter := func(from, to time.Time) *rfm.Options {
		o := c.options(to)
		o.Window = int(to.Sub(from).Hours()/24 + 0.5)
		return o
	}
	next, err := rfm.NewAccumulator[string](nil, quarter(middle, asOf))
	if err != nil {
		return err
	}
	for _, t := range transactions {
		if err := next.Add(t); err != nil {
			return err
		}
	}
	later, _, err := next.Customers(asOf)
	if err != nil {
		return err
	}
	before, err := rfm.Analyze(ctx, slices.Values(transactions), quarter(begin, middle))
	if err == nil && len(later) == 0 || errors.Is(err, rfm.ErrNoCustomers) {
		p.title("No purchases in one of the quarters to %s and %s: nothing to compare", c.day(middle), c.day(asOf))
		return nil
	} else if err != nil {
		return err
	}
	after, err := rfm.Apply(before.Model, later, nil)
	if err != nil {
		return err
	}
	migration, err := before.BySegment().Migration(after.BySegment())
	if err != nil {
		return err
	}
	p.title("Migration: from the quarter to %s (rows) to the quarter to %s (columns), each by its own purchases", c.day(middle), c.day(asOf))
	p.migration(migration)

	past, err := rfm.Analyze(ctx, slices.Values(transactions), c.options(middle))
	if err != nil {
		return err
	}
	p.title("Back-test: all customers until %s, and what they did until %s", c.day(middle), c.day(asOf))
	for i, g := range []*rfm.Grouping[string]{past.BySegment(), past.ByClass()} {
		if i > 0 {
			p.printf("\n")
		}
		backtest, err := g.Backtest(later)
		if err != nil {
			return err
		}
		p.backtest(backtest)
	}
	return nil
}

// monthsBefore is the same day n months earlier, or the last of a shorter month.
func monthsBefore(t time.Time, n int) time.Time {
	y, m, d := t.Date()
	last := time.Date(y, m-time.Month(n)+1, 0, 0, 0, 0, 0, t.Location()).Day()
	return time.Date(y, m-time.Month(n), min(d, last), 12, 0, 0, 0, t.Location())
}

// day is the local day of t.
func (c *config) day(t time.Time) string { return t.In(c.location).Format(time.DateOnly) }

// options are those of every analysis here. Frequency has fixed thresholds: in
// most shops so many customers ordered once that no rank tells them from the rest.
func (c *config) options(asOf time.Time) *rfm.Options {
	return &rfm.Options{
		AsOf: asOf, Location: c.location,
		F: rfm.Binning{Mode: rfm.Fixed, Thresholds: []float64{2, 3, 5, 10}},
	}
}

type config struct {
	data, out, layout string
	columns           map[string]*string
	products          *regexp.Regexp
	location          *time.Location
	asOf              time.Time
}

func (c *config) parse(args []string, stderr io.Writer) error {
	f := flag.NewFlagSet("retail", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&c.data, "data", "", "CSV or JSON lines of invoice lines, plain or .gz; none: a generated shop")
	f.StringVar(&c.out, "out", "", "folder for customers.csv, segments.csv and set_aside.csv")
	zone := f.String("zone", "Europe/London", "time zone of the shop")
	asOf := f.String("asof", "", "day (2006-01-02) to look back from; none: the last day in the data")
	f.StringVar(&c.layout, "layout", "", "layout of times, as of Go's time package; none: some common ones")
	products := f.String("products", `^[0-9]{5}[A-Za-z]{0,2}$`, "regular expression of the codes that are products")
	c.columns = map[string]*string{}
	for name, column := range map[string]string{
		"invoice": "InvoiceNo", "product": "StockCode", "description": "Description", "quantity": "Quantity",
		"time": "InvoiceDate", "price": "UnitPrice", "customer": "CustomerID", "country": "Country",
	} {
		c.columns[name] = f.String(name, column, "name of the column")
	}
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: the file is given by -data", f.Arg(0))
	}
	var err error
	if c.products, err = regexp.Compile(*products); err != nil {
		return fmt.Errorf("-products: %w", err)
	}
	if c.location, err = time.LoadLocation(*zone); err != nil {
		return fmt.Errorf("-zone: %w", err)
	}
	if *asOf != "" {
		if c.asOf, err = time.ParseInLocation(time.DateOnly, *asOf, c.location); err != nil {
			return fmt.Errorf("-asof: want a day such as 2011-12-09")
		}
	}
	return nil
}
