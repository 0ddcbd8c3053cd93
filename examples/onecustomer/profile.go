package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
)

// The records that stand for the two people whom the wrong merge concerns.
var liu, zhao = identity.Record{Source: "shop", Record: "S-1002"}, identity.Record{Source: "mini-program", Record: "W-3004"}

// of returns the profile of whom a record is of.
func (d *desk) of(ctx context.Context, r identity.Record, m profile.Moment) (*profile.Profile, error) {
	id, _, err := d.g.Lookup(ctx, r)
	if err != nil {
		return nil, err
	}
	return d.kept.Profile(ctx, id, m)
}

// profiles shows what is known of the two, or of the one.
func (d *desk) profiles(ctx context.Context) error {
	var before customer.ID
	for _, r := range []identity.Record{liu, zhao} {
		one, err := d.of(ctx, r, profile.Moment{At: now})
		if err != nil {
			return err
		}
		if one.Customer != before {
			d.profile(one)
		}
		before = one.Customer
	}
	return nil
}

// profile prints a profile with the provenance of every value.
func (d *desk) profile(one *profile.Profile) {
	rows := [][]string{{"trait", "value", "rule", "from", "", "others"}}
	for _, t := range one.Traits {
		rule, lost := d.lost(t)
		row := []string{t.Name, show(t.Name, t.Value), rule, "", "", lost}
		for _, c := range t.From {
			row[3], row[4] = c.Source, d.records[c.Atom]+" "+day(c.Time)
			if len(t.From) > 1 {
				row[5] = "gives " + show(t.Name, c.Value)
			}
			rows = append(rows, row)
			row = make([]string, len(row))
		}
	}
	d.p.table("What is known of "+d.name(one.Customer), rows)
	rows = [][]string{{"computed", "value", "events", "of"}}
	for _, c := range one.Computed {
		var from []string
		for _, x := range c.From {
			from = append(from, fmt.Sprintf("%s %d", d.records[x.Atom], x.Events))
		}
		slices.Sort(from)
		rows = append(rows, []string{c.Name, showResult(c), strconv.FormatInt(c.Events, 10), strings.Join(from, ", ")})
	}
	d.p.table("", rows)
}

// lost says by which rule a value won, who says the same, and what lost.
func (d *desk) lost(t profile.Resolved) (rule, lost string) {
	var values []customer.Value // in order
	by := map[customer.Value]string{}
	for _, c := range t.Losers {
		if by[c.Value] == "" {
			values = append(values, c.Value)
		}
		by[c.Value] += " " + d.records[c.Atom]
	}
	var all []string
	rule = "undisputed"
	for _, v := range values {
		if v == t.Value {
			all = append(all, "also"+by[v])
		} else {
			rule = "total order" // if no rule decided
			all = append(all, show(t.Name, v)+" of"+by[v])
		}
	}
	if t.Rule != 0 {
		rule = t.Rule.String()
	}
	return rule, strings.Join(all, "; ")
}

// neverMerged compares the two profiles with those of another desk, where the ruling
// came in time, so that the two were never one.
func (d *desk) neverMerged(ctx context.Context) error {
	other, err := newDesk(ctx, io.Discard)
	if err != nil {
		return err
	}
	other.ruledBefore = "W-3003"
	if err := other.observe(ctx); err != nil {
		return err
	}
	if err := other.settle(ctx); err != nil {
		return err
	}
	var rows [][]string
	for _, r := range []identity.Record{liu, zhao} {
		var name string
		var texts [2][]byte
		for i, d := range []*desk{other, d} {
			one, err := d.of(ctx, r, profile.Moment{At: now})
			if err != nil {
				return err
			}
			name, one.Customer = d.name(one.Customer), customer.ID{}
			if texts[i], err = json.Marshal(one); err != nil {
				return err
			}
		}
		verdict := "they differ"
		if bytes.Equal(texts[0], texts[1]) {
			verdict = "equal byte for byte"
		}
		rows = append(rows, []string{name, fmt.Sprintf("%d bytes of JSON,", len(texts[1])), fmt.Sprintf("%d had the merge never been:", len(texts[0])), verdict})
	}
	d.p.table("Is anything of the merge left in the profiles?", rows)
	return nil
}

// showResult is the value of a computed trait, or its items with their weights.
func showResult(c profile.Result) string {
	var items []string
	for _, i := range c.Items {
		items = append(items, fmt.Sprintf("%s %.2g", show(c.Name, i.Value), i.Weight))
	}
	if items == nil {
		return show(c.Name, c.Value)
	}
	return strings.Join(items, ", ")
}

// show is a value as people read it.
func show(name string, v customer.Value) string {
	if n, ok := v.Int64(); ok {
		return strconv.FormatInt(n, 10)
	}
	if n, scale, ok := v.Decimal(); ok {
		return fmt.Sprintf("%.2f", float64(n)/math.Pow10(scale))
	}
	if f, ok := v.Float64(); ok && name == "resolved_in" {
		return strings.TrimSuffix(time.Duration(f*float64(time.Second)).Round(time.Minute).String(), "0s")
	} else if ok {
		return fmt.Sprintf("%.2f", f)
	}
	if t, ok := v.Time(); ok {
		return t.In(shanghai).Format("01-02 15:04")
	}
	if s, ok := v.Text(); ok {
		return s
	}
	if v.IsUnset() {
		return "-"
	}
	return strings.Join(slices.Collect(v.Labels()), " ")
}

func day(t time.Time) string { return t.In(shanghai).Format("01-02") }
