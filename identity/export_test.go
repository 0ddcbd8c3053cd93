package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// exported is the whole mapping: the customers, ascending by id.
func exported(ctx context.Context, g *Graph) ([]Customer, error) {
	var all []Customer
	for c, err := range g.Customers(ctx) {
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// unnamed describes customers without their ids: equal texts are equal mappings up to
// renaming.
func unnamed(all []Customer) string {
	lines := make([]string, 0, len(all))
	for _, c := range all {
		var b strings.Builder
		fmt.Fprintf(&b, "%q %v", c.Entity, c.Identifiers)
		for _, a := range c.Atoms {
			fmt.Fprintf(&b, " %x slice=%v %d..%d n=%d", a.ID[:4], a.Slice, a.First.UnixMicro(), a.Last.UnixMicro(), a.Observations)
		}
		lines = append(lines, b.String())
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// homesOf is the customer of each atom.
func homesOf(all []Customer) map[customer.AtomID]customer.ID {
	homes := map[customer.AtomID]customer.ID{}
	for _, c := range all {
		for _, a := range c.Atoms {
			homes[a.ID] = c.ID
		}
	}
	return homes
}

// checkCustomers: no atom is of two customers, and every id leads to a customer.
func checkCustomers(ctx context.Context, g *Graph, all []Customer) error {
	atoms, names := map[customer.AtomID]bool{}, map[customer.ID]customer.ID{}
	for i, c := range all {
		if i > 0 && bytes.Compare(all[i-1].ID[:], c.ID[:]) >= 0 {
			return errors.New("customers do not ascend")
		}
		if len(c.Atoms) == 0 {
			return errors.New("a customer without atoms")
		}
		for _, a := range c.Atoms {
			if atoms[a.ID] {
				return fmt.Errorf("atom %x is of two customers", a.ID[:4])
			}
			atoms[a.ID] = true
		}
		for _, id := range append([]customer.ID{c.ID}, c.Former...) {
			if _, twice := names[id]; twice {
				return errors.New("an id is of two customers")
			}
			names[id] = c.ID
		}
	}
	for id, present := range names {
		switch c, err := g.Customer(ctx, id); {
		case err != nil:
			return fmt.Errorf("id of a customer: %w", err)
		case c.ID != present:
			return errors.New("an id leads to another customer than the export says")
		}
	}
	return nil
}

// followed is what a follower of the feed knows of a customer.
type followed struct {
	begun, ended bool
	atoms        map[customer.AtomID]bool
	slices       map[customer.AtomID]customer.Slice // of atoms
}

// replay follows the feed from its beginning, and checks every step of every customer.
func replay(ctx context.Context, g *Graph) (map[customer.ID]*followed, error) {
	all := map[customer.ID]*followed{}
	var cursor customer.Cursor
	for c, err := range g.Changes(ctx, cursor) {
		if err != nil {
			return nil, err
		}
		if err := errors.Join(c.Validate(), cursor.Advance(c)); err != nil {
			return nil, err
		}
		f := all[c.Customer]
		if f == nil {
			f = &followed{atoms: map[customer.AtomID]bool{}, slices: map[customer.AtomID]customer.Slice{}}
			all[c.Customer] = f
		}
		if err := f.follow(c); err != nil {
			return nil, fmt.Errorf("entry %d of shard %d, %v: %w", c.Seq, c.Shard, c.Verb, err)
		}
	}
	head, err := g.Head(ctx)
	if err == nil && head != cursor {
		err = errors.New("the feed ends before its head")
	}
	return all, err
}

// follow takes one entry of the customer.
func (f *followed) follow(c customer.Change) error {
	begins := c.Customer == c.To && (c.Verb == customer.Created || c.Verb == customer.Split)
	switch {
	case begins && c.Part == 1 && f.begun && !f.ended:
		return errors.New("a customer begins that is there")
	case !begins && !f.begun:
		return errors.New("of a customer that has not begun")
	case !begins && f.ended:
		return errors.New("of a customer that has ended")
	}
	if begins {
		f.begun, f.ended = true, false
	}
	for _, a := range c.Atoms {
		if (c.Customer == c.To) == f.atoms[a] {
			return fmt.Errorf("atom %x comes though it is there, or goes though it is not", a[:4])
		}
		if c.Customer == c.To {
			f.atoms[a] = true
		} else {
			delete(f.atoms, a)
			delete(f.slices, a)
		}
	}
	if c.Customer == c.To {
		for _, s := range c.Slices {
			f.slices[s.Atom] = s
		}
	}
	if c.Verb == customer.Merged && c.Customer == c.From && c.Part == c.Parts {
		f.ended = true
		if len(f.atoms) > 0 {
			return errors.New("a customer ends that has atoms left")
		}
	}
	return nil
}

// checkFeed: who follows the feed knows what the export says.
func checkFeed(ctx context.Context, g *Graph, all []Customer) error {
	known, err := replay(ctx, g)
	if err != nil {
		return err
	}
	have := map[customer.AtomID]customer.ID{}
	for id, f := range known {
		for a := range f.atoms {
			if _, twice := have[a]; twice {
				return fmt.Errorf("by the feed atom %x is of two customers", a[:4])
			}
			have[a] = id
		}
		if c, err := g.Customer(ctx, id); err == nil {
			if c.ID != id && len(f.atoms) == 0 && !f.ended {
				return errors.New("a customer has become another and the feed does not say so")
			}
		} else if !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrErased) {
			return err
		} else if len(f.atoms) > 0 {
			return fmt.Errorf("a customer that the feed knows: %w", err)
		}
	}
	if want := homesOf(all); !maps.Equal(have, want) {
		return fmt.Errorf("the feed leads to\n%v, the export is\n%v", have, want)
	}
	for _, c := range all {
		for _, a := range c.Atoms {
			switch s, ok := known[c.ID].slices[a.ID]; {
			case ok && (!a.Slice || !s.Since.Equal(a.First)):
				return fmt.Errorf("by the feed atom %x is a slice that begins at another time", a.ID[:4])
			case !ok && a.Slice && a.Observations > 1:
				return fmt.Errorf("the feed does not say that atom %x is a slice", a.ID[:4])
			}
		}
	}
	return nil
}

// An inventory is all that a graph has in its store.
type inventory struct {
	all        []*container
	byID       map[customer.ID]*container
	forwards   map[customer.ID]customer.ID
	values     map[blind]pointer
	records    map[customer.AtomID]pointer
	seen       map[blind]seen
	customers  map[customer.ID]pointer
	rulings    map[blind]ruled
	bearers    map[string]bearer // by the rest of the key
	parts      []string
	partTokens map[string]int
}

// takeInventory reads the store, in which nobody writes meanwhile.
func takeInventory(ctx context.Context, g *Graph) (*inventory, error) {
	v := &inventory{
		byID: map[customer.ID]*container{}, forwards: map[customer.ID]customer.ID{}, values: map[blind]pointer{},
		records: map[customer.AtomID]pointer{}, seen: map[blind]seen{}, customers: map[customer.ID]pointer{},
		rulings: map[blind]ruled{}, bearers: map[string]bearer{}, partTokens: map[string]int{},
	}
	for entry, err := range g.s.Scan(ctx, store.Under([]byte("id/"))) {
		if err != nil {
			return nil, err
		}
		family, name, _ := strings.Cut(strings.TrimPrefix(string(entry.Key), "id/"), "/")
		if err := v.take(ctx, g, family, name, entry); err != nil {
			return nil, fmt.Errorf("%s: %w", family, err)
		}
	}
	return v, nil
}

func (v *inventory) take(ctx context.Context, g *Graph, family, name string, entry store.Entry) (err error) {
	switch family {
	case "policy", "epoch", "index":
	case "c":
		id := customer.ID([]byte(name))
		if d := wire.Read(entry.Value); d.Kind() == "identity/forward" {
			d.Expect("identity/forward", 1)
			v.forwards[id] = readID(d)
			return d.Close()
		}
		c, err := g.readContainer(ctx, id, entry)
		if err != nil {
			return err
		}
		v.all, v.byID[id] = append(v.all, c), c
		v.partTokens[string(c.token)] = c.parts
	case "v":
		v.values[blind([]byte(name))], err = readPointer(entry)
	case "r":
		v.records[customer.AtomID([]byte(name))], err = readPointer(entry)
	case "o":
		v.seen[blind([]byte(name))], err = readSeen(entry)
	case "u":
		v.customers[customer.ID([]byte(name))], err = readPointer(entry)
	case "d":
		v.rulings[blind([]byte(name))], err = readRuled(entry)
	case "erasing", "e":
		err = errors.New("an erasure is not finished")
	case "m":
		_, err = readRelation(entry)
	case "l":
		_, err = readEdge(entry.Value)
	case "g": // guards of lists
	case "b":
		v.bearers[name], err = readBearer(entry.Value)
	case "p":
		v.parts = append(v.parts, name)
	default:
		err = errors.New("unknown family of keys")
	}
	return err
}

// lead is the container that an id leads to, nil if none.
func (v *inventory) lead(id customer.ID) *container {
	for range len(v.forwards) + 1 {
		if c := v.byID[id]; c != nil {
			return c
		}
		id = v.forwards[id]
	}
	return nil
}

// check: everything refers to what is there, nothing is there twice, and, unless tidy is
// false, nothing is left of what is past.
func (v *inventory) check(p *Policy, tidy bool) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	values, atoms, observations, answers := map[blind]*container{}, map[customer.AtomID]*container{}, map[blind]*container{}, map[customer.ID]*container{}
	rulings := map[blind]*container{}
	lists := map[string]bearer{}
	carried := map[blind]bool{} // shared values that something has
	rule := func(c *container, id blind) {
		if other := rulings[id]; other != nil && other != c {
			fault("a ruling in two containers")
		}
		rulings[id] = c
	}
	for _, c := range v.all {
		if len(c.epoch) == 0 {
			fault("a container is unfinished")
		}
		e := &edit{entity: p.entity(c.ev.entity), main: c, ev: c.ev}
		byPiece := c.ev.byPiece()
		has := map[blind]bool{}
		for i := range c.ev.values {
			val := &c.ev.values[i]
			if has[val.blind] {
				fault("a value twice in a container")
			}
			has[val.blind] = true
			to := v.values[val.blind]
			for _, x := range val.cuts {
				rule(c, x.ruling)
			}
			switch {
			case e.entity.describes(c.ev.kinds[val.kind].typ):
				continue
			case val.shared:
				carried[val.blind] = true
				if to.state != shared {
					fault("a value is marked as shared, its reference says %d", to.state)
				}
				for q, list := range byPiece {
					if slices.ContainsFunc(list, func(o int32) bool {
						return slices.ContainsFunc(c.ev.seen[o].marks, func(k mark) bool { return int(k.value) == i })
					}) {
						lists[string(val.blind[:])+string(to.to[:])+string(c.ev.name(int32(q), list))] = e.bearerOf(int32(q), list)
					}
				}
			case to.state != contained || v.lead(to.to) != c:
				fault("the reference of a value does not lead to its container: state %d", to.state)
			case values[val.blind] != nil:
				fault("a value in two containers")
			}
			if !val.shared {
				values[val.blind] = c
			}
		}
		for i := range c.ev.pieces {
			q := &c.ev.pieces[i]
			for _, r := range slices.Concat(q.links, q.parts) {
				rule(c, r.id)
			}
			if (q.home == uuid.Nil) != (len(byPiece[i]) == 0) {
				fault("a piece with observations and no home, or the other way round")
			}
			if q.atom != (customer.AtomID{}) {
				if atoms[q.atom] != nil {
					fault("a record twice")
				}
				atoms[q.atom] = c
				name := q.atom
				if q.before != (customer.AtomID{}) {
					name = q.before
				}
				if to := v.records[name]; to.state != contained || v.lead(to.to) != c {
					fault("the reference of a record does not lead to its container")
				}
			} else if len(byPiece[i]) != 1 {
				fault("%d observations in a piece without record", len(byPiece[i]))
			}
			for _, id := range q.answers {
				if answers[id] != nil {
					fault("two pieces answer for a customer")
				}
				answers[id] = c
				if to := v.customers[id]; to.state != contained || v.lead(to.to) != c {
					fault("the reference of a customer does not lead to its container")
				}
			}
		}
		for _, o := range c.ev.seen {
			if observations[o.id] != nil {
				fault("an observation twice")
			}
			observations[o.id] = c
			if s := v.seen[o.id]; s.state != seenLive || v.lead(s.container) != c {
				fault("the reference of an observation does not lead to its container")
			}
		}
	}
	for h, to := range v.values {
		if to.state == contained && values[h] == nil || to.state == shared && !carried[h] || to.state == nowhere && to.erased == nil {
			fault("a reference of a value that is not there: state %d", to.state)
		}
	}
	for a, to := range v.records {
		if to.state == contained && atoms[a] == nil && to.erased == nil || to.state == nowhere && to.erased == nil {
			fault("a reference of a record that is not there")
		}
	}
	for h, s := range v.seen {
		if s.state == seenLive && observations[h] == nil {
			fault("a reference of an observation that is not there")
		}
	}
	for id, to := range v.customers {
		if to.state == contained && answers[id] == nil {
			fault("a reference of a customer that is not there")
		}
	}
	for h, r := range v.rulings {
		if c := rulings[h]; c == nil != (r.revoked || r.erasure) || c != nil && v.lead(r.container) != c {
			fault("a ruling that is not where its reference leads, or is there though revoked")
		}
	}
	faults = append(faults, v.checkLists(lists, tidy)...)
	for _, name := range v.parts {
		if tidy && v.partTokens[name[:16]] == 0 {
			fault("a part of a container of the past")
		}
	}
	return errors.Join(faults...)
}

// checkLists compares the lists of bearers with what they should be. Those of cuts, whose
// bearers have no values, only say where a container is.
func (v *inventory) checkLists(want map[string]bearer, tidy bool) (faults []error) {
	for name, b := range v.bearers {
		h, generation := blind([]byte(name[:len(blind{})])), customer.ID([]byte(name[len(blind{}):][:16]))
		if to := v.values[h]; to.state != shared || to.to != generation {
			if tidy {
				faults = append(faults, errors.New("a bearer in a list of the past"))
			}
			continue
		}
		if _, ok := want[name]; !ok && len(b.values) > 0 {
			faults = append(faults, errors.New("a bearer that does not bear the value"))
		}
	}
	for name, b := range want {
		have, ok := v.bearers[name]
		if !ok || have.record != b.record || !slices.Equal(have.values, b.values) || v.lead(have.container) == nil || v.lead(have.container) != v.lead(b.container) {
			faults = append(faults, fmt.Errorf("the list of bearers is wrong: there %v\nhave %v\nwant %v", ok, have, b))
		}
	}
	return faults
}
