package identity

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
)

// A ledger is the evidence as a plain list, with what follows from it by the slowest way
// there is: everything in one container, and who is one customer by group, or, if strict,
// by the reference that shares no code with it.
type ledger struct {
	g        *Graph // to hash
	policy   *Policy
	strict   bool
	observed map[string]*entered
	rulings  map[string]*decreed
}

// entered is an observation of the ledger.
type entered struct {
	*prepared
	retracted bool
}

// decreed is a ruling of the ledger.
type decreed struct {
	step
	name    blind
	sides   map[blind]int // of records
	bound   hashed        // of a rebind
	revoked bool
}

func newLedger(g *Graph, p *Policy) *ledger {
	return &ledger{g: g, policy: p, observed: map[string]*entered{}, rulings: map[string]*decreed{}}
}

// take enters a step, and returns the error that it has.
func (l *ledger) take(s step) error {
	switch s.verb {
	case "observe":
		for i := range s.all {
			p, err := l.g.prepare(-1, &s.all[i])
			if err != nil {
				return err
			}
			was := l.observed[s.all[i].ID]
			switch {
			case was == nil:
				l.observed[s.all[i].ID] = &entered{prepared: p}
			case was.content != p.content:
				return ErrReused
			case was.retracted:
				return ErrRetracted
			}
		}
		return nil
	case "many":
		for i := range s.all { // in this order: of two with one id the first by time counts
			_ = l.take(step{verb: "observe", all: s.all[i : i+1]})
		}
		return nil
	case "apply":
		l.policy = s.policy
		return nil
	case "retract":
		o := l.observed[s.id]
		if o == nil {
			return ErrUnknown
		}
		o.retracted = true
		return nil
	case "revoke":
		r := l.rulings[s.id]
		if r == nil {
			return ErrUnknown
		}
		r.revoked = true
		return nil
	case "relate":
		for _, rec := range s.sides[0] {
			h := l.g.recordBlind(rec.Entity, rec.Source, rec.Record)
			if !slices.ContainsFunc(slices.Collect(maps.Values(l.observed)), func(o *entered) bool { return o.record == h && !o.retracted }) {
				return ErrUnknown
			}
		}
		return nil
	}
	if was := l.rulings[s.ruling.ID]; was != nil {
		if was.step.String() != s.String() {
			return ErrReused
		}
		if was.revoked {
			return ErrRetracted
		}
		return nil
	}
	r := &decreed{step: s, name: l.g.blind("ruling", s.ruling.ID), sides: map[blind]int{}}
	var err error
	if s.verb == "rebind" {
		err = l.rebind(r)
	} else {
		err = l.rule(r)
	}
	if err == nil {
		l.rulings[s.ruling.ID] = r
	}
	return err
}

func (l *ledger) rebind(r *decreed) error {
	values, err := l.g.valueBlinds(r.entity, r.value)
	if err != nil {
		return errorOf(err)
	}
	r.bound = values[0]
	_, ev := l.evidence(r.entity)
	for _, v := range ev.values {
		if v.blind == values[0].blind && !v.shared {
			return nil
		}
	}
	return ErrUnknown
}

func (l *ledger) rule(r *decreed) error {
	entity := r.step.sides[0][0].Entity
	there, homes := map[customer.AtomID]blind{}, map[int32]bool{} // records, and groups of those that are named
	for _, o := range l.observed {
		if o.record != (blind{}) && o.o.Entity == entity && !o.retracted {
			there[atomOf(o.record)] = o.record
		}
	}
	e, ev := l.evidence(entity)
	group := l.group(e, ev)
	home := func(h blind) int32 {
		return group[slices.IndexFunc(ev.pieces, func(p piece) bool { return p.atom == atomOf(h) })]
	}
	for i, side := range r.step.sides {
		for _, rec := range side {
			h := l.g.recordBlind(rec.Entity, rec.Source, rec.Record)
			if _, ok := there[atomOf(h)]; !ok {
				return ErrUnknown
			}
			r.sides[h] = i
			homes[home(h)] = true
		}
	}
	if r.verb != "split" {
		return nil
	}
	named := len(r.sides)
	for _, h := range there {
		if _, ok := r.sides[h]; !ok && homes[home(h)] {
			r.sides[h] = 1
		}
	}
	if len(r.sides) == named {
		return ErrInput
	}
	return nil
}

