package profile

import (
	"context"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

// A Moment is what is asked for: what was true at a time, as far as it was known at
// another.
//
//	Moment{At: now}           what is believed now
//	Moment{At: t}             what was true at t, by all that is known today
//	Moment{At: t, Known: t}   what we knew at t
//
// Times count to the microsecond. Safe for concurrent use.
type Moment struct {
	// At: what was true then. Evidence of later times does not count, and windows and
	// ages end there. Mandatory; it may lie in the future.
	At time.Time `json:"at"`
	// Known: what was added by then and not yet retracted, of the atoms that were the
	// customer's by what Sync had taken from the feed by then, whatever time the feed gives
	// its changes. Zero: all that is known. Evidence that has been purged or erased since was
	// never known, and the schema is the one in force now. Of each customer, and of each of its
	// atoms, the last 1,000 changes are kept: what was known before them is forgotten.
	Known time.Time `json:"known,omitzero"`
}

// bind checks m.
func (m Moment) bind() (moment, error) {
	b := moment{known: never}
	if !civil.InYears(m.At) {
		return b, &InputError{-1, "at", "is missing or not in years 1 to 9999"}
	}
	b.at = m.At.UnixMicro()
	if !m.Known.IsZero() {
		if !civil.InYears(m.Known) {
			return b, &InputError{-1, "known", "is not in years 1 to 9999"}
		}
		b.known = m.Known.UnixMicro()
	}
	return b, nil
}

// Profile returns what is known of a customer at a moment, with the provenance of every
// value. An id that was merged leads to the customer it is part of, as of Moment.Known:
// Profile.Customer. The error is ErrUnknown if there is no such customer or nothing is
// left of it, ErrErased if it has been erased, and an InputError if m is not valid.
//
// Cost: some Gets and a Scan read the schema, the customer and its atoms. Of an atom of many
// entries what follows from them is read, and not the entries, unless m lies in its past.
func (p *Profiles) Profile(ctx context.Context, id customer.ID, m Moment) (*Profile, error) {
	at, err := m.bind()
	if err != nil {
		return nil, err
	}
	f, err := p.reread(ctx)
	if err != nil {
		return nil, err
	}
	present, ids, err := p.members(ctx, id, at)
	if err != nil {
		return nil, err
	}
	atoms, err := p.load(ctx, f, ids, at)
	if err != nil {
		return nil, err
	}
	// Of who was erased in between evidence may be missing.
	if _, _, err := p.resolve(ctx, present, at.known); err != nil {
		return nil, err
	}
	one := f.explain(atoms, at)
	one.Customer = present
	return one, nil
}
