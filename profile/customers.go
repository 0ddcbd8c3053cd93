package profile

import (
	"context"
	"errors"
	"fmt"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
)

// The whereabouts of a customer are what the feed said has become of it.
type whereabouts struct {
	turns []turn // ascending by time; the last is the present
	atoms int    // that it has now
}

// A turn is what a customer became, as known from a time on.
type turn struct {
	since int64 // in unix microseconds
	at    int64 // of one that was erased: the time that the change had
	now   existence
	into  customer.ID // of one that was merged
}

type existence uint8

const (
	live existence = iota + 1
	merged
	erased
)

const (
	// mostTurns is how many turns of a customer, and times at which an atom came or went,
	// are kept: of more the oldest are forgotten.
	mostTurns = 1000
	// mostRedirects is how far a merged customer is followed.
	mostRedirects = 1000
)

// become takes in what the customer became. An erasure is final.
func (w *whereabouts) become(t turn) (changed bool) {
	return !w.erased() && w.again(t)
}

// again is become of a customer that begins again by a split: if it was erased then only with
// another that it had been merged into and has parted from.
func (w *whereabouts) again(t turn) (changed bool) {
	if n := len(w.turns); n > 0 {
		last := w.turns[n-1]
		if last.now == t.now && last.into == t.into {
			return false
		}
		t.since = max(t.since, last.since)
	}
	w.turns = append(w.turns, t)
	w.turns = w.turns[max(0, len(w.turns)-mostTurns):]
	return true
}

// at returns the turn that was known then, and whether there was one.
func (w *whereabouts) at(known int64) (t turn, ok bool) {
	for _, next := range w.turns {
		if next.since > known {
			break
		}
		t, ok = next, true
	}
	return t, ok
}

func (w *whereabouts) erased() bool {
	return len(w.turns) > 0 && w.turns[len(w.turns)-1].now == erased
}

func (w *whereabouts) data() []byte {
	d := wire.Sized("profile/customer", 2, 32+16*len(w.turns))
	d.Uint(uint64(w.atoms))
	for _, t := range w.turns {
		d.Int(t.since)
		d.Uint(uint64(t.now))
		switch t.now {
		case merged:
			d.Bytes(t.into[:])
		case erased:
			d.Int(t.at)
		}
	}
	return d.Data()
}

// readWhereabouts reads those of a customer; there are none of one that is not known.
func readWhereabouts(value []byte) (*whereabouts, error) {
	d := wire.Read(value)
	d.Expect("profile/customer", 2)
	w := &whereabouts{atoms: int(min(d.Uint(), 1<<31))}
	for d.More() {
		t := turn{since: d.Int(), now: existence(min(d.Uint(), 255))}
		switch {
		case t.now == merged:
			t.into = readID(d)
		case t.now == erased && d.Version() > 1:
			t.at = d.Int()
		case t.now == erased:
			t.at = t.since
		}
		if n := len(w.turns); t.now < live || t.now > erased || n > 0 && t.since < w.turns[n-1].since {
			fault(d)
		}
		w.turns = append(w.turns, t)
	}
	if err := d.Close(); err != nil {
		return nil, fmt.Errorf("profile: state of a customer: %w", err)
	}
	return w, nil
}

// resolve follows mergers, as they were known then, to the customer who was live.
// ErrUnknown if there was none, ErrErased if it has been erased, then or since, or whom it
// has been merged into since. Cost: a read, and one for each merger.
func (p *Profiles) resolve(ctx context.Context, id customer.ID, known int64) (customer.ID, *whereabouts, error) {
	for range mostRedirects {
		e, err := p.s.Get(ctx, customerKey(id))
		if err != nil {
			return id, nil, err
		}
		if e[0].Version == 0 {
			return id, nil, fmt.Errorf("%w: customer", ErrUnknown)
		}
		w, err := readWhereabouts(e[0].Value)
		if err != nil {
			return id, nil, err
		}
		if w.erased() {
			return id, nil, fmt.Errorf("%w: customer", ErrErased)
		}
		t, ok := w.at(known)
		switch {
		case t.now == erased:
			return id, nil, fmt.Errorf("%w: customer", ErrErased)
		case !ok:
			return id, nil, fmt.Errorf("%w: customer at that time", ErrUnknown)
		case t.now == live:
			if last := w.turns[len(w.turns)-1]; last.now == merged {
				if _, _, err := p.resolve(ctx, last.into, never); err != nil && !errors.Is(err, ErrUnknown) {
					return id, nil, err
				}
			}
			return id, w, nil
		}
		id = t.into
	}
	return id, nil, fmt.Errorf("%w: customer, its mergers do not end", ErrUnknown)
}
