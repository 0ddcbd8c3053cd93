package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/store"
)

// A Ruling is who decided something by hand, and why. Rulings outrank all evidence,
// outlive the policy, and can be revoked. Safe for concurrent reads.
type Ruling struct {
	// ID names the ruling for ever, as Observation.ID does an observation.
	ID string `json:"id"`
	// Actor and Reason are for the log: 1 to 256 and up to 1,024 bytes.
	Actor  string `json:"actor"`
	Reason string `json:"reason,omitempty"`
	// Time is when it was decided: a later link outranks an earlier separation, and
	// the other way round.
	Time time.Time `json:"time"`
}

func (r *Ruling) validate() error {
	var errs []error
	fault := func(field, reason string) { errs = append(errs, &InputError{-1, field, reason}) }
	checkText(fault, "id", r.ID, 1, 256)
	checkText(fault, "actor", r.Actor, 1, 256)
	checkText(fault, "reason", r.Reason, 0, 1024)
	if !civil.InYears(r.Time) {
		fault("time", "is not in years 1 to 9999")
	}
	return errors.Join(errs...)
}

// Link rules that records are of one customer, whatever limits say. All have been
// observed and are of one entity; at most 200.
//
// Errors of this and the other rulings: ErrInput, ErrUnknown for a record or value that
// is not there, ErrReused, ErrRetracted if the ruling has been revoked, and those of the
// store. To rule the same again does nothing.
func (g *Graph) Link(ctx context.Context, r Ruling, records ...Record) error {
	return g.rule(ctx, r, ruleLink, [][]Record{records})
}

// Separate rules that records of different sides are of different customers. Records of
// one side need not be of one. There are at most 200 records in all, and of a customer with more
// records each that is not named is of any side.
func (g *Graph) Separate(ctx context.Context, r Ruling, sides ...[]Record) error {
	if len(sides) < 2 {
		return &InputError{-1, "sides", "are fewer than two"}
	}
	return g.rule(ctx, r, ruleSeparate, sides)
}

// Split takes records out of the customer they are with: they are separated from all
// other records that the customer has now. Errors and limits as Separate; that a customer
// has no other records is ErrInput.
func (g *Graph) Split(ctx context.Context, r Ruling, records ...Record) error {
	return g.rule(ctx, r, ruleSplit, [][]Record{records})
}

// Rebind rules that a value passed to somebody else at a time: whoever was seen with it
// before is not joined through later sightings of it. An Ephemeral value is from then on of
// whoever is seen with it next, who was there before included: so an app that tells of a
// logout on a shared device ends a slice of time, which otherwise lasts until somebody else
// logs in.
func (g *Graph) Rebind(ctx context.Context, r Ruling, entity string, d Identifier, at time.Time) error {
	if err := r.validate(); err != nil {
		return err
	}
	if !civil.InYears(at) {
		return &InputError{-1, "at", "is not in years 1 to 9999"}
	}
	values, err := g.valueBlinds(entity, d)
	if err != nil {
		return err
	}
	h := values[0].blind
	name := g.blind("ruling", r.ID)
	content := g.blind("content", fmt.Sprintf("rebind %x %d %d", h, at.UnixMicro(), r.Time.UnixMicro()))
	return g.run(ctx, func(ctx context.Context, more []customer.ID) (*edit, error) {
		entries, err := g.s.Get(ctx, rulingKey(name), valueKey(h))
		if err != nil {
			return nil, err
		}
		if e, taken, err := g.ruledBefore(ctx, entries[0], content); taken {
			return e, err
		}
		to, err := readPointer(entries[1])
		if err != nil {
			return nil, err
		}
		if to.state != contained {
			return nil, fmt.Errorf("%w value, or a shared one", ErrUnknown)
		}
		e, err := g.load(ctx, append(slices.Clone(more), to.to))
		if err != nil || e == nil {
			return nil, errors.Join(err, conflictIf(e == nil))
		}
		i := slices.IndexFunc(e.ev.values, func(v value) bool { return v.blind == h })
		if i < 0 {
			return nil, fmt.Errorf("%w value", ErrUnknown)
		}
		e.ev.values[i].cuts = append(e.ev.values[i].cuts, cut{name, at.UnixMicro()})
		e.at = r.Time.UnixMicro()
		if err := e.putRuling(ctx, name, ruled{container: e.main.id, content: content}, r); err != nil {
			return nil, err
		}
		return e, e.finish(ctx)
	})
}

