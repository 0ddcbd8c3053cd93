// Command retail goes from a file of invoice lines to decisions: how good the
// data is, what the customers are worth, which segments they form and how they
// move between them.
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
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "retail:", err)
		}
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
	if err == nil && len(read.transactions) == 0 && c.data != "" {
		_, err = readLines(ctx, &c, source, stderr, true) // to say what is wrong with the first line
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
	p.title("Customers as of %s: recency in days, frequency in orders, monetary value in revenue less refunds", asOf.In(c.location).Format(time.DateOnly))
	p.report(a.Report, len(a.Customers))
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
	if c.out != "" {
		if err := writeFiles(c.out, a); err != nil {
			return err
		}
		p.title("Written to %s: customers.csv, segments.csv, set_aside.csv", c.out)
	}
	return p.err
}

// halfYear looks back three months: what the segments of that day did since,
// and how the customers of the quarter before it moved. Both are scored by what
// was known on that day.
func (p *printer) halfYear(ctx context.Context, c *config, transactions []rfm.Transaction[string], asOf time.Time) error {
	then := asOf.AddDate(0, -3, 0)
	name := func(t time.Time) string { return t.In(c.location).Format(time.DateOnly) }
	past, err := rfm.Analyze(ctx, slices.Values(transactions), c.options(then))
	if errors.Is(err, rfm.ErrNoCustomers) {
		p.title("No purchases until %s: no earlier quarter to compare with", name(then))
		return nil
	} else if err != nil {
		return err
	}
	quarter := func(until time.Time) ([]rfm.Customer[string], error) {
		days := int(until.Sub(until.AddDate(0, -3, 0)).Hours()/24 + 0.5)
		a, err := rfm.NewAccumulator[string](nil, &rfm.Options{AsOf: until, Location: c.location, Window: days})
		if err != nil {
			return nil, err
		}
		for _, t := range transactions {
			if err := a.Add(t); err != nil {
				return nil, err
			}
		}
		customers, _, err := a.Customers(until)
		return customers, err
	}
	earlier, err := quarter(then)
	if err != nil {
		return err
	}
	later, err := quarter(asOf)
	if err != nil {
		return err
	}
	before, err := rfm.Apply(past.Model, earlier, nil)
	if err != nil {
		return err
	}
	after, err := rfm.Apply(past.Model, later, nil)
	if err != nil {
		return err
	}
	p.title("Migration: customers of the quarter to %s (rows) in the quarter to %s (columns)", name(then), name(asOf))
	p.migration(before.BySegment().Migration(after.BySegment()))
	backtest, err := past.BySegment().Backtest(later)
	if err != nil {
		return err
	}
	p.title("Back-test: what the segments of %s did until %s", name(then), name(asOf))
	p.backtest(backtest)
	return nil
}

// options are those of every analysis here. Frequency has fixed thresholds: in
// most shops so many customers ordered once that no rank tells them from the rest.
func (c *config) options(asOf time.Time) *rfm.Options {
	return &rfm.Options{
		AsOf: asOf, Location: c.location,
		F: rfm.Binning{Mode: rfm.Fixed, Thresholds: []float64{2, 3, 5, 10}},
	}
}

type config struct {
	data, out, layout, products string
	columns                     map[string]*string
	location                    *time.Location
	asOf                        time.Time
}

func (c *config) parse(args []string, stderr io.Writer) error {
	f := flag.NewFlagSet("retail", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&c.data, "data", "", "CSV or JSON lines of invoice lines, plain or .gz; none: a generated shop")
	f.StringVar(&c.out, "out", "", "folder for customers.csv, segments.csv and set_aside.csv")
	zone := f.String("zone", "Europe/London", "time zone of the shop")
	asOf := f.String("asof", "", "day (2006-01-02) to look back from; none: the last day in the data")
	f.StringVar(&c.layout, "layout", "", "layout of times, as of Go's time package; none: some common ones")
	f.StringVar(&c.products, "products", `^[0-9]{5}[A-Za-z]{0,2}$`, "regular expression of the codes that are products")
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
