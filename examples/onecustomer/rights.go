package main

import (
	"errors"
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

// agree records that the shop and the app were allowed to make offers.
func (d *desk) agree() {
	for i, by := range []identity.Record{liu, app} {
		d.choose(by, consent.Record{ID: fmt.Sprint("form-", 17+i), Choice: consent.Granted, Collected: now.AddDate(0, -2, 0), Notice: "privacy notice 4"})
	}
	d.printf("S-1002 and A-2002 agreed to offers that are made for them.")
}

// withdraw records that one of them does not any more, and shows what the marketer sees then.
func (d *desk) withdraw() {
	d.printf("In the app the customer of A-2002 taps on \"no more offers\".")
	d.choose(app, consent.Record{ID: "tap-1", Choice: consent.Withdrawn, Collected: now.Add(time.Hour)})
	d.see(now.Add(2*time.Hour), readers[0])
}

// choose records what was chosen by the record of a source.
func (d *desk) choose(by identity.Record, r consent.Record) {
	r.Atom, r.Source, r.Purpose, r.Basis = d.atoms[by.Record], by.Source, "offers", consent.Consent
	check(d.consents.Record(ctx, r.Collected, r))
}

// chosen puts into the log what was chosen, in the very commit that records it: there is no choice without entry, and no entry
// without choice.
func (d *desk) chosen(b *store.Batch, records []consent.Record) error {
	for _, r := range records {
		err := d.log.Queue(b, &audit.Entry{
			Time: r.Recorded, Actor: r.Source, Action: "consent." + r.Choice.String(), Purpose: r.Purpose,
			Customer: d.of(identity.Record{Source: r.Source, Record: d.records[r.Atom]}), Atom: r.Atom, Object: r.ID,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// see shows what of the customer readers see.
func (d *desk) see(at time.Time, by ...access.Reader) {
	rows := [][]string{{""}}
	for _, r := range by {
		rows[0] = append(rows[0], r.Role+", "+r.Purpose)
		view := must(d.gate.View(ctx, at, r, d.of(liu), profile.Moment{At: now}))
		for i := range view.Fields {
			f := &view.Fields[i]
			if len(rows) == i+1 {
				rows = append(rows, []string{f.Name})
			}
			rows[i+1] = append(rows[i+1], seen(f))
		}
	}
	d.table("What they see of "+d.name(d.of(liu)), rows)
}

// seen is what is shown of a value, or why nothing is.
func seen(f *access.Field) string {
	switch f.Show {
	case access.Plain:
		return show(f.Name, must(f.Value()))
	case access.Masked:
		return must(f.Masked()).Text
	}
	return "(" + f.Reason.String() + ")"
}

// find looks a caller up by the number.
func (d *desk) find() {
	var who []string
	for _, id := range must(d.gate.Find(ctx, now, readers[1], "phone", customer.TextValue("+8613612345675"))) {
		who = append(who, d.name(id))
	}
	d.printf("By the number of a caller, 136****5675, the agent finds %s.", strings.Join(who, " and "))
}

// request is what the customer asks for.
func (d *desk) request() subject.Request {
	return subject.Request{Customer: d.of(liu), ID: "DSR-17", Actor: "emp-2", Ticket: "DSR-17"}
}

// give gives out what is held of the customer.
func (d *desk) give() {
	given := must(d.subjects.Export(ctx, now.Add(3*time.Hour), d.request(), io.Discard)) // in earnest a file
	rows := [][]string{{"what", "how many"}}
	for _, c := range given.Counts {
		rows = append(rows, []string{c.Name, fmt.Sprint(c.Count)})
	}
	d.table(d.name(given.Customer)+" asks what is held, and gets a JSON document with", rows)
}

// erase erases the customer, and looks for what is left.
func (d *desk) erase() {
	at, r := now.Add(4*time.Hour), d.request()
	gone := must(d.subjects.Erase(ctx, at, r))
	d.printf("%s asks to be erased: %d records are.", d.name(r.Customer), len(gone.Atoms))
	proof := must(d.subjects.Prove(ctx, at, gone))
	fmt.Fprintln(&d.raw)
	check(proof.WriteText(&d.raw))
	check(proof.Err())
}

// replay tries to bring the customer back.
func (d *desk) replay() {
	rows := [][]string{{"what", "record", "refused with"}}
	refused := func(what, record string, err, want error) {
		if !errors.Is(err, want) {
			panic("the customer came back")
		}
		rows = append(rows, []string{what, record, err.Error()})
	}
	for _, a := range arrivals() {
		if a.who != nil && (a.record == liu.Record || a.record == app.Record) {
			_, err := d.graph.Observe(ctx, *a.who)
			refused("observation", a.record, err, identity.ErrErased)
			a.says.Atom = d.atoms[a.record]
			_, err = d.kept.Add(ctx, now, a.says)
			refused("evidence", a.record, err, profile.ErrErased)
		}
	}
	d.table("The old files are read once more", rows)
}

// seal seals what the log has, and gives the auditor the checkpoint. In earnest that happens every few seconds.
func (d *desk) seal(at time.Time) {
	checkpoint, _, err := d.log.Seal(ctx, at)
	check(err)
	d.given = append(d.given, checkpoint)
}

// inspect checks the log, and shows who may see what and who did.
func (d *desk) inspect() {
	checked := must(d.log.Verify(ctx, &audit.VerifyOptions{Verifier: d.public, Trusted: d.given}))
	d.printf("The log of %d entries is signed, goes on from all %d checkpoints that the auditor was given, and has %d faults.", checked.Size, len(d.given), len(checked.Faults))
	rows := [][]string{{"time", "who", "did", "outcome", "of", "what"}}
	var withdrawal int64
	for e := range each(d.log.Entries(ctx, nil)) {
		of := ""
		if e.Customer != (customer.ID{}) {
			of = d.name(e.Customer)
		}
		rows = append(rows, []string{minute(e.Time), e.Actor, e.Action, e.Outcome.String(), of, e.Object})
		if e.Action == "consent.withdrawn" {
			withdrawal = e.Number
		}
	}
	slices.SortFunc(rows[1:], slices.Compare[[]string]) // what is of one moment is in the log in any order
	d.table("Who did what", rows)
	proof := must(d.log.Prove(ctx, withdrawal, d.given[len(d.given)-1]))
	e := must(proof.Verify(logName, d.public))
	d.printf("Whoever has the public key can check, by %d hashes and without the log, that it has %s of %s at %s.", len(proof.Path), e.Action, d.name(e.Customer), minute(e.Time))
	fmt.Fprintln(&d.raw)
	check(must(d.gate.Inspect(ctx, time.Time{}, time.Time{})).WriteText(&d.raw))
}
