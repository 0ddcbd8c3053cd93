package identity

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A Relation says that the customer of one record has to do with the customer of another:
// a person belongs to a household, an outlet buys through a distributor. It never makes
// them one. It hangs on the records, and so follows them through merges and splits. Safe
// for concurrent reads.
type Relation struct {
	// ID names the relation for ever, as Observation.ID does an observation.
	ID string `json:"id"`
	// Kind is what it is, such as household: 1 to 64 letters, digits, -, _ and .
	Kind string `json:"kind"`
	// From and To are records that have been observed, of any entities.
	From Record `json:"from"`
	To   Record `json:"to"`
	// Since and Until bound the time of the relation, Until excluded, to the microsecond.
	// Zero is open.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// A Related customer is one at the other end of a relation. Safe for concurrent reads.
type Related struct {
	ID   string `json:"id"`   // of the relation
	Kind string `json:"kind"` // of the relation
	// Other is who the record at the other end is of now.
	Other customer.ID `json:"other"`
	// Outgoing: the relation goes from the customer asked for to Other.
	Outgoing bool `json:"outgoing"`
	// Since and Until are the relation's, in UTC.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

func (r *Relation) validate(p *Policy) error {
	var errs []error
	fault := func(field, reason string) { errs = append(errs, &InputError{-1, field, reason}) }
	checkText(fault, "id", r.ID, 1, 256)
	if r.Kind == "" || !validName(r.Kind) {
		fault("kind", "is empty, longer than 64 bytes or has other than letters, digits, -, _ and .")
	}
	for _, end := range []struct {
		name string
		Record
	}{{"from", r.From}, {"to", r.To}} {
		checkText(fault, end.name+".source", end.Source, 1, 256)
		checkText(fault, end.name+".record", end.Record.Record, 1, 256)
		if p.entity(end.Entity) == nil {
			fault(end.name+".entity", "is not in the policy")
		}
	}
	if r.From == r.To {
		fault("to", "is the same as from")
	}
	for _, t := range []struct {
		name string
		at   time.Time
	}{{"since", r.Since}, {"until", r.Until}} {
		if !t.at.IsZero() && !civil.InYears(t.at) {
			fault(t.name, "is not in years 1 to 9999")
		}
	}
	if !r.Since.IsZero() && !r.Until.IsZero() && r.Since.UnixMicro() >= r.Until.UnixMicro() {
		fault("until", "is not after since")
	}
	return errors.Join(errs...)
}

// Relate adds a relation. It is idempotent by the relation's id.
//
// Errors: ErrInput, ErrUnknown for a record that is not there, ErrReused, ErrRetracted if
// the relation has been taken back, ErrErased if one of its customers has been erased
// since, and those of the store and the vault. Cost: two reads and a commit, which writes
// the evidence of both records anew.
func (g *Graph) Relate(ctx context.Context, r Relation) error {
	if err := r.validate(g.rules.Load().policy); err != nil {
		return err
	}
	name := g.blind("relation", r.ID)
	ends := []blind{g.recordBlind(r.From.Entity, r.From.Source, r.From.Record), g.recordBlind(r.To.Entity, r.To.Source, r.To.Record)}
	start, end := microsOf(r.Since), microsOf(r.Until)
	w := wire.New("identity/content", 1)
	w.Text(r.Kind)
	w.Bytes(ends[0][:])
	w.Bytes(ends[1][:])
	writeMicros(w, start)
	writeMicros(w, end)
	content := g.blind("content", string(w.Data()))
	return g.update(ctx, func(ctx context.Context) (*store.Batch, error) {
		entries, err := g.s.Get(ctx, []byte(epochKey), relationKey(name), recordKey(atomOf(ends[0])), recordKey(atomOf(ends[1])))
		if err != nil {
			return nil, err
		}
		inForce, err := g.current(ctx, entries[0])
		if err != nil {
			return nil, err
		}
		known, err := readRelation(entries[1])
		switch {
		case err != nil:
			return nil, err
		case known.state == seenErased:
			return nil, ErrErased
		case known.state != 0 && known.content != content:
			return nil, ErrReused
		case known.state == seenRetracted:
			return nil, ErrRetracted
		case known.state != 0:
			return nil, nil
		}
		edits, places, err := g.ends(ctx, inForce, ends, entries[2:])
		if err != nil {
			return nil, err
		}
		kept := relation{state: seenLive, content: content}
		b := &store.Batch{}
		for i, e := range edits {
			p := &e.ev.pieces[places[i]]
			p.related = true
			kept.atoms[i] = p.atom
			k, err := e.key(ctx, p.atom)
			if err != nil {
				return nil, err
			}
			b.Put(edgeKey(p.atom, name), edge{
				record: atomOf(ends[1-i]), atom: edits[1-i].ev.pieces[places[1-i]].atom, kind: r.Kind, outgoing: i == 0,
				start: start, end: end, sealed: k.Seal(nil, []byte(r.ID), "relation", 1),
			}.data())
		}
		b.If(relationKey(name), 0)
		b.Put(relationKey(name), kept.data())
		if edits[0] == edits[1] {
			edits = edits[:1]
		}
		for _, e := range edits {
			// Who is one customer is not looked at: the evidence stays of its epoch.
			e.rules = &rules{policy: e.rules.policy, epoch: e.main.epoch, version: e.rules.version}
			if err := e.write(ctx); err != nil {
				return nil, err
			}
			b.Writes = append(b.Writes, e.batch.Writes...)
			for _, c := range e.batch.Conditions {
				if !slices.ContainsFunc(b.Conditions, func(has store.Condition) bool { return bytes.Equal(has.Key, c.Key) }) {
					b.Conditions = append(b.Conditions, c)
				}
			}
		}
		return b, nil
	})
}

// ends returns edits of the containers of two records, equal where they are in one, and
// the places of the records there. So others who change them, or erase them, meanwhile
// conflict.
func (g *Graph) ends(ctx context.Context, r *rules, records []blind, entries []store.Entry) (edits []*edit, places []int, err error) {
	var ids []customer.ID
	var atoms []customer.AtomID
	for i, entry := range entries {
		to, err := readPointer(entry)
		if err != nil {
			return nil, nil, err
		}
		if to.state != contained {
			return nil, nil, fmt.Errorf("%w record", ErrUnknown)
		}
		ids, atoms = append(ids, to.to), append(atoms, recordAtom(records[i], to))
	}
	_, led, err := g.containers(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	for i, id := range ids {
		c := led[id]
		if c == nil {
			return nil, nil, conflictIf(true)
		}
		place := slices.IndexFunc(c.ev.pieces, func(p piece) bool { return p.atom == atoms[i] })
		if place < 0 || c.ev.pieces[place].home == uuid.Nil {
			return nil, nil, fmt.Errorf("%w record", ErrUnknown)
		}
		places = append(places, place)
		if i == 1 && c == led[ids[0]] {
			return append(edits, edits[0]), places, nil
		}
		e, err := g.newEdit(r, c.ev.entity, c.last(), []*container{c}, uuid.Nil)
		if err != nil {
			return nil, nil, err
		}
		edits = append(edits, e)
	}
	return edits, places, nil
}

// Unrelate takes a relation back: it is as if it had never been. Its id stays used. To do
// so again does nothing. An open relation ends by taking it back and relating anew, with
// another id and an Until.
//
// Errors: ErrUnknown, ErrErased, those of the store. Cost: a read and a commit.
func (g *Graph) Unrelate(ctx context.Context, id string) error {
	name := g.blind("relation", id)
	return g.update(ctx, func(ctx context.Context) (*store.Batch, error) {
		entries, err := g.s.Get(ctx, []byte(epochKey), relationKey(name))
		if err != nil {
			return nil, err
		}
		if _, err := g.current(ctx, entries[0]); err != nil { // an erasure comes first
			return nil, err
		}
		known, err := readRelation(entries[1])
		switch {
		case err != nil:
			return nil, err
		case known.state == 0:
			return nil, fmt.Errorf("%w relation", ErrUnknown)
		case known.state == seenErased:
			return nil, ErrErased
		case known.state == seenRetracted:
			return nil, nil
		}
		b := &store.Batch{}
		for _, a := range known.atoms {
			b.Delete(edgeKey(a, name))
		}
		b.If(relationKey(name), entries[1].Version)
		known.state = seenRetracted
		b.Put(relationKey(name), known.data())
		return b, nil
	})
}

// update is store.Update for what can be done again where the outcome is unknown.
func (g *Graph) update(ctx context.Context, build func(ctx context.Context) (*store.Batch, error)) error {
	for {
		_, err := store.Update(ctx, g.s, g.o.Backoff, build)
		if !errors.Is(err, store.ErrUnknownOutcome) || ctx.Err() != nil {
			return err
		}
	}
}

// Relations returns the relations of a customer, named by its id or that of one of the
// past that is part of it now, at a time, or all where at is zero: by kind, start and id.
// A relation between records that are of one customer now is there from both sides, with
// Other that customer. An end of which no observation is left, all having been retracted,
// is left out.
//
// Errors: ErrUnknown, ErrErased, those of the store and the vault. Cost: a scan for each
// record that has relations, one read for all other ends, and their evidence.
func (g *Graph) Relations(ctx context.Context, at time.Time, id customer.ID) ([]Related, error) {
	c, home, err := g.home(ctx, id)
	if err != nil {
		return nil, err
	}
	var found []Related
	var edges []edge
	for i := range c.ev.pieces {
		p := &c.ev.pieces[i]
		if p.home != home || !p.related {
			continue
		}
		for entry, err := range g.s.Scan(ctx, store.Under(key("l", p.atom[:]))) {
			if err != nil {
				return nil, err
			}
			x, err := readEdge(entry.Value)
			if err != nil {
				return nil, err
			}
			if !x.holds(at) {
				continue
			}
			k, err := g.o.Vault.Key(ctx, p.atom)
			if err != nil {
				return nil, fmt.Errorf("identity: key of a relation: %w", err)
			}
			name, err := k.Open(nil, x.sealed, "relation", 1)
			if err != nil {
				return nil, err
			}
			edges = append(edges, x)
			found = append(found, Related{ID: string(name), Kind: x.kind, Outgoing: x.outgoing, Since: timeOf(x.start), Until: timeOf(x.end)})
		}
	}
	others, err := g.homes(ctx, edges)
	if err != nil {
		return nil, err
	}
	kept := found[:0]
	for i, r := range found {
		if r.Other = others[i]; r.Other != uuid.Nil {
			kept = append(kept, r)
		}
	}
	slices.SortFunc(kept, func(a, b Related) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID), boolOrder(a.Outgoing, b.Outgoing))
	})
	return kept, nil
}

