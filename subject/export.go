package subject

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

// ExportVersion is the version of what Export writes.
const ExportVersion = 1

// An Exported says what Export has written. Safe for concurrent reads.
type Exported struct {
	Customer customer.ID // the present id
	// Counts are the numbers of elements of each list that was written, in the order of the document.
	Counts []Count
}

// A Count is how many elements a list has. Safe for concurrent reads.
type Count struct {
	Name  string `json:"name"`  // of the member of the document
	Count int64  `json:"count"` // of elements
}

// Export writes all that is held of a customer, as of now, as one JSON document, for the person
// itself: it is personal data, opened. The request is told to the log before anything is
// written; if the log fails nothing is. Request.ID and Atoms are not looked at.
//
// The document has these members, in this order; each element of a list is a line:
//
//	format        "clientele/subject"
//	version       ExportVersion
//	customer      the present id
//	at            now
//	customers     the present id and those of the past that lead to it, ascending
//	members       the atoms, ascending: customer.Member
//	observations  what was observed, by time: id, source, record, entity, time and identifiers, of
//	              which each has type, scope, value and proof
//	relations     to other customers, who are not named: id, kind, outgoing, start, end
//	rulings       of stewards, by time: identity.Ruling
//	profile       profile.Profile, with all that each value was made of; null if there is none
//	evidence      all that sources said, by atom, time and id: profile.KeptEvidence
//	set_aside     by atom, what sources said that was not taken: profile.Rejected, and atom
//	consents      by atom, in the order recorded: consent.Record; also those of atoms that were the
//	              customer's before its devices were divided otherwise
//	audit         who did what with it, by customer id and number: audit.Sealed, of which entries that wait to be
//	              sealed are none
//	counts        the number of elements of each list
//	complete      true: a document that ends before it was broken off
//
// What belongs to parts that there are not is left out. Where the profiles have not followed the graph, so
// that they know another customer than it does, they do first. The same data and the same now give the same
// bytes. The document is no snapshot: what changes meanwhile is in it or not.
//
// Errors wrap [ErrRequest] and [ErrParts], or are those of the parts, the store and w; who was erased is
// identity.ErrErased. Memory does not grow with the evidence but for what package profile says of
// Evidence; cost: reading all of it, and a read of consents for each observation without a record, or a few.
func (x *Subjects) Export(ctx context.Context, now time.Time, r Request, w io.Writer) (*Exported, error) {
	if err := r.validate(now, false); err != nil {
		return nil, err
	}
	p, err := x.who(ctx, r.Customer)
	if err != nil {
		return nil, err
	}
	id := p.id
	if x.parts.Log != nil {
		err := x.parts.Log.Append(ctx, &audit.Entry{
			Time: now, Actor: r.Actor, Action: "subject.export", Purpose: "access", Customer: id,
			Details: []audit.Detail{{Name: "ticket", Text: r.Ticket}},
		})
		if err != nil {
			return nil, err
		}
	}
	if x.parts.Graph != nil {
		if err := x.upToDate(ctx, now, id); err != nil {
			return nil, err
		}
	}
	d := &document{w: bufio.NewWriter(w)}
	d.member("format", "clientele/subject")
	d.member("version", ExportVersion)
	d.member("customer", id)
	d.member("at", now.UTC())
	list(d, "customers", values(p.ids))
	list(d, "members", values(p.members))
	if x.parts.Graph != nil {
		list(d, "observations", x.observations(ctx, id))
		list(d, "relations", x.relations(ctx, id))
		rulings, err := x.parts.Graph.Rulings(ctx, id)
		if err != nil {
			d.fail(err)
		}
		list(d, "rulings", values(rulings))
	}
	if x.parts.Profiles != nil {
		one, err := x.parts.Profiles.Profile(ctx, id, profile.Moment{At: now})
		if err != nil && !errors.Is(err, profile.ErrUnknown) {
			d.fail(err)
		}
		d.member("profile", one)
		list(d, "evidence", known(x.parts.Profiles.Evidence(ctx, id)))
		list(d, "set_aside", x.setAside(ctx, p.members))
	}
	if x.parts.Consents != nil {
		list(d, "consents", each(p.atoms, func(a customer.AtomID) iter.Seq2[any, error] {
			return anything(x.parts.Consents.History(ctx, a))
		}))
	}
	if x.parts.Log != nil {
		list(d, "audit", each(p.ids, func(id customer.ID) iter.Seq2[any, error] {
			return anything(x.parts.Log.Entries(ctx, &audit.Query{Customer: id}))
		}))
	}
	out := &Exported{id, d.counts}
	d.member("counts", out.Counts)
	d.member("complete", true)
	d.print("\n}\n")
	if d.err == nil {
		d.err = d.w.Flush()
	}
	if d.err != nil {
		return nil, fmt.Errorf("subject: export: %w", d.err)
	}
	return out, nil
}

// A person is a customer by all names.
type person struct {
	id      customer.ID   // the present one
	ids     []customer.ID // with those of the past
	members []customer.Member
	atoms   []customer.AtomID // with those of the past, which nobody has
}