// Revoke takes a ruling back: all is as if it had never been made. at is when that is
// decided. Revoking again does nothing.
func (g *Graph) Revoke(ctx context.Context, at time.Time, id string) error {
	if !civil.InYears(at) {
		return &InputError{-1, "at", "is not in years 1 to 9999"}
	}
	name := g.blind("ruling", id)
	return g.run(ctx, func(ctx context.Context, more []customer.ID) (*edit, error) {
		entries, err := g.s.Get(ctx, rulingKey(name))
		if err != nil {
			return nil, err
		}
		was, err := readRuled(entries[0])
		switch {
		case err != nil:
			return nil, err
		case was.content == (blind{}):
			return nil, fmt.Errorf("%w ruling", ErrUnknown)
		case was.revoked:
			return g.again(ctx, was.container)
		case was.erasure:
			return nil, &InputError{-1, "id", "is that of an erasure, which cannot be revoked"}
		}
		e, err := g.load(ctx, append(slices.Clone(more), was.container))
		if err != nil || e == nil {
			return nil, errors.Join(err, conflictIf(e == nil))
		}
		e.at = at.UnixMicro()
		ours := func(x ruling) bool { return x.id == name }
		for i := range e.ev.pieces {
			p := &e.ev.pieces[i]
			p.links, p.parts = slices.DeleteFunc(p.links, ours), slices.DeleteFunc(p.parts, ours)
		}
		for i := range e.ev.values {
			v := &e.ev.values[i]
			n := len(v.cuts)
			if v.cuts = slices.DeleteFunc(v.cuts, func(c cut) bool { return c.ruling == name }); len(v.cuts) < n {
				e.loseValue(int32(i), name[:])
			}
		}
		e.shrunk = true
		was.revoked = true
		e.require(rulingKey(name), entries[0].Version)
		e.batch.Put(rulingKey(name), was.data())
		return e, e.finish(ctx)
	})
}

// The kinds of rulings on records.
type ruleKind string

const (
	ruleLink     ruleKind = "link"
	ruleSeparate ruleKind = "separate"
	ruleSplit    ruleKind = "split"
)

// ruledRecords are those that a ruling is about.
type ruledRecords struct {
	entity  string
	atoms   []blind
	side    []int // of each
	content string
}

// ruledRecords checks the records of a ruling and hashes them.
func (g *Graph) ruledRecords(r Ruling, kind ruleKind, sides [][]Record) (n ruledRecords, err error) {
	var content strings.Builder
	fmt.Fprintf(&content, "%s %d", kind, r.Time.UnixMicro())
	for i, records := range sides {
		if len(records) == 0 {
			return n, &InputError{-1, "records", "of a side are missing"}
		}
		for _, rec := range records {
			h := g.recordBlind(rec.Entity, rec.Source, rec.Record)
			if n.entity = rec.Entity; rec.Entity != sides[0][0].Entity {
				return n, &InputError{-1, "records", "are of different entities"}
			}
			if slices.Contains(n.atoms, h) {
				return n, &InputError{-1, "records", "are given twice"}
			}
			n.atoms, n.side = append(n.atoms, h), append(n.side, i)
			fmt.Fprintf(&content, " %d:%x", i, h)
		}
	}
	least := 2
	if kind == ruleSplit {
		least = 1
	}
	if len(n.atoms) < least || len(n.atoms) > maxMerged {
		return n, &InputError{-1, "records", fmt.Sprintf("are not %d to %d", least, maxMerged)}
	}
	n.content = content.String()
	return n, nil
}

