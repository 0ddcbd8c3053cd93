package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
)

// timeline shows what happened to the customer as it was before the ruling, and whose it is.
func (d *desk) timeline(ctx context.Context) error {
	id, _, err := d.g.Lookup(ctx, liu)
	if err != nil {
		return err
	}
	rows := [][]string{{"time", "channel", "record", "event", "", "now of"}}
	for e, err := range d.kept.Timeline(ctx, id, profile.Moment{At: now, Known: ruled.Add(-time.Hour)}, nil) {
		if err != nil {
			return err
		}
		var with []string
		for _, f := range e.Values {
			with = append(with, f.Name+" "+show(f.Name, f.Value))
		}
		now, _, err := d.g.Lookup(ctx, identity.Record{Source: e.Source, Record: d.records[e.Atom]})
		if err != nil {
			return err
		}
		rows = append(rows, []string{e.Time.In(shanghai).Format("01-02 15:04"), e.Channel, d.records[e.Atom], e.Event, strings.Join(with, ", "), d.name(now)})
	}
	d.p.table("The timeline of "+d.name(id)+" as it was before the ruling, and whose the events are", rows)
	return nil
}

// known shows what differs between what we knew, what was true and what is.
func (d *desk) known(ctx context.Context) error {
	then := time.Date(2026, 3, 10, 18, 0, 0, 0, shanghai)
	var all []*profile.Profile
	for _, m := range []profile.Moment{{At: then, Known: then}, {At: then}, {At: now}} {
		one, err := d.of(ctx, liu, m)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	rows := append([][]string{{"", "as we knew it on " + day(then), "as it was, we know now", "today"}}, differences(all...)...)
	d.p.table("What we knew of "+d.name(all[0].Customer)+", and where that was not so", rows)
	return nil
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
func (d *desk) next(ctx context.Context) error {
	rows := [][]string{{"", "at", "", "before", "after"}}
	for _, r := range []identity.Record{liu, zhao} {
		one, err := d.of(ctx, r, profile.Moment{At: now})
		if err != nil {
			return err
		}
		later, err := d.of(ctx, r, profile.Moment{At: one.Next})
		if err != nil {
			return err
		}
		first := []string{d.name(one.Customer), one.Next.In(shanghai).Format("01-02 15:04")}
		for _, x := range differences(one, later) {
			rows = append(rows, append(first, x...))
			first = []string{"", ""}
		}
	}
	d.p.table("What changes next, because time passes", rows)
	d.p.printf("\nOf all customers something changes first on %s: that is when Sync is due.\n", d.synced.Next.In(shanghai).Format("01-02 15:04"))
	return nil
}

// handed shows what a segment index was told.
func (d *desk) handed(context.Context) error {
	personal := slices.DeleteFunc(names(), func(name string) bool {
		return slices.ContainsFunc(d.row.Values, func(f customer.Field) bool { return f.Name == name })
	})
	d.p.table("Whose rows a segment index was told to set and to delete", append([][]string{{"day", "set", "delete"}}, d.rows...))
	d.p.printf("\nA row has %d values. What is personal is not in it: %s.\n", len(d.row.Values), strings.Join(personal, ", "))
	return nil
}
