package profile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/store"
)

// Retract takes evidence of an atom back, because it was wrong: at is when we learn that.
// Profiles as known before it still have it, all others are as if it had never been. Its
// id remains used. To retract again changes nothing, also where at is another.
//
// Errors: an InputError, ErrUnknown if the atom has no such evidence, ErrErased if it has
// been erased, those of the store. Cost: some reads and one commit; where the evidence is
// old and the atom has much of it, its aggregates are made anew when they are read, until
// Sync has folded the customer.
func (p *Profiles) Retract(ctx context.Context, at time.Time, atom customer.AtomID, id string) error {
	if !civil.InYears(at) {
		return &InputError{Row: -1, Field: "at", Reason: "is not in years 1 to 9999"}
	}
	micros := at.UnixMicro()
	if micros == 0 { // which would mean that it holds
		micros = 1
	}
	for range mostUnknown {
		_, err := store.Update(ctx, p.s, p.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
			return p.retracting(ctx, micros, atom, id)
		})
		if !errors.Is(err, store.ErrUnknownOutcome) || ctx.Err() != nil {
			return err
		}
	}
	return fmt.Errorf("profile: retract: %w", store.ErrUnknownOutcome)
}

func (p *Profiles) retracting(ctx context.Context, at int64, atom customer.AtomID, id string) (*store.Batch, error) {
	heads, err := p.heads(ctx, []customer.AtomID{atom})
	if err != nil {
		return nil, err
	}
	e := logEdit{id: atom, head: heads[0], edited: true}
	if e.head.erased {
		return nil, ErrErased
	}
	b := new(store.Batch)
	var was *entry
	hash := hashID(id)
	if place := e.head.find(hash); place >= 0 {
		if e.head.sum(place) == (contentSum{}) {
			return nil, nil
		}
		clear(e.head.marks[place+len(hash) : place+markSize])
		if e.head.tail, was, err = retractIn(e.head.tail, encodeTail, at, id); err != nil {
			return nil, err
		}
	} else {
		var done bool
		if was, done, err = p.retractPaged(ctx, &e, at, id, b); err != nil || done {
			return nil, err
		}
	}
	e.dirty = was != nil
	if len(e.head.aside) > 0 {
		if e.aside, e.lock, err = p.openedAside(ctx, atom, e.head); err != nil {
			return nil, err
		}
		e.aside.forget(id)
	}
	waiting := make(map[customer.ID]bool)
	e.write(b, waiting)
	if was == nil || !e.head.divided {
		return b, nil
	}
	lie, err := p.slicesFrom(ctx, atom, was.time, was.time)
	if err != nil {
		return nil, err
	}
	if slice, _ := sliceOf(lie, was.time, was.learned); slice != (customer.AtomID{}) {
		err = tenants{slice: true}.wait(ctx, p, b, map[customer.AtomID]bool{atom: true}, waiting)
	}
	return b, err
}

// retractPaged takes back an entry of the pages, and returns it, or tells that it
// was done before.
func (p *Profiles) retractPaged(ctx context.Context, e *logEdit, at int64, id string, b *store.Batch) (was *entry, done bool, err error) {
	if !e.head.outside {
		return nil, false, ErrUnknown
	}
	key := entryKey(e.id, hashID(id))
	entries, err := p.s.Get(ctx, key)
	if err != nil {
		return nil, false, err
	}
	n, sum, found, err := readPlace(entries[0])
	switch {
	case err != nil:
		return nil, false, err
	case !found:
		return nil, false, ErrUnknown
	case sum == contentSum{}:
		return nil, true, nil
	}
	b.Put(key, encodePlace(n, contentSum{}))
	if n == 0 { // nothing was kept of it
		return nil, false, nil
	}
	if entries, err = p.s.Get(ctx, pageKey(e.id, n)); err != nil {
		return nil, false, err
	}
	page, was, err := retractIn(entries[0].Value, encodePage, at, id)
	if err != nil || was == nil {
		return nil, false, err
	}
	b.Put(pageKey(e.id, n), page)
	e.head.edit(e.id, b)
	return was, false, nil
}

// retractIn returns a page or tail, as encode makes them, in which an entry is taken back, and
// the entry; nil if it is not there.
func retractIn(page []byte, encode func([]entry, *lock) []byte, at int64, id string) ([]byte, *entry, error) {
	entries, err := readEntries(page)
	if err != nil {
		return nil, nil, err
	}
	for i := range entries {
		if e := &entries[i]; e.id == id {
			e.retracted = at
			return encode(entries, nil), e, nil
		}
	}
	return page, nil, nil
}
