package subject

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// eraseAtoms splits the atoms of a task off those of whoever has them, and erases what they then
// are. It begins anew wherever it was interrupted.
func (x *Subjects) eraseAtoms(ctx context.Context, now time.Time, t *task, m *memory) error {
	why := store.ErrConflict
	for range 16 {
		l, err := x.follow(ctx, t)
		if err != nil {
			return err
		}
		holders := l.held()
		if len(holders) == 0 {
			return nil
		}
		for _, id := range holders {
			c, err := x.parts.Graph.Customer(ctx, id)
			if err == nil && c.ID != id {
				continue
			}
			others := recordsOf(&c)
			for a := range l.holders[id] {
				delete(others, a)
			}
			switch {
			case err != nil:
			case len(others) == 0:
				err = x.eraseOne(ctx, now, t, id, t.id+"/erase/"+id.String(), m)
			default:
				err = x.split(ctx, now, t, id, l.holders[id], others)
			}
			if moved(err) { // others have erased, or changed, the customer meanwhile, as the feed says next time
				why = err
				continue
			}
			if err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("subject: atoms that are to be erased cannot be split off, or move all the time: %w", why)
}

// moved tells whether an error can be that others have changed who is who meanwhile.
func moved(err error) bool {
	for _, e := range []error{identity.ErrErased, identity.ErrUnknown, identity.ErrReused, identity.ErrInput, seal.ErrDestroyed} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// split splits some records of a customer off the others: as many as a ruling can name, the
// rest next time. It is of now, as a later ruling outranks an earlier one.
func (x *Subjects) split(ctx context.Context, now time.Time, t *task, id customer.ID, some, others map[customer.AtomID]bool) error {
	const atOnce = 200
	var records []identity.Record
	seen := map[identity.Record]bool{}
	for o, err := range x.parts.Graph.Observations(ctx, id) {
		if err != nil {
			return err
		}
		r := identity.Record{Source: o.Source, Record: o.Record, Entity: o.Entity}
		if r.Record == "" || seen[r] {
			continue
		}
		seen[r] = true
		_, atom, err := x.parts.Graph.Lookup(ctx, r)
		if err != nil && !errors.Is(err, identity.ErrErased) && !errors.Is(err, identity.ErrUnknown) {
			return err
		}
		if err == nil && some[atom] {
			records = append(records, r)
		}
	}
	sum := sha256.New()
	sum.Write(binary.BigEndian.AppendUint64(id[:], uint64(now.UnixMicro())))
	for _, set := range []map[customer.AtomID]bool{some, others} {
		var atoms []customer.AtomID
		for a := range set {
			atoms = append(atoms, a)
		}
		for _, a := range ascending(atoms) {
			sum.Write(a[:])
		}
		sum.Write([]byte{0})
	}
	ruling := identity.Ruling{ID: fmt.Sprintf("%s/split/%x", t.id, sum.Sum(nil)[:8]), Actor: t.actor, Reason: t.ticket, Time: now}
	return x.parts.Graph.Split(ctx, ruling, records[:min(len(records), atOnce)]...)
}

// within tells whether all records are of those that were asked for, which are ascending.
func within(records map[customer.AtomID]bool, asked []customer.AtomID) bool {
	for a := range records {
		if _, ok := slices.BinarySearchFunc(asked, a, compare); !ok {
			return false
		}
	}
	return true
}
