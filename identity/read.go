package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// A Customer is all that is known to be one person, organisation or whatever the entity
// is. Safe for concurrent reads.
type Customer struct {
	ID     customer.ID `json:"id"`               // the present one
	Entity string      `json:"entity,omitempty"` // as observed
	// Former are customers of the past that are this one now, ascending.
	Former []customer.ID `json:"former,omitempty"`
	// Atoms, ascending by id.
	Atoms []Atom `json:"atoms"`
	// Identifiers are the numbers of values for each type and scope, in the order of
	// the policy; shared ones and those without proof are not counted.
	Identifiers []Count `json:"identifiers,omitempty"`
}

// An Atom is a record of a customer, or a slice of time of an ephemeral identifier. Safe
// for concurrent reads.
type Atom struct {
	ID customer.AtomID `json:"id"` // as changes name it
	// Slice: it is no record but the observations without a record, from First to Last,
	// of one ephemeral identifier. It can be cut or grow as evidence comes in: where a
	// change names a slice, those of the customer are read anew.
	Slice bool `json:"slice"`
	// First and Last are the times of its observations, of which there are as many.
	First        time.Time `json:"first"`
	Last         time.Time `json:"last"`
	Observations int       `json:"observations"`
}

// A Count is a number of values of one type and scope. Safe for concurrent reads.
type Count struct {
	Type  string `json:"type"`
	Scope string `json:"scope,omitzero"`
	Count int    `json:"count"`
}

// A Binding is an identifier as a customer's. Safe for concurrent reads.
type Binding struct {
	Customer customer.ID `json:"customer"`
	// First and Last are when it was seen with the customer.
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Proof Proof     `json:"proof"` // the best it was seen with
	// Shared: it is seen with so many customers that it does not count, and which
	// they are is not told.
	Shared bool `json:"shared"`
}

// Customer returns a customer by its id, or by that of one of the past that is part of
// it now. ErrUnknown if there is none. Cost: two or three reads.
func (g *Graph) Customer(ctx context.Context, id customer.ID) (Customer, error) {
	c, home, err := g.home(ctx, id)
	if err != nil {
		return Customer{}, err
	}
	return g.describe(c, home), nil
}

// home returns the container that a customer is in, and its present id.
func (g *Graph) home(ctx context.Context, id customer.ID) (*container, customer.ID, error) {
	var before []store.Version
	for range 8 {
		entries, err := g.s.Get(ctx, customerKey(id))
		if err != nil {
			return nil, uuid.Nil, err
		}
		to, err := readPointer(entries[0])
		if err != nil {
			return nil, uuid.Nil, err
		}
		if to.state != contained {
			if to.erased != nil {
				return nil, uuid.Nil, ErrErased
			}
			return nil, uuid.Nil, fmt.Errorf("%w customer", ErrUnknown)
		}
		all, _, err := g.containers(ctx, []customer.ID{to.to})
		if err != nil && !errors.Is(err, store.ErrConflict) {
			return nil, uuid.Nil, err
		}
		for _, c := range all {
			for i := range c.ev.pieces {
				if slices.Contains(c.ev.pieces[i].answers, id) {
					return c, c.ev.pieces[i].home, nil
				}
			}
		}
		versions := []store.Version{entries[0].Version}
		for _, c := range all {
			versions = append(versions, c.version)
		}
		if err == nil && slices.Equal(before, versions) { // it leads to nobody
			return nil, uuid.Nil, fmt.Errorf("%w customer", ErrUnknown)
		}
		before = versions
	}
	return nil, uuid.Nil, fmt.Errorf("identity: customer moved while it was read: %w", store.ErrConflict)
}