// evidence is all that lives of an entity.
func (l *ledger) evidence(entity string) (*Entity, *evidence) {
	e := l.policy.entity(entity)
	ev := &evidence{entity: entity}
	values := map[blind]int32{}
	value := func(k kindKey, h blind) int32 {
		i, ok := values[h]
		if !ok {
			kind := slices.Index(ev.kinds, k)
			if kind < 0 {
				kind, ev.kinds = len(ev.kinds), append(ev.kinds, k)
			}
			i, values[h] = int32(len(ev.values)), int32(len(ev.values))
			ev.values = append(ev.values, valueOf(kind, h))
		}
		return i
	}
	pieces := map[blind]int32{}
	var live []*entered
	for _, id := range slices.Sorted(maps.Keys(l.observed)) {
		if o := l.observed[id]; !o.retracted && o.o.Entity == entity {
			live = append(live, o)
		}
	}
	slices.SortFunc(live, func(a, b *entered) int {
		return compareObservations(observation{at: a.at, id: a.id}, observation{at: b.at, id: b.id})
	})
	for _, o := range live {
		place, ok := pieces[o.record]
		if !ok || o.record == (blind{}) {
			place = int32(len(ev.pieces))
			p := piece{}
			if o.record != (blind{}) {
				p.atom, pieces[o.record] = atomOf(o.record), place
			}
			ev.pieces = append(ev.pieces, p)
		}
		s := observation{id: o.id, at: o.at, piece: place}
		for _, d := range o.ids {
			s.marks = append(s.marks, mark{value(d.kindKey, d.blind), d.proof})
		}
		slices.SortFunc(s.marks, func(a, b mark) int { return int(a.value - b.value) })
		ev.seen = append(ev.seen, s)
	}
	for _, id := range slices.Sorted(maps.Keys(l.rulings)) {
		r := l.rulings[id]
		if r.revoked {
			continue
		}
		if r.verb == "rebind" {
			if r.entity == entity {
				v := &ev.values[value(r.bound.kindKey, r.bound.blind)]
				v.cuts = append(v.cuts, cut{r.name, r.at.UnixMicro()})
			}
			continue
		}
		for h, side := range r.sides {
			if p, ok := pieces[h]; ok && r.verb == "link" {
				ev.pieces[p].links = append(ev.pieces[p].links, ruling{r.name, r.ruling.Time.UnixMicro(), 0})
			} else if ok {
				ev.pieces[p].parts = append(ev.pieces[p].parts, ruling{r.name, r.ruling.Time.UnixMicro(), side})
			}
		}
	}
	for i, s := range referenceShared(e, ev) {
		ev.values[i].shared = s
	}
	return e, ev
}

func valueOf(kind int, h blind) value { return value{kind: int32(kind), blind: h} }

// group is who is one customer.
func (l *ledger) group(e *Entity, ev *evidence) []int32 {
	if l.strict {
		return referenceGroup(e, ev)
	}
	return e.group(ev).group
}

// mapping is all customers that there should be, under ids that say nothing.
func (l *ledger) mapping() []Customer {
	var all []Customer
	for _, entity := range l.policy.Entities {
		e, ev := l.evidence(entity.Name)
		group := l.group(e, ev)
		homes := make([]customer.ID, len(ev.pieces))
		for i, g := range group {
			binary.BigEndian.PutUint32(homes[i][:], uint32(g)+1)
		}
		atoms, _ := ev.slices(e, homes)
		for i, a := range atoms {
			p := &ev.pieces[i]
			p.home = homes[i]
			if p.atom == (customer.AtomID{}) {
				p.slice = a
			}
		}
		c := &container{ev: ev}
		for i := int32(0); slices.Contains(group, i); i++ {
			var id customer.ID
			binary.BigEndian.PutUint32(id[:], uint32(i)+1)
			all = append(all, l.g.describe(c, id))
		}
	}
	return all
}

