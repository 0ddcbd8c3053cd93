package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/access"
	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/subject"
)

// A desk is where a data steward works.
type desk struct {
	g    *identity.Graph
	kept *profile.Profiles
	p    *printer

	all         []record
	ruledBefore string                 // the record before which somebody rules; empty: none
	names       map[customer.ID]string // letters for ids, in the order in which they turn up
	shown       map[customer.ID]int    // how many records each customer had when it was printed
	atoms       map[string]customer.AtomID
	records     map[customer.AtomID]string // names of atoms

	events []event         // of which we shall learn
	night  time.Time       // of the next Sync
	synced profile.Synced  // by the last
	told   customer.Cursor // up to where rows were read
	rows   [][]string      // the days of it, and whose they were
	row    customer.Row    // the last of them

	consents *consent.Consents
	log      *audit.Log
	gate     *access.Gate
	subjects *subject.Subjects
}

// newDesk opens a graph with the default policy, and profiles beside it, so that the store
// holds neither an identifier nor anything personal that can be read without the keys.
func newDesk(ctx context.Context, w io.Writer) (*desk, error) {
	s := new(store.Memory)
	index, vault, err := keys(s)
	if err != nil {
		return nil, err
	}
	g, err := identity.Open(ctx, s, nil, &identity.Options{Normalizers: normalizers, Index: index, Vault: vault})
	if err != nil {
		return nil, err
	}
	kept, err := profile.Open(ctx, s, &schema, &profile.Options{Index: index, Vault: vault})
	if err != nil {
		return nil, err
	}
	d := &desk{
		g: g, kept: kept, p: &printer{w: w},
		night: time.Date(2026, 1, 7, 22, 0, 0, 0, shanghai),
		all:   readRecords(), events: readEvents(),
		names: map[customer.ID]string{}, shown: map[customer.ID]int{},
		atoms: map[string]customer.AtomID{}, records: map[customer.AtomID]string{},
	}
	return d, d.protect(ctx, s, vault)
}

func (d *desk) name(id customer.ID) string {
	if d.names[id] == "" {
		d.names[id] = string(rune('A' + len(d.names)))
	}
	return d.names[id]
}

// observe takes all records and events, one by one as they come in.
func (d *desk) observe(ctx context.Context) error {
	var rows [][]string
	for _, o := range d.all {
		if err := d.pass(ctx, o.Time); err != nil {
			return err
		}
		if o.Record == d.ruledBefore {
			if err := d.undo(ctx); err != nil {
				return err
			}
		}
		r, err := d.g.Observe(ctx, o.Observation)
		if err != nil {
			return err
		}
		if err := d.state(ctx, o, r.Atom); err != nil {
			return err
		}
		outcome := "joins " + d.name(r.Customer)
		if r.Created {
			outcome = "begins " + d.name(r.Customer)
		}
		for _, id := range r.Merged {
			outcome += "; so does " + d.name(id)
		}
		for _, x := range r.Refused {
			if x.Reason == identity.Refused {
				outcome += fmt.Sprintf("; %s is %s", x.Type, x.Field)
			} else {
				outcome += fmt.Sprintf("; not %s by %s: %s in %s", d.name(x.With), x.Type, x.Reason, x.Limit)
			}
		}
		rows = append(rows, append(cells(o.Observation), outcome))
	}
	d.p.table(fmt.Sprintf("%d records come in; letters stand for the ids of customers", len(rows)), rows)
	return d.pass(ctx, ruled)
}

// cells are what a record says.
func cells(o identity.Observation) []string {
	row := []string{o.Source, o.Record, day(o.Time), "", "", ""}
	for _, i := range o.Identifiers {
		switch i.Type {
		case "name":
			row[3] = i.Value
		case "phone":
			row[4] = i.Value
		default:
			row[5] = strings.TrimSpace(row[5] + "  " + i.Type + " " + i.Value)
		}
	}
	return row
}

