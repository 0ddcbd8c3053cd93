package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/rfm"
)

// A line is one line of an invoice.
type line struct {
	Invoice, Product, Description, Customer, Country string
	Quantity                                         int64
	Time                                             time.Time
	Price                                            ingest.Decimal
}

func (l *line) cancelled() bool { return strings.HasPrefix(l.Invoice, "C") }

// nothing says why no line was kept.
func (r *read) nothing(name string) error {
	most := &aside{}
	for _, a := range r.aside {
		if a.rows > most.rows {
			most = a
		}
	}
	return fmt.Errorf("%s: none of %d lines kept; most were set aside for: %s", name, r.report.Read, most.reason)
}

// bad says why a line whose field cannot be read is set aside.
var bad = map[string]string{"invoice": "no invoice number", "quantity": "bad quantity", "time": "bad date", "price": "bad price"}

// A tally adds lines up, whatever became of them. Money is in ten-thousandths,
// in which prices of up to four decimals are exact.
type tally struct{ rows, quantity, value int64 }

func (t *tally) add(l *line) {
	value, _ := l.Price.Amount(l.Quantity, 4) // a line too large for this does not get past the first check
	t.rows, t.quantity, t.value = t.rows+1, t.quantity+l.Quantity, t.value+value
}

func (t *tally) subtract(o tally) {
	t.rows, t.quantity, t.value = t.rows-o.rows, t.quantity-o.quantity, t.value-o.value
}

// read is what came out of a source.
type read struct {
	report       *ingest.Report
	score        *ingest.Scorecard
	transactions []rfm.Transaction[string]
	people       map[string]*person
	last         time.Time // of the kept lines

	all, purchases, refunds tally
	aside                   []*aside
}

// An aside is a reason to set lines aside, and the lines it took.
type aside struct {
	reason string
	tally
}

// readLines reads the source by the rules of the shop. What is cancelled is a
// refund to the customer; all other doubtful lines are set aside, or if strict
// the first that cannot be read is an error.
func readLines(ctx context.Context, c *config, source ingest.Source, stderr io.Writer, strict bool) (out *read, err error) {
	layouts := []string{time.DateTime, "2006-01-02 15:04", time.RFC3339, time.DateOnly}
	if c.layout != "" {
		layouts = []string{c.layout}
	}
	out = &read{people: map[string]*person{}}
	column := func(name string, into ingest.Target[line], rules ...ingest.Rule) ingest.Field[line] {
		for i := range rules {
			if rules[i] = rules[i].Because(bad[name]); strict {
				rules[i] = rules[i].OrFail()
			}
		}
		return ingest.Field[line]{
			Name: name, Columns: []string{*c.columns[name]}, Into: into, Rules: rules,
			Optional: name == "description" || name == "country",
		}
	}
	check := func(reason string, fails func(*line) bool) ingest.Check[line] {
		a := &aside{reason: reason}
		out.aside = append(out.aside, a)
		return ingest.Check[line]{Reason: reason, Fails: func(l *line) bool {
			if !fails(l) {
				return false
			}
			a.add(l)
			return true
		}}
	}
	schema := &ingest.Schema[line]{
		Format: ingest.Format{Layouts: layouts, Location: c.location},
		Fields: []ingest.Field[line]{
			column("invoice", ingest.Text(func(l *line) *string { return &l.Invoice }), ingest.Required()),
			column("product", ingest.Text(func(l *line) *string { return &l.Product })),
			column("description", ingest.Text(func(l *line) *string { return &l.Description })),
			column("quantity", ingest.Int(func(l *line) *int64 { return &l.Quantity }),
				ingest.Required(), ingest.Valid(), ingest.Range("-1000000000", "1000000000")),
			column("time", ingest.Time(func(l *line) *time.Time { return &l.Time }), ingest.Required(), ingest.Valid()),
			column("price", ingest.Exact(func(l *line) *ingest.Decimal { return &l.Price }),
				ingest.Required(), ingest.Valid(), ingest.Range("-1000000", "1000000")),
			column("customer", ingest.Text(func(l *line) *string { return &l.Customer })),
			column("country", ingest.Text(func(l *line) *string { return &l.Country })),
		},
		Checks: []ingest.Check[line]{
			{Reason: "never", Fails: func(l *line) bool { out.all.add(l); return false }}, // sees every line that can be read
			check("no customer", func(l *line) bool { return l.Customer == "" }),
			check("not a product (postage, fees, manual)", func(l *line) bool { return !c.products.MatchString(l.Product) }),
			check("zero or negative price", func(l *line) bool { return l.Price.Sign() <= 0 }),
			check("quantity of the wrong sign", func(l *line) bool { return (l.Quantity < 0) != l.cancelled() || l.Quantity == 0 }),
		},
		Unique: []ingest.Unique{{Reason: "duplicate line"}},
	}
	opts := &ingest.Options{Progress: progress(stderr)}
	if c.out != "" {
		if err := os.MkdirAll(c.out, 0o777); err != nil {
			return nil, err
		}
		f, err := os.Create(filepath.Join(c.out, "set_aside.csv"))
		if err != nil {
			return nil, err
		}
		defer func() {
			if closeErr := f.Close(); err == nil {
				err = closeErr
			}
		}()
		opts.SetAside = f
	}
	reader, err := ingest.NewReader(schema, opts, source)
	if err != nil {
		return nil, err
	}
	for l, err := range reader.Records(ctx) {
		if err != nil {
			return nil, err
		}
		out.keep(&l)
	}
	out.report = reader.Report()
	out.score = out.report.Score(&ingest.Targets{AsOf: c.asOf})
	// The duplicates are the lines that are neither kept nor set aside for another reason.
	duplicates := &aside{reason: "duplicate line", tally: out.all}
	for _, t := range append([]*aside{{tally: out.purchases}, {tally: out.refunds}}, out.aside...) {
		duplicates.subtract(t.tally)
	}
	out.aside = append(out.aside, duplicates)
	return out, nil
}

// keep makes a line a transaction, in cents.
func (r *read) keep(l *line) {
	t := rfm.Transaction[string]{
		Customer: strings.TrimSuffix(l.Customer, ".0"), // some exports write ids as numbers
		Time:     l.Time, Order: l.Invoice,
	}
	quantity, kept := l.Quantity, &r.purchases
	if l.cancelled() {
		t.Kind, quantity, kept = rfm.Refund, -l.Quantity, &r.refunds
	}
	kept.add(l)
	t.Amount, _ = l.Price.Amount(quantity, 2) // in range by the rules of quantity and price
	r.transactions = append(r.transactions, t)
	if l.Time.After(r.last) {
		r.last = l.Time
	}
	p := r.people[t.Customer]
	if p == nil {
		p = &person{first: l.Time}
		r.people[t.Customer] = p
	}
	if l.Time.Before(p.first) {
		p.first = l.Time
	}
	if !l.Time.Before(p.last) {
		p.last, p.country = l.Time, l.Country
	}
}

// progress returns a function that keeps a line up to date on a terminal, nil elsewhere.
func progress(stderr io.Writer) func(done, total int64) {
	f, ok := stderr.(*os.File)
	if !ok {
		return nil
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return func(done, total int64) {
		if done < total {
			fmt.Fprintf(f, "\rreading %3d%%", 100*done/total)
		} else {
			fmt.Fprintf(f, "\r%20s\r", "")
		}
	}
}
