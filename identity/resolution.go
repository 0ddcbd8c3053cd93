package identity

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity/normalize"
	"github.com/clientele-go/clientele/store"
)

// A Resolution is what became of an observation. Safe for concurrent reads.
type Resolution struct {
	// Customer is who it is of, and Atom what it is part of.
	Customer customer.ID     `json:"customer"`
	Atom     customer.AtomID `json:"atom"`
	// Stream is where Atom lies if that is a slice of time: evidence that belongs to the stream
	// from then on is to be kept by the stream, as slices are cut and grow. Zero: Atom is never divided.
	Stream customer.AtomID `json:"stream,omitzero"`
	// Known: it had been observed before, and nothing has changed.
	Known bool `json:"known"`
	// Created: the customer has begun with it. Where what it changes takes several commits, the
	// feed may tell that as a split.
	Created bool `json:"created"`
	// Merged are the customers that have become Customer because of it, ascending.
	Merged []customer.ID `json:"merged,omitempty"`
	// Refused are the identifiers by which it was not joined to others, and why.
	Refused []Refusal `json:"refused,omitempty"`
}

// A Refusal says why an identifier does not join two records. Safe for concurrent reads.
type Refusal struct {
	Reason Reason `json:"reason"` // why
	// Type and Scope of the identifier.
	Type  string `json:"type"`
	Scope string `json:"scope,omitempty"`
	// With is the customer that was not joined because of it; uuid.Nil where it is
	// not about one.
	With customer.ID `json:"with,omitzero"`
	// Limit and LimitScope name the type of which they would have too many values;
	// empty where it is no such reason.
	Limit      string `json:"limit,omitempty"`
	LimitScope string `json:"limit_scope,omitempty"`
	// Field is why the value is no identifier, where the reason is Refused.
	Field normalize.Reason `json:"field,omitzero"`
}

// resolution says what became of an observation of the edit.
func (e *edit) resolution(p *prepared) Resolution {
	i, _ := slices.BinarySearchFunc(e.ev.seen, observation{id: p.id, at: p.at}, compareObservations)
	place := e.ev.seen[i].piece
	q := &e.ev.pieces[place]
	r := Resolution{Customer: q.home, Atom: q.present(), Stream: e.ev.streamOf(e.entity, &e.ev.seen[i])}
	changes := e.changes
	if e.unfinish {
		changes = e.meant
	}
	for _, c := range changes {
		switch home := e.homes[place]; {
		case c.Verb == customer.Created && c.To == home:
			r.Created = true
		case c.Verb == customer.Merged && c.To == home:
			r.Merged = append(r.Merged, c.From)
		}
	}
	slices.SortFunc(r.Merged, func(a, b customer.ID) int { return bytes.Compare(a[:], b[:]) })
	r.Refused = append(slices.Clip(p.refused), e.ev.refusals(e.out, place)...)
	return r
}

// streamOf names the stream that an observation is part of, if its atom is a slice.
func (ev *evidence) streamOf(e *Entity, o *observation) customer.AtomID {
	if ev.pieces[o.piece].atom == (customer.AtomID{}) {
		if v := ev.stream(e, o); v >= 0 {
			return streamOf(ev.values[v].blind)
		}
	}
	return customer.AtomID{}
}

// refusals lists those that concern a piece, each once.
func (ev *evidence) refusals(out *grouping, place int32) []Refusal {
	var list []Refusal
	for _, f := range out.refused {
		if f.a != place && f.b != place {
			continue
		}
		r := Refusal{Reason: f.reason}
		if f.value >= 0 {
			k := ev.kinds[ev.values[f.value].kind]
			r.Type, r.Scope = k.typ, k.scope
		}
		if f.kind >= 0 {
			r.Limit, r.LimitScope = ev.kinds[f.kind].typ, ev.kinds[f.kind].scope
		}
		other := f.b
		if f.b == place {
			other = f.a
		}
		if other >= 0 {
			if r.With = ev.pieces[other].home; r.With == ev.pieces[place].home {
				continue // joined by something else
			}
		}
		if !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list
}

// resolutionOf says where an observation of before is now.
func (g *Graph) resolutionOf(p *prepared, containers []*container, r *rules) (Resolution, error) {
	for _, c := range containers {
		i, ok := slices.BinarySearchFunc(c.ev.seen, observation{id: p.id, at: p.at}, compareObservations)
		if !ok {
			continue
		}
		place := c.ev.seen[i].piece
		q := &c.ev.pieces[place]
		entity := r.policy.entity(p.o.Entity)
		out := entity.group(c.ev)
		return Resolution{
			Known: true, Customer: q.home, Atom: q.present(), Stream: c.ev.streamOf(entity, &c.ev.seen[i]),
			Refused: append(slices.Clip(p.refused), c.ev.refusals(out, place)...),
		}, nil
	}
	return Resolution{}, fmt.Errorf("identity: observation moved while it was read: %w", store.ErrConflict)
}