// customers prints who is one customer, as far as that is news.
func (d *desk) customers(ctx context.Context) error {
	var rows [][]string
	n, before := 0, len(d.shown)
	for c, err := range d.g.Customers(ctx) {
		if err != nil {
			return err
		}
		n++
		if d.shown[c.ID] == len(c.Atoms) {
			continue
		}
		first := d.name(c.ID)
		for _, id := range c.Former {
			first += ", once " + d.name(id)
		}
		for o, err := range d.g.Observations(ctx, c.ID) {
			if err != nil {
				return err
			}
			rows = append(rows, append([]string{first}, cells(o)...))
			first = ""
		}
		d.shown[c.ID] = len(c.Atoms)
	}
	title := "They are of %d customers"
	if before > 0 {
		title = "Now they are of %d customers; new or changed are"
	}
	d.p.table(fmt.Sprintf(title, n), rows)
	m, err := d.g.Measure(ctx, "")
	if err != nil {
		return err
	}
	d.p.printf("\n%d of %d records (%.0f%%) are of somebody known from several sources.\n", m.Unified, m.Records, 100*m.UnificationRate)
	return nil
}

// review looks for customers whose records show different family names. It reads what
// was typed, also where a name is masked: that is no evidence, but a hint for people.
func (d *desk) review(ctx context.Context) error {
	var rows [][]string
	for c, err := range d.g.Customers(ctx) {
		if err != nil {
			return err
		}
		row, families := []string{d.name(c.ID)}, map[rune]bool{}
		for o, err := range d.g.Observations(ctx, c.ID) {
			if err != nil {
				return err
			}
			if name := cells(o)[3]; name != "" {
				families[[]rune(name)[0]] = true
				row = append(row, o.Record+" "+name)
			}
		}
		if len(families) > 1 {
			rows = append(rows, row)
		}
	}
	d.p.table("To review: family names that differ within a customer", rows)
	return nil
}

// explain says why two records are of one customer, or why not.
func (d *desk) explain(ctx context.Context) error {
	e, err := d.g.Explain(ctx, identity.Ref{Record: liu}, identity.Ref{Record: zhao})
	if err != nil {
		return err
	}
	var rows [][]string
	for i, s := range e.Path {
		row := []string{s.From.Record, "and " + s.To.Record, "have the same " + s.Type + ",", s.Proof.String()}
		if i == e.Weakest {
			row = append(row, "(the weakest step)")
		}
		rows = append(rows, row)
	}
	for _, o := range e.Apart {
		row := []string{o.A.Record, "and " + o.B.Record, "have the same " + o.Type + ", but it has " + o.Reason.String()}
		if o.Ruling != "" {
			r, _, err := d.g.Ruling(ctx, o.Ruling)
			if err != nil {
				return err
			}
			row[2] += fmt.Sprintf(", says %s on %s: %s", r.Actor, day(r.Time), r.Reason)
		}
		rows = append(rows, row)
	}
	title := "Why are %s and %s one customer?"
	if !e.Same {
		title = "Why are %s and %s not one customer?"
	}
	d.p.table(fmt.Sprintf(title, liu.Record, zhao.Record), rows)
	return nil
}

// ruled is when somebody rules, and now when the rest is asked.
var ruled, now = time.Date(2026, 3, 20, 9, 0, 0, 0, shanghai), time.Date(2026, 3, 20, 12, 0, 0, 0, shanghai)

// undo rules that the number that joins the records passed to somebody else.
func (d *desk) undo(ctx context.Context) error {
	err := d.g.Rebind(ctx, identity.Ruling{
		ID: "case-1", Actor: "Chen Jie", Reason: "Mr Liu gave it up in February",
		Time: ruled,
	}, "", identity.Identifier{Type: "phone", Value: "13512345674"}, time.Date(2026, 2, 15, 0, 0, 0, 0, shanghai))
	if err == nil {
		d.p.printf("\nChen Jie rules that 13512345674 passed to somebody else on 02-15.\n")
	}
	return err
}

// follow reads the feed of all changes.
func (d *desk) follow(ctx context.Context) error {
	var changes []customer.Change
	for c, err := range d.g.Changes(ctx, customer.Cursor{}) {
		if err != nil {
			return err
		}
		if c.Customer == c.To { // what concerns two customers is there for each
			changes = append(changes, c)
		}
	}
	slices.SortStableFunc(changes, func(a, b customer.Change) int { return a.At.Compare(b.At) })
	var rows [][]string
	for _, c := range changes {
		from := ""
		if c.From != (customer.ID{}) {
			from = "from " + d.name(c.From)
		}
		row := []string{day(c.At), c.Verb.String(), d.name(c.To), from}
		for _, a := range c.Atoms {
			row = append(row, d.records[a])
		}
		rows = append(rows, row)
	}
	d.p.table("What followers of the feed were told", rows)
	return nil
}
