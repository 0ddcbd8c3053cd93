package main

import (
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
)

// timeline shows what happened to the customer as it was before the ruling, and whose it is.
func (d *desk) timeline() {
	rows := [][]string{{"time", "channel", "record", "event", "with", "now of"}}
	for e := range each(d.kept.Timeline(ctx, d.of(liu), profile.Moment{At: now, Known: ruled.Add(-time.Hour)}, nil)) {
		var with []string
		for _, f := range e.Values {
			with = append(with, f.Name+" "+show(f.Name, f.Value))
		}
		record := d.records[e.Atom]
		rows = append(rows, []string{minute(e.Time), e.Channel, record, e.Event, strings.Join(with, ", "), d.name(d.of(identity.Record{Source: e.Source, Record: record}))})
	}
	d.table("The timeline of "+d.name(d.of(liu))+" as it was before the ruling, and whose the events are", rows)
}

// known shows what differs between what we knew, what was true and what is.
func (d *desk) known() {
	then := time.Date(2026, 3, 10, 18, 0, 0, 0, shanghai)
	rows := differences(d.profile(liu, profile.Moment{At: then, Known: then}), d.profile(liu, profile.Moment{At: then}), d.profile(liu, profile.Moment{At: now}))
	head := []string{"", "as we knew it on " + day(then), "as it was, we know now", "today"}
	d.table("What we knew of "+d.name(d.of(liu))+", and where that was not so", append([][]string{head}, rows...))
}

// differences returns the values that are not the same in all profiles.
func differences(all ...*profile.Profile) (rows [][]string) {
	for _, name := range names() {
		row, differ := []string{name}, false
		for _, one := range all {
			row = append(row, show(name, one.Value(name)))
			differ = differ || one.Value(name) != all[0].Value(name)
		}
		if differ {
			rows = append(rows, row)
		}
	}
	return rows
}

// names are those of all traits, in the order of the schema.
func names() (all []string) {
	for _, t := range schema.Traits {
		all = append(all, t.Name)
	}
	for _, c := range schema.Computed {
		all = append(all, c.Name)
	}
	return all
}

// next shows what changes when nothing happens but that time passes.
func (d *desk) next() {
	rows := [][]string{{"", "at", "what", "before", "after"}}
	for _, r := range []identity.Record{liu, zhao} {
		one := d.profile(r, profile.Moment{At: now})
		first := []string{d.name(one.Customer), minute(one.Next)}
		for _, x := range differences(one, d.profile(r, profile.Moment{At: one.Next})) {
			rows, first = append(rows, append(first, x...)), []string{"", ""}
		}
	}
	d.table("What changes next, because time passes", rows)
	d.printf("Of all customers something changes first on %s: that is when Sync is due.", minute(d.synced.Next))
}

// handed shows what segments were told, who enters and leaves them because of that, and what a model of churn would learn from.
func (d *desk) handed() {
	d.table("Whose rows the segments were told to set and to delete", append([][]string{{"day", "set", "delete"}}, d.sets...))
	columns := must(d.kept.RowColumns(ctx))
	personal := slices.DeleteFunc(names(), func(name string) bool {
		return slices.ContainsFunc(columns, func(c customer.Column) bool { return c.Name == name })
	})
	d.printf("A row has %d values. What is personal is not in it: %s.", len(columns), strings.Join(personal, ", "))
	d.table("Who enters and leaves segments, and why", append([][]string{{"day", "", "", "segment", "why"}}, d.notices...))
	events := must(d.kept.Events(ctx, profile.Moment{At: now}, &history))
	log := must(churn.NewLogColumns(ctx, events, &churn.LogOptions[customer.ID]{Location: shanghai, Until: now, Compare: customer.Compare}))
	r := log.Report()
	d.printf("A model of churn would learn from %d events of %d customers, %d of which arrived on a later day.", r.Kept, r.Customers, r.Delayed)
}
