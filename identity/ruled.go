package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

func rulingKey(name blind) []byte { return key("d", name[:]) }

// ruled is what is kept of a ruling under its id.
type ruled struct {
	revoked   bool
	erasure   bool // it cannot be revoked
	container customer.ID
	atom      customer.AtomID // under whose key it is sealed
	content   blind
	sealed    []byte
}

// ruledBefore reports whether the id of a ruling is taken, and what then is left to do, or
// the error of ruling something else under it.
func (g *Graph) ruledBefore(ctx context.Context, entry store.Entry, content blind) (e *edit, taken bool, err error) {
	known, err := readRuled(entry)
	switch {
	case err != nil:
		return nil, true, err
	case known.content == blind{}:
		return nil, false, nil
	case known.erased():
		return nil, true, ErrErased
	case known.content != content:
		return nil, true, ErrReused
	case known.revoked:
		return nil, true, ErrRetracted
	}
	e, err = g.again(ctx, known.container)
	return e, true, err
}

// erased tells that whom it was about has been erased.
func (r ruled) erased() bool { return r.content != blind{} && len(r.sealed) == 0 }

// putRuling keeps a ruling, with actor and reason sealed.
func (e *edit) putRuling(ctx context.Context, name blind, kept ruled, r Ruling) error {
	kept.atom = atomOf(name)
	k, err := e.key(ctx, kept.atom)
	if err != nil {
		return err
	}
	w := wire.New("identity/reason", 1)
	w.Text(r.ID)
	w.Text(r.Actor)
	w.Text(r.Reason)
	w.Time(r.Time)
	e.require(rulingKey(name), 0)
	kept.sealed = k.Seal(nil, w.Data(), "ruling", 1)
	e.batch.Put(rulingKey(name), kept.data())
	return nil
}

func (r ruled) data() []byte {
	w := wire.New("identity/ruling", 1)
	w.Bool(r.revoked)
	w.Bool(r.erasure)
	w.Bytes(r.container[:])
	w.Bytes(r.atom[:])
	w.Bytes(r.content[:])
	w.Bytes(r.sealed)
	return w.Data()
}

func readRuled(e store.Entry) (r ruled, err error) {
	if e.Version == 0 {
		return r, nil
	}
	d := wire.Read(e.Value)
	d.Expect("identity/ruling", 1)
	r.revoked = d.Bool()
	r.erasure = d.Bool()
	r.container = readID(d)
	r.atom = customer.AtomID(readID(d))
	r.content = readBlind(d)
	r.sealed = d.Bytes()
	return r, d.Close()
}

// Ruling returns a ruling by its id, and whether it has been revoked. ErrUnknown if there
// is none, ErrErased if whom it was about has been erased.
func (g *Graph) Ruling(ctx context.Context, id string) (r Ruling, revoked bool, err error) {
	return g.ruling(ctx, g.blind("ruling", id))
}

// Rulings returns the rulings in force about a customer, named by its id or that of one of the past that is part of it now: those that
// name one of its records, and those by which one of its identifiers passed to somebody else. They ascend by time, then id.
// Reasons can be about others, who are named in them by mistake: mind who reads them.
//
// Errors: ErrUnknown, ErrErased, those of the vault and the store. Cost: a few reads for the evidence, and one or two for each ruling.
func (g *Graph) Rulings(ctx context.Context, id customer.ID) ([]Ruling, error) {
	c, home, err := g.home(ctx, id)
	if err != nil {
		return nil, err
	}
	names := map[blind]bool{}
	for i := range c.ev.pieces {
		if p := &c.ev.pieces[i]; p.home == home {
			for _, r := range slices.Concat(p.links, p.parts) {
				names[r.id] = true
			}
		}
	}
	for _, o := range c.ev.seen {
		if c.ev.pieces[o.piece].home != home {
			continue
		}
		for _, k := range o.marks {
			for _, cut := range c.ev.values[k.value].cuts {
				names[cut.ruling] = true
			}
		}
	}
	var all []Ruling
	for name := range names {
		r, revoked, err := g.ruling(ctx, name)
		switch {
		case errors.Is(err, ErrErased) || err == nil && revoked: // meanwhile
		case err != nil:
			return nil, err
		default:
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Ruling) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// ruling returns a ruling by the hash of its id.
func (g *Graph) ruling(ctx context.Context, name blind) (r Ruling, revoked bool, err error) {
	entries, err := g.s.Get(ctx, rulingKey(name))
	if err != nil {
		return r, false, err
	}
	kept, err := readRuled(entries[0])
	if err != nil {
		return r, false, err
	}
	if kept.content == (blind{}) {
		return r, false, fmt.Errorf("%w ruling", ErrUnknown)
	}
	if kept.erased() {
		return r, false, ErrErased
	}
	k, err := g.o.Vault.Key(ctx, kept.atom)
	if err != nil {
		return r, false, err
	}
	data, err := k.Open(nil, kept.sealed, "ruling", 1)
	if err != nil {
		return r, false, err
	}
	d := wire.Read(data)
	d.Expect("identity/reason", 1)
	r = Ruling{d.Text(), d.Text(), d.Text(), d.Time()}
	return r, kept.revoked, d.Close()
}