// boolOrder puts true first.
func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// homes returns the customers at the other ends of edges, uuid.Nil where there is none.
func (g *Graph) homes(ctx context.Context, edges []edge) ([]customer.ID, error) {
	keys := make([][]byte, len(edges))
	for i, x := range edges {
		keys[i] = recordKey(x.record)
	}
	entries, err := g.get(ctx, keys)
	if err != nil {
		return nil, err
	}
	to := make([]customer.ID, len(edges))
	for i, entry := range entries {
		p, err := readPointer(entry)
		if err != nil {
			return nil, err
		}
		to[i] = p.to // uuid.Nil leads nowhere
	}
	_, led, err := g.containers(ctx, to)
	if err != nil {
		return nil, err
	}
	at := map[*container]map[customer.AtomID]customer.ID{}
	homes := make([]customer.ID, len(edges))
	for i, x := range edges {
		c := led[to[i]]
		if c == nil {
			continue
		}
		if at[c] == nil {
			at[c] = map[customer.AtomID]customer.ID{}
			for j := range c.ev.pieces {
				at[c][c.ev.pieces[j].atom] = c.ev.pieces[j].home
			}
		}
		homes[i] = at[c][x.atom]
	}
	return homes, nil
}

// relations erases those of an atom, from both sides.
func (x *erasure) relations(ctx context.Context, a customer.AtomID) error {
	prefix := key("l", a[:])
	erased := relation{state: seenErased}.data()
	for entry, err := range x.g.s.Scan(ctx, store.Under(prefix)) {
		if err != nil {
			return err
		}
		e, err := readEdge(entry.Value)
		if err != nil {
			return err
		}
		name := blindOf(entry.Key[len(prefix):])
		x.remove(entry.Key)
		x.remove(edgeKey(e.atom, name))
		x.put(relationKey(name), erased)
	}
	return nil
}
