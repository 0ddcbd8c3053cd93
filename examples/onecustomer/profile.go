package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
)

// profile is that of whom a record is of.
func (d *desk) profile(r identity.Record, m profile.Moment) *profile.Profile {
	return must(d.kept.Profile(ctx, d.of(r), m))
}

// profiles shows what is known of the two, or of the one.
func (d *desk) profiles() {
	d.show(d.profile(liu, profile.Moment{At: now}))
	if d.of(liu) != d.of(zhao) {
		d.show(d.profile(zhao, profile.Moment{At: now}))
	}
}

// show prints a profile with the provenance of every value.
func (d *desk) show(one *profile.Profile) {
	rows := [][]string{{"trait", "value", "rule", "from", "record", "others"}}
	for _, t := range one.Traits {
		row := []string{t.Name, show(t.Name, t.Value), "undisputed", "", "", d.others(t)}
		if t.Rule != 0 {
			row[2] = t.Rule.String()
		}
		for _, c := range t.From {
			row[3], row[4] = c.Source, d.records[c.Atom]+" "+day(c.Time)
			if len(t.From) > 1 {
				row[5] = "gives " + show(t.Name, c.Value)
			}
			rows = append(rows, row)
			row = make([]string, len(row))
		}
	}
	d.table("What is known of "+d.name(one.Customer), rows)
	rows = [][]string{{"computed", "value", "events", "of"}}
	for _, c := range one.Computed {
		var from, items []string
		for _, x := range c.From {
			from = append(from, fmt.Sprintf("%s %d", d.records[x.Atom], x.Events))
		}
		slices.Sort(from)
		for _, i := range c.Items {
			items = append(items, fmt.Sprintf("%s %.2g", show(c.Name, i.Value), i.Weight))
		}
		value := show(c.Name, c.Value)
		if items != nil {
			value = strings.Join(items, ", ")
		}
		rows = append(rows, []string{c.Name, value, strconv.FormatInt(c.Events, 10), strings.Join(from, ", ")})
	}
	d.table("What follows of the events of "+d.name(one.Customer), rows)
}

// others are who says the same of a trait, and what lost.
func (d *desk) others(t profile.Resolved) string {
	var all []string
	for _, c := range t.Losers {
		what := "also"
		if c.Value != t.Value {
			what = show(t.Name, c.Value) + " of"
		}
		all = append(all, what+" "+d.records[c.Atom])
	}
	return strings.Join(all, "; ")
}

// aside shows what the schema did not take.
func (d *desk) aside() {
	rows := [][]string{{"record", "trait", "value", "why"}}
	for _, a := range arrivals() {
		if a.who != nil {
			for _, x := range must(d.kept.SetAside(ctx, d.atoms[a.record])) {
				rows = append(rows, []string{a.record, x.Name, x.Value, x.Reason.String()})
			}
		}
	}
	d.table("What the schema did not take is set aside, with the reason", rows)
}

// neverMerged compares the two profiles with those of another desk, where the ruling
// came in time, so that the two were never one.
func (d *desk) neverMerged() {
	other := open()
	other.take("W-3003")
	other.sync(now)
	rows := [][]string{{"", "bytes of JSON", "had the merge never been", ""}}
	for _, r := range []identity.Record{liu, zhao} {
		text := func(d *desk) []byte {
			one := d.profile(r, profile.Moment{At: now})
			one.Customer = customer.ID{}
			return must(json.Marshal(one))
		}
		verdict, texts := "they differ", [2][]byte{text(d), text(other)}
		if bytes.Equal(texts[0], texts[1]) {
			verdict = "equal byte for byte"
		}
		rows = append(rows, []string{d.name(d.of(r)), strconv.Itoa(len(texts[0])), strconv.Itoa(len(texts[1])), verdict})
	}
	d.table("Is anything of the merge left in the profiles?", rows)
}
