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

// state adds what a record says as evidence of its atom.
func (d *desk) state(ctx context.Context, r record, atom customer.AtomID) error {
	d.atoms[r.Record], d.records[atom] = atom, r.Record
	_, err := d.kept.Add(ctx, r.Time, profile.Evidence{
		Atom: atom, ID: r.ID, Source: r.Source, Time: r.Time, Values: r.says,
		Verified: proofs[r.Source] == identity.Verified,
	})
	return err
}

// pass lets time pass: events are added when we learn of them, and on Wednesday nights
// rows are handed on.
func (d *desk) pass(ctx context.Context, to time.Time) error {
	for {
		switch {
		case len(d.events) > 0 && !d.events[0].learned.After(to) && d.events[0].learned.Before(d.night):
			e := d.events[0]
			d.events = d.events[1:]
			e.Atom = d.atoms[e.record]
			if _, err := d.kept.Add(ctx, e.learned, e.Evidence); err != nil {
				return err
			}
		case !d.night.After(to):
			if err := d.sync(ctx, d.night); err != nil {
				return err
			}
			d.night = d.night.AddDate(0, 0, 7)
		default:
			return nil
		}
	}
}

// settle brings rows up to date.
func (d *desk) settle(ctx context.Context) error { return d.sync(ctx, now) }

// sync has profile follow identity, and reads as a segment index would what rows changed.
func (d *desk) sync(ctx context.Context, at time.Time) (err error) {
	if d.synced, err = d.kept.Sync(ctx, at, d.g); err != nil {
		return err
	}
	var set, gone []string
	for b, err := range d.kept.Rows(ctx, d.told) {
		if err != nil {
			return err
		}
		for _, row := range b.Upserts {
			set, d.row = append(set, d.name(row.ID)), row
		}
		for _, id := range b.Deletes {
			gone = append(gone, d.name(id))
		}
		d.told = b.Cursor
	}
	if len(set)+len(gone) > 0 {
		slices.Sort(set)
		slices.Sort(gone)
		d.rows = append(d.rows, []string{day(at), strings.Join(set, " "), strings.Join(gone, " ")})
	}
	return nil
}

// aside shows what the schema did not take.
func (d *desk) aside(ctx context.Context) error {
	rows := [][]string{{"record", "trait", "value", "why"}}
	for _, r := range d.all {
		rejected, err := d.kept.SetAside(ctx, d.atoms[r.Record])
		if err != nil {
			return err
		}
		for _, x := range rejected {
			rows = append(rows, []string{r.Record, x.Name, x.Value, x.Reason.String()})
		}
	}
	d.p.table("What the schema did not take is set aside, with the reason", rows)
	return nil
}