// check compares a graph with the ledger, and all that can be read of it with each other.
func (l *ledger) check(ctx context.Context, g *Graph, tidy bool) error {
	all, err := exported(ctx, g)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	want := l.mapping()
	if have, want := unnamed(all), unnamed(want); have != want {
		return fmt.Errorf("the mapping is\n%s\nshould be\n%s", have, want)
	}
	homes := homesOf(all)
	for _, o := range l.observed {
		if o.record == (blind{}) {
			continue
		}
		id, atom, err := g.Lookup(ctx, Record{o.o.Source, o.o.Record, o.o.Entity})
		_, there := homes[atomOf(o.record)]
		if !there {
			if !errors.Is(err, ErrUnknown) {
				return fmt.Errorf("lookup of a record that is gone: %w", err)
			}
		} else if err != nil || id == uuid.Nil || homes[atom] != id {
			return fmt.Errorf("lookup %v %x is not as the export says: %w", id, atom[:4], err)
		}
	}
	for name, f := range map[string]func() error{
		"find":      func() error { return l.checkFind(ctx, g, homes) },
		"customers": func() error { return checkCustomers(ctx, g, all) },
		"feed":      func() error { return checkFeed(ctx, g, all) },
		"store": func() error {
			v, err := takeInventory(ctx, g)
			if err != nil {
				return err
			}
			return v.check(l.policy, tidy)
		},
	} {
		if err := f(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// checkFind: every value leads to the customers of all it was seen with.
func (l *ledger) checkFind(ctx context.Context, g *Graph, homes map[customer.AtomID]customer.ID) error {
	found := map[blind]bool{}
	for _, entity := range l.policy.Entities {
		_, ev := l.evidence(entity.Name)
		for _, o := range l.observed {
			if o.o.Entity != entity.Name {
				continue
			}
			for i, d := range o.ids {
				if d.loose || found[d.blind] || len(o.ids) != len(o.o.Identifiers) {
					continue
				}
				found[d.blind] = true
				have, err := g.Find(ctx, entity.Name, o.o.Identifiers[i])
				if err != nil {
					return err
				}
				at := slices.IndexFunc(ev.values, func(v value) bool { return v.blind == d.blind })
				if at >= 0 && ev.values[at].shared {
					if len(have) != 1 || !have[0].Shared {
						return errors.New("a shared value is found")
					}
					continue
				}
				if err := l.bindings(have, d.blind, homes); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// bindings checks what was found of a value that is not shared.
func (l *ledger) bindings(have []Binding, h blind, homes map[customer.AtomID]customer.ID) error {
	want := map[customer.ID]bool{}
	loose := 0
	for _, o := range l.observed {
		if o.retracted || !slices.ContainsFunc(o.ids, func(d hashed) bool { return d.blind == h }) {
			continue
		}
		if o.record != (blind{}) {
			want[homes[atomOf(o.record)]] = true
		} else {
			loose++
		}
	}
	for i, b := range have {
		if b.Shared || b.Customer == uuid.Nil || i > 0 && b.First.Before(have[i-1].First) {
			return errors.New("a binding without customer, or not in order of time")
		}
		if !want[b.Customer] && loose == 0 {
			return errors.New("a binding to somebody else")
		}
		delete(want, b.Customer)
	}
	if len(want) > 0 {
		return errors.New("a binding is missing")
	}
	return nil
}

// force enters a step that was acknowledged, whatever there is.
func (l *ledger) force(s step) {
	switch s.verb {
	case "link", "separate", "rebind":
		r := &decreed{step: s, name: l.g.blind("ruling", s.ruling.ID), sides: map[blind]int{}}
		for i, side := range s.sides {
			for _, rec := range side {
				r.sides[l.g.recordBlind(rec.Entity, rec.Source, rec.Record)] = i
			}
		}
		if s.verb == "rebind" {
			values, _ := l.g.valueBlinds(s.entity, s.value)
			r.bound = values[0]
		}
		l.rulings[s.ruling.ID] = r
	default:
		_ = l.take(s)
	}
}
