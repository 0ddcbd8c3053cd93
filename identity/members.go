package identity

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
)

// Members returns the atoms of a customer, ascending; of one of the past those of the
// customer it is part of now. A slice of a stream has a
// beginning, and the end that the stream's next slice puts to it; where another begins
// with it, of which the id is higher, it ends where it begins. Of somebody who has been
// erased there are none, and no error.
//
// Errors: ErrUnknown, those of the store. Cost: two or three reads.
func (g *Graph) Members(ctx context.Context, id customer.ID) ([]customer.Member, error) {
	all, _, err := g.holders(ctx, id)
	return all, err
}

// Holders returns, as package consent asks for them, the atoms by which choices of a customer
// may be held: Members, then the names that slices of its own may have had before others
// became known (Trace.Former), ascending, as members of no time. What was refused under such
// a name so still counts, and what was granted does not. Errors and cost are those of Members.
func (g *Graph) Holders(ctx context.Context, id customer.ID) ([]customer.Member, error) {
	all, former, err := g.holders(ctx, id)
	for _, a := range former {
		all = append(all, customer.Member{Atom: a, Since: instant(0), Until: instant(0)})
	}
	return all, err
}

func (g *Graph) holders(ctx context.Context, id customer.ID) (members []customer.Member, former []customer.AtomID, err error) {
	c, home, err := g.home(ctx, id)
	if errors.Is(err, ErrUnknown) { // of very many ids some may lead nowhere while an erasure is under way
		if err := g.finishErasure(ctx); err != nil {
			return nil, nil, err
		}
		c, home, err = g.home(ctx, id)
	}
	if errors.Is(err, ErrErased) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return c.ev.members(home), c.ev.former(home), nil
}

// A stretch is where a slice begins in its stream, as evidence has it now.
type stretch struct {
	stream blind
	from   int64
	atom   customer.AtomID
}

// members returns the atoms of a customer.
func (ev *evidence) members(home customer.ID) (all []customer.Member) {
	for _, o := range ev.seen {
		if p := &ev.pieces[o.piece]; p.home == home {
			all = append(all, customer.Member{Atom: p.present()})
		}
	}
	slices.SortFunc(all, func(a, b customer.Member) int { return bytes.Compare(a.Atom[:], b.Atom[:]) })
	all = slices.CompactFunc(all, func(a, b customer.Member) bool { return a.Atom == b.Atom })

	lie, alone := ev.stretches()
	place := make(map[customer.AtomID]int, len(lie))
	for i := range lie {
		place[lie[i].atom] = i
	}
	first := map[customer.AtomID]int64{} // of what is no record
	for _, o := range ev.seen {
		p := &ev.pieces[o.piece]
		if _, known := first[p.slice]; p.atom == (customer.AtomID{}) && !known {
			first[p.slice] = o.at
		}
	}
	for i := range all {
		m := &all[i]
		at, loose := first[m.Atom]
		j, lies := place[m.Atom]
		switch {
		case lies:
			m.Since = instant(lie[j].from)
			if j+1 < len(lie) && lie[j+1].stream == lie[j].stream {
				m.Until = instant(lie[j+1].from)
			}
		case loose && !alone[m.Atom]:
			// What began it is gone, and what is to become of it still to be worked out.
			m.Since, m.Until = instant(at), instant(at)
		}
	}
	return all
}

// stretches returns the slices that some customer has, by stream, beginning and atom, and
// the observations without a record that are an atom each. A slice is named by what
// begins it, which says of which value it is, whatever the policy says by now.
func (ev *evidence) stretches() (lie []stretch, alone map[customer.AtomID]bool) {
	had := map[customer.AtomID]bool{}
	for i := range ev.pieces {
		if p := &ev.pieces[i]; p.atom == (customer.AtomID{}) && p.home != uuid.Nil {
			had[p.slice] = true
		}
	}
	if len(had) == 0 {
		return nil, nil
	}
	alone = map[customer.AtomID]bool{}
	for _, o := range ev.seen {
		if ev.pieces[o.piece].atom != (customer.AtomID{}) {
			continue
		}
		if a := atomOf(o.id); had[a] {
			alone[a] = true
		}
		for _, k := range o.marks {
			stream := ev.values[k.value].blind
			if a := sliceOf(stream, o.id); had[a] {
				lie = append(lie, stretch{stream, o.at, a})
			}
		}
	}
	slices.SortFunc(lie, func(a, b stretch) int {
		return cmp.Or(compareBlinds(a.stream, b.stream), cmp.Compare(a.from, b.from), bytes.Compare(a.atom[:], b.atom[:]))
	})
	return lie, alone
}