// rule makes a ruling on records.
func (g *Graph) rule(ctx context.Context, r Ruling, kind ruleKind, sides [][]Record) error {
	if err := r.validate(); err != nil {
		return err
	}
	n, err := g.ruledRecords(r, kind, sides)
	if err != nil {
		return err
	}
	name, content := g.blind("ruling", r.ID), g.blind("content", n.content)
	return g.run(ctx, func(ctx context.Context, more []customer.ID) (*edit, error) {
		keys := [][]byte{rulingKey(name)}
		for _, h := range n.atoms {
			keys = append(keys, recordKey(atomOf(h)))
		}
		entries, err := g.get(ctx, keys)
		if err != nil {
			return nil, err
		}
		if e, taken, err := g.ruledBefore(ctx, entries[0], content); taken {
			return e, err
		}
		ids := slices.Clone(more)
		names := make([]customer.AtomID, len(n.atoms))
		for i, entry := range entries[1:] {
			to, err := readPointer(entry)
			if err != nil {
				return nil, err
			}
			if to.state != contained {
				return nil, fmt.Errorf("%w record", ErrUnknown)
			}
			names[i] = recordAtom(n.atoms[i], to)
			ids = append(ids, to.to)
		}
		e, err := g.load(ctx, ids)
		if err != nil || e == nil {
			return nil, errors.Join(err, conflictIf(e == nil))
		}
		if kind == ruleSplit && e.stale { // who it is has still to be worked out
			for _, id := range ids {
				if err := g.refresh(ctx, id); err != nil {
					return nil, err
				}
			}
			return nil, conflictIf(true)
		}
		if e.ev.entity != n.entity {
			return nil, fmt.Errorf("%w: container of another entity", store.ErrCorrupt)
		}
		e.at = r.Time.UnixMicro()
		if err := e.decree(name, kind, names, n.side); err != nil {
			now, again := g.s.Get(ctx, rulingKey(name))
			if again != nil {
				return nil, again
			}
			return nil, cmp.Or(conflictIf(now[0].Version != entries[0].Version), err) // somebody has ruled the same meanwhile
		}
		if err := e.putRuling(ctx, name, ruled{container: e.main.id, content: content}, r); err != nil {
			return nil, err
		}
		return e, e.finish(ctx)
	})
}

// decree puts a ruling on the pieces it is about.
func (e *edit) decree(name blind, kind ruleKind, atoms []customer.AtomID, side []int) error {
	homes := map[customer.ID]bool{}
	named := map[int]bool{}
	for i, a := range atoms {
		p := slices.IndexFunc(e.ev.pieces, func(p piece) bool { return p.atom == a })
		if p < 0 || !e.hasObservation(int32(p)) {
			return fmt.Errorf("%w record", ErrUnknown)
		}
		q := &e.ev.pieces[p]
		if kind == ruleLink {
			q.links = append(q.links, ruling{name, e.at, 0})
		} else {
			q.parts = append(q.parts, ruling{name, e.at, side[i]})
		}
		homes[q.home], named[p] = true, true
	}
	if kind != ruleSplit {
		return nil
	}
	others := false
	for p := range e.ev.pieces {
		if q := &e.ev.pieces[p]; homes[q.home] && !named[p] && q.atom != (customer.AtomID{}) {
			q.parts = append(q.parts, ruling{name, e.at, 1})
			others = true
		}
	}
	if !others {
		return &InputError{-1, "records", "are all that the customer has"}
	}
	return nil
}

func conflictIf(gone bool) error {
	if gone {
		return fmt.Errorf("identity: evidence moved while it was read: %w", store.ErrConflict)
	}
	return nil
}

// recordAtom is the atom of a record: one that was erased begins another.
func recordAtom(h blind, to pointer) customer.AtomID {
	if to.erased != nil {
		return sliceOf(h, blindOf(fmt.Appendf(nil, "%020d", *to.erased)))
	}
	return atomOf(h)
}

// valueBlinds normalises and hashes an identifier that is looked for.
func (g *Graph) valueBlinds(entity string, d Identifier) ([]hashed, error) {
	o := Observation{ID: "-", Source: "-", Entity: entity, Time: time.Unix(0, 0), Identifiers: []Identifier{d}}
	if err := o.validate(-1, g.rules.Load().policy.entity(entity)); err != nil {
		return nil, err
	}
	if g.rules.Load().policy.entity(entity).describes(d.Type) {
		return nil, &InputError{-1, "identifiers[0].type", "is a descriptor, which says nothing of who it is"}
	}
	p := prepared{o: &o}
	p.addIdentifier(g, d)
	if len(p.ids) == 0 {
		return nil, &InputError{-1, "identifiers[0].value", "is refused: " + p.refused[0].Field.String()}
	}
	return p.ids, nil
}
