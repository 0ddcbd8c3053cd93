package main

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/clientele-go/clientele/access"
	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/subject"
)

// A desk is where a data steward works.
type desk struct {
	page
	graph    *identity.Graph
	kept     *profile.Profiles
	live     *segment.Live
	consents *consent.Consents
	log      *audit.Log
	gate     *access.Gate
	subjects *subject.Subjects
	public   note.Verifier      // of the key that signs the log
	given    []audit.Checkpoint // away, to the auditor

	names   map[customer.ID]string // letters for ids, in the order in which they turn up
	shown   map[customer.ID]int    // how many records each customer had when it was printed
	atoms   map[string]customer.AtomID
	records map[customer.AtomID]string // names of atoms

	night   time.Time // of the next sync
	synced  profile.Synced
	told    customer.Cursor // up to where rows were read
	sets    [][]string      // whose they were, by day
	notices [][]string      // of live segments
}

// open opens all parts over one store, which then holds neither an identifier nor anything
// personal that can be read without the keys.
func open() *desk {
	s := new(store.Memory)
	key := func(n byte) []byte { // in earnest from a key management service, and nowhere near the data
		k := make([]byte, seal.KeyBytes)
		k[0] = n
		return k
	}
	index := must(seal.NewIndex(seal.IndexKey{Version: 1, Key: key(1)}))
	vault := must(seal.NewVault(s, must(seal.NewLocal(key(2))), nil))
	d := &desk{
		night: time.Date(2026, 1, 7, 22, 0, 0, 0, shanghai),
		names: map[customer.ID]string{}, shown: map[customer.ID]int{}, atoms: map[string]customer.AtomID{}, records: map[customer.AtomID]string{},
	}
	d.graph = must(identity.Open(ctx, s, nil, &identity.Options{Normalizers: normalizers, Index: index, Vault: vault}))
	d.kept = must(profile.Open(ctx, s, &schema, &profile.Options{Index: index, Vault: vault}))
	tags := must(segment.New(&segment.Options{Tags: segment.TagsOf(must(d.kept.RowColumns(ctx)))}))
	d.live = must(segment.NewLive(tags, &segment.LiveOptions{At: d.night, Location: shanghai, Definitions: segments}))
	signer, public := signing()
	d.public = public
	d.log = must(audit.Open(s, &audit.Options{Origin: logName, Signer: signer, Verifier: public}))
	offers := consent.Purpose{Name: "offers", Bases: []consent.Basis{consent.Consent}}
	d.consents = must(consent.Open(s, &consent.Policy{Purposes: []consent.Purpose{offers}}, d.graph.Holders, &consent.Options{Committing: d.chosen}))
	d.gate = must(access.Open(ctx, d.kept, &rights, &access.Options{Consents: d.consents, Log: d.log}))
	d.subjects = must(subject.Open(s, subject.Parts{Graph: d.graph, Profiles: d.kept, Consents: d.consents, Log: d.log, Vaults: []*seal.Vault{vault}}, nil))
	return d
}

// logName is the origin of the log of who did what.
const logName = "one-customer.example/log"

// signing draws the key that signs checkpoints of the log. In earnest who seals the log has it, and nobody who can write to the store.
func signing() (note.Signer, note.Verifier) {
	secret, public, err := note.GenerateKey(rand.Reader, logName)
	check(err)
	return must(note.NewSigner(secret)), must(note.NewVerifier(public))
}

// observe takes all records and events as they come in.
func (d *desk) observe() {
	rows := d.take("")
	d.table(fmt.Sprintf("%d records come in; letters stand for the ids of customers", len(rows)), append([][]string{{"source", "record", "day", "name", "phone", "other", "outcome"}}, rows...))
}

// take has everything come in. Somebody rules before one of the records, if it is named.
func (d *desk) take(ruledBefore string) (rows [][]string) {
	for _, a := range arrivals() {
		d.nights(a.learned)
		if a.who != nil {
			if a.record == ruledBefore {
				d.undo()
			}
			r := must(d.graph.Observe(ctx, *a.who))
			d.atoms[a.record], d.records[r.Atom] = r.Atom, a.record
			rows = append(rows, append(cells(*a.who), d.outcome(r)))
		}
		a.says.Atom = d.atoms[a.record]
		must(d.kept.Add(ctx, a.learned, a.says))
	}
	d.nights(ruled)
	return rows
}

// outcome is what became of a record.
func (d *desk) outcome(r identity.Resolution) string {
	text := "joins " + d.name(r.Customer)
	if r.Created {
		text = "begins " + d.name(r.Customer)
	}
	for _, id := range r.Merged {
		text += "; so does " + d.name(id)
	}
	for _, x := range r.Refused {
		if x.Reason == identity.Refused {
			text += fmt.Sprintf("; %s is %s", x.Type, x.Field)
		} else {
			text += fmt.Sprintf("; not %s by %s: %s in %s", d.name(x.With), x.Type, x.Reason, x.Limit)
		}
	}
	return text
}

// nights lets time pass: on Wednesday nights rows are handed on.
func (d *desk) nights(to time.Time) {
	for ; !d.night.After(to); d.night = d.night.AddDate(0, 0, 7) {
		d.sync(d.night)
	}
}

// sync has profile follow identity, and segments follow the rows of the profiles.
func (d *desk) sync(at time.Time) {
	d.synced = must(d.kept.Sync(ctx, at, d.graph))
	var set, gone []string
	for b := range each(d.kept.Rows(ctx, d.told)) {
		for _, n := range must(d.live.ApplyRows(ctx, at, b)) {
			verb := "leaves"
			if n.Entered {
				verb = "enters"
			}
			d.notices = append(d.notices, []string{day(n.At), d.name(n.Customer), verb, n.Segment, "by " + n.Cause.String()})
		}
		for _, row := range b.Upserts {
			set = append(set, d.name(row.ID))
		}
		for _, id := range b.Deletes {
			gone = append(gone, d.name(id))
		}
		d.told = b.Cursor
	}
	if len(set)+len(gone) > 0 {
		slices.Sort(set)
		slices.Sort(gone)
		d.sets = append(d.sets, []string{day(at), strings.Join(set, " "), strings.Join(gone, " ")})
	}
}

// name is the letter of a customer.
func (d *desk) name(id customer.ID) string {
	if d.names[id] == "" {
		d.names[id] = string(rune('A' + len(d.names)))
	}
	return d.names[id]
}

// of is whose a record is, or was in the profiles.
func (d *desk) of(r identity.Record) customer.ID {
	id, _, err := d.graph.Lookup(ctx, r)
	check(err)
	return id
}