// who returns a customer by all names.
func (x *Subjects) who(ctx context.Context, id customer.ID) (p person, err error) {
	p = person{id: id, ids: []customer.ID{id}}
	switch {
	case x.parts.Graph != nil:
		c, err := x.parts.Graph.Customer(ctx, id)
		if err != nil {
			return p, err
		}
		trace, err := x.parts.Graph.Trace(ctx, c.ID)
		if err != nil {
			return p, err
		}
		p.id, p.ids, p.atoms = c.ID, ascending(append([]customer.ID{c.ID}, c.Former...)), trace.Former
		if p.members, err = x.parts.Graph.Members(ctx, c.ID); err != nil {
			return p, err
		}
	case x.parts.Profiles != nil:
		if p.members, err = x.parts.Profiles.Members(ctx, id); err != nil {
			return p, err
		}
	default:
		return p, fmt.Errorf("%w: there is neither Graph nor Profiles", ErrParts)
	}
	for _, m := range p.members {
		p.atoms = append(p.atoms, m.Atom)
	}
	p.atoms = ascending(p.atoms)
	return p, nil
}

// An observation is one of identity as it is exported.
type observation struct {
	ID          string       `json:"id"`
	Source      string       `json:"source"`
	Record      string       `json:"record,omitempty"`
	Entity      string       `json:"entity,omitempty"`
	Time        time.Time    `json:"time"`
	Identifiers []identifier `json:"identifiers,omitempty"`
}

type identifier struct {
	Type  string `json:"type"`
	Scope string `json:"scope,omitempty"`
	Value string `json:"value"`
	Proof string `json:"proof"`
}

func (x *Subjects) observations(ctx context.Context, id customer.ID) iter.Seq2[observation, error] {
	return func(yield func(observation, error) bool) {
		for o, err := range x.parts.Graph.Observations(ctx, id) {
			to := observation{o.ID, o.Source, o.Record, o.Entity, o.Time.UTC(), nil}
			for _, d := range o.Identifiers {
				to.Identifiers = append(to.Identifiers, identifier{d.Type, d.Scope, d.Value, d.Proof.String()})
			}
			if !yield(to, err) || err != nil {
				return
			}
		}
	}
}

// A relation is one of identity as it is exported: who is at the other end is not said.
type relation struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"`
	Outgoing bool      `json:"outgoing"`
	Start    time.Time `json:"start,omitzero"`
	End      time.Time `json:"end,omitzero"`
}

func (x *Subjects) relations(ctx context.Context, id customer.ID) iter.Seq2[relation, error] {
	return func(yield func(relation, error) bool) {
		all, err := x.parts.Graph.Relations(ctx, time.Time{}, id)
		if err != nil {
			yield(relation{}, err)
			return
		}
		for _, r := range all {
			if !yield(relation{r.ID, r.Kind, r.Outgoing, r.Since, r.Until}, nil) {
				return
			}
		}
	}
}

// setAside is what was set aside of an atom, as it is exported.
type setAside struct {
	Atom customer.AtomID `json:"atom"`
	profile.Rejected
}

func (x *Subjects) setAside(ctx context.Context, members []customer.Member) iter.Seq2[setAside, error] {
	return func(yield func(setAside, error) bool) {
		for _, m := range members {
			all, err := x.parts.Profiles.SetAside(ctx, m.Atom)
			if err != nil {
				yield(setAside{}, err)
				return
			}
			for _, v := range all {
				if !yield(setAside{m.Atom, v}, nil) {
					return
				}
			}
		}
	}
}

// known yields what a sequence does, nothing if that knows no such customer.
func known(all iter.Seq2[profile.KeptEvidence, error]) iter.Seq2[profile.KeptEvidence, error] {
	return func(yield func(profile.KeptEvidence, error) bool) {
		for e, err := range all {
			if errors.Is(err, profile.ErrUnknown) {
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// values yields the elements of a slice.
func values[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// anything yields what a sequence does.
func anything[T any](all iter.Seq2[T, error]) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for v, err := range all {
			if !yield(v, err) {
				return
			}
		}
	}
}

// each yields what of returns for each element of a slice, one after the other.
func each[T any](from []T, of func(T) iter.Seq2[any, error]) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for _, v := range from {
			for inner, err := range of(v) {
				if !yield(inner, err) || err != nil {
					return
				}
			}
		}
	}
}

// A document is what Export writes, member by member. After an error nothing more is written. Not
// safe for concurrent use.
type document struct {
	w      *bufio.Writer
	err    error
	begun  bool
	counts []Count
}

// fail keeps the first error.
func (d *document) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

func (d *document) print(s string) {
	if d.err == nil {
		_, d.err = d.w.WriteString(s)
	}
}

// name writes the name of a member.
func (d *document) name(name string) {
	if d.begun {
		d.print(",\n")
	} else {
		d.print("{\n")
	}
	d.begun = true
	d.print(`"` + name + `":`)
}

// value writes a value.
func (d *document) value(v any) {
	if d.err != nil {
		return
	}
	data, err := json.Marshal(v)
	if err != nil {
		d.err = err
		return
	}
	_, d.err = d.w.Write(data)
}

func (d *document) member(name string, v any) {
	d.name(name)
	d.value(v)
}

// list writes a member whose value is a list of what a sequence yields.
func list[T any](d *document, name string, all iter.Seq2[T, error]) {
	if d.err != nil {
		return
	}
	d.name(name)
	n := int64(0)
	for v, err := range all {
		if err != nil {
			d.err = err
			return
		}
		if n++; n == 1 {
			d.print("[\n")
		} else {
			d.print(",\n")
		}
		if d.value(v); d.err != nil {
			return
		}
	}
	if n == 0 {
		d.print("[]")
	} else {
		d.print("\n]")
	}
	d.counts = append(d.counts, Count{name, n})
}
