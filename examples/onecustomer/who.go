package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
)

// The records that stand for the two people whom the wrong merge concerns, and that of the first in the app.
var liu, zhao = identity.Record{Source: "shop", Record: "S-1002"}, identity.Record{Source: "mini-program", Record: "W-3004"}

var app = identity.Record{Source: "app", Record: "A-2002"}

// ruled is when somebody rules, and now when the rest is asked.
var ruled, now = time.Date(2026, 3, 20, 9, 0, 0, 0, shanghai), time.Date(2026, 3, 20, 12, 0, 0, 0, shanghai)

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
func (d *desk) customers() {
	rows := [][]string{{"", "source", "record", "day", "name", "phone", "other"}}
	title, n := "They are of %d customers", 0
	if len(d.shown) > 0 {
		title = "Now they are of %d customers; new or changed are"
	}
	for c := range each(d.graph.Customers(ctx)) {
		if n++; d.shown[c.ID] == len(c.Atoms) {
			continue
		}
		first := d.name(c.ID)
		for _, id := range c.Former {
			first += ", once " + d.name(id)
		}
		for o := range each(d.graph.Observations(ctx, c.ID)) {
			rows, first = append(rows, append([]string{first}, cells(o)...)), ""
		}
		d.shown[c.ID] = len(c.Atoms)
	}
	d.table(fmt.Sprintf(title, n), rows)
	m := must(d.graph.Measure(ctx, ""))
	d.printf("%d of %d records (%.0f%%) are of somebody known from several sources.", m.Unified, m.Records, 100*m.UnificationRate)
}

// review looks for customers whose records show different family names. It reads what
// was typed, also where a name is masked: that is no evidence, but a hint for people.
func (d *desk) review() {
	rows := [][]string{{"", "records and names"}}
	for c := range each(d.graph.Customers(ctx)) {
		var names []string
		families := map[rune]bool{}
		for o := range each(d.graph.Observations(ctx, c.ID)) {
			if name := cells(o)[3]; name != "" {
				families[[]rune(name)[0]] = true
				names = append(names, o.Record+" "+name)
			}
		}
		if len(families) > 1 {
			rows = append(rows, []string{d.name(c.ID), strings.Join(names, ", ")})
		}
	}
	d.table("To review: family names that differ within a customer", rows)
}

// explain says why two records are of one customer, or why not.
func (d *desk) explain() {
	e := must(d.graph.Explain(ctx, identity.Ref{Record: liu}, identity.Ref{Record: zhao}))
	rows := [][]string{{"record", "record", "why", ""}}
	for i, s := range e.Path {
		row := []string{s.From.Record, s.To.Record, fmt.Sprintf("have the same %s, %s", s.Type, s.Proof)}
		if i == e.Weakest {
			row = append(row, "the weakest step")
		}
		rows = append(rows, row)
	}
	for _, o := range e.Apart {
		why := "have the same " + o.Type + ", but it has " + o.Reason.String()
		if o.Ruling != "" {
			r, _, err := d.graph.Ruling(ctx, o.Ruling)
			check(err)
			why += fmt.Sprintf(", says %s on %s: %s", r.Actor, day(r.Time), r.Reason)
		}
		rows = append(rows, []string{o.A.Record, o.B.Record, why})
	}
	not := ""
	if !e.Same {
		not = "not "
	}
	d.table(fmt.Sprintf("Why are %s and %s %sone customer?", liu.Record, zhao.Record, not), rows)
}

// undo rules that the number that joins the records passed to somebody else.
func (d *desk) undo() {
	check(d.graph.Rebind(ctx, identity.Ruling{
		ID: "case-1", Actor: "Chen Jie", Reason: "Mr Liu gave it up in February", Time: ruled,
	}, "", identity.Identifier{Type: "phone", Value: "13512345674"}, time.Date(2026, 2, 15, 0, 0, 0, 0, shanghai)))
	d.printf("Chen Jie rules that 13512345674 passed to somebody else on 02-15.")
}

// follow reads the feed of all changes.
func (d *desk) follow() {
	var changes []customer.Change
	for c := range each(d.graph.Changes(ctx, customer.Cursor{})) {
		if c.Customer == c.To { // what concerns two customers is there for each
			changes = append(changes, c)
		}
	}
	slices.SortStableFunc(changes, func(a, b customer.Change) int { return a.At.Compare(b.At) })
	rows := [][]string{{"day", "change", "of", "from", "records"}}
	for _, c := range changes {
		row := []string{day(c.At), c.Verb.String(), d.name(c.To), "", ""}
		if c.From != (customer.ID{}) {
			row[3] = d.name(c.From)
		}
		for _, a := range c.Atoms {
			row[4] = strings.TrimSpace(row[4] + " " + d.records[a])
		}
		rows = append(rows, row)
	}
	d.table("What followers of the feed were told", rows)
}
