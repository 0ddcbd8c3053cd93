package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/subject"
)

// request is what the customer asks for.
func (d *desk) request(ctx context.Context) (subject.Request, error) {
	id, _, err := d.g.Lookup(ctx, liu)
	return subject.Request{Customer: id, ID: "DSR-17", Actor: "emp-2", Ticket: "DSR-17"}, err
}

// give gives out what is held of the customer.
func (d *desk) give(ctx context.Context) error {
	r, err := d.request(ctx)
	if err != nil {
		return err
	}
	given, err := d.subjects.Export(ctx, now.Add(3*time.Hour), r, io.Discard) // in earnest a file
	if err != nil {
		return err
	}
	var rows [][]string
	for _, c := range given.Counts {
		rows = append(rows, []string{c.Name, fmt.Sprint(c.Count)})
	}
	d.p.table(d.name(given.Customer)+" asks what is held, and gets a JSON document with", rows)
	return nil
}

// erase erases the customer, and looks for what is left.
func (d *desk) erase(ctx context.Context) error {
	r, err := d.request(ctx)
	if err != nil {
		return err
	}
	at := now.Add(4 * time.Hour)
	gone, err := d.subjects.Erase(ctx, at, r)
	if err != nil {
		return err
	}
	d.p.printf("\n%s asks to be erased: %d records are.\n\n", d.name(r.Customer), len(gone.Atoms))
	proof, err := d.subjects.Prove(ctx, at, gone)
	if err != nil {
		return err
	}
	if err := proof.WriteText(d.p.w); err != nil {
		return err
	}
	return proof.Err()
}

// replay tries to bring the customer back.
func (d *desk) replay(ctx context.Context) error {
	var rows [][]string
	for _, r := range d.all {
		if r.Record == liu.Record || r.Record == "A-2002" {
			_, err := d.g.Observe(ctx, r.Observation)
			if !errors.Is(err, identity.ErrErased) {
				return fmt.Errorf("the customer came back: %w", err)
			}
			rows = append(rows, []string{"observation", r.Record, err.Error()})
			_, err = d.kept.Add(ctx, now, profile.Evidence{Atom: d.atoms[r.Record], ID: r.ID, Source: r.Source, Time: r.Time, Values: r.says})
			if !errors.Is(err, profile.ErrErased) {
				return fmt.Errorf("what was known of the customer came back: %w", err)
			}
			rows = append(rows, []string{"evidence", r.Record, err.Error()})
		}
	}
	d.p.table("The old files are read once more", rows)
	return nil
}

// inspect shows who may see what and who did, from a log that is checked.
func (d *desk) inspect(ctx context.Context) error {
	if _, _, err := d.log.Seal(ctx, now.Add(5*time.Hour)); err != nil {
		return err
	}
	checked, err := d.log.Verify(ctx, nil)
	if err != nil {
		return err
	}
	d.p.printf("\nThe log has %d entries, and %d faults.\n\n", checked.Size, len(checked.Faults))
	report, err := d.gate.Inspect(ctx, time.Time{}, time.Time{})
	if err != nil {
		return err
	}
	return report.WriteText(d.p.w)
}