// describe describes a customer.
func (g *Graph) describe(c *container, home customer.ID) Customer {
	ev := c.ev
	out := Customer{ID: home, Entity: ev.entity}
	atoms := map[customer.AtomID]*Atom{}
	for i := range ev.pieces {
		if p := &ev.pieces[i]; p.home == home {
			for _, id := range p.answers {
				if id != home {
					out.Former = append(out.Former, id)
				}
			}
		}
	}
	slices.SortFunc(out.Former, func(a, b customer.ID) int { return bytes.Compare(a[:], b[:]) })
	e := g.rules.Load().policy.entity(ev.entity)
	values := map[int32]bool{}
	for _, o := range ev.seen {
		p := &ev.pieces[o.piece]
		if p.home != home {
			continue
		}
		a := atoms[p.present()]
		if a == nil {
			a = &Atom{ID: p.present(), Slice: p.atom == (customer.AtomID{}), First: instant(o.at)}
			atoms[a.ID] = a
		}
		a.Last = instant(o.at)
		a.Observations++
		for _, k := range o.marks {
			v := ev.values[k.value]
			if e == nil || v.shared {
				continue
			}
			if l := e.index(ev.kinds[v.kind].typ); l >= 0 && k.proof >= e.Types[l].Proof {
				values[k.value] = true
			}
		}
	}
	for _, a := range atoms {
		out.Atoms = append(out.Atoms, *a)
	}
	slices.SortFunc(out.Atoms, func(a, b Atom) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	counts := map[kindKey]int{}
	for v := range values {
		counts[ev.kinds[ev.values[v].kind]]++
	}
	for k, n := range counts {
		out.Identifiers = append(out.Identifiers, Count{k.typ, k.scope, n})
	}
	slices.SortFunc(out.Identifiers, func(a, b Count) int {
		if a.Type != b.Type {
			return e.index(a.Type) - e.index(b.Type)
		}
		return bytes.Compare([]byte(a.Scope), []byte(b.Scope))
	})
	return out
}

// Find returns whose an identifier is, ascending by the time it was first seen with
// each: nobody, one customer, or several where they share it or it passed from one to
// another. The value is normalised as observed ones are; if the field holds several,
// the first counts. Errors: ErrInput, those of the store. Cost: two or three reads.
func (g *Graph) Find(ctx context.Context, entity string, d Identifier) ([]Binding, error) {
	ids, err := g.valueBlinds(entity, d)
	if err != nil {
		return nil, err
	}
	entries, err := g.s.Get(ctx, valueKey(ids[0].blind))
	if err != nil {
		return nil, err
	}
	to, err := readPointer(entries[0])
	if err != nil || to.state == nowhere {
		return nil, err
	}
	if to.state == shared {
		return []Binding{{Shared: true}}, nil
	}
	all, _, err := g.containers(ctx, []customer.ID{to.to})
	if err != nil {
		return nil, err
	}
	var found []Binding
	for _, c := range all {
		at := map[customer.ID]int{}
		for _, o := range c.ev.seen {
			for _, k := range o.marks {
				if c.ev.values[k.value].blind != ids[0].blind {
					continue
				}
				home := c.ev.pieces[o.piece].home
				i, ok := at[home]
				if !ok {
					i = len(found)
					at[home] = i
					found = append(found, Binding{Customer: home, First: instant(o.at)})
				}
				found[i].Last = instant(o.at)
				found[i].Proof = max(found[i].Proof, k.proof)
			}
		}
	}
	return found, nil
}

// Lookup returns whose a record is, and its atom. ErrUnknown if it has not been
// observed, or only in observations that were retracted; ErrErased if it has been
// erased. Cost: two or three reads.
func (g *Graph) Lookup(ctx context.Context, r Record) (customer.ID, customer.AtomID, error) {
	h := g.recordBlind(r.Entity, r.Source, r.Record)
	var before store.Version
	for {
		entries, err := g.s.Get(ctx, recordKey(atomOf(h)), []byte(erasingKey))
		if err != nil {
			return uuid.Nil, customer.AtomID{}, err
		}
		to, err := readPointer(entries[0])
		if err != nil {
			return uuid.Nil, customer.AtomID{}, err
		}
		if to.state == contained && entries[0].Version == before && entries[1].Version != 0 {
			if err := g.finishErasure(ctx); err != nil { // which may be that of the record
				return uuid.Nil, customer.AtomID{}, err
			}
			before = 0
			continue
		}
		if to.state != contained && to.erased != nil {
			return uuid.Nil, customer.AtomID{}, ErrErased
		}
		if to.state != contained || entries[0].Version == before {
			return uuid.Nil, customer.AtomID{}, fmt.Errorf("%w record", ErrUnknown)
		}
		all, _, err := g.containers(ctx, []customer.ID{to.to})
		if errors.Is(err, store.ErrConflict) {
			continue // the evidence has changed meanwhile
		}
		if err != nil {
			return uuid.Nil, customer.AtomID{}, err
		}
		atom := recordAtom(h, to)
		for _, c := range all {
			for i := range c.ev.pieces {
				if p := &c.ev.pieces[i]; p.atom == atom && p.home != uuid.Nil {
					return p.home, atom, nil
				}
			}
		}
		before = entries[0].Version // it has no observations any more, or has been erased meanwhile
	}
}

// Customers yields all customers, ascending by id: the whole mapping. It is no snapshot:
// who needs one notes Head, reads, then follows the feed from there, adding to each customer
// the atoms that come and taking away those that go, whether or not it has them already. An
// error is the last element. Cost: three reads for every 256 customers, and the evidence of each.
func (g *Graph) Customers(ctx context.Context) iter.Seq2[Customer, error] {
	return func(yield func(Customer, error) bool) {
		r := store.Under(key("u"))
		r.Limit = 256
		for {
			var ids []customer.ID
			var to []customer.ID
			n := 0
			for entry, err := range g.s.Scan(ctx, r) {
				var p pointer
				if err == nil {
					p, err = readPointer(entry)
				}
				if err != nil {
					yield(Customer{}, err)
					return
				}
				n++
				r.From = append(entry.Key, 0)
				if p.state == contained {
					ids = append(ids, customer.ID(entry.Key[len(key("u")):]))
					to = append(to, p.to)
				}
			}
			_, led, err := g.containers(ctx, to)
			if err != nil {
				yield(Customer{}, err)
				return
			}
			for i, id := range ids {
				c := led[to[i]]
				if c == nil || !slices.ContainsFunc(c.ev.pieces, func(p piece) bool { return p.home == id }) {
					continue // one of the past
				}
				if !yield(g.describe(c, id), nil) {
					return
				}
			}
			if n < r.Limit {
				return
			}
		}
	}
}
